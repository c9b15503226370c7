"""Readiness: what strength there is where. Counts, never names."""

from typing import Any

from marshmallow import Schema, fields, validate

from mobilize.domain.vocabulary import AccountRole
from mobilize.services import forecasts, guard, readiness
from mobilize.services.forecasts import Forecast, Question
from mobilize.services.readiness import ReadinessRow

from .blueprint import Blueprint
from .fields import latitude, longitude
from .moments import MomentSchema

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


class ForecastQuery(Schema):
    """A circle, a skill, how many within how many minutes, and in how many hours the call goes out."""

    lat = latitude()
    lon = longitude()
    radius_m = fields.Float(load_default=25_000.0)
    skill = fields.String(required=True)
    wanted = fields.Integer(load_default=10)
    within_min = fields.Integer(load_default=60)
    in_hours = fields.Float(load_default=0.0)
    section_id = fields.Integer(load_default=None)


class ForecastSchema(Schema):
    """Arrivals over time; nothing is told of fewer than five people."""

    people = fields.Integer(allow_none=True)
    chance = fields.Float(allow_none=True, metadata={"description": "P(the wanted arrive in time)"})
    arrivals = fields.List(fields.Nested(MomentSchema))


@blp.route("/forecast")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.arguments(ForecastQuery, location="query")
@blp.response(200, ForecastSchema)
def forecast(found: dict[str, Any]) -> Forecast:
    """Who would arrive by when, if people were called there now or in some hours."""
    return forecasts.forecast(guard.viewer(), Question(**found))


@blp.route("")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.arguments(ReadinessQuery, location="query")
@blp.response(200, ReadinessSchema(many=True))
def listed(found: dict[str, Any]) -> list[ReadinessRow]:
    """Counts of people who could be called, by region and skill."""
    return readiness.readiness(guard.viewer(), found["country"])
