"""How long does a whole selection take among a million volunteers? Beside it, the obvious ways.

Every way does the whole job: find who has a needed skill in a circle, decide exactly by geodesic
distance, load the facts, apply eligibility, rank. They differ only in how they find people:

- ``cells``: what the product does; the index `SkillPlace`, ranges of cells, vectorised geodesics;
- ``box``: a b-tree on latitude and longitude, the circle's bounding box, geopy's geodesic one by one;
- ``loop``: everyone with a needed skill, geopy's geodesic one by one. It is run in full, at fewer cities.
"""

import argparse
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from geopy.distance import geodesic
from sqlalchemy import select, text

from config import load_settings
from mobilize import create_app
from mobilize.domain.area import Area, parse_area
from mobilize.domain.vocabulary import Certainty, Hazard, Severity, Urgency
from mobilize.extensions import db
from mobilize.models import Callout, Certification, Emergency, Need, Place
from mobilize.services import selection
from mobilize.services.ports import FastForwardClock
from mobilize.services.selection import Selection

from .population import NOW, City, cities, populate

Way = Callable[[Callout, Area], set[int]]

#: Milliseconds in which a coordinator does not notice the plan being made.
GOAL_P95_MS = 250.0
GOAL_TIMES_FASTER = 2.0


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--volunteers", type=int, default=100_000, help="size of the membership (100,000)")
    parser.add_argument("--seed", type=int, default=1, help="makes the same membership again (1)")
    parser.add_argument("--cities", type=int, default=20, help="circles to select in (20)")
    parser.add_argument("--radius-km", type=float, default=25.0, help="their radius (25)")
    parser.add_argument("--repeats", type=int, default=5, help="selections per city (5)")
    parser.add_argument("--loop-cities", type=int, default=1, help="cities for the geopy loop (1)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Populate a temporary SQLite database and measure."""
    with tempfile.TemporaryDirectory(prefix="mobilize-bench-") as directory:
        settings = load_settings(
            {
                "DATABASE_URL": f"sqlite:///{Path(directory) / 'bench.db'}",
                "SECRET_KEY": "only for a database that lives for minutes",
                "LOG_LEVEL": "ERROR",
            }
        )
        app = create_app(settings, clock=FastForwardClock(NOW))
        with app.app_context():
            seconds = _prepare(args)
            result = _measure(args)
            db.session.remove()
            db.engine.dispose()
    return {
        **result,
        "volunteers": args.volunteers,
        "radius_km": args.radius_km,
        "seconds_to_populate": seconds,
    }


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _prepare(args: argparse.Namespace) -> float:
    started = time.perf_counter()
    _say(f"Populating {args.volunteers:,} volunteers ...")
    populate(args.volunteers, args.seed)
    selection.rebuild_index()
    db.session.execute(text("CREATE INDEX bench_box ON place (lat, lon, volunteer_id)"))
    db.session.execute(text("ANALYZE"))
    db.session.commit()
    # SQLite folds its log into the file when the last connection closes.
    db.session.remove()
    db.engine.dispose()
    return round(time.perf_counter() - started, 1)


def _measure(args: argparse.Namespace) -> dict[str, Any]:
    drawn = _draw(args.cities, args.seed)
    callouts = [_callout(city, args.radius_km * 1000) for city in drawn]
    few = callouts[: args.loop_cities]
    found: dict[str, dict[int, Selection]] = {}
    rows = []
    for name, way, where, repeats in (
        ("cells", selection.people_in, callouts, args.repeats),
        ("box", _by_box, callouts, 1),
        ("loop", _by_loop, few, 1),
    ):
        _say(f"Selecting by {name} ...")
        times, found[name] = _timed(way, where, repeats)
        rows.append(_row(name, times, len(where), repeats, found[name]))
    finding, _ = _timed_finding(callouts, args.repeats)
    rows.insert(1, {"way": "cells, finding only", **_percentiles(finding), "cities": len(callouts)})
    for row in rows:
        if row["way"] in found:
            row["equal_to_cells"] = _equal(found["cells"], found[row["way"]])
    return {"rows": rows, "goals": _goals(rows), "distances": _distances(drawn, callouts, found["cells"])}


def _draw(count: int, seed: int) -> list[City]:
    """Different cities, the larger the likelier."""
    rng = random.Random(seed)
    return sorted(cities(), key=lambda city: rng.random() ** (1 / city.population))[-count:][::-1]


def _callout(city: City, radius_m: float) -> Callout:
    emergency = Emergency(
        section_id=1,
        title=city.name,
        hazard=Hazard.EARTHQUAKE,
        severity=Severity.SEVERE,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.OBSERVED,
        country="IT",
        area={"type": "circle", "lat": city.lat, "lon": city.lon, "radius_m": radius_m},
        declared_at=NOW,
    )
    callout = Callout(
        emergency=emergency,
        rendezvous=city.name,
        rendezvous_lat=city.lat,
        rendezvous_lon=city.lon,
        arrive_by=NOW + timedelta(hours=6),
        created_at=NOW,
        needs=[Need(skill_id=n, headcount=10) for n in (1, 2, 3)],
    )
    db.session.add(callout)
    db.session.commit()
    return callout


def _whole(way: Way, callout: Callout) -> Selection:
    area = parse_area(callout.emergency.area)
    return selection.choose(callout, area, way(callout, area))


def _timed(way: Way, callouts: list[Callout], repeats: int) -> tuple[list[float], dict[int, Selection]]:
    """Milliseconds of every selection, and the last selection of each callout."""
    times, found = [], {}
    for callout in callouts:
        for _ in range(repeats):
            _warm(callout)
            started = time.perf_counter()
            found[callout.id] = _whole(way, callout)
            times.append((time.perf_counter() - started) * 1000)
            db.session.rollback()
    return times, found


def _timed_finding(callouts: list[Callout], repeats: int) -> tuple[list[float], int]:
    """The same for finding alone: cells and exact distance, without eligibility and ranking."""
    times, people = [], 0
    for callout in callouts:
        for _ in range(repeats):
            _warm(callout)
            started = time.perf_counter()
            people = len(selection.people_in(callout, parse_area(callout.emergency.area)))
            times.append((time.perf_counter() - started) * 1000)
            db.session.rollback()
    return times, people


def _warm(callout: Callout) -> None:
    """Load the callout itself before the clock starts, as a page or the engine already has."""
    assert callout.needs
    assert callout.emergency.section.path


def _near(callout: Callout, area: Area, rows: Iterable[Any]) -> set[int]:
    centre, radius_m = area.centre, callout.emergency.area["radius_m"]
    return {n for n, lat, lon in rows if geodesic(centre, (lat, lon)).m <= radius_m}


def _by_loop(callout: Callout, area: Area) -> set[int]:
    skill_ids = [need.skill_id for need in callout.needs]
    skilled = select(Certification.volunteer_id).where(Certification.skill_id.in_(skill_ids))
    query = select(Place.volunteer_id, Place.lat, Place.lon).where(Place.volunteer_id.in_(skilled))
    return _near(callout, area, db.session.execute(query))


def _by_box(callout: Callout, area: Area) -> set[int]:
    """A degree of latitude is at least 110.57 km; of longitude, its cosine (no city is near a pole)."""
    (lat, lon), radius_km = area.centre, callout.emergency.area["radius_m"] / 1000
    high = radius_km / 110.57
    wide = high / math.cos(math.radians(abs(lat) + high))
    skill_ids = [need.skill_id for need in callout.needs]
    query = (
        select(Place.volunteer_id, Place.lat, Place.lon)
        .join(Certification, Certification.volunteer_id == Place.volunteer_id)
        .where(
            Place.lat.between(lat - high, lat + high),
            Place.lon.between(lon - wide, lon + wide),
            Certification.skill_id.in_(skill_ids),
        )
        .distinct()
    )
    return _near(callout, area, db.session.execute(query))


def _percentiles(times: list[float]) -> dict[str, float]:
    cuts = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else times
    return {"median_ms": round(statistics.median(times), 2), "p95_ms": round(cuts[-1], 2)}


def _row(
    name: str, times: list[float], places: int, repeats: int, found: dict[int, Selection]
) -> dict[str, Any]:
    return {
        "way": name,
        **_percentiles(times),
        "cities": places,
        "repeats": repeats,
        "examined": round(statistics.mean(each.examined for each in found.values())),
        "callable": round(statistics.mean(len(each.ranked) for each in found.values())),
    }


def _equal(cells: dict[int, Selection], other: dict[int, Selection]) -> bool:
    """The same people in the same order, with the same reasons against the rest."""
    return all(cells[key] == one for key, one in other.items())


def _distances(drawn: list[City], callouts: list[Callout], found: dict[int, Selection]) -> list[dict[str, Any]]:
    """Per city: the nearest and the farthest callable person, and the worst difference to geopy."""
    lines = []
    for city, callout in zip(drawn, callouts, strict=True):
        ranked = found[callout.id].ranked
        errors = [
            abs(geodesic((city.lat, city.lon), (each.lat, each.lon)).m - each.distance_m)
            for each in ranked[:200]
        ]
        metres = [each.distance_m for each in ranked] or [0.0]
        lines.append(
            {
                "city": city.name,
                "callable": len(ranked),
                "nearest_m": round(min(metres), 1),
                "farthest_m": round(max(metres), 1),
                "largest_error_mm": round(max(errors, default=0.0) * 1000, 6),
            }
        )
    return lines


def _goals(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_way = {row["way"]: row for row in rows}
    faster = by_way["box"]["median_ms"] / by_way["cells"]["median_ms"]
    p95 = by_way["cells"]["p95_ms"]
    equal = all(row.get("equal_to_cells", True) for row in rows)
    return [
        {"name": "all ways select the same people", "value": equal, "goal": True, "met": equal},
        {"name": "p95 of a whole selection, ms", "value": p95, "goal": GOAL_P95_MS, "met": p95 <= GOAL_P95_MS},
        {
            "name": "times faster than box and geopy (median)",
            "value": round(faster, 1),
            "goal": GOAL_TIMES_FASTER,
            "met": faster >= GOAL_TIMES_FASTER,
        },
    ]
