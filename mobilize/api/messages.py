"""Messages: texts sent with everything that happened to them, and texts received."""

from collections.abc import Sequence
from typing import Any

from flask import Response, jsonify
from marshmallow import Schema, fields

from mobilize.domain.delivery import Cause, DoubtEnding, ErrorClass, MessageState
from mobilize.domain.vocabulary import AccountRole, Intent, MessageKind
from mobilize.models import InboundMessage, Message, MessageEvent
from mobilize.services import access, board, guard

from .blueprint import Blueprint
from .fields import Instant
from .paging import Page, PageQuery, page_schema, paginate

blp = Blueprint("messages", __name__, url_prefix="/api/v1/messages", description="Texts sent and received")


class MessageSchema(Schema):
    """One text sent, or to be sent."""

    id = fields.Integer()
    kind = fields.Enum(MessageKind, by_value=True)
    volunteer_id = fields.Integer()
    callout_id = fields.Integer(allow_none=True)
    recipient_id = fields.Integer(allow_none=True)
    to_phone = fields.String()
    body = fields.String()
    segments = fields.Integer()
    state = fields.Enum(MessageState, by_value=True)
    attempt = fields.Integer()
    next_attempt_at = Instant()
    expires_at = Instant()
    provider = fields.String(allow_none=True)
    sender = fields.String(
        allow_none=True, metadata={"description": "The address that the latest attempt went out from"}
    )
    sid = fields.String(allow_none=True)
    error_class = fields.Enum(ErrorClass, by_value=True, allow_none=True)
    error_code = fields.Integer(allow_none=True)
    reason = fields.String(allow_none=True)
    created_at = Instant()
    accepted_at = Instant(allow_none=True)
    delivered_at = Instant(allow_none=True)
    doubt_since = Instant(
        allow_none=True, metadata={"description": "Since when it is not known whether it was sent"}
    )
    doubt_ending = fields.Enum(
        DoubtEnding,
        by_value=True,
        allow_none=True,
        metadata={"description": "How a doubt ended that no evidence settled in time"},
    )


class MessageQuery(PageQuery):
    """Which texts."""

    callout_id = fields.Integer()
    volunteer_id = fields.Integer()
    state = fields.Enum(MessageState, by_value=True)
    kind = fields.Enum(MessageKind, by_value=True)


class MessageEventSchema(Schema):
    """One step of a text from state to state, and its cause."""

    at = Instant()
    from_state = fields.Enum(MessageState, by_value=True, allow_none=True)
    to_state = fields.Enum(MessageState, by_value=True)
    cause = fields.Enum(Cause, by_value=True)
    detail = fields.String(allow_none=True)


class StorySchema(MessageSchema):
    """One text with everything that happened to it, in order."""

    events = fields.List(fields.Nested(MessageEventSchema))
    second_copies = fields.Integer(
        metadata={"description": "Texts that the provider reports beside the one that was wanted"}
    )


class InboundSchema(Schema):
    """One text received, and how it was understood."""

    id = fields.Integer()
    sid = fields.String()
    from_phone = fields.String()
    body = fields.String()
    received_at = Instant()
    understood_at = Instant(allow_none=True)
    intent = fields.Enum(Intent, by_value=True, allow_none=True)
    eta_minutes = fields.Integer(allow_none=True)
    reply_code = fields.String(allow_none=True)
    volunteer_id = fields.Integer(allow_none=True)
    recipient_id = fields.Integer(allow_none=True)
    effect = fields.String(allow_none=True)


class InboundQuery(PageQuery):
    """Which texts received; ``intent=unclear`` are those a person should read."""

    intent = fields.Enum(Intent, by_value=True)
    volunteer_id = fields.Integer()


_MESSAGE, _EVENTS = MessageSchema(), MessageEventSchema(many=True)


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(MessageQuery, location="query")
@blp.response(200, page_schema(MessageSchema))
def listed(found: dict[str, Any]) -> Page[Message]:
    """List texts sent, newest first."""
    page, per_page = found.pop("page"), found.pop("per_page")
    query = access.visible(guard.viewer(), Message).filter_by(**found).order_by(Message.id.desc())
    return paginate(query, page=page, per_page=per_page)


@blp.route("/inbox")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(InboundQuery, location="query")
@blp.response(200, page_schema(InboundSchema))
def inbox(found: dict[str, Any]) -> Page[InboundMessage]:
    """List texts received, newest first."""
    page, per_page = found.pop("page"), found.pop("per_page")
    query = access.visible(guard.viewer(), InboundMessage).filter_by(**found).order_by(InboundMessage.id.desc())
    return paginate(query, page=page, per_page=per_page)


@blp.route("/<int:message_id>")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, StorySchema)
def read(message_id: int) -> Response:
    """One text sent, and everything that happened to it."""
    story = board.story(guard.viewer(), message_id)
    told = {"events": _EVENTS.dump(story.events), "second_copies": story.second_copies}
    return jsonify(_MESSAGE.dump(story.message) | told)


@blp.route("/<int:message_id>/events")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, MessageEventSchema(many=True))
def events(message_id: int) -> Sequence[MessageEvent]:
    """Everything that happened to one text, in order."""
    return board.story(guard.viewer(), message_id).events
