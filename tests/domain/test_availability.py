"""Weekly hours: bits, windows over midnight, and local times."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.availability import Window, covers, decode, encode
from mobilize.domain.errors import InvalidInput

MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
ALWAYS = "f" * 84
NEVER = "0" * 84


def test_monday_midnight_is_the_most_significant_bit() -> None:
    assert encode([Window(0, "00:00", "00:30")]) == "8" + "0" * 83
    assert encode([Window(6, "23:30", "24:00")]) == "0" * 83 + "1"


def test_no_windows_are_never_and_seven_days_are_always() -> None:
    assert encode([]) == NEVER
    assert encode([Window(day, "00:00", "24:00") for day in range(7)]) == ALWAYS
    assert encode([Window(0, "00:00", "00:00")]) == "f" * 12 + "0" * 72


def test_office_hours_come_back_as_written() -> None:
    windows = [Window(day, "09:00", "17:30") for day in range(5)]
    assert decode(encode(windows)) == windows


def test_a_night_is_one_window_even_over_sunday() -> None:
    windows = [Window(4, "22:00", "06:00"), Window(6, "22:00", "06:30")]
    assert decode(encode(windows)) == windows


def test_a_weekend_is_cut_at_midnight() -> None:
    hours = encode([Window(5, "08:00", "24:00"), Window(6, "00:00", "24:00")])
    assert decode(hours) == [Window(5, "08:00", "24:00"), Window(6, "00:00", "24:00")]


def test_overlapping_windows_are_joined() -> None:
    assert decode(encode([Window(1, "08:00", "12:00"), Window(1, "10:00", "14:00")])) == [
        Window(1, "08:00", "14:00")
    ]


@pytest.mark.parametrize(
    ("clock", "inside"),
    [("08:59", False), ("09:00", True), ("12:29", True), ("12:30", False), ("00:00", False)],
)
def test_a_local_time_is_inside_or_not(clock: str, inside: bool) -> None:
    hours = encode([Window(2, "09:00", "12:30")])
    local = datetime.fromisoformat(f"2026-11-25T{clock}:59+00:00")
    assert covers(hours, local) is inside


def test_a_night_covers_the_following_morning() -> None:
    hours = encode([Window(6, "22:00", "06:00")])
    assert covers(hours, MONDAY.replace(hour=5))
    assert not covers(hours, MONDAY.replace(hour=6))


def test_without_hours_every_time_is_covered() -> None:
    assert covers(None, MONDAY)


@pytest.mark.parametrize(
    "window",
    [
        Window(7, "09:00", "10:00"),
        Window(-1, "09:00", "10:00"),
        Window(0, "09:15", "10:00"),
        Window(0, "9:00", "10:00"),
        Window(0, "25:00", "10:00"),
        Window(0, "09:00", "24:30"),
        Window(0, "24:00", "10:00"),
        Window(0, "09:00", "09:00"),
        Window(0, "", ""),
        Window(0, "09:00\n", "10:00"),
    ],
)
def test_an_impossible_window_is_refused(window: Window) -> None:
    with pytest.raises(InvalidInput) as refused:
        encode([window])
    assert list(refused.value.errors) == ["weekly_hours"]


@pytest.mark.parametrize("hours", ["", "f" * 83, "f" * 85, "g" * 84, " " + "f" * 83, "0x" + "f" * 82])
def test_anything_but_84_digits_is_refused(hours: str) -> None:
    with pytest.raises(InvalidInput):
        decode(hours)


@given(st.integers(0, 2**336 - 1))
def test_windows_carry_the_whole_week(week: int) -> None:
    hours = f"{week:084x}"
    assert encode(decode(hours)) == hours


@given(st.lists(st.integers(0, 335), max_size=12, unique=True), st.integers(0, 335))
def test_every_half_hour_is_covered_exactly_when_set(slots: list[int], asked: int) -> None:
    hours = f"{sum(1 << (335 - slot) for slot in slots):084x}"
    assert covers(hours, MONDAY + timedelta(minutes=30 * asked)) is (asked in slots)
