"""Simulated people on the phone: the same seed, the same manner."""

from collections import Counter
from datetime import UTC, datetime

from mobilize.gateways.simulated_calls import Reaction, is_night, reaction

DAY = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)


def many(at: datetime, acceptance: float = 0.5) -> list[Reaction]:
    return [
        reaction(1, f"+35569{number:07d}", number, at, acceptance=acceptance, ring_s=30)
        for number in range(2000)
    ]


def test_the_same_call_goes_the_same_way() -> None:
    assert many(DAY)[:50] == many(DAY)[:50]


def test_every_ending_happens_and_people_press_what_they_mean() -> None:
    found = Counter((one.status, one.keys) for one in many(DAY))
    assert {status for status, _ in found} == {"busy", "no-answer", "completed"}
    assert {"1", "2", "3", "72", ""} <= {keys for _, keys in found}
    assert found["completed", "1"] > found["completed", "3"]


def test_at_night_fewer_pick_up() -> None:
    by_day = sum(one.picked_up for one in many(DAY))
    by_night = sum(one.picked_up for one in many(NIGHT))
    assert by_night < 0.8 * by_day


def test_nobody_comes_who_never_would_and_only_who_picked_up_presses() -> None:
    found = many(DAY, acceptance=0.0)
    assert all("1" not in one.keys for one in found)
    assert all(one.picked_up for one in many(DAY) if one.keys)


def test_it_is_night_where_the_phone_belongs() -> None:
    at = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
    assert is_night("+15005550100", at)
    assert not is_night("+355692000001", at)
