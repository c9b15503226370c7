"""What is acceptable about a person."""

from datetime import date

import pytest

from mobilize.domain import person
from mobilize.domain.errors import InvalidInput
from mobilize.domain.person import Phone


@pytest.mark.parametrize("raw", ["069 201 2345", "+355 69 201 2345", "00355692012345", "(069) 201-23-45"])
def test_a_phone_as_people_write_it_becomes_e164(raw: str) -> None:
    assert person.check_phone(raw, "AL") == Phone("+355692012345", landline=False)


def test_a_landline_is_told_apart() -> None:
    assert person.check_phone("04 223 4567", "AL") == Phone("+35542234567", landline=True)


@pytest.mark.parametrize("raw", ["", "12", "069 20", "phone", "+999 123456789", "0800 1234", "9" * 300])
def test_what_is_no_phone_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        person.check_phone(raw, "AL")
    assert "phone" in refused.value.errors


@pytest.mark.parametrize(("raw", "tag"), [("SQ", "sq"), ("pt_br", "pt-BR"), ("zh-hant-tw", "zh-Hant-TW")])
def test_a_language_tag_gets_its_usual_case(raw: str, tag: str) -> None:
    assert person.check_language(raw) == tag


@pytest.mark.parametrize("raw", ["", "albanian", "s", "sq-", "1q"])
def test_what_is_no_language_tag_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput):
        person.check_language(raw)


@pytest.mark.parametrize("raw", ["", "Tirana", "../etc/passwd", "/etc/localtime", "Europe/Tirane\0"])
def test_what_is_no_time_zone_is_refused(raw: str) -> None:
    with pytest.raises(InvalidInput):
        person.check_time_zone(raw)


@pytest.mark.parametrize(("lat", "lon"), [(91, 0), (0, 181), (float("nan"), 0), (0, float("inf"))])
def test_impossible_coordinates_are_refused(lat: float, lon: float) -> None:
    with pytest.raises(InvalidInput):
        person.check_coordinates(lat, lon)


@pytest.mark.parametrize("day", [date(2027, 1, 1), date(1850, 1, 1)])
def test_a_birth_to_come_or_long_past_is_refused(day: date) -> None:
    with pytest.raises(InvalidInput):
        person.check_born_on(day, date(2026, 11, 24))


@pytest.mark.parametrize("raw", ["", "   ", "a\nb", "x" * 81])
def test_text_is_one_line_of_limited_length(raw: str) -> None:
    with pytest.raises(InvalidInput):
        person.check_text("given_name", raw, 80)
