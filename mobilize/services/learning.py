"""Learning how people answer, from everything that is over; and judging whether what was said held."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import structlog
from sqlalchemy import select

from mobilize.domain import delays
from mobilize.domain.acceptance import (
    NIGHT,
    Model,
    Verdict,
    design,
    expected_by_factors,
    faded,
    judge,
    learn_history_weight,
    learn_odds,
    learn_says_no,
    learn_shift_sd,
)
from mobilize.domain.chance import Asked, Numbers, learn_shift, unknown_shift
from mobilize.domain.vocabulary import RecipientState, Severity
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, LearnedModel, Recipient, Volunteer

from . import acceptance, chores
from .number_lists import read
from .runtime import now

log = structlog.get_logger(__name__)

#: How often the engine learns anew, and from how many of the latest asks.
EVERY = timedelta(hours=1)
MOST_ASKS = 50_000


def learn_when_due() -> int:
    """A chore of the engines: learn both models anew. Returns how many were learned."""
    if not chores.take("acceptance", EVERY):
        return 0
    learned = sum(learn(drill=drill) is not None for drill in (False, True))
    chores.done("acceptance", now())
    return learned


def learn(*, drill: bool) -> Model | None:
    """Learn from the latest asks, and put it into force; ``None`` if there are none. One transaction."""
    past = _past(drill=drill)
    if not past:
        db.session.rollback()
        return None
    model = replace(_learned(past, acceptance.model_for(drill=drill)), learned_from=len(past))
    put_into_force(model, drill=drill)
    log.info("learned how people answer", drill=drill, asks=len(past))
    return model


def put_into_force(model: Model, *, drill: bool) -> None:
    """Store a model as the one by which people are asked. One transaction."""
    figures = asdict(model)
    learned_from = figures.pop("learned_from")
    del figures["learned_at"]
    db.session.merge(LearnedModel(drill=drill, learned_at=now(), learned_from=learned_from, figures=figures))
    db.session.commit()


class _Ask:
    """One ask of the past, as learning needs it."""

    __slots__ = (
        "age_days",
        "answer_s",
        "callout_id",
        "chance",
        "distance_m",
        "ended",
        "life_threatening",
        "minor",
        "night",
        "open_s",
        "state",
        "volunteer_id",
        "waited_s",
    )

    def __init__(self, row: Any, at: datetime) -> None:
        self.callout_id, self.volunteer_id, self.state = row.callout_id, row.volunteer_id, row.state
        self.chance, self.distance_m = row.chance, row.distance_m
        self.night = row.asked_at.astimezone(ZoneInfo(row.time_zone)).hour in NIGHT
        self.life_threatening = row.severity.life_threatening
        self.minor = row.severity is Severity.MINOR
        self.age_days = (at - row.asked_at).total_seconds() / 86_400
        self.open_s = acceptance.open_s(row.asked_at, row.closed_at, row.arrive_by, at)
        answered = row.answered_at is not None and row.state in (*acceptance.SAID_YES, *acceptance.SAID_NO)
        self.answer_s = (row.answered_at - row.asked_at).total_seconds() if answered else None
        ends = (row.filled_at, row.ended_at, row.arrive_by, at)
        #: Seconds until the callout stopped waiting for anybody's answer.
        self.waited_s = (min(end for end in ends if end is not None) - row.asked_at).total_seconds()
        self.ended = row.closed_at is not None or row.arrive_by <= at

    @property
    def yes(self) -> bool:
        return self.state in acceptance.SAID_YES


def _past(*, drill: bool) -> list[_Ask]:
    """The latest asks that are over, oldest first."""
    at = now()
    rows = read(
        select(
            Recipient.callout_id,
            Recipient.volunteer_id,
            Recipient.state,
            Recipient.chance,
            Recipient.distance_m,
            Recipient.asked_at,
            Recipient.answered_at,
            Recipient.closed_at,
            Callout.arrive_by,
            Callout.filled_at,
            Callout.ended_at,
            Volunteer.time_zone,
            Emergency.severity,
        )
        .join(Callout, Callout.id == Recipient.callout_id)
        .join(Emergency, Emergency.id == Callout.emergency_id)
        .join(Volunteer, Volunteer.id == Recipient.volunteer_id)
        .where(Emergency.drill.is_(drill), Recipient.state != RecipientState.UNREACHABLE)
        .order_by(Recipient.id.desc())
        .limit(MOST_ASKS)
    )
    return [ask for row in reversed(rows) if (ask := _Ask(row, at)).ended]


def _learned(past: Sequence[_Ask], before: Model) -> Model:
    delay = delays.fit(
        [ask.answer_s for ask in past if ask.answer_s is not None],
        [ask.open_s for ask in past if ask.answer_s is None],
    )
    answers = Model(half_life_days=before.half_life_days, delay=delay)
    yes = np.array([ask.yes for ask in past], np.float64)
    weight = faded(answers, [a.age_days for a in past], [a.open_s for a in past], yes)
    heard = delay.cdf([ask.open_s for ask in past])
    declined = sum(ask.answer_s is not None and not ask.yes for ask in past)
    # Of the silent, only the share that would have been heard by then says something.
    silent = float(sum(h for ask, h in zip(past, heard, strict=True) if ask.answer_s is None))
    factors = _design(past)
    odds = learn_odds(before, factors, yes, weight)
    model = Model(
        odds=odds,
        history_weight=_history_weight(past, expected_by_factors(odds, factors), yes, weight),
        half_life_days=before.half_life_days,
        shift_sd=before.shift_sd,
        delay=delay,
        says_no=learn_says_no(declined, silent),
    )
    means, spreads = _shifts(past, model)
    return replace(model, shift_sd=learn_shift_sd(means, spreads))


def _history_weight(past: Sequence[_Ask], p0: Numbers, yes: Numbers, weight: Numbers) -> float:
    """How much people differ from what is expected of anybody, from those who were asked more than once."""
    _, who = np.unique([ask.volunteer_id for ask in past], return_inverse=True)
    asked, accepted, expected, variance = (
        np.bincount(who, part).astype(np.float64)
        for part in (weight, yes * weight, p0 * weight, p0 * (1 - p0) * weight)
    )
    return learn_history_weight(asked, accepted, expected, variance)


def _design(past: Sequence[_Ask]) -> Numbers:
    return design(
        np.array([ask.distance_m for ask in past]),
        np.array([ask.night for ask in past]),
        np.array([ask.life_threatening for ask in past]),
        np.array([ask.minor for ask in past]),
    )


def _shifts(past: Sequence[_Ask], model: Model) -> tuple[list[float], list[float]]:
    """What each callout taught of its own shift, from the chances that were stated in it."""
    by_callout: defaultdict[int, list[_Ask]] = defaultdict(list)
    for ask in past:
        if ask.chance is not None:
            by_callout[ask.callout_id].append(ask)
    found = [
        learn_shift(unknown_shift(Model().shift_sd), _asked(asks), model.manner) for asks in by_callout.values()
    ]
    return [shift.mean for shift in found], [shift.sd for shift in found]


def _asked(asks: Sequence[_Ask]) -> Asked:
    open_s = np.array([ask.open_s for ask in asks])
    yes = np.array([ask.yes for ask in asks], np.float64)
    no = np.array([ask.answer_s is not None and not ask.yes for ask in asks], np.float64)
    chance = np.array([ask.chance for ask in asks], np.float64)
    return Asked(chance, yes, no, 1 - yes - no, open_s, open_s)


# --- was it right? ----------------------------------------------------------------------------------


#: The share of answers after which an ask can be judged.
_HEARD = 0.9


def report(*, drill: bool) -> dict[str, Verdict]:
    """How good the stated chances were, beside what is simpler: the global rate, and each person's own rate.

    Judged are asks of which nearly all answers would have come before the callout stopped waiting, whatever
    came of them: those of a callout that was filled at once would show its yes and hide its silence. Every
    guess uses only what was known before its callout.
    """
    model = acceptance.model_for(drill=drill)
    past = [ask for ask in _past(drill=drill) if ask.chance is not None]
    heard = model.delay.cdf([ask.waited_s for ask in past])
    fair = [ask for ask, share in zip(past, heard, strict=True) if share > _HEARD]
    happened = [float(ask.yes) for ask in fair]
    everyones, own = _simple_guesses(fair)
    return {
        "stated": judge([ask.chance for ask in fair], happened),
        "global rate": judge(everyones, happened),
        "own rate": judge(own, happened),
    }


def _simple_guesses(asks: Sequence[_Ask]) -> tuple[list[float], list[float]]:
    """For each ask the rate of all earlier callouts, and the person's own (the former where there is none)."""
    total: list[float] = [1.0, Model().anybody]
    each: defaultdict[int, list[float]] = defaultdict(lambda: [0.0, 0.0])
    everyones, own = [], []
    waiting: list[_Ask] = []
    callout_id = None
    for ask in asks:
        if ask.callout_id != callout_id:
            for earlier in waiting:
                for tally in (total, each[earlier.volunteer_id]):
                    tally[0] += 1
                    tally[1] += earlier.yes
            waiting, callout_id = [], ask.callout_id
        rate = total[1] / total[0]
        times, yes = each[ask.volunteer_id]
        everyones.append(rate)
        own.append(yes / times if times else rate)
        waiting.append(ask)
    return everyones, own
