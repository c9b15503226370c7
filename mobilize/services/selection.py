"""Selection: who may be called for a callout, in which order, and why the others may not.

The index `SkillPlace` finds who has a needed skill in the cells of the area; exact geometry and
`domain/eligibility.py` decide. Rows are read, not entities: there may be thousands of candidates.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy import delete, func, insert, select

from mobilize.domain.area import Area, distances_m, parse_area
from mobilize.domain.eligibility import Reason, reasons_against, valid_skills
from mobilize.domain.ranking import Candidate, rank
from mobilize.extensions import db
from mobilize.models import Callout, Certification, Place, Recipient, SkillPlace, Volunteer

from .access import Viewer, find
from .number_lists import numbers, read, spans
from .people import Person, load_people, question_of
from .runtime import now

__all__ = [
    "Candidate",
    "Reason",
    "Selection",
    "choose",
    "explain",
    "people_in",
    "rebuild_index",
    "reindex",
    "select_for",
]


@dataclass(frozen=True, slots=True)
class Selection:
    """Who may be called, first to ask first; how many were looked at; and how many each reason holds back.

    Looked at are those with a place in the area and a needed skill, valid or not. A person who
    has several reasons is counted under each. Who was already asked in this callout is in neither.
    """

    ranked: list[Candidate]
    excluded: dict[Reason, int]
    examined: int


def select_for(callout: Callout) -> Selection:
    """Select for a callout, now."""
    area = parse_area(callout.emergency.area)
    asked = set(db.session.scalars(select(Recipient.volunteer_id).where(Recipient.callout_id == callout.id)))
    return choose(callout, area, people_in(callout, area) - asked)


def choose(callout: Callout, area: Area, volunteer_ids: set[int]) -> Selection:
    """Decide about each of these volunteers, and rank those who may be called."""
    people = load_people(callout, area, volunteer_ids)
    question, instant = question_of(callout), now()
    excluded: Counter[Reason] = Counter()
    free = []
    for person in people:
        reasons = reasons_against(person.facts, question, instant)
        excluded.update(reasons)
        if not reasons:
            free.append(person)
    return Selection(rank(_candidates(callout, free)), dict(excluded), len(people))


def explain(viewer: Viewer, callout_id: int, volunteer_id: int) -> list[Reason]:
    """Every reason against calling one volunteer for a callout now; none means they may be called.

    Decides on the same facts as `select_for`. Raises `NotFound` outside the viewer's scope.
    """
    callout = find(viewer, Callout, callout_id)
    volunteer = find(viewer, Volunteer, volunteer_id)
    [person] = load_people(callout, parse_area(callout.emergency.area), {volunteer.id})
    return reasons_against(person.facts, question_of(callout), now())


def reindex(volunteer_ids: Iterable[int]) -> None:
    """Bring the index up to date for these volunteers. Adds to the current transaction.

    Call it after any change to a volunteer's places or certifications.
    """
    ids = list(volunteer_ids)
    db.session.flush()
    db.session.execute(
        delete(SkillPlace).where(SkillPlace.volunteer_id.in_(numbers(ids))),
        execution_options={"synchronize_session": False},
    )
    db.session.execute(_index_rows(ids))


def rebuild_index() -> int:
    """Compute the whole index afresh; returns its number of rows."""
    db.session.execute(delete(SkillPlace), execution_options={"synchronize_session": False})
    db.session.execute(_index_rows(None))
    count = db.session.scalar(select(func.count()).select_from(SkillPlace)) or 0
    db.session.commit()
    return count


def _index_rows(volunteer_ids: list[int] | None) -> Any:
    rows = select(
        Certification.skill_id, Place.cell, Place.volunteer_id, Place.kind, Place.lat, Place.lon
    ).join(Place, Place.volunteer_id == Certification.volunteer_id)
    if volunteer_ids is None:
        # In the order of the primary key, so that the tree grows at its end.
        rows = rows.order_by(Certification.skill_id, Place.cell, Place.volunteer_id, Place.kind)
    else:
        rows = rows.where(Certification.volunteer_id.in_(numbers(volunteer_ids)))
    return insert(SkillPlace).from_select(["skill_id", "cell", "volunteer_id", "kind", "lat", "lon"], rows)


def people_in(callout: Callout, area: Area) -> set[int]:
    """Everyone with a needed skill who has a place in the area, by any of their places."""
    near, low, high = spans(area.cell_ranges())
    skill_ids = [need.skill_id for need in callout.needs]
    db.session.flush()
    rows = read(
        select(SkillPlace.volunteer_id, SkillPlace.lat, SkillPlace.lon).join_from(
            near, SkillPlace, SkillPlace.skill_id.in_(skill_ids) & SkillPlace.cell.between(low, high)
        )
    )
    if not rows:
        return set()
    ids, lats, lons = zip(*rows, strict=True)
    inside = area.contains(np.array(lats), np.array(lons))
    return set(np.array(ids)[inside].tolist())


def _candidates(callout: Callout, people: list[Person]) -> Iterable[Candidate]:
    places = [person.place for person in people if person.place]
    distances = distances_m(
        callout.rendezvous_lat,
        callout.rendezvous_lon,
        [place.lat for place in places],
        [place.lon for place in places],
    ).tolist()
    for person, place, distance in zip(people, places, distances, strict=True):
        skills = valid_skills(person.facts.proofs, person.facts.time_zone, callout.arrive_by)
        yield Candidate(
            person.volunteer_id, skills, place.kind, place.lat, place.lon, distance, person.last_asked_at
        )
