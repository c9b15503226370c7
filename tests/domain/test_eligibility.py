"""Who may be called: each reason alone, all together, and the place that counts."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from mobilize.domain.eligibility import (
    Facts,
    Proof,
    Question,
    Reason,
    Whereabouts,
    age,
    effective_place,
    reasons_against,
    valid_skills,
)
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind

#: A Tuesday; 10:00 in Tirana.
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
NEVER_ON = "0" * 84
MEDIC, DRIVER = 1, 2

PROOF = Proof(MEDIC, needs_certificate=True, verified=True, expires_on=None)
READY = Facts(
    status=MembershipStatus.ACTIVE,
    phone_status=PhoneStatus.VERIFIED,
    born_on=date(1990, 1, 1),
    consented=True,
    opted_out=False,
    in_covering_section=True,
    in_area=True,
    proofs=(PROOF,),
    time_zone="Europe/Tirane",
    weekly_hours=None,
    absences=(),
    snoozed_until=None,
    resting_until=None,
    committed_elsewhere=False,
    times_asked=0,
)
QUESTION = Question(
    arrive_by=NOW + timedelta(hours=6),
    life_threatening=False,
    agreement_covers=True,
    minimum_age=18,
    fatigue_cap=4,
)
HOUR = timedelta(hours=1)


def test_nothing_against_a_ready_volunteer() -> None:
    assert reasons_against(READY, QUESTION, NOW) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        *[({"status": status}, Reason.NOT_ACTIVE) for status in MembershipStatus if status != "active"],
        ({"born_on": date(2008, 11, 25)}, Reason.UNDER_AGE),
        ({"consented": False}, Reason.NO_CONSENT),
        ({"opted_out": True}, Reason.OPTED_OUT),
        ({"phone_status": PhoneStatus.UNVERIFIED}, Reason.NUMBER_UNVERIFIED),
        ({"phone_status": PhoneStatus.INVALID}, Reason.NUMBER_INVALID),
        ({"phone_status": PhoneStatus.LANDLINE}, Reason.NUMBER_LANDLINE),
        ({"in_covering_section": False}, Reason.SECTION_NOT_COVERING),
        ({"in_area": False}, Reason.OUTSIDE_AREA),
        ({"proofs": ()}, Reason.SKILL_MISSING),
        ({"proofs": (replace(PROOF, verified=False),)}, Reason.CERTIFICATE_UNVERIFIED),
        ({"proofs": (replace(PROOF, expires_on=date(2026, 11, 23)),)}, Reason.CERTIFICATE_LAPSES),
        ({"weekly_hours": NEVER_ON}, Reason.OUTSIDE_HOURS),
        ({"absences": ((NOW - HOUR, NOW + HOUR),)}, Reason.ABSENT),
        ({"absences": ((NOW + 3 * HOUR, NOW + 9 * HOUR),)}, Reason.ABSENT),
        ({"snoozed_until": NOW + HOUR}, Reason.SNOOZED),
        ({"committed_elsewhere": True}, Reason.COMMITTED_ELSEWHERE),
        ({"resting_until": NOW + HOUR}, Reason.RESTING),
        ({"times_asked": 4}, Reason.ASKED_TOO_OFTEN),
    ],
)
def test_each_reason_alone(changes: dict[str, Any], reason: Reason) -> None:
    assert reasons_against(replace(READY, **changes), QUESTION, NOW) == [reason]


@pytest.mark.parametrize(
    "changes",
    [
        {"born_on": date(2008, 11, 24)},
        {"proofs": (replace(PROOF, needs_certificate=False, verified=False),)},
        {"proofs": (replace(PROOF, expires_on=date(2026, 11, 24)),)},
        {"absences": ((NOW - 2 * HOUR, NOW), (NOW + 7 * HOUR, NOW + 9 * HOUR))},
        {"snoozed_until": NOW},
        {"resting_until": NOW},
        {"times_asked": 3},
    ],
)
def test_just_inside_every_limit(changes: dict[str, Any]) -> None:
    assert reasons_against(replace(READY, **changes), QUESTION, NOW) == []


def test_an_agreement_not_in_force_holds_everyone_back() -> None:
    question = replace(QUESTION, agreement_covers=False)
    assert reasons_against(READY, question, NOW) == [Reason.AGREEMENT_NOT_COVERING]


def test_all_reasons_are_told_in_order() -> None:
    facts = replace(READY, status=MembershipStatus.LEFT, in_area=False, times_asked=9)
    assert reasons_against(facts, QUESTION, NOW) == [
        Reason.NOT_ACTIVE,
        Reason.OUTSIDE_AREA,
        Reason.ASKED_TOO_OFTEN,
    ]


def test_fatigue_is_waived_for_a_threat_to_life() -> None:
    question = replace(QUESTION, life_threatening=True)
    assert reasons_against(replace(READY, times_asked=99), question, NOW) == []


def test_one_valid_skill_is_enough() -> None:
    lapsed = replace(PROOF, skill_id=DRIVER, expires_on=date(2020, 1, 1))
    assert reasons_against(replace(READY, proofs=(lapsed, PROOF)), QUESTION, NOW) == []
    assert valid_skills((lapsed, PROOF), "UTC", QUESTION.arrive_by) == {MEDIC}


def test_faults_of_several_certificates_are_all_told() -> None:
    lapsed = replace(PROOF, skill_id=DRIVER, expires_on=date(2020, 1, 1))
    facts = replace(READY, proofs=(lapsed, replace(PROOF, verified=False)))
    assert reasons_against(facts, QUESTION, NOW) == [Reason.CERTIFICATE_UNVERIFIED, Reason.CERTIFICATE_LAPSES]


def test_a_certificate_lapses_at_the_end_of_the_day_where_the_volunteer_lives() -> None:
    """23:30 on the 24th in London is already the 25th in Tirana."""
    question = replace(QUESTION, arrive_by=datetime(2026, 11, 24, 23, 30, tzinfo=UTC))
    proofs = (replace(PROOF, expires_on=date(2026, 11, 24)),)
    london = replace(READY, proofs=proofs, time_zone="Europe/London")
    assert reasons_against(london, question, NOW) == []
    assert reasons_against(replace(london, time_zone="Europe/Tirane"), question, NOW) == [
        Reason.CERTIFICATE_LAPSES
    ]


def half_hours(weekday: int, hour: int) -> str:
    """A week that holds one hour."""
    first = weekday * 48 + hour * 2
    return f"{0b11 << (336 - first - 2):084x}"


def test_hours_are_in_the_volunteers_time_zone() -> None:
    facts = replace(READY, weekly_hours=half_hours(1, 10))
    assert reasons_against(facts, QUESTION, NOW) == []
    assert reasons_against(replace(facts, time_zone="UTC"), QUESTION, NOW) == [Reason.OUTSIDE_HOURS]


@pytest.mark.parametrize(
    ("born", "on", "years"),
    [
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2000, 6, 1), date(2026, 6, 1), 26),
    ],
)
def test_age_is_in_full_years(born: date, on: date, years: int) -> None:
    assert age(born, on) == years


HOME = Whereabouts(PlaceKind.HOME, 41.0, 19.0)
WORK = Whereabouts(PlaceKind.WORK, 42.0, 20.0, weekly_hours=half_hours(1, 10))
LIVE = Whereabouts(PlaceKind.LIVE, 43.0, 21.0, expires_at=NOW + HOUR)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ([], None),
        ([HOME], HOME),
        ([HOME, WORK, LIVE], LIVE),
        ([HOME, WORK, replace(LIVE, expires_at=NOW)], WORK),
        ([HOME, replace(WORK, weekly_hours=NEVER_ON)], HOME),
        ([HOME, replace(WORK, weekly_hours=None)], HOME),
        ([replace(WORK, weekly_hours=None)], replace(WORK, weekly_hours=None)),
        ([replace(WORK, weekly_hours=NEVER_ON)], None),
        ([replace(LIVE, expires_at=NOW)], None),
    ],
)
def test_the_place_that_counts(places: list[Whereabouts], expected: Whereabouts | None) -> None:
    assert effective_place(places, "Europe/Tirane", NOW) == expected


def test_every_reason_has_a_sentence() -> None:
    assert len({reason.sentence for reason in Reason}) == len(Reason)
