"""Codes, what their page offers, how long they work."""

import hmac
from datetime import UTC, datetime, timedelta

import pytest

from mobilize.domain import links
from mobilize.domain.links import Claim, Press, Standing
from mobilize.domain.vocabulary import RecipientState

SECRET = b"a secret of the test suite, 32 long"
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_a_code_is_short_and_in_an_alphabet_that_nobody_misreads() -> None:
    codes = {links.code_for(SECRET, 1, person) for person in range(5000)}
    assert len(codes) == 5000
    assert {len(code) for code in codes} == {12}
    assert set("".join(codes)) == set("0123456789ABCDEFGHJKMNPQRSTVWXYZ")


def test_a_code_is_the_first_60_bits_of_the_signature() -> None:
    """Worked out another way; the literal keeps later versions from changing codes that are on phones."""
    bits = int.from_bytes(hmac.digest(SECRET, b"link:7:42", "sha256"), "big") >> (256 - 60)
    signs = [links.ALPHABET[bits >> shift & 31] for shift in range(55, -5, -5)]
    assert links.code_for(SECRET, 7, 42) == "".join(signs) == "RE81DC4RADZ6"


def test_a_code_proves_one_person_in_one_callout_under_one_secret() -> None:
    code = links.code_for(SECRET, 7, 42)
    assert links.proves(code, SECRET, 7, 42)
    assert not links.proves(code, SECRET, 7, 43)
    assert not links.proves(code, SECRET, 8, 42)
    assert not links.proves(code, b"another secret", 7, 42)


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("K7Q2M9XWPT4N", "K7Q2M9XWPT4N"),
        ("k7q2m9xwpt4n", "K7Q2M9XWPT4N"),
        ("k7q2-m9xw-pt4n", "K7Q2M9XWPT4N"),
        ("oOiIlLK7Q2M9", "001111K7Q2M9"),
        ("K7Q2M9XWPT4", None),
        ("K7Q2M9XWPT4NN", None),
        ("K7Q2M9XWPT4U", None),
        ("K7Q2M9XWPT4é", None),
        ("", None),
        ("-" * 500, None),
    ],
)
def test_a_code_is_read_as_people_copy_it(typed: str, code: str | None) -> None:
    assert links.read_code(typed) == code


CODE = "K7Q2M9XWPT4N"


@pytest.mark.parametrize(
    "body",
    [
        f"{CODE} 1 20",
        f"1 20 {CODE}",
        f"{CODE.lower()}: 1 20",
        f"https://example.org/c/{CODE} 1 20",
        f"1 20 example.org/c/{CODE}.",
        f"  {CODE}\n1  20 ",
    ],
)
def test_a_code_stands_at_either_end_of_a_text(body: str) -> None:
    assert Claim(CODE, "1 20") in links.claims(body)


@pytest.mark.parametrize("body", ["", " ", "1 20", f"yes {CODE} please", "I come with the ambulance"])
def test_what_is_no_code_at_an_end_claims_nothing(body: str) -> None:
    assert list(links.claims(body)) == []


def test_a_word_that_could_be_a_code_is_only_a_candidate() -> None:
    assert [claim.code for claim in links.claims("interessante davvero")] == ["1NTERESSANTE"]


def stands(state: RecipientState, *, placed: bool = False, over: bool = False, home: bool = False) -> Standing:
    return links.standing_of(state, placed=placed, over=over, home=home)


def test_where_people_stand() -> None:
    assert stands(RecipientState.ASKED) is Standing.ASKED
    assert stands(RecipientState.UNREACHABLE) is Standing.ASKED
    assert stands(RecipientState.WITHDRAWN) is Standing.DECLINED
    assert stands(RecipientState.ACCEPTED, placed=True) is Standing.COMING
    assert stands(RecipientState.ACCEPTED) is Standing.RESERVE
    assert stands(RecipientState.ACCEPTED, placed=True, over=True) is Standing.RELEASED
    assert stands(RecipientState.ARRIVED, placed=True, over=True) is Standing.RELEASED
    assert stands(RecipientState.STOOD_DOWN, over=True) is Standing.OVER
    assert stands(RecipientState.ARRIVED, placed=True, over=True, home=True) is Standing.HOME


def test_every_standing_says_what_can_be_pressed_and_every_press_is_a_text() -> None:
    assert set(links.OFFERED) == set(Standing)
    assert set(links.TYPED) == set(Press)
    assert links.typed(Press.YES, 20) == "1 20"
    assert links.typed(Press.YES, None) == "1"
    assert links.typed(Press.NO, 20) == "2"


def works(after: timedelta, standing: Standing = Standing.COMING, closed_at: datetime | None = None) -> bool:
    return links.works(standing, arrive_by=NOW, closed_at=closed_at, now=NOW + after)


def test_a_link_works_until_two_days_after_the_arrive_by_time() -> None:
    assert works(timedelta(hours=47))
    assert not works(timedelta(hours=48))


def test_a_link_works_until_two_days_after_the_person_was_let_go_if_that_is_later() -> None:
    assert works(timedelta(days=6), closed_at=NOW + timedelta(days=5))
    assert works(timedelta(hours=47), closed_at=NOW - timedelta(days=1))
    assert not works(timedelta(days=7), closed_at=NOW + timedelta(days=5))


def test_who_is_in_the_field_can_always_say_that_they_are_home() -> None:
    assert works(timedelta(days=30), Standing.ARRIVED)


def test_a_form_is_read_on_its_own_page_only_and_for_a_day() -> None:
    token = links.form_token(SECRET, CODE, "n1", NOW)
    assert links.nonce_of(token, SECRET, CODE, NOW + timedelta(hours=23)) == "n1"
    assert links.nonce_of(token, SECRET, CODE, NOW + timedelta(hours=25)) is None
    assert links.nonce_of(token, SECRET, "0" * 12, NOW) is None
    assert links.nonce_of(token, b"another secret", CODE, NOW) is None


@pytest.mark.parametrize("token", ["", ".", "..", "n1.1.é", "n1.x.0", "n2.1.deadbeef", "a" * 5000])
def test_nonsense_is_no_form(token: str) -> None:
    assert links.nonce_of(token, SECRET, CODE, NOW) is None


@pytest.mark.parametrize(
    ("metres", "km"), [(0, 0), (1999, 0), (2000, 2), (5400, 5), (12_400, 10), (49_000, 50), (87_000, 90)]
)
def test_a_distance_is_too_rough_to_find_a_home_by(metres: float, km: int) -> None:
    assert links.roughly_km(metres) == km
