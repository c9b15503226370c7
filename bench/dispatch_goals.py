"""What ``bench dispatch`` is to show, judged on its rows. A goal whose rows were not measured is left out."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .dispatch_queues import QUEUES

Row = Mapping[str, Any]
Goal = dict[str, Any]

GOAL_OF_ASYNC = 0.7
GOAL_OF_ASYNC_AT_LATENCY = 2.5
GOAL_ENQUEUE_S = 2.0
GOAL_RSS_MB = 250.0
#: Flat: in the second half of the time at most this many times the peak of the first.
GOAL_FLAT = 1.05
GOAL_FIRST_TEXT_MS = 300.0
_PER = 100_000


def goals(rows: Sequence[Row]) -> list[Goal]:
    ours = [row for row in rows if row["way"] == "ours"]
    return [
        *_beside_async(rows, ours),
        *_beside_queues(rows, ours),
        *(goal for row in ours for goal in _of_ours(row)),
        *_launch(rows),
    ]


def _at_least(name: str, value: float, goal: float) -> Goal:
    return {"name": name, "value": round(value, 3), "goal": goal, "met": value >= goal}


def _at_most(name: str, value: float, goal: float) -> Goal:
    return {"name": name, "value": round(value, 3), "goal": goal, "met": value <= goal}


def _beside_async(rows: Sequence[Row], ours: Sequence[Row]) -> Iterator[Goal]:
    """Against the mean of the client's runs just before and just after."""
    listed = list(rows)
    for row in ours:
        at = listed.index(row)
        beside = [
            other["per_second"]
            for other in listed[max(0, at - 1) : at + 2]
            if other["way"] == "twilio-async" and other["latency_ms"] == row["latency_ms"]
        ]
        if beside:
            goal = GOAL_OF_ASYNC_AT_LATENCY if row["latency_ms"] >= 100 else GOAL_OF_ASYNC
            name = f"ours to the bare async client at {row['latency_ms']:g} ms, {row['database']}"
            yield _at_least(name, row["per_second"] / statistics.mean(beside), goal)


def _beside_queues(rows: Sequence[Row], ours: Sequence[Row]) -> Iterator[Goal]:
    queues = {row["way"]: row["per_second"] for row in rows if row["way"] in QUEUES and "per_second" in row}
    if not queues:
        return
    fastest = max(queues, key=lambda name: queues[name])
    for row in ours:
        if row["latency_ms"] == 0:
            name = f"ours to the fastest task queue ({fastest}), {row['database']}"
            yield _at_least(name, row["per_second"] / queues[fastest], 1.0)


def _of_ours(row: Row) -> Iterator[Goal]:
    where = f"{row['database']} at {row['latency_ms']:g} ms"
    wrong = row["lost"] + row["twice"] + row["asked"] - row["texts"]
    yield _at_most(f"texts lost, twice or not recorded, {where}", wrong, 0)
    seconds = row["enqueue_seconds"] * _PER / row["asked"]
    yield _at_most(f"seconds to enqueue 100,000, {where}", seconds, GOAL_ENQUEUE_S)
    yield _at_most(f"peak memory of the engine, MB, {where}", row["send_rss_mb"], GOAL_RSS_MB)
    yield _at_most(f"peak memory of the asking process, MB, {where}", row["enqueue_rss_mb"], GOAL_RSS_MB)
    yield _at_most(f"memory later to earlier, {where}", row["rss_later_to_earlier"], GOAL_FLAT)


def _launch(rows: Sequence[Row]) -> Iterator[Goal]:
    for row in rows:
        if row["way"] == "launch: first text":
            yield _at_most("launch to first text, 95th percentile, ms", row["p95_ms"], GOAL_FIRST_TEXT_MS)
            yield _at_most("texts of the launches that did not go", row["asked"] - row["texts"], 0)
