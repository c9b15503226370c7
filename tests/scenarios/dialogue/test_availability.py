"""Members say when they can be called; machines are not answered."""

import pytest

from mobilize.domain.vocabulary import CalloutMode, RecipientState
from mobilize.extensions import db
from mobilize.models import AuditEntry, InboundMessage, Volunteer
from mobilize.services import callouts
from mobilize.services.access import SYSTEM

from .conftest import Town


def _launch(town: Town, needs: dict[str, int], mode: CalloutMode = CalloutMode.PHASED) -> int:
    callout = town.world.callout(needs, mode=mode)
    callouts.launch(SYSTEM, callout.id)
    return callout.id


def _effect() -> str | None:
    return db.session.query(InboundMessage).order_by(InboundMessage.id.desc()).first().effect  # type: ignore[union-attr]


def test_off_for_three_days_and_on_again(town: Town) -> None:
    ana, ben = town.person("Ana"), town.person("Ben", lat=41.45)
    ana.replies("OFF 3d").gets("27 Nov")
    _launch(town, {"medic": 1})
    ana.gets_nothing()
    ben.gets("AL", "1").replies("2").gets("AL")
    ana.replies("STATUS").gets("until", "27 Nov")
    ana.replies("ON").gets("call you again")
    town.passes(minutes=2)
    ana.gets("AL", "1")
    actions = [entry.action for entry in db.session.query(AuditEntry).filter_by(subject="volunteer")]
    assert actions == ["volunteer.pause", "volunteer.resume"]


@pytest.mark.parametrize("text", ["OFF", "off", "Off."])
def test_off_without_an_end_lasts_until_on(town: Town, text: str) -> None:
    ana = town.person("Ana")
    ana.replies(text).gets("until you text ON")
    town.passes(minutes=60 * 24 * 100)
    _launch(town, {"medic": 1})
    ana.gets_nothing()
    ana.replies("status").gets("until you text ON")
    ana.replies("on").gets("call you again")
    ana.replies("on").gets("you can be called")


def test_off_during_a_call_is_a_no_to_it(town: Town) -> None:
    ana, ben = town.person("Ana"), town.person("Ben", lat=41.45)
    callout = _launch(town, {"medic": 1})
    ana.gets("AL", "1").replies("OFF 1 week").gets("1 Dec")
    ben.gets("AL", "1")
    assert town.board(callout).counts[RecipientState.DECLINED] == 1


def test_off_after_a_yes_leaves_the_place_to_a_person(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 1})
    ana.gets("AL", "1").replies("1").gets("Port gate 3")
    ana.replies("OFF 3d").gets("27 Nov")
    assert town.board(callout).counts == {RecipientState.ACCEPTED: 1}
    assert "please ask" in (_effect() or "")


@pytest.mark.parametrize(
    ("language", "text", "answer"),
    [
        ("it", "ASSENTE 3 giorni", "27 nov"),
        ("fr", "ABSENT 3 jours", "27"),
        ("de", "ABWESEND bis Freitag", "27"),
        ("es", "AUSENTE 3 dias", "27"),
        ("sq", "OFF 3 dite", "27"),
    ],
)
def test_in_the_own_language(town: Town, language: str, text: str, answer: str) -> None:
    town.person("Ana", language=language).replies(text).gets(answer)


def test_a_pause_of_years_ends_after_one(town: Town) -> None:
    ana = town.person("Ana")
    ana.replies("OFF 900 days").gets("25 Nov")
    until = db.session.get_one(Volunteer, ana.id).snoozed_until
    assert until is not None
    assert (until - town.clock.now()).days == 366


def test_a_driving_phone_is_no_answer(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 1})
    ana.gets("AL", "1")
    ana.replies("I'm driving with Do Not Disturb While Driving turned on. I'll see your message later.")
    ana.gets_nothing()
    assert town.board(callout).counts == {RecipientState.ASKED: 1}
    assert "automatic" in (_effect() or "")


def test_our_own_text_sent_back_is_no_answer(town: Town) -> None:
    ana = town.person("Ana")
    callout = _launch(town, {"medic": 1})
    ana.gets("AL", "1")
    ana.replies("Fwd: " + town.carrier.ledger[-1].body)
    ana.gets_nothing()
    assert town.board(callout).counts == {RecipientState.ASKED: 1}


def test_a_machine_that_repeats_itself_is_answered_no_more(town: Town) -> None:
    ana = town.person("Ana")
    _launch(town, {"medic": 1})
    ana.gets("AL", "1")
    refusal = "I cannot come, sorry."
    ana.replies(refusal).gets("AL")
    ana.replies(refusal).gets("AL")
    ana.replies(refusal).gets_nothing()


def test_the_cap_on_answers_keeps_no_rendezvous_back(town: Town) -> None:
    ana = town.person("Ana")
    for _ in range(6):
        ana.replies("STATUS").gets("you can be called")
    ana.replies("STATUS").gets_nothing()
    assert "limit" in (_effect() or "")
    _launch(town, {"medic": 1})
    ana.gets("AL", "1").replies("1").gets("Port gate 3")


def test_an_unknown_number_gets_no_answer(town: Town) -> None:
    _launch(town, {"medic": 1})
    stranger = town.person("Ana", phone="+355692099999")
    town.world.section()
    stranger.phone = "+355692088888"
    for text in ("1", "yes", "STOP", "who is this?"):
        stranger.replies(text).gets_nothing()
