"""People on simulated phones: reproducible, varied, and silent when nobody asked."""

from datetime import UTC, datetime
from statistics import mean, median
from typing import Any

import pytest

from mobilize.domain import sms
from mobilize.domain.sms import CalloutValues
from mobilize.domain.vocabulary import Hazard
from mobilize.gateways import simulated_people as people
from mobilize.gateways.own_texts import recognised

ASKING = "Earthquake. Can you come? Reply 1 yes, 2 no, 3 limited."
PHONES = [f"+35569{number:07d}" for number in range(3000)]


def bodies(body: str = ASKING, acceptance: float = 0.35) -> list[list[str]]:
    return [
        [answer.body for answer in people.answers(1, phone, number, body, acceptance)]
        for number, phone in enumerate(PHONES)
    ]


def test_the_same_seed_gives_the_same_answers() -> None:
    assert bodies() == bodies()


def test_another_seed_gives_other_people() -> None:
    assert people.readiness(1, PHONES[0], 0.35) != people.readiness(2, PHONES[0], 0.35)


def test_readiness_is_around_the_mean_and_differs_between_people() -> None:
    drawn = [people.readiness(1, phone, 0.35) for phone in PHONES]
    assert mean(drawn) == pytest.approx(0.35, abs=0.02)
    assert max(drawn) - min(drawn) > 0.5


@pytest.mark.parametrize(("acceptance", "all_come"), [(0.0, False), (1.0, True)])
def test_nobody_or_everybody_comes_at_the_ends_of_the_scale(acceptance: float, all_come: bool) -> None:
    # The texts of those who come start with a 1 or a yes; those of the others never do.
    come = [
        bool(texts) and texts[0].lower().startswith(("1", "yes")) for texts in bodies(acceptance=acceptance)
    ]
    assert set(come) == {all_come}


def test_some_decline_some_are_silent() -> None:
    given = bodies()
    assert sum(texts == [] for texts in given) > 800
    assert sum(texts[:1] in (["2"], ["no"], ["No"]) for texts in given) > 500


def own(code: str = "", **changes: Any) -> CalloutValues:
    """What our texts say about a callout."""
    at = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    values: dict[str, Any] = {
        "section": "Mobilize",
        "hazard": Hazard.EARTHQUAKE,
        "title": "Earthquake",
        "skills": ("Medic",),
        "place": "Durrës",
        "arrive_by": at,
        "code": code,
        "drill": True,
        "rendezvous": "Gate 12",
        "eta": at,
    }
    return CalloutValues(**(values | changes))


def test_who_is_told_where_to_come_sets_out_and_arrives() -> None:
    given = bodies(sms.acknowledgement_text("en", "accepted", own()))
    assert 700 < sum("on my way" in texts or "leaving now" in texts for texts in given) < 1100
    assert 1300 < sum(texts[-1:] == ["4"] for texts in given) < 1700


def test_people_are_there_after_about_as_long_as_they_said() -> None:
    told = sms.acknowledgement_text("en", "en_route", own())
    for phone in PHONES[:200]:
        said = 60 * people.travel_minutes(1, phone)
        for answer in people.answers(1, phone, 1, told, 1.0):
            assert 0.8 * said <= answer.after_s <= 1.4 * said
            assert answer.on_errand


@pytest.mark.parametrize(
    "kind", ["reserve", "limited", "declined", "withdrawn", "late", "left", "ended", "arrived"]
)
def test_nobody_sets_out_on_another_word(kind: str) -> None:
    assert set(map(tuple, bodies(sms.acknowledgement_text("en", kind, own())))) == {()}


@pytest.mark.parametrize("kind", ["coming", "on_scene"])
def test_most_who_are_let_go_text_when_they_are_home(kind: str) -> None:
    given = bodies(sms.stand_down_text("en", kind, own(code="B")))
    assert {text for texts in given for text in texts} == {"B5"}
    assert 2400 < sum(map(bool, given)) < 2700


def test_a_reminder_moves_some_of_the_silent() -> None:
    given = bodies(sms.reminder_text("en", "silent", own(code="B")))
    assert {text for texts in given for text in texts} == {"B1", "B2"}
    assert 700 < sum(map(bool, given)) < 1100


def test_asked_where_they_are_most_are_there() -> None:
    given = bodies(sms.reminder_text("en", "overdue", own()))
    assert sum(texts == ["4"] for texts in given) > 1500
    assert sum(texts[:1] != [] and texts[0].startswith("1 ") for texts in given) > 400


def test_asked_whether_they_are_home_nearly_all_say_so() -> None:
    given = bodies(sms.reminder_text("en", "check_out", own()))
    assert {text for texts in given for text in texts} == {"5"}


@pytest.mark.parametrize("kind", sms.STAND_DOWNS)
def test_a_stand_down_changes_plans(kind: str) -> None:
    assert people.changes_plans(sms.stand_down_text("en", kind, own()))


def test_a_question_or_a_text_by_hand_does_not() -> None:
    assert not people.changes_plans(sms.question_text("en", [], "AL"))
    assert not people.changes_plans("Bring your own boots, and park behind the church.")


def test_replies_take_minutes_with_a_long_tail() -> None:
    delays = sorted(people.answers(1, phone, 1, ASKING, 1.0)[0].after_s for phone in PHONES)
    assert median(delays) == pytest.approx(people.MEDIAN_REPLY_S, rel=0.1)
    assert delays[int(0.9 * len(delays))] > 3 * median(delays)


def test_a_letter_is_used_in_the_answer() -> None:
    given = bodies("Second call-out. Reply B1 yes, B2 no.")
    assert all(texts[0][0] == "B" for texts in given if texts and "?" not in texts[0] and "me" not in texts[0])
    assert any(texts[0].startswith("B1") for texts in given if texts)


@pytest.mark.parametrize(
    "body",
    [
        "Thank you, you are no longer needed. Stay safe.",
        "You are in. Go to Gate 12, 2 km south, by 13:45. Write 4 when you are there, 2 if you cannot come.",
        "Training on 1.2.2027 at 21:00.",
    ],
)
def test_texts_that_ask_nothing_get_no_answer(body: str) -> None:
    assert people.asked_with(body) is None


@pytest.mark.parametrize("language", sms.LANGUAGES)
@pytest.mark.parametrize("code", ["", "B"])
@pytest.mark.parametrize("bring", ["", "boots"])
def test_every_text_of_ours_is_known_for_what_it_is(language: str, code: str, bring: str) -> None:
    values = own(code=code, bring=bring)
    question = sms.callout_text(language, values, None)
    assert people.asked_with(question) == code
    assert recognised(question) is None
    told = {
        **{
            f"acknowledgement.{kind}": sms.acknowledgement_text(language, kind, values)
            for kind in sms.ACKNOWLEDGEMENTS
        },
        **{f"stand_down.{kind}": sms.stand_down_text(language, kind, values) for kind in sms.STAND_DOWNS},
        **{f"reminder.{kind}": sms.reminder_text(language, kind, values) for kind in sms.REMINDERS},
    }
    for kind, body in told.items():
        found = recognised(body)
        assert found is not None, body
        assert found.kind == kind
        assert found.letter in (code, "")


@pytest.mark.parametrize("language", ["en", "it", "sq"])
def test_people_know_the_language_of_a_call(language: str) -> None:
    assert people.language_of("+306971234567", sms.callout_text(language, own(), None)) == language


@pytest.mark.parametrize(
    ("phone", "body", "language"),
    [
        ("+393471234567", "?", "it"),
        ("+355691234567", "?", "sq"),
        ("+306971234567", "?", "en"),
        ("+355691234567", "Terremoto. Rispondi 1 sì, 2 no.", "it"),
    ],
)
def test_people_answer_in_the_language_of_the_text_or_of_their_country(
    phone: str, body: str, language: str
) -> None:
    assert people.language_of(phone, body) == language


def test_few_texts_never_arrive_and_say_why() -> None:
    lost = [found for phone in PHONES if (found := people.delivery(1, phone, 1)).code]
    assert 20 < len(lost) < 120
    assert {found.code for found in lost} == {30003, 30005}
    assert {found.status for found in lost} == {"undelivered"}
