"""What is said in a call."""

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest

from mobilize.domain import speech
from mobilize.domain.calling import Turn
from mobilize.domain.speech import CONFIRMATIONS, LANGUAGES, SpokenValues, spoken_language
from mobilize.domain.vocabulary import Hazard
from mobilize.gateways import twiml

VALUES = SpokenValues(
    section="Red Cross Albania, Durrës",
    hazard=Hazard.FLOOD,
    title="Erzen over its banks",
    skills=("medic", "boat driver"),
    arrive_by=datetime(2026, 11, 24, 14, 30, tzinfo=UTC),
    drill=False,
    rendezvous="Port gate 3",
    bring="boots",
)
VOICES = {"sq": "Polly.Carla/it-IT"}


def _read(language: str) -> dict[str, Any]:
    file = resources.files("mobilize.domain").joinpath("wordings", "spoken", f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _patterns(sentences: dict[str, Any], prefix: str = "") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, value in sentences.items():
        if isinstance(value, dict):
            found |= _patterns(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = set(re.findall(r"{\w+}", str(value)))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_placeholders(language: str) -> None:
    read = _read(language)
    assert _patterns(read) == _patterns(_read("en"))
    assert len(read["months"]) == 12
    assert set(read["confirmation"]) == set(CONFIRMATIONS)
    assert set(read["hazards"]) == {hazard.value for hazard in Hazard}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_call_says_who_what_whom_when_and_every_key(language: str) -> None:
    text = speech.question(language, VOICES, VALUES).text
    for said in ("Red Cross Albania, Durrës", "Erzen", "medic, boat driver", "14:30", "24", "1", "2", "3", "9"):
        assert said in text
    assert "{" not in text


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drill_says_so_and_the_real_thing_does_not(language: str) -> None:
    drill = _read(language)["drill"]
    assert drill in speech.question(language, VOICES, replace(VALUES, drill=True)).text
    assert drill not in speech.question(language, VOICES, VALUES).text


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_who_gets_no_text_hears_where_to_come_and_only_after_a_yes(language: str) -> None:
    tells = {
        kind
        for kind in CONFIRMATIONS
        if "Port gate 3" in speech.confirmation(language, VOICES, kind, VALUES).text
    }
    assert tells == {"accepted_here"}
    assert "Port gate 3" not in speech.question(language, VOICES, VALUES).text
    assert "boots" in speech.confirmation(language, VOICES, "accepted_here", VALUES).text


def test_a_wrong_key_is_named_as_such_before_the_keys() -> None:
    said = speech.question("en", {}, VALUES, mistaken=True).text
    assert said.startswith("That key means nothing")
    assert "Press 1" in said
    assert "Erzen" not in said


@pytest.mark.parametrize(
    ("language", "spoken"),
    [("it", "it"), ("it-CH", "it"), ("de_AT", "de"), ("IT", "it"), ("sq", "en"), ("xx", "en"), ("", "en")],
)
def test_whose_language_has_no_voice_or_no_sentences_is_spoken_to_in_english(
    language: str, spoken: str
) -> None:
    assert spoken_language(language, {}) == spoken


def test_an_installation_may_name_voices() -> None:
    assert spoken_language("sq", VOICES) == "sq"
    assert speech.question("sq", VOICES, VALUES).voice == "Polly.Carla"
    named = speech.question("it", {"it": "Polly.Bianca-Neural/it-IT"}, VALUES)
    assert (named.voice, named.locale) == ("Polly.Bianca-Neural", "it-IT")


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_longest_question_fits_into_what_the_provider_takes(language: str) -> None:
    worst = replace(
        VALUES, section="&" * 500, title="&" * 500, skills=("&" * 80,) * 10, drill=True, hazard=Hazard.OTHER
    )
    written = twiml.ask(
        speech.question(language, VOICES, worst), "https://a.rather.long.name.example.org", 2**63 - 1, Turn()
    )
    assert len(written) <= 4000


def test_what_cannot_be_spoken_is_left_out() -> None:
    odd = replace(VALUES, title='Flood\x00 in\n"Durrës" <now> {skills} \x0b& \ud800')
    text = speech.question("en", {}, odd).text
    assert 'Flood in "Durrës" <now> {skills} &' in text
    written = twiml.ask(speech.question("en", {}, odd), "https://example.org", 1, Turn())
    assert "&lt;now&gt; {skills} &amp;" in written
    written.encode()
