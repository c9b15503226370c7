"""Whom to remind, when and of what; and when somebody's silence must alarm a coordinator.

Three silences are told apart: of those who were asked, of those who should have arrived, and of those who
should be home again. `timers` says when to look at a person next, after they spoke or were told something;
`look` decides what is done about one who has been silent until then.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from types import MappingProxyType

from .vocabulary import CalloutMode, RecipientState, Whereabouts


@dataclass(frozen=True, slots=True)
class Patience:
    """How long each silence is borne.

    ``silent``: from the call-out to the reminder. ``overdue``: from the time of arrival to the question, and
    from there until it is shown. ``home``: the least time to get home. ``grace``: from the reminder to check
    out until the alarm. ``shift``: the longest that somebody is on scene.
    """

    silent: timedelta
    overdue: timedelta
    home: timedelta
    grace: timedelta
    shift: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person in one callout, as far as silence is concerned.

    ``placed``: fills a need, so was told where to come. ``closed``: the callout is over for them.
    """

    state: RecipientState
    placed: bool
    closed: bool
    arrive_by: datetime
    eta_at: datetime | None = None
    en_route_at: datetime | None = None
    arrived_at: datetime | None = None
    left_at: datetime | None = None
    travel_s: int | None = None
    check_out_by: datetime | None = None
    remind_at: datetime | None = None
    reminders: int = 0

    @property
    def out_there(self) -> bool:
        """Whether the person has said that they set out or were there, and not that they left again."""
        return self.left_at is None and (self.en_route_at is not None or self.arrived_at is not None)

    @property
    def told_to_come(self) -> bool:
        """Whether the person may be out there: they said so, or nobody has told them not to set out."""
        return self.out_there or (self.placed and self.left_at is None)

    @property
    def overdue(self) -> bool:
        """Whether the person was asked where they are, and has had the time to answer; see `look`."""
        waited_for = self.placed and not self.closed and self.state is RecipientState.ACCEPTED
        return waited_for and self.reminders > 0 and self.remind_at == self.check_out_by

    @property
    def due_at(self) -> datetime:
        """When the person should be there: by their own word, else by the callout's."""
        return self.eta_at or self.arrive_by


@dataclass(frozen=True, slots=True)
class Timers:
    """By when a person should have checked out, and when to look at them next; ``None`` is never."""

    check_out_by: datetime | None
    remind_at: datetime | None


NO_TIMERS = Timers(None, None)


def first_look(
    mode: CalloutMode, asked_at: datetime, arrive_by: datetime, silent: timedelta
) -> datetime | None:
    """When to look at people who are asked now. One after the other, the next one is asked instead."""
    at = asked_at + silent
    return None if mode is CalloutMode.ONE_BY_ONE or at >= arrive_by else at


def timers(person: Person, at: datetime, patience: Patience) -> Timers:
    """What to wait for from a person who has just spoken, or was just told something."""
    if not person.told_to_come:
        return NO_TIMERS
    if person.closed or person.state not in (RecipientState.ACCEPTED, RecipientState.ARRIVED):
        return _home_by(person, at, patience)
    if person.state is RecipientState.ARRIVED:
        by = (person.arrived_at or at) + patience.shift
        # Who is heard of after that is still there, and is asked again before long.
        by = by if by > at else at + patience.home
        return Timers(by, by)
    by = max(person.arrive_by, person.due_at, at) + patience.shift
    return Timers(by, min(max(person.due_at, at) + patience.overdue, by) if person.placed else by)


def _home_by(person: Person, at: datetime, patience: Patience) -> Timers:
    """There and back at most: wherever the person is, they are no farther than that from home."""
    by = at + max(patience.home, 2 * timedelta(seconds=person.travel_s or 0))
    return Timers(by, by)


class Step(Enum):
    """What is done about somebody's silence."""

    NOTHING = auto()
    ASK_SILENT = auto()
    ASK_OVERDUE = auto()
    SHOW_OVERDUE = auto()
    ASK_HOME = auto()
    ALARM = auto()


#: What the person is sent, as one of `sms.REMINDERS`.
TEXTS: Mapping[Step, str] = MappingProxyType(
    {Step.ASK_SILENT: "silent", Step.ASK_OVERDUE: "overdue", Step.ASK_HOME: "check_out"}
)


@dataclass(frozen=True, slots=True)
class Look:
    """What a look found: what to do, and when to look again (later than now, or never)."""

    step: Step
    again_at: datetime | None = None


def look(person: Person, due: datetime, now: datetime, patience: Patience) -> Look:
    """Decide about somebody who is not merely asked. ``due`` is when this look was due, as `timers` or the
    last look said: what was done before is told from it, so that an engine that was away skips no step.
    """
    by = person.check_out_by
    if by is None:
        return Look(Step.NOTHING)
    if due > by:
        return Look(Step.ALARM)
    if now >= by:
        return Look(Step.ASK_HOME, now + patience.grace)
    if person.closed or not person.placed or person.state is not RecipientState.ACCEPTED:
        return Look(Step.NOTHING, by)
    if person.reminders == 0:
        return Look(Step.ASK_OVERDUE, min(now + patience.overdue, by))
    return Look(Step.SHOW_OVERDUE, by)


def look_at_silent(
    told_at: datetime | None, arrive_by: datetime, now: datetime, patience: Patience, *, wanted: bool
) -> Look:
    """Decide about somebody who was asked, has said nothing, and was not reminded.

    ``told_at`` is when the call-out left, ``None`` while it has not: nobody is reminded of what they never
    got. ``wanted``: the callout asks on, and this person could still help.
    """
    if not wanted or now >= arrive_by:
        return Look(Step.NOTHING)
    at = (told_at or now) + patience.silent
    if at > now:
        return Look(Step.NOTHING, at if at < arrive_by else None)
    return Look(Step.ASK_SILENT)


def asked_whether_home(person: Person, now: datetime) -> bool:
    """Whether the last thing that we asked the person is whether they are home."""
    return person.check_out_by is not None and person.check_out_by <= now and person.reminders > 0


def whereabouts(person: Person, now: datetime) -> Whereabouts | None:
    """Where somebody is who was told to come, as far as they have said; ``None`` of all others."""
    if person.check_out_by is None:
        return Whereabouts.HOME if person.left_at is not None else None
    if now >= person.check_out_by:
        return Whereabouts.MISSING
    if person.closed or person.state not in (RecipientState.ACCEPTED, RecipientState.ARRIVED):
        return Whereabouts.RETURNING
    if person.state is RecipientState.ARRIVED:
        return Whereabouts.ON_SCENE
    if person.overdue:
        return Whereabouts.OVERDUE
    return Whereabouts.ON_THE_WAY if person.en_route_at is not None else None
