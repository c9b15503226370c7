"""Volunteers: create, read, change, search."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain.availability import Window
from mobilize.domain.errors import InvalidInput, NotAllowed, NotFound
from mobilize.domain.vocabulary import AccountRole, MembershipStatus, PhoneStatus, PlaceKind
from mobilize.extensions import db
from mobilize.models import AuditEntry, Volunteer
from mobilize.services import volunteers
from mobilize.services.access import SYSTEM, Viewer, viewer_of
from mobilize.services.runtime import now
from mobilize.services.volunteer_drafts import AbsenceDraft, CertificationDraft, PlaceDraft, VolunteerDraft
from mobilize.services.volunteers import Criteria
from tests.conftest import count
from tests.world import World


@pytest.fixture
def draft(world: World) -> VolunteerDraft:
    world.skill("medic")
    return VolunteerDraft(
        section_id=world.section().id,
        given_name=" Ana ",
        family_name="Hoxha",
        phone="069 201 2345",
        born_on=date(1990, 1, 2),
        places=[PlaceDraft(PlaceKind.HOME, lat=41.3, lon=19.4)],
        skills=[CertificationDraft("medic", issuer="Red Cross", verified=True)],
    )


def names(criteria: Criteria, viewer: Viewer = SYSTEM) -> list[str]:
    return [v.given_name for v in db.session.scalars(volunteers.search(viewer, criteria)).all()]


def test_a_volunteer_starts_with_the_sections_language_and_zone(draft: VolunteerDraft) -> None:
    ana = volunteers.create(SYSTEM, draft)
    assert (ana.given_name, ana.phone, ana.language, ana.time_zone) == (
        "Ana",
        "+355692012345",
        "en",
        "Europe/Tirane",
    )
    assert ana.phone_status is PhoneStatus.UNVERIFIED
    assert ana.certifications[0].verified_at == now()


def test_creating_indexes_and_audits(draft: VolunteerDraft) -> None:
    ana = volunteers.create(SYSTEM, draft)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.subject_id == ana.id)).one()
    assert entry.action == "volunteer.create"
    assert entry.after is not None
    assert entry.after["phone"] == ana.phone
    assert count("skill_place") == 1


def test_a_landline_is_marked_whatever_is_stated(draft: VolunteerDraft) -> None:
    stated = replace(draft, phone="04 223 4567", phone_status=PhoneStatus.VERIFIED)
    assert volunteers.create(SYSTEM, stated).phone_status is PhoneStatus.LANDLINE


def test_everything_wrong_is_told_at_once(draft: VolunteerDraft) -> None:
    wrong = replace(
        draft,
        phone="12",
        language="albanian",
        time_zone="Tirana",
        email="ana",
        given_name="",
        places=[PlaceDraft(PlaceKind.HOME, lat=95, lon=19)],
        skills=[CertificationDraft("medic"), CertificationDraft("pilot")],
    )
    with pytest.raises(InvalidInput) as refused:
        volunteers.create(SYSTEM, wrong)
    expected = {"phone", "language", "time_zone", "email", "given_name", "places.0.lat", "skills.1.skill"}
    assert refused.value.errors.keys() == expected
    assert count("volunteer") == 0


def test_a_phone_is_registered_once(draft: VolunteerDraft) -> None:
    volunteers.create(SYSTEM, draft)
    with pytest.raises(InvalidInput, match=r"phone: \+355692012345 belongs to"):
        volunteers.create(SYSTEM, replace(draft, phone="+355 69 201 2345"))
    assert count("volunteer") == 1
    assert count("audit_entry") == 1


def test_an_address_is_looked_up(draft: VolunteerDraft) -> None:
    ana = volunteers.create(
        SYSTEM, replace(draft, places=[PlaceDraft(PlaceKind.HOME, address="Rr. 1, Durrës")])
    )
    assert ana.places[0].lat == pytest.approx(41.32, abs=0.05)
    assert ana.places[0].address == "Rr. 1, Durrës"


def test_an_address_that_is_not_found_is_told_with_the_remedy(draft: VolunteerDraft) -> None:
    with pytest.raises(InvalidInput, match=r"places\.0\.address.*give lat and lon"):
        volunteers.create(SYSTEM, replace(draft, places=[PlaceDraft(PlaceKind.HOME, address="Nowhere")]))


def test_only_a_live_place_expires(draft: VolunteerDraft) -> None:
    places = [
        PlaceDraft(PlaceKind.LIVE, lat=41, lon=19),
        PlaceDraft(PlaceKind.HOME, lat=41, lon=19, expires_at=now()),
    ]
    with pytest.raises(InvalidInput) as refused:
        volunteers.create(SYSTEM, replace(draft, places=places))
    assert refused.value.errors.keys() == {"places.0.expires_at", "places.1.expires_at"}


def test_a_change_leaves_the_rest_and_is_audited(draft: VolunteerDraft) -> None:
    ana = volunteers.create(SYSTEM, draft)
    volunteers.change(
        SYSTEM, ana.id, {"status": MembershipStatus.ACTIVE, "availability": [Window(0, "18:00", "22:00")]}
    )
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "volunteer.change")).one()
    assert entry.before == {"status": "applied", "weekly_hours": None}
    assert entry.after is not None
    assert entry.after["status"] == "active"
    assert ana.family_name == "Hoxha"


def test_an_equal_change_leaves_no_trace(draft: VolunteerDraft) -> None:
    ana = volunteers.create(SYSTEM, draft)
    volunteers.change(SYSTEM, ana.id, {"phone": "0692012345", "given_name": "Ana", "skills": draft.skills})
    assert count("audit_entry") == 1


def test_lists_are_replaced(draft: VolunteerDraft, world: World) -> None:
    world.skill("driver")
    ana = volunteers.create(SYSTEM, draft)
    noon = datetime(2026, 12, 1, 12, tzinfo=UTC)
    absence = AbsenceDraft(noon, noon + timedelta(days=2), "away")
    work = PlaceDraft(PlaceKind.WORK, lat=41.5, lon=19.5)
    volunteers.change(
        SYSTEM, ana.id, {"places": [work], "skills": [CertificationDraft("driver")], "absences": [absence]}
    )
    db.session.expire_all()
    assert [place.kind for place in ana.places] == [PlaceKind.WORK]
    assert [proof.skill.code for proof in ana.certifications] == ["driver"]
    assert [a.note for a in ana.absences] == ["away"]


def test_a_new_number_is_not_verified(draft: VolunteerDraft) -> None:
    ana = volunteers.create(SYSTEM, replace(draft, phone_status=PhoneStatus.VERIFIED))
    volunteers.change(SYSTEM, ana.id, {"phone": "0692012399"})
    assert ana.phone_status is PhoneStatus.UNVERIFIED


def test_changing_to_anothers_phone_is_refused(draft: VolunteerDraft, world: World) -> None:
    ana = volunteers.create(SYSTEM, draft)
    ben = world.volunteer("Ben")
    with pytest.raises(InvalidInput, match="phone"):
        volunteers.change(SYSTEM, ben.id, {"phone": ana.phone})


def test_volunteers_decide_about_themselves_only(draft: VolunteerDraft, world: World) -> None:
    ana = volunteers.create(SYSTEM, draft)
    viewer = viewer_of(world.account(AccountRole.VOLUNTEER, volunteer=ana))
    volunteers.change(viewer, ana.id, {"language": "sq", "consent_at": now(), "snoozed_until": now()})
    assert ana.language == "sq"
    refused: list[dict[str, Any]] = [
        {"status": MembershipStatus.ACTIVE},
        {"skills": []},
        {"phone_status": PhoneStatus.VERIFIED},
    ]
    for changes in refused:
        with pytest.raises(NotAllowed):
            volunteers.change(viewer, ana.id, changes)
    with pytest.raises(NotFound):
        volunteers.read(viewer, world.volunteer("Ben").id)


def test_coordinators_stay_in_their_sections(draft: VolunteerDraft, world: World) -> None:
    ana = volunteers.create(SYSTEM, draft)
    italy = world.section("it", "IT")
    viewer = viewer_of(world.account(AccountRole.COORDINATOR, section=italy))
    with pytest.raises(NotFound):
        volunteers.create(viewer, replace(draft, phone="0692012399"))
    with pytest.raises(NotFound):
        volunteers.change(viewer, ana.id, {"language": "it"})
    assert names(Criteria(), viewer) == []


def test_a_coordinator_cannot_move_people_elsewhere(draft: VolunteerDraft, world: World) -> None:
    ana = volunteers.create(SYSTEM, draft)
    viewer = viewer_of(world.account(AccountRole.COORDINATOR))
    with pytest.raises(NotFound):
        volunteers.change(viewer, ana.id, {"section_id": world.section("it", "IT").id})


def test_search_narrows_by_everything_given(world: World) -> None:
    local = world.section("al-dr", "AL", parent=world.section())
    world.volunteer("Ana", skills=["medic"], language="sq", section=local)
    world.volunteer("Ben", skills=["rescue"], status=MembershipStatus.LEFT)
    world.volunteer("Çla", skills=["medic"], section=world.section("it", "IT"))
    assert names(Criteria(section="al")) == ["Ana", "Ben"]
    assert names(Criteria(section="al-dr")) == ["Ana"]
    assert names(Criteria(section="nowhere")) == []
    assert names(Criteria(country="it")) == ["Çla"]
    assert names(Criteria(skill="medic", language="sq")) == ["Ana"]
    assert names(Criteria(status=MembershipStatus.LEFT)) == ["Ben"]
    assert names(Criteria(text="be test")) == ["Ben"]
    assert names(Criteria(text="%")) == []
    ben = db.session.scalars(select(Volunteer).where(Volunteer.given_name == "Ben")).one()
    assert names(Criteria(text=f"0{ben.phone[4:6]} {ben.phone[6:]}")) == ["Ben"]
