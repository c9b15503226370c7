"""The engine's tick for simulated phones: plays what is due, through the doors that webhooks use.

An event is leased, handed over, then deleted. A process that dies in between loses nothing: the
lease runs out and the event is played again, and the services count a repeated SID once.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, insert, select, update
from sqlalchemy.orm import Session

from mobilize.extensions import db
from mobilize.gateways import simulator_voice
from mobilize.models import SimulatedEvent, SimulatedText
from mobilize.services import inbox, receipts

from . import simulated_call

_LEASE = timedelta(seconds=60)


def play_due(now: datetime, limit: int = 500) -> int:
    """Play the simulated events that are due, oldest first; returns how many. Safe in several processes."""
    events = _lease(now, limit)
    if not events:
        return 0
    _note_typed([event for event in events if event.kind not in simulator_voice.KINDS])
    for event in events:
        _hand_over(event)
    with Session(db.engine) as session, session.begin():
        session.execute(delete(SimulatedEvent).where(SimulatedEvent.id.in_([event.id for event in events])))
    return len(events)


def _lease(now: datetime, limit: int) -> list[SimulatedEvent]:
    """Take due events by pushing them into the future; another process then passes them over."""
    with Session(db.engine, expire_on_commit=False) as session, session.begin():
        due = (
            select(SimulatedEvent)
            .where(SimulatedEvent.due_at <= now)
            .order_by(SimulatedEvent.due_at, SimulatedEvent.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        events = list(session.scalars(due))
        if events:
            session.execute(
                update(SimulatedEvent)
                .where(SimulatedEvent.id.in_([event.id for event in events]))
                .values(due_at=now + _LEASE)
                .execution_options(synchronize_session=False)
            )
    return events


def _note_typed(events: Sequence[SimulatedEvent]) -> None:
    """Enter texts that people sent into the phones' ledger, unless they are there (typed on the page)."""
    typed = {event.fields["sid"]: event for event in events if event.kind != "status"}
    with Session(db.engine) as session, session.begin():
        known = set(session.scalars(select(SimulatedText.sid).where(SimulatedText.sid.in_(typed))))
        rows = [
            {
                "sid": sid,
                "phone": event.fields["from_phone"],
                "to_phone": False,
                "message_id": None,
                "body": event.fields["body"],
                "at": event.due_at,
            }
            for sid, event in typed.items()
            if sid not in known
        ]
        if rows:
            session.execute(insert(SimulatedText), rows)


def _hand_over(event: SimulatedEvent) -> None:
    match event.kind:
        case "status":
            receipts.store_status(**event.fields)
        case simulator_voice.STATUS | simulator_voice.KEYS:
            simulated_call.play(event.kind, event.fields)
        case _:
            inbox.store_inbound(**event.fields, raw={"simulated": True})
