"""A coordinator at the inbox while volunteers write."""

from typing import Any

from sqlalchemy import select

from mobilize.domain.vocabulary import CalloutStatus, Intent, RecipientState
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient
from mobilize.services import callouts, corrections, hand, inbox
from mobilize.services.access import SYSTEM
from mobilize.services.corrections import Reading

from .conftest import Person, Town


def _called(town: Town, medics: int = 1, **changes: Any) -> int:
    callout = town.world.callout({"medic": medics}, **changes)
    callouts.launch(SYSTEM, callout.id)
    return callout.id


def _last() -> int:
    return db.session.scalars(select(InboundMessage.id).order_by(InboundMessage.id.desc())).first() or 0


def _means(town: Town, intent: Intent, **more: object) -> None:
    """The coordinator says what the latest text means."""
    corrections.correct(SYSTEM, _last(), Reading(intent, **more))  # type: ignore[arg-type]
    town.works()


def _answers(town: Town, body: str) -> None:
    hand.reply(SYSTEM, _last(), body, "key-of-this-text")
    town.works()


def test_a_text_that_no_machine_understands_brings_her(town: Town) -> None:
    ana = town.person("Ana")
    callout = _called(town)

    ana.gets("AL")
    ana.replies("if my sister gets the kids I am with you by nine").gets("1", "2")
    _means(town, Intent.ACCEPT, eta_minutes=40)
    ana.gets("Port gate 3")
    assert town.board(callout).callout.status is CalloutStatus.FILLED
    assert town.board(callout).unclear == 0


def test_a_no_that_was_read_as_a_yes_brings_the_next(town: Town) -> None:
    ana, ben = town.person("Ana"), town.person("Ben", lat=41.45, lon=19.45)
    callout = _called(town)

    ana.gets("AL")
    ana.replies("1").gets("Port gate 3")
    ben.gets_nothing()
    _means(town, Intent.DECLINE)
    ana.gets("AL")
    ben.gets("AL").replies("1").gets("Port gate 3")
    assert town.board(callout).counts == {RecipientState.DECLINED: 1, RecipientState.ACCEPTED: 1}


def test_a_coordinator_answers_and_she_decides(town: Town) -> None:
    ana = town.person("Ana")
    callout = _called(town)

    ana.gets("AL")
    ana.replies("is the road open?").gets("1", "2")
    _answers(town, "Yes, by the old bridge.")
    ana.gets("old bridge").replies("1").gets("Port gate 3")
    assert town.board(callout).counts == {RecipientState.ACCEPTED: 1}


def test_a_yes_to_the_wrong_call_is_moved(town: Town) -> None:
    ana = town.person("Ana")
    first = _called(town)
    ana.gets("AL")
    second = _called(town, rendezvous="Airport")
    ana.gets("B1").replies("A1").gets("Port gate 3")

    places = {
        place.callout_id: place.id
        for place in db.session.scalars(select(Recipient).where(Recipient.volunteer_id == ana.id))
    }
    corrections.reassign(SYSTEM, _last(), places[second])
    town.works()
    ana.gets("Airport")
    assert town.board(first).counts == {RecipientState.ASKED: 1}
    assert town.board(second).counts == {RecipientState.ACCEPTED: 1}


def test_she_writes_from_her_sons_phone(town: Town) -> None:
    ana = town.person("Ana")
    callout = _called(town)
    ana.gets("AL")
    inbox.store_inbound(
        sid="IN-another-phone", from_phone="+355691112223", to_phone="+15550100", body="1 30", raw={}
    )
    town.works()
    assert town.board(callout).counts == {RecipientState.ASKED: 1}
    hand.link(SYSTEM, _last(), ana.id)
    town.works()
    ana.gets("Port gate 3")  # on her own phone
    assert town.board(callout).counts == {RecipientState.ACCEPTED: 1}


def test_a_stop_that_was_none_is_lifted(town: Town) -> None:
    ana = town.person("Ana")
    callout = _called(town)
    ana.gets("AL")
    ana.replies("1").gets("Port gate 3")
    ana.replies("take me off your list").gets_nothing()
    assert town.board(callout).counts == {RecipientState.DECLINED: 1}
    _means(town, Intent.UNCLEAR)
    _expect_question(ana)
    ana.gets("Port gate 3")  # her place is hers again
    assert town.board(callout).counts == {RecipientState.ACCEPTED: 1}


def _expect_question(who: Person) -> None:
    who.gets("1", "2")
