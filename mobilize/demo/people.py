"""Synthetic volunteers, drawn one after the other from one seeded stream: who comes first stays the same
person however many follow. Pure: no database, no clock.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TypeVar

from mobilize.domain.availability import Window, encode
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind

from . import ground, names

#: Skill code: name, whether it counts only with a certificate, and the share of volunteers who have it.
SKILLS: dict[str, tuple[str, bool, float]] = {
    "search_and_rescue": ("Search and rescue", True, 0.14),
    "medic": ("Medic", True, 0.12),
    "interpreter": ("Interpreter", False, 0.10),
    "first_aid": ("First aid", True, 0.45),
    "logistics": ("Logistics", False, 0.20),
    "driver": ("Driver", False, 0.30),
    "psychosocial_support": ("Psychosocial support", True, 0.06),
    "shelter": ("Shelter building", False, 0.10),
    "radio_operator": ("Radio operator", True, 0.03),
    "cook": ("Field kitchen", False, 0.08),
}

Choice = TypeVar("Choice")

_ALL_WEEK = range(7)
_WORKDAYS = range(5)


def _week(*spans: tuple[range, str, str]) -> str:
    return encode([Window(day, start, end) for days, start, end in spans for day in days])


#: When people can be called: most at any time, some not at night, some only after work.
_HOURS: tuple[tuple[float, str | None], ...] = (
    (0.70, None),
    (0.18, _week((_ALL_WEEK, "06:00", "23:00"))),
    (0.07, _week((_WORKDAYS, "17:00", "23:30"), (range(5, 7), "07:00", "23:30"))),
    (0.05, _week((_WORKDAYS, "08:00", "16:00"))),
)
_WORK_HOURS = _week((_WORKDAYS, "08:30", "17:00"))

_STATUSES = (
    (0.94, MembershipStatus.ACTIVE),
    (0.02, MembershipStatus.APPLIED),
    (0.02, MembershipStatus.SUSPENDED),
    (0.02, MembershipStatus.LEFT),
)
_PHONE_STATUSES = (
    (0.96, PhoneStatus.VERIFIED),
    (0.03, PhoneStatus.UNVERIFIED),
    (0.01, PhoneStatus.LANDLINE),
)


@dataclass(slots=True)
class Held:
    """A skill that someone has; a certificate with dates and a check, where the skill asks for one."""

    skill: str
    issued_on: date | None = None
    expires_on: date | None = None
    verified_at: datetime | None = None


@dataclass(slots=True)
class Spot:
    """A place of a volunteer."""

    kind: PlaceKind
    lat: float
    lon: float
    address: str
    weekly_hours: str | None = None
    expires_at: datetime | None = None


@dataclass(slots=True)
class Person:
    """A synthetic volunteer with everything that selection looks at."""

    country: str
    given_name: str
    family_name: str
    phone: str
    phone_status: PhoneStatus
    language: str
    time_zone: str
    born_on: date
    status: MembershipStatus
    consent_at: datetime | None
    opted_out_at: datetime | None
    weekly_hours: str | None
    joined_at: datetime
    spots: list[Spot] = field(default_factory=list)
    skills: list[Held] = field(default_factory=list)
    absence: tuple[datetime, datetime] | None = None


def people(count: int, seed: int, now: datetime) -> Iterator[Person]:
    """``count`` volunteers; dates of certificates and absences lie around ``now``."""
    dice = Random(seed)  # noqa: S311
    weights = list(accumulate(country.share for country in ground.COUNTRIES))
    numbers = {country.code: _numbers(country, seed) for country in ground.COUNTRIES}
    towns = {country.code: _Towns(country.code) for country in ground.COUNTRIES}
    for _ in range(count):
        (country,) = dice.choices(ground.COUNTRIES, cum_weights=weights)
        yield _person(dice, country, next(numbers[country.code]), towns[country.code], now)


def _person(dice: Random, country: ground.Country, phone: str, towns: "_Towns", now: datetime) -> Person:
    joined = now - timedelta(days=dice.uniform(10, 3000))
    person = Person(
        country=country.code,
        given_name=dice.choice(names.GIVEN[country.code]),
        family_name=dice.choice(names.FAMILY[country.code]),
        phone=phone,
        phone_status=_pick(dice, _PHONE_STATUSES),
        language=_language(dice, country),
        time_zone=country.time_zone,
        born_on=(now - timedelta(days=365.25 * dice.triangular(16, 72, 30))).date(),
        status=_pick(dice, _STATUSES),
        consent_at=joined if dice.random() < 0.97 else None,
        opted_out_at=joined + (now - joined) * dice.random() if dice.random() < 0.02 else None,
        weekly_hours=_pick(dice, _HOURS),
        joined_at=joined,
    )
    person.spots = list(_spots(dice, towns, now))
    person.skills = [
        _held(dice, code, now) for code, (_, _, share) in SKILLS.items() if dice.random() < share
    ] or [_held(dice, "logistics", now)]
    if dice.random() < 0.05:
        start = now + timedelta(days=dice.uniform(-10, 20))
        person.absence = (start, start + timedelta(days=dice.uniform(1, 15)))
    return person


def _pick(dice: Random, shares: tuple[tuple[float, Choice], ...]) -> Choice:
    at = dice.random()
    for share, choice in shares:
        at -= share
        if at < 0:
            return choice
    return shares[0][1]


def _language(dice: Random, country: ground.Country) -> str:
    at = dice.random()
    for language, share in ground.OTHER_LANGUAGES.get(country.code, ()):
        at -= share
        if at < 0:
            return language
    return country.language


def _spots(dice: Random, towns: "_Towns", now: datetime) -> Iterator[Spot]:
    yield towns.spot(dice, PlaceKind.HOME)
    if dice.random() < 0.15:
        yield towns.spot(dice, PlaceKind.WORK, weekly_hours=_WORK_HOURS)
    if dice.random() < 0.02:
        yield towns.spot(dice, PlaceKind.LIVE, expires_at=now + timedelta(hours=dice.uniform(1, 12)))


def _held(dice: Random, skill: str, now: datetime) -> Held:
    """Of certificates, 8 % have run out and 6 % were never checked."""
    if not SKILLS[skill][1]:
        return Held(skill)
    lapsed = dice.random() < 0.08
    expires = now + timedelta(days=dice.uniform(-500, -2) if lapsed else dice.uniform(5, 1000))
    issued = expires - timedelta(days=1096)
    checked = dice.random() >= 0.06
    verified = issued + timedelta(days=dice.uniform(0, 5)) if checked else None
    return Held(skill, issued.date(), expires.date(), verified)


class _Towns:
    """A country's cities, to draw from by population."""

    def __init__(self, country: str) -> None:
        self._cities = ground.cities(country)
        self._weights = list(accumulate(city.population for city in self._cities))

    def spot(
        self,
        dice: Random,
        kind: PlaceKind,
        *,
        weekly_hours: str | None = None,
        expires_at: datetime | None = None,
    ) -> Spot:
        """A point around a city: density falls off exponentially, wider around larger cities."""
        (city,) = dice.choices(self._cities, cum_weights=self._weights)
        scale_m = 400.0 + 4.0 * math.sqrt(city.population)
        away_m = min(dice.gammavariate(2.0, scale_m / 2.0), 25_000.0)
        bearing = dice.uniform(0.0, 2.0 * math.pi)
        lat = city.lat + away_m * math.cos(bearing) / 111_320.0
        lon = city.lon + away_m * math.sin(bearing) / (111_320.0 * math.cos(math.radians(city.lat)))
        return Spot(kind, round(lat, 6), round(lon, 6), city.name, weekly_hours, expires_at)


#: Odd and not divisible by 5, so that stepping by it visits every number of a decimal block once.
_STEP = 617_381


def _numbers(country: ground.Country, seed: int) -> Iterator[str]:
    """Mobile numbers of a country, each once, in an order that looks like chance."""
    start = Random(f"{seed}:{country.code}").randrange(10**6)  # noqa: S311
    turn = 0
    while True:
        prefix, digits = country.phones[turn % len(country.phones)]
        number = (start + turn // len(country.phones) * _STEP) % 10**digits
        yield f"+{country.calling_code}{prefix}{number:0{digits}d}"
        turn += 1
