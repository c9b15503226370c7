"""Wordings: languages, drills, placeholders, one segment, and what must not be told."""

import re
import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobilize.domain import replies
from mobilize.domain.errors import InvalidInput
from mobilize.domain.placeholders import LONGEST, PLACEHOLDERS
from mobilize.domain.rewording import check_wording, example
from mobilize.domain.segments import economical
from mobilize.domain.sentences import TEMPLATES, most_segments
from mobilize.domain.sms import (
    ACKNOWLEDGEMENTS,
    LANGUAGES,
    NOTICES,
    REMINDERS,
    STAND_DOWNS,
    CalloutValues,
    acknowledgement_text,
    callout_text,
    hazard_name,
    measure,
    notice_text,
    question_text,
    reminder_text,
    stand_down_text,
    until_text,
)
from mobilize.domain.vocabulary import Hazard

FLOOD = CalloutValues(
    section="Red Cross Albania",
    hazard=Hazard.FLOOD,
    title="Vjosa over its banks",
    skills=("medic",),
    place="Novoselë",
    arrive_by=datetime(2026, 11, 24, 14, 30, tzinfo=UTC),
    code="",
    drill=False,
    rendezvous="School gate, Rruga e Re 4",
)
LONG = replace(
    FLOOD,
    title="The river Vjosa has broken its dam in three villages between the old bridge and the sea",
    place="the sports ground behind the elementary school of Novoselë",
    code="B",
)


def every_text(language: str, values: CalloutValues) -> list[str]:
    return [
        callout_text(language, values, None),
        *(stand_down_text(language, kind, values) for kind in STAND_DOWNS),
        *(reminder_text(language, kind, values) for kind in REMINDERS),
        question_text(language, [values.code], values.section),
        question_text(language, ["A", "B"], values.section),
        *(acknowledgement_text(language, kind, values) for kind in ACKNOWLEDGEMENTS),
        *(notice_text(language, kind, {"section": values.section}) for kind in NOTICES),
    ]


def test_the_english_call_reads_as_a_person_would_write_it() -> None:
    assert callout_text("en", FLOOD, None) == (
        "Red Cross Albania: flood, Vjosa over its banks. Needed: medic, near Novosele, by 14:30, 24 Nov. "
        "Reply 1 yes, 2 no, 3 only if needed; minutes: 1 20"
    )


def test_the_italian_call_keeps_its_accents() -> None:
    assert "Rispondi A1 sì, A2 no, A3 solo se serve; minuti: A1 20" in callout_text(
        "it-IT", replace(FLOOD, code="A"), None
    )


def test_the_albanian_call_does_without_diacritics() -> None:
    body = callout_text("sq", FLOOD, None)
    assert "permbytje" in body
    assert measure(body).encoding == "GSM-7"


@pytest.mark.parametrize("language", ["mk", "", "xx-YY", "../../etc"])
def test_other_languages_fall_back_to_english(language: str) -> None:
    assert callout_text(language, FLOOD, None) == callout_text("en", FLOOD, None)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("values", [FLOOD, replace(FLOOD, code="A", drill=True), LONG])
def test_every_standard_text_is_one_segment(language: str, values: CalloutValues) -> None:
    for body in every_text(language, values):
        assert measure(body).segments <= most_segments(language), body
        assert measure(body).encoding == ("GSM-7" if most_segments(language) == 1 else "UCS-2")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_hazard_has_a_name_and_fits(language: str) -> None:
    for hazard in Hazard:
        body = callout_text(language, replace(LONG, hazard=hazard), None)
        assert hazard_name(language, hazard) in body or economical(hazard_name(language, hazard)) in body
        assert measure(body).segments <= most_segments(language)


def test_a_title_that_names_the_hazard_is_not_said_twice() -> None:
    body = callout_text("en", replace(FLOOD, title="Flood at Vlora"), None)
    assert body.casefold().count("flood") == 1


def test_a_place_that_the_title_names_is_not_said_twice() -> None:
    values = replace(FLOOD, title="Flood at Vlora", place="Vlora")
    assert callout_text("en", values, None).count("Vlora") == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_instructions_are_never_shortened(language: str) -> None:
    values = replace(LONG, skills=("search and rescue", "medic", "interpreter", "driver", "cook"))
    body = callout_text(language, values, None)
    assert re.search(r"B1 \w+[,،] B2 \w+[,،] B3 [\w ]+[;·؛] \w+: B1 20$", body)


MARKS = {
    "en": "DRILL",
    "it": "ESERCITAZIONE",
    "sq": "STERVITJE",
    "fr": "EXERCICE",
    "de": "ÜBUNG",
    "es": "SIMULACRO",
    "pt": "EXERCICIO",
    "nl": "OEFENING",
    "pl": "CWICZENIA",
    "ro": "EXERCITIU",
    "sr": "VEZBA",
    "tr": "TATBIKAT",
    "el": "ΑΣΚΗΣΗ",
    "uk": "НАВЧАННЯ",
    "ru": "УЧЕНИЯ",
    "ar": "تدريب",
}


@pytest.mark.parametrize(("language", "mark"), MARKS.items())
def test_every_text_of_a_drill_says_so_first(language: str, mark: str) -> None:
    values = replace(FLOOD, drill=True)
    texts = [
        callout_text(language, values, None),
        callout_text(language, values, "Come to {place}"),
        *(stand_down_text(language, kind, values) for kind in STAND_DOWNS),
        *(acknowledgement_text(language, kind, values) for kind in ACKNOWLEDGEMENTS),
    ]
    assert all(text.startswith(f"{mark} ") for text in texts)
    assert not callout_text(language, FLOOD, None).startswith(mark)


@pytest.mark.parametrize("language", LANGUAGES)
def test_only_an_accepted_volunteer_is_told_the_rendezvous(language: str) -> None:
    told = [kind for kind in ACKNOWLEDGEMENTS if "School gate" in acknowledgement_text(language, kind, FLOOD)]
    assert told == ["accepted"]
    assert "School gate" not in callout_text(language, FLOOD, "Go. {rendezvous} {place}")
    assert "School gate" not in callout_text(language, FLOOD, None) + stand_down_text(language, "silent", FLOOD)


#: Ours to leave alone: what carriers and Twilio listen for, in English and as some countries have them.
CARRIERS = {word.upper() for word in replies.CARRIERS} | {
    "ARRET",
    "STOPP",
    "ALTO",
    "PARAR",
    "BAJA",
    "AIDE",
    "AYUDA",
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_carriers_words_are_never_offered(language: str) -> None:
    for text in every_text(language, FLOOD):
        assert not CARRIERS & set(re.findall(r"[A-Z]{3,}", text))


def test_a_question_about_several_calls_names_their_letters() -> None:
    assert "A1, A2 or A3; C1, C2 or C3" in question_text("en", ["A", "C"], "CRS")
    assert "1 yes, 2 no" in question_text("en", ["A"], "CRS")


def test_the_time_is_the_readers() -> None:
    tirana = datetime(2026, 11, 24, 23, 30, tzinfo=UTC).astimezone(timezone(timedelta(hours=1)))
    assert "00:30, 25 Nov" in callout_text("en", replace(FLOOD, arrive_by=tirana), None)


def test_a_wording_is_filled_in_and_gets_the_instructions() -> None:
    body = callout_text("en", FLOOD, "{section} asks {skills} for {hazard} at {place}, {arrive_by}.")
    assert body == (
        "Red Cross Albania asks medic for flood at Novosele, 14:30, 24 Nov. "
        "Reply 1 yes, 2 no, 3 only if needed; minutes: 1 20"
    )


@pytest.mark.parametrize(
    "wording", ["{title}. {answers} Bring boots.", "{title}: {code}1 yes {code}2 no {code}3 maybe"]
)
def test_a_wording_with_instructions_gets_no_second_ones(wording: str) -> None:
    body = callout_text("en", replace(FLOOD, code="B"), wording)
    assert body.count("B2") == 1


def test_plain_digits_do_not_instruct_when_a_letter_is_needed() -> None:
    wording = "Come: 1 yes, 2 no, 3 if needed"
    assert callout_text("en", FLOOD, wording).count("2 no") == 1
    assert "B2 no" in callout_text("en", replace(FLOOD, code="B"), wording)


def test_a_brace_in_a_title_stays_a_brace() -> None:
    body = callout_text("en", replace(FLOOD, title="{code}{0.__class__} x"), "{section}: {title}")
    assert body.startswith("Red Cross Albania: {code}{0.__class__} x")


def test_line_breaks_in_values_do_not_reach_the_text() -> None:
    assert "\n" not in callout_text("en", replace(FLOOD, title="Vjosa\r\nover"), None)


def test_a_greek_title_gives_way_where_that_keeps_one_segment() -> None:
    body = callout_text("en", replace(FLOOD, title="Πλημμύρα στην Κέρκυρα"), None)
    assert measure(body).segments == 1
    assert "Red Cross Albania: flood. Needed: medic" in body


def test_a_greek_section_keeps_its_letters() -> None:
    body = callout_text("en", replace(FLOOD, section="Ερυθρός Σταυρός"), None)
    assert body.startswith("Ερυθρός Σταυρός: flood")
    assert measure(body).encoding == "UCS-2"


def _patterns(data: dict[str, Any], prefix: str = "") -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key, value in data.items():
        if isinstance(value, dict):
            found |= _patterns(value, f"{prefix}{key}.")
        else:
            found[prefix + key] = set(re.findall(r"{\w+}", str(value)))
    return found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_sentence_with_the_same_placeholders(language: str) -> None:
    folder = resources.files("mobilize.domain").joinpath("wordings")
    read = {
        name: tomllib.loads(folder.joinpath(f"{name}.toml").read_text(encoding="utf-8"))
        for name in ("en", language)
    }
    assert _patterns(read[language]) == _patterns(read["en"])
    assert len(read[language]["months"]) == 12


@pytest.mark.parametrize("name", PLACEHOLDERS)
def test_every_placeholder_may_be_used(name: str) -> None:
    check_wording(f"Come, {{{name}}}")
    assert f"{{{name}}}" not in callout_text("en", FLOOD, f"Come, {{{name}}}")


@pytest.mark.parametrize(
    ("wording", "complaint"),
    [
        ("", "empty"),
        ("  \n ", "empty"),
        ("Go to {rendezvous}", "unknown placeholder {rendezvous}"),
        ("Go to {}", "unknown placeholder {}"),
        ("Go to {place", "brace"),
        ("Go to place}", "brace"),
        ("{{title}}", "brace"),
        ("x" * 1601, "1601 characters"),
        ("x" * 5000, "5000 characters"),
        ("x" * 1000, "segments"),
        ("ж" * 500, "segments"),
        ("{title}" * 100, "segments"),
        ("Come\x00now", "control characters"),
        ("Come\ud800now", "control characters"),
    ],
)
def test_a_wording_that_cannot_be_sent_is_refused(wording: str, complaint: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(complaint)) as refused:
        check_wording(wording)
    assert list(refused.value.errors) == ["wording"]


@given(
    st.text(max_size=200),
    st.text(max_size=200),
    st.lists(st.text(max_size=60), max_size=5),
    st.sampled_from(LANGUAGES),
    st.booleans(),
)
def test_any_values_give_a_text_with_instructions(
    title: str, place: str, skills: list[str], language: str, drill: bool
) -> None:
    values = replace(FLOOD, title=title, place=place, skills=tuple(skills), drill=drill)
    body = callout_text(language, values, None)
    assert body.endswith("1 20")
    assert 1 <= measure(body).segments <= 4
    assert len(stand_down_text(language, "silent", values)) <= 1600


#: Letters of one septet, of two, and accents that are left off where the language does without.
ALPHABETS = ("abcdefgh ", "aeioé ", "ÄÖÜäöüß ", "ñ¿¡ ")
MOMENTS = [datetime(2026, month, 28, 20, 30, tzinfo=UTC) for month in range(1, 13)]


def of_length(name: str, alphabet: str, share: float) -> str:
    length = round(LONGEST[name] * share)
    return (alphabet * 100)[:length].strip().ljust(length, alphabet[0])


def values_of(alphabet: str, share: float, hazard: Hazard, at: datetime) -> CalloutValues:
    skill = of_length("skill", alphabet, share)
    return replace(
        FLOOD,
        section=of_length("section", alphabet, share) or "x",
        hazard=hazard,
        title=of_length("title", alphabet, share),
        skills=(skill,) * (LONGEST["skills"] // LONGEST["skill"]),
        place=of_length("place", alphabet, share),
        rendezvous=of_length("rendezvous", alphabet, share),
        arrive_by=at,
        eta=at,
        code="W",
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("share", [0.0, 0.25, 0.5, 0.75, 1.0])
def test_every_text_keeps_to_its_segments_at_every_allowed_length(language: str, share: float) -> None:
    for number, hazard in enumerate(Hazard):
        values = values_of(ALPHABETS[number % 4], share, hazard, MOMENTS[number % 12])
        for name in TEMPLATES:
            body = example(language, name, None, values)
            assert measure(body).segments <= most_segments(language), body


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("alphabet", ALPHABETS)
def test_no_month_and_no_alphabet_costs_a_segment(language: str, alphabet: str) -> None:
    longest = max(Hazard, key=lambda hazard: len(hazard_name(language, hazard)))
    for at in MOMENTS:
        for name in ("callout", "acknowledgement.accepted", "acknowledgement.eta", "reminder.silent"):
            body = example(language, name, None, values_of(alphabet, 1.0, longest, at))
            assert measure(body).segments <= most_segments(language), body


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_long_rendezvous_and_what_to_bring_are_told_whole(language: str) -> None:
    values = replace(FLOOD, rendezvous="r" * 200, bring="b" * 160)
    body = acknowledgement_text(language, "accepted", values)
    assert "r" * 200 in body
    assert "b" * 160 in body
    short = replace(FLOOD, rendezvous="r" * 36, bring="b" * 60, code="A")
    assert measure(acknowledgement_text(language, "accepted", short)).segments <= most_segments(language) + 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_names_the_section_that_calls(language: str) -> None:
    for body in every_text(language, FLOOD):
        assert FLOOD.section in body
    assert callout_text(language, FLOOD, "Come!").startswith("Red Cross Albania: Come!")
    assert callout_text(language, FLOOD, "Red Cross Albania: come!").count("Red Cross Albania") == 1


def test_a_time_away_has_a_day_or_an_instant() -> None:
    at = datetime(2026, 12, 24, 18, 0, tzinfo=UTC)
    assert until_text("de", at) == "24. Dez, 18:00 Uhr"
    assert until_text("de", at.date()) == "24. Dez"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_link_may_cost_a_segment_and_takes_no_facts_away(language: str) -> None:
    link = "https://mobilize.example.org/c/K7Q2M9XWPT4N"
    values = replace(FLOOD, skills=("search and rescue", "medic"), link=link)
    body = callout_text(language, values, None)
    assert link in body
    assert "search and rescue, medic" in body
    assert measure(body).segments <= most_segments(language) + 1
