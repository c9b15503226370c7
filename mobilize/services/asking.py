"""Asking people: a wave of recipients and their texts, written in one transaction with the decision.

Everything here adds to the current transaction.
"""

import string
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import func, insert, select, update

from mobilize.domain import sms
from mobilize.domain.vocabulary import MembershipStatus, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import Callout, Recipient, Volunteer, Wave

from . import outbox
from .runtime import now
from .selection import Candidate

log = structlog.get_logger(__name__)

#: Rows per statement; well under both databases' limit on bound parameters.
CHUNK = 1000


def choose(ranked: Sequence[Candidate], wanted: Mapping[int, int | None]) -> list[Candidate]:
    """The first candidates that serve what is wanted by skill; ``None`` wants all who have the skill.

    Each person counts for the one of their skills that still wants the most.
    """
    left: dict[int, float] = {skill: float("inf") if n is None else n for skill, n in wanted.items()}
    chosen = []
    for candidate in ranked:
        skill = max(candidate.skill_ids & left.keys(), key=lambda s: left[s], default=None)
        if skill is None or left[skill] <= 0:
            continue
        left[skill] -= 1
        chosen.append(candidate)
    return chosen


def ask(
    callout: Callout, chosen: Sequence[Candidate], reason: str, fill_probability: float | None = None
) -> int:
    """Open a wave for these people: a recipient and a queued text for each. Returns how many."""
    if not chosen:
        return 0
    wave = Wave(
        callout_id=callout.id,
        number=1 + (db.session.scalar(select(func.max(Wave.number)).where(Wave.callout_id == callout.id)) or 0),
        reason=reason[:200],
        size=len(chosen),
        fill_probability=fill_probability,
        asked_at=now(),
    )
    db.session.add(wave)
    db.session.flush()
    wave.size = sum(
        _ask_some(callout, wave, chosen[start : start + CHUNK]) for start in range(0, len(chosen), CHUNK)
    )
    callout.revision += 1
    return wave.size


def _ask_some(callout: Callout, wave: Wave, candidates: Sequence[Candidate]) -> int:
    people = _lock([candidate.volunteer_id for candidate in candidates])
    codes = _free_codes(people.keys())
    chosen = [c for c in candidates if c.volunteer_id in codes]
    if not chosen:
        return 0
    at = now()
    rows = [
        {
            "callout_id": callout.id,
            "volunteer_id": c.volunteer_id,
            "wave_id": wave.id,
            "reply_code": codes[c.volunteer_id],
            "state": RecipientState.ASKED,
            "place_kind": c.place_kind,
            "lat": c.lat,
            "lon": c.lon,
            "distance_m": c.distance_m,
            "asked_at": at,
        }
        for c in chosen
    ]
    made = db.session.execute(
        insert(Recipient).returning(Recipient.id, Recipient.volunteer_id, sort_by_parameter_order=True), rows
    ).all()
    texts = _Texts(callout)
    outbox.enqueue([texts.row(recipient_id, people[who], codes[who]) for recipient_id, who in made])
    db.session.execute(update(Volunteer).where(Volunteer.id.in_(codes)).values(last_asked_at=at))
    return len(chosen)


def _lock(ids: Sequence[int]) -> dict[int, Any]:
    """Hold the volunteers' rows, in one order, so that two call-outs cannot pick the same reply code.

    Who opted out or was suspended since the selection is not among them.
    """
    rows = db.session.execute(
        select(Volunteer.id, Volunteer.phone, Volunteer.language, Volunteer.time_zone)
        .where(
            Volunteer.id.in_(ids),
            Volunteer.opted_out_at.is_(None),
            Volunteer.status == MembershipStatus.ACTIVE,
        )
        .order_by(Volunteer.id)
        .with_for_update()
    )
    return {row.id: row for row in rows}


def _free_codes(ids: Collection[int]) -> dict[int, str]:
    """The lowest letter free for each phone: those of its open callouts are taken.

    A phone with all 26 letters taken is left out, and told of in the log.
    """
    taken: dict[int, set[str]] = {i: set() for i in ids}
    rows = db.session.execute(
        select(Recipient.volunteer_id, Recipient.reply_code).where(
            Recipient.volunteer_id.in_(ids), Recipient.closed_at.is_(None)
        )
    )
    for volunteer_id, code in rows:
        taken[volunteer_id].add(code)
    free = {}
    for volunteer_id, letters in taken.items():
        left = [letter for letter in string.ascii_uppercase if letter not in letters]
        if left:
            free[volunteer_id] = left[0]
        else:
            log.error("no reply code is free", volunteer_id=volunteer_id)
    return free


class _Texts:
    """The call-out's text for each language, time zone and code, rendered once."""

    def __init__(self, callout: Callout) -> None:
        self._callout = callout
        self._bodies: dict[tuple[str, str, str], str] = {}

    def row(self, recipient_id: int, person: Any, code: str) -> dict[str, Any]:
        # The first letter goes without saying: nobody with one call-out needs to type it.
        shown = "" if code == "A" else code
        key = (person.language, person.time_zone, shown)
        if key not in self._bodies:
            self._bodies[key] = body_for(self._callout, *key)
        return outbox.row(
            person.id,
            person.phone,
            self._bodies[key],
            kind=MessageKind.CALLOUT,
            key=f"callout:{recipient_id}",
            priority=outbox.priority_for(self._callout.emergency.severity),
            expires_at=self._callout.arrive_by,
            callout_id=self._callout.id,
            recipient_id=recipient_id,
        )


def values_for(callout: Callout, time_zone: str, code: str = "") -> sms.CalloutValues:
    """What the texts of a callout may say, on the reader's own clock."""
    emergency = callout.emergency
    return sms.CalloutValues(
        section=emergency.section.short_name,
        hazard=emergency.hazard,
        title=emergency.title,
        skills=tuple(need.skill.name for need in callout.needs),
        # An emergency is named by its title alone, which says where it is.
        place="",
        arrive_by=local(callout.arrive_by, time_zone),
        code=code,
        drill=emergency.drill,
        rendezvous=callout.rendezvous,
    )


def body_for(callout: Callout, language: str, time_zone: str, code: str) -> str:
    return sms.callout_text(language, values_for(callout, time_zone, code), callout.wording)


def local(at: datetime, time_zone: str) -> datetime:
    return at.astimezone(ZoneInfo(time_zone))
