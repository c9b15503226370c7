"""The records of ``domain/facts.py``, made from the tables. The selection index keeps what is made here."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, and_, select
from sqlalchemy.orm import aliased

from mobilize.domain.facts import NO_SKILL, Known, Records, Spot, packed
from mobilize.domain.vocabulary import PlaceKind
from mobilize.models import Absence, Certification, Place, Volunteer

from .number_lists import numbers

#: Rows in the memory of the process at a time.
PORTION = 10_000

Absences = Mapping[int, Sequence[tuple[datetime, datetime]]]

_LIVE, _WORK, _HOME = (
    aliased(Place, name=kind.value) for kind in (PlaceKind.LIVE, PlaceKind.WORK, PlaceKind.HOME)
)
#: The place that an index row is about; the others are there because one of them may count instead.
ROW = aliased(Place, name="row_place")

_WHAT = (
    Volunteer.id,
    Volunteer.section_id,
    Volunteer.status,
    Volunteer.phone_status,
    Volunteer.consent_at,
    Volunteer.opted_out_at,
    Volunteer.born_on,
    Volunteer.time_zone,
    Volunteer.weekly_hours,
    Volunteer.snoozed_until,
    Volunteer.resting_until,
    Volunteer.last_asked_at,
    Certification.skill_id,
    Certification.verified_at,
    Certification.expires_on,
    *(
        column
        for place in (_LIVE, _WORK, _HOME)
        for column in (place.lat, place.lon, place.weekly_hours, place.expires_at)
    ),
)


def index_rows() -> Select[*tuple[Any, ...]]:
    """One row for each skill and place of a person: cell and kind of that place, then what a record takes."""
    query = select(ROW.cell, ROW.kind, ROW.lat, ROW.lon, *_WHAT).select_from(Volunteer)
    query = query.join(Certification, Certification.volunteer_id == Volunteer.id)
    return _with_places(query.join(ROW, ROW.volunteer_id == Volunteer.id))


def _with_places(query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    for place, kind in ((_LIVE, PlaceKind.LIVE), (_WORK, PlaceKind.WORK), (_HOME, PlaceKind.HOME)):
        query = query.outerjoin(place, and_(place.volunteer_id == Volunteer.id, place.kind == kind))
    return query


def records_of(connection: Connection, volunteer_ids: Collection[int], skill_ids: Collection[int]) -> Records:
    """The records of these people for these skills, from the tables; who has none of them has one without."""
    mine = and_(Certification.volunteer_id == Volunteer.id, Certification.skill_id.in_(list(skill_ids)))
    query = _with_places(select(*_WHAT).select_from(Volunteer).outerjoin(Certification, mine))
    rows = connection.execute(query.where(Volunteer.id.in_(numbers(volunteer_ids))))
    absences = absences_of(connection, volunteer_ids)
    return packed(known(row, absences) for row in rows)


def known(row: Sequence[Any], absences: Absences) -> Known:
    """What the columns of `_WHAT` say."""
    return Known(
        volunteer_id=row[0],
        section_id=row[1],
        status=row[2],
        phone_status=row[3],
        consented=row[4] is not None,
        opted_out=row[5] is not None,
        born_on=row[6],
        time_zone=row[7],
        weekly_hours=row[8],
        snoozed_until=row[9],
        resting_until=row[10],
        last_asked_at=row[11],
        skill_id=NO_SKILL if row[12] is None else row[12],
        verified=row[13] is not None,
        expires_on=row[14],
        live=_spot(row[15:19]),
        work=_spot(row[19:23]),
        home=_spot(row[23:27]),
        absences=absences.get(row[0], ()),
    )


def _spot(columns: Sequence[Any]) -> Spot | None:
    lat, lon, weekly_hours, expires_at = columns
    if lat is None:
        return None
    return Spot(lat=lat, lon=lon, weekly_hours=weekly_hours, expires_at=expires_at)


def absences_of(connection: Connection, volunteer_ids: Collection[int] | None) -> Absences:
    """(start, end) of every absence of these people, or of all; the one that ends last first."""
    found: defaultdict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    query = select(Absence.volunteer_id, Absence.starts_at, Absence.ends_at)
    if volunteer_ids is not None:
        query = query.where(Absence.volunteer_id.in_(numbers(volunteer_ids)))
    # Those that end together are told apart, so that a record does not depend on the order of rows.
    for volunteer_id, starts_at, ends_at in connection.execute(
        query.order_by(Absence.ends_at.desc(), Absence.starts_at)
    ):
        found[volunteer_id].append((starts_at, ends_at))
    return found
