"""A volunteer's whole record as one comparable value.

Create, change and import all work on it: read the stored record, make the wished one, compare. Equal
means that nothing changes; otherwise the differences are what is stored and what the audit trail says.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from mobilize.domain.area import cell_of
from mobilize.domain.vocabulary import PlaceKind
from mobilize.models import Absence, Certification, Place, Volunteer

#: The columns of a volunteer that a person decides; the others belong to the engine.
COLUMNS = (
    "section_id",
    "given_name",
    "family_name",
    "phone",
    "phone_status",
    "email",
    "language",
    "time_zone",
    "born_on",
    "status",
    "consent_at",
    "opted_out_at",
    "weekly_hours",
    "snoozed_until",
)


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """A point in degrees WGS 84; ``weekly_hours`` as in ``domain/availability.py``."""

    lat: float
    lon: float
    address: str | None = None
    weekly_hours: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class CertificationRecord:
    """The proof of a skill. Verified means that ``verified_at`` is set."""

    issuer: str | None = None
    number: str | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    verified_at: datetime | None = None
    verified_by_id: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class AbsenceRecord:
    starts_at: datetime
    ends_at: datetime
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """``columns`` by the names in `COLUMNS`, places by kind, certifications by the skill's id."""

    columns: dict[str, Any]
    places: dict[PlaceKind, PlaceRecord] = field(default_factory=dict)
    certifications: dict[int, CertificationRecord] = field(default_factory=dict)
    absences: tuple[AbsenceRecord, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The record in JSON's own types, for the audit trail."""
        return {
            **{name: _plain(value) for name, value in self.columns.items()},
            "places": {kind.value: _plain_fields(place) for kind, place in self.places.items()},
            "certifications": {
                str(skill): _plain_fields(proof) for skill, proof in self.certifications.items()
            },
            "absences": [_plain_fields(absence) for absence in self.absences],
        }


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, date) else value


def _plain_fields(part: PlaceRecord | CertificationRecord | AbsenceRecord) -> dict[str, Any]:
    return {name: _plain(value) for name, value in fields_of(part).items() if value is not None}


def fields_of(part: PlaceRecord | CertificationRecord | AbsenceRecord) -> dict[str, Any]:
    """Names and values; `dataclasses.asdict` copies deeply, which takes ten times as long."""
    return {name: getattr(part, name) for name in part.__slots__}


def differences(before: Record, after: Record) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs, before and after, as JSON: the entry in the audit trail."""
    old, new = before.as_json(), after.as_json()
    names = [name for name in new if old.get(name) != new[name]]
    return {name: old.get(name) for name in names}, {name: new[name] for name in names}


def record_of(volunteer: Volunteer) -> Record:
    """The record as it is stored."""
    return Record(
        columns={name: getattr(volunteer, name) for name in COLUMNS},
        places={
            place.kind: PlaceRecord(place.lat, place.lon, place.address, place.weekly_hours, place.expires_at)
            for place in volunteer.places
        },
        certifications={
            proof.skill_id: CertificationRecord(
                proof.issuer,
                proof.number,
                proof.issued_on,
                proof.expires_on,
                proof.verified_at,
                proof.verified_by_id,
            )
            for proof in volunteer.certifications
        },
        absences=tuple(sorted(AbsenceRecord(a.starts_at, a.ends_at, a.note) for a in volunteer.absences)),
    )


def assign(volunteer: Volunteer, record: Record) -> None:
    """Make a stored volunteer equal a record. Adds to the current transaction."""
    for name, value in record.columns.items():
        setattr(volunteer, name, value)
    _assign_places(volunteer, record.places)
    _assign_certifications(volunteer, record.certifications)
    absences = {AbsenceRecord(a.starts_at, a.ends_at, a.note): a for a in volunteer.absences}
    volunteer.absences = [
        absences.get(wished) or Absence(**fields_of(wished)) for wished in dict.fromkeys(record.absences)
    ]


def _assign_places(volunteer: Volunteer, wished: dict[PlaceKind, PlaceRecord]) -> None:
    stored = {place.kind: place for place in volunteer.places}
    for kind, record in wished.items():
        place = stored.get(kind) or Place(kind=kind)
        for name, value in place_columns(record).items():
            setattr(place, name, value)
        if kind not in stored:
            volunteer.places.append(place)
    for kind in stored.keys() - wished.keys():
        volunteer.places.remove(stored[kind])


def _assign_certifications(volunteer: Volunteer, wished: dict[int, CertificationRecord]) -> None:
    stored = {proof.skill_id: proof for proof in volunteer.certifications}
    for skill_id, record in wished.items():
        proof = stored.get(skill_id) or Certification(skill_id=skill_id)
        for name, value in fields_of(record).items():
            setattr(proof, name, value)
        if skill_id not in stored:
            volunteer.certifications.append(proof)
    for skill_id in stored.keys() - wished.keys():
        volunteer.certifications.remove(stored[skill_id])


def place_columns(place: PlaceRecord) -> dict[str, Any]:
    """The columns of a place, its cell included."""
    return {
        "lat": place.lat,
        "lon": place.lon,
        "cell": cell_of(place.lat, place.lon),
        "address": place.address,
        "weekly_hours": place.weekly_hours,
        "expires_at": place.expires_at,
    }
