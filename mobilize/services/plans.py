"""Before anything is sent: who could be asked, what they would read, what it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from mobilize.domain.forecast import Choice, Moment, choices, yes_over_time
from mobilize.domain.ranking import Candidate
from mobilize.domain.sentences import language_of
from mobilize.domain.waves import Situation
from mobilize.domain.waves import plan as plan_wave
from mobilize.extensions import db
from mobilize.models import Callout

from . import acceptance, access, costs, previews, progress, prospects, selection, senders, travel
from .access import Viewer

#: The confidences between which a coordinator chooses.
CONFIDENCES = (0.80, 0.90, 0.95, 0.99)
#: Moments of the forecast; minutes.
_MOMENTS = (5, 10, 15, 30, 60, 120, 240)


@dataclass(frozen=True, slots=True)
class Travel:
    """Minutes from the call to the arrival of the first wave's people, preparation included.

    ``routed``: how many of the times a routing server told; the others are estimated.
    """

    first: int
    middle: int
    last: int
    routed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A dry run of a launch. Nothing was sent and nothing was changed.

    ``sure``: P(every need is filled in time, if asking goes on); ``sure_by_need`` the same for each.
    ``answers``: yes by time from the first wave alone. ``choices``: confidence against people disturbed.
    Of the first wave: ``languages`` of its people, by tag; ``minutes`` until the senders have sent it; its
    ``cost``, ``None`` without prices; ``travel``, how long its people take.
    """

    examined: int
    eligible: int
    excluded: Mapping[str, int]
    eligible_by_need: Mapping[str, int]
    sure: float
    sure_by_need: Mapping[str, float]
    first_wave: int
    reason: str
    answers: Sequence[Moment]
    choices: Sequence[Choice]
    segments_per_text: Mapping[str, int]
    languages: Mapping[str, int]
    texts: int
    segments: int
    cost: costs.Cost | None
    minutes: float
    travel: Travel | None


def plan(viewer: Viewer, callout_id: int) -> Plan:
    """Who may be called and who not and why; what the first wave is and takes; what can be promised."""
    callout = access.find(viewer, Callout, callout_id)
    found = selection.select_for(callout)
    candidates = prospects.weigh(callout, found.ranked[: prospects.enough(callout)])
    situation = progress.situation(callout, candidates, acceptance.model_for(drill=callout.emergency.drill))
    decision = plan_wave(callout.mode, situation)
    first = [candidates[n] for n in decision.chosen][: callout.most_asked]
    languages = previews.tags_of(candidate.volunteer_id for candidate in first)
    segments_of = {call.language: call.segments for call in previews.calls(callout, languages)}
    segments = sum(segments_of[language_of(tag)] * count for tag, count in languages.items())
    made = Plan(
        examined=found.examined,
        eligible=len(found.ranked),
        excluded={reason.value: count for reason, count in found.excluded.items()},
        eligible_by_need={need.skill.code: found.ranked.count_with(need.skill_id) for need in callout.needs},
        sure=decision.together,
        sure_by_need={need.skill.code: decision.before[need.id].asking_on for need in callout.needs},
        first_wave=len(first),
        reason=decision.reason,
        answers=_answers(situation, decision.chosen),
        choices=choices(situation, CONFIDENCES, callout.most_asked),
        segments_per_text=segments_of,
        languages=dict(languages),
        texts=len(first),
        segments=segments,
        cost=costs.of([c.volunteer_id for c in first], segments_of),
        minutes=segments / senders.segments_per_second() / 60,
        travel=None,
    )
    rendezvous = (callout.rendezvous_lat, callout.rendezvous_lon)
    # A routing server may take a while, and nobody waits for us meanwhile: nothing was written.
    db.session.rollback()
    return replace(made, travel=_travel(first, rendezvous))


def _travel(first: Sequence[Candidate], rendezvous: tuple[float, float]) -> Travel | None:
    if not first:
        return None
    times = travel.travel_seconds([(person.lat, person.lon) for person in first], rendezvous)
    minutes = np.ceil(np.quantile(times.until_arrival_s, (0, 0.5, 1)) / 60).astype(int).tolist()
    soonest, middle, last = minutes
    return Travel(soonest, middle, last, int(times.routed.sum()))


def _answers(situation: Situation, chosen: Sequence[int]) -> list[Moment]:
    """Yes by time from the first wave, up to the moment from which on a yes comes too late for everyone."""
    if not chosen:
        return []
    latest_s = float(situation.pool.window_s.max())
    moments = [minutes * 60.0 for minutes in _MOMENTS if minutes * 60 <= latest_s] or [max(latest_s, 60.0)]
    return yes_over_time(situation.pool.chance[list(chosen)], moments, situation.shift, situation.manner.delay)
