"""Why somebody was called or not, as it stood then."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain.eligibility import Reason
from mobilize.domain.errors import NotFound
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Callout, Look, Volunteer
from mobilize.services import callouts, selection, snapshots
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.runtime import now
from mobilize.services.snapshots import Told
from tests.world import World

HOUR = timedelta(hours=1)


def told(callout: Callout, volunteer: Volunteer) -> Told:
    return snapshots.told(SYSTEM, callout.id, volunteer.id)


def reasons(callout: Callout, volunteer: Volunteer) -> list[list[Reason] | None]:
    """Look by look; ``None`` where the person was not looked at."""
    return [look.reasons if look.examined else None for look in told(callout, volunteer).looks]


def launched(world: World) -> Callout:
    return callouts.launch(SYSTEM, world.callout().id)


def look(callout: Callout) -> None:
    """Another look at the people, as before another wave."""
    snapshots.keep(callout, selection.select_for(callout))
    db.session.commit()


def stored(callout: Callout) -> list[Look]:
    return list(db.session.scalars(select(Look).where(Look.callout_id == callout.id).order_by(Look.id)))


def test_a_reason_is_told_as_it_stood_then(world: World) -> None:
    held = world.volunteer("Held", snoozed_until=now() + HOUR)
    callout = launched(world)
    held.snoozed_until, held.opted_out_at = None, now()
    db.session.commit()
    assert reasons(callout, held) == [[Reason.SNOOZED]]
    assert selection.explain(SYSTEM, callout.id, held.id) == [Reason.OPTED_OUT]
    assert told(callout, held).current is None


def test_who_was_asked_is_told_the_wave(world: World) -> None:
    ana = world.volunteer("Ana")
    callout = launched(world)
    found = told(callout, ana)
    assert found.asked == snapshots.Asked(1, now())
    assert reasons(callout, ana) == [[]]
    look(callout)
    assert reasons(callout, ana) == [[]]  # no longer looked at, because they were asked


def test_a_launch_that_found_nobody_to_ask_is_kept(world: World) -> None:
    held = world.volunteer("Held", consent_at=None)
    callout = launched(world)
    assert [(one.examined, one.eligible, one.whole) for one in stored(callout)] == [(1, 0, True)]
    assert reasons(callout, held) == [[Reason.NO_CONSENT]]


def test_later_looks_hold_only_what_changed(world: World, clock: Any) -> None:
    people = [world.volunteer(str(n), consent_at=None) for n in range(8)]
    callout = launched(world)
    look(callout)
    assert len(stored(callout)) == 1  # nothing new
    clock.advance(minutes=5)
    people[3].snoozed_until = now() + HOUR
    late = world.volunteer("Late", consent_at=None)
    look(callout)
    first, second = stored(callout)
    assert (first.whole, second.whole, second.examined) == (True, False, 9)
    assert len(second.decisions) < len(first.decisions)
    assert reasons(callout, people[3]) == [[Reason.NO_CONSENT], [Reason.NO_CONSENT, Reason.SNOOZED]]
    assert reasons(callout, people[4]) == [[Reason.NO_CONSENT]]
    assert [(one.at, one.examined) for one in told(callout, late).looks] == [(second.at, True)]


def test_who_leaves_the_area_is_no_longer_looked_at(world: World) -> None:
    people = [world.volunteer(str(n), consent_at=None) for n in range(8)]
    callout = launched(world)
    people[0].certifications.clear()
    look(callout)
    assert reasons(callout, people[0]) == [[Reason.NO_CONSENT], None]
    assert told(callout, people[0]).latest.may_be_called is False


def test_a_long_chain_of_changes_begins_anew(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snapshots, "LONGEST_CHAIN", 2)
    people = [world.volunteer(str(n), consent_at=None) for n in range(8)]
    callout = launched(world)
    for n in range(4):
        people[n].snoozed_until = now() + HOUR
        look(callout)
    assert [one.whole for one in stored(callout)] == [True, False, False, True, False]
    both = [[Reason.NO_CONSENT], [Reason.NO_CONSENT, Reason.SNOOZED]]
    assert [reasons(callout, people[n]) for n in range(4)] == [both] * 4
    assert reasons(callout, people[7]) == [[Reason.NO_CONSENT]]


def test_who_was_never_looked_at_is_decided_now(world: World) -> None:
    world.volunteer("Ana")
    far = world.volunteer("Far", lat=0, lon=0)
    callout = launched(world)
    found = told(callout, far)
    assert found.looks == []
    assert found.latest.reasons == [Reason.OUTSIDE_AREA]
    assert found.current is not None


def test_a_draft_is_decided_now(world: World) -> None:
    ana, callout = world.volunteer("Ana"), world.callout()
    found = told(callout, ana)
    assert (found.looks, found.asked, found.latest.may_be_called) == ([], None, True)


def test_more_people_asked_by_hand_are_a_look_too(world: World) -> None:
    for n in range(8):
        world.volunteer(str(n))
    callout = launched(world)
    callouts.ask_more(SYSTEM, callout.id, 2)
    assert len(stored(callout)) == 2


def test_looks_stay_within_the_viewers_scope(world: World) -> None:
    ana = world.volunteer("Ana")
    stranger = world.volunteer("Stranger", section=world.section("it", "IT"))
    callout = launched(world)
    coordinator = viewer_of(world.account(AccountRole.COORDINATOR))
    assert snapshots.told(coordinator, callout.id, ana.id).asked
    with pytest.raises(NotFound):
        snapshots.told(coordinator, callout.id, stranger.id)
    with pytest.raises(NotFound):
        snapshots.told(viewer_of(world.account(AccountRole.AUTHORITY)), callout.id, ana.id)
