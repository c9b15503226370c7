"""The one place where errors become API responses, all in one shape.

::

    {"error": {"code": "invalid_input", "message": "…", "request_id": "…",
               "fields": {"needs.0.headcount": ["…"]}}}

``code`` is stable and for programs; ``message`` is for people and may change; ``fields`` is there when
fields are at fault. The handlers belong to the API's blueprints, so pages keep their own.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import structlog
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from flask_wtf.csrf import CSRFError
from marshmallow import Schema, fields
from werkzeug.exceptions import HTTPException, default_exceptions

from mobilize.domain.errors import (
    Conflict,
    InvalidInput,
    MobilizeError,
    NotAllowed,
    NotFound,
    ProviderUnreachable,
    SignInRequired,
)

log = structlog.get_logger()

#: Addresses of programs; everything else is a page or a webhook.
MACHINE_PATHS = ("/api/", "/healthz", "/readyz", "/metrics")

_STATUS: Mapping[type[MobilizeError], tuple[int, str]] = {
    InvalidInput: (422, "invalid_input"),
    SignInRequired: (401, "sign_in_required"),
    NotAllowed: (403, "not_allowed"),
    NotFound: (404, "not_found"),
    Conflict: (409, "conflict"),
    ProviderUnreachable: (503, "provider_unreachable"),
}

_CODES: Mapping[int, str] = {
    400: "bad_request",
    404: "not_found",
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    422: "invalid_input",
    429: "too_many_requests",
}


class ErrorBody(Schema):
    """What every error says."""

    code = fields.String(required=True, metadata={"description": "Stable, for programs"})
    message = fields.String(required=True, metadata={"description": "What is wrong and what to do, for people"})
    problems = fields.Dict(
        data_key="fields",
        keys=fields.String(),
        values=fields.List(fields.String()),
        metadata={"description": "Problems by field; nested fields are joined by dots"},
    )
    request_id = fields.String(metadata={"description": "Finds the request in the logs"})


class ErrorSchema(Schema):
    """The shape of every error of the API."""

    error = fields.Nested(ErrorBody, required=True)


def register_on(blueprint: Blueprint) -> None:
    """Let a blueprint answer its errors in the API's shape.

    Every status gets its handler, because Flask prefers an application's handler for a status over
    a blueprint's handler for a class.
    """
    blueprint.register_error_handler(MobilizeError, refused)
    blueprint.register_error_handler(HTTPException, failed)
    for status in default_exceptions:
        blueprint.register_error_handler(status, failed)


def init_app(app: Flask) -> None:
    app.before_request(_answer_unknown_address)


def _answer_unknown_address() -> Response | None:
    """No blueprint owns an address that does not exist, so it is answered here."""
    error = request.routing_exception
    if request.path.startswith(MACHINE_PATHS) and error is not None and (error.code or 0) >= 400:
        return failed(error)
    return None


def refused(error: MobilizeError) -> Response:
    """Something of ours was refused."""
    status, code = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    if isinstance(error, InvalidInput):
        return _respond(status, code, "Some fields are not acceptable.", problems=error.errors)
    response = _respond(status, code, str(error))
    if status == 401:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def failed(error: HTTPException) -> Response:
    """Flask, webargs or an extension refused the request, or something broke."""
    status = error.code or 500
    if status >= 500:
        return _broken(error, status)
    problems = _problems(error)
    code = "csrf" if isinstance(error, CSRFError) else _CODES.get(status, f"http_{status}")
    response = _respond(status, code, _message(error, status), problems=problems)
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


def _broken(error: HTTPException, status: int) -> Response:
    """Log everything, tell nothing but the request id."""
    cause = getattr(error, "original_exception", None) or error
    log.error("request failed", path=request.path, exc_info=cause)
    return _respond(status, "internal", "Something broke on our side. It is logged under this request id.")


def _message(error: HTTPException, status: int) -> str:
    told = _told(error)
    if isinstance(told, str):
        return told
    if told:
        return "Some fields are not acceptable."
    match status:
        case 404:
            return f"There is no {request.path} here."
        case 405:
            return f"{request.method} is not possible here."
        case 413:
            return f"The body is larger than {current_limit()} bytes; send less at a time."
        case 429:
            return f"Too many requests ({error.description}); wait a moment."
    if isinstance(error, CSRFError):
        return f"{error.description} Send it in the header X-CSRFToken, or use a bearer token."
    return error.description or error.name


def current_limit() -> int:
    """The largest body that this request may have, in bytes."""
    return request.max_content_length or int(current_app.config["MAX_CONTENT_LENGTH"])


def _told(error: HTTPException) -> Any:
    """What webargs said: problems by location and field, or a sentence."""
    return (getattr(error, "data", None) or {}).get("messages")


def _problems(error: HTTPException) -> dict[str, list[str]]:
    """Problems by dotted field name, without the location that webargs puts in front."""
    told = _told(error)
    if not isinstance(told, Mapping):
        return {}
    found: dict[str, list[str]] = {}
    for location in told.values():
        for name, problem in _flattened(location):
            found.setdefault(name, []).append(problem)
    return found


def _flattened(messages: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            step = "" if key == "_schema" else str(key)
            yield from _flattened(inner, ".".join(part for part in (path, step) if part))
    elif isinstance(messages, list | tuple):
        for inner in messages:
            yield from _flattened(inner, path)
    else:
        yield path or "body", _as_object(str(messages))


def _as_object(message: str) -> str:
    return "Send a JSON object, in braces." if message == "Invalid input type." else message


def _respond(status: int, code: str, message: str, problems: Mapping[str, list[str]] | None = None) -> Response:
    body: dict[str, Any] = {"code": code, "message": message, "request_id": g.get("request_id", "")}
    if problems:
        body["fields"] = dict(problems)
    response = jsonify(error=body)
    response.status_code = status
    return response
