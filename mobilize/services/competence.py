"""Who may fill which need: the needed skills that people validly hold at the arrive-by time."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import select

from mobilize.domain.clocks import clocks
from mobilize.domain.eligibility import proofs
from mobilize.domain.facts import FACTS, NO_END, VERIFIED, Records, one_each
from mobilize.domain.ranking import named
from mobilize.extensions import db
from mobilize.models import Callout, Certification, Volunteer

from .number_lists import numbers, read
from .people import question_of


def valid_skills(callout: Callout, volunteer_ids: Sequence[int]) -> dict[int, frozenset[int]]:
    """For each volunteer the ids of the callout's skills that they hold, certificates still good."""
    question = question_of(callout)
    skill_ids = tuple(question.needs_certificate)
    db.session.flush()
    rows = read(
        select(
            Certification.volunteer_id,
            Certification.skill_id,
            Certification.verified_at.is_not(None),
            Certification.expires_on,
            Volunteer.time_zone,
        )
        .join(Volunteer, Volunteer.id == Certification.volunteer_id)
        .where(Certification.volunteer_id.in_(numbers(volunteer_ids)), Certification.skill_id.in_(skill_ids))
    )
    records = _records(rows)
    people, person = one_each(records)
    valid, _ = proofs(records, person, clocks(people["zone"]), question)
    held = {bits: named(bits, skill_ids) for bits in np.unique(valid).tolist()}
    found = zip(people["volunteer_id"].tolist(), valid.tolist(), strict=True)
    return dict.fromkeys(volunteer_ids, frozenset()) | {who: held[bits] for who, bits in found}


def _records(rows: Sequence[Any]) -> Records:
    """Records in which only that is set which proofs need."""
    records = np.zeros(len(rows), FACTS)
    for record, (volunteer_id, skill_id, verified, expires_on, time_zone) in zip(records, rows, strict=True):
        record["volunteer_id"], record["skill_id"] = volunteer_id, skill_id
        record["flags"] = VERIFIED if verified else 0
        record["expires_on"] = NO_END if expires_on is None else expires_on.toordinal()
        record["zone"] = time_zone.encode()
    return records
