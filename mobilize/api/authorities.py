"""Authorities and their agreements."""

from collections.abc import Sequence
from typing import Any

from marshmallow import Schema, fields

from mobilize.domain.vocabulary import AccountRole
from mobilize.models import Agreement, Authority
from mobilize.services import authorities, guard
from mobilize.services.authorities import AgreementDraft, AuthorityDraft

from .blueprint import Blueprint

blp = Blueprint(
    "authorities",
    __name__,
    url_prefix="/api/v1/authorities",
    description="State institutions",
)


class AgreementIn(Schema):
    """A new agreement; both days are inclusive, and no last day means until further notice."""

    reference = fields.String(required=True)
    valid_from = fields.Date(required=True)
    valid_until = fields.Date(load_default=None, allow_none=True)


class AgreementSchema(AgreementIn):
    """An agreement."""

    id = fields.Integer()


class AuthorityIn(Schema):
    """A new authority."""

    code = fields.String(required=True, metadata={"example": "al-civil-protection"})
    name = fields.String(required=True)
    country = fields.String(required=True, metadata={"description": "ISO 3166-1 alpha-2", "example": "AL"})


class AuthoritySchema(AuthorityIn):
    """An authority with its agreements, oldest first."""

    id = fields.Integer()
    agreements = fields.List(fields.Nested(AgreementSchema))


@blp.route("")
@guard.requires(AccountRole.COORDINATOR, AccountRole.AUTHORITY)
@blp.response(200, AuthoritySchema(many=True))
def listed() -> Sequence[Authority]:
    """The authorities that your account may see, by code."""
    return authorities.every(guard.viewer())


@blp.route("", methods=["POST"])
@guard.requires()
@blp.arguments(AuthorityIn)
@blp.response(201, AuthoritySchema)
def create(found: dict[str, Any]) -> Authority:
    """Add an authority."""
    return authorities.create(guard.viewer(), AuthorityDraft(**found))


@blp.route("/<int:authority_id>/agreements", methods=["POST"])
@guard.requires()
@blp.arguments(AgreementIn)
@blp.response(201, AgreementSchema)
def agree(found: dict[str, Any], authority_id: int) -> Agreement:
    """Add an agreement."""
    return authorities.agree(guard.viewer(), authority_id, AgreementDraft(**found))
