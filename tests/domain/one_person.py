"""Eligibility of one person the slow, obvious way: the truth that the decision over arrays is compared with.

It also describes a person in words (`Facts`), for tests that look at one thing at a time.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np

from mobilize.domain import eligibility, facts
from mobilize.domain.availability import covers
from mobilize.domain.clocks import clocks
from mobilize.domain.eligibility import People, Question, Reason
from mobilize.domain.facts import NO_SKILL, Known, Records, Spot, one_each, packed
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind
from mobilize.domain.whereabouts import NOWHERE
from mobilize.domain.whereabouts import whereabouts as whereabouts_of_many


@dataclass(frozen=True, slots=True)
class Proof:
    """That a volunteer has a skill; ``expires_on`` is the last valid day in the volunteer's time zone."""

    skill_id: int
    needs_certificate: bool
    verified: bool
    expires_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the decision needs to know about one volunteer. ``absences`` are (start, end), the end exclusive."""

    status: MembershipStatus
    phone_status: PhoneStatus
    born_on: date
    consented: bool
    opted_out: bool
    section_id: int
    in_area: bool
    proofs: Sequence[Proof]
    time_zone: str
    weekly_hours: str | None
    absences: Sequence[tuple[datetime, datetime]]
    snoozed_until: datetime | None
    resting_until: datetime | None
    committed_elsewhere: bool
    times_asked: int
    live: Spot | None = None
    work: Spot | None = None
    home: Spot | None = None


def reasons_against(facts: Facts, question: Question, now: datetime) -> list[Reason]:
    """By the product's own decision, over arrays of one."""
    return eligibility.reasons_in(int(decide([facts], question, now)[0]))


def decide(everyone: Sequence[Facts], question: Question, now: datetime) -> eligibility.Masks:
    """The product's decision about many people at once; their ids are their places from 1."""
    records = packed(
        _known(number, one, proof)
        for number, one in enumerate(everyone, 1)
        for proof in one.proofs or (Proof(NO_SKILL, False, False, None),)
    )
    ones, person = one_each(records)
    owners = clocks(ones["zone"])
    valid, faults = eligibility.proofs(records, person, owners, question)
    away, unclear = eligibility.absences(ones, question, now)
    people = People(
        records=ones,
        clocks=owners,
        in_area=np.array([one.in_area for one in everyone]),
        # Of whom the record cannot tell, the table does.
        absent=np.where(unclear, [absent(one, question, now) for one in everyone], away),
        committed_elsewhere=np.array([one.committed_elsewhere for one in everyone]),
        times_asked=np.array([one.times_asked for one in everyone]),
        valid=valid,
        faults=faults,
    )
    return eligibility.reasons_against(people, question, now)


def _known(number: int, one: Facts, proof: Proof) -> Known:
    return Known(
        volunteer_id=number,
        section_id=one.section_id,
        status=one.status,
        phone_status=one.phone_status,
        consented=one.consented,
        opted_out=one.opted_out,
        born_on=one.born_on,
        time_zone=one.time_zone,
        weekly_hours=one.weekly_hours,
        snoozed_until=one.snoozed_until,
        resting_until=one.resting_until,
        last_asked_at=None,
        skill_id=proof.skill_id,
        verified=proof.verified,
        expires_on=proof.expires_on,
        live=one.live,
        work=one.work,
        home=one.home,
        absences=sorted(one.absences, key=lambda absence: absence[1], reverse=True),
    )


def record_of(facts: Facts) -> Records:
    return packed([_known(1, facts, replace(Proof(NO_SKILL, False, False, None)))])


def whereabouts(facts: Facts, now: datetime) -> tuple[PlaceKind, Spot] | None:
    """Where the product says that this person is."""
    records = record_of(facts)
    found = whereabouts_of_many(records, clocks(records["zone"]), now)
    if found.kinds[0] == NOWHERE:
        assert np.isnan(found.lats[0])
        return None
    kind = _KINDS[found.kinds[0]]
    spot: Spot | None = getattr(facts, kind.value)
    assert spot is not None
    assert (spot.lat, spot.lon) == (found.lats[0], found.lons[0])
    return kind, spot


_KINDS = facts.KINDS


# --- the slow, obvious way --------------------------------------------------------------------


def plain_reasons(facts: Facts, question: Question, now: datetime) -> list[Reason]:
    """Every reason, in the order of `Reason`, decided one person at a time."""
    local = _local(now, facts.time_zone)
    phone = {
        PhoneStatus.UNVERIFIED: Reason.NUMBER_UNVERIFIED,
        PhoneStatus.INVALID: Reason.NUMBER_INVALID,
        PhoneStatus.LANDLINE: Reason.NUMBER_LANDLINE,
    }.get(facts.phone_status)
    if question.calls and phone is Reason.NUMBER_LANDLINE:
        phone = None
    told = {
        Reason.NOT_ACTIVE: facts.status is not MembershipStatus.ACTIVE,
        Reason.UNDER_AGE: age(facts.born_on, local.date()) < question.minimum_age,
        Reason.NO_CONSENT: not facts.consented,
        Reason.OPTED_OUT: facts.opted_out,
        **({phone: True} if phone else {}),
        Reason.SECTION_NOT_COVERING: facts.section_id not in question.sections,
        Reason.AGREEMENT_NOT_COVERING: not question.agreement_covers,
        Reason.OUTSIDE_AREA: not facts.in_area,
        **dict.fromkeys(_skill_reasons(facts, question), True),
        Reason.OUTSIDE_HOURS: not covers(facts.weekly_hours, local),
        Reason.ABSENT: absent(facts, question, now),
        Reason.SNOOZED: facts.snoozed_until is not None and facts.snoozed_until > now,
        Reason.COMMITTED_ELSEWHERE: facts.committed_elsewhere,
        Reason.RESTING: facts.resting_until is not None and facts.resting_until > now,
        Reason.ASKED_TOO_OFTEN: facts.times_asked >= question.fatigue_cap and not question.life_threatening,
    }
    return [reason for reason in Reason if told.get(reason)]


def absent(facts: Facts, question: Question, now: datetime) -> bool:
    until = max(now, question.arrive_by)
    return any(start <= until and end > now for start, end in facts.absences)


def plain_whereabouts(facts: Facts, now: datetime) -> tuple[PlaceKind, Spot] | None:
    """Live while it is valid, else work in its hours, else home; work without hours only for want of a home."""
    live, work, home = facts.live, facts.work, facts.home
    if live and live.expires_at and live.expires_at > now:
        return PlaceKind.LIVE, live
    if work and work.weekly_hours and covers(work.weekly_hours, _local(now, facts.time_zone)):
        return PlaceKind.WORK, work
    if home:
        return PlaceKind.HOME, home
    return (PlaceKind.WORK, work) if work and not work.weekly_hours else None


def age(born_on: date, on: date) -> int:
    """Full years; who was born on 29 February turns a year older on 1 March."""
    return on.year - born_on.year - ((on.month, on.day) < (born_on.month, born_on.day))


def _local(instant: datetime, time_zone: str) -> datetime:
    return instant.astimezone(ZoneInfo(time_zone))


def _skill_reasons(facts: Facts, question: Question) -> Iterable[Reason]:
    mine = [proof for proof in facts.proofs if proof.skill_id in question.needs_certificate]
    if not mine:
        return [Reason.SKILL_MISSING]
    day = _local(question.arrive_by, facts.time_zone).date()
    found = [set(_faults(proof, day)) for proof in mine]
    return set().union(*found) if all(found) else ()


def _faults(proof: Proof, day: date) -> Iterable[Reason]:
    if proof.needs_certificate and not proof.verified:
        yield Reason.CERTIFICATE_UNVERIFIED
    if proof.expires_on is not None and proof.expires_on < day:
        yield Reason.CERTIFICATE_LAPSES
