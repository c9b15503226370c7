"""Every route has a role: the guard that stands before every request.

A view says who may use it with `requires`, or that anyone may with `open_to_all`. A view that says
nothing is closed. The roles are data, so that a test can try every route as every role.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, request
from flask_security import current_user

from mobilize.domain.errors import SignInRequired
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import csrf

from .access import Viewer, require, viewer_of

View = TypeVar("View", bound=Callable[..., Any])

#: Views of extensions that anyone may reach: signing in and out, and files of the pages.
_OPEN_ENDPOINTS = frozenset(
    {
        "static",
        "web.static",
        "security.login",
        "security.logout",
        "security.static",
        "api-docs.openapi_json",  # describes the interface; holds no data
    }
)


def requires(*roles: AccountRole) -> Callable[[View], View]:
    """Only these roles (and admin) may use the view. With no role: admin alone."""

    def mark(view: View) -> View:
        view.required_roles = roles  # type: ignore[attr-defined]
        return view

    return mark


def open_to_all(view: View) -> View:
    """Anyone may use the view; it must check what it needs itself (a signature, say)."""
    view.open_to_all = True  # type: ignore[attr-defined]
    return view


def roles_for(app: Flask, endpoint: str, method: str) -> tuple[AccountRole, ...] | None:
    """The roles that may use a route; ``None`` if anyone may. A route that names none is admin's."""
    view: Any = app.view_functions[endpoint]
    view_class = getattr(view, "view_class", None)
    if view_class is not None:
        view = getattr(view_class, "get" if method == "HEAD" else method.lower(), view)
    if endpoint in _OPEN_ENDPOINTS or getattr(view, "open_to_all", False):
        return None
    return tuple(getattr(view, "required_roles", ()))


def viewer() -> Viewer:
    """The signed-in account's viewer, for the view that is running."""
    found: Viewer = g.viewer
    return found


def _forgeable() -> bool:
    """Whether another site could make a browser send this request with its cookies.

    It cannot add an ``Authorization`` header; who sends one proves a token, not a session.
    """
    return not request.headers.get("Authorization", "").lower().startswith("bearer ")


def _check_origin() -> None:
    """Unsafe requests that ride on a session need its form token.

    Webhooks and the making of tokens use no session and are exempt; nothing else is.
    """
    if current_app.config["WTF_CSRF_ENABLED"] and _forgeable():
        csrf.protect(apply_exemptions=True)


def _check() -> None:
    if request.endpoint is None or request.method == "OPTIONS":
        return  # no such route: Flask answers 404 or 405
    roles = roles_for(current_app, request.endpoint, request.method)
    if roles is None:
        _check_origin()
        return
    if not current_user.is_authenticated:
        raise SignInRequired
    _check_origin()
    g.viewer = viewer_of(current_user)
    require(g.viewer, *roles)


def init_app(app: Flask) -> None:
    # A board stays open for hours: a form is valid as long as the session that asked for it.
    app.config["WTF_CSRF_TIME_LIMIT"] = None
    app.before_request(_check)
