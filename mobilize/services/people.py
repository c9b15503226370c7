"""What is known about the people whom a callout might ask, loaded in a few bulk queries."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select

from mobilize.domain.area import Area
from mobilize.domain.eligibility import Facts, Proof, Question, Whereabouts, effective_place
from mobilize.domain.vocabulary import RecipientState
from mobilize.extensions import db
from mobilize.models import (
    Absence,
    Callout,
    Certification,
    Place,
    Recipient,
    Section,
    Skill,
    Volunteer,
)

from . import authorities
from .number_lists import numbers, read
from .runtime import now, settings


@dataclass(frozen=True, slots=True)
class Person:
    """A volunteer as selection sees one. ``place`` is where they are now, if they are anywhere."""

    volunteer_id: int
    facts: Facts
    place: Whereabouts | None
    last_asked_at: datetime | None


def question_of(callout: Callout) -> Question:
    """What this callout asks of everyone, under the settings of this installation."""
    emergency = callout.emergency
    return Question(
        arrive_by=callout.arrive_by,
        life_threatening=emergency.severity.life_threatening,
        agreement_covers=emergency.authority is None
        or authorities.may_ask(emergency.authority, emergency.section),
        minimum_age=settings().minimum_age,
        fatigue_cap=settings().fatigue_cap,
    )


def load_people(callout: Callout, area: Area, volunteer_ids: Iterable[int]) -> list[Person]:
    """The facts about each volunteer with regard to a callout, in the order of their ids."""
    ids = list(volunteer_ids)
    db.session.flush()
    rows = _volunteers(ids)
    places = _places(ids)
    here = [effective_place(places[row.id], row.time_zone, now()) for row in rows]
    in_area = _contained(area, here)
    sections = set(
        db.session.scalars(
            select(Section.id).where(Section.path.startswith(callout.emergency.section.path, autoescape=True))
        )
    )
    proofs, absences = proofs_for(callout, ids), _absences(ids)
    committed, times_asked = _committed(callout, ids), _times_asked(callout, ids)
    return [
        Person(
            row.id,
            Facts(
                status=row.status,
                phone_status=row.phone_status,
                born_on=row.born_on,
                consented=row.consent_at is not None,
                opted_out=row.opted_out_at is not None,
                in_covering_section=row.section_id in sections,
                in_area=inside,
                proofs=proofs[row.id],
                time_zone=row.time_zone,
                weekly_hours=row.weekly_hours,
                absences=absences[row.id],
                snoozed_until=row.snoozed_until,
                resting_until=row.resting_until,
                committed_elsewhere=row.id in committed,
                times_asked=times_asked.get(row.id, 0),
            ),
            place,
            row.last_asked_at,
        )
        for row, place, inside in zip(rows, here, in_area, strict=True)
    ]


def _contained(area: Area, places: Sequence[Whereabouts | None]) -> list[bool]:
    """Whether each place lies in the area; nowhere is outside."""
    known = [place for place in places if place]
    found = iter(area.contains([place.lat for place in known], [place.lon for place in known]).tolist())
    return [next(found) if place else False for place in places]


def _volunteers(ids: list[int]) -> Sequence[Any]:
    return read(
        select(
            Volunteer.id,
            Volunteer.section_id,
            Volunteer.status,
            Volunteer.phone_status,
            Volunteer.born_on,
            Volunteer.consent_at,
            Volunteer.opted_out_at,
            Volunteer.time_zone,
            Volunteer.weekly_hours,
            Volunteer.snoozed_until,
            Volunteer.resting_until,
            Volunteer.last_asked_at,
        )
        .where(Volunteer.id.in_(numbers(ids)))
        .order_by(Volunteer.id)
    )


def _places(ids: list[int]) -> Mapping[int, list[Whereabouts]]:
    found: defaultdict[int, list[Whereabouts]] = defaultdict(list)
    query = select(
        Place.volunteer_id, Place.kind, Place.lat, Place.lon, Place.weekly_hours, Place.expires_at
    ).where(Place.volunteer_id.in_(numbers(ids)))
    for volunteer_id, kind, lat, lon, weekly_hours, expires_at in read(query):
        found[volunteer_id].append(Whereabouts(kind, lat, lon, weekly_hours, expires_at))
    return found


def proofs_for(callout: Callout, ids: list[int]) -> Mapping[int, list[Proof]]:
    found: defaultdict[int, list[Proof]] = defaultdict(list)
    query = (
        select(
            Certification.volunteer_id,
            Certification.skill_id,
            Skill.requires_certificate,
            Certification.verified_at.is_not(None),
            Certification.expires_on,
        )
        .join(Skill, Skill.id == Certification.skill_id)
        .where(
            Certification.volunteer_id.in_(numbers(ids)),
            Certification.skill_id.in_([need.skill_id for need in callout.needs]),
        )
    )
    for volunteer_id, skill_id, needed, verified, expires_on in read(query):
        found[volunteer_id].append(Proof(skill_id, needed, verified, expires_on))
    return found


def _absences(ids: list[int]) -> Mapping[int, list[tuple[datetime, datetime]]]:
    found: defaultdict[int, list[tuple[datetime, datetime]]] = defaultdict(list)
    query = select(Absence.volunteer_id, Absence.starts_at, Absence.ends_at).where(
        Absence.volunteer_id.in_(numbers(ids)), Absence.ends_at > now()
    )
    for volunteer_id, starts_at, ends_at in read(query):
        found[volunteer_id].append((starts_at, ends_at))
    return found


def _committed(callout: Callout, ids: list[int]) -> set[int]:
    """Those who said yes to another callout that is not over for them."""
    query = select(Recipient.volunteer_id).where(
        Recipient.volunteer_id.in_(numbers(ids)),
        Recipient.closed_at.is_(None),
        Recipient.callout_id != callout.id,
        Recipient.state.in_((RecipientState.ACCEPTED, RecipientState.ARRIVED)),
    )
    return {row[0] for row in read(query)}


def _times_asked(callout: Callout, ids: list[int]) -> dict[int, int]:
    """How often each was asked in the fatigue period, by other callouts; a drill disturbs as well."""
    since = now() - timedelta(days=settings().fatigue_days)
    query = (
        select(Recipient.volunteer_id, func.count())
        .where(
            Recipient.volunteer_id.in_(numbers(ids)),
            Recipient.asked_at > since,
            Recipient.callout_id != callout.id,
        )
        .group_by(Recipient.volunteer_id)
    )
    return {row[0]: row[1] for row in read(query)}
