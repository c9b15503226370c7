"""The audit of promises: what was promised at each launch beside what came."""

from sqlalchemy.orm import selectinload

from mobilize.domain.promises import Audit, audit
from mobilize.domain.vocabulary import AccountRole, CalloutStatus
from mobilize.extensions import db
from mobilize.models import Callout, Emergency

from .access import Viewer, require, visible
from .runtime import now


def audit_all(viewer: Viewer, *, drill: bool) -> Audit:
    """Over every call-out in the viewer's scope that is over; drills apart.

    Kept is a promise when every need was filled by the arrive-by time. Who was stood down by a person before
    either is left out, since nobody knows what would have come.
    """
    require(viewer, AccountRole.COORDINATOR)
    rows = db.session.scalars(
        visible(viewer, Callout)
        .join(Emergency, Emergency.id == Callout.emergency_id)
        .where(Callout.promised.is_not(None), Emergency.drill.is_(drill))
        .options(selectinload(Callout.needs))
        .order_by(Callout.id)
    ).all()
    found: list[tuple[float, bool]] = []
    left_out = 0
    for callout in rows:
        over = callout.arrive_by <= now() or callout.status is CalloutStatus.ENDED
        if over and _kept(callout):
            found.append((callout.promised or 0.0, True))
        elif callout.status is CalloutStatus.ENDED and (callout.ended_at or now()) < callout.arrive_by:
            left_out += 1
        elif callout.arrive_by <= now():
            found.append((callout.promised or 0.0, False))
    return audit(found, left_out)


def _kept(callout: Callout) -> bool:
    """Whether every need was filled in time. A place given up later is open again."""
    return all(need.filled_at is not None and need.filled_at <= callout.arrive_by for need in callout.needs)
