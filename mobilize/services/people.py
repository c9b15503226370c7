"""What a callout asks of people, and what is known about them beside their records.

Records hold what changes slowly. What changes with every wave and every answer is read here, for many
people at once: who is committed elsewhere, and how often each was asked lately.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import numpy as np
import numpy.typing as npt
from sqlalchemy import Select, func, select

from mobilize.domain.area import Area
from mobilize.domain.clocks import clocks
from mobilize.domain.eligibility import People, Question, absences, proofs, until
from mobilize.domain.facts import Records, micros, one_each
from mobilize.domain.whereabouts import Whereabouts, places_within, whereabouts, within
from mobilize.models import Absence, Callout, Recipient, Section, Wave
from mobilize.models.callout import COMING

from . import authorities
from .number_lists import columns, numbers, read
from .runtime import now, runtime, settings

Ids = npt.NDArray[np.int64]
Truths = npt.NDArray[np.bool_]


def question_of(callout: Callout) -> Question:
    """What this callout asks of everyone, under the settings of this installation."""
    emergency = callout.emergency
    below = select(Section.id).where(Section.path.startswith(emergency.section.path, autoescape=True))
    return Question(
        arrive_by=callout.arrive_by,
        life_threatening=emergency.severity.life_threatening,
        agreement_covers=emergency.authority is None
        or authorities.may_ask(emergency.authority, emergency.section),
        minimum_age=settings().minimum_age,
        fatigue_cap=settings().fatigue_cap,
        needs_certificate={need.skill_id: need.skill.requires_certificate for need in callout.needs},
        sections=frozenset(row[0] for row in read(below)),
        calls=callout.voice_after_minutes is not None
        and emergency.severity.life_threatening
        and runtime().voice is not None,
    )


def people_of(
    callout: Callout, area: Area, records: Records, question: Question
) -> tuple[People, Whereabouts, Truths]:
    """The people of these records, by their ids; where they are; and who has any place in the area."""
    ones, person = one_each(records)
    owners = clocks(ones["zone"])
    here = whereabouts(ones, owners, now())
    places = places_within(ones, area)
    valid, faults = proofs(records, person, owners, question)
    people = People(
        records=ones,
        clocks=owners,
        in_area=within(places, here),
        absent=_absent(ones, question),
        committed_elsewhere=np.isin(ones["volunteer_id"], _committed(callout)),
        times_asked=_times_asked(callout, ones, question),
        valid=valid,
        faults=faults,
    )
    return people, here, np.asarray(places.any(axis=1), np.bool_)


def _absent(records: Records, question: Question) -> Truths:
    """Who is away before they should be there; few have so many absences that their record does not tell."""
    away, unclear = absences(records, question, now())
    if unclear.any():
        query = select(Absence.volunteer_id).where(
            Absence.volunteer_id.in_(numbers(records["volunteer_id"][unclear].tolist())),
            Absence.starts_at <= until(question, now()),
            Absence.ends_at > now(),
        )
        away |= np.isin(records["volunteer_id"], _ids(query))
    return away


def _ids(query: Select[int]) -> Ids:
    rows = columns(query)
    return np.fromiter((row[0] for row in rows), np.int64, len(rows))


def asked_in(callout: Callout) -> Ids:
    """Everyone who was asked in this callout."""
    return _ids(select(Recipient.volunteer_id).where(Recipient.callout_id == callout.id))


def _committed(callout: Callout) -> Ids:
    """Everyone who said yes to another callout that is not over for them; an index holds just those."""
    return _ids(select(Recipient.volunteer_id).where(COMING, Recipient.callout_id != callout.id))


def _times_asked(callout: Callout, records: Records, question: Question) -> Ids:
    """How often each was asked in the fatigue period, by other callouts; a drill disturbs as well.

    Nobody counts where the cap is waived. Else only those are looked up who were asked at all; of waves
    that the engine has not noted at the volunteers yet, everyone.
    """
    found, ids = np.zeros(len(records), np.int64), records["volunteer_id"]
    if question.life_threatening or not len(records):
        return found
    since = now() - timedelta(days=settings().fatigue_days)
    lately = (records["last_asked_at"] > micros(since)) | np.isin(ids, _not_noted())
    if lately.any():
        counts = np.array(columns(_counts(callout, ids[lately].tolist(), since)), np.int64).reshape(-1, 2)
        found[np.searchsorted(ids, counts[:, 0])] = counts[:, 1]
    return found


def _counts(callout: Callout, ids: Sequence[int], since: Any) -> Select[int, int]:
    return (
        select(Recipient.volunteer_id, func.count())
        .where(
            Recipient.volunteer_id.in_(numbers(ids)),
            Recipient.asked_at > since,
            Recipient.callout_id != callout.id,
        )
        .group_by(Recipient.volunteer_id)
    )


def _not_noted() -> Ids:
    return _ids(select(Recipient.volunteer_id).join(Wave, Wave.id == Recipient.wave_id).where(~Wave.noted))
