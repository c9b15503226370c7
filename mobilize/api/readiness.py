"""Readiness: what strength there is where. Counts, never names."""

from typing import Any

from marshmallow import Schema, fields, validate

from mobilize.domain.vocabulary import AccountRole
from mobilize.services import guard, readiness
from mobilize.services.readiness import ReadinessRow

from .blueprint import Blueprint

blp = Blueprint(
    "readiness", __name__, url_prefix="/api/v1/readiness", description="Strength by skill and region"
)


class ReadinessQuery(Schema):
    """Which country; without one, everything within the account's scope."""

    country = fields.String(
        load_default=None,
        validate=validate.Regexp(r"^[A-Z]{2}$", error="must be two capital letters (ISO 3166-1), like AL"),
    )


class ReadinessSchema(Schema):
    """People of one skill in one region; the count is null where there are too few to tell without naming."""

    country = fields.String()
    region = fields.String()
    skill = fields.String()
    count = fields.Integer(allow_none=True)


@blp.route("")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.arguments(ReadinessQuery, location="query")
@blp.response(200, ReadinessSchema(many=True))
def listed(found: dict[str, Any]) -> list[ReadinessRow]:
    """Counts of people who could be called, by region and skill."""
    return readiness.readiness(guard.viewer(), found["country"])
