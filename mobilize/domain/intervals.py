"""Inclusive ranges of integers, sorted and apart."""

Range = tuple[int, int]


def without(ranges: list[Range], taken: list[Range]) -> list[Range]:
    """What is left of ``ranges`` where ``taken`` is cut out; both sorted and apart."""
    left: list[Range] = []
    at = 0
    for low, high in ranges:
        while at < len(taken) and taken[at][1] < low:
            at += 1
        start = low
        for first, last in taken[at:]:
            if first > high:
                break
            if first > start:
                left.append((start, first - 1))
            start = last + 1
        if start <= high:
            left.append((start, high))
    return left


def united(some: list[Range], more: list[Range]) -> list[Range]:
    """Both together."""
    found: list[Range] = []
    for low, high in sorted([*some, *more]):
        if found and low <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], high))
        else:
            found.append((low, high))
    return found
