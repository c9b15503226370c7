"""Senders: what texts go out from, how fast, and what holds them back."""

from marshmallow import Schema, fields, validate

from mobilize.domain.pacing import SenderKind
from mobilize.domain.vocabulary import AccountRole
from mobilize.services import guard, senders
from mobilize.services.senders import Overview

from .blueprint import Blueprint
from .fields import Instant

blp = Blueprint(
    "senders",
    __name__,
    url_prefix="/api/v1/senders",
    description="What texts go out from, how fast, and what holds them back",
)


class PauseSchema(Schema):
    """What is stopped (a provider, a sender or a country) and why.

    ``retry_at`` is null if it goes on only when a person says so.
    """

    subject = fields.String()
    detail = fields.String()
    since = Instant()
    retry_at = Instant(allow_none=True)


class SenderSchema(Schema):
    """One sender. The rate is in segments a second; null: no limit. Without a pause it is going."""

    name = fields.String()
    provider = fields.String()
    address = fields.String()
    kind = fields.Enum(SenderKind, by_value=True)
    rate = fields.Float(allow_none=True)
    pauses = fields.List(fields.Nested(PauseSchema))


class SendersSchema(Schema):
    """All senders in the order of their use, and how many texts wait."""

    queued = fields.Integer()
    senders = fields.List(fields.Nested(SenderSchema))
    country_pauses = fields.List(fields.Nested(PauseSchema))
    former_pauses = fields.List(
        fields.Nested(PauseSchema), metadata={"description": "Of senders that the settings no longer name"}
    )


class SubjectIn(Schema):
    """What to pause or to resume."""

    sender = fields.String(
        required=True,
        validate=validate.Length(min=1, max=80),
        metadata={
            "description": "A provider (`twilio`), one of its senders (`twilio:+15005550006`) or, to resume "
            "only, a country (`twilio to +355`)",
            "example": "twilio:+15005550006",
        },
    )


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, SendersSchema)
def listed() -> Overview:
    """List the senders with what stops them."""
    return senders.overview(guard.viewer())


@blp.route("/pause", methods=["POST"])
@guard.requires()
@blp.arguments(SubjectIn)
@blp.response(200, SendersSchema)
def pause(found: dict[str, str]) -> Overview:
    """Send nothing by a provider or a sender until somebody resumes it. Texts wait."""
    senders.pause_by_hand(guard.viewer(), found["sender"])
    return senders.overview(guard.viewer())


@blp.route("/resume", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(SubjectIn)
@blp.response(200, SendersSchema)
def resume(found: dict[str, str]) -> Overview:
    """End a pause now. If the fault is still there, the first text shows it and the pause begins again."""
    senders.resume(guard.viewer(), found["sender"])
    return senders.overview(guard.viewer())
