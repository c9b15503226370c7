"""Alarms: faults that have not gone, and what to do about them."""

from typing import Any

from flask import Response
from marshmallow import Schema, fields

from mobilize.domain.vocabulary import AccountRole, AlarmKind
from mobilize.services import alarms, guard, standing

from .blueprint import Blueprint
from .fields import Instant

blp = Blueprint("alarms", __name__, url_prefix="/api/v1/alarms", description="Faults that have not gone")


class AlarmSchema(Schema):
    """A fault that has not gone. The silence of all engines has neither id nor instant."""

    id = fields.Integer(allow_none=True)
    kind = fields.Enum(AlarmKind, by_value=True)
    subject = fields.String()
    detail = fields.String()
    remedy = fields.String()
    raised_at = Instant(allow_none=True)
    callout_id = fields.Integer(
        allow_none=True, metadata={"description": "The callout that it is about, if any"}
    )
    person = fields.String(allow_none=True, metadata={"description": "The person that it is about, if any"})
    acknowledgeable = fields.Boolean()


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, AlarmSchema(many=True))
def listed() -> list[Any]:
    """List open alarms."""
    return list(standing.standing_alarms(guard.viewer()))


@blp.route("/<int:alarm_id>/acknowledge", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(204)
def acknowledge(alarm_id: int) -> Response:
    """Put away an alarm that only a person's attention ends: an unknown code, an engine that is gone."""
    alarms.acknowledge(guard.viewer(), alarm_id)
    return Response(status=204)
