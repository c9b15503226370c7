"""May these volunteers be called, and if not, why not: every reason, not the first one found.

Pure: a service loads the facts about people as arrays, states the `Question` that a callout asks, and
gets a set of reasons for each, as a number with one bit a reason. Zero is a yes. There is no other way
to decide: one person is an array of one.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

import numpy as np
import numpy.typing as npt

from .clocks import Clocks, Days, covered
from .facts import (
    CONSENTED,
    HAS_HOURS,
    OPTED_OUT,
    PHONE_STATUSES,
    STATUSES,
    VERIFIED,
    Records,
    has,
    micros,
)
from .vocabulary import MembershipStatus, PhoneStatus

Truths = npt.NDArray[np.bool_]
#: Sets of reasons.
Masks = npt.NDArray[np.uint32]
#: Sets of needs: bit i is the i-th need of the callout.
Skills = npt.NDArray[np.uint64]


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
    def bit(self) -> int:
        """This reason alone, as a set."""
        return _BITS[self]

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

#: Sets are stored for years: a new reason goes to the end of this list, wherever it stands in `Reason`.
_STORED = (
    Reason.NOT_ACTIVE,
    Reason.UNDER_AGE,
    Reason.NO_CONSENT,
    Reason.OPTED_OUT,
    Reason.NUMBER_UNVERIFIED,
    Reason.NUMBER_INVALID,
    Reason.NUMBER_LANDLINE,
    Reason.SECTION_NOT_COVERING,
    Reason.AGREEMENT_NOT_COVERING,
    Reason.OUTSIDE_AREA,
    Reason.SKILL_MISSING,
    Reason.CERTIFICATE_UNVERIFIED,
    Reason.CERTIFICATE_LAPSES,
    Reason.OUTSIDE_HOURS,
    Reason.ABSENT,
    Reason.SNOOZED,
    Reason.COMMITTED_ELSEWHERE,
    Reason.RESTING,
    Reason.ASKED_TOO_OFTEN,
)
_BITS = {reason: 1 << place for place, reason in enumerate(_STORED)}


def reasons_in(mask: int) -> list[Reason]:
    """The reasons of a set, in the order of `Reason`."""
    return [reason for reason in Reason if mask & reason.bit]


def counted(masks: Masks) -> dict[Reason, int]:
    """How many people each reason holds back; who has several counts under each."""
    counts = {reason: int(np.count_nonzero(masks & reason.bit)) for reason in Reason}
    return {reason: count for reason, count in counts.items() if count}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a callout asks of everyone. ``agreement_covers`` is true when no authority asks.

    ``needs_certificate`` has the needed skills by id, in the order of needs, and whether each counts only
    with a verified certificate. ``sections`` are those that the emergency's section covers.
    """

    arrive_by: datetime
    life_threatening: bool
    agreement_covers: bool
    minimum_age: int
    fatigue_cap: int
    needs_certificate: Mapping[int, bool]
    sections: frozenset[int]
    #: Whether people are called by voice, so that a landline will do.
    calls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """The facts about many people; place i of every array is the same person.

    ``records`` has one record of each, whatever its skill; ``in_area`` whether the place that counts is
    in the area; ``absent`` whether they are away at some time until they should be there; ``times_asked``
    counts callouts within the fatigue period, this one left out. ``valid`` and ``faults`` are by `proofs`.
    """

    records: Records
    clocks: Clocks
    in_area: Truths
    absent: Truths
    committed_elsewhere: Truths
    times_asked: npt.NDArray[np.int64]
    valid: Skills
    faults: Masks


def reasons_against(people: People, question: Question, now: datetime) -> Masks:
    """Every reason against calling each of these people now."""
    found = np.zeros(len(people.records), np.uint32)
    for judge in (_membership, _reach, _cover, _time, _burden):
        for reason, holds in judge(people, question, now):
            found |= np.where(holds, np.uint32(reason.bit), np.uint32(0))
    return found | people.faults


Judged = Iterator[tuple[Reason, Truths]]


def _membership(people: People, question: Question, now: datetime) -> Judged:
    records = people.records
    yield Reason.NOT_ACTIVE, records["status"] != STATUSES.index(MembershipStatus.ACTIVE)
    yield Reason.UNDER_AGE, records["born_on"] > people.clocks.born_by(now, question.minimum_age)
    yield Reason.NO_CONSENT, ~has(records, CONSENTED)
    yield Reason.OPTED_OUT, has(records, OPTED_OUT)


_NUMBERS = {
    PhoneStatus.UNVERIFIED: Reason.NUMBER_UNVERIFIED,
    PhoneStatus.INVALID: Reason.NUMBER_INVALID,
    PhoneStatus.LANDLINE: Reason.NUMBER_LANDLINE,
}


def _reach(people: People, question: Question, _now: datetime) -> Judged:
    for status, reason in _NUMBERS.items():
        if reason is Reason.NUMBER_LANDLINE and question.calls:
            continue
        yield reason, people.records["phone_status"] == PHONE_STATUSES.index(status)


def _cover(people: People, question: Question, _now: datetime) -> Judged:
    yield Reason.SECTION_NOT_COVERING, ~np.isin(people.records["section_id"], list(question.sections))
    yield Reason.AGREEMENT_NOT_COVERING, np.full(len(people.records), not question.agreement_covers)
    yield Reason.OUTSIDE_AREA, ~people.in_area


def _time(people: People, _question: Question, now: datetime) -> Judged:
    records = people.records
    within = covered(records["hours"], people.clocks.slots(now))
    yield Reason.OUTSIDE_HOURS, has(records, HAS_HOURS) & ~within
    yield Reason.ABSENT, people.absent
    yield Reason.SNOOZED, records["snoozed_until"] > micros(now)


def _burden(people: People, question: Question, now: datetime) -> Judged:
    yield Reason.COMMITTED_ELSEWHERE, people.committed_elsewhere
    yield Reason.RESTING, people.records["resting_until"] > micros(now)
    if not question.life_threatening:
        yield Reason.ASKED_TOO_OFTEN, people.times_asked >= question.fatigue_cap


def until(question: Question, now: datetime) -> datetime:
    """Who leaves before the arrive-by time would come late or not at all."""
    return max(now, question.arrive_by)


def absences(records: Records, question: Question, now: datetime) -> tuple[Truths, Truths]:
    """Who is away before they should be there; and of whom the record alone cannot tell."""
    at = micros(now)
    away = (records["absent_from"] <= micros(until(question, now))) & (records["absent_until"] > at)
    return away, ~away & (records["absent_before_until"] > at)


def proofs(
    records: Records, person: npt.NDArray[np.intp], owners: Clocks, question: Question
) -> tuple[Skills, Masks]:
    """For each person (of ``owners``): the needs that they validly serve, and if none, what is wrong.

    ``records`` has a record for each skill of each person, ``person`` says whose each is. One valid skill
    among those needed is enough; faults of the others then do not matter.
    """
    count = len(owners.of)
    found = _faults(records, owners.days(question.arrive_by)[person], question)
    valid, faults, skilled = np.zeros(count, np.uint64), np.zeros(count, np.uint32), np.zeros(count, np.bool_)
    for place, skill_id in enumerate(question.needs_certificate):
        mine = records["skill_id"] == skill_id
        skilled[person[mine]] = True
        # Records of one skill of one person have the same fault, so assigning one of them is enough.
        valid[person[mine & (found == 0)]] |= np.uint64(1 << place)
        faults[person[mine]] |= found[mine]
    faults[valid != 0] = 0
    faults[~skilled] = Reason.SKILL_MISSING.bit
    return valid, faults


def _faults(records: Records, arrival: Days, question: Question) -> Masks:
    """What is wrong with each proof on the day of arrival."""
    strict = [skill for skill, needed in question.needs_certificate.items() if needed]
    unverified = np.isin(records["skill_id"], strict) & ~has(records, VERIFIED)
    lapses = records["expires_on"] < arrival
    return np.asarray(
        np.where(unverified, np.uint32(Reason.CERTIFICATE_UNVERIFIED.bit), np.uint32(0))
        | np.where(lapses, np.uint32(Reason.CERTIFICATE_LAPSES.bit), np.uint32(0)),
        np.uint32,
    )
