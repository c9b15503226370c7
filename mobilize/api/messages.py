"""Messages: texts sent with everything that happened to them, and texts received."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields
from sqlalchemy import select

from mobilize.domain.delivery import Cause, ErrorClass, MessageState
from mobilize.domain.vocabulary import AccountRole, Intent, MessageKind
from mobilize.extensions import db
from mobilize.models import InboundMessage, Message, MessageEvent
from mobilize.services import access, guard

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
    sid = fields.String(allow_none=True)
    error_class = fields.Enum(ErrorClass, by_value=True, allow_none=True)
    error_code = fields.Integer(allow_none=True)
    reason = fields.String(allow_none=True)
    created_at = Instant()
    accepted_at = Instant(allow_none=True)
    delivered_at = Instant(allow_none=True)


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
@blp.response(200, MessageSchema)
def read(message_id: int) -> Message:
    """One text sent."""
    return access.find(guard.viewer(), Message, message_id)


@blp.route("/<int:message_id>/events")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, MessageEventSchema(many=True))
def events(message_id: int) -> Sequence[MessageEvent]:
    """Everything that happened to one text, in order."""
    message = access.find(guard.viewer(), Message, message_id)
    return db.session.scalars(
        select(MessageEvent).where(MessageEvent.message_id == message.id).order_by(MessageEvent.id)
    ).all()
