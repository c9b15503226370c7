"""Who may be called: each reason alone, all together, the place that counts, and many people at once."""

import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import available_timezones

import pytest

from mobilize.domain.eligibility import Question, Reason, counted, reasons_in
from mobilize.domain.facts import FACTS, KINDS, NEVER, Spot, instant, micros, packed, read
from mobilize.domain.vocabulary import MembershipStatus, PhoneStatus, PlaceKind

from .one_person import (
    Facts,
    Proof,
    age,
    decide,
    plain_reasons,
    plain_whereabouts,
    reasons_against,
    record_of,
    whereabouts,
)

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
    section_id=7,
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
    needs_certificate={MEDIC: True, DRIVER: True},
    sections=frozenset({6, 7}),
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
        ({"section_id": 8}, Reason.SECTION_NOT_COVERING),
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
        {"proofs": (replace(PROOF, expires_on=date(2026, 11, 24)),)},
        {"absences": ((NOW - 2 * HOUR, NOW), (NOW + 7 * HOUR, NOW + 9 * HOUR))},
        {"snoozed_until": NOW},
        {"resting_until": NOW},
        {"times_asked": 3},
    ],
)
def test_just_inside_every_limit(changes: dict[str, Any]) -> None:
    assert reasons_against(replace(READY, **changes), QUESTION, NOW) == []


def test_a_skill_that_needs_no_certificate_counts_unverified() -> None:
    question = replace(QUESTION, needs_certificate={MEDIC: False})
    proof = replace(PROOF, needs_certificate=False, verified=False)
    assert reasons_against(replace(READY, proofs=(proof,)), question, NOW) == []


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


def test_a_landline_will_do_where_people_are_called() -> None:
    question = replace(QUESTION, calls=True)
    assert reasons_against(replace(READY, phone_status=PhoneStatus.LANDLINE), question, NOW) == []
    invalid = replace(READY, phone_status=PhoneStatus.INVALID)
    assert reasons_against(invalid, question, NOW) == [Reason.NUMBER_INVALID]


def test_one_valid_skill_is_enough() -> None:
    lapsed = replace(PROOF, skill_id=DRIVER, expires_on=date(2020, 1, 1))
    assert reasons_against(replace(READY, proofs=(lapsed, PROOF)), QUESTION, NOW) == []


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


HOME = Spot(lat=41.0, lon=19.0)
WORK = Spot(lat=42.0, lon=20.0, weekly_hours=half_hours(1, 10))
LIVE = Spot(lat=43.0, lon=21.0, expires_at=NOW + HOUR)
ANY_TIME = replace(WORK, weekly_hours=None)
OVER = replace(LIVE, expires_at=NOW)


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        ({}, None),
        ({"home": HOME}, PlaceKind.HOME),
        ({"home": HOME, "work": WORK, "live": LIVE}, PlaceKind.LIVE),
        ({"home": HOME, "work": WORK, "live": OVER}, PlaceKind.WORK),
        ({"home": HOME, "work": replace(WORK, weekly_hours=NEVER_ON)}, PlaceKind.HOME),
        ({"home": HOME, "work": ANY_TIME}, PlaceKind.HOME),
        ({"work": ANY_TIME}, PlaceKind.WORK),
        ({"work": replace(WORK, weekly_hours=NEVER_ON)}, None),
        ({"live": OVER}, None),
    ],
)
def test_the_place_that_counts(places: dict[str, Any], expected: PlaceKind | None) -> None:
    found = whereabouts(replace(READY, **places), NOW)
    assert (found and found[0]) == expected


def test_every_reason_has_a_sentence() -> None:
    assert len({reason.sentence for reason in Reason}) == len(Reason)


ZONES = ("Europe/Tirane", "Pacific/Kiritimati", "Pacific/Pago_Pago", "Asia/Kathmandu", "UTC")


def someone(rng: random.Random) -> Facts:
    """Anybody: every fact is drawn around its limit."""

    def near() -> datetime | None:
        return rng.choice([None, NOW + rng.randint(-2, 2) * HOUR, NOW])

    def hours() -> str | None:
        return rng.choice([None, NEVER_ON, f"{rng.getrandbits(336):084x}", half_hours(1, 10)])

    def spot(**more: Any) -> Spot | None:
        return rng.choice([None, Spot(lat=rng.uniform(-90, 90), lon=rng.uniform(-180, 180), **more)])

    starts = [NOW + rng.randint(-30, 12) * HOUR for _ in range(rng.randrange(4))]
    days = (None, date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 25))
    return Facts(
        status=rng.choice(list(MembershipStatus)),
        phone_status=rng.choice(list(PhoneStatus)),
        born_on=date(2008, 11, 24) + timedelta(days=rng.randint(-2, 2)),
        consented=rng.random() < 0.8,
        opted_out=rng.random() < 0.2,
        section_id=rng.randint(5, 8),
        in_area=rng.random() < 0.8,
        proofs=[
            Proof(skill, skill == MEDIC, rng.random() < 0.5, rng.choice(days))
            for skill in rng.sample([MEDIC, DRIVER, 3], rng.randrange(4))
        ],
        time_zone=rng.choice(ZONES),
        weekly_hours=hours(),
        absences=[(start, start + rng.randint(1, 20) * HOUR) for start in starts],
        snoozed_until=near(),
        resting_until=near(),
        committed_elsewhere=rng.random() < 0.2,
        times_asked=rng.randint(2, 5),
        live=spot(expires_at=near() or NOW),
        work=spot(weekly_hours=hours()),
        home=spot(),
    )


@pytest.mark.parametrize("part", range(4))
def test_many_people_at_once_are_decided_as_one_by_one(part: int) -> None:
    rng = random.Random(part)
    everyone = [someone(rng) for _ in range(500)]
    question = replace(
        QUESTION,
        arrive_by=NOW + rng.randint(-1, 20) * HOUR,
        life_threatening=part % 2 == 0,
        agreement_covers=part != 3,
        needs_certificate={DRIVER: False, MEDIC: True},
    )
    masks = decide(everyone, question, NOW)
    for one, mask in zip(everyone, masks.tolist(), strict=True):
        assert reasons_in(mask) == plain_reasons(one, question, NOW), one
        assert whereabouts(one, NOW) == plain_whereabouts(one, NOW)
    told = [reason for one in everyone for reason in plain_reasons(one, question, NOW)]
    assert counted(masks) == {reason: told.count(reason) for reason in Reason if reason in told}


def test_a_set_of_reasons_is_read_back_as_it_was_stored_years_ago() -> None:
    """Bits never change their meaning; a new reason takes the next one."""
    assert reasons_in(1 << 0 | 1 << 13 | 1 << 18) == [
        Reason.NOT_ACTIVE,
        Reason.OUTSIDE_HOURS,
        Reason.ASKED_TOO_OFTEN,
    ]
    assert sorted(reason.bit for reason in Reason) == [1 << place for place in range(len(Reason))]


def test_instants_keep_their_microseconds() -> None:
    at = datetime(2026, 11, 24, 9, 0, 0, 123457, tzinfo=UTC)
    assert instant(micros(at)) == at
    assert instant(micros(datetime(1901, 1, 1, tzinfo=UTC))) == datetime(1901, 1, 1, tzinfo=UTC)
    assert (micros(None), instant(NEVER)) == (NEVER, None)


def test_records_of_another_layout_are_not_read() -> None:
    one = record_of(READY).tobytes()
    assert len(one) == FACTS.itemsize
    assert read(one * 3, 3) is not None
    assert read(one * 3 + b"", 4) is None
    assert read(b"\x00" + one[1:], 1) is None
    assert read(b"", 0) is not None
    assert len(packed([])) == 0


def test_every_time_zone_fits_into_a_record() -> None:
    assert max(map(len, available_timezones())) <= FACTS["zone"].itemsize
    assert [kind.value for kind in KINDS] == ["live", "work", "home"]
