"""What the calls of a callout cost, what they may cost, and letting them cost more."""

from dataclasses import dataclass

from sqlalchemy import func, select

from mobilize.domain import calling
from mobilize.domain.calling import UNDER_WAY
from mobilize.extensions import db
from mobilize.models import Callout, VoiceCall

from . import access, audit, costs
from .access import Viewer
from .runtime import settings


@dataclass(frozen=True, slots=True)
class Spent:
    """Amounts in ``SMS_CURRENCY``: of calls that ended, and at most of those under way."""

    ended: float
    under_way: float

    @property
    def total(self) -> float:
        return self.ended + self.under_way


def spent(callout_id: int) -> Spent:
    rows = db.session.execute(
        select(VoiceCall.state, func.sum(VoiceCall.cost))
        .where(VoiceCall.callout_id == callout_id)
        .group_by(VoiceCall.state)
    ).all()
    return Spent(
        ended=sum(amount for state, amount in rows if state not in UNDER_WAY),
        under_way=sum(amount for state, amount in rows if state in UNDER_WAY),
    )


def cap_of(callout: Callout) -> float | None:
    """What this callout's calls may cost; ``None``: there is no limit."""
    return settings().voice_cost_cap if callout.voice_cap is None else callout.voice_cap


def price_of(phone: str) -> float | None:
    """A minute's price to this phone; ``None`` where the table says nothing."""
    return calling.price_for(settings().voice_prices, costs.country_of(phone))


def let_go_on(viewer: Viewer, subject: str) -> None:
    """Let a callout's calls cost as much again as from the start, if ``subject`` is a callout's id.

    Adds to the current transaction. Raises `NotFound` for one outside the viewer's scope.
    """
    if not subject.isdecimal():
        return
    callout = access.find(viewer, Callout, int(subject))
    db.session.refresh(callout, with_for_update={"of": Callout})
    before = cap_of(callout)
    callout.voice_cap = spent(callout.id).total + (settings().voice_cost_cap or 0.0)
    callout.revision += 1
    audit.record(
        viewer,
        "callout.raise_voice_cap",
        "callout",
        callout.id,
        before={"voice_cap": before},
        after={"voice_cap": callout.voice_cap},
    )
