"""Who may fill which need: the needed skills that people validly hold at the arrive-by time."""

from collections.abc import Sequence
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mobilize.extensions import db
from mobilize.models import Callout, Certification, Skill, Volunteer


def valid_skills(callout: Callout, volunteer_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """For each volunteer the ids of the callout's skills that they hold, certificates still good."""
    rows = db.session.execute(
        select(
            Certification.volunteer_id,
            Certification.skill_id,
            Certification.expires_on,
            Certification.verified_at,
            Skill.requires_certificate,
            Volunteer.time_zone,
        )
        .join(Skill, Skill.id == Certification.skill_id)
        .join(Volunteer, Volunteer.id == Certification.volunteer_id)
        .where(
            Certification.volunteer_id.in_(volunteer_ids),
            Certification.skill_id.in_([need.skill_id for need in callout.needs]),
        )
    )
    found: dict[int, set[int]] = {}
    for row in rows:
        day = callout.arrive_by.astimezone(ZoneInfo(row.time_zone)).date()
        good = row.expires_on is None or row.expires_on >= day
        if good and (row.verified_at is not None or not row.requires_certificate):
            found.setdefault(row.volunteer_id, set()).add(row.skill_id)
    return {volunteer_id: frozenset(skills) for volunteer_id, skills in found.items()}
