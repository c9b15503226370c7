"""Recipients: the people a callout asked, and their answers."""

from typing import Any

from marshmallow import Schema, fields
from sqlalchemy.orm import joinedload

from mobilize.domain.vocabulary import AccountRole, PlaceKind, RecipientState
from mobilize.models import Recipient
from mobilize.services import access, check_outs, guard

from .blueprint import Blueprint
from .fields import Instant
from .paging import Page, PageQuery, page_schema, paginate

blp = Blueprint(
    "recipients",
    __name__,
    url_prefix="/api/v1/recipients",
    description="Volunteers asked, and what they answered",
)


class RecipientSchema(Schema):
    """One volunteer asked in one callout. The distance is in metres, from where they were to the rendezvous."""

    id = fields.Integer()
    callout_id = fields.Integer()
    volunteer_id = fields.Integer()
    name = fields.String(attribute="volunteer.name")
    state = fields.Enum(RecipientState, by_value=True)
    need = fields.String(attribute="need.skill.code", allow_none=True, dump_default=None)
    reply_code = fields.String()
    place_kind = fields.Enum(PlaceKind, by_value=True)
    distance_m = fields.Float()
    asked_at = Instant()
    answered_at = Instant(allow_none=True)
    eta_at = Instant(allow_none=True)
    en_route_at = Instant(allow_none=True)
    arrived_at = Instant(allow_none=True)
    left_at = Instant(allow_none=True)
    check_out_by = Instant(
        allow_none=True, metadata={"description": "When the person should be home; null once they are"}
    )
    closed_at = Instant(allow_none=True)


class RecipientQuery(PageQuery):
    """Which recipients."""

    callout_id = fields.Integer()
    volunteer_id = fields.Integer()
    state = fields.Enum(RecipientState, by_value=True)


@blp.route("")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY, AccountRole.VOLUNTEER)
@blp.arguments(RecipientQuery, location="query")
@blp.response(200, page_schema(RecipientSchema))
def listed(found: dict[str, Any]) -> Page[Recipient]:
    """List recipients. An authority sees those who said yes to its request; a volunteer their own."""
    page, per_page = found.pop("page"), found.pop("per_page")
    query = access.visible(guard.viewer(), Recipient).filter_by(**found).order_by(Recipient.id)
    people = query.options(joinedload(Recipient.volunteer), joinedload(Recipient.need))
    return paginate(people, page=page, per_page=per_page)


@blp.route("/<int:recipient_id>")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY, AccountRole.VOLUNTEER)
@blp.response(200, RecipientSchema)
def read(recipient_id: int) -> Recipient:
    """One recipient."""
    return access.find(guard.viewer(), Recipient, recipient_id)


@blp.route("/<int:recipient_id>/check-out", methods=["POST"])
@guard.requires(AccountRole.COORDINATOR)
@blp.response(200, RecipientSchema)
def check_out(recipient_id: int) -> Recipient:
    """Check somebody out who is known to be out of the field, for instance by a phone call."""
    return check_outs.check_out(guard.viewer(), recipient_id)
