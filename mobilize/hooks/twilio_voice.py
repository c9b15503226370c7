"""Twilio's webhooks of calls: keys that people press, and what became of calls.

Somebody waits on the line, so a key is answered with what is said next. What is signed but of no use to us
is acknowledged, or hung up on, with a log line; a fault of ours is a 5xx, which Twilio repeats.
"""

from collections.abc import Mapping

import structlog

from mobilize.domain.calling import MOST_TURNS, MOST_WRONG, Turn
from mobilize.gateways import twiml
from mobilize.services import call_keys, call_reports
from mobilize.services.runtime import settings

from .twilio import (
    LARGEST_ID,
    LARGEST_NUMBER,
    LONGEST_RECIPIENT,
    LONGEST_SID,
    LONGEST_STATUS,
    field,
    fits,
    number,
)

log = structlog.get_logger(__name__)


def keys(form: Mapping[str, str], query: Mapping[str, str]) -> bytes:
    """The key that was pressed, or that none was. The URL has our id for the call, and how far it has come."""
    sid, to_phone, pressed = field(form, "CallSid"), field(form, "To"), field(form, "Digits")
    call_id = number(query.get("call", ""), LARGEST_ID)
    turn = number(query.get("turn", ""), MOST_TURNS)
    wrong = number(query.get("wrong", ""), MOST_WRONG)
    if not fits(sid, LONGEST_SID) or call_id is None or turn is None or wrong is None:
        log.warning("a key without use", sid=sid[:LONGEST_SID], call_id=call_id)
        return twiml.hang_up().encode()
    reply = call_keys.pressed(
        call_id=call_id, sid=sid, to_phone=to_phone, turn=Turn(turn, wrong), keys=pressed[:1]
    )
    if reply is None:
        return twiml.hang_up().encode()
    if reply.turn is None:
        return twiml.tell(reply.speech).encode()
    return twiml.ask(reply.speech, settings().public_url, call_id, reply.turn).encode()


def status(form: Mapping[str, str], query: Mapping[str, str]) -> None:
    """A call of ours changed its status. Our id for it is in the URL."""
    sid, word = field(form, "CallSid"), field(form, "CallStatus")
    call_id = number(query.get("call", ""), LARGEST_ID)
    if not fits(sid, LONGEST_SID) or not fits(word, LONGEST_STATUS) or call_id is None:
        log.warning("report of a call without use", sid=sid[:LONGEST_SID], status=word[:LONGEST_STATUS])
        return
    to_phone = field(form, "To")
    call_reports.report(
        call_id=call_id,
        sid=sid,
        status=word,
        to_phone=to_phone if fits(to_phone, LONGEST_RECIPIENT) else None,
        duration_s=number(form.get("CallDuration", ""), LARGEST_NUMBER),
        error_code=number(form.get("ErrorCode", ""), LARGEST_NUMBER),
    )
