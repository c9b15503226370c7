"""The selection index: for every skill and place of a person a row, with the facts that decide about them.

It is derived and must never drift. Changes of objects are noticed as the session writes them, whoever
makes them; who writes rows past the session calls `reindex`. `rebuild` makes all of it afresh.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Table, delete, event, func, insert, inspect, select, text
from sqlalchemy.orm import Session

from mobilize.domain.facts import FACTS, Records, packed
from mobilize.extensions import db
from mobilize.models import Absence, Certification, Place, SkillPlace, Volunteer

from .fact_records import PORTION, ROW, Absences, absences_of, index_rows, known
from .number_lists import numbers

INDEX: Table = SkillPlace.__table__  # type: ignore[assignment]

#: What selection knows about a volunteer; a change of anything else leaves the index as it is.
_FACTS_OF_VOLUNTEER = (
    "section_id",
    "status",
    "phone_status",
    "consent_at",
    "opted_out_at",
    "born_on",
    "time_zone",
    "weekly_hours",
    "snoozed_until",
    "resting_until",
    "last_asked_at",
    "places",
    "certifications",
    "absences",
)
_PARTS = (Place, Certification, Absence)
_TOUCHED = "people whose facts are being written"


def reindex(volunteer_ids: Iterable[int]) -> None:
    """Bring the index up to date for these volunteers. Adds to the current transaction.

    Only rows that were written past the session need it: bulk inserts and updates.
    """
    db.session.flush()
    _refresh(db.session.connection(), set(volunteer_ids))


def _refresh(connection: Connection, ids: set[int]) -> None:
    if not ids:
        return
    # Two who change different parts of a person must see each other's work: one at a time for each person.
    held = select(Volunteer.id).where(Volunteer.id.in_(numbers(ids))).order_by(Volunteer.id)
    connection.execute(held.with_for_update(key_share=True)).all()
    connection.execute(delete(INDEX).where(INDEX.c.volunteer_id.in_(numbers(ids))))
    rows = connection.execute(index_rows().where(Volunteer.id.in_(numbers(ids)))).all()
    if rows:
        connection.execute(insert(INDEX), _stored(rows, absences_of(connection, ids)))


def rebuild() -> int:
    """Compute the whole index afresh; returns its number of rows. One transaction, in little memory."""
    count = rebuild_with(db.session.connection())
    db.session.commit()
    return count


def rebuild_with(connection: Connection) -> int:
    """The same, within the transaction of a connection. Changes meanwhile wait; who reads does not."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("LOCK TABLE skill_place IN EXCLUSIVE MODE"))
    connection.execute(delete(INDEX))
    absences = absences_of(connection, None)
    # In the order of the primary key, so that the tree grows at its end.
    everyone = index_rows().order_by(Certification.skill_id, ROW.cell, Volunteer.id, ROW.kind)
    streamed = connection.execute(everyone, execution_options={"yield_per": PORTION})
    for rows in streamed.partitions():
        connection.execute(insert(INDEX), _stored(rows, absences))
    return connection.scalar(select(func.count()).select_from(INDEX)) or 0


def _stored(rows: Sequence[Any], absences: Absences) -> list[dict[str, Any]]:
    records = packed(known(row[4:], absences) for row in rows)
    return [
        {
            "skill_id": record.skill_id,
            "cell": cell,
            "volunteer_id": record.id,
            "kind": kind,
            "lat": lat,
            "lon": lon,
            "facts": facts,
        }
        for record, (cell, kind, lat, lon), facts in zip(
            rows, (row[:4] for row in rows), _bytes_of(records), strict=True
        )
    ]


def _bytes_of(records: Records) -> Iterator[bytes]:
    together = records.tobytes()
    return (together[at : at + FACTS.itemsize] for at in range(0, len(together), FACTS.itemsize))


@event.listens_for(db.session, "before_flush")
def _notice(session: Session, _context: Any, _instances: Any) -> None:
    """Whose facts are about to change; after the flush, a deleted part no longer tells its owner."""
    session.info[_TOUCHED] = {_owner(one) for one in (*session.dirty, *session.deleted)} - {None}


@event.listens_for(db.session, "after_flush")
def _follow(session: Session, _context: Any) -> None:
    """Whatever was just written about people goes into the index, in the same transaction."""
    parts = {one.volunteer_id for one in session.new if isinstance(one, _PARTS)}
    _refresh(session.connection(), session.info.pop(_TOUCHED, set()) | parts)


def _owner(one: object) -> int | None:
    """The volunteer whose facts this object changes, if it does."""
    if isinstance(one, _PARTS):
        return one.volunteer_id
    return one.id if isinstance(one, Volunteer) and _changed(one) else None


def _changed(volunteer: Volunteer) -> bool:
    attributes = inspect(volunteer).attrs
    return any(attributes[name].history.has_changes() for name in _FACTS_OF_VOLUNTEER)
