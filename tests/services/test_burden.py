"""Who carries the load."""

import pytest

from mobilize.domain.burden import load
from mobilize.domain.errors import InvalidInput, NotAllowed
from mobilize.domain.vocabulary import AccountRole, CalloutMode, Severity
from mobilize.services import burden, callouts, selection
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.ports import FastForwardClock
from tests.world import World


def test_all_alike_is_zero_and_one_for_all_is_near_one() -> None:
    assert load([3, 3, 3, 3]).gini == pytest.approx(0.0)
    assert load([0] * 99 + [50]).gini == pytest.approx(0.99)
    assert load([0] * 18 + [1, 9]).busiest_tenth == pytest.approx(1.0)
    assert load([]).mean == load([0, 0]).gini == 0.0


def everyone_is_asked(world: World, **changes: object) -> None:
    emergency = world.emergency(severity=changes.pop("severity", Severity.EXTREME))
    callout = world.callout({"medic": 1}, mode=CalloutMode.EVERYONE, emergency=emergency)
    callouts.launch(SYSTEM, callout.id)
    callouts.stand_down(SYSTEM, callout.id)


def test_asks_are_counted_by_section_and_person(world: World) -> None:
    ana, _ben = world.volunteer("Ana"), world.volunteer("Ben")
    everyone_is_asked(world)
    world.volunteer("Eve")
    everyone_is_asked(world)
    found = burden.burden(SYSTEM)
    assert (found.overall.people, found.overall.asks) == (3, 5)
    [section] = found.sections
    assert (section.section, section.load.asks) == ("al", 5)
    assert (found.busiest[0].volunteer_id, found.busiest[0].asked) == (ana.id, 2)


def test_a_coordinator_sees_their_own_section(world: World) -> None:
    world.volunteer("Ana")
    other = world.section("it", "IT")
    everyone_is_asked(world)
    stranger = viewer_of(world.account(AccountRole.COORDINATOR, section=other))
    assert burden.burden(stranger).overall.people == 0
    with pytest.raises(NotAllowed):
        burden.burden(viewer_of(world.account(AccountRole.VOLUNTEER, volunteer=world.volunteer("Vic"))))


def test_bad_days_are_refused(world: World) -> None:
    with pytest.raises(InvalidInput) as caught:
        burden.burden(SYSTEM, 0)
    assert "days" in caught.value.errors


def test_who_was_called_too_often_is_spared_unless_lives_are_at_stake(
    world: World, clock: FastForwardClock
) -> None:
    world.volunteer("Ana")
    for _ in range(10):
        everyone_is_asked(world)
        clock.advance(minutes=5)
    minor = world.callout({"medic": 1}, emergency=world.emergency(severity=Severity.MINOR))
    grave = world.callout({"medic": 1}, emergency=world.emergency(severity=Severity.EXTREME))
    assert len(selection.select_for(minor).ranked) == 0
    assert len(selection.select_for(grave).ranked) == 1
