"""Readiness: how many people could be called, by section and skill. Counts, never names."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, or_, select, true

from mobilize.domain.vocabulary import AccountRole, MembershipStatus, PhoneStatus
from mobilize.extensions import db
from mobilize.models import Authority, Certification, Section, Skill, Volunteer

from .access import Viewer, require
from .runtime import now, settings

#: A smaller count could point to a person; it is hidden from everyone, since the page is passed on.
SMALLEST_SHOWN = 5


@dataclass(frozen=True, slots=True)
class ReadinessRow:
    """People of one section who could be called for one skill; ``count`` is ``None`` when it is from 1 to 4."""

    country: str
    region: str
    skill: str
    count: int | None


def readiness(viewer: Viewer, country: str | None = None) -> list[ReadinessRow]:
    """Counts by section and skill, within the viewer's scope and, if given, one country.

    Counted are active members of age with consent, a verified phone and a skill that is valid
    today; not who is free at this hour. Raises `NotAllowed` for volunteers.
    """
    require(viewer, AccountRole.COORDINATOR, AccountRole.AUTHORITY)
    people = func.count(Volunteer.id)
    query = (
        select(Section.country, Section.name, Skill.code, people)
        .join_from(Volunteer, Section, Section.id == Volunteer.section_id)
        .join(Certification, Certification.volunteer_id == Volunteer.id)
        .join(Skill, Skill.id == Certification.skill_id)
        .where(_scope(viewer), *_callable(now().date()))
        .group_by(Section.id, Section.country, Section.name, Skill.code)
        .order_by(Section.country, Section.name, Section.id, Skill.code)
    )
    if country is not None:
        query = query.where(Section.country == country.upper())
    return [
        ReadinessRow(land, region, skill, count if count >= SMALLEST_SHOWN else None)
        for land, region, skill, count in db.session.execute(query)
    ]


def _scope(viewer: Viewer) -> ColumnElement[bool]:
    if viewer.role is AccountRole.ADMIN:
        return true()
    if viewer.role is AccountRole.AUTHORITY:
        own = select(Authority.country).where(Authority.id == viewer.authority_id)
        return Section.country == own.scalar_subquery()
    # An unset path matches nothing.
    return Section.path.startswith(viewer.section_path or "\0", autoescape=True)


def _callable(today: date) -> tuple[ColumnElement[bool], ...]:
    return (
        Volunteer.status == MembershipStatus.ACTIVE,
        Volunteer.phone_status == PhoneStatus.VERIFIED,
        Volunteer.consent_at.is_not(None),
        Volunteer.opted_out_at.is_(None),
        Volunteer.born_on <= _years_before(today, settings().minimum_age),
        or_(Skill.requires_certificate.is_(False), Certification.verified_at.is_not(None)),
        or_(Certification.expires_on.is_(None), Certification.expires_on >= today),
    )


def _years_before(day: date, years: int) -> date:
    """29 February falls back to the 28th: who was born on the 29th turns a year older on 1 March."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:
        return day.replace(year=day.year - years, day=28)
