"""Callouts: draft, launch, ask more, stand down; and what an answer does to the places that are open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from mobilize.domain import sms
from mobilize.domain.assignment import Comer, OpenNeed, assign, useful_skills
from mobilize.domain.delivery import Cause, MessageState
from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.domain.vocabulary import (
    AccountRole,
    CalloutMode,
    CalloutStatus,
    EmergencyStatus,
    MessageKind,
    RecipientState,
)
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, Message, Need, Recipient, Skill

from . import access, asking, audit, competence, outbox, selection, snapshots, waves
from .access import Viewer
from .runtime import now, work_waiting

log = structlog.get_logger(__name__)

#: An arrive-by further away than this is a typing error.
FURTHEST = timedelta(days=30)
LARGEST_HEADCOUNT = 10_000


@dataclass(frozen=True, slots=True)
class NeedDraft:
    """A skill by its code, and how many people."""

    skill: str
    headcount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CalloutDraft:
    """What a coordinator fills in. Coordinates in degrees WGS 84; ``wording`` may hold placeholders."""

    emergency_id: int
    needs: tuple[NeedDraft, ...]
    rendezvous: str
    rendezvous_lat: float
    rendezvous_lon: float
    arrive_by: datetime
    mode: CalloutMode = CalloutMode.PHASED
    confidence: float = 0.95
    wording: str | None = None


def draft(viewer: Viewer, wish: CalloutDraft) -> Callout:
    """Write a callout down without asking anyone. One transaction."""
    access.require(viewer, AccountRole.COORDINATOR)
    emergency = access.find(viewer, Emergency, wish.emergency_id)
    callout = compose(emergency, wish)
    callout.created_by_id = viewer.account_id
    db.session.add(callout)
    db.session.flush()
    audit.record(viewer, "callout.draft", "callout", callout.id, after=_audited(callout))
    db.session.commit()
    return callout


def compose(emergency: Emergency, wish: CalloutDraft) -> Callout:
    """A checked callout, not yet in any transaction. Raises `InvalidInput` naming every bad field."""
    if emergency.status is not EmergencyStatus.OPEN:
        raise Conflict(f"This emergency is {emergency.status.value}; declare a new one to call people.")
    skills = _check(wish)
    with db.session.no_autoflush:
        return Callout(
            emergency=emergency,
            mode=wish.mode,
            confidence=wish.confidence,
            wording=wish.wording or None,
            rendezvous=wish.rendezvous.strip(),
            rendezvous_lat=wish.rendezvous_lat,
            rendezvous_lon=wish.rendezvous_lon,
            arrive_by=wish.arrive_by,
            status=CalloutStatus.DRAFT,
            created_at=now(),
            revision=0,
            needs=[Need(skill=skills[need.skill], headcount=need.headcount) for need in wish.needs],
        )


def _check(wish: CalloutDraft) -> dict[str, Skill]:
    errors = _check_fields(wish)
    codes = [need.skill for need in wish.needs]
    known = {s.code: s for s in db.session.scalars(select(Skill).where(Skill.code.in_(codes)))}
    for index, need in enumerate(wish.needs):
        if need.skill not in known:
            errors[f"needs.{index}.skill"] = [f"there is no skill {need.skill!r}; see the list of skills"]
        elif codes.index(need.skill) != index:
            errors[f"needs.{index}.skill"] = [f"{need.skill!r} is named twice; give one headcount for it"]
        if not 1 <= need.headcount <= LARGEST_HEADCOUNT:
            errors[f"needs.{index}.headcount"] = [f"must be between 1 and {LARGEST_HEADCOUNT}"]
    if errors:
        raise InvalidInput(errors)
    if wish.wording:
        sms.check_wording(wish.wording)
    return known


def _check_fields(wish: CalloutDraft) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not wish.needs:
        errors["needs"] = ["name at least one skill and a headcount"]
    if not 1 <= len(wish.rendezvous.strip()) <= 200:
        errors["rendezvous"] = ["say where to come, in at most 200 characters"]
    if not -90 <= wish.rendezvous_lat <= 90:
        errors["rendezvous_lat"] = ["must be a latitude between -90 and 90 degrees"]
    if not -180 <= wish.rendezvous_lon <= 180:
        errors["rendezvous_lon"] = ["must be a longitude between -180 and 180 degrees"]
    if wish.arrive_by.tzinfo is None:
        errors["arrive_by"] = ["needs a time zone, as in 2026-11-24T14:30:00+01:00"]
    elif wish.arrive_by <= now():
        errors["arrive_by"] = ["is in the past; give a time to come"]
    elif wish.arrive_by > now() + FURTHEST:
        errors["arrive_by"] = [f"is more than {FURTHEST.days} days away; call people nearer to the day"]
    if not 0 < wish.confidence < 1:
        errors["confidence"] = ["must be between 0 and 1, as in 0.95"]
    return errors


def _audited(callout: Callout) -> dict[str, object]:
    return {
        "emergency_id": callout.emergency_id,
        "mode": callout.mode.value,
        "arrive_by": callout.arrive_by.isoformat(),
        "rendezvous": callout.rendezvous,
        "wording": callout.wording,
        "needs": {need.skill.code: need.headcount for need in callout.needs},
    }


def launch(viewer: Viewer, callout_id: int) -> Callout:
    """Ask the first wave. One transaction: either the wave is written with its texts, or nothing is."""
    callout = _locked(viewer, callout_id)
    if callout.status is not CalloutStatus.DRAFT:
        raise Conflict("This callout was launched before; ask more people from its board.")
    if callout.emergency.status is not EmergencyStatus.OPEN:
        raise Conflict(f"This emergency is {callout.emergency.status.value}; nobody can be called for it.")
    if callout.arrive_by <= now():
        raise Conflict("The arrive-by time has passed; write a new callout with a later one.")
    callout.status = CalloutStatus.ASKING
    callout.launched_at = now()
    db.session.flush()
    asked = waves.ask_next(callout)
    audit.record(viewer, "callout.launch", "callout", callout.id, after={"asked": asked})
    db.session.commit()
    log.info("callout launched", callout_id=callout.id, asked=asked)
    work_waiting.send()
    return callout


def ask_more(viewer: Viewer, callout_id: int, count: int) -> int:
    """Ask this many more people, the next in rank for any of the needs. Returns how many there were."""
    if not 1 <= count <= LARGEST_HEADCOUNT:
        raise InvalidInput("count", f"must be between 1 and {LARGEST_HEADCOUNT}")
    callout = _running(viewer, callout_id)
    if callout.arrive_by <= now():
        raise Conflict("The arrive-by time has passed; write a new callout with a later one.")
    found = selection.select_for(callout)
    snapshots.keep(callout, found)
    asked = asking.ask(callout, found.ranked[:count], f"{count} more, asked for by a coordinator")
    audit.record(viewer, "callout.ask_more", "callout", callout.id, after={"wished": count, "asked": asked})
    db.session.commit()
    work_waiting.send()
    return asked


def stand_down(viewer: Viewer, callout_id: int) -> Callout:
    """End a callout: unsent texts are suppressed, and everyone who was reached is told. One transaction."""
    callout = _running(viewer, callout_id)
    _end(viewer, callout)
    db.session.commit()
    work_waiting.send()
    return callout


def close_running(viewer: Viewer, emergency: Emergency) -> None:
    """Stand down all callouts of an emergency. Adds to the current transaction."""
    for callout in db.session.scalars(
        select(Callout)
        .where(Callout.emergency_id == emergency.id, Callout.status != CalloutStatus.ENDED)
        .with_for_update()
    ):
        if callout.status is CalloutStatus.DRAFT:
            db.session.delete(callout)
        else:
            _end(viewer, callout)


def _end(viewer: Viewer, callout: Callout) -> None:
    callout.status = CalloutStatus.ENDED
    callout.ended_at = now()
    callout.next_wave_at = None
    release(callout, _still_open(callout))
    callout.revision += 1
    audit.record(viewer, "callout.stand_down", "callout", callout.id)


def _locked(viewer: Viewer, callout_id: int) -> Callout:
    """The callout, held against changes by others until the transaction ends."""
    access.require(viewer, AccountRole.COORDINATOR)
    callout = access.find(viewer, Callout, callout_id)
    db.session.refresh(callout, with_for_update={"of": Callout})
    return callout


def _running(viewer: Viewer, callout_id: int) -> Callout:
    callout = _locked(viewer, callout_id)
    if not callout.status.running:
        word = "has not been launched" if callout.status is CalloutStatus.DRAFT else "is over"
        raise Conflict(f"This callout {word}.")
    return callout


def _still_open(callout: Callout, *states: RecipientState) -> Sequence[Recipient]:
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
    body = sms.stand_down_text(person.language, asking.values_for(callout, person.time_zone))
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


# --- what answers do to a callout -------------------------------------------------------------


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
        callout.next_wave_at = None
        log.info("callout filled", callout_id=callout.id)
    elif useful and callout.status is CalloutStatus.FILLED:
        callout.status = CalloutStatus.ASKING
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
    return useful_skills(needs, people, placed)


def _useless(callout: Callout, useful: frozenset[int]) -> list[Recipient]:
    """The silent who have none of the skills that are still useful."""
    if useful >= {need.skill_id for need in callout.needs}:
        return []
    silent = _still_open(callout, RecipientState.ASKED)
    skills = competence.valid_skills(callout, [r.volunteer_id for r in silent])
    return [r for r in silent if not skills.get(r.volunteer_id, frozenset()) & useful]
