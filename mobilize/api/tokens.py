"""Tokens for programs, and the account one is signed in with."""

from typing import Any

from marshmallow import Schema, fields, validate

from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import csrf, limiter
from mobilize.models import Account
from mobilize.services import accounts, guard
from mobilize.services.accounts import Token

from .blueprint import Blueprint
from .fields import Instant

blp = Blueprint("tokens", __name__, url_prefix="/api/v1", description="Signing in as a program")
# It takes a password and no session, so there is nothing to forge a request with.
csrf.exempt(blp)


class CredentialsIn(Schema):
    """An account's email and password."""

    email = fields.String(required=True, validate=validate.Length(min=3, max=255))
    password = fields.String(
        required=True, load_only=True, validate=validate.Length(min=1, max=accounts.MAX_PASSWORD)
    )


class TokenSchema(Schema):
    """A token, to be sent as ``Authorization: Bearer …``."""

    token = fields.String()
    expires_at = Instant()
    role = fields.Enum(AccountRole, by_value=True, attribute="account.role")


class AccountSchema(Schema):
    """An account."""

    id = fields.Integer()
    email = fields.String()
    name = fields.String()
    role = fields.Enum(AccountRole, by_value=True)
    section_id = fields.Integer(allow_none=True)
    authority_id = fields.Integer(allow_none=True)
    volunteer_id = fields.Integer(allow_none=True)


@blp.route("/tokens", methods=["POST"])
@guard.open_to_all
@limiter.limit("10/minute")
@blp.arguments(CredentialsIn)
@blp.response(201, TokenSchema)
@blp.doc(security=[])
def make(found: dict[str, Any]) -> Token:
    """Make a token from an email and a password; ten tries a minute from one address."""
    return accounts.make_token(**found)


@blp.route("/me")
@guard.requires(*AccountRole)
@blp.response(200, AccountSchema)
def me() -> Account:
    """The account that is signed in."""
    return accounts.own(guard.viewer())
