"""Outcomes: what the provider said to a request, written down for many texts at a time.

An outcome counts only for the attempt that it belongs to. A callback that came first has already
moved the text on, and then only the identifier is news; an answer that comes after the lease ran
out settles the doubt.
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import BigInteger, String, bindparam, select, update

from mobilize.domain.delivery import (
    Accepted,
    Cause,
    Deferred,
    ErrorClass,
    MessageState,
    OutboundText,
    Refused,
    SendOutcome,
    Unclear,
)
from mobilize.domain.retry import RetryAt, decide
from mobilize.extensions import db
from mobilize.models import Message

from . import failures, outbox, receipts, senders
from .listed import among, listed
from .runtime import now

Outcomes = Sequence[tuple[OutboundText, SendOutcome]]

#: The states in which an answer to the latest attempt is still news: being sent, in doubt, or waiting to
#: be sent again after a doubt.
_OPEN = frozenset({MessageState.SENDING, MessageState.UNKNOWN, MessageState.QUEUED})


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as it stands when its outcome is written down."""

    id: int
    state: MessageState
    attempt: int
    sid: str | None


def record(provider: str, outcomes: Outcomes) -> None:
    """Write down what a provider said. One transaction, and one more for each text refused for good."""
    by_id = {pair[0].message_id: pair for pair in outcomes}
    if len(by_id) < len(outcomes):  # two attempts of one text: one after the other
        record(provider, [pair for pair in outcomes if by_id[pair[0].message_id] is not pair])
    outbox.touch_callouts_of(list(by_id))
    held = db.session.execute(
        select(Message.id, Message.state, Message.attempt, Message.sid)
        .where(Message.id.in_(among(list(by_id))))
        .order_by(Message.id)
        .with_for_update()
    ).all()
    rows = [_Text(*row) for row in held]
    current = [row for row in rows if row.attempt == by_id[row.id][0].attempt]
    accepted = {i: (t, o) for i, (t, o) in by_id.items() if isinstance(o, Accepted)}
    _accept([row for row in current if row.id in accepted], {i: o.sid for i, (_, o) in accepted.items()})
    _doubt(current, {i: o.detail for i, (_, o) in by_id.items() if isinstance(o, Unclear)})
    _defer(provider, current, {i: o for i, (_, o) in by_id.items() if isinstance(o, Deferred)})
    known = {row.id: row.sid or accepted[row.id][1].sid for row in current if row.id in accepted}
    _keep_evidence([(t, o.sid) for i, (t, o) in accepted.items() if known.get(i) != o.sid])
    senders.worked(provider, [text for text, _ in accepted.values()])
    db.session.commit()
    for text, outcome in outcomes:
        if isinstance(outcome, Refused):
            failures.settle_refusal(text, outcome)


def _accept(rows: Sequence[_Text], sids: Mapping[int, str]) -> None:
    """The usual end: many rows in one statement."""
    at = now()
    requeued = [sids[row.id] for row in rows if row.state is MessageState.QUEUED]
    failed = receipts.failed_sids(requeued) if requeued else frozenset()
    rows = [row for row in rows if sids[row.id] not in failed]
    news = [row for row in rows if row.state in _OPEN]
    if news:
        same = {"state": MessageState.ACCEPTED, "accepted_at": at, **outbox.timers(MessageState.ACCEPTED)}
        given = listed([(row.id, sids[row.id]) for row in news], {"id": BigInteger(), "sid": String()})
        db.session.execute(
            update(outbox.MESSAGES).where(outbox.MESSAGES.c.id == given.c.id).values(sid=given.c.sid, **same)
        )
        outbox.log_steps([(row.id, row.state) for row in news], MessageState.ACCEPTED, Cause.ANSWER)
    overtaken = [row.id for row in rows if row.state not in _OPEN and row.sid is None]
    if overtaken:
        db.session.execute(
            update(outbox.MESSAGES).where(outbox.MESSAGES.c.id == bindparam("message_id")),
            [{"message_id": i, "sid": sids[i], "accepted_at": at} for i in overtaken],
        )


def _doubt(rows: Sequence[_Text], details: Mapping[int, str]) -> None:
    by_detail: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.id in details and row.state is MessageState.SENDING:
            by_detail[details[row.id]].append(row.id)
    for detail, ids in by_detail.items():
        timers = outbox.timers(MessageState.UNKNOWN)
        outbox.move(ids, MessageState.SENDING, MessageState.UNKNOWN, Cause.ANSWER, detail, **timers)


def _defer(provider: str, rows: Sequence[_Text], deferred: Mapping[int, Deferred]) -> None:
    """Texts that certainly were not taken: again later, or never if their deadline comes first."""
    ids = [r.id for r in rows if r.id in deferred and r.state in (MessageState.SENDING, MessageState.UNKNOWN)]
    unreachable = [deferred[i].detail for i in ids if deferred[i].error_class is ErrorClass.UNREACHABLE]
    if unreachable:
        senders.pause(provider, unreachable[0], probe_after=senders.UNREACHABLE_PROBE)
    for message in db.session.scalars(select(Message).where(Message.id.in_(ids)).order_by(Message.id)):
        why = deferred[message.id]
        message.error_class, message.error_code = why.error_class, why.code
        decision = decide(
            why.error_class,
            message.attempt,
            now(),
            message.expires_at,
            jitter=random.random(),  # noqa: S311 - spreads retries, guards nothing
            retry_after_s=why.retry_after_s,
        )
        if isinstance(decision, RetryAt):
            outbox.requeue(message, Cause.ANSWER, why.detail, decision.at)
        elif outbox.step(message, MessageState.FAILED, Cause.ANSWER, decision.reason):
            failures.mark_unreachable([message.id])


def _keep_evidence(found: Sequence[tuple[OutboundText, str]]) -> None:
    """Answers with another identifier than the text has, or to an attempt that is no longer the latest.

    Kept as reports, which tells of a second text.
    """
    receipts.keep(
        [
            receipts.Report(sid, "accepted", None, text.message_id, text.attempt, text.to, looked_up=True)
            for text, sid in found
        ]
    )
