"""Claiming: which queued texts this process sends now, and from which sender.

The claim is committed before the first request leaves. It counts an attempt and carries a lease;
a lease that runs out means that nobody knows, never that the text may be sent again.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, false, not_, or_, select, update

from mobilize.domain.delivery import Cause, DoubtEnding, MessageState, OutboundText
from mobilize.domain.pacing import Waiting, allot, segments_by_sender
from mobilize.extensions import db
from mobilize.models import Message

from . import outbox, senders
from .listed import among
from .ports import SmsGateway
from .runtime import now, settings
from .senders import Line, Openings

#: Who claims: unique for each process.
WORKER = f"{socket.gethostname()[:40]}:{os.getpid()}"
#: How long a text that no open sender can take waits before it is looked at again.
ASIDE = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Batch:
    """Texts claimed for one provider."""

    gateway: SmsGateway
    texts: Sequence[OutboundText]


@dataclass(frozen=True, slots=True)
class _Due:
    """A queued text, as the columns of `_due` give it."""

    id: int
    to_phone: str
    body: str
    segments: int
    attempt: int
    expires_at: datetime
    avoid: str | None
    provider: str | None
    doubt_ending: DoubtEnding | None


def claim(limit: int) -> tuple[list[Batch], datetime | None]:
    """Take at most ``limit`` texts for this worker, and commit that before anything leaves.

    Also tells when a sender that is only busy has room again, if nothing more can go before.
    """
    at = now()
    if not _anything_due(at):  # then no sender is held, and none of its probes used up
        db.session.commit()
        return [], None
    open_now = senders.openings()
    batches: list[Batch] = []
    if any(room > 0 for room in open_now.rooms.values()):
        due = _due(at, limit, open_now)
        texts = [_waiting(row) for row in due]
        allotted = _allot(due, texts, open_now)
        senders.spend(open_now, segments_by_sender(texts, allotted))
        batches = _take(at, due, allotted, open_now)
        _step_aside([text for text in texts if text.message_id not in allotted], due, open_now)
    db.session.commit()
    return batches, open_now.next_at


def _may_go(at: datetime) -> list[ColumnElement[bool]]:
    return [Message.state == MessageState.QUEUED, Message.next_attempt_at <= at, Message.expires_at > at]


def _anything_due(at: datetime) -> bool:
    first = select(Message.id).where(*_may_go(at)).order_by(Message.priority, Message.rank, Message.id).limit(1)
    return db.session.scalar(first) is not None


def _due(at: datetime, limit: int, open_now: Openings) -> Sequence[_Due]:
    """The texts that may go, first things first; those that another engine takes are passed over."""
    rows = db.session.execute(
        select(
            Message.id,
            Message.to_phone,
            Message.body,
            Message.segments,
            Message.attempt,
            Message.expires_at,
            Message.avoid,
            Message.provider,
            Message.doubt_ending,
        )
        .where(*_may_go(at), _has_taker(open_now))
        .order_by(Message.priority, Message.rank, Message.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    return [_Due(*row) for row in rows]


def _has_taker(open_now: Openings) -> ColumnElement[bool]:
    """Whether a sender that has room now may send a text, and can reach its phone.

    The others are passed over: those that wait for a slow sender, or whose country is held back, may be
    a hundred thousand, and must not keep another sender from the texts behind them.
    """
    ways = []
    for provider in dict.fromkeys(line.provider for line in open_now.lines):
        names = [line.name for line in open_now.lines if line.provider == provider]
        free = [name for name in names if open_now.rooms.get(name, 0) > 0]
        reached = or_(Message.avoid.is_(None), *(not_(_avoided(name)) for name in free))
        held = sorted(open_now.held.get(provider, ()))
        if free:
            ways.append(and_(reached, *(not_(Message.to_phone.startswith(prefix)) for prefix in held)))
    return or_(false(), *ways)


def _avoided(name: str) -> ColumnElement[bool]:
    return ("\n" + Message.avoid + "\n").contains(f"\n{name}\n", autoescape=True)


def _waiting(row: _Due) -> Waiting:
    return Waiting(row.id, row.to_phone, row.segments, frozenset((row.avoid or "").splitlines()))


def _allot(due: Sequence[_Due], texts: Sequence[Waiting], open_now: Openings) -> dict[int, str]:
    """Give each text a sender of the first provider that can send it.

    The next provider gets only texts that those before it cannot send at all: their senders are
    paused, or cannot reach the phone. A text that is sent again although it may have arrived stays
    with its provider.
    """
    allotted: dict[int, str] = {}
    rows = {row.id: row for row in due}
    for provider in dict.fromkeys(line.provider for line in open_now.lines):
        own = [line.name for line in open_now.lines if line.provider == provider]
        rooms = {name: open_now.rooms[name] for name in own if name in open_now.rooms}
        mine = [
            text
            for text in texts
            if text.message_id not in allotted
            and _may_use(rows[text.message_id], provider, open_now)
            and not _has_earlier(text, provider, open_now)
        ]
        allotted |= allot(_one_to_each_probed(mine, open_now.probed.get(provider, frozenset())), rooms)
    return allotted


def _one_to_each_probed(texts: Sequence[Waiting], prefixes: frozenset[str]) -> list[Waiting]:
    """Of the texts to a country whose pause is probed, the first alone."""
    first = {prefix: next((t for t in texts if t.to.startswith(prefix)), None) for prefix in prefixes}
    return [
        text
        for text in texts
        if all(not text.to.startswith(prefix) or text is probe for prefix, probe in first.items())
    ]


def _may_use(row: _Due, provider: str, open_now: Openings) -> bool:
    if row.doubt_ending is DoubtEnding.RESENT and row.provider != provider:
        return False
    return not row.to_phone.startswith(tuple(open_now.held.get(provider, ())) or ("\0",))


def _has_earlier(text: Waiting, provider: str, open_now: Openings) -> bool:
    """Whether a provider before this one has a sender that could send the text, now or soon."""
    for line in open_now.lines:
        if line.provider == provider:
            return False
        if line.name in open_now.rooms and line.name not in text.avoid:
            return not text.to.startswith(tuple(open_now.held.get(line.provider, ())) or ("\0",))
    return False


def _step_aside(left: Sequence[Waiting], due: Sequence[_Due], open_now: Openings) -> None:
    """Texts that no open sender can take make room for those behind them, for a while."""
    rows = {row.id: row for row in due}
    stuck = [
        text.message_id
        for text in left
        if not any(
            line.name in open_now.rooms
            and line.name not in text.avoid
            and _may_use(rows[text.message_id], line.provider, open_now)
            for line in open_now.lines
        )
    ]
    if stuck:
        db.session.execute(
            update(outbox.MESSAGES).where(outbox.MESSAGES.c.id.in_(stuck)).values(next_attempt_at=now() + ASIDE)
        )


def _take(at: datetime, due: Sequence[_Due], allotted: Mapping[int, str], open_now: Openings) -> list[Batch]:
    """Mark the allotted texts as being sent, and make them ready to send."""
    lease_until = at + timedelta(seconds=settings().lease_seconds)
    leave_by = lease_until - timedelta(seconds=settings().twilio_timeout_seconds + 1)
    by_line: dict[str, list[_Due]] = {}
    for row in due:
        if row.id in allotted:
            by_line.setdefault(allotted[row.id], []).append(row)
    texts: dict[SmsGateway, list[OutboundText]] = {}
    for line in open_now.lines:
        rows = by_line.get(line.name, [])
        if rows:
            _mark(line, [row.id for row in rows], at, lease_until)
            texts.setdefault(line.gateway, []).extend(_text(row, line, at, leave_by) for row in rows)
    return [Batch(gateway, some) for gateway, some in texts.items()]


def _mark(line: Line, ids: Sequence[int], at: datetime, lease_until: datetime) -> None:
    db.session.execute(
        update(outbox.MESSAGES)
        .where(outbox.MESSAGES.c.id.in_(among(ids)))
        .values(
            state=MessageState.SENDING,
            attempt=outbox.MESSAGES.c.attempt + 1,
            claimed_at=at,
            lease_until=lease_until,
            claimed_by=WORKER,
            provider=line.provider,
            sender=line.address,
        )
    )
    steps = [(message_id, MessageState.QUEUED) for message_id in ids]
    outbox.log_steps(steps, MessageState.SENDING, Cause.CLAIM, f"{WORKER} by {line.name}")


def _text(row: _Due, line: Line, at: datetime, leave_by: datetime) -> OutboundText:
    return OutboundText(
        message_id=row.id,
        to=row.to_phone,
        body=row.body,
        sender=line.address,
        validity_s=max(1, int((row.expires_at - at).total_seconds())),
        attempt=row.attempt + 1,
        leave_by=min(leave_by, row.expires_at),
    )
