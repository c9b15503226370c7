"""Who has which place in a callout: what an answer changes, and letting people go.

Everything here adds to the current transaction.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import select

from mobilize.domain.assignment import Comer, OpenNeed, assign, useful_skills
from mobilize.domain.delivery import Cause, MessageState
from mobilize.domain.vocabulary import CalloutStatus, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Message, Recipient

from . import access, competence, outbox, texts, waves
from .runtime import now

log = structlog.get_logger(__name__)


def still_open(callout: Callout, *states: RecipientState) -> Sequence[Recipient]:
    query = select(Recipient).where(Recipient.callout_id == callout.id, Recipient.closed_at.is_(None))
    return db.session.scalars(query.where(Recipient.state.in_(states)) if states else query).all()


def release(callout: Callout, recipients: Sequence[Recipient]) -> None:
    """Tell people that they are not needed (any more): suppress what was not sent, text the others.

    Those who said yes or came keep that state, as the record of what they did; the silent and the
    limited become ``stood_down``. Everyone's reply code is free again.
    """
    unsent = _suppress([r.id for r in recipients])
    texts = []
    for recipient in recipients:
        answered_no = recipient.state in (RecipientState.DECLINED, RecipientState.WITHDRAWN)
        if recipient.state in (RecipientState.ASKED, RecipientState.LIMITED):
            recipient.state = RecipientState.STOOD_DOWN
        recipient.closed_at = now()
        if recipient.id in unsent or answered_no:
            continue
        texts.append(_stand_down_row(callout, recipient))
    outbox.enqueue(texts)


def _stand_down_row(callout: Callout, recipient: Recipient) -> dict[str, object]:
    person = recipient.volunteer
    body = texts.stand_down(recipient, callout, "silent")
    return outbox.row(
        person.id,
        person.phone,
        body,
        kind=MessageKind.STAND_DOWN,
        # Once for each time a person was open: someone taken back in is told again.
        key=f"stand_down:{recipient.id}:{callout.revision}",
        priority=outbox.Priority.URGENT,
        expires_at=now() + timedelta(hours=4),
        at=now(),
        callout_id=callout.id,
        recipient_id=recipient.id,
    )


def _suppress(recipient_ids: Sequence[int]) -> set[int]:
    """Stop texts that are still queued; returns the recipients whose call-out never left."""
    unsent: set[int] = set()
    for start in range(0, len(recipient_ids), outbox.CHUNK):
        queued = db.session.execute(
            select(Message.id, Message.kind, Message.recipient_id)
            .where(
                Message.recipient_id.in_(recipient_ids[start : start + outbox.CHUNK]),
                Message.state == MessageState.QUEUED,
                Message.kind.in_((MessageKind.CALLOUT, MessageKind.QUESTION)),
            )
            .order_by(Message.id)
            .with_for_update()
        ).all()
        ids = [row.id for row in queued]
        outbox.move(ids, MessageState.QUEUED, MessageState.SUPPRESSED, Cause.STAND_DOWN, "no longer needed")
        unsent |= {row.recipient_id for row in queued if row.kind is MessageKind.CALLOUT}
    return unsent


def settle(callout: Callout) -> None:
    """After an answer: place those who come, see which quotas are reached. Adds to the current transaction.

    Everyone placed stays placed; a reserve moves up when someone withdraws. The silent with whom no
    place could be filled any more are stood down; when a place opens again, asking resumes at once.
    """
    db.session.flush()
    useful = _place(callout)
    if callout.status is CalloutStatus.ASKING:
        release(callout, _useless(callout, useful))
    if not useful and callout.status is CalloutStatus.ASKING:
        callout.status = CalloutStatus.FILLED
        callout.filled_at = now()
        callout.fill_probability = 1.0
        callout.next_wave_at = None
        waves.replies_are_back(callout)
        log.info("callout filled", callout_id=callout.id)
    elif useful and callout.status is CalloutStatus.FILLED:
        callout.status = CalloutStatus.ASKING
    if callout.status is CalloutStatus.ASKING and callout.arrive_by > now():
        # An answer is news: the engine plans anew at once.
        callout.next_wave_at = now()
    callout.revision += 1


def _place(callout: Callout) -> frozenset[int]:
    """Assign those who come to needs; returns the skills with which more people could still help."""
    comers = db.session.scalars(
        select(Recipient)
        .where(Recipient.callout_id == callout.id, Recipient.state.in_(access.COMMITTED))
        .order_by(Recipient.answered_at, Recipient.id)
    ).all()
    skills = competence.valid_skills(callout, [r.volunteer_id for r in comers])
    needs = [OpenNeed(need.id, need.skill_id, need.headcount) for need in callout.needs]
    people = [Comer(r.id, skills.get(r.volunteer_id, frozenset()), r.need_id) for r in comers]
    placed = assign(needs, people)
    for recipient in comers:
        recipient.need_id = placed.get(recipient.id)
    _note_filled(callout, Counter(placed.values()))
    return useful_skills(needs, people, placed)


def _note_filled(callout: Callout, filled: Counter[int]) -> None:
    """Keep since when each need is filled; it is no longer when somebody withdrew and nobody took the place.

    After the arrive-by time nothing changes any more: the promise was kept or broken by then.
    """
    if callout.arrive_by <= now():
        return
    for need in callout.needs:
        if filled[need.id] < need.headcount:
            need.filled_at = None
        elif need.filled_at is None:
            need.filled_at = now()
            need.fill_probability = need.with_asked = 1.0


def _useless(callout: Callout, useful: frozenset[int]) -> list[Recipient]:
    """The silent who have none of the skills that are still useful."""
    if useful >= {need.skill_id for need in callout.needs}:
        return []
    silent = still_open(callout, RecipientState.ASKED)
    skills = competence.valid_skills(callout, [r.volunteer_id for r in silent])
    return [r for r in silent if not skills.get(r.volunteer_id, frozenset()) & useful]
