"""How texts are understood, by concern; the corpus is measured by ``python -m bench replies``."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bench.replies import Reading, corpus
from bench.reply_slips import SLIPS, is_another_word
from mobilize.domain.replies import COMMANDS, Reply, prepare, understand
from mobilize.domain.understanding.lexicon import LANGUAGES, lexicon
from mobilize.domain.vocabulary import Intent

ONE_O_CLOCK = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)

YES, NO, LIMITED, UNCLEAR = Intent.ACCEPT, Intent.DECLINE, Intent.LIMITED, Intent.UNCLEAR
EN_ROUTE, ON_SCENE, LEFT = Intent.EN_ROUTE, Intent.ON_SCENE, Intent.LEFT


def read(text: str, language: str = "en", codes: Sequence[str] = ("A",)) -> Reply:
    return understand(text, language, ONE_O_CLOCK, codes)


def told(reply: Reply) -> tuple[Intent, int | None]:
    return reply.intent, reply.eta_minutes


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("text", "intent", "eta"),
    [
        ("1", YES, None),
        (" 1. ", YES, None),
        ("１", YES, None),
        ("1️⃣", YES, None),
        ("١", YES, None),
        ("1 20", YES, 20),
        ("1, 20", YES, 20),
        ("1 20min", YES, 20),
        ("1 0", YES, 0),
        ("1 1440", YES, 1440),
        ("1 1441", YES, None),
        ("1 0692345678", YES, None),
        ("1 13:45", YES, 45),
        ("2", NO, None),
        ("3", LIMITED, None),
        ("3 40", LIMITED, 40),
        ("4", ON_SCENE, None),
        ("5", LEFT, None),
        ("👍", YES, None),
        ("👍🏽", YES, None),
        ("👎", NO, None),
        ("🤔", UNCLEAR, None),
        ("", UNCLEAR, None),
        ("   ", UNCLEAR, None),
        ("0", UNCLEAR, None),
        ("12", UNCLEAR, None),
        ("-1", UNCLEAR, None),
        ("+1", UNCLEAR, None),
        ("1?", UNCLEAR, None),
        ("1/2", UNCLEAR, None),
        ("1 2", UNCLEAR, None),
        ("1 2 3", UNCLEAR, None),
        ("2 20", UNCLEAR, None),
        ("1" * 5000, UNCLEAR, None),
    ],
)
def test_digits_are_the_same_in_every_language(
    text: str, intent: Intent, eta: int | None, language: str
) -> None:
    assert told(read(text, language)) == (intent, eta)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("yes", Reply(YES)),
        ("A1", Reply(YES, None, "A")),
        ("b1 20", Reply(YES, 20, "B")),
        ("B 1 20 min", Reply(YES, 20, "B")),
        ("a-1 20", Reply(YES, 20, "A")),
        ("B: yes", Reply(YES, None, "B")),
        ("yes b", Reply(YES, None, "B")),
        ("B2", Reply(NO, None, "B")),
        ("A cannot come", Reply(NO, None, "A")),
        ("A3", Reply(LIMITED, None, "A")),
        ("B4", Reply(ON_SCENE, None, "B")),
        ("B on my way, 10 min", Reply(EN_ROUTE, 10, "B")),
        ("C1", Reply(UNCLEAR, confidence=0.0)),
        ("A", Reply(UNCLEAR, confidence=0.0)),
        ("A1 B2", Reply(UNCLEAR, confidence=0.0)),
    ],
)
def test_a_letter_names_one_of_several_open_calls(text: str, expected: Reply) -> None:
    assert read(text, codes=["A", "B"]) == expected


def test_an_albanian_question_is_not_the_letter_of_a_call() -> None:
    assert read("a vij", "sq", ["A", "B"]).intent is UNCLEAR


def test_without_open_calls_an_answer_has_no_letter() -> None:
    assert read("1 20", codes=[]) == Reply(YES, 20)
    assert read("A1", codes=[]).intent is UNCLEAR


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("form", ["{}", " {} ", "{}.", "{}!", "({})"])
def test_a_command_counts_as_a_whole_message(command: str, form: str) -> None:
    for text in (command, command.upper(), command.title()):
        assert read(form.format(text), "sq") == Reply(COMMANDS[command])


@pytest.mark.parametrize(
    "text",
    [
        *(
            "Opt out",
            "opt-out",
            "STOP ALL",
            "S T O P",
            "STPO",
            "please stop",
            "stop texting me",
            "no more texts",
        ),
        *("don't text me again", "remove me from your list", "I don't want these messages any more"),
    ],
)
def test_a_wish_for_no_more_texts_is_heard(text: str) -> None:
    assert read(text).intent is Intent.OPT_OUT


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("Don't stop, I'm coming", YES),
        ("no stop", UNCLEAR),
        ("yes stop", UNCLEAR),
        ("start now", UNCLEAR),
        ("I need help", UNCLEAR),
        ("I can help", YES),
        ("can't help", NO),
        ("I have not received the text", UNCLEAR),
    ],
)
def test_a_command_inside_a_sentence_is_none(text: str, intent: Intent) -> None:
    assert read(text).intent is intent


SENTENCES: list[tuple[str, str, Intent, int | None]] = [
    # A no that is denied in many ways, wherever the negation stands.
    ("en", "I'm not able to make it", NO, None),
    ("en", "no can do", NO, None),
    ("it", "stasera proprio non riesco a muovermi", NO, None),
    ("sq", "s'vij dot", NO, None),
    ("fr", "je peux pas venir ce soir", NO, None),
    ("de", "ich kann heute leider nicht kommen", NO, None),
    ("es", "hoy no voy a poder ir", NO, None),
    # Words of denial that mean yes.
    ("en", "no problem, 15 min", YES, 15),
    ("en", "can't say no, coming", YES, None),
    ("en", "No, I'm coming", YES, None),
    ("it", "non posso dire di no, vengo", YES, None),
    ("sq", "jo jo, po vij", YES, None),
    ("fr", "pas de problème", YES, None),
    ("de", "kein Problem, bin dabei", YES, None),
    ("es", "cómo no, ahí estaré", YES, None),
    # A yes that is taken back, or that stumbles.
    ("en", "yes I got it but I cannot come", NO, None),
    ("it", "sì ho letto ma non posso venire", NO, None),
    ("de", "ja gelesen, kann aber nicht", NO, None),
    ("en", "would love to but I'm abroad", NO, None),
    ("en", "yes but my car", UNCLEAR, None),
    ("en", "yes but I'll be late", YES, None),
    ("en", "yes and no", UNCLEAR, None),
    ("en", "1 no", UNCLEAR, None),
    ("en", "yes, at work but leaving now, 30 min", EN_ROUTE, 30),
    # Unknown words do not make a clear yes unclear; nothing but unknown words do.
    ("en", "Y 30 need to go home for gear", YES, 30),
    ("en", "yes xyzzy frobnicates plugh wibble", UNCLEAR, None),
    # Conditions and doubt.
    ("en", "only if you really need me", LIMITED, None),
    ("en", "I can't come unless really needed", LIMITED, None),
    ("de", "nur wenn sonst keiner kann", LIMITED, None),
    ("en", "if my wife takes the kids", UNCLEAR, None),
    ("en", "not sure", UNCLEAR, None),
    ("en", "I'll let you know", UNCLEAR, None),
    ("en", "yes tomorrow", UNCLEAR, None),
    # Questions, but a clear yes beside one stays.
    ("en", "yes?", UNCLEAR, None),
    ("en", "now?", UNCLEAR, None),
    ("en", "can you call me", UNCLEAR, None),
    ("en", "Yes! Where do we meet?", YES, None),
    ("el", "ναι;", UNCLEAR, None),
    # Answers that are about no call, or none at all.
    ("en", "ok", UNCLEAR, None),
    ("en", "thanks", UNCLEAR, None),
    ("en", "Reply 1 yes, 2 no, 3 only if needed", UNCLEAR, None),
    ("en", "I'm driving and will reply later", UNCLEAR, None),
    ("en", "y\u0336e\u0336s\u0336", UNCLEAR, None),
    # Where they are.
    ("en", "just left the house, 25 minutes", EN_ROUTE, 25),
    ("en", "here now, where are you?", ON_SCENE, None),
    ("en", "home", LEFT, None),
    ("de", "bin da", ON_SCENE, None),
    ("de", "bin in 20 da", YES, 20),
]


@pytest.mark.parametrize(("language", "text", "intent", "eta"), SENTENCES)
def test_a_sentence_is_understood(language: str, text: str, intent: Intent, eta: int | None) -> None:
    if language in LANGUAGES:
        assert told(read(text, language)) == (intent, eta)


@pytest.mark.parametrize(
    ("language", "text", "eta"),
    [
        ("en", "in 2 hours", 120),
        ("en", "yes in 1", 1),
        ("en", "yes 1h30", 90),
        ("en", "yes in 1 hour and 20 minutes", 80),
        ("en", "an hour and a half", 90),
        ("en", "20-30 min", 30),
        ("en", "between 20 and 30 minutes", 30),
        ("en", "twenty five minutes", 25),
        ("en", "yes at 13:45", 45),
        ("en", "yes at 6", 300),
        ("en", "half past two", 90),
        ("en", "ten to two", 50),
        ("en", "yes 12:59", None),
        ("en", "yes now", 0),
        ("it", "tra mezz'ora", 30),
        ("it", "alle 2 meno un quarto", 45),
        ("it", "sì, ore 13.45", 45),
        ("it", "un'ora e mezza", 90),
        ("fr", "j'arrive à 14h30", 90),
        ("fr", "dans une demi-heure", 30),
        ("de", "um halb drei bin ich da", 90),
        ("de", "komme in anderthalb Stunden", 90),
        ("de", "1 1,5 Std", 90),
        ("es", "a las dos y media", 90),
        ("sq", "vij për gjysmë ore", 30),
    ],
)
def test_a_time_is_read(language: str, text: str, eta: int | None) -> None:
    assert read(text, language).eta_minutes == eta


def test_a_clock_time_is_read_on_the_volunteers_clock_over_midnight() -> None:
    late = datetime(2026, 11, 24, 23, 50, tzinfo=UTC)
    assert understand("yes 0:10", "en", late, []).eta_minutes == 20


@pytest.mark.parametrize(
    ("language", "text", "minutes"),
    [
        ("en", "OFF", None),
        ("en", "OFF 3d", 3 * 1440),
        ("en", "off until Friday", 11 * 60 + 3 * 1440),
        ("en", "not available for the next 3 days", 3 * 1440),
        ("en", "don't text me until Friday", 11 * 60 + 3 * 1440),
        ("de", "verreist bis 24.12.", 11 * 60 + 30 * 1440),
        ("it", "in ferie per due settimane", 14 * 1440),
    ],
)
def test_an_absence_has_an_end(language: str, text: str, minutes: int | None) -> None:
    reply = read(text, language)
    assert (reply.intent, reply.minutes, reply.code) == (Intent.UNAVAILABLE, minutes, None)


@pytest.mark.parametrize("text", ["away", "not available", "Sorry, I'm at work until 6"])
def test_an_absence_without_an_end_of_its_own_is_a_no(text: str) -> None:
    assert read(text).intent is NO


def test_who_is_available_says_yes_to_an_open_call() -> None:
    assert read("I am available").intent is YES
    assert read("I am available", codes=[]).intent is Intent.AVAILABLE
    assert read("I'm back").intent is Intent.AVAILABLE


@pytest.mark.parametrize(
    "text",
    [
        "cnt come",
        "cnat come",
        "can t come",
        "can´t come",
        "I can\ufffdt come",
        "can?t come",
        "CANT COME",
        "cantcome",
    ],
)
def test_a_misspelt_no_is_a_no(text: str) -> None:
    assert read(text).intent is NO


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "nto coming"), ("en", "can' come"), ("en", "nt coming"), ("it", "no posso"), ("sq", "nk vij")],
)
def test_what_might_be_a_misspelt_no_is_never_a_yes(language: str, text: str) -> None:
    assert read(text, language).intent in (NO, UNCLEAR)


@pytest.mark.parametrize(
    ("language", "text", "intent"),
    [
        ("it", "yes 30", YES),
        ("en", "non posso", NO),
        ("en", "ich kann nicht kommen", NO),
        ("it-CH", "sì", YES),
        ("SQ_al", "po", YES),
        ("xx", "no", NO),
        ("xx", "", UNCLEAR),
    ],
)
def test_another_language_is_understood_where_it_is_certain(language: str, text: str, intent: Intent) -> None:
    assert read(text, language).intent is intent


def test_confidence_falls_with_what_is_not_known() -> None:
    sure, unsure = read("yes 30"), read("yes 30 glorp")
    assert sure.confidence == 1.0
    assert 0.5 <= unsure.confidence < 1.0
    assert read("glorp").confidence == 0.0


@given(
    st.text() | st.text(alphabet="123aAbByesnoijp 20:.'?!-stop"),
    st.text() | st.sampled_from(LANGUAGES),
    st.lists(st.text(max_size=2)),
)
def test_no_text_raises_and_an_eta_is_within_a_day(text: str, language: str, codes: list[str]) -> None:
    reply = understand(text, language, ONE_O_CLOCK, codes)
    assert reply.eta_minutes is None or 0 <= reply.eta_minutes <= 1440
    assert reply.code is None or reply.code in codes
    assert 0 <= reply.confidence <= 1


@given(st.integers(6, 1440), st.sampled_from(["1 {}", "yes in {} min", "A1 {}", "yes {} minutes"]))
def test_minutes_after_a_yes_are_the_eta(minutes: int, form: str) -> None:
    assert told(read(form.format(minutes))) == (YES, minutes)


SEEN = [phrase for phrase in corpus() if phrase.part == "seen" and phrase.language in LANGUAGES]


@given(
    st.sampled_from(SEEN),
    st.lists(st.sampled_from(sorted(SLIPS)), min_size=1, max_size=3, unique=True),
    st.integers(0, 2**32),
)
def test_no_slip_turns_a_no_into_a_yes_or_a_yes_into_a_no(phrase: Any, slips: list[str], seed: int) -> None:
    text, rng = phrase.text, random.Random(seed)
    for slip in slips:
        damaged = SLIPS[slip](text, rng)
        assume(not is_another_word(text, damaged, phrase.language))
        text = damaged
    reply = understand(text, phrase.language, phrase.now, phrase.codes)
    assert not Reading(phrase, "slips", text, reply, 0.0).dangerous


_NOT_COMING = [
    # A yes, and where they are instead; a word that nobody knows may be a place.
    ("en", "I'd be glad to but I'm in Rome"),
    ("en", "yes, in Spain"),
    ("en", "yes from Madrid"),
    ("en", "I'll be at my mum's in Leeds"),
    ("en", "here in Paris"),
    ("it", "sì, da Berlino"),
    ("sq", "po, por jam në Romë"),
    ("fr", "oui mais je suis à Paris"),
    ("de", "gerne, bin aber in Rom"),
    ("es", "encantado, pero estoy en Roma"),
    ("es", "voy a Madrid"),
    # A time at which something else ends or begins.
    ("en", "I come off shift at 8"),
    ("en", "I finish work at 10"),
    ("en", "my shift starts at 6"),
    ("en", "I come home at 9"),
    ("sq", "mbaroj punën në 8"),
    ("fr", "je finis mon service à 8h"),
    ("de", "komme um 8 von der Schicht"),
    ("de", "komme um 9 heim"),
    ("es", "salgo de turno a las 8"),
    # Another day.
    ("en", "coming next week"),
    ("en", "coming in a week"),
    ("en", "able to help tomorrow"),
    ("it", "vengo tra una settimana"),
    ("de", "komme in einer Woche"),
    # Verbs that refuse with no negator.
    ("en", "I'm afraid to come"),
    ("en", "My boss forbids me to come"),
    ("en", "I can only apologise"),
    ("it", "ho paura di venire"),
    ("sq", "kam frikë të vij"),
    ("fr", "j'ai peur de venir"),
    ("de", "ich habe Angst zu kommen"),
    ("es", "tengo miedo de ir"),
    ("es", "solo puedo disculparme"),
    # Somebody else comes.
    ("en", "my brother can come"),
    ("it", "può venire mia sorella"),
    ("fr", "mon frère peut venir"),
    ("de", "mein Bruder kann kommen"),
    # What might have been, and a yes taken back.
    ("en", "I could have come yesterday"),
    ("en", "scratch my yes"),
    ("en", "1 was a mistake"),
    ("en", "yes, I saw it, sorry"),
    ("it", "ritiro il mio sì"),
    ("fr", "le oui était une erreur"),
    ("de", "nehme mein Ja zurück"),
    ("de", "ja leider"),
    # What has just been done.
    ("fr", "je viens de me coucher"),
    # A slip in the negation.
    ("fr", "je peux plu"),
    ("tr", "geleceğim diyemem"),
]


@pytest.mark.parametrize(("language", "text"), _NOT_COMING)
def test_yes_words_with_an_obstacle_are_no_yes(language: str, text: str) -> None:
    assert read(text, language).intent in (NO, UNCLEAR, Intent.UNAVAILABLE)


@pytest.mark.parametrize(
    ("language", "text", "intent"),
    [
        ("en", "no way I'd miss this", UNCLEAR),
        ("en", "wouldn't moss it", YES),
        ("en", "can't refuse, coming", YES),
        ("en", "can't come, will miss it", NO),
        ("de", "lass euch nicht hängen, komme", YES),
        ("de", "das lass ich mir nicht entgehen", UNCLEAR),
        ("fr", "je manquerai pas ça", UNCLEAR),
    ],
)
def test_to_deny_that_one_fails_is_no_refusal(language: str, text: str, intent: Intent) -> None:
    assert read(text, language).intent is intent


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "yes please remove me from the list"),
        ("en", "I'd be grateful to receive no further messages"),
        ("en", "I'd be glad to get no more of these"),
        ("it", "sì, toglietemi dalla lista"),
        ("de", "bitte seid so lieb und nehmt mich raus"),
        ("es", "sí, bórrenme de la lista"),
    ],
)
def test_a_polite_wish_for_no_more_texts_is_no_answer(language: str, text: str) -> None:
    assert read(text, language).intent in (Intent.OPT_OUT, UNCLEAR)


@pytest.mark.parametrize(
    ("text", "intent"), [("ne", UNCLEAR), ("Ne.", UNCLEAR), ("nai", YES), ("ναι", YES), ("ne erxomai", YES)]
)
def test_a_greek_ne_may_be_anothers_no(text: str, intent: Intent) -> None:
    assert read(text, "el").intent is intent


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("en", "coming from Bergen, 20 min"),
        ("en", "I can come after I finish work at 6"),
        ("en", "my brother and I can come"),
        ("de", "komme direkt aus Bozen, 30 Minuten"),
        ("it", "arrivo da Bolzano in 20 minuti"),
    ],
)
def test_a_place_or_a_shift_with_a_coming_beside_it_is_a_yes(language: str, text: str) -> None:
    assert read(text, language).intent is YES


def test_the_word_lists_are_loaded_ahead_of_the_first_text() -> None:
    prepare()
    before = lexicon.cache_info().misses
    for language in LANGUAGES:
        read("frobnicate xyzzy", language)
    assert lexicon.cache_info().misses == before


def test_slips_of_the_thumb_turn_nothing_round() -> None:
    rng = random.Random(7)
    for phrase in rng.sample(SEEN, 400):
        damaged = SLIPS["a slip"](phrase.text, rng)
        if not is_another_word(phrase.text, damaged, phrase.language):
            reply = understand(damaged, phrase.language, phrase.now, phrase.codes)
            assert not Reading(phrase, "a slip", damaged, reply, 0.0).dangerous, damaged


def test_the_seen_corpus_holds_no_dangerous_misreading() -> None:
    readings = [
        Reading(
            phrase, "clean", phrase.text, understand(phrase.text, phrase.language, phrase.now, phrase.codes), 0
        )
        for phrase in SEEN
    ]
    assert [reading.text for reading in readings if reading.dangerous] == []
    assert sum(reading.right for reading in readings) >= 0.97 * len(readings)


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("I moved away, take me off your list", Intent.OPT_OUT),
        ("off to Spain for 10 days, don't text me", Intent.UNAVAILABLE),
        ("don't start texting me again", Intent.OPT_OUT),
        ("please start texting me again", Intent.OPT_IN),
        ("I was asleep, but frobnicating xyzzy", Intent.UNCLEAR),
        ("am I listed as away or available?", Intent.STATUS),
        ("ill in bed", Intent.DECLINE),
        ("I'll bring the pump", Intent.ACCEPT),
        ("can't bring the pump", Intent.DECLINE),
        ("Don't start without me! Coming", Intent.ACCEPT),
    ],
)
def test_what_stands_beside_an_answer_is_weighed(text: str, intent: Intent) -> None:
    assert read(text).intent is intent


def test_a_letter_before_a_comma_names_the_call() -> None:
    reply = read("B, 30 mins", codes=("A", "B"))
    assert (reply.intent, reply.code, reply.eta_minutes) == (Intent.ACCEPT, "B", 30)
