"""How long does a whole selection take, from a city to a country, and what do others take for less?

Ours does the whole job: find who has a needed skill in the area, decide exactly by geodesic distance or
polygon, apply eligibility with every reason, rank. Beside it, in the same run:

- ``geopy, everybody``: geopy's geodesic one by one over everyone with the skill (one area, small sizes only);
- ``box and geopy``: a b-tree on latitude and longitude, then geopy's geodesic one by one. Finding only;
- ``PostGIS``: geography and skill by join, and tuned (``select_postgis.py``). Finding only.

All find the same people as brute force: the exact geometry over everybody.
"""

import argparse
import math
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
from geopy.distance import geodesic
from sqlalchemy import select, text

from config import load_settings
from mobilize import create_app
from mobilize.domain.area import parse_area
from mobilize.domain.vocabulary import Certainty, Hazard, Severity, Urgency
from mobilize.extensions import db
from mobilize.models import Callout, Certification, Emergency, Need, Place
from mobilize.services import selection
from mobilize.services.ports import FastForwardClock

from . import select_postgis
from .dispatch_databases import databases
from .population import NOW, City, cities, populate

SIZES = (10_000, 100_000, 1_000_000)
HUGE = 10_000_000
SKILL_IDS = (1, 2, 3)
CIRCLE_M, POLYGON_M2, VERTICES = 25_000.0, 5_000e6, 200
#: Of the time that PostGIS takes for geography and skill alone.
GOAL_SHARE = 0.4
_GEOPY_MOST = 100_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--sizes", type=int, nargs="+", default=list(SIZES), help="members (10 k, 100 k, 1 M)")
    parser.add_argument("--huge", action="store_true", help="10 million as well")
    parser.add_argument("--cities", type=int, default=20, help="areas of each kind (20)")
    parser.add_argument("--repeats", type=int, default=5, help="selections in each area (5)")
    parser.add_argument("--database", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--seed", type=int, default=1, help="makes the same membership again (1)")


def run(args: argparse.Namespace) -> dict[str, Any]:
    """Measure every size on every database, in databases that are gone afterwards."""
    rows: list[dict[str, Any]] = []
    for size in [*args.sizes, *([HUGE] if args.huge else [])]:
        with tempfile.TemporaryDirectory(prefix="mobilize-bench-") as directory:
            rows += _size(args, size, Path(directory))
    return {"rows": rows, "goals": _goals(rows)}


def _say(message: str) -> None:
    print(message, file=sys.stderr, flush=True)


def _size(args: argparse.Namespace, size: int, directory: Path) -> list[dict[str, Any]]:
    drawn = _draw(args.cities, args.seed)
    areas = {"circle": [_circle(city) for city in drawn], "polygon": [_polygon(city) for city in drawn]}
    rows: list[dict[str, Any]] = []
    truth: dict[str, list[set[int]]] = {}
    with databases(directory) as made:
        for kind in args.database:
            settings = load_settings(
                {
                    "DATABASE_URL": made.new(kind),
                    "SECRET_KEY": "only for a bench of minutes" * 2,
                    "LOG_LEVEL": "ERROR",
                }
            )
            with create_app(settings, clock=FastForwardClock(NOW)).app_context():
                _say(f"{size:,} members on {kind} ...")
                _prepare(size, args.seed)
                if not truth:
                    people = _everybody()
                    truth = {shape: [_brute(people, area) for area in some] for shape, some in areas.items()}
                    rows += _geopy(size, areas["circle"], truth["circle"], people)
                    rows += _postgis(args, size, directory, areas, truth)
                rows += [
                    _ours(size, (kind, shape), some, truth[shape], args.repeats)
                    for shape, some in areas.items()
                ]
                db.session.remove()
                db.engine.dispose()
    return rows


def _prepare(size: int, seed: int) -> None:
    populate(size, seed)
    selection.rebuild_index()
    db.session.execute(text("CREATE INDEX bench_box ON place (lat, lon, volunteer_id)"))
    db.session.execute(text("ANALYZE"))
    db.session.commit()


def _draw(count: int, seed: int) -> list[City]:
    """Different cities, the larger the likelier."""
    rng = random.Random(seed)
    return sorted(cities(), key=lambda city: rng.random() ** (1 / city.population))[-count:][::-1]


def _circle(city: City) -> dict[str, Any]:
    return {"type": "circle", "lat": city.lat, "lon": city.lon, "radius_m": CIRCLE_M}


def _polygon(city: City) -> dict[str, Any]:
    """A star-like coast of 5,000 km² around a city, with 200 vertices."""
    rng = random.Random(city.name)
    radii = [
        1 + 0.25 * math.sin(5 * math.tau * n / VERTICES) + rng.uniform(-0.05, 0.05) for n in range(VERTICES)
    ]
    mean_square = sum(r * r for r in radii) / VERTICES
    scale_km = math.sqrt(POLYGON_M2 / math.pi / mean_square) / 1000
    ring = [
        [
            city.lon
            + scale_km * r * math.cos(math.tau * n / VERTICES) / (111.32 * math.cos(math.radians(city.lat))),
            city.lat + scale_km * r * math.sin(math.tau * n / VERTICES) / 111.32,
        ]
        for n, r in enumerate(radii)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


Everybody = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], np.ndarray[Any, Any]]


def _everybody() -> Everybody:
    """Ids and places of all with a needed skill."""
    skilled = select(Certification.volunteer_id).where(Certification.skill_id.in_(SKILL_IDS))
    query = select(Place.volunteer_id, Place.lat, Place.lon).where(Place.volunteer_id.in_(skilled))
    ids, lats, lons = zip(*db.session.execute(query).all(), strict=True)
    return np.array(ids), np.array(lats), np.array(lons)


def _brute(people: Everybody, area: dict[str, Any]) -> set[int]:
    ids, lats, lons = people
    return set(ids[parse_area(area).contains(lats, lons)].tolist())


def _geopy(
    size: int, circles: Sequence[dict[str, Any]], truth: Sequence[set[int]], people: Everybody
) -> Iterable[dict[str, Any]]:
    """geopy one by one: over a bounding box from a b-tree; and over everybody, where that ends."""
    times, equal = [], True
    for area, wanted in zip(circles, truth, strict=True):
        began = time.perf_counter()
        found = _by_box(area)
        times.append((time.perf_counter() - began) * 1000)
        equal = equal and found == wanted
    yield _row(
        size, ("sqlite", "circle"), "box and geopy", times, people=_mean(truth), equal_to_brute_force=equal
    )
    if size <= _GEOPY_MOST:
        began = time.perf_counter()
        found = _near(circles[0], zip(*(column.tolist() for column in people), strict=True))
        ms = (time.perf_counter() - began) * 1000
        yield _row(
            size,
            ("sqlite", "circle"),
            "geopy, everybody",
            [ms],
            people=len(found),
            equal_to_brute_force=found == truth[0],
        )


def _near(area: dict[str, Any], rows: Iterable[Any]) -> set[int]:
    centre = (area["lat"], area["lon"])
    return {n for n, lat, lon in rows if geodesic(centre, (lat, lon)).m <= area["radius_m"]}


def _by_box(area: dict[str, Any]) -> set[int]:
    """A degree of latitude is at least 110.57 km; of longitude, its cosine (no city is near a pole)."""
    high = area["radius_m"] / 110_570
    wide = high / math.cos(math.radians(abs(area["lat"]) + high))
    query = (
        select(Place.volunteer_id, Place.lat, Place.lon)
        .join(Certification, Certification.volunteer_id == Place.volunteer_id)
        .where(
            Place.lat.between(area["lat"] - high, area["lat"] + high),
            Place.lon.between(area["lon"] - wide, area["lon"] + wide),
            Certification.skill_id.in_(SKILL_IDS),
        )
        .distinct()
    )
    return _near(area, db.session.execute(query))


def _postgis(
    args: argparse.Namespace,
    size: int,
    directory: Path,
    areas: dict[str, list[dict[str, Any]]],
    truth: dict[str, list[set[int]]],
) -> list[dict[str, Any]]:
    programs = select_postgis.installed()
    if programs is None:
        return [{"size": size, "way": way, "note": "PostGIS is not installed"} for way in select_postgis.WAYS]
    places = db.session.execute(select(Place.volunteer_id, Place.lat, Place.lon)).all()
    skills = db.session.execute(select(Certification.volunteer_id, Certification.skill_id)).all()
    rows = []
    with select_postgis.server(directory, programs) as address:
        select_postgis.fill(address, places, skills)
        for way, query in select_postgis.WAYS.items():
            for shape, some in areas.items():
                times, found = select_postgis.timed(address, query, some, SKILL_IDS, args.repeats)
                equal = found == truth[shape]
                where = ("PostGIS", shape)
                rows.append(_row(size, where, way, times, people=_mean(found), equal_to_brute_force=equal))
    return rows


def _ours(
    size: int,
    where: tuple[str, str],
    areas: Sequence[dict[str, Any]],
    truth: Sequence[set[int]],
    repeats: int,
) -> dict[str, Any]:
    times, equal = [], True
    eligible = 0
    for area, wanted in zip(areas, truth, strict=True):
        callout = _callout(area)
        for _ in range(repeats):
            assert callout.needs
            assert callout.emergency.section.path
            began = time.perf_counter()
            found = selection.select_for(callout)
            times.append((time.perf_counter() - began) * 1000)
        eligible += len(found.ranked)
        equal = equal and selection.people_in(callout, parse_area(area)) == wanted
        db.session.rollback()
    return _row(
        size,
        where,
        "ours: found, decided, ranked",
        times,
        people=_mean(truth),
        eligible=round(eligible / len(areas)),
        equal_to_brute_force=equal,
    )


def _mean(found: Sequence[set[int]]) -> int:
    return round(statistics.mean(map(len, found)))


def _callout(area: dict[str, Any]) -> Callout:
    lat, lon = parse_area(area).centre
    emergency = Emergency(
        section_id=1,
        title="bench",
        hazard=Hazard.EARTHQUAKE,
        severity=Severity.SEVERE,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.OBSERVED,
        country="IT",
        area=area,
        declared_at=NOW,
    )
    callout = Callout(
        emergency=emergency,
        rendezvous="here",
        rendezvous_lat=lat,
        rendezvous_lon=lon,
        arrive_by=NOW + timedelta(hours=6),
        created_at=NOW,
        needs=[Need(skill_id=n, headcount=10) for n in SKILL_IDS],
    )
    db.session.add(callout)
    db.session.commit()
    return callout


def _row(size: int, where: tuple[str, str], way: str, times: Sequence[float], **found: Any) -> dict[str, Any]:
    """A row; ``where`` is the database and the shape of the areas."""
    cuts = statistics.quantiles(times, n=20, method="inclusive") if len(times) > 1 else list(times)
    return {
        "size": size,
        "database": where[0],
        "shape": where[1],
        "way": way,
        "median_ms": round(statistics.median(times), 2),
        "p95_ms": round(cuts[-1], 2),
        **found,
    }


def _goals(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    measured = [row for row in rows if "median_ms" in row]
    equal = all(row["equal_to_brute_force"] for row in measured)
    goals = [{"name": "all find the people that brute force finds", "value": equal, "goal": True, "met": equal}]
    joined = {
        (row["size"], row["shape"]): row["median_ms"]
        for row in measured
        if row["way"] == "PostGIS, geography and skill join"
    }
    for row in measured:
        other = joined.get((row["size"], row["shape"]))
        if row["way"].startswith("ours") and other:
            share = round(row["median_ms"] / other, 2)
            name = f"{row['size']:,}, {row['shape']}, {row['database']}: of PostGIS's time for less"
            goals.append({"name": name, "value": share, "goal": GOAL_SHARE, "met": share <= GOAL_SHARE})
    return goals
