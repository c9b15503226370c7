"""A whole call-out in simulated time: the clock jumps to whatever happens next, so hours pass in seconds."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import median

from sqlalchemy import exists, func, select

from mobilize.domain.delivery import REACHING, MessageState
from mobilize.domain.vocabulary import CalloutStatus, MessageKind
from mobilize.extensions import db
from mobilize.models import Callout, Message, Recipient, SimulatedEvent, SimulatedText, StatusCallback
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock

from . import job, seeding

#: The clock moves at least this far, so that answers close to each other share a tick, as in an engine.
_STEP_S = 1.0
#: How much longer to run once every place is filled, so that stand-downs go out and are delivered.
_SETTLE_S = 60.0


@dataclass(frozen=True, slots=True)
class LedgerCheck:
    """Recipients against the texts that phones received: each asked once, nobody left out."""

    recipients_asked: int
    callout_texts: int
    missing: int
    twice: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a drill prints. Times in seconds; texts and segments are all that went out, of any kind."""

    asked: int
    delivered: int
    answered: int
    accepted: dict[str, int]
    headcount: dict[str, int]
    reserve: int
    filled: bool
    median_answer_s: float | None
    p90_answer_s: float | None
    fill_s: float | None
    texts: int
    segments: int
    ledger: LedgerCheck
    seed: int
    volunteers: int
    database: str


def run(*, volunteers: int, seed: int, clock: FastForwardClock, tick: Callable[[], object]) -> Outcome:
    """Seed, launch, and let ``tick`` (one round of the engine) run until the callout is filled or too late."""
    seeding.seed(volunteers, seed)
    callout = job.declare_and_launch(SYSTEM, drill=True)
    callout_id, arrive_by = callout.id, callout.arrive_by
    db.session.commit()
    while not job.progress(callout_id).filled and clock.now() < arrive_by:
        tick()
        _wind(clock, arrive_by)
    settled = clock.now().timestamp() + _SETTLE_S
    while clock.now().timestamp() < settled:
        tick()
        clock.advance(seconds=_SETTLE_S / 12)
    tick()
    return _outcome(callout_id, seed, volunteers)


def _wind(clock: FastForwardClock, latest: datetime) -> None:
    """Wind the clock to the next thing that is due, but no farther than ``latest``."""
    due = db.session.scalars(
        select(func.min(SimulatedEvent.due_at)).union_all(
            select(func.min(Callout.next_wave_at)).where(Callout.status == CalloutStatus.ASKING),
            select(func.min(Message.next_attempt_at)).where(Message.state == MessageState.QUEUED),
        )
    ).all()
    db.session.rollback()
    next_at = min([at for at in due if at is not None] + [latest])
    clock.advance(seconds=max((next_at - clock.now()).total_seconds(), _STEP_S))


def _outcome(callout_id: int, seed: int, volunteers: int) -> Outcome:
    progress = job.progress(callout_id)
    launched, filled_at = db.session.execute(
        select(Callout.launched_at, Callout.filled_at).where(Callout.id == callout_id)
    ).one()
    delays = _answer_delays(callout_id)
    texts, segments = db.session.execute(
        select(func.count(), func.coalesce(func.sum(Message.segments), 0)).where(Message.state.in_(_WENT_OUT))
    ).one()
    outcome = Outcome(
        asked=progress.asked,
        delivered=progress.delivered,
        answered=progress.answered,
        accepted=dict(progress.coming),
        headcount=dict(progress.headcount),
        reserve=progress.reserve,
        filled=progress.filled,
        median_answer_s=round(median(delays), 1) if delays else None,
        p90_answer_s=round(delays[int(0.9 * (len(delays) - 1))], 1) if delays else None,
        fill_s=(filled_at - launched).total_seconds() if filled_at and launched else None,
        texts=texts,
        segments=segments,
        ledger=check_ledger(callout_id),
        seed=seed,
        volunteers=volunteers,
        database=db.engine.dialect.name,
    )
    db.session.rollback()
    return outcome


#: States of texts that left for the carrier, whatever became of them.
_WENT_OUT = REACHING | {MessageState.UNDELIVERED}


def _answer_delays(callout_id: int) -> list[float]:
    """Seconds from question to answer of everyone who answered, shortest first."""
    rows = db.session.execute(
        select(Recipient.asked_at, Recipient.answered_at).where(
            Recipient.callout_id == callout_id, Recipient.answered_at.is_not(None)
        )
    )
    return sorted((answered - asked).total_seconds() for asked, answered in rows if answered)


def check_ledger(callout_id: int) -> LedgerCheck:
    """Compare a callout's recipients with the simulated phones' ledger.

    A text that the carrier reported as lost, and that another attempt replaced, does not count.
    """
    replaced = exists().where(
        StatusCallback.sid == SimulatedText.sid,
        StatusCallback.status == "undelivered",
        SimulatedText.sid.is_distinct_from(Message.sid),
    )
    asked = select(Recipient.id).where(Recipient.callout_id == callout_id)
    texts_each = dict(
        db.session.execute(
            select(Message.recipient_id, func.count())
            .join(SimulatedText, SimulatedText.message_id == Message.id)
            .where(
                Message.callout_id == callout_id,
                Message.kind == MessageKind.CALLOUT,
                SimulatedText.to_phone,
                ~replaced,
            )
            .group_by(Message.recipient_id)
        ).all()
    )
    recipients = db.session.scalars(asked).all()
    return LedgerCheck(
        recipients_asked=len(recipients),
        callout_texts=sum(texts_each.values()),
        missing=sum(recipient not in texts_each for recipient in recipients),
        twice=sum(texts > 1 for texts in texts_each.values()),
    )
