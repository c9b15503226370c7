"""What the volunteers' API takes and gives."""

from typing import Any

from marshmallow import Schema, fields, post_load, validate

from mobilize.domain import availability
from mobilize.domain.availability import Window
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind
from mobilize.services.volunteer_drafts import AbsenceDraft, CertificationDraft, PlaceDraft

from .fields import Instant
from .paging import PageQuery

_MOST = validate.Length(max=100)
_CLOCK = {"description": "HH:MM on the hour or half-hour, local time; the end may be 24:00", "example": "18:00"}


class WindowSchema(Schema):
    """A weekly window in the volunteer's time zone. An end at or before the start is on the next day."""

    weekday = fields.Integer(
        required=True,
        strict=True,
        validate=validate.Range(min=0, max=6),
        metadata={"description": "0 is Monday"},
    )
    start = fields.String(required=True, metadata=_CLOCK)
    end = fields.String(required=True, metadata=_CLOCK)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> Window:
        return Window(**data)


class PlaceSchema(Schema):
    """A place. Give lat and lon, or an address that names a town; ``live`` needs ``expires_at``."""

    kind = fields.Enum(PlaceKind, by_value=True, required=True)
    lat = fields.Float(allow_none=True, metadata={"description": "Degrees WGS 84"})
    lon = fields.Float(allow_none=True, metadata={"description": "Degrees WGS 84"})
    address = fields.String(allow_none=True)
    hours = fields.List(
        fields.Nested(WindowSchema),
        allow_none=True,
        validate=_MOST,
        metadata={"description": "When a work place counts; null is always"},
    )
    expires_at = Instant(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> PlaceDraft:
        return PlaceDraft(**data)


class AbsenceSchema(Schema):
    """A stretch of time in which the volunteer is not called."""

    starts_at = Instant(required=True)
    ends_at = Instant(required=True)
    note = fields.String(allow_none=True)

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> AbsenceDraft:
        return AbsenceDraft(**data)


class ProofSchema(Schema):
    """A skill and the proof of it. ``expires_on`` is its last valid day."""

    skill = fields.String(required=True, metadata={"description": "A skill's code", "example": "medic"})
    issuer = fields.String(allow_none=True)
    number = fields.String(allow_none=True)
    issued_on = fields.Date(allow_none=True)
    expires_on = fields.Date(allow_none=True)
    verified = fields.Boolean()

    @post_load
    def make(self, data: dict[str, Any], **_: Any) -> CertificationDraft:
        return CertificationDraft(**data)


class VolunteerChange(Schema):
    """Fields that are left out stay as they are; a list replaces the whole list before."""

    section_id = fields.Integer(strict=True)
    given_name = fields.String()
    family_name = fields.String()
    phone = fields.String(metadata={"description": "Any form of the section's country; stored as E.164"})
    phone_status = fields.Enum(PhoneStatus, by_value=True)
    email = fields.String(allow_none=True)
    language = fields.String(metadata={"description": "BCP 47", "example": "sq"})
    time_zone = fields.String(metadata={"description": "IANA", "example": "Europe/Tirane"})
    born_on = fields.Date()
    status = fields.Enum(MembershipStatus, by_value=True)
    consent_at = Instant(allow_none=True, metadata={"description": "When consent was given; null withdraws it"})
    opted_out_at = Instant(allow_none=True)
    snoozed_until = Instant(allow_none=True)
    availability = fields.List(
        fields.Nested(WindowSchema),
        allow_none=True,
        validate=_MOST,
        metadata={"description": "Null is always, an empty list never"},
    )
    places = fields.List(fields.Nested(PlaceSchema), validate=validate.Length(max=3))
    absences = fields.List(fields.Nested(AbsenceSchema), validate=_MOST)
    skills = fields.List(fields.Nested(ProofSchema), validate=_MOST)


class VolunteerIn(VolunteerChange):
    """A new volunteer. Language and time zone default to the section's."""

    section_id = fields.Integer(required=True, strict=True)
    given_name = fields.String(required=True)
    family_name = fields.String(required=True)
    phone = fields.String(
        required=True, metadata={"description": "Any form of the section's country; stored as E.164"}
    )
    born_on = fields.Date(required=True)


class PlaceOut(Schema):
    """A place as it is stored."""

    kind = fields.Enum(PlaceKind, by_value=True)
    lat = fields.Float()
    lon = fields.Float()
    address = fields.String(allow_none=True)
    expires_at = Instant(allow_none=True)
    hours = fields.Function(lambda place: _windows(place.weekly_hours))


class ProofOut(Schema):
    """A skill and the proof of it, as stored."""

    skill = fields.Function(lambda proof: proof.skill.code)
    issuer = fields.String(allow_none=True)
    number = fields.String(allow_none=True)
    issued_on = fields.Date(allow_none=True)
    expires_on = fields.Date(allow_none=True)
    verified = fields.Function(lambda proof: proof.verified_at is not None)
    verified_at = Instant(allow_none=True)


class VolunteerSchema(Schema):
    """A volunteer."""

    id = fields.Integer()
    section_id = fields.Integer()
    given_name = fields.String()
    family_name = fields.String()
    phone = fields.String(metadata={"description": "E.164"})
    phone_status = fields.Enum(PhoneStatus, by_value=True)
    email = fields.String(allow_none=True)
    language = fields.String()
    time_zone = fields.String()
    born_on = fields.Date()
    status = fields.Enum(MembershipStatus, by_value=True)
    consent_at = Instant(allow_none=True)
    opted_out_at = Instant(allow_none=True)
    snoozed_until = Instant(allow_none=True)
    resting_until = Instant(allow_none=True)
    last_asked_at = Instant(allow_none=True)
    availability = fields.Function(lambda volunteer: _windows(volunteer.weekly_hours))
    places = fields.List(fields.Nested(PlaceOut))
    absences = fields.List(fields.Nested(AbsenceSchema))
    skills = fields.List(fields.Nested(ProofOut), attribute="certifications")
    created_at = Instant()
    updated_at = Instant()


def _windows(weekly: str | None) -> Any:
    """Weekly hours as a list of windows; null is always."""
    return None if weekly is None else WindowSchema(many=True).dump(availability.decode(weekly))


class VolunteerFilters(Schema):
    """Which volunteers."""

    section = fields.String(metadata={"description": "A section's code; branches below it are included"})
    skill = fields.String(metadata={"description": "A skill's code"})
    status = fields.Enum(MembershipStatus, by_value=True)
    language = fields.String()
    country = fields.String(validate=validate.Length(equal=2))
    text = fields.String(
        validate=validate.Length(max=100), metadata={"description": "Words of the name, or digits of the phone"}
    )


class VolunteerQuery(VolunteerFilters, PageQuery):
    """Which volunteers, and which page of them."""

    per_page = fields.Integer(load_default=50, validate=validate.Range(min=1, max=200))


class ImportQuery(Schema):
    """How a file is imported."""

    dry_run = fields.Boolean(
        load_default=False, metadata={"description": "Say what would happen and change nothing"}
    )
    section = fields.String(
        load_default=None, metadata={"description": "A section's code, for lines that name none"}
    )


class LineFaultSchema(Schema):
    """A line that was left out."""

    line = fields.Integer(metadata={"description": "The header is line 1"})
    reasons = fields.List(fields.String(), metadata={"description": "column: what is wrong and the remedy"})


class ImportReportSchema(Schema):
    """What an import did, or would do."""

    lines = fields.Integer()
    created = fields.Integer()
    updated = fields.Integer()
    unchanged = fields.Integer()
    faults = fields.List(fields.Nested(LineFaultSchema))
