"""The inbox: texts received, how they were understood, and what a coordinator does about them."""

from typing import Any

from marshmallow import Schema, fields, validate

from mobilize.domain.replies import LATEST_ETA
from mobilize.domain.vocabulary import AccountRole, Channel, Intent
from mobilize.models import Callout, InboundMessage, Message
from mobilize.services import access, corrections, guard, hand, inbox_views
from mobilize.services.corrections import LONGEST_ABSENCE, Reading
from mobilize.services.inbox_views import Shelf, Wish

from .blueprint import Blueprint
from .fields import Instant
from .messages import MessageSchema
from .paging import Page, PageQuery, page_schema, paginate

blp = Blueprint(
    "inbox", __name__, url_prefix="/api/v1/inbox", description="Texts received, and what is done about them"
)


_KEY = validate.Range(min=1, max=access.LARGEST_KEY)


class InboxTextSchema(Schema):
    """One text received, raw and as understood."""

    id = fields.Integer()
    sid = fields.String()
    channel = fields.Enum(Channel, by_value=True)
    from_phone = fields.String()
    to_phone = fields.String()
    body = fields.String()
    media_count = fields.Integer(metadata={"description": "Pictures and the like; they stay at the provider"})
    received_at = Instant()
    understood_at = Instant(allow_none=True)
    intent = fields.Enum(Intent, by_value=True, allow_none=True)
    confidence = fields.Float(
        allow_none=True, metadata={"description": "Of the machine's reading, 0 to 1; below 0.8 is not sure"}
    )
    eta_minutes = fields.Integer(allow_none=True, metadata={"description": "From when the text came"})
    absent_minutes = fields.Integer(allow_none=True)
    reply_code = fields.String(allow_none=True)
    volunteer_id = fields.Integer(allow_none=True, metadata={"description": "Null: from an unknown number"})
    recipient_id = fields.Integer(allow_none=True)
    effect = fields.String(allow_none=True)
    machine_intent = fields.Enum(
        Intent,
        by_value=True,
        allow_none=True,
        metadata={"description": "What the machine had read, if a person corrected it"},
    )
    corrected_at = Instant(allow_none=True)
    corrected_by_id = fields.Integer(allow_none=True)
    settled_at = Instant(allow_none=True, metadata={"description": "Since when it is dealt with"})


class InboxQuery(PageQuery):
    """Which texts. `text` is a part of a name or of a phone number."""

    show = fields.Enum(Shelf, by_value=True, load_default=Shelf.ALL)
    text = fields.String(load_default="", validate=validate.Length(max=100))
    callout_id = fields.Integer(load_default=None, validate=_KEY)
    volunteer_id = fields.Integer(load_default=None, validate=_KEY)


class CorrectIn(Schema):
    """What the text means. Minutes that are left out are not told."""

    intent = fields.Enum(Intent, by_value=True, required=True)
    eta_minutes = fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(min=0, max=LATEST_ETA)
    )
    absent_minutes = fields.Integer(
        strict=True, load_default=None, allow_none=True, validate=validate.Range(min=0, max=LONGEST_ABSENCE)
    )
    recipient_id = fields.Integer(
        strict=True,
        load_default=None,
        allow_none=True,
        metadata={"description": "The person's place in the callout that is meant; needed if several are open"},
    )
    despite_newer = fields.Boolean(
        load_default=False,
        metadata={"description": "Count the older text although the person has answered since"},
    )


class ReassignIn(Schema):
    """The person's place in another callout."""

    recipient_id = fields.Integer(strict=True, required=True)
    despite_newer = fields.Boolean(load_default=False)


class ReplyIn(Schema):
    """A text to the writer, of at most three segments."""

    body = fields.String(required=True, validate=validate.Length(min=1, max=480))
    key = fields.String(
        required=True,
        validate=validate.Regexp(rf"{hand.KEY.pattern}\Z", error="must be 8 to 40 letters, digits and dashes."),
        metadata={"description": "Made by you, new for each text; the same key again sends nothing more"},
    )


class LinkIn(Schema):
    """Whose text it is."""

    volunteer_id = fields.Integer(strict=True, required=True)


class SettleIn(Schema):
    """How it was dealt with, if that is worth a note."""

    note = fields.String(load_default=None, allow_none=True, validate=validate.Length(max=hand.LONGEST_NOTE))


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(InboxQuery, location="query")
@blp.response(200, page_schema(InboxTextSchema))
def listed(found: dict[str, Any]) -> Page[InboundMessage]:
    """List texts received, newest first."""
    page, per_page, shelf = found.pop("page"), found.pop("per_page"), found.pop("show")
    if found["callout_id"] is not None:
        access.find(guard.viewer(), Callout, found["callout_id"])
    query = inbox_views.query(guard.viewer(), Wish(shelf=shelf, **found))
    return paginate(query, page=page, per_page=per_page)


@blp.route("/<int:inbound_id>")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, InboxTextSchema)
def read(inbound_id: int) -> InboundMessage:
    """One text received."""
    return access.find(guard.viewer(), InboundMessage, inbound_id)


@blp.route("/<int:inbound_id>/correct", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(CorrectIn)
@blp.response(200, InboxTextSchema)
@blp.alt_response(409, description="The callout is over, or the person has answered since")
def correct(found: dict[str, Any], inbound_id: int) -> InboundMessage:
    """Read a text as you say, and do what it says; its writer is told if that changes anything for them."""
    return corrections.correct(
        guard.viewer(),
        inbound_id,
        Reading(found["intent"], found["eta_minutes"], found["absent_minutes"]),
        recipient_id=found["recipient_id"],
        despite_newer=found["despite_newer"],
    )


@blp.route("/<int:inbound_id>/reassign", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(ReassignIn)
@blp.response(200, InboxTextSchema)
@blp.alt_response(409, description="The callout is over, or the person has answered since")
def reassign(found: dict[str, Any], inbound_id: int) -> InboundMessage:
    """Count a text for another callout in which its writer was asked."""
    return corrections.reassign(guard.viewer(), inbound_id, **found)


@blp.route("/<int:inbound_id>/reply", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(ReplyIn)
@blp.response(201, MessageSchema)
@blp.alt_response(409, description="The number is unknown, or the person has opted out")
def reply(found: dict[str, str], inbound_id: int) -> Message:
    """Send a text to the writer, to the phone that they are registered with. The text received is settled."""
    return hand.reply(guard.viewer(), inbound_id, found["body"], found["key"])


@blp.route("/<int:inbound_id>/link", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(LinkIn)
@blp.response(200, InboxTextSchema)
@blp.alt_response(409, description="Whose it is, is known already")
def link(found: dict[str, int], inbound_id: int) -> InboundMessage:
    """Say whose a text from an unknown number is; it is then handled as theirs. It holds for this text."""
    return hand.link(guard.viewer(), inbound_id, found["volunteer_id"])


@blp.route("/<int:inbound_id>/settle", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(SettleIn)
@blp.response(200, InboxTextSchema)
def settle(found: dict[str, str | None], inbound_id: int) -> InboundMessage:
    """Mark a text as dealt with."""
    return hand.settle(guard.viewer(), inbound_id, found["note"])
