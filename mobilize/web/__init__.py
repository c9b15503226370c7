"""Pages: what people see. A view parses, calls a service and renders; forms parse, services decide."""

from typing import Any

from flask import Flask, g
from flask_security import current_user

from mobilize.services import inbox_views
from mobilize.services.runtime import now, settings
from mobilize.services.standing import AlarmRow, standing_alarms

from . import (
    board,
    callouts,
    certificates,
    emergencies,
    errors,
    headers,
    inbox,
    link,
    own,
    phones,
    queries,
    readiness,
    senders,
    show,
    texts,
    why,
    wordings,
)
from .blueprint import blp

__all__ = [
    "board",
    "callouts",
    "certificates",
    "emergencies",
    "errors",
    "inbox",
    "init_app",
    "link",
    "own",
    "phones",
    "readiness",
    "senders",
    "texts",
    "why",
    "wordings",
]


def _alarms() -> list[AlarmRow]:
    """Open alarms for whoever is signed in, read when a page shows them."""
    return standing_alarms(g.viewer) if "viewer" in g else []


def _context() -> dict[str, Any]:
    """What every page's frame shows."""
    return {
        "viewer": g.get("viewer"),
        "account": current_user,
        "standing_alarms": _alarms,
        "to_read": lambda: inbox_views.to_read_count(g.viewer) if "viewer" in g else 0,
        "most_counted": inbox_views.MOST_COUNTED,
        "own_zone": lambda: queries.zone_of(g.viewer),
        "simulated": settings().sms_gateway == "simulator",
        "server_time": now,
    }


def init_app(app: Flask) -> None:
    show.init_app(app)
    app.register_blueprint(blp)
    app.context_processor(_context)
    app.after_request(headers.protect)
