"""Twilio's webhooks: texts that people sent, and what became of ours.

Twilio waits 15 seconds and repeats little, so a hook only verifies and stores. What is signed but
of no use to us (a field missing, an id that is not ours) is acknowledged with a log line: a refusal
would make Twilio repeat it, and it would not get better. A fault of ours is a 5xx, which Twilio
repeats, because our callback URL asks for that.
"""

import structlog
from flask import Blueprint, Response, request

from mobilize.services import guard, inbox, receipts
from mobilize.services.runtime import settings

from .signature import is_signed

log = structlog.get_logger(__name__)

blp = Blueprint("hooks", __name__, url_prefix="/hooks/twilio")

#: Bytes. A text of 1,600 characters with all its fields has less than 16 KiB.
_LARGEST_BODY = 64 * 1024
#: Twilio's identifiers have 34 characters; the columns hold 64.
_LONGEST_SID = 64
_LONGEST_STATUS = 32
_LONGEST_PHONE = 32
_LARGEST_ID = 2**63 - 1
_LARGEST_CODE = 2**31 - 1


@blp.before_request
def verify() -> Response | None:
    """Refuse what Twilio did not sign."""
    request.max_content_length = _LARGEST_BODY
    token = settings().twilio_auth_token
    if not token:
        log.warning("webhook refused", reason="TWILIO_AUTH_TOKEN is not set", path=request.path)
        return _answer(403, "This service does not take webhooks: it has no TWILIO_AUTH_TOKEN.\n")
    if not is_signed(request, settings().public_url, token):
        log.warning(
            "webhook refused",
            reason="no signature" if "X-Twilio-Signature" not in request.headers else "wrong signature",
            path=request.path,
            remote=request.remote_addr,
        )
        return _answer(403, "The signature does not fit PUBLIC_URL and this request.\n")
    return None


@blp.post("/status")
@guard.open_to_all
def status() -> Response:
    """A text of ours changed its status. Our id for it is in the URL."""
    sid, word = _field("MessageSid", "SmsSid"), _field("MessageStatus", "SmsStatus")
    if not _fits(sid, _LONGEST_SID) or not _fits(word, _LONGEST_STATUS):
        log.warning("status callback without use", sid=sid[:_LONGEST_SID], status=word[:_LONGEST_STATUS])
        return _answer(204)
    code = _number(_field("ErrorCode"), _LARGEST_CODE)
    message_id = _number(request.args.get("message", ""), _LARGEST_ID)
    new = receipts.store_status(sid=sid, status=word, error_code=code, message_id=message_id)
    log.info("status callback", sid=sid, status=word, error_code=code, message_id=message_id, new=new)
    return _answer(204)


@blp.post("/inbound")
@guard.open_to_all
def inbound() -> Response:
    """Somebody sent a text. Whose number it is is found out later, and an unknown one is kept too."""
    sid, sender = _field("MessageSid", "SmsSid"), _field("From")
    if not _fits(sid, _LONGEST_SID) or not _fits(sender, _LONGEST_PHONE):
        log.warning("inbound text without use", sid=sid[:_LONGEST_SID], fields=sorted(request.form)[:40])
        return _empty_twiml()
    new = inbox.store_inbound(
        sid=sid,
        from_phone=sender,
        to_phone=_field("To")[:_LONGEST_PHONE],
        body=_field("Body"),
        raw=request.form.to_dict(),
    )
    log.info("inbound text", sid=sid, new=new)
    return _empty_twiml()


def _field(*names: str) -> str:
    """The first of these form fields that is there, or an empty text."""
    return next((_storable(request.form[name]) for name in names if name in request.form), "")


def _storable(value: str) -> str:
    """PostgreSQL cannot store the character NUL."""
    return value.replace("\x00", "\ufffd")


def _fits(value: str, longest: int) -> bool:
    return 0 < len(value) <= longest


def _number(value: str, largest: int) -> int | None:
    """A non-negative whole number that the column can hold, or ``None``."""
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        return None
    return number if (number := int(value)) <= largest else None


def _empty_twiml() -> Response:
    """Nothing for Twilio to send back: our answers go out as texts of their own."""
    return Response("<Response/>", mimetype="text/xml")


def _answer(code: int, text: str = "") -> Response:
    return Response(text, status=code, mimetype="text/plain")
