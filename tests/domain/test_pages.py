"""The words of the link's page: complete in every language."""

import re
from datetime import UTC, datetime

import pytest

from mobilize.domain import pages
from mobilize.domain.links import Press, Standing

ENGLISH = pages._sentences("en")


def placeholders(sentence: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", sentence))


@pytest.mark.parametrize("language", pages.LANGUAGES)
def test_every_language_says_what_english_says(language: str) -> None:
    words = pages._sentences(language)
    assert list(words) == list(ENGLISH)
    assert {name: placeholders(text) for name, text in words.items()} == {
        name: placeholders(text) for name, text in ENGLISH.items()
    }
    assert len(words["months"].split()) == 12


def test_every_standing_and_every_press_has_its_words() -> None:
    assert {standing.value for standing in Standing} <= set(ENGLISH)
    assert {f"press_{press.value}" for press in Press} <= set(ENGLISH)


def test_a_language_that_we_do_not_have_is_english() -> None:
    assert pages.language_of("sq-AL") == "sq"
    assert pages.language_of("uk") == "en"


def test_a_moment_reads_as_the_language_writes_it() -> None:
    at = datetime(2026, 11, 24, 14, 30, tzinfo=UTC)
    assert pages.moment("en", at) == "14:30, 24 Nov"
    assert pages.moment("de", at) == "14:30 Uhr, 24. Nov."


def test_a_brace_in_what_is_filled_in_stays_a_brace() -> None:
    assert pages.say("en", "about_km", km="{minutes}") == "about {minutes} km"
