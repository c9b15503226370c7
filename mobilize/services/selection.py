"""Selection: who may be called for a callout, in which order, and why the others may not.

The index `SkillPlace` finds who has a needed skill in the cells of the area, and holds the facts about
them beside; geometry, ``domain/eligibility.py`` and ``domain/ranking.py`` decide over arrays. No object
is made for a person before somebody looks at one.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, select

from mobilize.domain import facts
from mobilize.domain.area import Area, distances_m, parse_area
from mobilize.domain.eligibility import Masks, People, Reason, counted, reasons_against, reasons_in
from mobilize.domain.facts import Records
from mobilize.domain.ranking import Candidate, Free, Ranked, rank
from mobilize.domain.whereabouts import Whereabouts
from mobilize.extensions import db
from mobilize.models import Callout, SkillPlace, Volunteer

from . import skill_index
from .access import Viewer, find
from .fact_records import records_of
from .number_lists import joined, numbers, read, spans
from .people import asked_in, people_of, question_of
from .runtime import now
from .skill_index import reindex

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

rebuild_index = skill_index.rebuild


@dataclass(frozen=True, slots=True, eq=False)
class Selection:
    """Who may be called, first to ask first; how many were looked at; and how many each reason holds back.

    Looked at are those with a place in the area and a needed skill, valid or not. A person who
    has several reasons is counted under each. Who was already asked in this callout is in neither.
    ``volunteer_ids``, ascending, and ``against`` tell of everyone who was looked at.
    """

    ranked: Ranked
    volunteer_ids: npt.NDArray[np.int64]
    against: Masks

    @property
    def examined(self) -> int:
        return len(self.volunteer_ids)

    @property
    def excluded(self) -> dict[Reason, int]:
        return counted(self.against)

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, Selection)
            and np.array_equal(self.volunteer_ids, other.volunteer_ids)
            and np.array_equal(self.against, other.against)
            and self.ranked == other.ranked
        )

    __hash__ = None  # type: ignore[assignment]


def select_for(callout: Callout) -> Selection:
    """Select for a callout, now."""
    area = parse_area(callout.emergency.area)
    records = records_in(callout, area.cell_ranges())
    return _decided(callout, area, records[~np.isin(records["volunteer_id"], asked_in(callout))])


def choose(callout: Callout, area: Area, volunteer_ids: Collection[int]) -> Selection:
    """Decide about those of these volunteers who have a place in the area, and rank who may be called."""
    skill_ids = [need.skill_id for need in callout.needs]
    db.session.flush()
    query = select(SkillPlace.facts).where(
        SkillPlace.volunteer_id.in_(numbers(volunteer_ids)), SkillPlace.skill_id.in_(skill_ids)
    )
    return _decided(callout, area, _records(query, skill_ids))


def people_in(callout: Callout, area: Area) -> set[int]:
    """Everyone with a needed skill who has a place in the area, by any of their places."""
    question = question_of(callout)
    people, _, near = people_of(callout, area, records_in(callout, area.cell_ranges()), question)
    return set(people.records["volunteer_id"][near].tolist())


def explain(viewer: Viewer, callout_id: int, volunteer_id: int) -> list[Reason]:
    """Every reason against calling one volunteer for a callout now; none means they may be called.

    Decides as `select_for` does, on a record made from the tables. Raises `NotFound` outside the
    viewer's scope.
    """
    callout = find(viewer, Callout, callout_id)
    volunteer = find(viewer, Volunteer, volunteer_id)
    question = question_of(callout)
    db.session.flush()
    records = records_of(db.session.connection(), {volunteer.id}, question.needs_certificate)
    people, _, _ = people_of(callout, parse_area(callout.emergency.area), records, question)
    return reasons_in(int(reasons_against(people, question, now())[0]))


def records_in(callout: Callout, ranges: list[tuple[int, int]]) -> Records:
    """The records of everyone with a needed skill in these cells; one for each skill and place there."""
    near, low, high = spans(ranges)
    skill_ids = [need.skill_id for need in callout.needs]
    db.session.flush()
    query = select(SkillPlace.facts).join_from(
        near, SkillPlace, SkillPlace.skill_id.in_(skill_ids) & SkillPlace.cell.between(low, high)
    )
    return _records(query, skill_ids)


def _records(query: Select[bytes], skill_ids: Sequence[int]) -> Records:
    found = facts.read(*joined(query))
    if found is not None:
        return found
    # Rows that another version wrote: right before fast, until the index is rebuilt.
    owners = query.with_only_columns(SkillPlace.volunteer_id).distinct()
    return records_of(db.session.connection(), [row[0] for row in read(owners)], skill_ids)


def _decided(callout: Callout, area: Area, records: Records) -> Selection:
    question = question_of(callout)
    people, here, near = people_of(callout, area, records, question)
    against = reasons_against(people, question, now())
    free = free_people(callout, people, here, near & (against == 0))
    return Selection(rank(free), people.records["volunteer_id"][near], against[near])


def free_people(callout: Callout, people: People, here: Whereabouts, chosen: npt.NDArray[np.bool_]) -> Free:
    """These of the people, with their distances to the rendezvous."""
    lats, lons = here.lats[chosen], here.lons[chosen]
    return Free(
        volunteer_ids=people.records["volunteer_id"][chosen],
        skills=people.valid[chosen],
        kinds=here.kinds[chosen],
        lats=lats,
        lons=lons,
        distances_m=distances_m(callout.rendezvous_lat, callout.rendezvous_lon, lats, lons),
        last_asked_at=people.records["last_asked_at"][chosen],
        skill_ids=tuple(need.skill_id for need in callout.needs),
    )
