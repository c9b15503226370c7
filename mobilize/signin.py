"""How people and programs sign in: Flask-Security, with bearer tokens for the API.

Passwords, sessions and tokens are Flask-Security's. What we add is the standard header,
``Authorization: Bearer <token>``, and our own account table.
"""

from datetime import timedelta
from typing import Any

from flask import Flask, Request
from flask_security import SQLAlchemySessionUserDatastore
from flask_security.utils import parse_auth_token
from itsdangerous import BadData

from config import Settings

from .extensions import db, limiter, security
from .models import Account
from .models.account import RoleView


def _from_token(request: Request) -> Account | None:
    """The account of a request's bearer token, if it has a valid one."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return None
    try:
        claims = parse_auth_token(token.strip())
    except (ValueError, BadData):
        return None
    account = security.datastore.find_user(fs_uniquifier=claims["uid"])
    if isinstance(account, Account) and account.active and account.verify_auth_token(claims):
        return account
    return None


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECURITY_PASSWORD_SALT=settings.secret_key,
        SECURITY_TOKEN_MAX_AGE=settings.token_max_age_seconds,
        SECURITY_JOIN_USER_ROLES=False,  # a role is a column of ours, not a table to join
        SECURITY_LOGIN_URL="/sign-in",
        SECURITY_LOGOUT_URL="/sign-out",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_LOGIN_USER_TEMPLATE="web/sign_in.html",
        SECURITY_POST_LOGIN_VIEW="/",
        SECURITY_POST_LOGOUT_VIEW="/sign-in",
        SECURITY_SEND_REGISTER_EMAIL=False,
        SECURITY_RETURN_GENERIC_RESPONSES=True,
        SECURITY_CSRF_PROTECT_MECHANISMS=["session", "basic"],
        # No page asks for the password a second time, so the view for that is not registered.
        SECURITY_FRESHNESS=timedelta(seconds=-1),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
    )
    datastore = SQLAlchemySessionUserDatastore(db.session, Account, RoleView)
    security.init_app(app, datastore)
    # Guessing passwords is slow from one address; both doors that take one say so the same way.
    sign_in: Any = app.view_functions["security.login"]
    app.view_functions["security.login"] = limiter.limit("20/minute", methods=["POST"])(sign_in)
    app.login_manager.request_loader(_from_token)  # type: ignore[attr-defined]
