"""From what somebody asks for to the record that is stored: every check on a volunteer, in one place.

`merged` takes a record and the wished changes and gives the changed record, or one `InvalidInput`
that names every field at fault.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from mobilize.domain import availability, person
from mobilize.domain.availability import Window
from mobilize.domain.errors import InvalidInput
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind
from mobilize.models import Section

from .access import Viewer
from .runtime import now
from .volunteer_records import AbsenceRecord, CertificationRecord, PlaceRecord, Record

_MOST_ABSENCES = 100


@dataclass(frozen=True, slots=True)
class PlaceDraft:
    """Coordinates in degrees WGS 84, or an address to look up. ``hours`` are when a work place counts."""

    kind: PlaceKind
    lat: float | None = None
    lon: float | None = None
    address: str | None = None
    hours: Sequence[Window] | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class AbsenceDraft:
    starts_at: datetime
    ends_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class CertificationDraft:
    """A skill by its code, and the proof of it. ``expires_on`` is the last valid day."""

    skill: str
    issuer: str | None = None
    number: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class VolunteerDraft:
    """A new volunteer. Language and time zone default to the section's; no availability means always."""

    section_id: int
    given_name: str
    family_name: str
    phone: str
    born_on: date
    phone_status: PhoneStatus = PhoneStatus.UNVERIFIED
    email: str | None = None
    language: str | None = None
    time_zone: str | None = None
    status: MembershipStatus = MembershipStatus.APPLIED
    consent_at: datetime | None = None
    opted_out_at: datetime | None = None
    snoozed_until: datetime | None = None
    availability: Sequence[Window] | None = None
    places: Sequence[PlaceDraft] = field(default_factory=tuple)
    absences: Sequence[AbsenceDraft] = field(default_factory=tuple)
    skills: Sequence[CertificationDraft] = field(default_factory=tuple)


@dataclass(slots=True)
class Faults:
    """Collects what is wrong, so that a person hears of all of it at once."""

    errors: dict[str, list[str]] = field(default_factory=dict)

    def on(self, prefix: str = "", name: str = "") -> "Collecting":
        """Collect an `InvalidInput` of the block: below ``prefix``, or as the field ``name``."""
        return Collecting(self, prefix, name)

    def end(self) -> None:
        if self.errors:
            raise InvalidInput(self.errors)


class Collecting:
    """The block of `Faults.on`; a class, because a file of 200,000 lines enters millions of them."""

    __slots__ = ("_faults", "_name", "_prefix")

    def __init__(self, faults: Faults, prefix: str, name: str) -> None:
        self._faults, self._prefix, self._name = faults, prefix, name

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> bool:
        if not isinstance(error, InvalidInput):
            return False
        for key, found in error.errors.items():
            self._faults.errors.setdefault(self._name or self._prefix + key, []).extend(found)
        return True


@dataclass(frozen=True, slots=True)
class Context:
    """What the checks need to know: who asks, in which section, and which skills there are."""

    viewer: Viewer
    section: Section
    skill_ids: Mapping[str, int]


def merged(before: Record, changes: Mapping[str, Any], context: Context) -> Record:
    """The record with the changes. Lists (places, absences, skills) replace the earlier list."""
    faults, columns = Faults(), dict(before.columns)
    parts: dict[str, Any] = {}
    for name, value in changes.items():
        with faults.on(name="availability" if name == "availability" else ""):
            if name in _PARTS:
                parts[_PARTS[name][0]] = _PARTS[name][1](value, before, context)
            elif name == "availability":
                columns["weekly_hours"] = hours(value)
            elif name == "phone":
                columns |= _phone(value, changes, before, context)
            elif name in _COLUMNS:
                columns[name] = _COLUMNS[name](value, context)
    if "phone" not in changes and "phone_status" in changes:
        columns["phone_status"] = _stated(changes["phone_status"], before.columns["phone_status"])
    faults.end()
    return replace(before, columns=columns, **parts)


def hours(windows: Sequence[Window] | None) -> str | None:
    """No windows given means always; an empty list means never."""
    return None if windows is None else _encoded(tuple(windows))


@lru_cache(maxsize=4096)
def _encoded(windows: tuple[Window, ...]) -> str:
    return availability.encode(windows)


def _phone(raw: str, changes: Mapping[str, Any], before: Record, context: Context) -> dict[str, Any]:
    """A new number is not verified, whatever was known about the one before."""
    phone = person.check_phone(raw, context.section.country)
    same = phone.e164 == before.columns.get("phone")
    known = before.columns["phone_status"] if same else PhoneStatus.UNVERIFIED
    stated = changes.get("phone_status", known)
    return {"phone": phone.e164, "phone_status": PhoneStatus.LANDLINE if phone.landline else stated}


def _stated(stated: PhoneStatus, known: PhoneStatus) -> PhoneStatus:
    """That a number is a landline is read off the number; nobody can state otherwise."""
    return known if known is PhoneStatus.LANDLINE else stated


def _places(drafts: Sequence[PlaceDraft], _: Record, __: Context) -> dict[PlaceKind, PlaceRecord]:
    faults, places = Faults(), {}
    for number, draft in enumerate(drafts):
        with faults.on(f"places.{number}."):
            if draft.kind in places:
                raise InvalidInput("kind", f"{draft.kind.value} is there twice; give each kind of place once.")
            places[draft.kind] = _place(draft)
    faults.end()
    return places


def _place(draft: PlaceDraft) -> PlaceRecord:
    if draft.lat is None or draft.lon is None:
        missing = "lat" if draft.lat is None else "lon"
        raise InvalidInput(missing, "is missing; give lat and lon, or an address that can be found.")
    lat, lon = person.check_coordinates(draft.lat, draft.lon)
    if (draft.kind is PlaceKind.LIVE) != (draft.expires_at is not None):
        raise InvalidInput("expires_at", "must be given for the live place, and for no other.")
    address = person.check_text("address", draft.address, 255) if draft.address else None
    return PlaceRecord(lat, lon, address, hours(draft.hours), draft.expires_at)


def _absences(drafts: Sequence[AbsenceDraft], _: Record, __: Context) -> tuple[AbsenceRecord, ...]:
    if len(drafts) > _MOST_ABSENCES:
        raise InvalidInput(
            "absences", f"are {len(drafts)}; give at most {_MOST_ABSENCES}; leave out past ones."
        )
    faults, absences = Faults(), []
    for number, draft in enumerate(drafts):
        with faults.on(f"absences.{number}."):
            if draft.ends_at <= draft.starts_at:
                raise InvalidInput("ends_at", "must lie after starts_at.")
            note = person.check_text("note", draft.note, 200) if draft.note else None
            absences.append(AbsenceRecord(draft.starts_at, draft.ends_at, note))
    faults.end()
    return tuple(sorted(absences, key=lambda absence: absence.starts_at))


def _skills(
    drafts: Sequence[CertificationDraft], before: Record, context: Context
) -> dict[int, CertificationRecord]:
    faults: Faults = Faults()
    proofs: dict[int, CertificationRecord] = {}
    for number, draft in enumerate(drafts):
        with faults.on(f"skills.{number}."):
            skill_id = _skill_id(draft.skill, context)
            if skill_id in proofs:
                raise InvalidInput("skill", f"{draft.skill!r} is there twice; give each skill once.")
            proofs[skill_id] = _proof(draft, before.certifications.get(skill_id), context)
    faults.end()
    return proofs


def _skill_id(code: str, context: Context) -> int:
    if code not in context.skill_ids:
        known = ", ".join(sorted(context.skill_ids)[:20]) or "none yet"
        raise InvalidInput("skill", f"{code!r:.50} is not a skill here; the skills are: {known}.")
    return context.skill_ids[code]


def _proof(
    draft: CertificationDraft, known: CertificationRecord | None, context: Context
) -> CertificationRecord:
    """A proof that was verified stays so, by whom and when it was, while ``verified`` is stated."""
    if draft.issued_on and draft.expires_on and draft.expires_on < draft.issued_on:
        raise InvalidInput("expires_on", "lies before issued_on; check both days.")
    verified_at = verified_by_id = None
    if draft.verified:
        seen = known is not None and known.verified_at is not None
        verified_at = known.verified_at if known and seen else now()
        verified_by_id = known.verified_by_id if known and seen else context.viewer.account_id
    return CertificationRecord(
        person.check_text("issuer", draft.issuer, 120) if draft.issuer else None,
        person.check_text("number", draft.number, 80) if draft.number else None,
        draft.issued_on,
        draft.expires_on,
        verified_at,
        verified_by_id,
    )


def _past(name: str) -> Callable[[datetime | None, Context], datetime | None]:
    def check(instant: datetime | None, _: Context) -> datetime | None:
        if instant is not None and instant > now():
            raise InvalidInput(name, "lies in the future; give the time at which it happened.")
        return instant

    return check


_Check = Callable[[Any, Context], Any]
_COLUMNS: Mapping[str, _Check] = {
    "section_id": lambda _, c: c.section.id,
    "given_name": lambda v, _: person.check_text("given_name", v, 80),
    "family_name": lambda v, _: person.check_text("family_name", v, 80),
    "email": lambda v, _: person.check_email(v) if v else None,
    "language": lambda v, c: person.check_language(v or c.section.language),
    "time_zone": lambda v, c: person.check_time_zone(v or c.section.time_zone),
    "born_on": lambda v, _: person.check_born_on(v, now().date()),
    "status": lambda v, _: v,
    "consent_at": _past("consent_at"),
    "opted_out_at": _past("opted_out_at"),
    "snoozed_until": lambda v, _: v,
}
#: Parts of a record by the draft's name: the record's name for it, and the check.
_PARTS: Mapping[str, tuple[str, Callable[[Any, Record, Context], Any]]] = {
    "places": ("places", _places),
    "absences": ("absences", _absences),
    "skills": ("certifications", _skills),
}
