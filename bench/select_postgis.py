"""PostGIS beside us, for ``bench select``: a private server, one table as most would make it, and a tuned one.

Both answer less than we do: who has a needed skill in the area, nothing about who may be called.
"""

import json
import random
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from .crash_scene import free_port

#: Where Debian puts its servers.
_SERVERS = Path("/usr/lib/postgresql")
_USER = "postgres"

Query = Callable[[dict[str, Any], Sequence[int]], tuple[str, tuple[Any, ...]]]


def installed() -> Path | None:
    """The directory of a server's programs that comes with PostGIS and can be run as another user."""
    if shutil.which("runuser") is None:
        return None
    for version in sorted(_SERVERS.glob("*"), reverse=True):
        control = Path("/usr/share/postgresql") / version.name / "extension" / "postgis.control"
        if control.exists():
            return version / "bin"
    return None


@contextmanager
def server(directory: Path, programs: Path) -> Iterator[str]:
    """A server of our own in this directory, durable as installed; yields its address."""
    data, port = directory / "postgis", free_port(random.Random())
    data.mkdir()
    directory.chmod(0o755)
    shutil.chown(data, _USER, _USER)
    _as_postgres(programs / "initdb", "-D", data, "--auth", "trust", "-U", _USER, "-E", "UTF8", "--locale", "C")
    options = f"-p {port} -h 127.0.0.1 -k {data} -c shared_buffers=512MB -c max_wal_size=4GB"
    _as_postgres(programs / "pg_ctl", "-D", data, "-w", "-l", data / "log", "-o", options, "start")
    try:
        yield f"postgresql://{_USER}@127.0.0.1:{port}/postgres"
    finally:
        _as_postgres(programs / "pg_ctl", "-D", data, "-m", "immediate", "stop")


def _as_postgres(*command: Any) -> None:
    subprocess.run(
        ["runuser", "-u", _USER, "--", *map(str, command)],  # noqa: S607
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
    )


def fill(address: str, places: Sequence[Any], skills: Sequence[Any]) -> None:
    """Load (volunteer, lat, lon) and (volunteer, skill), and make the indexes of both ways."""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION postgis")
        connection.execute("CREATE EXTENSION intarray")
        connection.execute("CREATE TABLE raw (volunteer_id bigint, lat float8, lon float8)")
        connection.execute("CREATE TABLE skilled (volunteer_id bigint, skill_id int)")
        with connection.cursor().copy("COPY raw FROM STDIN") as copy:
            for row in places:
                copy.write_row(row)
        with connection.cursor().copy("COPY skilled FROM STDIN") as copy:
            for pair in skills:
                copy.write_row(pair)
        for statement in _INDEXES:
            connection.execute(statement)


_INDEXES = (
    "CREATE TABLE place AS SELECT volunteer_id, ST_MakePoint(lon, lat)::geography AS geog,"
    " ST_SetSRID(ST_MakePoint(lon, lat), 4326) AS geom FROM raw",
    "CREATE INDEX ON place USING gist (geog)",
    "CREATE INDEX ON place USING gist (geom)",
    "ALTER TABLE skilled ADD PRIMARY KEY (volunteer_id, skill_id)",
    "CREATE TABLE tuned AS SELECT p.volunteer_id, p.geog, p.geom, s.skills FROM place p JOIN"
    " (SELECT volunteer_id, array_agg(skill_id) AS skills FROM skilled GROUP BY volunteer_id) s"
    " USING (volunteer_id)",
    "CREATE INDEX tuned_gist ON tuned USING gist (geog, skills gist__int_ops)",
    "CREATE INDEX tuned_geom ON tuned USING gist (geom, skills gist__int_ops)",
    "CLUSTER tuned USING tuned_gist",
    "VACUUM ANALYZE",
)


def _where(area: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    if area["type"] == "circle":
        return "ST_DWithin(geog, ST_MakePoint(%s, %s)::geography, %s)", (
            area["lon"],
            area["lat"],
            area["radius_m"],
        )
    return "ST_Intersects(geom, ST_SetSRID(ST_GeomFromGeoJSON(%s), 4326))", (json.dumps(area),)


def joined(area: dict[str, Any], skill_ids: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
    """Geography and skill by join."""
    where, values = _where(area)
    sql = (
        "SELECT DISTINCT volunteer_id FROM place JOIN skilled USING (volunteer_id)"
        f" WHERE {where} AND skill_id = ANY(%s)"
    )
    return sql, (*values, list(skill_ids))


def tuned(area: dict[str, Any], skill_ids: Sequence[int]) -> tuple[str, tuple[Any, ...]]:
    """One index over geography and an array of skills, clustered by it."""
    where, values = _where(area)
    sql = f"SELECT DISTINCT volunteer_id FROM tuned WHERE {where} AND skills && %s::int[]"
    return sql, (*values, list(skill_ids))


WAYS: dict[str, Query] = {"PostGIS, geography and skill join": joined, "PostGIS, tuned": tuned}


def timed(
    address: str, way: Query, areas: Sequence[dict[str, Any]], skill_ids: Sequence[int], repeats: int
) -> tuple[list[float], list[set[int]]]:
    """Milliseconds of every query, and who was found in each area."""
    times, found = [], []
    with psycopg.connect(address, autocommit=True, prepare_threshold=0) as connection:
        for area in areas:
            sql, values = way(area, skill_ids)
            people: set[int] = set()
            for _ in range(repeats):
                began = time.perf_counter()
                people = {row[0] for row in connection.execute(sql, values).fetchall()}
                times.append((time.perf_counter() - began) * 1000)
            found.append(people)
    return times, found
