"""How texts are understood: a corpus for each language, and what must never happen."""

import tomllib
from datetime import UTC, datetime
from importlib import resources
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mobilize.domain.phrases import LANGUAGES

from mobilize.domain.replies import COMMANDS, Reply, understand
from mobilize.domain.vocabulary import Intent

ONE_O_CLOCK = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)

YES, NO, LIMITED, ARRIVED, UNCLEAR = (
    Intent.ACCEPT,
    Intent.DECLINE,
    Intent.LIMITED,
    Intent.ON_SCENE,
    Intent.UNCLEAR,
)

DIGITS = [
    ("1", YES, None),
    (" 1. ", YES, None),
    ("1!", YES, None),
    ("１", YES, None),
    ("1️⃣", YES, None),
    ("1 20", YES, 20),
    ("1, 20", YES, 20),
    ("1 20min", YES, 20),
    ("1 0", YES, 0),
    ("1 1440", YES, 1440),
    ("1 1441", YES, None),
    ("1 0692345678", YES, None),
    ("1 2", YES, 2),
    ("1 1h30", YES, 90),
    ("1 13:45", YES, 45),
    ("1 13.45", YES, 45),
    ("2", NO, None),
    ("2.", NO, None),
    ("3", LIMITED, None),
    ("3 40", LIMITED, 40),
    ("4", ARRIVED, None),
    ("", UNCLEAR, None),
    ("   ", UNCLEAR, None),
    ("5", Intent.LEFT, None),
    ("0", UNCLEAR, None),
    ("12", UNCLEAR, None),
    ("120", UNCLEAR, None),
    ("-1", UNCLEAR, None),
    ("+1", UNCLEAR, None),
    ("1?", UNCLEAR, None),
    ("1/2", UNCLEAR, None),
    ("1,20", UNCLEAR, None),
    ("½", UNCLEAR, None),
    ("1 2 3", UNCLEAR, None),
    ("2 20", UNCLEAR, None),
    ("13:45", UNCLEAR, None),
    ("👍", UNCLEAR, None),
    ("1" * 5000, UNCLEAR, None),
]

ENGLISH = [
    ("yes", YES, None),
    ("YES!", YES, None),
    ("Yep", YES, None),
    ("yes 30", YES, 30),
    ("1 yes", YES, None),
    ("yes 1", YES, None),
    ("yes in 1", YES, 1),
    ("yes yes", YES, None),
    ("Yes, thank you", YES, None),
    ("ok yes", YES, None),
    ("I'm coming", YES, None),
    ("I’m on my way", YES, None),
    ("I can come", YES, None),
    ("On my way, 20 minutes", YES, 20),
    ("yes in half an hour", YES, 30),
    ("yes in an hour", YES, 60),
    ("Yes, I'll be there in twenty minutes", YES, 20),
    ("yes in 1 hour and 20 minutes", YES, 80),
    ("yes, an hour and a half", YES, 90),
    ("Yes, at 13:45", YES, 45),
    ("yes 12:59", YES, None),
    ("yes 11:00", YES, 22 * 60),
    ("yes now", YES, 0),
    ("yes eta 15m", YES, 15),
    ("no", NO, None),
    ("No.", NO, None),
    ("no 2", NO, None),
    ("2 no", NO, None),
    ("nope sorry", NO, None),
    ("No, I'm at work now", NO, None),
    ("can't come", NO, None),
    ("I cannot make it, sorry", NO, None),
    ("unfortunately not available today", NO, None),
    ("only if really needed", LIMITED, None),
    ("Yes, if needed", LIMITED, None),
    ("if needed, in 45 min", LIMITED, 45),
    ("arrived", ARRIVED, None),
    ("I have arrived", ARRIVED, None),
    ("4 arrived", ARRIVED, None),
    ("I'm here", ARRIVED, None),
    ("yes I got it but I cannot come", UNCLEAR, None),
    ("can't help", UNCLEAR, None),
    ("not sure", UNCLEAR, None),
    ("now?", UNCLEAR, None),
    ("yes?", UNCLEAR, None),
    ("no problem", UNCLEAR, None),
    ("no problem, I'm coming", UNCLEAR, None),
    ("yes and no", UNCLEAR, None),
    ("1 no", UNCLEAR, None),
    ("2 yes", UNCLEAR, None),
    ("am I coming", UNCLEAR, None),
    ("yes or no", UNCLEAR, None),
    ("2 hours", UNCLEAR, None),
    ("1 hour", UNCLEAR, None),
    ("20 minutes", UNCLEAR, None),
    ("ok", UNCLEAR, None),
    ("Don't stop, I'm coming", UNCLEAR, None),
    ("yes my car is broken", UNCLEAR, None),
    ("yes got it", UNCLEAR, None),
    ("1 sorry", UNCLEAR, None),
    ("I can 't come", UNCLEAR, None),
    ("I can\ufffdt come", UNCLEAR, None),
    ("can´t come", NO, None),
    ("y\u0336e\u0336s\u0336", UNCLEAR, None),
    ("po", UNCLEAR, None),
]

ITALIAN = [
    ("sì", YES, None),
    ("si", YES, None),
    ("SI'", YES, None),
    ("Sì grazie", YES, None),
    ("1 sì", YES, None),
    ("certo", YES, None),
    ("vengo", YES, None),
    ("arrivo subito", YES, None),
    ("Ci sono!", YES, None),
    ("ci sarò alle 13:45", YES, 45),
    ("sì, ore 13.45", YES, 45),
    ("sì, tra 20 min", YES, 20),
    ("si fra venti minuti", YES, 20),
    ("sì tra mezz'ora", YES, 30),
    ("Arrivo tra mezz’ora", YES, 30),
    ("sì, un quarto d'ora", YES, 15),
    ("sì tra un'ora", YES, 60),
    ("sì tra 2 ore", YES, 120),
    ("sì, un'ora e mezza", YES, 90),
    ("yes 30", YES, 30),
    ("no", NO, None),
    ("No, mi dispiace", NO, None),
    ("non posso", NO, None),
    ("Purtroppo non posso venire", NO, None),
    ("non riesco, sono al lavoro", NO, None),
    ("non ce la faccio", NO, None),
    ("non ci sarò", NO, None),
    ("2 non posso", NO, None),
    ("solo se serve", LIMITED, None),
    ("sì, solo se necessario", LIMITED, None),
    ("arrivato", ARRIVED, None),
    ("Sono arrivata", ARRIVED, None),
    ("sono sul posto", ARRIVED, None),
    ("non so", UNCLEAR, None),
    ("sì ma non posso", UNCLEAR, None),
    ("vengo?", UNCLEAR, None),
    ("non vengo oggi ma domani sì", UNCLEAR, None),
    ("si vedrà", UNCLEAR, None),
    ("un po' di tempo", UNCLEAR, None),
    ("non c'è problema", UNCLEAR, None),
    ("va bene", UNCLEAR, None),
    ("aiuto", UNCLEAR, None),
]

ALBANIAN = [
    ("po", YES, None),
    ("Po!", YES, None),
    ("PO PO", YES, None),
    ("1 po", YES, None),
    ("Po, faleminderit", YES, None),
    ("patjetër", YES, None),
    ("vij", YES, None),
    ("po vij", YES, None),
    ("Po vij tani", YES, None),
    ("do të vij", YES, None),
    ("mund të vij", YES, None),
    ("jam në rrugë", YES, None),
    ("po, për 15 minuta", YES, 15),
    ("po per 15 min", YES, 15),
    ("Vij për gjysmë ore", YES, 30),
    ("po, pas nje ore", YES, 60),
    ("po për një çerek ore", YES, 15),
    ("po, për njëzet minuta", YES, 20),
    ("po 20", YES, 20),
    ("po, në orën 13:45", YES, 45),
    ("po ora 13:45", YES, 45),
    ("po, tani", YES, 0),
    ("jo", NO, None),
    ("Jo, më vjen keq", NO, None),
    ("2 jo", NO, None),
    ("nuk vij", NO, None),
    ("s'vij dot", NO, None),
    ("s’mundem", NO, None),
    ("nuk mundem sot, jam në punë", NO, None),
    ("nuk mund të vij", NO, None),
    ("vetëm po të duhet", LIMITED, None),
    ("po të duhet", LIMITED, None),
    ("vetem nese duhet", LIMITED, None),
    ("mbërrita", ARRIVED, None),
    ("mberrita", ARRIVED, None),
    ("Kam mbërritur", ARRIVED, None),
    ("jam këtu", ARRIVED, None),
    ("po nuk vij", UNCLEAR, None),
    ("po jo", UNCLEAR, None),
    ("po pse", UNCLEAR, None),
    ("a vij", UNCLEAR, None),
    ("a të vij?", UNCLEAR, None),
    ("mos më prisni", UNCLEAR, None),
    ("nuk e di", UNCLEAR, None),
    ("si", UNCLEAR, None),
]


def corpus() -> list[tuple[str, str, Intent, int | None]]:
    listed = [("en", ENGLISH), ("it", ITALIAN), ("sq", ALBANIAN)]
    listed += [(language, DIGITS) for language in (*LANGUAGES, "de")]
    return [(language, *row) for language, rows in listed for row in rows]


@pytest.mark.parametrize(("language", "text", "intent", "eta"), corpus())
def test_a_text_is_understood(language: str, text: str, intent: Intent, eta: int | None) -> None:
    reply = understand(text, language, ONE_O_CLOCK, ["A"])
    assert (reply.intent, reply.eta_minutes) == (intent, eta)
    assert reply.code == (None if intent is UNCLEAR else "A")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1", Reply(YES, None, None)),
        ("yes", Reply(YES, None, None)),
        ("2", Reply(NO, None, None)),
        ("A1", Reply(YES, None, "A")),
        ("a 1", Reply(YES, None, "A")),
        ("b1 20", Reply(YES, 20, "B")),
        ("B 1 20", Reply(YES, 20, "B")),
        ("A1 20 min", Reply(YES, 20, "A")),
        # A hyphen inside the answer joins; only one in front could be a minus.
        ("a-1 20", Reply(YES, 20, "A")),
        ("B: yes", Reply(YES, None, "B")),
        ("yes b", Reply(YES, None, "B")),
        ("B2", Reply(NO, None, "B")),
        ("a no, sorry", Reply(NO, None, "A")),
        ("A3", Reply(LIMITED, None, "A")),
        ("B4", Reply(ARRIVED, None, "B")),
        ("C1", Reply(UNCLEAR)),
        ("A", Reply(UNCLEAR)),
        ("A1 B2", Reply(UNCLEAR)),
        ("A120", Reply(UNCLEAR)),
        ("1A2", Reply(UNCLEAR)),
    ],
)
def test_a_letter_names_one_of_several_open_calls(text: str, expected: Reply) -> None:
    assert understand(text, "en", ONE_O_CLOCK, ["A", "B"]) == expected


def test_an_albanian_question_is_not_the_letter_of_a_call() -> None:
    assert understand("a vij", "sq", ONE_O_CLOCK, ["A", "B"]).intent is UNCLEAR


def test_without_open_calls_an_answer_has_no_letter() -> None:
    assert understand("1 20", "en", ONE_O_CLOCK, []) == Reply(YES, 20, None)
    assert understand("A1", "en", ONE_O_CLOCK, []) == Reply(UNCLEAR)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["{}", " {} ", "{}.", "{}!", "({})"])
def test_a_carriers_word_counts_as_a_whole_message(command: str, form: str) -> None:
    for text in (command, command.upper(), command.title()):
        assert understand(form.format(text), "sq", ONE_O_CLOCK, ["A"]) == Reply(COMMANDS[command])


@pytest.mark.parametrize("text", ["Opt out", "opt-out", "STOP ALL", "S T O P"])
def test_spaces_do_not_hide_an_opt_out(text: str) -> None:
    assert understand(text, "en", ONE_O_CLOCK, []).intent is Intent.OPT_OUT


@pytest.mark.parametrize(
    "text",
    [
        "Don't stop, I'm coming",
        "please stop by",
        "in the end yes",
        "I need help",
        "no stop",
        "start now",
        "yes stop",
    ],
)
def test_a_carriers_word_inside_a_message_is_no_command(text: str) -> None:
    assert understand(text, "en", ONE_O_CLOCK, ["A"]).intent is UNCLEAR


def test_a_clock_time_is_read_on_the_volunteers_clock_over_midnight() -> None:
    late = datetime(2026, 11, 24, 23, 50, tzinfo=UTC)
    assert understand("yes 0:10", "en", late, []).eta_minutes == 20


def test_language_tags_with_regions_are_understood() -> None:
    assert understand("sì", "it-CH", ONE_O_CLOCK, []).intent is YES
    assert understand("po", "SQ_al", ONE_O_CLOCK, []).intent is YES


@given(
    st.text() | st.text(alphabet="123aAbByesnoijp 20:.'?!-stop"),
    st.text() | st.sampled_from(LANGUAGES),
    st.lists(st.text(max_size=2)),
)
def test_no_text_raises_and_an_eta_is_within_a_day(text: str, language: str, codes: list[str]) -> None:
    reply = understand(text, language, ONE_O_CLOCK, codes)
    assert reply.eta_minutes is None or 0 <= reply.eta_minutes <= 1440
    assert reply.code is None or reply.code in codes


@given(st.integers(0, 1440), st.sampled_from(["1 {}", "yes in {} min", "A1 {}", "yes {} minutes"]))
def test_minutes_after_a_yes_are_the_eta(minutes: int, form: str) -> None:
    assert understand(form.format(minutes), "en", ONE_O_CLOCK, ["A"]) == Reply(YES, minutes, "A")


def _data(language: str) -> dict[str, Any]:
    file = resources.files("mobilize.domain").joinpath("answers", f"{language}.toml")
    return tomllib.loads(file.read_text(encoding="utf-8"))


ANSWERS = ("yes", "coming", "no", "not_coming", "limited", "arrived")
NEGATIONS = ["not", "never", "dont", "don't", "won't", "cannot", "non", "mai", "nuk", "mos", "kurrë", "s'"]
DECLINES = NEGATIONS + [
    phrase for language in LANGUAGES for name in ("no", "not_coming") for phrase in _data(language)[name]
]
SAFE_WORDS = [
    phrase for language in LANGUAGES for name in ("yes", "coming", "polite") for phrase in _data(language)[name]
]


@given(
    st.lists(st.sampled_from([*SAFE_WORDS, "1", "20", "min", ",", "A1"])),
    st.sampled_from(DECLINES),
    st.lists(st.sampled_from([*SAFE_WORDS, "20", "min", "!"])),
    st.sampled_from(LANGUAGES),
)
def test_a_text_with_a_declining_word_is_never_a_yes(
    before: list[str], decline: str, after: list[str], language: str
) -> None:
    text = " ".join([*before, decline, *after])
    assert understand(text, language, ONE_O_CLOCK, ["A"]).intent is not YES


@given(st.text(), st.sampled_from(DECLINES), st.text(), st.sampled_from(LANGUAGES))
def test_a_declining_word_in_any_text_is_never_a_yes(
    before: str, decline: str, after: str, language: str
) -> None:
    assert understand(f"{before} {decline} {after}", language, ONE_O_CLOCK, ["A"]).intent is not YES


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERS)
def test_every_listed_phrase_means_what_its_list_says(language: str, name: str) -> None:
    means = {"yes": YES, "coming": YES, "no": NO, "not_coming": NO, "limited": LIMITED, "arrived": ARRIVED}
    for phrase in _data(language)[name]:
        assert understand(phrase, language, ONE_O_CLOCK, []).intent is means[name], phrase


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("name", ANSWERS)
def test_english_means_the_same_to_every_volunteer(language: str, name: str) -> None:
    for phrase in _data("en")[name]:
        said = understand(phrase, language, ONE_O_CLOCK, []).intent
        assert said is understand(phrase, "en", ONE_O_CLOCK, []).intent, phrase


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_yes_is_the_same_with_every_polite_word(language: str) -> None:
    for phrase in _data(language)["polite"]:
        assert understand(f"1 {phrase}", language, ONE_O_CLOCK, []).intent is YES, phrase
