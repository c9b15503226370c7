"""Selection end to end: index, exact geometry, facts from the database, ranking."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from geopy.distance import geodesic

from mobilize.domain.area import cell_of
from mobilize.domain.eligibility import Reason
from mobilize.domain.errors import NotFound
from mobilize.domain.vocabulary import (
    AccountRole,
    MembershipStatus,
    PhoneStatus,
    PlaceKind,
    RecipientState,
    Severity,
)
from mobilize.extensions import db
from mobilize.models import Absence, Callout, Certification, Place, Recipient, Volunteer, Wave
from mobilize.services import selection
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.runtime import now
from tests.world import LAT, LON, World

HOUR = timedelta(hours=1)


def ids(callout: Callout) -> list[int]:
    return [candidate.volunteer_id for candidate in selection.select_for(callout).ranked]


def put(volunteer: Volunteer, kind: PlaceKind, lat: float, lon: float, **more: Any) -> None:
    """Give a volunteer one more place."""
    volunteer.places.append(Place(kind=kind, lat=lat, lon=lon, cell=cell_of(lat, lon), **more))
    db.session.commit()


def ask(callout: Callout, volunteer: Volunteer, state: RecipientState = RecipientState.ASKED) -> None:
    """That a volunteer was asked just now, as a launch would store it."""
    number = len(callout.waves) + 1
    wave = Wave(callout_id=callout.id, number=number, reason="test", size=1, asked_at=now())
    db.session.add(wave)
    db.session.flush()
    recipient = Recipient(
        callout_id=callout.id,
        volunteer_id=volunteer.id,
        wave_id=wave.id,
        reply_code=chr(64 + wave.id),
        state=state,
        place_kind=PlaceKind.HOME,
        lat=LAT,
        lon=LON,
        distance_m=0,
        asked_at=now(),
    )
    db.session.add(recipient)
    db.session.commit()
    db.session.expire_all()


def test_the_nearest_medic_comes_first(world: World) -> None:
    far = world.volunteer("Far", lat=LAT + 0.1)
    near = world.volunteer("Near", lat=LAT + 0.01)
    callout = world.callout()
    found = selection.select_for(callout)
    assert [each.volunteer_id for each in found.ranked] == [near.id, far.id]
    assert found.examined == 2
    assert found.excluded == {}


def test_distance_is_from_the_place_to_the_rendezvous(world: World) -> None:
    world.volunteer(lat=LAT + 0.1)
    callout = world.callout(rendezvous_lat=LAT + 0.05, rendezvous_lon=LON + 0.05)
    [found] = selection.select_for(callout).ranked
    expected = geodesic((LAT + 0.05, LON + 0.05), (LAT + 0.1, LON)).m
    assert found.distance_m == pytest.approx(expected, abs=0.001)


def test_nobody_at_all_is_no_error(world: World) -> None:
    found = selection.select_for(world.callout())
    assert (list(found.ranked), found.examined, found.excluded) == ([], 0, {})


def test_people_of_any_needed_skill_are_found_once(world: World) -> None:
    both = world.volunteer(skills=["medic", "driver"])
    driver = world.volunteer(skills=["driver"])
    world.volunteer(skills=["cook"])
    found = selection.select_for(world.callout({"medic": 1, "driver": 1}))
    medic_id, driver_id = world.skill("medic").id, world.skill("driver").id
    skills = {each.volunteer_id: each.skill_ids for each in found.ranked}
    assert skills == {both.id: {medic_id, driver_id}, driver.id: {driver_id}}
    assert found.examined == 2


def test_who_was_asked_in_this_callout_is_left_out(world: World) -> None:
    asked, free = world.volunteer("Asked"), world.volunteer("Free")
    callout = world.callout()
    ask(callout, asked)
    found = selection.select_for(callout)
    assert [each.volunteer_id for each in found.ranked] == [free.id]
    assert found.examined == 1


def test_a_live_place_elsewhere_takes_a_person_out_of_the_area(world: World) -> None:
    volunteer = world.volunteer()
    put(volunteer, PlaceKind.LIVE, 45.0, 9.0, expires_at=now() + HOUR)
    found = selection.select_for(world.callout())
    assert found.ranked == []
    assert found.excluded == {Reason.OUTSIDE_AREA: 1}


def test_a_live_place_here_brings_a_person_into_the_area(world: World) -> None:
    volunteer = world.volunteer(lat=45.0, lon=9.0)
    put(volunteer, PlaceKind.LIVE, LAT, LON, expires_at=now() + HOUR)
    [found] = selection.select_for(world.callout()).ranked
    assert (found.volunteer_id, found.place_kind) == (volunteer.id, PlaceKind.LIVE)


def test_a_live_place_counts_until_it_expires(world: World, clock: Any) -> None:
    volunteer = world.volunteer(lat=45.0, lon=9.0)
    put(volunteer, PlaceKind.LIVE, LAT, LON, expires_at=now() + HOUR)
    callout = world.callout()
    clock.advance(hours=1)
    assert ids(callout) == []


Change = Callable[[World, Volunteer], None]


def _absent(_: World, volunteer: Volunteer) -> None:
    volunteer.absences.append(Absence(starts_at=now() - HOUR, ends_at=now() + HOUR))


def _lapsed(_: World, volunteer: Volunteer) -> None:
    volunteer.certifications[0].expires_on = date(2026, 11, 1)


def _unverified(world: World, volunteer: Volunteer) -> None:
    world.skill("medic").requires_certificate = True
    volunteer.certifications[0].verified_at = None


def _committed(world: World, volunteer: Volunteer) -> None:
    ask(world.callout(), volunteer, RecipientState.ACCEPTED)


def _elsewhere(world: World, volunteer: Volunteer) -> None:
    volunteer.section_id = world.section("it", "IT").id


def _set(**values: Any) -> Change:
    def change(_: World, volunteer: Volunteer) -> None:
        for name, value in values.items():
            setattr(volunteer, name, value)

    return change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (_set(status=MembershipStatus.SUSPENDED), Reason.NOT_ACTIVE),
        (_set(born_on=date(2012, 1, 1)), Reason.UNDER_AGE),
        (_set(consent_at=None), Reason.NO_CONSENT),
        (_set(phone_status=PhoneStatus.LANDLINE), Reason.NUMBER_LANDLINE),
        (_set(weekly_hours="0" * 84), Reason.OUTSIDE_HOURS),
        (_elsewhere, Reason.SECTION_NOT_COVERING),
        (_absent, Reason.ABSENT),
        (_lapsed, Reason.CERTIFICATE_LAPSES),
        (_unverified, Reason.CERTIFICATE_UNVERIFIED),
        (_committed, Reason.COMMITTED_ELSEWHERE),
    ],
)
def test_reasons_are_counted_and_explained_alike(world: World, change: Change, reason: Reason) -> None:
    volunteer, ready = world.volunteer("Held"), world.volunteer("Ready")
    change(world, volunteer)
    db.session.commit()
    callout = world.callout()
    found = selection.select_for(callout)
    assert found.excluded == {reason: 1}
    assert [each.volunteer_id for each in found.ranked] == [ready.id]
    assert selection.explain(SYSTEM, callout.id, volunteer.id) == [reason]
    assert selection.explain(SYSTEM, callout.id, ready.id) == []


def test_a_snooze_a_rest_and_an_opt_out_are_told_together(world: World) -> None:
    volunteer = world.volunteer(
        snoozed_until=now() + HOUR, resting_until=now() + HOUR, opted_out_at=now() - HOUR
    )
    callout = world.callout()
    told = [Reason.OPTED_OUT, Reason.SNOOZED, Reason.RESTING]
    assert selection.explain(SYSTEM, callout.id, volunteer.id) == told
    assert selection.select_for(callout).excluded == dict.fromkeys(told, 1)


def test_who_is_elsewhere_or_unskilled_is_explained_though_never_examined(world: World) -> None:
    volunteer = world.volunteer(skills=["cook"], lat=45.0, lon=9.0)
    callout = world.callout()
    assert selection.explain(SYSTEM, callout.id, volunteer.id) == [Reason.OUTSIDE_AREA, Reason.SKILL_MISSING]
    assert selection.select_for(callout).examined == 0


def test_fatigue_counts_other_callouts_and_is_waived_for_a_threat_to_life(world: World, clock: Any) -> None:
    volunteer = world.volunteer()
    for _ in range(4):
        ask(world.callout(), volunteer, RecipientState.DECLINED)
    minor = world.callout(emergency=world.emergency(severity=Severity.MINOR))
    assert selection.select_for(minor).excluded == {Reason.ASKED_TOO_OFTEN: 1}
    assert ids(world.callout()) == [volunteer.id]
    clock.advance(hours=24 * 31)
    assert ids(minor) == [volunteer.id]


def test_a_section_covers_those_below_it(world: World) -> None:
    branch = world.section("al-dr", parent=world.section())
    below = world.volunteer(section=branch)
    assert ids(world.callout()) == [below.id]
    world.volunteer("Above")
    assert ids(world.callout(emergency=world.emergency(section=branch))) == [below.id]


def test_a_lapsed_agreement_holds_everyone_back(world: World) -> None:
    world.volunteer()
    lapsed = world.authority("old", in_force=False)
    callout = world.callout(emergency=world.emergency(authority_id=lapsed.id))
    assert selection.select_for(callout).excluded == {Reason.AGREEMENT_NOT_COVERING: 1}
    in_force = world.callout(emergency=world.emergency(authority_id=world.authority().id))
    assert len(ids(in_force)) == 1


def test_explaining_stays_within_the_viewers_scope(world: World) -> None:
    stranger = world.volunteer(section=world.section("it", "IT"))
    callout = world.callout()
    coordinator = viewer_of(world.account(AccountRole.COORDINATOR))
    with pytest.raises(NotFound):
        selection.explain(coordinator, callout.id, stranger.id)
    authority = viewer_of(world.account(AccountRole.AUTHORITY))
    with pytest.raises(NotFound):
        selection.explain(authority, callout.id, stranger.id)


def test_selection_equals_brute_force_across_the_antimeridian(world: World) -> None:
    rng = random.Random(3)
    medic, section = world.skill("medic"), world.section()
    people = []
    for n in range(300):
        lat, lon = rng.uniform(-20, -14), (rng.uniform(176, 184) + 180) % 360 - 180
        volunteer = Volunteer(
            section_id=section.id, given_name="V", family_name=str(n), phone=f"+679{9_000_000 + n}",
            phone_status=PhoneStatus.VERIFIED, language="en", time_zone="Pacific/Fiji",
            born_on=date(1990, 1, 1), status=MembershipStatus.ACTIVE, consent_at=now(),
            created_at=now(), updated_at=now(),
            places=[Place(kind=PlaceKind.HOME, lat=lat, lon=lon, cell=cell_of(lat, lon))],
            certifications=[Certification(skill_id=medic.id)],
        )  # fmt: skip
        people.append(volunteer)
    db.session.add_all(people)
    db.session.commit()
    selection.rebuild_index()
    centre = (-17.0, 179.9)
    area = {"type": "circle", "lat": centre[0], "lon": centre[1], "radius_m": 200_000}
    callout = world.callout(emergency=world.emergency(area=area))
    near = {v.id for v in people if geodesic(centre, (v.places[0].lat, v.places[0].lon)).m <= 200_000}
    assert set(ids(callout)) == near
    assert 30 < len(near) < 270
