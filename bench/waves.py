"""How many people must be disturbed until a call-out is filled, and is the promise kept? Ours beside others.

Call-outs are simulated (``wave_world.py``): need 10 of 300 people, 25 of 2,000, and three needs with
overlapping skills among 600; acceptance 0.1 to 0.5; log-normal delays; a shared shock of 0, 0.6 or 1.2 in
log-odds; and a night of which the planner knows too little. Every policy (``wave_policies.py``) plays the same
people.

``filled``: share filled within the hour. ``asked_per_need``: people asked for each place. ``surplus``: yes
beyond the need until everyone has heard that it is enough. ``promised``: what was stated at the launch. One
policy is better than ours only if it is filled as often, asks no more people, and is no slower in the middle
and at the 90th percentile.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from time import perf_counter
from typing import Any

import numpy as np

from mobilize.domain.acceptance import judge
from mobilize.domain.chance import Asked, unknown_shift
from mobilize.domain.vocabulary import CalloutMode
from mobilize.domain.waves import NeedProgress, Pool, Situation, plan

from .wave_policies import CONFIDENCE, POLICIES, Played, play
from .wave_world import NeedSpec, Scenario, draw, model_of

TEN, TWENTY_FIVE = (NeedSpec(10, 1.0),), (NeedSpec(25, 1.0),)
THREE = (NeedSpec(8, 0.5), NeedSpec(6, 0.4), NeedSpec(4, 0.2))
SHOCKS = (0.0, 0.6, 1.2)
OURS = "ours"
#: The scenario of the goals.
_MAIN = "10 of 300, 0.22, sd 0.6"
_FILLED, _SHARE_OF_EVERYONE, _CALIBRATION, _PLAN_MS = 0.98, 0.2, 0.03, 20.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--runs", type=int, default=200, help="call-outs of each scenario and policy (200)")
    parser.add_argument("--only", help="scenarios whose name contains this")
    parser.add_argument("--processes", type=int, default=2, help="at a time (2)")


def scenarios() -> list[Scenario]:
    found = []
    for kind, needs, people in (("10 of 300", TEN, 300), ("25 of 2,000", TWENTY_FIVE, 2000)):
        for acceptance in (0.1, 0.22, 0.35, 0.5):
            found += [
                Scenario(f"{kind}, {acceptance:g}, sd {sd:g}", needs, people, acceptance, sd) for sd in SHOCKS
            ]
    found += [Scenario(f"three needs, 0.3, sd {sd:g}", THREE, 600, 0.3, sd) for sd in SHOCKS]
    return [*found, Scenario("10 of 300, 0.22, sd 0.6, night", TEN, 300, 0.22, 0.6, night=True)]


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Play every scenario under every policy; one row each."""
    chosen = [s for s in scenarios() if not args.only or args.only in s.name]
    rows, said, promised = [], [], []
    with ProcessPoolExecutor(args.processes) as pool:
        for scenario in chosen:
            print(f"{scenario.name} ...", file=sys.stderr, flush=True)
            for name in POLICIES:
                played = list(pool.map(partial(_once, scenario, name), range(args.runs), chunksize=10))
                rows.append(_row(scenario, name, played))
                if name == OURS:
                    said += [pair for one in played for pair in one.said]
                    promised += [
                        (one.promised, np.isfinite(one.filled_at)) for one in played if one.promised is not None
                    ]
    tick_ms = _plan_with_many()
    return {
        "rows": rows,
        "goals": _goals(rows, said, promised, tick_ms),
        "calibration": {"with those asked": _deciles(said), "if asking goes on": _deciles(promised)},
        "plan_ms_with_100000_recipients": tick_ms,
        "runs": args.runs,
    }


def _once(scenario: Scenario, policy: str, seed: int) -> Played:
    return play(draw(scenario, seed), POLICIES[policy])


def _row(scenario: Scenario, policy: str, played: Sequence[Played]) -> dict[str, Any]:
    filled_at = np.array([one.filled_at for one in played])
    filled = float(np.isfinite(filled_at).mean())
    asked = float(np.mean([one.asked for one in played]))
    promised = _promised(policy, played)
    return {
        "scenario": scenario.name,
        "policy": policy,
        "filled": round(filled, 3),
        "asked": round(asked, 1),
        "asked_per_need": round(asked / sum(need.headcount for need in scenario.needs), 2),
        "share_of_everyone": round(asked / scenario.people, 3),
        "median_min": _minutes(filled_at, 0.5),
        "p90_min": _minutes(filled_at, 0.9),
        "surplus": round(float(np.mean([one.surplus for one in played])), 2),
        "promised": None if promised is None else round(promised, 3),
        "promised_less_achieved": None if promised is None else round(promised - filled, 3),
        "plan_ms": round(float(np.mean([ms for one in played for ms in one.plan_ms])), 2),
    }


def _promised(policy: str, played: Sequence[Played]) -> float | None:
    """What the policy states at the launch: ours its own figure, one wave its confidence, others nothing."""
    if policy == "one wave for 95 %":
        return CONFIDENCE
    stated = [one.promised for one in played if one.promised is not None]
    return float(np.mean(stated)) if stated else None


def _minutes(filled_at: np.ndarray[Any, np.dtype[np.float64]], share: float) -> float | None:
    """A percentile of the time to fill; ``None`` if the call-out is not filled so often."""
    found = float(np.quantile(filled_at, share, method="inverted_cdf"))
    return round(found / 60, 1) if np.isfinite(found) else None


def _plan_with_many() -> float:
    """Milliseconds of one plan with 100,000 people asked, in the groups in which the product counts them."""
    rng = np.random.default_rng(1)
    keys, counts = np.unique(
        np.column_stack(
            [
                np.round(rng.beta(3, 9, 100_000), 2),
                rng.integers(0, 12, 100_000) * 300,
                rng.integers(0, 20, 100_000),
            ]
        ),
        axis=0,
        return_counts=True,
    )
    elapsed = keys[:, 2] * 60
    yes, no = np.floor(counts * 0.1), np.floor(counts * 0.3)
    asked = Asked(keys[:, 0], yes, no, counts - yes - no, elapsed, 7200 - keys[:, 1])
    pool = Pool(np.full(2000, 0.25), np.full(2000, 3600.0), np.ones(2000, np.int64))
    scenario = Scenario("many", TEN, 300, 0.25, 0.6)
    model = model_of(scenario)
    found = Situation(
        [NeedProgress(1, 9000, int(yes.sum()), CONFIDENCE)],
        asked,
        np.ones(len(keys), np.int64),
        pool,
        unknown_shift(0.6),
        model.manner,
    )
    times = []
    for _ in range(15):
        began = perf_counter()
        plan(CalloutMode.PHASED, found)
        times.append((perf_counter() - began) * 1000)
    return round(float(np.median(times)), 2)


def _deciles(pairs: Sequence[tuple[float, bool]]) -> dict[str, Any]:
    """Stated against happened, in ten bands of what was stated."""
    bands: defaultdict[int, list[tuple[float, bool]]] = defaultdict(list)
    for stated, happened in pairs:
        bands[min(int(stated * 10), 9)].append((stated, happened))
    rows = [
        {
            "stated": round(float(np.mean([s for s, _ in some])), 3),
            "happened": round(float(np.mean([h for _, h in some])), 3),
            "times": len(some),
        }
        for _, some in sorted(bands.items())
    ]
    error = sum(row["times"] * abs(row["stated"] - row["happened"]) for row in rows)
    return {"error": round(error / max(len(pairs), 1), 4), "bands": rows, "brier": _brier(pairs)}


def _brier(pairs: Sequence[tuple[float, bool]]) -> float | None:
    if not pairs:
        return None
    return round(judge([s for s, _ in pairs], [float(h) for _, h in pairs]).brier, 4)


def _goals(
    rows: Sequence[Mapping[str, Any]],
    said: Sequence[tuple[float, bool]],
    promised: Sequence[tuple[float, bool]],
    tick_ms: float,
) -> list[dict[str, Any]]:
    goals: list[dict[str, Any]] = []
    main = {row["policy"]: row for row in rows if row["scenario"] == _MAIN}
    if main:
        ours = main[OURS]
        share = round(ours["asked"] / main["everyone"]["asked"], 3)
        goals += [
            _goal(f"{_MAIN}: filled in time", ours["filled"], _FILLED, ours["filled"] >= _FILLED),
            _goal(f"{_MAIN}: of everyone's people", share, _SHARE_OF_EVERYONE, share <= _SHARE_OF_EVERYONE),
        ]
    better = [f"{row['scenario']}: {row['policy']}" for row in rows if _better(row, rows)]
    goals.append(_goal("policies both faster and lighter than ours", better, [], not better))
    for name, pairs in (("with those asked", said), ("if asking goes on", promised)):
        error = _deciles(pairs)["error"]
        goals.append(_goal(f"calibration error, {name}", error, _CALIBRATION, error < _CALIBRATION))
    goals.append(_goal("plan with 100,000 recipients, ms", tick_ms, _PLAN_MS, tick_ms < _PLAN_MS))
    return goals


def _goal(name: str, value: Any, goal: Any, met: bool) -> dict[str, Any]:
    return {"name": name, "value": value, "goal": goal, "met": bool(met)}


def _better(row: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a policy of others beats one of ours in everything that counts."""

    if row["policy"].startswith(OURS):
        return False
    ours = [r for r in rows if r["scenario"] == row["scenario"] and r["policy"].startswith(OURS)]
    return any(_beats(row, mine) for mine in ours)


def _beats(other: Mapping[str, Any], ours: Mapping[str, Any]) -> bool:
    def slow(minutes: float | None) -> float:
        return float("inf") if minutes is None else minutes

    return (
        other["filled"] >= ours["filled"]
        and other["asked"] <= ours["asked"]
        and slow(other["median_min"]) <= slow(ours["median_min"])
        and slow(other["p90_min"]) <= slow(ours["p90_min"])
        and other["filled"] > 0
    )
