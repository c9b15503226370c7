"""Readiness as a forecast: who would arrive by when, if people were called at this point now or in some hours.

The same people, chances and travel times as in a call-out; nothing is stored. Counts and probabilities only,
and nothing at all where so few people are looked at that a figure could point to one of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import numpy as np
from sqlalchemy import func, select

from mobilize.domain.area import parse_area
from mobilize.domain.chance import unknown_shift
from mobilize.domain.errors import InvalidInput, NotFound
from mobilize.domain.forecast import Arrivals, Moment, arrivals_over_time, chance_of_arrivals
from mobilize.domain.vocabulary import AccountRole, CalloutMode, Certainty, Hazard, Severity, Urgency
from mobilize.extensions import db
from mobilize.models import Authority, Callout, Emergency, Need, Section, Skill

from . import acceptance, prospects, selection
from .access import Viewer, find, require
from .readiness import SMALLEST_SHOWN
from .runtime import as_of, now

#: Moments of the forecast; minutes.
MOMENTS = (15, 30, 45, 60, 90, 120, 180, 240)
#: The nearest so many are looked at; more would arrive too late to matter and take too long to weigh.
MOST = 2000
LARGEST_RADIUS_M = 500_000.0
#: Small circles, one beside the other, would show where somebody lives.
SMALLEST_RADIUS_M = 5_000.0
FARTHEST_H = 7 * 24
_ARRIVE_WITHIN = timedelta(hours=12)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked: a circle (degrees WGS 84, metres), a skill by its code, and when.

    ``wanted`` people ``within_min`` minutes of a call that goes out ``in_hours`` from now.
    """

    lat: float
    lon: float
    radius_m: float
    skill: str
    wanted: int = 10
    within_min: int = 60
    in_hours: float = 0.0
    section_id: int | None = None


@dataclass(frozen=True, slots=True)
class Forecast:
    """Arrivals over time, and P(the wanted arrive in time). ``people`` ``None``: fewer than five, or none.

    The number of people is told in steps of five, so that two circles that differ by one person look alike.
    """

    people: int | None
    chance: float | None
    arrivals: Sequence[Moment]


def forecast(viewer: Viewer, asked: Question) -> Forecast:
    """Who would arrive by when. Raises `InvalidInput`, and `NotFound` outside the viewer's scope."""
    require(viewer, AccountRole.COORDINATOR, AccountRole.AUTHORITY)
    skill = _check(asked)
    section = _section(viewer, asked.section_id)
    with as_of(now() + timedelta(hours=asked.in_hours)), db.session.no_autoflush:
        callout = _imagined(section, skill, asked)
        people = prospects.weigh(callout, selection.select_for(callout).ranked[:MOST])
    if len(people) < SMALLEST_SHOWN:
        return Forecast(None, None, [])
    model = acceptance.model_for(drill=False)
    shift = unknown_shift(model.shift_sd)
    arriving = Arrivals(
        np.array([person.chance for person in people], np.float64),
        np.array([person.travel_s for person in people], np.float64),
    )
    return Forecast(
        len(people) // SMALLEST_SHOWN * SMALLEST_SHOWN,
        chance_of_arrivals(arriving, asked.wanted, asked.within_min * 60.0, shift, model.delay),
        arrivals_over_time(arriving, [minutes * 60.0 for minutes in MOMENTS], shift, model.delay),
    )


def _check(asked: Question) -> Skill:
    errors: dict[str, list[str]] = {}
    if not SMALLEST_RADIUS_M <= asked.radius_m <= LARGEST_RADIUS_M:
        errors["radius_m"] = [f"must be between {SMALLEST_RADIUS_M:.0f} and {LARGEST_RADIUS_M:.0f} metres"]
    if not 1 <= asked.wanted <= MOST:
        errors["wanted"] = [f"must be between 1 and {MOST}"]
    if not 1 <= asked.within_min <= 24 * 60:
        errors["within_min"] = ["must be between 1 and 1440 minutes"]
    if not 0 <= asked.in_hours <= FARTHEST_H:
        errors["in_hours"] = [f"must be between 0 and {FARTHEST_H} hours"]
    skill = db.session.scalars(select(Skill).where(Skill.code == asked.skill)).one_or_none()
    if skill is None:
        errors["skill"] = [f"there is no skill {asked.skill!r}; see the list of skills"]
    if errors or skill is None:
        raise InvalidInput(errors)
    parse_area(_circle(asked))
    return skill


def _circle(asked: Question) -> dict[str, object]:
    return {"type": "circle", "lat": asked.lat, "lon": asked.lon, "radius_m": asked.radius_m}


def _section(viewer: Viewer, section_id: int | None) -> Section:
    """Whose people are counted: the section named, else the highest one that the viewer may see."""
    if section_id is not None and viewer.role is not AccountRole.AUTHORITY:
        return find(viewer, Section, section_id)
    highest = select(Section).order_by(func.length(Section.path), Section.id).limit(1)
    if viewer.role is AccountRole.AUTHORITY:
        own = select(Authority.country).where(Authority.id == viewer.authority_id).scalar_subquery()
        highest = highest.where(Section.country == own)
    elif viewer.role is not AccountRole.ADMIN:
        highest = highest.where(Section.path == (viewer.section_path or ""))
    found = db.session.scalars(highest).one_or_none()
    if found is None:
        raise NotFound("section", section_id or 0)
    return found


def _imagined(section: Section, skill: Skill, asked: Question) -> Callout:
    """A call-out that nobody launches and nothing stores."""
    emergency = Emergency(
        section=section,
        title="a forecast",
        hazard=Hazard.OTHER,
        severity=Severity.SEVERE,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.OBSERVED,
        country=section.country,
        area=_circle(asked),
        drill=False,
        authority=None,
    )
    return Callout(
        emergency=emergency,
        mode=CalloutMode.PHASED,
        confidence=0.95,
        rendezvous="",
        rendezvous_lat=asked.lat,
        rendezvous_lon=asked.lon,
        arrive_by=now() + _ARRIVE_WITHIN,
        needs=[Need(skill_id=skill.id, skill=skill, headcount=asked.wanted)],
    )
