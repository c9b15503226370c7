"""Who has which place in a callout: what an answer changes, and letting people go.

Everything here adds to the current transaction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import or_, select

from mobilize.domain.assignment import Comer, OpenNeed, assign, useful_skills
from mobilize.domain.delivery import Cause, MessageState
from mobilize.domain.vocabulary import CalloutStatus, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Message, Recipient, Volunteer

from . import access, competence, outbox, texts, watch, waves
from .listed import among
from .runtime import now

log = structlog.get_logger(__name__)


def still_open(callout: Callout, *states: RecipientState) -> Sequence[Recipient]:
    query = select(Recipient).where(Recipient.callout_id == callout.id, Recipient.closed_at.is_(None))
    return db.session.scalars(query.where(Recipient.state.in_(states)) if states else query).all()


def release(callout: Callout, recipients: Sequence[Recipient]) -> None:
    """Tell people that they are not needed (any more): suppress what was not sent, text the others.

    Those who said yes or came keep that state, as the record of what they did; the silent and the
    limited become ``stood_down``. Everyone's reply code is free again. Who may be out there is watched
    until they have checked out.
    """
    unsent = _suppress([r.id for r in recipients], *outbox.ASKING)
    kinds = {r.id: _how_to_stand_down(r, callout) for r in recipients}
    # What an earlier answer said, "come to ..." above all, must not follow a stand-down.
    _suppress([i for i, kind in kinds.items() if kind in ("coming", "on_scene")], MessageKind.ACKNOWLEDGEMENT)
    # All at once: there may be a hundred thousand, and the callout is held meanwhile.
    people, codes = _people(recipients), texts.shown_codes(callout.id, recipients)
    with db.session.no_autoflush:
        rows = [
            _stand_down_row(callout, recipient, kinds[recipient.id] or "", codes[recipient.id])
            for recipient in recipients
            if _let_go(recipient, callout, kinds[recipient.id], never_asked=recipient.id in unsent)
            and people[recipient.volunteer_id].takes_texts
        ]
    outbox.enqueue(rows)


def _let_go(recipient: Recipient, callout: Callout, kind: str | None, *, never_asked: bool) -> bool:
    """End one place; ``kind`` as `_how_to_stand_down` says. Returns whether the person is to be told."""
    if recipient.state in (RecipientState.ASKED, RecipientState.LIMITED):
        recipient.state = RecipientState.STOOD_DOWN
        # Who may be out there is looked for all the same.
        recipient.remind_at = recipient.remind_at if recipient.check_out_by else None
    recipient.closed_at = now()
    if kind is None or (kind == "silent" and never_asked):
        return False
    # Who is missed already stays missed until they are heard of: our own text is no news of them.
    if kind != "silent" and not watch.is_missing(recipient):
        watch.renew(recipient, callout)
    return True


def _people(recipients: Sequence[Recipient]) -> Mapping[int, Volunteer]:
    """The volunteers, by id, read together; whoever holds them spares a look at each."""
    found = select(Volunteer).where(Volunteer.id.in_(among([r.volunteer_id for r in recipients])))
    return {person.id: person for person in db.session.scalars(found)}


def _how_to_stand_down(recipient: Recipient, callout: Callout) -> str | None:
    """Which of `sms.STAND_DOWNS` a person gets; none who said no, or has left."""
    if recipient.state in (RecipientState.DECLINED, RecipientState.WITHDRAWN) or recipient.left_at is not None:
        return None
    if recipient.state is RecipientState.ARRIVED:
        return "on_scene"
    return "coming" if watch.person(recipient, callout).told_to_come else "silent"


def _stand_down_row(callout: Callout, recipient: Recipient, kind: str, code: str) -> dict[str, object]:
    return outbox.row(
        recipient.volunteer.id,
        recipient.volunteer.phone,
        texts.stand_down(recipient, callout, kind, code),
        kind=MessageKind.STAND_DOWN,
        # Once for each time a person was open: someone taken back in is told again.
        key=f"stand_down:{recipient.id}:{callout.revision}",
        priority=outbox.Priority.URGENT,
        expires_at=now() + timedelta(hours=4),
        at=now(),
        callout_id=callout.id,
        recipient_id=recipient.id,
    )


def hush(recipient: Recipient) -> None:
    """Stop reminders that are still queued: the person has answered."""
    _suppress([recipient.id], MessageKind.REMINDER)


def _suppress(recipient_ids: Sequence[int], *kinds: MessageKind) -> set[int]:
    """Stop texts of these kinds that are still queued; returns the recipients whose call-out never left."""
    unsent: set[int] = set()
    for start in range(0, len(recipient_ids), outbox.CHUNK):
        queued = db.session.execute(
            select(Message.id, Message.kind, Message.recipient_id)
            .where(
                Message.recipient_id.in_(recipient_ids[start : start + outbox.CHUNK]),
                Message.state == MessageState.QUEUED,
                Message.kind.in_(kinds),
            )
            .order_by(Message.id)
            .with_for_update()
        ).all()
        ids = [row.id for row in queued]
        outbox.move(ids, MessageState.QUEUED, MessageState.SUPPRESSED, Cause.STAND_DOWN, "no longer needed")
        unsent |= {row.recipient_id for row in queued if row.kind is MessageKind.CALLOUT}
    return unsent


def settle(callout: Callout, speaker: Recipient | None = None) -> None:
    """After an answer: place those who come, see which quotas are reached. Adds to the current transaction.

    Everyone placed stays placed; a reserve moves up when someone withdraws, and is told. The silent with
    whom no place could be filled any more are stood down; when a place opens again, asking resumes at once.
    ``speaker`` gets an answer anyway, and no second text.
    """
    db.session.flush()
    useful = _place(callout, speaker)
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


def _place(callout: Callout, speaker: Recipient | None) -> frozenset[int]:
    """Assign those who come to needs; returns the skills with which more people could still help."""
    comers = _comers(callout)
    needs, people = _as_a_matching(callout, comers)
    placed = assign(needs, people)
    moved_up = [r for r in comers if r.need_id is None and r.id in placed]
    for recipient in comers:
        recipient.need_id = placed.get(recipient.id)
    for recipient in moved_up:
        watch.renew(recipient, callout)
        told = recipient is not speaker and recipient.state is RecipientState.ACCEPTED
        if told and recipient.volunteer.takes_texts:
            _tell_to_come(callout, recipient)
    _note_filled(callout, Counter(placed.values()))
    return useful_skills(needs, people, placed)


def skills_wanted(callout: Callout) -> frozenset[int]:
    """The skills with which more people could help, as places are now. Changes nothing."""
    comers = _comers(callout)
    placed = {r.id: r.need_id for r in comers if r.need_id is not None}
    return useful_skills(*_as_a_matching(callout, comers), placed)


def _comers(callout: Callout) -> Sequence[Recipient]:
    """Those who come or came, the first to answer first. Who has left keeps a place, but gets none."""
    return db.session.scalars(
        select(Recipient)
        .where(
            Recipient.callout_id == callout.id,
            Recipient.state.in_(access.COMMITTED),
            or_(Recipient.left_at.is_(None), Recipient.need_id.is_not(None)),
        )
        .order_by(Recipient.answered_at, Recipient.id)
    ).all()


def _as_a_matching(callout: Callout, comers: Sequence[Recipient]) -> tuple[list[OpenNeed], list[Comer]]:
    skills = competence.valid_skills(callout, [r.volunteer_id for r in comers])
    needs = [OpenNeed(need.id, need.skill_id, need.headcount) for need in callout.needs]
    return needs, [Comer(r.id, skills.get(r.volunteer_id, frozenset()), r.need_id) for r in comers]


def _tell_to_come(callout: Callout, recipient: Recipient) -> None:
    """A reserve was told not to set out until we text them: this is that text."""
    told = outbox.row(
        recipient.volunteer.id,
        recipient.volunteer.phone,
        texts.acknowledgement(recipient, callout, "accepted"),
        kind=MessageKind.ACKNOWLEDGEMENT,
        key=f"moved_up:{recipient.id}:{callout.revision}",
        priority=outbox.Priority.URGENT,
        expires_at=max(callout.arrive_by, now() + timedelta(hours=1)),
        at=now(),
        callout_id=callout.id,
        recipient_id=recipient.id,
    )
    outbox.enqueue([told])


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
