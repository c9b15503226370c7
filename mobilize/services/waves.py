"""Waves: the engine's look at callouts that are asking, and the next people they ask."""

from datetime import datetime, timedelta

from sqlalchemy import func, select

from mobilize.domain.vocabulary import CalloutStatus, RecipientState
from mobilize.domain.waves import NeedProgress, next_wave
from mobilize.extensions import db
from mobilize.models import Callout, Need, Recipient

from . import asking, selection, snapshots
from .runtime import now, settings


def advance(at: datetime) -> int:
    """Ask the next wave of every callout whose time has come. Returns the people asked.

    One transaction a callout; a callout that another engine holds is left to it.
    """
    asked = 0
    due = db.session.scalars(
        select(Callout.id).where(Callout.status == CalloutStatus.ASKING, Callout.next_wave_at <= at)
    ).all()
    db.session.commit()
    for callout_id in due:
        callout = db.session.scalars(
            select(Callout)
            .where(Callout.id == callout_id, Callout.status == CalloutStatus.ASKING, Callout.next_wave_at <= at)
            .with_for_update(skip_locked=True, of=Callout)
        ).one_or_none()
        if callout is not None:
            asked += ask_next(callout)
        db.session.commit()
    return asked


def ask_next(callout: Callout) -> int:
    """Decide on the next wave and ask it; returns how many. Adds to the current transaction."""
    if callout.arrive_by <= now():
        callout.next_wave_at = None
        callout.revision += 1
        return 0
    interval = timedelta(minutes=settings().wave_minutes)
    callout.next_wave_at = now() + interval
    needs = [NeedProgress(need.skill_id, need.headcount, _filled(need)) for need in callout.needs]
    decision = next_wave(callout.mode, needs, factor=settings().wave_factor, silent=_silent(callout, interval))
    if decision is None:
        return 0
    found = selection.select_for(callout)
    snapshots.keep(callout, found)
    chosen = asking.choose(found.ranked, decision.wanted)
    return asking.ask(callout, chosen, decision.reason)


def _filled(need: Need) -> int:
    return (
        db.session.scalar(select(func.count()).select_from(Recipient).where(Recipient.need_id == need.id)) or 0
    )


def _silent(callout: Callout, interval: timedelta) -> int:
    return (
        db.session.scalar(
            select(func.count())
            .select_from(Recipient)
            .where(
                Recipient.callout_id == callout.id,
                Recipient.state == RecipientState.ASKED,
                Recipient.asked_at > now() - interval,
            )
        )
        or 0
    )
