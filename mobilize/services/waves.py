"""Waves: the engine's look at callouts that are asking, and the next people they ask.

A callout is planned anew at each answer, every ``PLAN_SECONDS``, since silence is news, too, and at a
coordinator's word. What a plan found is written at the callout and its needs, where the board reads it.
"""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select

from mobilize.domain.collapse import Replies, replies
from mobilize.domain.ranking import Candidate
from mobilize.domain.vocabulary import AlarmKind, CalloutMode, CalloutStatus, RecipientState
from mobilize.domain.waves import WaveDecision, plan
from mobilize.extensions import db
from mobilize.models import Callout, Recipient

from . import acceptance, alarms, asking, progress, prospects, selection, snapshots
from .runtime import now, settings
from .selection import Selection

log = structlog.get_logger(__name__)


def advance(at: datetime) -> int:
    """Plan every callout whose time has come, and ask its next wave. Returns the people asked.

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
    """Plan, and ask the people whom the plan wants; returns how many. Adds to the current transaction."""
    if callout.arrive_by <= now():
        _too_late(callout)
        return 0
    callout.next_wave_at = now() + timedelta(seconds=settings().plan_seconds)
    found = selection.select_for(callout)
    candidates = weighed(callout, found)
    decision = decide(callout, candidates)
    if callout.asking_stopped_at is not None or _waits_for_one(callout):
        return 0
    chosen = [candidates[n] for n in decision.chosen][: room(callout)]
    if chosen or callout.waves == []:
        snapshots.keep(callout, found)
    sure = min(decision.after.values(), default=None)
    return asking.ask(callout, chosen, decision.reason, sure)


def weighed(callout: Callout, found: Selection) -> list[Candidate]:
    """Those who may be asked next, first to call first; as many as a plan can need."""
    return prospects.weigh(callout, found.ranked[: prospects.enough(callout)])


def decide(callout: Callout, candidates: list[Candidate]) -> WaveDecision:
    """Plan, and write down what the plan found. Adds to the current transaction."""
    model = acceptance.model_for(drill=callout.emergency.drill)
    found = progress.situation(callout, candidates, model)
    decision = plan(callout.mode, found)
    _write_down(callout, decision)
    _watch_replies(callout, replies(found.asked, found.manner))
    return decision


def room(callout: Callout) -> int | None:
    """How many more may be asked under the callout's cap; ``None``: as many as there are."""
    if callout.most_asked is None:
        return None
    asked = db.session.scalar(
        select(func.count()).select_from(Recipient).where(Recipient.callout_id == callout.id)
    )
    return max(callout.most_asked - (asked or 0), 0)


def _write_down(callout: Callout, decision: WaveDecision) -> None:
    """Keep what was found; watchers of the board hear of it when a figure they see has changed."""
    seen = _seen(callout)
    callout.fill_probability = decision.together
    callout.shift_mean, callout.shift_sd = decision.shift.mean, decision.shift.sd
    if callout.promised is None:
        callout.promised = decision.together
    for need in callout.needs:
        outlook = decision.before[need.id]
        need.with_asked, need.fill_probability = outlook.with_asked, outlook.asking_on
        if need.promised is None:
            need.promised = outlook.asking_on
    callout.revision += _seen(callout) != seen


def _seen(callout: Callout) -> list[tuple[int, int]]:
    """The probabilities to whole percents, as the board shows them."""
    pairs = [(need.fill_probability, need.with_asked) for need in callout.needs]
    return [(round(100 * (one or 0)), round(100 * (other or 0))) for one, other in pairs]


def _watch_replies(callout: Callout, found: Replies) -> None:
    """Tell coordinators when replies collapse, and when they are back."""
    if found.collapsed and callout.collapsed_at is None:
        callout.collapsed_at = now()
        callout.revision += 1
        detail = (
            f"Replies to callout {callout.id} have collapsed: {found.came} came, {found.due:.0f} were due. "
            "A network may be down: call people, or reach them another way."
        )
        alarms.raise_alarm(AlarmKind.REPLIES_COLLAPSED, str(callout.id), detail)
    elif callout.collapsed_at is not None and not found.collapsed:
        replies_are_back(callout)


def replies_are_back(callout: Callout) -> None:
    """End the alarm about a callout's replies, if there is one. Adds to the current transaction."""
    if callout.collapsed_at is not None:
        callout.collapsed_at = None
        callout.revision += 1
        alarms.clear(AlarmKind.REPLIES_COLLAPSED, str(callout.id))


def _too_late(callout: Callout) -> None:
    """The arrive-by time has passed: what was promised can be compared with what came, and nobody is asked."""
    callout.next_wave_at = None
    callout.revision += 1
    replies_are_back(callout)


def _waits_for_one(callout: Callout) -> bool:
    """Whether, in ``one_by_one``, somebody was asked a short while ago and has not answered."""
    if callout.mode is not CalloutMode.ONE_BY_ONE:
        return False
    since = now() - timedelta(minutes=settings().one_by_one_minutes)
    silent = select(Recipient.id).where(
        Recipient.callout_id == callout.id,
        Recipient.state == RecipientState.ASKED,
        Recipient.asked_at > since,
    )
    return db.session.scalar(silent.limit(1)) is not None
