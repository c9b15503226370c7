"""People who answer, for ``bench waves``: who would say yes, when, and how little the planner knows of that.

A person's true chance has four parts in log-odds: the scenario's acceptance, the distance (nearer people come
more often), the person, and the night or whatever moves everyone together (the shock). The planner sees the
distance and a handful of earlier asks of each person; it sees neither the person's part nor the shock. Delays
are log-normal; at night they are longer than the planner believes.
"""

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq
from scipy.special import expit

from config import load_settings
from mobilize.domain.acceptance import (
    Circumstances,
    Model,
    expected_of_anybody,
    learn_history_weight,
    with_own_history,
)
from mobilize.domain.chance import Numbers
from mobilize.domain.prospects import calling_order
from mobilize.domain.travel import TravelMode, travel_s
from mobilize.services.prospects import STEP_S
from mobilize.services.travel import model_of as model_of_travel

#: Spread of people around what circumstances say, in log-odds, and earlier asks of each.
_PERSON_SD, _EARLIER = 0.6, 6
#: Share of those who do not come that says so, in truth.
_SAYS_NO = 0.5
_DELAY_S, _DELAY_SD = 240.0, 1.2
#: At night: fewer say yes than is believed, and they take longer.
_NIGHT_ODDS, _NIGHT_SLOWER = -0.5, 1.6
#: From the last useful yes to the arrive-by time; seconds.
_USUAL_WAY_S = 2400.0


@dataclass(frozen=True, slots=True)
class NeedSpec:
    """A need: headcount, and the share of people who have its skill."""

    headcount: int
    share: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the bench. ``acceptance``: the mean chance of a yes among all people, without the shock."""

    name: str
    needs: tuple[NeedSpec, ...]
    people: int
    acceptance: float
    shock_sd: float
    night: bool = False
    window_s: float = 3600.0


@dataclass(frozen=True, slots=True)
class World:
    """One drawn call-out. One element a person, in rank; ``believed``: what the planner takes for p."""

    scenario: Scenario
    able: npt.NDArray[np.int64]
    believed: Numbers
    #: Seconds from the text to the answer; infinite for those who never answer.
    answers_after_s: Numbers
    says_yes: npt.NDArray[np.bool_]


def draw(scenario: Scenario, seed: int) -> World:
    """The same seed gives the same people to every policy."""
    rng = np.random.default_rng([seed, scenario.people])
    n = scenario.people
    distance = np.sort(25_000 * np.sqrt(rng.random(n)))
    model = model_of(scenario)
    person = rng.normal(0, _PERSON_SD, n)
    here = Circumstances(distance, np.full(n, scenario.night), life_threatening=False, minor=False)
    base = _logit(expected_of_anybody(model, here)) + person
    chance = expit(base + _centre(base, scenario.acceptance))
    earlier = rng.binomial(_EARLIER, chance).astype(np.float64)
    believed = with_own_history(model, expected_of_anybody(model, here), np.full(n, float(_EARLIER)), earlier)
    order = calling_order(_travel_s(distance), believed, np.zeros(n), scenario.window_s + _USUAL_WAY_S)
    moved = rng.normal(0, scenario.shock_sd) + (_NIGHT_ODDS if scenario.night else 0.0)
    says_yes = rng.random(n) < expit(_logit(chance) + moved)
    delay = rng.lognormal(np.log(_DELAY_S * (_NIGHT_SLOWER if scenario.night else 1.0)), _DELAY_SD, n)
    answers = np.where(says_yes | (rng.random(n) < _SAYS_NO), delay, np.inf)
    return World(scenario, _skills(scenario, rng)[order], believed[order], answers[order], says_yes[order])


def _travel_s(distance_m: Numbers) -> Numbers:
    """As the product estimates it with its default settings, to five minutes."""
    model = model_of_travel(load_settings({"SECRET_KEY": "of a simulation without a database"}))
    way = travel_s(distance_m, TravelMode.CAR, model) + model.preparation_s
    return np.asarray(np.ceil(way / STEP_S) * STEP_S, np.float64)


@cache
def model_of(scenario: Scenario) -> Model:
    """What was learned before: the right mean by circumstances, and how much people and call-outs differ."""
    distance = 25_000 * np.sqrt((np.arange(400) + 0.5) / 400)
    first = Model(shift_sd=scenario.shock_sd)
    here = Circumstances(distance, np.full(400, scenario.night), life_threatening=False, minor=False)
    base = _logit(expected_of_anybody(first, here))
    anybody = first.odds[0] + _centre(base, scenario.acceptance)
    model = replace(first, odds=(anybody, *first.odds[1:]))
    truth = base + _centre(base + np.random.default_rng(0).normal(0, _PERSON_SD, 400), scenario.acceptance)
    return replace(model, history_weight=_history_weight(model, truth, here))


@cache
def _past(seed: int = 0) -> tuple[Numbers, Numbers]:
    """People of the past, from whom it was learned how much people differ: their parts, and luck."""
    rng = np.random.default_rng(seed)
    return rng.normal(0, _PERSON_SD, 4000), rng.random((4000, _EARLIER))


def _history_weight(model: Model, truth: Numbers, here: Circumstances) -> float:
    part, luck = _past()
    where = np.resize(truth, part.size)
    yes = (luck < expit(where + part)[:, None]).sum(axis=1).astype(np.float64)
    p0 = np.resize(expected_of_anybody(model, here), part.size)
    asked = np.full(part.size, float(_EARLIER))
    return learn_history_weight(asked, yes, p0 * _EARLIER, p0 * (1 - p0) * _EARLIER)


def _skills(scenario: Scenario, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    able = np.zeros(scenario.people, np.int64)
    for bit, need in enumerate(scenario.needs):
        able |= (rng.random(scenario.people) < need.share).astype(np.int64) << bit
    return able


def _centre(base: Numbers, mean: float) -> float:
    """What to add to log-odds so that the mean chance is this."""
    return float(brentq(lambda x: float(expit(base + x).mean()) - mean, -12, 12))


def _logit(p: Numbers) -> Numbers:
    return np.log(p) - np.log1p(-p)
