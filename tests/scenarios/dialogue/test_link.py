"""The link and its code, as volunteers and coordinators experience them."""

import re
from datetime import timedelta
from typing import Any

from flask import current_app
from sqlalchemy import select

from mobilize.domain.vocabulary import CalloutMode, CalloutStatus, MembershipStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import InboundMessage, Message, Recipient, Volunteer
from mobilize.services import callouts
from mobilize.services.access import SYSTEM

from .conftest import Person, Town

STRANGER = "+4915112345678"


def launch(town: Town, needs: dict[str, int], **changes: Any) -> int:
    callout = town.world.callout(needs, **({"with_link": True} | changes))
    callouts.launch(SYSTEM, callout.id)
    return callout.id


def code_of(person: Person) -> str:
    code = db.session.scalars(select(Recipient.link_code).where(Recipient.volunteer_id == person.id)).one()
    assert code
    return code


def presses(town: Town, person: Person, name: str, **fields: str) -> str:
    """Press a button on the page; returns what the page shows then."""
    path = f"/c/{code_of(person)}"
    client = current_app.test_client()
    token = re.search(r'name="token" value="([^"]+)"', client.get(path).text)
    assert token
    shown = client.post(path, data={"token": token[1], name: "x", **fields}, follow_redirects=True).text
    town.works()
    return shown


def stranger(town: Town) -> Person:
    """A phone that nobody knows."""
    person = town.person("Zed", skills=[])
    person.phone = STRANGER
    return person


def effects() -> list[str]:
    return [e or "" for e in db.session.scalars(select(InboundMessage.effect).order_by(InboundMessage.id))]


def test_a_yes_on_the_page_shows_the_rendezvous_and_texts_it(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL", "/c/" + code_of(ana))
    assert "Port gate 3" in presses(town, ana, "yes", minutes="20")
    ana.gets("Port gate 3")
    seen = town.board(callout)
    assert seen.callout.status is CalloutStatus.FILLED
    assert seen.recipients[0].eta_at == town.clock.now() + timedelta(minutes=20)
    assert seen.latest_inbound[0].body == "1 20"


def test_a_no_on_the_page_brings_the_next_wave_and_no_text(town: Town) -> None:
    ana = town.person("Ana")
    ben = town.person("Ben", lat=41.45, lon=19.45)
    launch(town, {"medic": 1})
    ana.gets("AL")
    assert "You said no" in presses(town, ana, "no")
    ana.gets_nothing()
    ben.gets("AL")


def test_page_and_text_are_one_conversation(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL")
    presses(town, ana, "limited")
    ana.replies("1 10").gets("Port gate 3")
    presses(town, ana, "arrived")
    ana.gets_nothing()
    assert town.board(callout).counts == {RecipientState.ARRIVED: 1}


def test_of_two_calls_each_link_answers_its_own(town: Town) -> None:
    ana = town.person("Ana")
    first = launch(town, {"medic": 2})
    ana.gets("AL")
    second = launch(town, {"medic": 2}, with_link=False)
    ana.gets("B1")
    found = db.session.scalars(select(Recipient).where(Recipient.link_code.is_not(None))).one()
    client = current_app.test_client()
    token = re.search(r'name="token" value="([^"]+)"', client.get(f"/c/{found.link_code}").text)
    assert token
    client.post(f"/c/{found.link_code}", data={"token": token[1], "yes": "x"})
    ana.gets("Port gate 3")
    assert town.board(first).counts == {RecipientState.ACCEPTED: 1}
    assert town.board(second).counts == {RecipientState.ASKED: 1}


def test_who_withdraws_on_the_page_is_replaced(town: Town) -> None:
    ana, ben = town.person("Ana"), town.person("Ben", lat=41.45)
    launch(town, {"medic": 1}, mode=CalloutMode.ONE_BY_ONE)
    ana.gets("AL")
    presses(town, ana, "yes")
    ana.gets("Port gate 3")
    presses(town, ana, "no")
    ben.gets("AL")
    ana.gets_nothing()


def test_the_code_claims_an_answer_from_another_phone(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL")
    stranger(town).replies(f"{code_of(ana)} 1 20").gets("Port gate 3")
    ana.gets_nothing()
    seen = town.board(callout)
    assert seen.recipients[0].state is RecipientState.ACCEPTED
    assert seen.recipients[0].eta_at == town.clock.now() + timedelta(minutes=20)
    assert effects() == [f"is coming (from {STRANGER}, by the code of the link)"]


def test_the_code_may_come_last_or_as_the_whole_link(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL")
    other = stranger(town)
    other.replies(f"1 {code_of(ana).lower()}").gets("Port gate 3")
    other.replies(f"http://127.0.0.1:8000/c/{code_of(ana)} 4").gets("AL")
    assert town.board(callout).counts == {RecipientState.ARRIVED: 1}


def test_a_wrong_code_gets_no_answer(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL")
    other = stranger(town)
    other.replies("K7Q2M9XWPT4N 1 20").gets_nothing()
    other.replies(f"{code_of(ana)[:-1]} 1").gets_nothing()
    assert town.board(callout).counts == {RecipientState.ASKED: 1}


def test_the_code_wins_over_the_phone_that_it_comes_from(town: Town) -> None:
    """Ben texts for Ana, whose phone is dead, while he has a call of his own."""
    ana, ben = town.person("Ana"), town.person("Ben")
    callout = launch(town, {"medic": 2}, mode=CalloutMode.EVERYONE)
    ana.gets("AL")
    ben.gets("AL").replies(f"{code_of(ana)} 1 30").gets("Port gate 3")
    ana.gets_nothing()
    states = {row.name: row.state for row in town.board(callout).recipients}
    assert states == {"Ana Test": RecipientState.ACCEPTED, "Ben Test": RecipientState.ASKED}
    ben.replies("2").gets("AL")
    assert effects()[1] == "is not coming"


def test_a_code_answers_its_call_and_does_nothing_else(town: Town) -> None:
    """Whoever holds a code cannot silence its owner."""
    ana = town.person("Ana")
    launch(town, {"medic": 1})
    ana.gets("AL")
    stranger(town).replies(f"{code_of(ana)} STOP").gets("1")  # asked back, once
    assert db.session.get_one(Volunteer, ana.id).opted_out_at is None


def test_a_code_without_an_answer_is_asked_back_once(town: Town) -> None:
    ana = town.person("Ana")
    launch(town, {"medic": 1})
    ana.gets("AL")
    other = stranger(town)
    other.replies(code_of(ana)).gets("1")
    other.replies(code_of(ana)).gets_nothing()


def test_another_phone_that_is_a_machine_comes_to_an_end(town: Town) -> None:
    ana = town.person("Ana")
    launch(town, {"medic": 2})
    ana.gets("AL")
    other = stranger(town)
    for n in range(20):
        other.replies(f"{code_of(ana)} {1 + n % 2}")
    answered = len(town.unread()[STRANGER])
    town.carrier.unread.clear()
    assert answered <= 6


def test_a_name_that_writes_with_a_code_is_heard_but_not_answered(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL")
    other = stranger(town)
    other.phone = "CIVILPROT"
    other.replies(f"{code_of(ana)} 2")
    assert town.board(callout).counts == {RecipientState.DECLINED: 1}
    assert db.session.query(Message).filter_by(to_phone="CIVILPROT").count() == 0


def test_the_code_of_who_was_suspended_claims_nothing(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL")
    db.session.get_one(Volunteer, ana.id).status = MembershipStatus.SUSPENDED
    db.session.commit()
    stranger(town).replies(f"{code_of(ana)} 1").gets_nothing()
    assert town.board(callout).counts == {RecipientState.ASKED: 1}


def test_an_expired_code_claims_nothing(town: Town) -> None:
    ana = town.person("Ana")
    callout = launch(town, {"medic": 1})
    ana.gets("AL")
    callouts.stand_down(SYSTEM, callout)
    ana.gets("AL")
    town.passes(minutes=60 * 24 * 3)
    stranger(town).replies(f"{code_of(ana)} 1").gets_nothing()


def test_an_opt_out_of_the_other_phone_is_not_the_owners(town: Town) -> None:
    """The carrier refuses a text to the other phone; the owner may still be texted."""
    from mobilize.domain.delivery import Cause, ErrorClass, MessageState, Refused
    from mobilize.services import failures

    ana = town.person("Ana")
    launch(town, {"medic": 1})
    ana.gets("AL")
    stranger(town).replies(f"{code_of(ana)} 1").gets("Port gate 3")
    message = db.session.scalars(select(Message).where(Message.to_phone == STRANGER)).one()
    refused = Refused(ErrorClass.CONSENT, 21610, "opted out")
    failures.settle(message, MessageState.UNDELIVERED, refused, Cause.CALLBACK)
    assert db.session.get_one(Volunteer, ana.id).opted_out_at is None
    db.session.rollback()
