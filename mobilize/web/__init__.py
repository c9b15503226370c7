"""Pages: what people see. A view parses, calls a service and renders; forms parse, services decide."""

from typing import Any

from flask import Flask, g
from flask_security import current_user

from mobilize.services import alarms, heartbeats
from mobilize.services.runtime import now, settings

from . import board, callouts, emergencies, errors, headers, inbox, own, phones, readiness, show
from .blueprint import blp
from .forms import ActionForm

__all__ = ["board", "callouts", "emergencies", "errors", "inbox", "init_app", "own", "phones", "readiness"]


def _context() -> dict[str, Any]:
    """What every page's frame shows."""
    return {
        "viewer": g.get("viewer"),
        "account": current_user,
        "open_alarms": alarms.open_alarms if g.get("viewer") else list,
        "engine_missing": lambda: not heartbeats.engine_seen(),
        "simulated": settings().sms_gateway == "simulator",
        "action": ActionForm,
        "server_time": now,
    }


def init_app(app: Flask) -> None:
    show.init_app(app)
    app.register_blueprint(blp)
    app.context_processor(_context)
    app.after_request(headers.protect)
