"""Callouts: draft, launch, ask more, stand down; and what an answer does to the places that are open."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select

from mobilize.domain import rewording
from mobilize.domain.errors import Conflict, InvalidInput
from mobilize.domain.vocabulary import (
    AccountRole,
    CalloutMode,
    CalloutStatus,
    EmergencyStatus,
)
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, Need, Skill

from . import access, asking, audit, places, selection, snapshots, waves
from .access import Viewer
from .runtime import now, work_waiting

log = structlog.get_logger(__name__)

#: An arrive-by further away than this is a typing error.
FURTHEST = timedelta(days=30)
LARGEST_HEADCOUNT = 10_000
MOST_ASKED = 1_000_000
#: Minutes of silence before people are called by voice: after half a day nobody is meant to answer.
MOST_PATIENCE = 720
LONGEST_BRING = 160


@dataclass(frozen=True, slots=True)
class NeedDraft:
    """A skill by its code, and how many people; ``confidence``: how sure, if not as sure as the callout."""

    skill: str
    headcount: int
    confidence: float | None = None


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
    most_asked: int | None = None
    wording: str | None = None
    bring: str | None = None
    with_link: bool = False
    voice_after_minutes: int | None = None


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
            most_asked=wish.most_asked,
            wording=wish.wording or None,
            rendezvous=wish.rendezvous.strip(),
            bring=(wish.bring or "").strip() or None,
            with_link=wish.with_link,
            voice_after_minutes=wish.voice_after_minutes,
            rendezvous_lat=wish.rendezvous_lat,
            rendezvous_lon=wish.rendezvous_lon,
            arrive_by=wish.arrive_by,
            status=CalloutStatus.DRAFT,
            created_at=now(),
            revision=0,
            needs=[_need(skills[need.skill], need) for need in wish.needs],
        )


def _need(skill: Skill, wish: NeedDraft) -> Need:
    # The skill's id stands there before anything is stored: a sketch is looked at, never stored.
    return Need(skill=skill, skill_id=skill.id, headcount=wish.headcount, confidence=wish.confidence)


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
        if need.confidence is not None and not 0 < need.confidence < 1:
            errors[f"needs.{index}.confidence"] = ["must be between 0 and 1, as in 0.95"]
    if errors:
        raise InvalidInput(errors)
    if wish.wording:
        rewording.check_wording(wish.wording)
    return known


def _check_fields(wish: CalloutDraft) -> dict[str, list[str]]:
    return _check_place_and_time(wish) | _check_asking(wish)


def _check_place_and_time(wish: CalloutDraft) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not 1 <= len(wish.rendezvous.strip()) <= 200:
        errors["rendezvous"] = ["say where to come, in at most 200 characters"]
    if not -90 <= wish.rendezvous_lat <= 90:
        errors["rendezvous_lat"] = ["must be a latitude between -90 and 90 degrees"]
    if not -180 <= wish.rendezvous_lon <= 180:
        errors["rendezvous_lon"] = ["must be a longitude between -180 and 180 degrees"]
    if len((wish.bring or "").strip()) > LONGEST_BRING:
        errors["bring"] = [f"say what to bring in at most {LONGEST_BRING} characters"]
    if wish.arrive_by.tzinfo is None:
        errors["arrive_by"] = ["needs a time zone, as in 2026-11-24T14:30:00+01:00"]
    elif wish.arrive_by <= now():
        errors["arrive_by"] = ["is in the past; give a time to come"]
    elif wish.arrive_by > now() + FURTHEST:
        errors["arrive_by"] = [f"is more than {FURTHEST.days} days away; call people nearer to the day"]
    return errors


def _check_asking(wish: CalloutDraft) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if not wish.needs:
        errors["needs"] = ["name at least one skill and a headcount"]
    if not 0 < wish.confidence < 1:
        errors["confidence"] = ["must be between 0 and 1, as in 0.95"]
    if wish.most_asked is not None and not 1 <= wish.most_asked <= MOST_ASKED:
        errors["most_asked"] = [f"must be between 1 and {MOST_ASKED}; leave it out for no limit"]
    if wish.voice_after_minutes is not None and not 1 <= wish.voice_after_minutes <= MOST_PATIENCE:
        errors["voice_after_minutes"] = [f"must be between 1 and {MOST_PATIENCE}; leave it out for no calls"]
    return errors


def _audited(callout: Callout) -> dict[str, object]:
    return {
        "emergency_id": callout.emergency_id,
        "mode": callout.mode.value,
        "confidence": callout.confidence,
        "most_asked": callout.most_asked,
        "arrive_by": callout.arrive_by.isoformat(),
        "rendezvous": callout.rendezvous,
        "wording": callout.wording,
        "bring": callout.bring,
        "with_link": callout.with_link,
        "voice_after_minutes": callout.voice_after_minutes,
        "needs": {need.skill.code: need.headcount for need in callout.needs},
    }


def set_confidence(viewer: Viewer, callout_id: int, confidence: float) -> Callout:
    """Choose how sure a draft wants to be, for all its needs. One transaction."""
    if not 0 < confidence < 1:
        raise InvalidInput("confidence", "must be between 0 and 1, as in 0.95")
    callout = _locked(viewer, callout_id)
    if callout.status is not CalloutStatus.DRAFT:
        raise Conflict("This callout was launched before; its confidence can no longer be chosen.")
    before, callout.confidence = callout.confidence, confidence
    audit.record(
        viewer,
        "callout.set_confidence",
        "callout",
        callout.id,
        before={"confidence": before},
        after={"confidence": confidence},
    )
    db.session.commit()
    return callout


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
    """Ask this many more people, the next in order for any of the needs. Returns how many there were.

    The callout's cap holds here, too. Asking by hand does not resume asking that was stopped.
    """
    if not 1 <= count <= LARGEST_HEADCOUNT:
        raise InvalidInput("count", f"must be between 1 and {LARGEST_HEADCOUNT}")
    callout = _running(viewer, callout_id)
    if callout.arrive_by <= now():
        raise Conflict("The arrive-by time has passed; write a new callout with a later one.")
    room = waves.room(callout)
    if room == 0:
        raise Conflict(
            f"This callout asks at most {callout.most_asked} people, and has. Raise the limit first."
        )
    found = selection.select_for(callout)
    snapshots.keep(callout, found)
    chosen = waves.weighed(callout, found)[: count if room is None else min(count, room)]
    asked = asking.ask(callout, chosen, f"{count} more, asked for by a coordinator")
    callout.next_wave_at = now() if callout.status is CalloutStatus.ASKING else None
    audit.record(viewer, "callout.ask_more", "callout", callout.id, after={"wished": count, "asked": asked})
    db.session.commit()
    work_waiting.send()
    return asked


def stop_asking(viewer: Viewer, callout_id: int) -> Callout:
    """Ask nobody more until it is resumed; those who were asked may still answer. One transaction."""
    callout = _running(viewer, callout_id)
    if callout.asking_stopped_at is None:
        callout.asking_stopped_at = now()
        callout.revision += 1
        audit.record(viewer, "callout.stop_asking", "callout", callout.id)
    db.session.commit()
    return callout


def resume_asking(viewer: Viewer, callout_id: int) -> Callout:
    """Let the callout ask people again by itself. One transaction."""
    callout = _running(viewer, callout_id)
    if callout.asking_stopped_at is not None:
        callout.asking_stopped_at = None
        callout.revision += 1
        if callout.status is CalloutStatus.ASKING:
            callout.next_wave_at = now()
        audit.record(viewer, "callout.resume_asking", "callout", callout.id)
    db.session.commit()
    work_waiting.send()
    return callout


def limit(viewer: Viewer, callout_id: int, most_asked: int | None) -> Callout:
    """Set how many people may be asked at most, or ``None`` for no limit. One transaction."""
    if most_asked is not None and not 1 <= most_asked <= MOST_ASKED:
        raise InvalidInput("most_asked", f"must be between 1 and {MOST_ASKED}; leave it out for no limit")
    callout = _running(viewer, callout_id)
    before, callout.most_asked = callout.most_asked, most_asked
    callout.revision += 1
    if callout.status is CalloutStatus.ASKING:
        callout.next_wave_at = now()
    audit.record(
        viewer,
        "callout.limit",
        "callout",
        callout.id,
        before={"most_asked": before},
        after={"most_asked": most_asked},
    )
    db.session.commit()
    work_waiting.send()
    return callout


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
        .order_by(Callout.id)
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
    waves.replies_are_back(callout)
    places.release(callout, places.still_open(callout))
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
