"""Certificates that lapse: who will soon no longer count."""

from typing import Any

from marshmallow import Schema, fields, validate

from mobilize.domain.vocabulary import AccountRole
from mobilize.services import guard, lapses
from mobilize.services.lapses import Lapse

from .blueprint import Blueprint

blp = Blueprint(
    "certificates", __name__, url_prefix="/api/v1/certificates", description="Certificates that lapse"
)


class LapseQuery(Schema):
    """How many days ahead, and back."""

    within_days = fields.Integer(
        load_default=60,
        validate=validate.Range(
            min=1, max=lapses.LONGEST_DAYS, error=f"must be between 1 and {lapses.LONGEST_DAYS}"
        ),
    )


class LapseSchema(Schema):
    """One certificate; ``days_left`` is below 0 once it has lapsed."""

    volunteer_id = fields.Integer()
    name = fields.String()
    section = fields.String()
    skill = fields.String()
    expires_on = fields.Date(metadata={"description": "The last day on which it is valid"})
    days_left = fields.Integer()
    announced = fields.Boolean(metadata={"description": "Whether the holder was told of this day by text"})


@blp.route("/lapsing")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(LapseQuery, location="query")
@blp.response(200, LapseSchema(many=True))
def lapsing(found: dict[str, Any]) -> list[Lapse]:
    """Certificates of active members that lapse soon or lapsed lately, the first to lapse first."""
    return lapses.lapsing(guard.viewer(), found["within_days"])
