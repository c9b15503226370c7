"""Twilio's webhooks: texts that people sent, and what became of ours.

Twilio waits 15 seconds and repeats little, so a hook only stores. What is signed but of no use to us
(a field missing, an id that is not ours) is acknowledged with a log line: a refusal would make Twilio
repeat it, and it would not get better. A fault of ours is a 5xx, which Twilio repeats, because our
callback URL asks for that.
"""

from collections.abc import Mapping

import structlog

from mobilize.services import inbox, receipts

log = structlog.get_logger(__name__)

#: Twilio's identifiers have 34 characters; the columns hold 64.
LONGEST_SID = 64
LONGEST_STATUS = 32
_LONGEST_PHONE = 32
#: A phone in E.164 has 16 characters at most.
LONGEST_RECIPIENT = 16
LARGEST_ID = 2**63 - 1
LARGEST_NUMBER = 2**31 - 1
_MOST_MEDIA = 99

#: Nothing for Twilio to send back: our answers go out as texts of their own.
_EMPTY_TWIML = b"<Response/>"


def status(form: Mapping[str, str], query: Mapping[str, str]) -> None:
    """A text of ours changed its status. Our id for it, and the attempt, are in the URL."""
    sid, word = field(form, "MessageSid", "SmsSid"), field(form, "MessageStatus", "SmsStatus")
    if not fits(sid, LONGEST_SID) or not fits(word, LONGEST_STATUS):
        log.warning("status callback without use", sid=sid[:LONGEST_SID], status=word[:LONGEST_STATUS])
        return
    to_phone = field(form, "To")
    receipts.store_status(
        sid=sid,
        status=word,
        error_code=number(form.get("ErrorCode", ""), LARGEST_NUMBER),
        message_id=number(query.get("message", ""), LARGEST_ID),
        attempt=number(query.get("attempt", ""), LARGEST_NUMBER),
        to_phone=to_phone if fits(to_phone, LONGEST_RECIPIENT) else None,
    )


def inbound(form: Mapping[str, str], _query: Mapping[str, str]) -> bytes:
    """Somebody sent a text. Whose number it is is found out later, and an unknown one is kept too."""
    sid, sender = field(form, "MessageSid", "SmsSid"), field(form, "From")
    if not fits(sid, LONGEST_SID) or not fits(sender, _LONGEST_PHONE):
        log.warning("inbound text without use", sid=sid[:LONGEST_SID], fields=sorted(form)[:40])
        return _EMPTY_TWIML
    inbox.store_inbound(
        sid=sid,
        from_phone=sender,
        to_phone=field(form, "To")[:_LONGEST_PHONE],
        body=field(form, "Body"),
        # Pictures stay at the provider; their addresses are among the raw fields, and nobody fetches them.
        media_count=number(field(form, "NumMedia"), _MOST_MEDIA) or 0,
        raw=form,
    )
    return _EMPTY_TWIML


def field(form: Mapping[str, str], *names: str) -> str:
    """The first of these form fields that is there, or an empty text."""
    return next((_storable(form[name]) for name in names if name in form), "")


def _storable(value: str) -> str:
    """PostgreSQL cannot store the character NUL."""
    return value.replace("\x00", "\ufffd")


def fits(value: str, longest: int) -> bool:
    return 0 < len(value) <= longest


def number(value: str, largest: int) -> int | None:
    """A non-negative whole number that the column can hold, or ``None``."""
    if not (value.isascii() and value.isdigit() and len(value) < 20):
        return None
    return found if (found := int(value)) <= largest else None
