"""What follows from a failed attempt."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain.delivery import ErrorClass
from mobilize.domain.retry import BACKOFFS, FaultScope, GiveUp, RetryAt, classify, decide, scope_of

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
IN_AN_HOUR = NOON + timedelta(hours=1)


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (429, 20429, ErrorClass.NOT_PROCESSED),
        (429, None, ErrorClass.NOT_PROCESSED),
        (500, 20500, ErrorClass.AMBIGUOUS),
        (503, None, ErrorClass.AMBIGUOUS),
        (None, None, ErrorClass.AMBIGUOUS),
        (400, 21610, ErrorClass.CONSENT),
        (400, 21211, ErrorClass.BAD_NUMBER),
        (None, 30006, ErrorClass.BAD_NUMBER),
        (401, 20003, ErrorClass.CONFIGURATION),
        (401, None, ErrorClass.CONFIGURATION),
        (403, 20403, ErrorClass.CONFIGURATION),
        (None, 30002, ErrorClass.CONFIGURATION),
        (403, 10001, ErrorClass.CONFIGURATION),
        (400, 21659, ErrorClass.CONFIGURATION),
        (400, 21703, ErrorClass.CONFIGURATION),
        (400, 21612, ErrorClass.PAIR),
        (400, 21617, ErrorClass.BODY),
        (400, 21611, ErrorClass.CAPACITY),
        (429, 63038, ErrorClass.CAPACITY),
        (None, 30008, ErrorClass.CARRIER),
        (None, 30007, ErrorClass.FILTERED),
        (400, 99999, ErrorClass.UNRECOGNISED),
        (404, None, ErrorClass.UNRECOGNISED),
        (None, 99999, ErrorClass.UNRECOGNISED),
    ],
)
def test_errors_fall_into_classes(status: int | None, code: int | None, expected: ErrorClass) -> None:
    assert classify(status, code) is expected


@pytest.mark.parametrize("error_class", sorted(set(ErrorClass) - BACKOFFS.keys()))
def test_most_errors_end_the_text(error_class: ErrorClass) -> None:
    decision = decide(error_class, 1, NOON, IN_AN_HOUR)
    assert isinstance(decision, GiveUp)
    assert decision.reason


@pytest.mark.parametrize("error_class", [ErrorClass.NOT_PROCESSED, ErrorClass.CAPACITY])
def test_a_busy_provider_is_given_time_doubling_to_five_minutes(error_class: ErrorClass) -> None:
    waits = [waited(error_class, attempt) for attempt in (1, 2, 3, 8, 9, 5000)]
    assert waits == [2, 4, 8, 256, 300, 300]


def waited(error_class: ErrorClass, attempt: int, jitter: float = 1.0) -> float:
    decision = decide(error_class, attempt, NOON, IN_AN_HOUR, jitter=jitter)
    assert isinstance(decision, RetryAt)
    return (decision.at - NOON).total_seconds()


def test_jitter_spreads_the_wait_over_its_second_half() -> None:
    assert [waited(ErrorClass.CAPACITY, 3, jitter) for jitter in (0, 0.5, 1)] == [4, 6, 8]


def test_the_providers_wish_is_respected() -> None:
    assert decide(ErrorClass.CAPACITY, 1, NOON, IN_AN_HOUR, retry_after_s=60) == RetryAt(
        NOON + timedelta(seconds=60)
    )


def test_a_passing_carrier_failure_is_tried_three_times() -> None:
    assert waited(ErrorClass.CARRIER, 1) == 30
    assert waited(ErrorClass.CARRIER, 2) == 60
    assert decide(ErrorClass.CARRIER, 3, NOON, IN_AN_HOUR) == GiveUp("failed 3 times")


def test_no_attempt_is_planned_past_the_deadline() -> None:
    assert isinstance(decide(ErrorClass.CAPACITY, 1, NOON, NOON + timedelta(seconds=1)), GiveUp)
    assert isinstance(decide(ErrorClass.CAPACITY, 1, NOON, IN_AN_HOUR, retry_after_s=3600), GiveUp)


@given(
    st.sampled_from(ErrorClass),
    st.integers(1, 10_000),
    st.integers(-3600, 36_000),
    st.none() | st.floats(0, 1e12),
    st.floats(0, 1),
)
def test_a_retry_is_later_than_now_and_before_the_deadline(
    error_class: ErrorClass, attempt: int, left_s: int, retry_after_s: float | None, jitter: float
) -> None:
    expires_at = NOON + timedelta(seconds=left_s)
    decision = decide(error_class, attempt, NOON, expires_at, retry_after_s=retry_after_s, jitter=jitter)
    if isinstance(decision, RetryAt):
        assert NOON < decision.at < expires_at


@pytest.mark.parametrize(
    ("code", "scope"),
    [
        (20003, FaultScope.ACCOUNT),
        (30002, FaultScope.ACCOUNT),
        (None, FaultScope.ACCOUNT),
        (21606, FaultScope.SENDER),
        (21703, FaultScope.SENDER),
        (10001, FaultScope.ACCOUNT),
        (30034, FaultScope.SENDER),
        (21408, FaultScope.REGION),
    ],
)
def test_a_fault_of_configuration_stops_no_more_than_it_must(code: int | None, scope: FaultScope) -> None:
    assert scope_of(code) is scope


def test_an_unreachable_provider_is_tried_again_within_seconds_however_long_it_lasts() -> None:
    assert waited(ErrorClass.UNREACHABLE, 1) == 1
    assert waited(ErrorClass.UNREACHABLE, 5000) == 5
