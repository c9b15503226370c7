"""May this volunteer be called, and if not, why not: every reason, not the first one found.

Pure: a service loads the `Facts` about a person, states the `Question` that a callout asks, and
shows the answer. An empty list of reasons is a yes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from .availability import covers
from .vocabulary import MembershipStatus, PhoneStatus, PlaceKind


class Reason(StrEnum):
    """Why a volunteer may not be called (design, section 5)."""

    NOT_ACTIVE = "not_active"
    UNDER_AGE = "under_age"
    NO_CONSENT = "no_consent"
    OPTED_OUT = "opted_out"
    NUMBER_UNVERIFIED = "number_unverified"
    NUMBER_INVALID = "number_invalid"
    NUMBER_LANDLINE = "number_landline"
    SECTION_NOT_COVERING = "section_not_covering"
    AGREEMENT_NOT_COVERING = "agreement_not_covering"
    OUTSIDE_AREA = "outside_area"
    SKILL_MISSING = "skill_missing"
    CERTIFICATE_UNVERIFIED = "certificate_unverified"
    CERTIFICATE_LAPSES = "certificate_lapses"
    OUTSIDE_HOURS = "outside_hours"
    ABSENT = "absent"
    SNOOZED = "snoozed"
    COMMITTED_ELSEWHERE = "committed_elsewhere"
    RESTING = "resting"
    ASKED_TOO_OFTEN = "asked_too_often"

    @property
    def sentence(self) -> str:
        """The reason as a coordinator reads it."""
        return _SENTENCES[self]


_SENTENCES = {
    Reason.NOT_ACTIVE: "is not an active member",
    Reason.UNDER_AGE: "is under age",
    Reason.NO_CONSENT: "has not consented to be called",
    Reason.OPTED_OUT: "has opted out of texts",
    Reason.NUMBER_UNVERIFIED: "has a phone number that is not verified",
    Reason.NUMBER_INVALID: "has an invalid phone number",
    Reason.NUMBER_LANDLINE: "has a landline, which takes no texts",
    Reason.SECTION_NOT_COVERING: "belongs to a section outside the emergency's",
    Reason.AGREEMENT_NOT_COVERING: "cannot be called for an authority without an agreement in force",
    Reason.OUTSIDE_AREA: "is outside the area",
    Reason.SKILL_MISSING: "has none of the skills needed",
    Reason.CERTIFICATE_UNVERIFIED: "has a certificate that is not verified",
    Reason.CERTIFICATE_LAPSES: "has a certificate that lapses before the arrive-by time",
    Reason.OUTSIDE_HOURS: "is outside the hours of availability",
    Reason.ABSENT: "is absent",
    Reason.SNOOZED: "has asked not to be called for now",
    Reason.COMMITTED_ELSEWHERE: "is committed to another callout",
    Reason.RESTING: "is resting after a deployment",
    Reason.ASKED_TOO_OFTEN: "was called too often lately",
}


@dataclass(frozen=True, slots=True)
class Proof:
    """That a volunteer has a skill; ``expires_on`` is the last valid day in the volunteer's time zone."""

    skill_id: int
    needs_certificate: bool
    verified: bool
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """One of a volunteer's places. Degrees WGS 84."""

    kind: PlaceKind
    lat: float
    lon: float
    weekly_hours: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the decision needs to know about one volunteer.

    ``proofs`` are those of needed skills only; ``absences`` are (start, end), the end exclusive;
    ``times_asked`` counts callouts within the fatigue period, this one left out.
    """

    status: MembershipStatus
    phone_status: PhoneStatus
    born_on: date
    consented: bool
    opted_out: bool
    in_covering_section: bool
    in_area: bool
    proofs: Sequence[Proof]
    time_zone: str
    weekly_hours: str | None
    absences: Sequence[tuple[datetime, datetime]]
    snoozed_until: datetime | None
    resting_until: datetime | None
    committed_elsewhere: bool
    times_asked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a callout asks of everyone. ``agreement_covers`` is true when no authority asks."""

    arrive_by: datetime
    life_threatening: bool
    agreement_covers: bool
    minimum_age: int
    fatigue_cap: int


def reasons_against(facts: Facts, question: Question, now: datetime) -> list[Reason]:
    """Every reason against calling this volunteer now, in the order of `Reason`."""
    return [
        *_membership(facts, question, now),
        *_reach(facts),
        *_cover(facts, question),
        *_skills(facts, question),
        *_time(facts, question, now),
        *_burden(facts, question, now),
    ]


def effective_place(places: Iterable[Whereabouts], time_zone: str, now: datetime) -> Whereabouts | None:
    """Where a volunteer is now: live while it is valid, else work in its hours, else home.

    Work hours that nobody stated put nobody at work, unless there is no home to be at.
    """
    by_kind = {place.kind: place for place in places}
    live, work = by_kind.get(PlaceKind.LIVE), by_kind.get(PlaceKind.WORK)
    home = by_kind.get(PlaceKind.HOME)
    if live and live.expires_at and live.expires_at > now:
        return live
    if work and work.weekly_hours and covers(work.weekly_hours, _local(now, time_zone)):
        return work
    if home:
        return home
    return work if work and not work.weekly_hours else None


def valid_skills(proofs: Iterable[Proof], time_zone: str, arrive_by: datetime) -> frozenset[int]:
    """The skills that count at the arrive-by time: verified where that is required, and not lapsed."""
    day = _local(arrive_by, time_zone).date()
    return frozenset(proof.skill_id for proof in proofs if not _faults(proof, day))


def age(born_on: date, on: date) -> int:
    """Full years; who was born on 29 February turns a year older on 1 March."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def _local(instant: datetime, time_zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(time_zone))


def _membership(facts: Facts, question: Question, now: datetime) -> Iterable[Reason]:
    if facts.status is not MembershipStatus.ACTIVE:
        yield Reason.NOT_ACTIVE
    if age(facts.born_on, _local(now, facts.time_zone).date()) < question.minimum_age:
        yield Reason.UNDER_AGE
    if not facts.consented:
        yield Reason.NO_CONSENT
    if facts.opted_out:
        yield Reason.OPTED_OUT


_NUMBERS = {
    PhoneStatus.UNVERIFIED: Reason.NUMBER_UNVERIFIED,
    PhoneStatus.INVALID: Reason.NUMBER_INVALID,
    PhoneStatus.LANDLINE: Reason.NUMBER_LANDLINE,
}


def _reach(facts: Facts) -> Iterable[Reason]:
    if facts.phone_status in _NUMBERS:
        yield _NUMBERS[facts.phone_status]


def _cover(facts: Facts, question: Question) -> Iterable[Reason]:
    if not facts.in_covering_section:
        yield Reason.SECTION_NOT_COVERING
    if not question.agreement_covers:
        yield Reason.AGREEMENT_NOT_COVERING
    if not facts.in_area:
        yield Reason.OUTSIDE_AREA


def _faults(proof: Proof, day: date) -> Iterable[Reason]:
    faults = []
    if proof.needs_certificate and not proof.verified:
        faults.append(Reason.CERTIFICATE_UNVERIFIED)
    if proof.expires_on is not None and proof.expires_on < day:
        faults.append(Reason.CERTIFICATE_LAPSES)
    return faults


def _skills(facts: Facts, question: Question) -> Iterable[Reason]:
    """One valid skill among those needed is enough; faults of the others then do not matter."""
    if not facts.proofs:
        return [Reason.SKILL_MISSING]
    day = _local(question.arrive_by, facts.time_zone).date()
    found = [set(_faults(proof, day)) for proof in facts.proofs]
    return sorted(set().union(*found), key=list(Reason).index) if all(found) else []


def _time(facts: Facts, question: Question, now: datetime) -> Iterable[Reason]:
    if not covers(facts.weekly_hours, _local(now, facts.time_zone)):
        yield Reason.OUTSIDE_HOURS
    until = max(now, question.arrive_by)
    # Who leaves before the arrive-by time would come late or not at all.
    if any(start <= until and end > now for start, end in facts.absences):
        yield Reason.ABSENT
    if facts.snoozed_until is not None and facts.snoozed_until > now:
        yield Reason.SNOOZED


def _burden(facts: Facts, question: Question, now: datetime) -> Iterable[Reason]:
    if facts.committed_elsewhere:
        yield Reason.COMMITTED_ELSEWHERE
    if facts.resting_until is not None and facts.resting_until > now:
        yield Reason.RESTING
    if facts.times_asked >= question.fatigue_cap and not question.life_threatening:
        yield Reason.ASKED_TOO_OFTEN
