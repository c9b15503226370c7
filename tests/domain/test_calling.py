"""The life of a call, by tables."""

from datetime import UTC, datetime, timedelta

import pytest

from mobilize.domain import calling
from mobilize.domain.calling import (
    ENDED,
    MOST_TURNS,
    OPEN,
    STEPS,
    Answered,
    AskAgain,
    Budget,
    CallState,
    GiveUp,
    Policy,
    Silent,
    Turn,
    after_keys,
    may_become,
    state_for,
)
from mobilize.domain.delivery import ErrorClass

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
POLICY = Policy(patience=timedelta(minutes=10), retry_after=timedelta(minutes=5), attempts=2)


def minutes(ago: float) -> datetime:
    return NOW - timedelta(minutes=ago)


# States


def test_every_state_has_its_steps() -> None:
    assert set(STEPS) == set(CallState)
    assert all(state not in steps for state, steps in STEPS.items())


def test_a_key_is_the_last_word_and_can_come_at_any_time() -> None:
    assert not STEPS[CallState.ANSWERED]
    assert all(may_become(state, CallState.ANSWERED) for state in CallState if state is not CallState.ANSWERED)


def test_a_call_is_never_placed_again_once_the_provider_has_it() -> None:
    may_go_back = {state for state in CallState if may_become(state, CallState.QUEUED)}
    assert may_go_back == {CallState.PLACING, CallState.UNKNOWN}
    assert {state for state in CallState if may_become(state, CallState.PLACING)} == {CallState.QUEUED}


def test_an_ended_call_does_not_ring_again() -> None:
    for state in ENDED - {CallState.FAILED}:
        assert not may_become(state, CallState.RINGING)


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("queued", CallState.RINGING),
        ("initiated", CallState.RINGING),
        ("ringing", CallState.RINGING),
        ("in-progress", CallState.TALKING),
        ("completed", CallState.NO_KEY),
        ("busy", CallState.BUSY),
        ("no-answer", CallState.NO_ANSWER),
        ("failed", CallState.FAILED),
        ("canceled", CallState.CANCELLED),
        ("Canceled", CallState.CANCELLED),
        ("redirected", None),
    ],
)
def test_what_the_provider_calls_it(word: str, state: CallState | None) -> None:
    assert state_for(word) is state


def test_open_and_ended_are_all_states() -> None:
    assert set(CallState) == OPEN | ENDED
    assert not OPEN & ENDED


# Whom, and when again


@pytest.mark.parametrize(
    ("silent", "due"),
    [
        (Silent(sent_at=minutes(9)), False),
        (Silent(sent_at=minutes(10)), True),
        (Silent(sent_at=None), False),
        (Silent(sent_at=None, unreached=True), True),
        (Silent(sent_at=minutes(30), hopeless=True), False),
        (Silent(sent_at=minutes(30), calls=1, last_ended_at=minutes(4)), False),
        (Silent(sent_at=minutes(30), calls=1, last_ended_at=minutes(5)), True),
        (Silent(sent_at=minutes(30), calls=1), False),
        (Silent(sent_at=minutes(30), calls=2, last_ended_at=minutes(20)), False),
        (Silent(sent_at=None, unreached=True, calls=1, last_ended_at=minutes(1)), False),
    ],
)
def test_who_is_due(silent: Silent, due: bool) -> None:
    assert calling.is_due(silent, POLICY, NOW) is due


# Keys


@pytest.mark.parametrize(
    ("turn", "keys", "follows"),
    [
        (Turn(), "1", Answered("1")),
        (Turn(), "2", Answered("2")),
        (Turn(4, 1), "3", Answered("3")),
        (Turn(), "9", AskAgain(Turn(2))),
        (Turn(MOST_TURNS), "9", GiveUp()),
        (Turn(), "", AskAgain(Turn(2))),
        (Turn(2), "", GiveUp()),
        (Turn(), "4", AskAgain(Turn(2, 1), mistaken=True)),
        (Turn(), "0", AskAgain(Turn(2, 1), mistaken=True)),
        (Turn(), "*", AskAgain(Turn(2, 1), mistaken=True)),
        (Turn(2, 1), "#", GiveUp()),
        (Turn(), "12", AskAgain(Turn(2, 1), mistaken=True)),
    ],
)
def test_what_follows_a_key(turn: Turn, keys: str, follows: object) -> None:
    assert after_keys(turn, keys) == follows


def test_no_call_asks_for_ever() -> None:
    for keys in ("", "9", "7"):
        turn, asked = Turn(), 0
        while isinstance(following := after_keys(turn, keys), AskAgain):
            turn, asked = following.turn, asked + 1
            assert asked <= MOST_TURNS


# Costs


@pytest.mark.parametrize(("seconds", "minutes_paid"), [(0, 0), (1, 1), (60, 1), (61, 2), (120, 2)])
def test_every_minute_that_began_is_paid(seconds: int, minutes_paid: int) -> None:
    assert calling.cost(0.25, seconds) == pytest.approx(0.25 * minutes_paid)


def test_without_a_price_a_call_costs_nothing_that_is_known() -> None:
    assert calling.cost(None, 600) == 0
    assert calling.price_for(None, "AL") is None
    assert calling.price_for({"IT": 0.1}, "AL") is None
    assert calling.price_for({"IT": 0.1, "*": 0.3}, "AL") == 0.3


@pytest.mark.parametrize(
    ("cap", "spent", "reserved", "verdict"),
    [
        (None, 1e9, 1e9, Budget.OPEN),
        (1.0, 0.0, 0.0, Budget.OPEN),
        (1.0, 0.6, 0.0, Budget.OPEN),
        (1.0, 0.3, 0.4, Budget.WAIT),
        (1.0, 0.7, 0.0, Budget.SPENT),
        (0.0, 0.0, 0.0, Budget.SPENT),
        (1.0, 0.1 + 0.2 + 0.3, 0.0, Budget.OPEN),
    ],
)
def test_the_cap(cap: float | None, spent: float, reserved: float, verdict: Budget) -> None:
    assert calling.budget(cap, spent, reserved, 0.4) is verdict


# Refusals


@pytest.mark.parametrize(
    ("status", "code", "found"),
    [
        (401, 20003, ErrorClass.CONFIGURATION),
        (403, 21215, ErrorClass.CONFIGURATION),
        (400, 13227, ErrorClass.CONFIGURATION),
        (400, 21210, ErrorClass.CONFIGURATION),
        (400, 21211, ErrorClass.BAD_NUMBER),
        (400, 21214, ErrorClass.BAD_NUMBER),
        (429, 20429, ErrorClass.NOT_PROCESSED),
        (500, None, ErrorClass.AMBIGUOUS),
        (400, 99999, ErrorClass.UNRECOGNISED),
    ],
)
def test_the_class_of_a_refusal(status: int, code: int | None, found: ErrorClass) -> None:
    assert calling.classify_call(status, code) is found
