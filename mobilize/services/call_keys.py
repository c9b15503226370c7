"""Keys pressed in a call. A key that means something is an answer like any other, by the channel ``voice``.

It is stored first, durably; then it is put into effect at once, because somebody waits on the line to hear
whether they are to come. Should that not be possible now, the engine does it, and they hear that much.
"""

from dataclasses import dataclass

import structlog
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from mobilize.domain.calling import AskAgain, CallState, GiveUp, Turn, after_keys
from mobilize.domain.speech import Speech
from mobilize.domain.vocabulary import CalloutStatus, Channel, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, InboundMessage, Recipient, VoiceCall

from . import access, call_speech, call_steps, inbox
from .runtime import runtime

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Reply:
    """What is said next; ``turn``: then the question stands again, otherwise the call is over."""

    speech: Speech
    turn: Turn | None


def pressed(*, call_id: int, sid: str, to_phone: str, turn: Turn, keys: str) -> Reply | None:
    """A key came, or the time for one passed (``""``); what to say now. ``None``: it is no call of ours.

    Raises `intake.NotStored` when an answer cannot be kept; the provider brings it again.
    """
    call = db.session.get(VoiceCall, call_id)
    if call is None or call.provider is None or call.to_phone != to_phone:
        log.warning("a key in another call", call_id=call_id, sid=sid)
        db.session.commit()
        return None
    match after_keys(turn, keys):
        case AskAgain(following, mistaken):
            return Reply(call_speech.question(call, mistaken=mistaken), following)
        case GiveUp():
            return Reply(call_speech.confirmation(call, "goodbye"), None)
        case answered:
            return Reply(_take_answer(call, sid, turn, answered.key), None)


def _take_answer(call: VoiceCall, sid: str, turn: Turn, key: str) -> Speech:
    call_id, voice = call.id, runtime().voice
    inbound_sid = f"call:{sid}:{turn.number}"
    inbox.store_inbound(
        sid=inbound_sid,
        from_phone=call.to_phone,
        to_phone=voice.sender if voice else "",
        body=key,
        raw={"call": call_id, "turn": turn.number},
        channel=Channel.VOICE,
        recipient_id=call.recipient_id,
    )
    try:
        _note(call_id, sid, key)
        inbox.handle_at_once(inbound_sid)
        kind = _effect(call_id, inbound_sid, key)
    except SQLAlchemyError:  # it is stored: the engine does the rest
        log.exception("a key waits for the engine", call_id=call_id)
        db.session.rollback()
        kind = "noted"
    return call_speech.confirmation(db.session.get_one(VoiceCall, call_id), kind)


def _note(call_id: int, sid: str, key: str) -> None:
    """The call has its answer. One transaction."""
    call = call_steps.hold(call_id)
    if call is not None and call.sid in (None, sid):
        call.sid, call.key = sid, key
        call_steps.step(call, CallState.ANSWERED)
    db.session.commit()


def _effect(call_id: int, inbound_sid: str, key: str) -> str:
    """What the answer has come to: one of `speech.CONFIRMATIONS`."""
    call = db.session.get_one(VoiceCall, call_id)
    understood = db.session.scalar(
        select(InboundMessage.understood_at).where(InboundMessage.sid == inbound_sid)
    )
    recipient = db.session.get_one(Recipient, call.recipient_id, populate_existing=True)
    callout = db.session.get_one(Callout, call.callout_id, populate_existing=True)
    if understood is None:
        return "noted"
    if key == "1" and recipient.state in access.COMMITTED and recipient.closed_at is None:
        return "accepted" if recipient.need_id is not None else "reserve"
    if key == "1" or callout.status is CalloutStatus.ENDED:
        return "not_needed"
    return "limited" if recipient.state is RecipientState.LIMITED else "declined" if key == "2" else "noted"
