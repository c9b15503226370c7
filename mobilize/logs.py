"""Structured logs: one event with named fields a line, each with its request and callout id."""

import logging
import re
import secrets
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog
from flask import Flask, Response, g, request

from config import Settings

#: The code in a link is as good as a password; faults tell the address of the page that they came from.
_CODE = re.compile(r"/c/[^/\s\"']+")


def init_app(app: Flask, settings: Settings) -> None:
    """Send both our own and libraries' log lines through one formatter to standard error."""
    shared: list[structlog.types.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        _without_codes,
    ]
    renderer: structlog.types.Processor = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    root = logging.getLogger()
    root.handlers = [
        h for h in root.handlers if not isinstance(h.formatter, structlog.stdlib.ProcessorFormatter)
    ]
    root.addHandler(handler)
    root.setLevel(settings.log_level)
    for noisy in ("alembic", "apscheduler", "werkzeug", "waitress", "urllib3", "twilio"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    # Its warning of odd headers holds the URL, and a question to a router holds where people live.
    logging.getLogger("urllib3.connection").setLevel(logging.ERROR)
    # It warns of every tick that finds the one before it still at work, which is as intended.
    logging.getLogger("apscheduler.scheduler").setLevel(logging.ERROR)
    app.before_request(_name_request)
    app.after_request(_tell_request)


def _without_codes(_logger: object, _method: str, line: MutableMapping[str, Any]) -> Mapping[str, Any]:
    return {name: _CODE.sub("/c/…", told) if isinstance(told, str) else told for name, told in line.items()}


def _name_request() -> None:
    """Bind a request id to every line that this request logs; a proxy's own id is taken over."""
    given = request.headers.get("X-Request-ID", "")
    g.request_id = (
        given if given.isascii() and given.isprintable() and 0 < len(given) <= 64 else secrets.token_hex(8)
    )
    structlog.contextvars.clear_contextvars()
    callout_id = (request.view_args or {}).get("callout_id")
    structlog.contextvars.bind_contextvars(
        request_id=g.request_id, **({"callout_id": callout_id} if callout_id else {})
    )


def _tell_request(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.get("request_id", "")
    return response
