"""Whom to remind and when: three silences, decided without a clock."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mobilize.domain import prompting
from mobilize.domain.prompting import Look, Patience, Person, Step, Timers
from mobilize.domain.vocabulary import CalloutMode, RecipientState, Whereabouts

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
EVENING = NOON + timedelta(hours=6)
PATIENCE = Patience(
    silent=timedelta(minutes=10),
    overdue=timedelta(minutes=15),
    home=timedelta(hours=2),
    grace=timedelta(minutes=30),
    shift=timedelta(hours=12),
)


def after(**passed: float) -> datetime:
    return NOON + timedelta(**passed)


def person(state: RecipientState, **changes: Any) -> Person:
    placed = state in (RecipientState.ACCEPTED, RecipientState.ARRIVED)
    known: dict[str, Any] = {"state": state, "placed": placed, "closed": False, "arrive_by": EVENING}
    return Person(**(known | changes))


COMING = person(RecipientState.ACCEPTED)
THERE = person(RecipientState.ARRIVED, arrived_at=NOON)


# --- which timers -----------------------------------------------------------------------------------


def wound(somebody: Person, at: datetime = NOON) -> Timers:
    return prompting.timers(somebody, at, PATIENCE)


@pytest.mark.parametrize(
    ("eta_at", "looked_at"),
    [(None, EVENING + timedelta(minutes=15)), (after(minutes=20), after(minutes=35))],
)
def test_who_comes_is_looked_for_when_they_should_be_there(
    eta_at: datetime | None, looked_at: datetime
) -> None:
    found = wound(person(RecipientState.ACCEPTED, eta_at=eta_at))
    assert found == Timers(EVENING + timedelta(hours=12), looked_at)


def test_who_says_yes_after_the_time_is_given_time_to_come() -> None:
    found = wound(COMING, EVENING + timedelta(hours=1))
    assert found.remind_at == EVENING + timedelta(hours=1, minutes=15)


def test_who_is_there_has_the_longest_shift() -> None:
    assert wound(THERE) == Timers(after(hours=12), after(hours=12))


def test_who_is_heard_of_after_their_shift_is_asked_again_before_long() -> None:
    assert wound(THERE, after(hours=13)).check_out_by == after(hours=15)


@pytest.mark.parametrize(("travel_s", "hours"), [(None, 2), (1800, 2), (7200, 4)])
def test_who_is_let_go_has_time_to_get_home(travel_s: int | None, hours: int) -> None:
    let_go = person(RecipientState.ACCEPTED, closed=True, travel_s=travel_s)
    assert wound(let_go) == Timers(after(hours=hours), after(hours=hours))


@pytest.mark.parametrize(
    "somebody",
    [
        person(RecipientState.ACCEPTED, placed=False),
        person(RecipientState.LIMITED),
        person(RecipientState.WITHDRAWN),
        person(RecipientState.STOOD_DOWN, closed=True),
        person(RecipientState.ARRIVED, arrived_at=NOON, left_at=after(hours=1)),
    ],
    ids=["reserve", "limited", "withdrew at home", "stood down", "left"],
)
def test_nothing_is_awaited_of_who_was_not_told_to_come_or_has_left(somebody: Person) -> None:
    assert wound(somebody) == prompting.NO_TIMERS


@pytest.mark.parametrize(
    "somebody",
    [
        person(RecipientState.WITHDRAWN, en_route_at=NOON),
        person(RecipientState.WITHDRAWN, arrived_at=NOON),
        person(RecipientState.STOOD_DOWN, closed=True, en_route_at=NOON),
    ],
    ids=["turned back", "gave up on scene", "set out though stood down"],
)
def test_who_was_out_there_must_get_home_whatever_became_of_their_place(somebody: Person) -> None:
    assert wound(somebody).check_out_by == after(hours=2)


def test_a_reserve_who_set_out_is_watched_but_not_expected() -> None:
    found = wound(person(RecipientState.ACCEPTED, placed=False, en_route_at=NOON))
    assert found == Timers(EVENING + timedelta(hours=12), EVENING + timedelta(hours=12))


# --- the silent -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "arrive_by", "looked_at"),
    [
        (CalloutMode.PHASED, EVENING, after(minutes=10)),
        (CalloutMode.ONE_BY_ONE, EVENING, None),
        (CalloutMode.PHASED, after(minutes=10), None),
    ],
)
def test_the_first_look_at_those_asked(
    mode: CalloutMode, arrive_by: datetime, looked_at: datetime | None
) -> None:
    assert prompting.first_look(mode, NOON, arrive_by, PATIENCE.silent) == looked_at


def silent(told_at: datetime | None, now: datetime, *, wanted: bool = True) -> Look:
    return prompting.look_at_silent(told_at, EVENING, now, PATIENCE, wanted=wanted)


def test_the_silent_are_reminded_once() -> None:
    assert silent(NOON, after(minutes=10)) == Look(Step.ASK_SILENT, None)


def test_patience_begins_when_the_text_left() -> None:
    assert silent(after(minutes=8), after(minutes=10)) == Look(Step.NOTHING, after(minutes=18))


def test_nobody_is_reminded_of_what_they_have_not_got() -> None:
    assert silent(None, after(minutes=10)) == Look(Step.NOTHING, after(minutes=20))


@pytest.mark.parametrize(("now", "wanted"), [(after(minutes=10), False), (EVENING, True)])
def test_nor_of_what_is_not_needed_or_too_late(now: datetime, wanted: bool) -> None:
    assert silent(NOON, now, wanted=wanted) == Look(Step.NOTHING, None)


# --- the overdue, and those who should be home ------------------------------------------------------


def looked(somebody: Person, due: datetime, now: datetime | None = None, **known: Any) -> Look:
    values = {name: getattr(somebody, name) for name in Person.__slots__} | known
    return prompting.look(Person(**values), due, now or due, PATIENCE)


LATE = EVENING + timedelta(minutes=15)
MORNING = EVENING + timedelta(hours=12)


def test_the_overdue_are_asked_then_shown_then_left_to_the_check_out() -> None:
    assert looked(COMING, LATE, check_out_by=MORNING) == Look(Step.ASK_OVERDUE, LATE + timedelta(minutes=15))
    later = LATE + timedelta(minutes=15)
    assert looked(COMING, later, check_out_by=MORNING, reminders=1) == Look(Step.SHOW_OVERDUE, MORNING)
    assert looked(COMING, MORNING, check_out_by=MORNING, reminders=1).step is Step.ASK_HOME


def test_who_is_not_home_in_time_is_asked_and_then_coordinators_are_alarmed() -> None:
    asked = looked(THERE, MORNING, check_out_by=MORNING)
    assert asked == Look(Step.ASK_HOME, MORNING + timedelta(minutes=30))
    assert looked(THERE, MORNING + timedelta(minutes=30), check_out_by=MORNING) == Look(Step.ALARM, None)


def test_an_engine_that_was_away_asks_before_it_alarms() -> None:
    back = MORNING + timedelta(hours=5)
    assert looked(THERE, MORNING, back, check_out_by=MORNING) == Look(
        Step.ASK_HOME, back + timedelta(minutes=30)
    )


def test_nothing_is_done_about_who_has_checked_out() -> None:
    assert looked(THERE, MORNING, check_out_by=None) == Look(Step.NOTHING, None)


# --- where they are ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("somebody", "where"),
    [
        (COMING, None),
        (person(RecipientState.ACCEPTED, en_route_at=NOON), Whereabouts.ON_THE_WAY),
        (person(RecipientState.ACCEPTED, remind_at=MORNING, reminders=1), Whereabouts.OVERDUE),
        (person(RecipientState.ACCEPTED, remind_at=LATE, reminders=1), None),
        (THERE, Whereabouts.ON_SCENE),
        (person(RecipientState.ARRIVED, arrived_at=NOON, closed=True), Whereabouts.RETURNING),
        (person(RecipientState.WITHDRAWN, en_route_at=NOON), Whereabouts.RETURNING),
    ],
)
def test_where_somebody_is(somebody: Person, where: Whereabouts | None) -> None:
    values = {name: getattr(somebody, name) for name in Person.__slots__} | {"check_out_by": MORNING}
    assert prompting.whereabouts(Person(**values), NOON) is where


def test_who_should_have_checked_out_is_missing_until_they_have() -> None:
    values = {name: getattr(THERE, name) for name in Person.__slots__}
    missing = Person(**values | {"check_out_by": NOON})
    assert prompting.whereabouts(missing, NOON) is Whereabouts.MISSING
    assert prompting.whereabouts(Person(**values | {"left_at": NOON}), NOON) is Whereabouts.HOME


@pytest.mark.parametrize(("reminders", "asked"), [(0, False), (1, True)])
def test_whether_they_were_asked_if_they_are_home(reminders: int, asked: bool) -> None:
    values = {name: getattr(THERE, name) for name in Person.__slots__}
    late = Person(**values | {"check_out_by": NOON, "reminders": reminders})
    assert prompting.asked_whether_home(late, NOON) is asked
