"""Waves that learn: what coordinators and volunteers notice of them."""

from typing import Any

import pytest

from mobilize.domain.vocabulary import AlarmKind, CalloutStatus, Severity
from mobilize.extensions import db
from mobilize.models import Callout
from mobilize.services import callouts
from mobilize.services.access import SYSTEM
from mobilize.services.standing import standing_alarms

from .conftest import Person, Town


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    """Here a text is a call-out: nobody is reminded."""
    return {"silent_reminder_minutes": 1440}


@pytest.fixture
def crowd(town: Town) -> list[Person]:
    """Forty medics, of whom experience says that three in ten come."""
    town.world.people_answer(chance=0.3)
    return [town.person(f"P{n}", lat=41.3125 + n / 10_000) for n in range(40)]


def launch(town: Town, needs: dict[str, int], **changes: Any) -> int:
    emergency = town.world.emergency(severity=changes.pop("severity", Severity.EXTREME))
    callout = town.world.callout(needs, emergency=emergency, **changes)
    return callouts.launch(SYSTEM, callout.id).id


def stored(callout: int) -> Callout:
    return db.session.get_one(Callout, callout)


def asked(town: Town, crowd: list[Person]) -> list[Person]:
    """Those whose phones have an unread call-out, which they now have read."""
    town.works()
    waiting = town.carrier.unread
    got = [person for person in crowd if waiting.get(person.phone)]
    for person in got:
        waiting[person.phone].clear()
    return got


def test_as_few_as_it_takes_and_a_promise(town: Town, crowd: list[Person]) -> None:
    callout = stored(launch(town, {"medic": 3}))
    assert 10 < callout.waves[0].size < 30
    assert callout.promised is not None
    assert callout.promised > 0.95
    assert f"{callout.waves[0].size} more for 3 open places" in callout.waves[0].reason
    assert len(asked(town, crowd)) == 19


def test_a_yes_brings_nobody_and_a_no_brings_somebody(town: Town, crowd: list[Person]) -> None:
    launch(town, {"medic": 3})
    first = asked(town, crowd)
    first[0].replies("1").gets("Port gate 3")
    assert asked(town, crowd) == []
    for person in first[1:6]:
        person.replies("2").gets("AL")
    assert asked(town, crowd)


def test_silence_brings_more_people(town: Town, crowd: list[Person]) -> None:
    launch(town, {"medic": 3})
    first = asked(town, crowd)
    town.passes(minutes=15)
    later = asked(town, crowd)
    assert later
    assert not set(later) & set(first)


def test_where_no_lives_are_at_stake_fewer_are_disturbed_at_first(town: Town, crowd: list[Person]) -> None:
    launch(town, {"medic": 3}, severity=Severity.MINOR)
    patient = asked(town, crowd)
    callouts.stand_down(SYSTEM, db.session.query(Callout).one().id)
    asked(town, crowd)  # the stand-downs
    town.clock.advance(hours=24 * 60)
    launch(town, {"medic": 3})
    assert len(asked(town, crowd)) > len(patient)


def test_asking_can_be_stopped_and_resumed(town: Town, crowd: list[Person]) -> None:
    callout = launch(town, {"medic": 3})
    asked(town, crowd)
    callouts.stop_asking(SYSTEM, callout)
    town.passes(minutes=30)
    assert asked(town, crowd) == []
    callouts.resume_asking(SYSTEM, callout)
    assert asked(town, crowd)


def test_a_cap_is_a_cap(town: Town, crowd: list[Person]) -> None:
    callout = launch(town, {"medic": 3}, most_asked=5)
    assert len(asked(town, crowd)) == 5
    town.passes(minutes=60)
    assert asked(town, crowd) == []
    callouts.limit(SYSTEM, callout, 8)
    assert len(asked(town, crowd)) == 3


def test_when_replies_collapse_the_coordinator_is_told(town: Town, crowd: list[Person]) -> None:
    callout = launch(town, {"medic": 12})
    asked(town, crowd)
    town.passes(minutes=40)
    [alarm] = [a for a in standing_alarms(SYSTEM) if a.kind is AlarmKind.REPLIES_COLLAPSED]
    assert "0 came" in alarm.detail
    assert stored(callout).collapsed_at is not None
    for person in crowd[:14]:
        person.replies("2").gets("AL")
    town.works()
    asked(town, crowd)
    assert not [a for a in standing_alarms(SYSTEM) if a.kind is AlarmKind.REPLIES_COLLAPSED]


def test_what_was_promised_is_kept_when_all_is_over(town: Town, crowd: list[Person]) -> None:
    callout = launch(town, {"medic": 1})
    promised = stored(callout).promised
    asked(town, crowd)[0].replies("1").gets("Port gate 3")
    asked(town, crowd)  # the others are stood down
    kept = stored(callout)
    assert (kept.status, kept.promised, kept.fill_probability) == (CalloutStatus.FILLED, promised, 1.0)
    assert kept.needs[0].filled_at == town.clock.now()
