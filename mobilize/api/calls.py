"""Calls: people who stayed silent, called by voice, and what came of each call."""

from typing import Any

from marshmallow import Schema, fields

from mobilize.domain.calling import CallState
from mobilize.domain.delivery import ErrorClass
from mobilize.domain.vocabulary import AccountRole
from mobilize.models import VoiceCall
from mobilize.services import access, guard

from .blueprint import Blueprint
from .fields import Instant
from .paging import Page, PageQuery, page_schema, paginate

blp = Blueprint(
    "calls", __name__, url_prefix="/api/v1/calls", description="Voice calls to people who stayed silent"
)


class CallSchema(Schema):
    """One call. ``answered`` means that a key was pressed; being picked up is no answer."""

    id = fields.Integer()
    callout_id = fields.Integer()
    recipient_id = fields.Integer()
    volunteer_id = fields.Integer()
    attempt = fields.Integer(metadata={"description": "Counts the calls to one recipient"})
    to_phone = fields.String()
    language = fields.String(metadata={"description": "The language that is spoken"})
    state = fields.Enum(CallState, by_value=True)
    key = fields.String(allow_none=True, metadata={"description": "The key that was the answer"})
    created_at = Instant()
    claimed_at = Instant(allow_none=True, metadata={"description": "When it was placed"})
    picked_up_at = Instant(allow_none=True)
    ended_at = Instant(allow_none=True)
    duration_s = fields.Integer(allow_none=True)
    cost = fields.Float(metadata={"description": "Estimated; at its most until its length is known"})
    provider = fields.String(allow_none=True)
    sid = fields.String(allow_none=True)
    error_class = fields.Enum(ErrorClass, by_value=True, allow_none=True)
    error_code = fields.Integer(allow_none=True)
    reason = fields.String(allow_none=True)


class CallQuery(PageQuery):
    """Which calls."""

    callout_id = fields.Integer()
    recipient_id = fields.Integer()
    volunteer_id = fields.Integer()
    state = fields.Enum(CallState, by_value=True)


@blp.route("")
@guard.requires(AccountRole.COORDINATOR)
@blp.arguments(CallQuery, location="query")
@blp.response(200, page_schema(CallSchema))
def listed(found: dict[str, Any]) -> Page[VoiceCall]:
    """List calls, newest first."""
    page, per_page = found.pop("page"), found.pop("per_page")
    query = access.visible(guard.viewer(), VoiceCall).filter_by(**found).order_by(VoiceCall.id.desc())
    return paginate(query, page=page, per_page=per_page)


@blp.route("/<int:call_id>")
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, CallSchema)
def read(call_id: int) -> VoiceCall:
    """One call."""
    return access.find(guard.viewer(), VoiceCall, call_id)
