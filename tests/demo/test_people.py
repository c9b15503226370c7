"""Synthetic volunteers: reproducible, with phones that could exist, where people live."""

from datetime import UTC, datetime

import phonenumbers
import pytest

from mobilize.demo import ground
from mobilize.demo.people import SKILLS, Person, people
from mobilize.domain.area import distances_m

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def crowd() -> list[Person]:
    return list(people(3000, 7, NOW))


def test_the_same_seed_gives_the_same_people(crowd: list[Person]) -> None:
    assert list(people(3000, 7, NOW)) == crowd


def test_more_people_leave_the_first_ones_as_they_are(crowd: list[Person]) -> None:
    assert list(people(100, 7, NOW)) == crowd[:100]


def test_another_seed_gives_other_people(crowd: list[Person]) -> None:
    assert list(people(100, 8, NOW)) != crowd[:100]


def test_phones_are_valid_mobile_numbers_and_unique(crowd: list[Person]) -> None:
    assert len({person.phone for person in crowd}) == len(crowd)
    for person in crowd:
        number = phonenumbers.parse(person.phone)
        assert phonenumbers.is_valid_number(number), person.phone
        assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE, person.phone
        assert phonenumbers.region_code_for_number(number) == person.country


@pytest.mark.parametrize("country", ground.COUNTRIES, ids=lambda country: country.code)
def test_every_block_of_numbers_is_mobile_to_its_ends(country: ground.Country) -> None:
    for prefix, digits in country.phones:
        for rest in ("0" * digits, "9" * digits):
            number = phonenumbers.parse(f"+{country.calling_code}{prefix}{rest}")
            assert phonenumbers.number_type(number) == phonenumbers.PhoneNumberType.MOBILE


def test_many_live_around_the_epicentre_and_others_do_not(crowd: list[Person]) -> None:
    homes = [person.spots[0] for person in crowd]
    away = distances_m(*ground.EPICENTRE, [home.lat for home in homes], [home.lon for home in homes])
    assert 0.2 < (away < ground.RADIUS_M).mean() < 0.5


def test_every_kind_of_person_is_there(crowd: list[Person]) -> None:
    assert {held.skill for person in crowd for held in person.skills} == set(SKILLS)
    assert {person.country for person in crowd} == {country.code for country in ground.COUNTRIES}
    assert {person.language for person in crowd} >= {"sq", "it", "en"}
    held = [held for person in crowd for held in person.skills if SKILLS[held.skill][1]]
    assert any(one.expires_on and one.expires_on < NOW.date() for one in held)
    assert any(one.verified_at is None for one in held)
    assert any(person.consent_at is None for person in crowd)
    assert any(person.opted_out_at for person in crowd)
    assert any(person.absence for person in crowd)
    assert any(person.weekly_hours for person in crowd)
    assert len({person.status for person in crowd}) == 4
