"""How likely each of these people is to say yes: the model in force, and each one's own history."""

from collections.abc import Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
from sqlalchemy import select

from mobilize.domain.acceptance import (
    NIGHT,
    Circumstances,
    Model,
    expected_of_anybody,
    faded,
    with_own_history,
)
from mobilize.domain.chance import Numbers
from mobilize.domain.delays import Delay
from mobilize.domain.ranking import Candidate
from mobilize.domain.vocabulary import RecipientState, Severity
from mobilize.extensions import db
from mobilize.models import Callout, Emergency, LearnedModel, Recipient, Volunteer

from .number_lists import numbers, read
from .runtime import now

#: States in which a person said yes, whatever came after it.
SAID_YES = (RecipientState.ACCEPTED, RecipientState.ARRIVED, RecipientState.WITHDRAWN)
#: States in which a person said that they are not coming.
SAID_NO = (RecipientState.DECLINED, RecipientState.LIMITED)


def model_for(*, drill: bool) -> Model:
    """The model in force; before anything was learned, what is believed at first."""
    row = db.session.get(LearnedModel, drill)
    if row is None:
        return Model()
    figures = dict(row.figures)
    return Model(
        **figures | {"odds": tuple(figures["odds"]), "delay": Delay(**figures["delay"])},
        learned_from=row.learned_from,
        learned_at=row.learned_at,
    )


def chances(callout: Callout, candidates: Sequence[Candidate]) -> Numbers:
    """The chance of a yes from each candidate, to two decimals: circumstances, then own history."""
    emergency = callout.emergency
    model = model_for(drill=emergency.drill)
    ids = [candidate.volunteer_id for candidate in candidates]
    zones = dict(read(select(Volunteer.id, Volunteer.time_zone).where(Volunteer.id.in_(numbers(ids)))))
    hours = {zone: now().astimezone(ZoneInfo(zone)).hour for zone in set(zones.values())}
    where = Circumstances(
        np.array([candidate.distance_m for candidate in candidates]),
        np.array([hours[zones[volunteer_id]] in NIGHT for volunteer_id in ids], np.bool_),
        life_threatening=emergency.severity.life_threatening,
        minor=emergency.severity is Severity.MINOR,
    )
    asked, accepted = _own_history(model, ids, drill=emergency.drill)
    found = with_own_history(model, expected_of_anybody(model, where), asked, accepted)
    return np.round(found, 2)


def _own_history(model: Model, ids: Sequence[int], *, drill: bool) -> tuple[Numbers, Numbers]:
    """Faded sums of earlier asks and of the yes among them, for each volunteer; drills apart."""
    rows = read(
        select(
            Recipient.volunteer_id,
            Recipient.asked_at,
            Recipient.closed_at,
            Callout.arrive_by,
            Recipient.state,
        )
        .join(Callout, Callout.id == Recipient.callout_id)
        .join(Emergency, Emergency.id == Callout.emergency_id)
        .where(
            Recipient.volunteer_id.in_(numbers(ids)),
            Emergency.drill.is_(drill),
            Recipient.state != RecipientState.UNREACHABLE,
        )
    )
    position = {volunteer_id: n for n, volunteer_id in enumerate(ids)}
    asked, accepted = np.zeros(len(ids)), np.zeros(len(ids))
    if not rows:
        return asked, accepted
    at = now()
    who = np.array([position[row[0]] for row in rows])
    age = np.array([(at - row[1]).total_seconds() / 86_400 for row in rows])
    waited = np.array([open_s(row[1], row[2], row[3], at) for row in rows])
    yes = np.array([row[4] in SAID_YES for row in rows])
    weight = faded(model, age, waited, yes)
    np.add.at(asked, who, weight)
    np.add.at(accepted, who, weight * yes)
    return asked, accepted


def open_s(asked_at: datetime, closed_at: datetime | None, arrive_by: datetime, at: datetime) -> float:
    """Seconds for which an answer could have come."""
    return max((min(closed_at or at, arrive_by, at) - asked_at).total_seconds(), 0.0)
