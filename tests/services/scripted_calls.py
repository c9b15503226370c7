"""A carrier of calls that does what a test tells it, and a person who is due to be called."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import select

from mobilize.domain.calling import CallOutcome, CallRecord, OutboundCall, Placed
from mobilize.extensions import db
from mobilize.models import VoiceCall
from mobilize.services import call_reports
from mobilize.services.runtime import now


class VoiceScript:
    """Implements `VoiceGateway`. Takes every call, unless ``answer`` says otherwise."""

    name = "script"
    sender = "+15550199"

    def __init__(self) -> None:
        self.given: list[OutboundCall] = []
        self.answer: Callable[[OutboundCall], CallOutcome] = lambda call: Placed(sid_of(call.call_id))
        #: What its list shows; and whether it can be reached.
        self.records: list[CallRecord] = []
        self.unreachable = False
        self.can_take_back = True

    def place(self, call: OutboundCall) -> CallOutcome:
        self.given.append(call)
        return self.answer(call)

    def take_back(self, sid: str) -> bool:
        return self.can_take_back

    def find(self, phone: str, since: datetime) -> Sequence[CallRecord] | None:
        if self.unreachable:
            return None
        return [record for record in self.records if record.to == phone and record.created_at >= since]

    def fetch(self, sid: str) -> CallRecord | None:
        if self.unreachable:
            return None
        return next((record for record in self.records if record.sid == sid), None)

    def lists(self, call: VoiceCall, status: str, seconds: int | None = None, sid: str | None = None) -> None:
        """Let its list show a call."""
        self.records.append(CallRecord(sid or sid_of(call.id), call.to_phone, status, seconds, now()))


def sid_of(call_id: int) -> str:
    return f"CA{call_id:032d}"


def all_calls() -> list[VoiceCall]:
    """All calls, as they are stored now."""
    db.session.expire_all()
    return list(db.session.scalars(select(VoiceCall).order_by(VoiceCall.id)))


def the_call() -> VoiceCall:
    (call,) = all_calls()
    return call


def report(call: VoiceCall, status: str, *, seconds: int | None = None, sid: str | None = None) -> None:
    """The provider reports how a call stands."""
    call_id, phone = call.id, call.to_phone
    db.session.commit()
    call_reports.report(
        call_id=call_id, sid=sid or sid_of(call_id), status=status, to_phone=phone, duration_s=seconds
    )
