"""Who may fill which need: the needed skills that people validly hold at the arrive-by time."""

from collections.abc import Sequence

from sqlalchemy import select

from mobilize.domain import eligibility
from mobilize.extensions import db
from mobilize.models import Callout, Volunteer

from .number_lists import numbers
from .people import proofs_for


def valid_skills(callout: Callout, volunteer_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """For each volunteer the ids of the callout's skills that they hold, certificates still good."""
    proofs = proofs_for(callout, list(volunteer_ids))
    zones = db.session.execute(
        select(Volunteer.id, Volunteer.time_zone).where(Volunteer.id.in_(numbers(volunteer_ids)))
    )
    return {
        volunteer_id: eligibility.valid_skills(proofs[volunteer_id], time_zone, callout.arrive_by)
        for volunteer_id, time_zone in zones
    }
