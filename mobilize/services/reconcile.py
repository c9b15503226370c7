"""Asking the provider what became of a text. Only evidence settles a doubt.

A status callback proves a send by itself (``receipts.py``). Where none comes, the provider's own list
of texts to that phone is compared by body and time. Two empty lists, some time apart, prove that the
text was not sent, and it is queued again; one could be late. Where no list can be had until the window
closes, the setting ``RESEND_IN_DOUBT`` decides. Texts that were taken and are silent for too long are
looked up in the same way, and so are answers whose webhook never came.

What is found is stored as a report, so that there is one way in which reports are applied.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, exists, select, update

from mobilize.domain.delivery import (
    Cause,
    DoubtEnding,
    ErrorClass,
    MessageState,
    ProviderRecord,
)
from mobilize.domain.errors import ProviderUnreachable
from mobilize.domain.vocabulary import MessageKind
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, Message, StatusCallback

from . import chores, failures, inbox, outbox, receipts
from .ports import SmsGateway
from .runtime import now, runtime, settings

log = structlog.get_logger(__name__)

#: The provider's clock and ours may differ by this much, and its times have whole seconds.
CLOCK_SKEW = timedelta(minutes=1)
#: A look that an engine began is its own for this long; if it dies, another one looks.
LOOK_LEASE = timedelta(seconds=60)
#: A text of which nothing new is heard is not asked about after this long beyond its deadline.
LAST_LOOK = timedelta(hours=1)
#: Answers are looked for from this long before the last look that succeeded.
OVERLAP = timedelta(minutes=10)
FIRST_SWEEP = timedelta(hours=1)

Records = Mapping[int, Sequence[ProviderRecord]]


def look_up_due(limit: int = 200) -> int:
    """Ask the providers about texts whose time has come; returns how many were asked about.

    The providers are asked outside any transaction.
    """
    texts, leased_until = _take_due(limit)
    gateways = {gateway.name: gateway for gateway in runtime().gateways}
    for provider in sorted({text.provider or "" for text in texts}):
        mine = [text for text in texts if (text.provider or "") == provider]
        gateway = gateways.get(provider)  # none: the settings no longer name it
        _settle_doubts([t for t in mine if t.state is MessageState.UNKNOWN], gateway, leased_until)
        _hear_of_the_silent([t for t in mine if t.state is not MessageState.UNKNOWN], gateway)
    return len(texts)


def _take_due(limit: int) -> tuple[Sequence[Message], datetime]:
    """Texts to ask about, and until when they are taken; the objects are detached and only read.

    Doubts come first: where no callback reaches us, the silent texts of a large call-out are due by the
    hundred thousand, and somebody whose text may not have gone must not wait behind them.
    """
    leased_until = now() + LOOK_LEASE
    due = select(Message).where(Message.look_at <= now()).order_by(Message.look_at)
    doubts = _hold(due.where(Message.state == MessageState.UNKNOWN), limit)
    silent = _hold(due.where(Message.state != MessageState.UNKNOWN), limit - len(doubts))
    taken = [*doubts, *silent]
    if taken:
        db.session.execute(
            update(outbox.MESSAGES)
            .where(outbox.MESSAGES.c.id.in_([text.id for text in taken]))
            .values(look_at=leased_until)
        )
        db.session.expunge_all()
    db.session.commit()
    return taken, leased_until


def _hold(due: Select[Message], limit: int) -> Sequence[Message]:
    """Some of these texts; those that another engine holds are passed over."""
    if limit <= 0:
        return []
    return db.session.scalars(
        due.limit(limit).with_for_update(skip_locked=True, of=Message).execution_options(populate_existing=True)
    ).all()


# --- texts in doubt ----------------------------------------------------------------------------


def _settle_doubts(texts: Sequence[Message], gateway: SmsGateway | None, leased_until: datetime) -> None:
    if not texts:
        return
    phones: dict[str, datetime] = {}
    for text in texts:
        since = text.created_at - CLOCK_SKEW
        phones[text.to_phone] = min(phones.get(text.to_phone, since), since)
    found = gateway.find(phones) if gateway is not None else {}
    for text in texts:
        _judge(text, found.get(text.to_phone), leased_until)


def _judge(text: Message, records: Sequence[ProviderRecord] | None, leased_until: datetime) -> None:
    """Decide about one text in doubt by the provider's list, or by its absence. One transaction.

    What a look shows is evidence at any time. What it does not show counts only while the look is ours:
    an engine that was frozen in between must not count an old list against a new attempt, nor beside
    the list that another engine has read meanwhile.
    """
    message = failures.hold(text.id)
    if message is None or message.state is not MessageState.UNKNOWN:
        db.session.commit()
        return
    match = _match(message, records or ())
    if match is not None:
        receipts.keep([_report(match, message)])
    elif (message.attempt, message.look_at) != (text.attempt, leased_until):
        log.warning("a look at the provider's list came too late to count", message_id=message.id)
    elif _has_report(message):
        message.look_at = now() + _pause()  # it will be applied any moment
    elif records is not None:
        _nothing_there(message)
    else:
        _no_evidence(message)
    db.session.commit()


def _match(message: Message, records: Iterable[ProviderRecord]) -> ProviderRecord | None:
    """The provider's record of this text, if it has one that no other text of ours owns."""
    alike = [
        record
        for record in records
        if record.body == message.body and record.created_at >= message.created_at - CLOCK_SKEW
    ]
    if not alike:
        return None
    sids = [record.sid for record in alike]
    owned = set(db.session.scalars(select(Message.sid).where(Message.sid.in_(sids))))
    failed = receipts.failed_sids(sids)  # of an attempt before this one
    return next((record for record in alike if record.sid not in owned | failed), None)


def _report(record: ProviderRecord, message: Message) -> receipts.Report:
    return receipts.Report(
        record.sid,
        record.status,
        record.error_code,
        message.id,
        message.attempt,
        message.to_phone,
        looked_up=True,
    )


def _has_report(message: Message) -> bool:
    """Whether a callback about the text waits to be applied."""
    waiting = exists().where(StatusCallback.message_id == message.id, StatusCallback.applied_at.is_(None))
    return bool(db.session.scalar(select(waiting)))


def _nothing_there(message: Message) -> None:
    message.empty_looks += 1
    if message.empty_looks < 2:
        message.look_at = now() + _pause()
    else:
        outbox.requeue(message, Cause.RECONCILIATION, "the provider's list showed no such text, twice", now())


def _no_evidence(message: Message) -> None:
    doubt_since = message.doubt_since or now()
    if now() - doubt_since < timedelta(seconds=settings().doubt_window_seconds):
        message.look_at = now() + _pause()
    elif _worth_a_second_text(message):
        outbox.requeue(message, Cause.DEADLINE, "nobody knows whether it was sent; sent again", now())
        if message.state is MessageState.QUEUED:  # otherwise nobody wants it any more
            message.doubt_ending = DoubtEnding.RESENT
            log.warning("text sent again without evidence", message_id=message.id)
    else:
        message.doubt_ending = message.doubt_ending or DoubtEnding.GIVEN_UP
        log.warning("text in doubt given up", message_id=message.id)
        message.error_class = ErrorClass.AMBIGUOUS
        if outbox.step(
            message, MessageState.FAILED, Cause.DEADLINE, "nobody knows whether it was sent; not sent again"
        ):
            failures.mark_unreachable([message.id])


def _worth_a_second_text(message: Message) -> bool:
    """Once, for a call-out of a severity that the setting names."""
    if message.kind is not MessageKind.CALLOUT or message.doubt_ending is not None:
        return False
    if message.expires_at <= now():
        return False
    severity = db.session.scalar(
        select(Emergency.severity)
        .join(Callout, Callout.emergency_id == Emergency.id)
        .where(Callout.id == message.callout_id)
    )
    return severity in settings().resend_in_doubt


def _pause() -> timedelta:
    return timedelta(seconds=settings().doubt_look_seconds)


# --- texts that were taken, and silent since ---------------------------------------------------


def _hear_of_the_silent(texts: Sequence[Message], gateway: SmsGateway | None) -> None:
    """Look up texts that were taken but never heard of again. One transaction for all."""
    by_sid = {text.sid: text for text in texts if text.sid is not None}
    if not by_sid:
        return
    found = gateway.fetch(list(by_sid)) if gateway is not None else {}
    receipts.keep([_report(record, by_sid[sid]) for sid, record in found.items() if sid in by_sid])
    for text in sorted(by_sid.values(), key=lambda one: one.id):
        silent_for = now() - (text.accepted_at or text.created_at)
        later = now() + max(silent_for, timedelta(seconds=settings().silence_seconds))
        db.session.execute(
            update(Message)
            .where(Message.id == text.id, Message.look_at.is_not(None))
            .values(look_at=later if later < text.expires_at + LAST_LOOK else None)
            .execution_options(synchronize_session=False)
        )
    db.session.commit()


# --- answers whose webhook was lost ------------------------------------------------------------


def sweep_inbound() -> int:
    """Ask every provider for texts that phones sent us; returns how many were new. One engine at a time."""
    if not chores.take("inbound sweep", timedelta(seconds=settings().inbound_sweep_seconds)):
        return 0
    began = now()
    since = (chores.last_done("inbound sweep") or began - FIRST_SWEEP) - OVERLAP
    db.session.commit()
    new, complete = 0, True
    for gateway in runtime().gateways:
        try:
            received = gateway.received(since)
        except ProviderUnreachable as error:
            log.warning("answers could not be looked for", provider=gateway.name, error=str(error))
            complete = False
            continue
        for text in received:
            new += inbox.store_inbound(
                sid=text.sid,
                from_phone=text.from_phone,
                to_phone=text.to_phone,
                body=text.body,
                raw={"looked_up": True, "received_at": text.received_at.isoformat()},
            )
    if complete:  # otherwise the next one looks from the same instant again
        chores.done("inbound sweep", began)
    if new:
        log.warning("answers found whose webhook was lost", count=new)
    return new
