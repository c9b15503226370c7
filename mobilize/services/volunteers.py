"""Volunteers: create, read, change, search."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from sqlalchemy import Select, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import selectinload

from mobilize.domain.errors import InvalidInput, NotAllowed
from mobilize.domain.vocabulary import AccountRole, MembershipStatus, PhoneStatus
from mobilize.extensions import db
from mobilize.models import Certification, Section, Skill, Volunteer

from . import access, audit, skills
from .access import Viewer
from .runtime import now, runtime
from .volunteer_drafts import Context, Faults, PlaceDraft, VolunteerDraft, merged
from .volunteer_records import Record, assign, differences, record_of

#: What volunteers decide about themselves; the rest is the section's.
OWN_FIELDS = frozenset(
    {"language", "time_zone", "places", "availability", "absences", "snoozed_until", "consent_at"}
)
#: What can be changed, by the names of `VolunteerDraft`.
FIELDS = frozenset(field.name for field in fields(VolunteerDraft))


@dataclass(frozen=True, slots=True)
class Criteria:
    """Which volunteers: everything given must hold. ``section`` (a code) includes the branches below it."""

    section: str | None = None
    skill: str | None = None
    status: MembershipStatus | None = None
    language: str | None = None
    country: str | None = None
    text: str | None = None


def create(viewer: Viewer, draft: VolunteerDraft) -> Volunteer:
    """Register a volunteer in a section that the viewer leads."""
    access.require(viewer, AccountRole.COORDINATOR)
    wished = {field.name: getattr(draft, field.name) for field in fields(draft)}
    section = access.find(viewer, Section, draft.section_id)
    wished["places"] = _located(section.country, draft.places)
    context = Context(viewer, access.find(viewer, Section, draft.section_id), skills.codes())
    record = merged(Record({"phone_status": PhoneStatus.UNVERIFIED}), wished, context)
    volunteer = Volunteer(created_at=now(), updated_at=now())
    assign(volunteer, record)
    db.session.add(volunteer)
    _flush(record)
    audit.record(viewer, "volunteer.create", "volunteer", volunteer.id, after=record.as_json())
    db.session.commit()
    return volunteer


def read(viewer: Viewer, volunteer_id: int) -> Volunteer:
    """One volunteer, or `NotFound` outside the viewer's scope."""
    return access.find(viewer, Volunteer, volunteer_id)


def change(viewer: Viewer, volunteer_id: int, changes: Mapping[str, Any]) -> Volunteer:
    """Change the given fields (names and types of `VolunteerDraft`) and leave the others.

    A list (places, absences, skills) replaces the list before. Volunteers may change `OWN_FIELDS`
    of themselves, otherwise `NotAllowed`.
    """
    volunteer = access.find(viewer, Volunteer, volunteer_id)
    _check_fields(viewer, changes)
    changes = dict(changes)
    if "places" in changes:
        changes["places"] = _located(volunteer.section.country, changes["places"])
        volunteer = access.find(viewer, Volunteer, volunteer_id)
    before = record_of(volunteer)
    after = merged(before, changes, Context(viewer, _section(viewer, volunteer, changes), skills.codes()))
    if after != before:
        _store(viewer, volunteer, before, after)
    db.session.commit()
    return volunteer


def _check_fields(viewer: Viewer, changes: Mapping[str, Any]) -> None:
    unknown = sorted(changes.keys() - FIELDS)
    if unknown:
        raise InvalidInput({name: ["is not a field of a volunteer; leave it out."] for name in unknown})
    if viewer.role is AccountRole.VOLUNTEER and not changes.keys() <= OWN_FIELDS:
        refused = ", ".join(sorted(changes.keys() - OWN_FIELDS))
        raise NotAllowed(f"Only your section can change {refused}; ask your coordinator.")


def _section(viewer: Viewer, volunteer: Volunteer, changes: Mapping[str, Any]) -> Section:
    if "section_id" in changes:
        return access.find(viewer, Section, changes["section_id"])
    return volunteer.section


def _store(viewer: Viewer, volunteer: Volunteer, before: Record, after: Record) -> None:
    assign(volunteer, after)
    volunteer.updated_at = now()
    _flush(after)
    old, new = differences(before, after)
    audit.record(viewer, "volunteer.change", "volunteer", volunteer.id, before=old, after=new)


def _flush(record: Record) -> None:
    """Write, and tell apart a phone that somebody else has, also when they got it this very moment."""
    try:
        db.session.flush()
    except IntegrityError as error:
        db.session.rollback()
        if "phone" not in str(error.orig):
            raise
        raise InvalidInput(
            "phone",
            f"{record.columns['phone']} belongs to a registered volunteer already; change that one.",
        ) from None


def _located(country: str, places: Sequence[PlaceDraft]) -> list[PlaceDraft]:
    """The places with coordinates, looked up where only an address is given.

    Ends the current transaction first if it must look up: no database waits for a geocoder.
    """
    if not any(_needs_look_up(place) for place in places):
        return list(places)
    db.session.rollback()
    faults, located = Faults(), []
    for number, place in enumerate(places):
        with faults.on(f"places.{number}."):
            located.append(look_up(place, country) if _needs_look_up(place) else place)
    faults.end()
    return located


def _needs_look_up(place: PlaceDraft) -> bool:
    return place.address is not None and place.lat is None and place.lon is None


def look_up(place: PlaceDraft, country: str) -> PlaceDraft:
    """The place with the coordinates of its address. Raises `InvalidInput` on ``address``."""
    found = find_point(place, country)
    if found is None:
        raise not_found(place, country)
    return found


def find_point(place: PlaceDraft, country: str) -> PlaceDraft | None:
    """The place with the coordinates of its address, or ``None`` if there is no such address.

    Raises `InvalidInput` on ``address`` when the geocoder cannot be asked.
    """
    found = runtime().geocoder.locate(place.address or "", country)
    return replace(place, lat=found.lat, lon=found.lon) if found else None


def not_found(place: PlaceDraft, country: str) -> InvalidInput:
    return InvalidInput(
        "address", f"{place.address!r:.100} was not found in {country}; name the town, or give lat and lon."
    )


def search(viewer: Viewer, criteria: Criteria) -> Select[Volunteer]:
    """The query for volunteers in the viewer's scope, by family name, with all their parts loaded."""
    query = access.visible(viewer, Volunteer).options(
        selectinload(Volunteer.places),
        selectinload(Volunteer.certifications),
        selectinload(Volunteer.absences),
        selectinload(Volunteer.section),
    )
    query = _narrowed(query, criteria)
    return query.order_by(Volunteer.family_name, Volunteer.given_name, Volunteer.id)


def _narrowed(query: Select[Volunteer], criteria: Criteria) -> Select[Volunteer]:
    if criteria.section is not None:
        top = select(Section.path).where(Section.code == criteria.section).scalar_subquery()
        below = select(Section.id).where(Section.path.startswith(top))
        query = query.where(Volunteer.section_id.in_(below))
    if criteria.country is not None:
        of_country = select(Section.id).where(Section.country == criteria.country.upper())
        query = query.where(Volunteer.section_id.in_(of_country))
    if criteria.skill is not None:
        skilled = select(Certification.volunteer_id).join(Skill).where(Skill.code == criteria.skill)
        query = query.where(Volunteer.id.in_(skilled))
    if criteria.status is not None:
        query = query.where(Volunteer.status == criteria.status)
    if criteria.language is not None:
        query = query.where(Volunteer.language == criteria.language)
    return _mentioning(query, criteria.text or "")


def _mentioning(query: Select[Volunteer], text: str) -> Select[Volunteer]:
    """Every word must be in the name, or be digits of the phone, spaces aside."""
    digits = "".join(c for c in text if c.isdigit())
    if digits and not any(c.isalpha() for c in text):
        return query.where(Volunteer.phone.contains(digits.lstrip("0"), autoescape=True))
    for word in text.split():
        query = query.where(
            or_(
                Volunteer.given_name.icontains(word, autoescape=True),
                Volunteer.family_name.icontains(word, autoescape=True),
            )
        )
    return query
