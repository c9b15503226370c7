"""The selection index never drifts, whoever changes what it is made of."""

import random
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from mobilize.domain.area import cell_of
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind
from mobilize.extensions import db
from mobilize.models import Absence, Callout, Certification, Place, SkillPlace, Volunteer
from mobilize.services import answers, asking, imports, selection, volunteers, waves
from mobilize.services.access import SYSTEM
from mobilize.services.runtime import now
from mobilize.services.volunteer_drafts import AbsenceDraft, CertificationDraft, PlaceDraft
from tests.drift import assert_no_drift, index_rows
from tests.world import LAT, LON, World

HOUR = timedelta(hours=1)
WEEK = f"{(1 << 336) - 1:084x}"

Step = Callable[[random.Random, World, Volunteer], None]


def _change(**made: Callable[[random.Random], Any]) -> Step:
    """Through the service, as the API and the pages do."""

    def step(rng: random.Random, _: World, one: Volunteer) -> None:
        volunteers.change(SYSTEM, one.id, {name: make(rng) for name, make in made.items()})

    return step


def _set(**made: Callable[[random.Random], Any]) -> Step:
    """On the object itself, as services do that know nothing of the index."""

    def step(rng: random.Random, _: World, one: Volunteer) -> None:
        for name, make in made.items():
            setattr(one, name, make(rng))
        db.session.commit()

    return step


def _places(rng: random.Random) -> list[PlaceDraft]:
    live = {"expires_at": now() + rng.randint(1, 9) * HOUR}
    more: dict[PlaceKind, dict[str, Any]] = {PlaceKind.HOME: {}, PlaceKind.WORK: {}, PlaceKind.LIVE: live}
    kinds = rng.sample(list(more), rng.randrange(4))
    return [PlaceDraft(kind=k, lat=LAT + rng.random(), lon=LON + rng.random(), **more[k]) for k in kinds]


def _skills(rng: random.Random) -> list[CertificationDraft]:
    return [
        CertificationDraft(skill=code, expires_on=rng.choice([None, date(2027, 1, rng.randint(1, 31))]))
        for code in rng.sample(["medic", "driver", "cook"], rng.randrange(4))
    ]


def _absences(rng: random.Random) -> list[AbsenceDraft]:
    starts = [now() + rng.randint(-50, 50) * HOUR for _ in range(rng.randrange(5))]
    return [AbsenceDraft(starts_at=start, ends_at=start + rng.randint(1, 60) * HOUR) for start in starts]


def _part_of_a_place(rng: random.Random, _: World, one: Volunteer) -> None:
    if one.places:
        place = rng.choice(one.places)
        place.lat, place.lon = rng.uniform(-80, 80), rng.uniform(-180, 180)
        place.cell = cell_of(place.lat, place.lon)
    db.session.commit()


def _verify(_: random.Random, __: World, one: Volunteer) -> None:
    for proof in one.certifications[:1]:
        proof.verified_at = now()
    db.session.commit()


def _drop_parts(_: random.Random, __: World, one: Volunteer) -> None:
    one.places[1:], one.certifications[1:], one.absences[1:] = [], [], []
    db.session.commit()


def _delete_one(_: random.Random, __: World, one: Volunteer) -> None:
    """Deleted by itself, after a commit has made the session forget what it knew."""
    for part in (*one.places[:1], *one.absences[:1]):
        db.session.commit()
        db.session.delete(part)
    db.session.commit()


def _opt_out(_: random.Random, __: World, one: Volunteer) -> None:
    answers.opt_out(one)
    db.session.commit()


def _imported(rng: random.Random, _: World, one: Volunteer) -> None:
    """A known one is changed and a new one comes in."""
    new = f"+3556930{rng.randrange(99999):05d}"
    lines = [
        "given_name,family_name,phone,born_on,home_lat,home_lon,skills",
        f"Ana,Test,{one.phone},1991-02-03,{LAT + rng.random():.5f},{LON:.5f},medic",
        f"Eva,Test,{new},1992-02-03,{LAT + rng.random():.5f},{LON:.5f},cook",
    ]
    assert not imports.apply(SYSTEM, "\n".join(lines).encode(), "al").faults


def _launched(_: random.Random, world: World, __: Volunteer) -> None:
    callout = db.session.get_one(Callout, world.callout({"medic": 2}).id)
    waves.ask_next(callout)
    db.session.commit()
    asking.note_asked()


def _undone(_: random.Random, __: World, one: Volunteer) -> None:
    one.status = MembershipStatus.SUSPENDED
    one.places.clear()
    db.session.flush()
    db.session.rollback()


STEPS: list[Step] = [
    _change(status=lambda rng: rng.choice([MembershipStatus.ACTIVE, MembershipStatus.SUSPENDED])),
    _change(phone_status=lambda rng: rng.choice(list(PhoneStatus))),
    _change(time_zone=lambda rng: rng.choice(["UTC", "Asia/Kathmandu"])),
    _change(snoozed_until=lambda rng: rng.choice([None, now() + HOUR])),
    _change(places=_places),
    _change(skills=_skills),
    _change(absences=_absences),
    _set(resting_until=lambda _: now() + HOUR),
    _set(opted_out_at=lambda rng: rng.choice([None, now()])),
    _set(consent_at=lambda rng: rng.choice([None, now()])),
    _set(weekly_hours=lambda rng: rng.choice([None, WEEK])),
    _set(born_on=lambda rng: date(1990, 1, rng.randint(1, 31))),
    _part_of_a_place,
    _verify,
    _drop_parts,
    _delete_one,
    _opt_out,
    _imported,
    _launched,
    _undone,
]


@pytest.mark.parametrize("seed", range(2))
def test_after_any_changes_the_index_is_what_a_rebuild_would_make(world: World, seed: int) -> None:
    rng = random.Random(seed)
    for code in ("medic", "driver", "cook"):
        world.skill(code)
    people = [world.volunteer(str(n), skills=rng.choice([[], ["medic"], ["medic", "cook"]])) for n in range(8)]
    for step in (*STEPS, *rng.choices(STEPS, k=25)):
        step(rng, world, rng.choice(people))
    assert index_rows()
    assert_no_drift()


@pytest.mark.parametrize("step", STEPS)
def test_each_change_by_itself_is_followed(world: World, step: Step) -> None:
    rng = random.Random(1)
    for code in ("driver", "cook"):
        world.skill(code)
    one = world.volunteer()
    one.absences.append(Absence(starts_at=now(), ends_at=now() + HOUR))
    db.session.commit()
    step(rng, world, one)
    assert_no_drift()


def test_a_deleted_volunteer_leaves_the_index(world: World) -> None:
    volunteer = world.volunteer()
    db.session.delete(volunteer)
    db.session.commit()
    assert index_rows() == {}


def test_what_is_written_past_the_session_is_reindexed_by_hand(world: World) -> None:
    volunteer = world.volunteer()
    db.session.execute(update(Volunteer.__table__).values(status=MembershipStatus.LEFT))  # type: ignore[arg-type]
    selection.reindex([volunteer.id])
    assert_no_drift()


def test_reindexing_nobody_changes_nothing(world: World) -> None:
    world.volunteer()
    before = index_rows()
    selection.reindex([])
    db.session.commit()
    assert index_rows() == before


def test_rows_of_another_version_are_right_if_slow(world: World) -> None:
    ready, held = world.volunteer("Ready"), world.volunteer("Held", opted_out_at=now())
    callout = world.callout()
    expected = selection.select_for(callout)
    db.session.execute(update(SkillPlace).values(facts=b"of another version"))
    db.session.commit()
    assert selection.select_for(callout) == expected
    assert [c.volunteer_id for c in expected.ranked] == [ready.id]
    assert expected.volunteer_ids.tolist() == [ready.id, held.id]


def test_an_index_that_lost_rows_is_rebuilt(world: World) -> None:
    for n in range(3):
        world.volunteer(str(n), skills=["medic", "cook"])
    before = index_rows()
    db.session.execute(delete(SkillPlace))
    assert selection.rebuild_index() == 6
    assert index_rows() == before


def test_who_only_changes_their_name_is_not_indexed_again(world: World) -> None:
    volunteer = world.volunteer()
    db.session.execute(update(SkillPlace).values(facts=b"untouched"))
    volunteer.given_name = "Bora"
    db.session.commit()
    assert db.session.query(SkillPlace.facts).scalar() == b"untouched"
    cook = world.skill("cook").id
    volunteer.certifications.append(Certification(skill_id=cook))
    volunteer.places.append(Place(kind=PlaceKind.WORK, lat=LAT, lon=LON, cell=cell_of(LAT, LON)))
    db.session.commit()
    assert_no_drift()
