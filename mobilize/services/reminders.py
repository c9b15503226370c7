"""Reminders: the engine's look at people who have been silent for too long, and what it does about them.

Whom to remind of what is decided by ``domain/prompting.py``. A look is claimed by moving its time on; of
several engines one does it, and the key of its text is the second lock.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from mobilize.domain import prompting
from mobilize.domain.prompting import TEXTS, Look, Step
from mobilize.domain.vocabulary import CalloutMode, CalloutStatus, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Message, Recipient

from . import bell, competence, outbox, places, texts, watch
from .listed import among
from .runtime import now

log = structlog.get_logger(__name__)

#: People looked at in one transaction.
BATCH = 200
#: A reminder goes out after the call-outs that wait: who was not asked at all comes first.
AFTER_CALLOUTS = 1_000_000
#: A question about where somebody is is worth asking for this long.
_WORTH = timedelta(hours=4)


def remind_due() -> int:
    """Look at everyone whose time has come. One transaction a callout and batch; returns how many were seen.

    A callout that somebody else holds is left to the next tick.
    """
    due = db.session.scalars(select(Recipient.callout_id).where(Recipient.remind_at <= now()).distinct()).all()
    db.session.commit()
    seen = 0
    for callout_id in sorted(due):
        callout = db.session.scalars(
            select(Callout)
            .where(Callout.id == callout_id)
            .with_for_update(skip_locked=True, of=Callout)
            .execution_options(populate_existing=True)
        ).one_or_none()
        if callout is not None:
            seen += _remind(callout)
        db.session.commit()
    return seen


def _remind(callout: Callout) -> int:
    people = db.session.scalars(
        select(Recipient)
        .where(Recipient.callout_id == callout.id, Recipient.remind_at <= now())
        .order_by(Recipient.remind_at, Recipient.id)
        .limit(BATCH)
        .options(joinedload(Recipient.volunteer))
        .execution_options(populate_existing=True)
    ).all()
    silent = [r for r in people if r.state is RecipientState.ASKED]
    looks = _looks_at_silent(callout, silent) | {
        r.id: _look(r, callout) for r in people if r.state is not RecipientState.ASKED
    }
    mine = _claim(people, looks)
    outbox.enqueue(
        [_text(r, callout, looks[r.id].step) for r in people if r.id in mine and _gets_text(r, looks)]
    )
    for recipient in people:
        if recipient.id in mine and looks[recipient.id].step is Step.ALARM:
            watch.alarm(recipient, callout, "has not checked out")
    if any(looks[one].step is not Step.NOTHING for one in mine):
        callout.revision += 1
        bell.ring_with_commit()
    return len(mine)


def _look(recipient: Recipient, callout: Callout) -> Look:
    due = recipient.remind_at or now()
    return prompting.look(watch.person(recipient, callout), due, now(), watch.patience())


def _looks_at_silent(callout: Callout, silent: Sequence[Recipient]) -> dict[int, Look]:
    """Only while the callout asks on by itself, and of those who could still fill a place."""
    if not silent:
        return {}
    asks = (
        callout.status is CalloutStatus.ASKING
        and callout.asking_stopped_at is None
        and callout.mode is not CalloutMode.ONE_BY_ONE
    )
    wanted = places.skills_wanted(callout) if asks else frozenset[int]()
    skills = competence.valid_skills(callout, [r.volunteer_id for r in silent]) if wanted else {}
    told = _told_at([r.id for r in silent])
    return {
        r.id: prompting.look_at_silent(
            told.get(r.id),
            callout.arrive_by,
            now(),
            watch.patience(),
            wanted=r.closed_at is None
            and r.reminders == 0
            and bool(skills.get(r.volunteer_id, wanted) & wanted),
        )
        for r in silent
    }


def _told_at(recipient_ids: Sequence[int]) -> Mapping[int, datetime]:
    """When each call-out left; those of which that is not known are missing."""
    rows = db.session.execute(
        select(Message.recipient_id, Message.accepted_at).where(
            Message.recipient_id.in_(among(recipient_ids)),
            Message.kind == MessageKind.CALLOUT,
            Message.accepted_at.is_not(None),
        )
    )
    return {recipient_id: at for recipient_id, at in rows if recipient_id and at}


def _claim(people: Sequence[Recipient], looks: Mapping[int, Look]) -> set[int]:
    """Move on the time of each look, if it still stands as it was read; returns those that are ours."""
    alike: defaultdict[tuple[datetime | None, Look], list[int]] = defaultdict(list)
    for recipient in people:
        alike[recipient.remind_at, looks[recipient.id]].append(recipient.id)
    mine: set[int] = set()
    for (due, look), ids in alike.items():
        values: dict[str, Any] = {"remind_at": look.again_at}
        if look.step in TEXTS:
            values["reminders"] = Recipient.reminders + 1
        moved = (
            update(Recipient)
            .where(Recipient.id.in_(among(ids)), Recipient.remind_at == due)
            .values(values)
            .returning(Recipient.id)
            .execution_options(synchronize_session=False)
        )
        mine.update(db.session.scalars(moved))
    return mine


def _gets_text(recipient: Recipient, looks: Mapping[int, Look]) -> bool:
    return looks[recipient.id].step in TEXTS and recipient.volunteer.takes_texts


def _text(recipient: Recipient, callout: Callout, step: Step) -> dict[str, Any]:
    kind = TEXTS[step]
    silent = step is Step.ASK_SILENT
    due = recipient.remind_at or now()
    return outbox.row(
        recipient.volunteer_id,
        recipient.volunteer.phone,
        texts.reminder(recipient, callout, kind),
        kind=MessageKind.REMINDER,
        key=f"reminder:{kind}:{recipient.id}"
        if silent
        else f"reminder:{kind}:{recipient.id}:{due.timestamp():.3f}",
        priority=outbox.priority_for(callout.emergency.severity) if silent else outbox.Priority.URGENT,
        rank=AFTER_CALLOUTS if silent else 0,
        expires_at=callout.arrive_by if silent else now() + _WORTH,
        at=now(),
        callout_id=callout.id,
        recipient_id=recipient.id,
    )
