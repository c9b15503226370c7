"""Delivery reports: stored as they come, applied to texts later, by the engine.

A report may come late, twice, out of order, and before the answer to the request that sent the text.
What we looked up at the provider ourselves is kept in the same table and applied in the same way.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import ColumnElement, Row, bindparam, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from mobilize.domain.delivery import ENDED_SHORT, Cause, MessageState, Refused, may_become, state_for
from mobilize.domain.retry import classify
from mobilize.domain.vocabulary import AlarmKind, CalloutStatus, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Message, Recipient, StatusCallback

from . import alarms, answers, failures, intake, outbox, places
from .runtime import now

log = structlog.get_logger(__name__)

#: A report about a text that we do not know yet is kept this long: its send may still be being recorded.
PATIENCE = timedelta(minutes=10)
#: What is noted of a report that proves a second text for one call; counted in the figures.
SECOND_COPY = "second copy"
#: The provider's words that end a text short of its phone.
_FAILED_WORDS = ("failed", "undelivered", "canceled")
#: States from which a good report simply moves a text on.
_OPEN = frozenset(
    {
        MessageState.QUEUED,
        MessageState.SENDING,
        MessageState.UNKNOWN,
        MessageState.ACCEPTED,
        MessageState.SENT,
    }
)
_GOOD = frozenset({MessageState.ACCEPTED, MessageState.SENT, MessageState.DELIVERED})


@dataclass(frozen=True, slots=True)
class Report:
    """What the provider says of one text. ``message_id`` and ``attempt`` are ours, where they are known."""

    sid: str
    status: str
    error_code: int | None
    message_id: int | None
    attempt: int | None
    to_phone: str | None
    looked_up: bool = False


def keep(reports: Sequence[Report]) -> None:
    """Store reports that are new. Adds to the current transaction."""
    if not reports:
        return
    dialect = postgresql if db.engine.dialect.name == "postgresql" else sqlite
    db.session.execute(
        dialect.insert(StatusCallback.__table__).on_conflict_do_nothing(),
        [
            {
                "sid": report.sid,
                "status": report.status,
                "error_code": report.error_code,
                "message_id": report.message_id,
                "attempt": report.attempt,
                "to_phone": report.to_phone,
                "looked_up": report.looked_up,
                "received_at": now(),
            }
            # In one order everywhere: two engines that store the same reports wait, and do not cross.
            for report in sorted(reports, key=lambda one: (one.sid, one.status))
        ],
    )


def store_status(
    *,
    sid: str,
    status: str,
    error_code: int | None,
    message_id: int | None,
    attempt: int | None = None,
    to_phone: str | None = None,
) -> bool:
    """Keep one report, durably. False if we had it already. Ends the open transaction.

    ``message_id`` is our own and ``attempt`` the attempt that it speaks of, both from the callback's URL;
    ``to_phone`` comes from its form. Raises `intake.NotStored`.
    """
    row = {
        "sid": sid[:64],
        "status": status[:32],
        "error_code": error_code,
        "message_id": message_id,
        "attempt": attempt,
        "to_phone": to_phone,
        "received_at": now(),
    }
    return intake.store(StatusCallback, row, order=f"{row['sid']} {row['status']}")


@dataclass(slots=True)
class _Text:
    """A text as the reports of one batch find it, one after the other."""

    id: int
    state: MessageState
    attempt: int
    sid: str | None
    to_phone: str


def apply_pending(limit: int = 500) -> int:
    """Apply reports that have not been applied; returns how many were settled.

    Good news go together in one transaction. News that touch a person's record or place are applied
    after that, each in a transaction of its own.
    """
    pending = db.session.execute(
        select(StatusCallback.__table__)
        .where(
            StatusCallback.applied_at.is_(None),
            _known_text() | (StatusCallback.received_at <= now() - PATIENCE),
        )
        .order_by(StatusCallback.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    ).all()
    if not pending:
        db.session.commit()
        return 0
    texts = _texts_of(pending)
    failed = failed_sids({report.sid for report in pending})
    moved: dict[int, tuple[MessageState, _Text]] = {}
    outcomes: list[dict[str, Any]] = []
    apart: list[int] = []
    for report in pending:
        text = texts.get(report.message_id) or texts.get(report.sid)
        outcome, state = judge(report, text, texts.get(report.sid), failed)
        if state is None:
            outcomes.append({"report_id": report.id, "outcome": outcome})
        elif text is not None and text.state in _OPEN and state in _GOOD:
            moved.setdefault(text.id, (text.state, text))
            text.state, text.sid = state, text.sid or report.sid
            texts.setdefault(report.sid, text)
            outcomes.append({"report_id": report.id, "outcome": f"now {state.value}"})
        else:
            apart.append(report.id)
    _move(moved.values(), {report.message_id or 0: report for report in pending})
    _note(outcomes)
    db.session.commit()
    for report_id in apart:
        _apply_apart(report_id)
    return len(pending)


def _known_text() -> ColumnElement[bool]:
    """Whether the text that a report speaks of is there; the others wait without holding these up."""
    return exists().where((Message.id == StatusCallback.message_id) | (Message.sid == StatusCallback.sid))


def _texts_of(reports: Iterable[Row[Any]]) -> dict[int | str | None, _Text]:
    """The texts that reports speak of, by our id and by the provider's, held after their callouts."""
    ids = {r.message_id for r in reports if r.message_id is not None}
    sids = {r.sid for r in reports}
    meant = Message.id.in_(ids) | Message.sid.in_(sids)
    outbox.touch(db.session.scalars(select(Message.callout_id).distinct().where(meant)).all())
    found: dict[int | str | None, _Text] = {}
    for row in db.session.execute(
        select(Message.id, Message.state, Message.attempt, Message.sid, Message.to_phone)
        .where(meant)
        .order_by(Message.id)
        .with_for_update()
    ):
        found[row.id] = text = _Text(*row)
        if row.sid is not None:
            found[row.sid] = text
    return found


def failed_sids(sids: Iterable[str]) -> frozenset[str]:
    """Those that the provider has reported as failed: what it says of them besides came late."""
    return frozenset(
        db.session.scalars(
            select(StatusCallback.sid).where(
                StatusCallback.sid.in_(list(sids)), StatusCallback.status.in_(_FAILED_WORDS)
            )
        )
    )


def judge(report: Any, text: Any, by_sid: Any, failed: frozenset[str]) -> tuple[str, MessageState | None]:
    """What a report means for a text: the state that it goes to, or none and the reason why not.

    ``text`` is the one that the report names, ``by_sid`` the one known by the provider's identifier.
    """
    state = state_for(report.status, report.error_code)
    if text is None:
        log.warning("report about an unknown text", sid=report.sid, message_id=report.message_id)
        return "no such text", None
    if by_sid is not None and by_sid is not text:
        log.error("report names two texts", message_id=text.id, sid_of=by_sid.id)
        return f"the identifier belongs to message {by_sid.id}", None
    if (report.to_phone and report.to_phone != text.to_phone) or text.attempt == 0:
        log.error("report about another text", message_id=text.id, sid=report.sid)
        return "speaks of a text that was never sent from here", None
    if state is None:
        # Whatever the word means, the provider speaks of a text that it has taken.
        alarms.raise_alarm(AlarmKind.UNKNOWN_ERROR_CODE, report.status, f"unknown status {report.status!r}")
        state = MessageState.ACCEPTED
    if report.sid in failed and state in _GOOD - {MessageState.DELIVERED}:
        return "came after the report that it failed", None
    earlier = report.attempt is not None and report.attempt < text.attempt
    if text.sid != report.sid and (text.sid is not None or earlier) and state not in _GOOD:
        return "an earlier attempt that failed", None
    # Without an identifier of its own yet the text is proved by this one, whichever attempt it was: it
    # is not sent again, and what the attempt after it brings is the second copy.
    if text.sid not in (None, report.sid):
        log.error("text sent twice", message_id=text.id, sid=text.sid, other_sid=report.sid)
        return SECOND_COPY, None
    if not may_become(text.state, state):
        return f"nothing new: the text is {text.state.value}", None
    return "", state


def _move(moved: Iterable[tuple[MessageState, _Text]], reports: Mapping[int, Row[Any]]) -> None:
    """Write the new states of many texts, with one event for each."""
    by_state: dict[MessageState, list[tuple[MessageState, _Text]]] = {}
    for before, text in moved:
        by_state.setdefault(text.state, []).append((before, text))
    for state, some in by_state.items():
        timers = outbox.timers(state)
        db.session.execute(
            update(outbox.MESSAGES).where(outbox.MESSAGES.c.id == bindparam("message_id")),
            [{"message_id": t.id, "state": state, "sid": t.sid, "error_code": None, **timers} for _, t in some],
        )
        for looked_up in (False, True):
            steps = [
                (text.id, before)
                for before, text in some
                if (text.id in reports and reports[text.id].looked_up) is looked_up
            ]
            outbox.log_steps(steps, state, _cause(looked_up))


def _cause(looked_up: bool) -> Cause:
    return Cause.RECONCILIATION if looked_up else Cause.CALLBACK


def _note(outcomes: Sequence[dict[str, Any]]) -> None:
    if outcomes:
        table = StatusCallback.__table__
        db.session.execute(
            update(table).where(table.c.id == bindparam("report_id")).values(applied_at=now()),  # type: ignore[arg-type]
            outcomes,
        )


def _apply_apart(report_id: int) -> None:
    """Apply a report that ends a text, or brings an ended one back. One transaction."""
    report = db.session.scalars(
        select(StatusCallback)
        .where(StatusCallback.id == report_id, StatusCallback.applied_at.is_(None))
        .with_for_update(skip_locked=True)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if report is None:  # another engine applies it
        db.session.commit()
        return
    message_id = report.message_id
    if message_id is None or db.session.get(Message, message_id) is None:
        message_id = db.session.scalar(select(Message.id).where(Message.sid == report.sid))
    message = failures.hold(message_id) if message_id is not None else None
    by_sid = db.session.scalars(select(Message).where(Message.sid == report.sid)).one_or_none()
    report.outcome, state = judge(report, message, by_sid, failed_sids([report.sid]))
    report.applied_at = now()
    if message is not None and state is not None:
        message.sid = message.sid or report.sid
        _end_or_reopen(message, state, report)
        report.outcome = f"now {message.state.value}"
    db.session.commit()


def _end_or_reopen(message: Message, state: MessageState, report: StatusCallback) -> None:
    cause, detail = _cause(report.looked_up), f"error {report.error_code}" if report.error_code else None
    if state in (MessageState.FAILED, MessageState.UNDELIVERED):
        refused = Refused(classify(None, report.error_code), report.error_code, detail or "failed")
        failures.settle(message, state, refused, cause)
        return
    was_suppressed = message.state is MessageState.SUPPRESSED
    if not outbox.step(message, state, cause, detail):
        return
    message.error_code = report.error_code
    if state in ENDED_SHORT:
        failures.mark_unreachable([message.id])
    elif state is MessageState.DELIVERED:
        _reached_after_all(message, was_suppressed)


def _reached_after_all(message: Message, was_suppressed: bool) -> None:
    """A receipt that came after the text was given up: the person was asked. If too late, they are told so."""
    if message.kind is not MessageKind.CALLOUT:
        return  # who got a reminder or a question had the call-out, and what ended it
    recipient = db.session.get(Recipient, message.recipient_id) if message.recipient_id else None
    if recipient is None:
        return
    if was_suppressed:
        places.release(recipient.callout, [recipient])
    elif recipient.state is RecipientState.UNREACHABLE and answers.reopen(recipient):
        recipient.state = RecipientState.ASKED
        db.session.flush()
        if recipient.callout.status is not CalloutStatus.ASKING:
            places.release(recipient.callout, [recipient])
