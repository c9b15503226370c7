"""Emergencies: declare, read, end, cancel."""

from typing import Any

from marshmallow import Schema, fields, validate

from mobilize.domain.vocabulary import (
    AccountRole,
    Certainty,
    EmergencyStatus,
    Hazard,
    Severity,
    Urgency,
)
from mobilize.models import Emergency
from mobilize.services import emergencies, guard
from mobilize.services.emergencies import EmergencyDraft

from .blueprint import Blueprint
from .fields import Instant
from .paging import Page, PageQuery, page_schema, paginate

blp = Blueprint(
    "emergencies", __name__, url_prefix="/api/v1/emergencies", description="Declared events over an area"
)

_COUNTRY = validate.Regexp(r"^[A-Z]{2}$", error="must be two capital letters (ISO 3166-1), like AL")


class EmergencyIn(Schema):
    """What is declared."""

    section_id = fields.Integer(required=True, strict=True)
    country = fields.String(required=True, validate=_COUNTRY)
    title = fields.String(required=True, validate=validate.Length(min=1, max=emergencies.MAX_TITLE))
    hazard = fields.Enum(Hazard, by_value=True, required=True)
    severity = fields.Enum(Severity, by_value=True, required=True)
    urgency = fields.Enum(Urgency, by_value=True, required=True)
    certainty = fields.Enum(Certainty, by_value=True, required=True)
    area = fields.Dict(
        required=True,
        metadata={
            "description": "A circle {type, lat, lon, radius_m}, or a GeoJSON Polygon or MultiPolygon",
            "example": {"type": "circle", "lat": 41.514, "lon": 19.526, "radius_m": 40000},
        },
    )
    description = fields.String(
        load_default=None, allow_none=True, validate=validate.Length(max=emergencies.MAX_DESCRIPTION)
    )
    authority_id = fields.Integer(load_default=None, allow_none=True, strict=True)
    drill = fields.Boolean(load_default=False)


class EmergencySchema(Schema):
    """An emergency."""

    id = fields.Integer()
    section_id = fields.Integer()
    authority_id = fields.Integer(allow_none=True)
    country = fields.String()
    title = fields.String()
    description = fields.String(allow_none=True)
    hazard = fields.Enum(Hazard, by_value=True)
    severity = fields.Enum(Severity, by_value=True)
    urgency = fields.Enum(Urgency, by_value=True)
    certainty = fields.Enum(Certainty, by_value=True)
    area = fields.Dict()
    drill = fields.Boolean()
    status = fields.Enum(EmergencyStatus, by_value=True)
    declared_at = Instant()
    declared_by_id = fields.Integer(allow_none=True)
    closed_at = Instant(allow_none=True)


class EmergencyQuery(PageQuery):
    """Which emergencies."""

    status = fields.Enum(EmergencyStatus, by_value=True)
    hazard = fields.Enum(Hazard, by_value=True)
    country = fields.String(validate=_COUNTRY)
    drill = fields.Boolean()


@blp.route("", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(EmergencyIn)
@blp.response(201, EmergencySchema)
def declare(found: dict[str, Any]) -> Emergency:
    """Declare an emergency."""
    return emergencies.declare(guard.viewer(), EmergencyDraft(**found))


@blp.route("")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.arguments(EmergencyQuery, location="query")
@blp.response(200, page_schema(EmergencySchema))
def listed(found: dict[str, Any]) -> Page[Emergency]:
    """List emergencies, newest first."""
    page, per_page = found.pop("page"), found.pop("per_page")
    return paginate(emergencies.listed(guard.viewer(), **found), page=page, per_page=per_page)


@blp.route("/<int:emergency_id>")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.response(200, EmergencySchema)
def read(emergency_id: int) -> Emergency:
    """One emergency."""
    return emergencies.find(guard.viewer(), emergency_id)


@blp.route("/<int:emergency_id>/end", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, EmergencySchema)
def end(emergency_id: int) -> Emergency:
    """End it: the danger is over. Running callouts are stood down."""
    return emergencies.end(guard.viewer(), emergency_id)


@blp.route("/<int:emergency_id>/cancel", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, EmergencySchema)
def cancel(emergency_id: int) -> Emergency:
    """Cancel it: it was declared in error. Running callouts are stood down."""
    return emergencies.cancel(guard.viewer(), emergency_id)
