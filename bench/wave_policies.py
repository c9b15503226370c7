"""Ways to decide whom to ask and when, for ``bench waves``: the product's, and those of others.

A policy sees what a coordinator's software sees: who was asked when, and what they answered so far. It returns
the people to ask now, as positions in rank. All of them are played by the same loop (``play``).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import ceil
from time import perf_counter

import numpy as np
import numpy.typing as npt

from mobilize.domain.acceptance import Model
from mobilize.domain.assignment import Comer, OpenNeed, assign
from mobilize.domain.chance import Asked, Numbers, unknown_shift
from mobilize.domain.vocabulary import CalloutMode
from mobilize.domain.waves import EVEN, NeedProgress, Pool, Situation, WaveDecision, plan

from .wave_world import World, model_of

Positions = npt.NDArray[np.int64]

TICK_S = 60.0
#: Others decide each five minutes.
SLOW_TICK_S = 300.0
CONFIDENCE = 0.95


@dataclass
class View:
    """What is known at a moment. ``asked_at``: NaN for those not asked. ``filled``: people by need."""

    world: World
    model: Model
    at: float
    asked_at: Numbers
    filled: Mapping[int, int] = field(default_factory=dict)
    decision: WaveDecision | None = None

    @property
    def missing(self) -> list[int]:
        needs = self.world.scenario.needs
        return [max(need.headcount - self.filled.get(n, 0), 0) for n, need in enumerate(needs)]

    @property
    def answered(self) -> npt.NDArray[np.bool_]:
        return self.asked_at + self.world.answers_after_s <= self.at

    @property
    def begins(self) -> bool:
        return self.at == 0

    @property
    def five_minutes_passed(self) -> bool:
        return self.at % SLOW_TICK_S == 0


Policy = Callable[[View], Positions]
_NOBODY = np.zeros(0, np.int64)


def everyone(view: View) -> Positions:
    """All who have any needed skill, at once."""
    return np.flatnonzero(view.world.able > 0) if view.begins else _NOBODY


def one_wave(view: View) -> Positions:
    """Once, as many as make 95 % if people are independent."""
    return _planned(view, 0.0, 1.0) if view.begins else _NOBODY


def tens(view: View) -> Positions:
    """Ten for each open need, each five minutes."""
    if not view.five_minutes_passed:
        return _NOBODY
    return _next(view, [10 if missing else 0 for missing in view.missing])


def replace_on_reject(view: View) -> Positions:
    """As many as are needed, and one more for each no; silence counts as maybe."""
    hopeful = ~np.isnan(view.asked_at) & ~(view.answered & ~view.world.says_yes)
    out = [int((hopeful & _able(view.world, n)).sum()) for n in range(len(view.missing))]
    needs = view.world.scenario.needs
    return _next(view, [max(need.headcount - out[n], 0) for n, need in enumerate(needs)])


def by_conversion(view: View) -> Positions:
    """What is missing divided by the share of yes so far (at first the believed one), each five minutes."""
    if not view.five_minutes_passed:
        return _NOBODY
    asked = int((~np.isnan(view.asked_at)).sum())
    yes = int((view.answered & view.world.says_yes).sum())
    conversion = max((yes + float(view.world.believed.mean())) / (asked + 1), 0.01)
    return _next(view, [ceil(missing / conversion) for missing in view.missing])


def ours(view: View) -> Positions:
    """The product's plan, each minute."""
    return _planned(view, view.model.shift_sd, EVEN)


def ours_for_life(view: View) -> Positions:
    """The same where lives are at stake: without patience."""
    return _planned(view, view.model.shift_sd, 1.0)


POLICIES: Mapping[str, Policy] = {
    "everyone": everyone,
    "one wave for 95 %": one_wave,
    "tens each 5 min": tens,
    "replace on reject": replace_on_reject,
    "need / conversion": by_conversion,
    "ours": ours,
    "ours, lives at stake": ours_for_life,
}


def _planned(view: View, shift_sd: float, patience: float) -> Positions:
    """What the product's pure core decides."""
    world, scenario = view.world, view.world.scenario
    left = np.flatnonzero(np.isnan(view.asked_at) & (world.able > 0))
    asked = np.flatnonzero(~np.isnan(view.asked_at))
    answered, yes = view.answered[asked], world.says_yes[asked]
    situation = Situation(
        [
            NeedProgress(n, need.headcount, view.filled.get(n, 0), CONFIDENCE)
            for n, need in enumerate(scenario.needs)
        ],
        Asked(
            chance=world.believed[asked],
            accepted=(answered & yes).astype(np.float64),
            declined=(answered & ~yes).astype(np.float64),
            silent=(~answered).astype(np.float64),
            elapsed_s=view.at - view.asked_at[asked],
            window_s=scenario.window_s - view.asked_at[asked],
        ),
        world.able[asked],
        Pool(world.believed[left], np.full(left.size, scenario.window_s - view.at), world.able[left]),
        unknown_shift(shift_sd),
        view.model.manner,
        patience,
    )
    view.decision = plan(CalloutMode.PHASED, situation)
    return left[np.array(view.decision.chosen, np.int64)]


def _able(world: World, n: int) -> npt.NDArray[np.bool_]:
    return (world.able >> n & 1).astype(np.bool_)


def _next(view: View, counts: list[int]) -> Positions:
    """So many for each need, the next in rank; nobody for two needs."""
    free = np.isnan(view.asked_at)
    for n, count in enumerate(counts):
        free[np.flatnonzero(free & _able(view.world, n))[:count]] = False
    return np.flatnonzero(np.isnan(view.asked_at) & ~free)


@dataclass(frozen=True, slots=True)
class Played:
    """What came of one call-out under one policy. ``filled_at``: seconds, infinite if never in time.

    ``promised``: what the first plan said of all needs together, if asking goes on. ``said``: of each plan,
    what it said of those asked so far, and whether these alone would have filled the need (one need only).
    """

    filled_at: float
    asked: int
    surplus: int
    promised: float | None
    said: tuple[tuple[float, bool], ...]
    plan_ms: tuple[float, ...]


def play(world: World, policy: Policy) -> Played:
    """Ask, wait, ask again each minute until the needs are filled or time is up."""
    view = View(world, model_of(world.scenario), 0.0, np.full(world.believed.size, np.nan))
    promised: float | None = None
    said: list[tuple[float, bool]] = []
    plan_ms = []
    for at in np.arange(0, world.scenario.window_s, TICK_S).tolist():
        view.at = at
        view.filled = filled(world, np.flatnonzero(view.answered & world.says_yes))
        if not any(view.missing):
            break
        began = perf_counter()
        chosen = policy(view)
        plan_ms.append((perf_counter() - began) * 1000)
        if view.decision is not None:
            promised = view.decision.together if promised is None else promised
            said += _borne_out(view)
        view.asked_at[chosen] = at
    yes_at = np.where(world.says_yes, view.asked_at + world.answers_after_s, np.inf)
    filled_at = _filled_at(world, yes_at)
    # A minute passes until everyone has read that enough are coming.
    came = int((yes_at <= min(filled_at + 60, world.scenario.window_s)).sum())
    surplus = came - sum(need.headcount for need in world.scenario.needs)
    asked = int((view.asked_at <= filled_at).sum())
    return Played(filled_at, asked, max(surplus, 0), promised, tuple(said), tuple(plan_ms))


def _borne_out(view: View) -> list[tuple[float, bool]]:
    """What was said of those asked so far, before this plan's people, and what these alone bring."""
    world = view.world
    if len(world.scenario.needs) > 1 or view.decision is None or view.begins:
        return []
    yes_at = np.where(world.says_yes, view.asked_at + world.answers_after_s, np.inf)
    alone = int((yes_at <= world.scenario.window_s).sum()) >= world.scenario.needs[0].headcount
    return [(view.decision.before[0].with_asked, alone)]


def filled(world: World, coming: Positions) -> Mapping[int, int]:
    """How many of each need's places these people fill, by the product's matching."""
    needs = world.scenario.needs
    if len(needs) == 1:
        return {0: min(coming.size, needs[0].headcount)}
    comers = [
        Comer(p, frozenset(n for n in range(len(needs)) if world.able[p] >> n & 1)) for p in coming.tolist()
    ]
    placed = list(assign([OpenNeed(n, n, need.headcount) for n, need in enumerate(needs)], comers).values())
    return {n: placed.count(n) for n in range(len(needs))}


def _filled_at(world: World, yes_at: Numbers) -> float:
    """The moment at which every place can be filled; infinite if that is not in time."""
    order = np.argsort(yes_at)
    order = order[yes_at[order] <= world.scenario.window_s]
    places = sum(need.headcount for need in world.scenario.needs)
    low, high = places, order.size
    if high < places or sum(filled(world, order).values()) < places:
        return float("inf")
    while low < high:
        middle = (low + high) // 2
        if sum(filled(world, order[:middle]).values()) == places:
            high = middle
        else:
            low = middle + 1
    return float(yes_at[order[low - 1]])
