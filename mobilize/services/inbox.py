"""Answers from volunteers: stored as they come, understood and acted upon later, by the engine.

Storing is all that a webhook does. `understand_pending` does the rest, one transaction an answer, so
that one that cannot be handled holds up no other. What an answer means is for `understanding`.
"""

from collections.abc import Mapping
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.exc import OperationalError

from mobilize.domain.vocabulary import Channel, Intent
from mobilize.extensions import db
from mobilize.models import InboundMessage

from . import intake, understanding
from .runtime import now, work_waiting

log = structlog.get_logger(__name__)

#: What Twilio may deliver in one inbound text.
LONGEST = 1600 * 4


def store_inbound(
    *,
    sid: str,
    from_phone: str,
    to_phone: str,
    body: str,
    raw: Mapping[str, Any],
    channel: Channel = Channel.TEXT,
    media_count: int = 0,
    recipient_id: int | None = None,
) -> bool:
    """Keep one answer, durably, once. False if its SID is known already. Ends the open transaction.

    ``recipient_id`` is given where the channel itself tells whose answer it is and to which callout: a
    link, a call. The body is then what the person would have typed: ``1 20``. Raises `intake.NotStored`.
    """
    row = {
        "sid": sid[:64],
        "from_phone": from_phone[:32],
        "to_phone": to_phone[:32],
        "body": _storable(body)[:LONGEST],
        "raw": {name: _storable(value) for name, value in raw.items()},
        "received_at": now(),
        "channel": channel,
        "media_count": media_count,
        "recipient_id": recipient_id,
    }
    # What one person sends goes in as it came: a later text may take an earlier one back.
    return intake.store(InboundMessage, row, order=from_phone)


def _storable(value: Any) -> Any:
    """PostgreSQL's text holds every character but NUL."""
    return value.replace("\0", "\ufffd") if isinstance(value, str) else value


def understand_pending(limit: int = 200) -> int:
    """Understand stored texts and act on them, oldest first. Returns how many were handled."""
    handled = 0
    while handled < limit:
        inbound = db.session.scalars(
            select(InboundMessage)
            .where(InboundMessage.understood_at.is_(None))
            .order_by(InboundMessage.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        ).one_or_none()
        if inbound is None:
            db.session.commit()
            break
        _handle(inbound)
        handled += 1
    if handled:
        work_waiting.send()
    return handled


def handle_at_once(sid: str) -> InboundMessage | None:
    """Understand one stored answer now, for somebody who waits for it; ``None`` if the engine was faster."""
    inbound = db.session.scalars(
        select(InboundMessage)
        .where(InboundMessage.sid == sid, InboundMessage.understood_at.is_(None))
        .with_for_update(skip_locked=True)
    ).one_or_none()
    if inbound is not None:
        _handle(inbound)
        work_waiting.send()
    return inbound


def _handle(inbound: InboundMessage) -> None:
    """Understand one text and commit. If that fails, a person reads it; the texts behind it go on."""
    inbound_id = inbound.id
    try:
        understanding.understand(inbound)
        inbound.understood_at = now()
        db.session.commit()
    except OperationalError:
        raise  # the database is away or busy: the text waits for the next tick
    except Exception:  # the last line of defence: whatever it was, the text must not be lost or block
        log.exception("a text could not be handled", inbound_id=inbound_id)
        db.session.rollback()
        db.session.execute(
            update(InboundMessage)
            .where(InboundMessage.id == inbound_id)
            .values(understood_at=now(), intent=Intent.UNCLEAR, effect="could not be handled; please read it")
        )
        db.session.commit()
