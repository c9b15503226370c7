"""How fast: kinds of senders, room and debt, who sends what, and the window of requests."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.pacing import (
    SenderKind,
    Waiting,
    Window,
    allot,
    busy_after,
    kind_of,
    room,
    segments_by_sender,
)

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("+15005550006", SenderKind.US_LONG_CODE),
        ("+18005550006", SenderKind.TOLL_FREE),
        ("+390612345678", SenderKind.LONG_CODE),
        ("77777", SenderKind.SHORT_CODE),
        ("Mobilize", SenderKind.ALPHANUMERIC),
        ("MG" + "0" * 32, SenderKind.MESSAGING_SERVICE),
    ],
)
def test_the_kind_shows_in_the_address(address: str, kind: SenderKind) -> None:
    assert kind_of(address) is kind


@given(st.floats(0.1, 1000), st.lists(st.tuples(st.floats(0, 3), st.integers(1, 10)), max_size=60))
def test_no_sender_goes_faster_than_its_rate(rate: float, claims: list[tuple[float, int]]) -> None:
    """It may be a second ahead, and overdraw by one text."""
    at, busy, given_out = NOON, None, 0
    for pause, segments in claims:
        at += timedelta(seconds=pause)
        if room(busy, rate, at) > 0:
            busy = busy_after(busy, rate, segments, at)
            given_out += segments
    elapsed = (at - NOON).total_seconds()
    assert given_out <= rate * (elapsed + 1) + 10 + 1e-3


def test_a_slow_sender_that_is_free_may_send_one() -> None:
    assert room(None, 0.1, NOON) == 1.0


def test_without_a_rate_there_is_no_limit() -> None:
    assert room(NOON + timedelta(hours=1), None, NOON) == float("inf")


TEXTS = st.lists(st.tuples(st.integers(0, 20), st.integers(1, 4)), max_size=40)


@given(TEXTS, st.dictionaries(st.sampled_from("abcd"), st.floats(-1, 20), min_size=1))
def test_a_sender_is_overdrawn_by_one_text_at_most(
    texts: list[tuple[int, int]], rooms: dict[str, float]
) -> None:
    waiting = [Waiting(n, f"+355{phone}", segments) for n, (phone, segments) in enumerate(texts)]
    allotted = allot(waiting, rooms)
    spent = segments_by_sender(waiting, allotted)
    largest = max((text.segments for text in waiting), default=0)
    assert all(spent[name] <= rooms[name] + largest for name in spent)
    assert all(rooms[name] > 0 for name in allotted.values())


def test_a_phone_hears_from_the_same_sender_and_a_larger_pool_moves_few() -> None:
    texts = [Waiting(n, f"+35569{n:07d}", 1) for n in range(1000)]
    four = allot(texts, dict.fromkeys("abcd", 1e6))
    assert four == allot(texts, dict.fromkeys("abcd", 1e6))
    five = allot(texts, dict.fromkeys("abcde", 1e6))
    assert sum(four[n] != five[n] for n in four) < 300
    assert min(Counter(four.values()).values()) > 150


def test_a_sender_that_cannot_reach_the_phone_is_avoided() -> None:
    text = Waiting(1, "+355", 1, avoid=frozenset("a"))
    assert allot([text], {"a": 9, "b": 1}) == {1: "b"}
    assert allot([text], {"a": 9}) == {}


class TestWindow:
    def test_starts_small_and_doubles_with_each_window_of_answers(self) -> None:
        window = Window(400, first=4)
        sizes = []
        for _ in range(4):
            for _ in range(window.size):
                window.answered()
            sizes.append(window.size)
        assert sizes == [8, 16, 32, 64]

    def test_halves_once_for_all_refusals_of_one_window(self) -> None:
        window = Window(400)
        for _ in range(64):
            window.pressed()
        assert window.size == 32
        window.pressed()
        assert window.size == 16

    def test_grows_slowly_after_that(self) -> None:
        window = Window(400)
        window.pressed()
        for _ in range(64):
            window.answered()
        assert window.size == 33

    @given(st.lists(st.booleans(), max_size=400), st.integers(1, 100))
    def test_stays_between_one_and_its_largest(self, answers: list[bool], largest: int) -> None:
        window = Window(largest)
        for good in answers:
            if good:
                window.answered()
            else:
                window.pressed()
            assert 1 <= window.size <= largest
