"""Why somebody was called or not, as it stood then: kept with each look at the people, never recomputed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from mobilize.domain.decisions import GONE, Decisions, applied, changes, packed, unpacked
from mobilize.domain.eligibility import Reason, reasons_in
from mobilize.extensions import db
from mobilize.models import Callout, Look, Recipient, Volunteer, Wave

from . import selection
from .access import Viewer, find
from .runtime import now
from .selection import Selection

#: Looks that hold only changes, between two that hold everybody.
LONGEST_CHAIN = 50


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look said about a person; who is not examined has no needed skill in the area, by any place."""

    at: datetime
    examined: bool
    reasons: list[Reason]

    @property
    def may_be_called(self) -> bool:
        return self.examined and not self.reasons


@dataclass(frozen=True, slots=True)
class Asked:
    """That a person was asked."""

    wave: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Told:
    """Why a person was called or not.

    ``looks`` are the looks in which something changed for them, oldest first, up to the one in which they
    were asked. ``current`` is decided now: for a draft, and for who was never examined.
    """

    volunteer_id: int
    looks: list[Sighting]
    asked: Asked | None
    current: Sighting | None

    @property
    def latest(self) -> Sighting:
        """What counts: the last look, or if there is none, the decision made now."""
        return self.current or self.looks[-1]


def keep(callout: Callout, found: Selection) -> None:
    """Store what this selection decided about everyone. Adds to the current transaction.

    A look that tells nothing new is not stored.
    """
    after = Decisions(found.volunteer_ids, found.against)
    chain = _since_whole(callout.id)
    told = changes(_together(chain), after) if chain else after
    if chain and not len(told.volunteer_ids):
        return
    whole = not chain or len(chain) > LONGEST_CHAIN or 2 * len(told.volunteer_ids) > found.examined
    db.session.add(
        Look(
            callout_id=callout.id,
            at=now(),
            whole=whole,
            examined=found.examined,
            eligible=len(found.ranked),
            decisions=packed(after if whole else told),
        )
    )
    db.session.flush()


def _since_whole(callout_id: int) -> Sequence[bytes]:
    """The latest look that holds everybody, and those after it."""
    mine = select(Look.decisions).where(Look.callout_id == callout_id)
    last = select(func.max(Look.id)).where(Look.callout_id == callout_id, Look.whole).scalar_subquery()
    return db.session.scalars(mine.where(Look.id >= last).order_by(Look.id)).all()


def _together(chain: Sequence[bytes]) -> Decisions:
    found = unpacked(chain[0])
    for changed in chain[1:]:
        found = applied(found, unpacked(changed))
    return found


def told(viewer: Viewer, callout_id: int, volunteer_id: int) -> Told:
    """Why one person was called or not. Raises `NotFound` outside the viewer's scope."""
    callout = find(viewer, Callout, callout_id)
    volunteer = find(viewer, Volunteer, volunteer_id)
    asked = _asked(callout_id, volunteer_id)
    looks = list(_sightings(callout_id, volunteer_id, asked.at if asked else None))
    if asked and not any(look.may_be_called for look in looks):
        # Asked before looks were kept.
        looks = [Sighting(asked.at, examined=True, reasons=[])]
    if any(look.examined for look in looks):
        return Told(volunteer_id, looks, asked, None)
    reasons = selection.explain(viewer, callout.id, volunteer.id)
    return Told(volunteer_id, looks, asked, Sighting(now(), examined=True, reasons=reasons))


def _asked(callout_id: int, volunteer_id: int) -> Asked | None:
    row = db.session.execute(
        select(Wave.number, Recipient.asked_at)
        .join(Wave, Wave.id == Recipient.wave_id)
        .where(Recipient.callout_id == callout_id, Recipient.volunteer_id == volunteer_id)
    ).one_or_none()
    return Asked(row.number, row.asked_at) if row else None


def _sightings(callout_id: int, volunteer_id: int, until: datetime | None) -> Iterator[Sighting]:
    """What changed for one person; who was asked is no longer looked at."""
    query = select(Look.at, Look.whole, Look.decisions).where(Look.callout_id == callout_id)
    if until is not None:
        query = query.where(Look.at <= until)
    before: int | None = None
    for at, whole, decisions in db.session.execute(query.order_by(Look.id)):
        mask = unpacked(decisions).of(volunteer_id)
        if mask is None and not whole:
            continue
        seen = None if mask is None or mask == GONE else mask
        if seen is None and at == until:
            return  # gone because they were asked
        if seen != before:
            yield Sighting(at, seen is not None, reasons_in(seen or 0))
        before = seen
