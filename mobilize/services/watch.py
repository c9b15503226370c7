"""Watching over people in the field: the timers of one person in a callout, and the alarm about them.

Everything here adds to the current transaction.
"""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from mobilize.domain import prompting
from mobilize.domain.prompting import Patience, Person
from mobilize.domain.vocabulary import AlarmKind
from mobilize.extensions import db
from mobilize.models import Callout, Recipient

from . import alarms
from .runtime import now, settings


def patience() -> Patience:
    """How long silence is borne here."""
    known = settings()
    return Patience(
        silent=timedelta(minutes=known.silent_reminder_minutes),
        overdue=timedelta(minutes=known.overdue_minutes),
        home=timedelta(hours=known.check_out_hours),
        grace=timedelta(minutes=known.check_out_grace_minutes),
        shift=timedelta(hours=known.longest_shift_hours),
    )


def person(recipient: Recipient, callout: Callout) -> Person:
    """A recipient in the form in which the pure decisions take it."""
    return Person(
        state=recipient.state,
        placed=recipient.need_id is not None,
        closed=recipient.closed_at is not None,
        arrive_by=callout.arrive_by,
        eta_at=recipient.eta_at,
        en_route_at=recipient.en_route_at,
        arrived_at=recipient.arrived_at,
        left_at=recipient.left_at,
        travel_s=recipient.travel_s,
        check_out_by=recipient.check_out_by,
        remind_at=recipient.remind_at,
        reminders=recipient.reminders,
    )


def first_look(callout: Callout, asked_at: datetime) -> datetime | None:
    """When to look at people whom the callout asks now."""
    return prompting.first_look(callout.mode, asked_at, callout.arrive_by, patience().silent)


def renew(recipient: Recipient, callout: Callout) -> None:
    """Wind the timers of somebody who has spoken, or was told something. The alarm about them ends."""
    _wind(recipient, prompting.timers(person(recipient, callout), now(), patience()))


def check_out(recipient: Recipient, at: datetime) -> None:
    """The person is out of the field again, and need not be watched any more."""
    recipient.left_at = at
    _wind(recipient, prompting.NO_TIMERS)


def is_missing(recipient: Recipient) -> bool:
    """Whether the person should have checked out before now."""
    return recipient.check_out_by is not None and recipient.check_out_by <= now()


def _wind(recipient: Recipient, timers: prompting.Timers) -> None:
    was_missing = is_missing(recipient)
    recipient.check_out_by, recipient.remind_at = timers.check_out_by, timers.remind_at
    recipient.reminders = 0
    if was_missing:
        alarms.clear(AlarmKind.CHECK_OUT_OVERDUE, str(recipient.id))


def asked_whether_home(recipient: Recipient, callout: Callout) -> bool:
    return prompting.asked_whether_home(person(recipient, callout), now())


def alarm(recipient: Recipient, callout: Callout, why: str) -> None:
    """Tell coordinators that a person may be in trouble out there. ``why`` goes on after the name."""
    at = recipient.check_out_by or now()
    local = at.astimezone(ZoneInfo(callout.emergency.section.time_zone))
    since = f"{local:%H:%M}, {local.day} {local:%b} UTC{local.isoformat()[-6:]}"
    where = f"{callout.rendezvous[:60]}, {callout.emergency.title[:60]}"
    drill = "Drill: " if callout.emergency.drill else ""
    detail = f"{drill}{recipient.volunteer.name[:60]} {why} ({where}; due by {since})."
    alarms.raise_alarm(AlarmKind.CHECK_OUT_OVERDUE, str(recipient.id), detail)


def seen_elsewhere(recipient: Recipient, at: datetime) -> None:
    """Who is on the way to, or at, one callout is not lost in an earlier one that is over for them."""
    for earlier in awaited(recipient.volunteer_id):
        if earlier.id != recipient.id and earlier.closed_at is not None:
            check_out(earlier, at)
            earlier.callout.revision += 1


def not_seen_elsewhere(recipient: Recipient, at: datetime) -> None:
    """Undo `seen_elsewhere`: who was not on the way elsewhere has still to get home from there."""
    for earlier in db.session.scalars(
        select(Recipient).where(
            Recipient.volunteer_id == recipient.volunteer_id,
            Recipient.id != recipient.id,
            Recipient.left_at == at,
            Recipient.closed_at <= at,
        )
    ):
        earlier.left_at = None
        renew(earlier, earlier.callout)
        earlier.callout.revision += 1


def awaited(volunteer_id: int) -> list[Recipient]:
    """A person's places from which they have not checked out: those that are over first, the latest first."""
    found = db.session.scalars(
        select(Recipient).where(Recipient.volunteer_id == volunteer_id, Recipient.check_out_by.is_not(None))
    ).all()
    over = sorted((r for r in found if r.closed_at), key=lambda r: r.closed_at or now(), reverse=True)
    return over + [r for r in found if not r.closed_at]
