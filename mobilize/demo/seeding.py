"""Fills an empty database with sections, skills, an authority and synthetic volunteers.

Rows go in as bulk inserts within one transaction: all of it is there, or nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date
from itertools import islice
from typing import Any

from sqlalchemy import insert, select

from mobilize.domain.area import cell_of
from mobilize.extensions import db
from mobilize.models import (
    Absence,
    Agreement,
    Authority,
    Base,
    Certification,
    Place,
    Section,
    Skill,
    Volunteer,
)
from mobilize.services import selection
from mobilize.services.runtime import now

from . import ground
from .people import SKILLS, Person, people

_BATCH = 2_000

#: The section above all countries; its own country is where international federations sit.
ROOT = ("int", "Mobilize International", "CH")
AUTHORITY_CODE = "al-civil-protection"


def is_seeded() -> bool:
    """Whether there is anything that seeding would have to share the database with."""
    return any(db.session.scalar(select(table.id).limit(1)) for table in (Section, Volunteer, Skill))


def made_by_demo() -> bool:
    """Whether what is in the database was put there by `seed`."""
    code, name, _ = ROOT
    found = db.session.scalar(select(Section.id).where(Section.code == code, Section.name == name))
    return found is not None


def seed(count: int, seed_number: int, tell: Callable[[int], None] = lambda done: None) -> None:
    """Write ``count`` volunteers and all they refer to; ``tell`` hears how many are written so far."""
    started = now()
    sections = _write_sections()
    skills = _write_skills()
    _write_authority()
    written = 0
    for batch in _batches(people(count, seed_number, started)):
        _write_people(batch, sections, skills)
        written += len(batch)
        tell(written)
    selection.rebuild_index()
    db.session.commit()


def _batches(everyone: Iterable[Person]) -> Iterator[list[Person]]:
    stream = iter(everyone)
    while batch := list(islice(stream, _BATCH)):
        yield batch


def _write_sections() -> dict[str, int]:
    """The root and one section per country; returns their ids by country."""
    code, name, country = ROOT
    root = Section(code=code, name=name, country=country, short_name="Mobilize", path="/", language="en")
    db.session.add(root)
    db.session.flush()
    root.path = f"/{root.id}/"
    ids = {}
    for place in ground.COUNTRIES:
        section = Section(
            code=place.code.lower(),
            name=place.section,
            country=place.code,
            parent_id=root.id,
            path=f"{root.path}{place.code}",
            language=place.language,
            time_zone=place.time_zone,
            short_name=place.short_name,
        )
        db.session.add(section)
        db.session.flush()
        section.path = f"{root.path}{section.id}/"
        ids[place.code] = section.id
    return ids


def _write_skills() -> dict[str, int]:
    skills = [
        Skill(code=code, name=name, requires_certificate=cert) for code, (name, cert, _) in SKILLS.items()
    ]
    db.session.add_all(skills)
    db.session.flush()
    return {skill.code: skill.id for skill in skills}


def _write_authority() -> None:
    authority = Authority(code=AUTHORITY_CODE, name="Albanian National Civil Protection Agency", country="AL")
    authority.agreements.append(
        Agreement(reference="Framework agreement 2020/1", valid_from=date(2020, 1, 1), valid_until=None)
    )
    db.session.add(authority)
    db.session.flush()


def _write_people(batch: list[Person], sections: dict[str, int], skills: dict[str, int]) -> None:
    ids = db.session.scalars(
        insert(Volunteer).returning(Volunteer.id, sort_by_parameter_order=True),
        [_volunteer_row(person, sections) for person in batch],
    )
    numbered = list(zip(ids, batch, strict=True))
    _insert(Place, (row for number, person in numbered for row in _places(number, person)))
    _insert(
        Certification, (row for number, person in numbered for row in _certifications(number, person, skills))
    )
    _insert(Absence, (row for number, person in numbered for row in _absences(number, person)))


def _insert(table: type[Base], rows: Iterable[dict[str, Any]]) -> None:
    if listed := list(rows):
        db.session.execute(insert(table), listed)


def _absences(volunteer_id: int, person: Person) -> Iterator[dict[str, Any]]:
    if person.absence:
        starts_at, ends_at = person.absence
        yield {"volunteer_id": volunteer_id, "starts_at": starts_at, "ends_at": ends_at, "note": None}


def _volunteer_row(person: Person, sections: dict[str, int]) -> dict[str, Any]:
    return {
        "section_id": sections[person.country],
        "given_name": person.given_name,
        "family_name": person.family_name,
        "phone": person.phone,
        "phone_status": person.phone_status,
        "email": None,
        "language": person.language,
        "time_zone": person.time_zone,
        "born_on": person.born_on,
        "status": person.status,
        "consent_at": person.consent_at,
        "opted_out_at": person.opted_out_at,
        "weekly_hours": person.weekly_hours,
        "created_at": person.joined_at,
        "updated_at": person.joined_at,
    }


def _places(volunteer_id: int, person: Person) -> Iterator[dict[str, Any]]:
    for spot in person.spots:
        yield {
            "volunteer_id": volunteer_id,
            "kind": spot.kind,
            "lat": spot.lat,
            "lon": spot.lon,
            "cell": cell_of(spot.lat, spot.lon),
            "address": spot.address,
            "weekly_hours": spot.weekly_hours,
            "expires_at": spot.expires_at,
        }


def _certifications(volunteer_id: int, person: Person, skills: dict[str, int]) -> Iterator[dict[str, Any]]:
    for held in person.skills:
        yield {
            "volunteer_id": volunteer_id,
            "skill_id": skills[held.skill],
            "issuer": "Mobilize training centre" if held.issued_on else None,
            "number": None,
            "issued_on": held.issued_on,
            "expires_on": held.expires_on,
            "verified_at": held.verified_at,
            "verified_by_id": None,
        }
