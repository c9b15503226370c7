"""Chance that can be repeated: drawn from what something is, not from when it came."""

import hashlib


def chance(seed: int, *what: object) -> float:
    """A number in [0, 1), always the same for the same seed and the same ``what``.

    Requests overtake each other, so a generator that deals out one number after the other would deal
    them differently in each run.
    """
    digest = hashlib.blake2b(repr((seed, what)).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big") / 2**56


def hits(share: float, seed: int, *what: object) -> bool:
    """Whether something that happens to a share of all things happens to this one."""
    return share > 0 and chance(seed, *what) < share
