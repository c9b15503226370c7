"""The door for webhooks, before Flask's own: they come by the thousand and need none of what a page needs.

A WSGI application that answers what is posted to a webhook's address and hands on everything else.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import structlog
from flask import Flask

from mobilize.services.intake import NotStored
from mobilize.services.runtime import Runtime

from . import twilio, twilio_voice
from .signature import Signatures

log = structlog.get_logger(__name__)

StartResponse = Callable[..., Any]
Environ = dict[str, Any]
#: Takes the form and the query; returns the body to answer with, or ``None`` for none.
Hook = Callable[[Mapping[str, str], Mapping[str, str]], bytes | None]
#: The status line, the media type and the body of an answer.
Answer = tuple[str, str, bytes]

HOOKS: Mapping[str, Hook] = {
    "/hooks/twilio/inbound": twilio.inbound,
    "/hooks/twilio/status": twilio.status,
    "/hooks/twilio/voice": twilio_voice.keys,
    "/hooks/twilio/voice/status": twilio_voice.status,
}
#: Bytes. A text of 1,600 characters with all its fields has less than 16 KiB.
_LARGEST_BODY = 64 * 1024
_MOST_FIELDS = 1000
_FORM = "application/x-www-form-urlencoded"


class Refusal(Exception):
    """What came is not taken in; the arguments are the HTTP status line and the reason."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.answer: Answer = (status, "text/plain", reason.encode() + b"\n")


class Door:
    """Stands before an application whose `Runtime` is in its place."""

    def __init__(self, app: Flask) -> None:
        runtime: Runtime = app.extensions["mobilize"]
        settings = runtime.settings
        tokens = [token for token in (settings.twilio_auth_token, settings.backup_auth_token) if token]
        self._signatures = {path: Signatures(settings.public_url + path, tokens) for path in HOOKS}
        self._app = app
        self._behind = app.wsgi_app

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        hook = HOOKS.get(environ.get("PATH_INFO", ""))
        if hook is None:
            return self._behind(environ, start_response)
        status, media_type, body = self._answer(hook, environ)
        headers = [("Content-Type", media_type), ("Content-Length", str(len(body)))] if media_type else []
        if status.startswith("405"):
            headers.append(("Allow", "POST"))
        start_response(status, headers)
        return [body]

    def _answer(self, hook: Hook, environ: Environ) -> Answer:
        try:
            form = self._authentic_form(environ)
            query = _first_of_each(_pairs(environ.get("QUERY_STRING", "")))
            with self._app.app_context():
                body = hook(form, query)
        except Refusal as refusal:
            return refusal.answer
        except NotStored as error:
            return "503 Service Unavailable", "text/plain", f"{error}\n".encode()
        except Exception:  # whatever it was, the provider must hear that it is to repeat
            log.exception("a webhook could not be taken in", path=environ["PATH_INFO"])
            return "500 Internal Server Error", "text/plain", b"A fault of ours; send it again.\n"
        return ("204 No Content", "", b"") if body is None else ("200 OK", "text/xml; charset=utf-8", body)

    def _authentic_form(self, environ: Environ) -> Mapping[str, str]:
        """The form, if a provider of ours signed it. Raises `Refusal`."""
        path = environ["PATH_INFO"]
        if environ["REQUEST_METHOD"] != "POST":
            raise Refusal("405 Method Not Allowed", "Webhooks are posted here.")
        signatures = self._signatures[path]
        if not signatures.can_be_checked:
            log.warning("webhook refused", reason="TWILIO_AUTH_TOKEN is not set", path=path)
            raise Refusal("403 Forbidden", "This service does not take webhooks: it has no TWILIO_AUTH_TOKEN.")
        pairs = _pairs(_body(environ))
        signature = environ.get("HTTP_X_TWILIO_SIGNATURE", "")
        if not signatures.fit(signature, environ.get("QUERY_STRING", ""), pairs):
            reason = "wrong signature" if signature else "no signature"
            log.warning("webhook refused", reason=reason, path=path, remote=environ.get("REMOTE_ADDR"))
            raise Refusal("403 Forbidden", "The signature does not fit PUBLIC_URL and this request.")
        return _first_of_each(pairs)


def _body(environ: Environ) -> str:
    """The body of a form, as text. Raises `Refusal` for one that is too large or incomplete."""
    if not environ.get("CONTENT_TYPE", "").lower().startswith(_FORM):
        return ""
    given = environ.get("CONTENT_LENGTH") or ""
    length = int(given) if given.isascii() and given.isdigit() else None
    if length is None:
        # Only a server that ends the input by itself can be read to the end.
        length = _LARGEST_BODY + 1 if environ.get("wsgi.input_terminated") else 0
    body: bytes = environ["wsgi.input"].read(length) if length <= _LARGEST_BODY + 1 else b""
    if max(length if given else 0, len(body)) > _LARGEST_BODY:
        raise Refusal("413 Content Too Large", "That is larger than any text.")
    if given and len(body) < length:
        raise Refusal("400 Bad Request", "The body ended early.")
    return body.decode("utf-8", "replace")


def _pairs(text: str) -> list[tuple[str, str]]:
    """Names and values as they came. Raises `Refusal` for more than a provider sends."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        raise Refusal("400 Bad Request", "That has more fields than any text.") from None


def _first_of_each(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in pairs:
        found.setdefault(name, value)
    return found
