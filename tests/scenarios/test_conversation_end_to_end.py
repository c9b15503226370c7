"""The dialogue with volunteers, the link and the inbox, through Twilio's client and real HTTP, on the double.

What each answer does in every case is told in ``dialogue/``; here one dialogue of each sort goes all the way.
"""

import re
from typing import Any

import pytest
import requests
from flask import Flask
from sqlalchemy import select

from mobilize.domain.vocabulary import (
    AlarmKind,
    CalloutMode,
    CalloutStatus,
    Channel,
    Intent,
    RecipientState,
    Whereabouts,
)
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import InboundMessage, Volunteer
from mobilize.services import board, callouts
from mobilize.services.access import SYSTEM
from mobilize.services.board_people import RecipientRow
from mobilize.services.ports import FastForwardClock
from mobilize.services.standing import standing_alarms
from tests.twilio_double.process import Double
from tests.twilio_double.serving import twilio_settings
from tests.world import World

HOURS = 60
FRIENDS = "+355692088888"


@pytest.fixture
def settings_overrides(double: Double, public_url: str) -> dict[str, Any]:
    # The clock stands still between the lines of a dialogue, so pace must not matter.
    fast = {"sender_rates": "us_long_code=100000"}
    return twilio_settings(double, public_url) | fast | {"twilio_timeout_seconds": 2}


class Town:
    """The engine, the double, and the service's own address."""

    def __init__(self, world: World, double: Double, clock: FastForwardClock, url: str) -> None:
        self.world, self.double, self.url, self._clock = world, double, url, clock
        double.turn(inbound_url=f"{url}/hooks/twilio/inbound")
        world.people_answer()  # so that a callout asks no more than it needs
        self._tell_the_time()

    def launch(self, needs: dict[str, int] | None = None, **changes: Any) -> int:
        callout = self.world.callout(needs, **changes).id
        callouts.launch(SYSTEM, callout)
        self.settle()
        return callout

    def stands_down(self, callout: int) -> None:
        callouts.stand_down(SYSTEM, callout)
        self.settle()

    def passes(self, minutes: float) -> None:
        self._clock.advance(minutes=minutes)
        self._tell_the_time()
        self.settle()

    def posts(self, path: str, sent: dict[str, Any], headers: dict[str, str], status: int) -> None:
        """A coordinator's program asks for something."""
        db.session.remove()
        answer = requests.post(self.url + path, json=sent, headers=headers, timeout=10)
        assert answer.status_code == status, answer.text
        self.settle()

    def settle(self) -> None:
        """Let the engine and the double answer each other until both are still."""
        db.session.remove()  # on SQLite an open transaction would keep others waiting
        while ticks.run_once():
            db.session.remove()
            self.double.wait_until_quiet()

    def board(self, callout: int) -> board.Board:
        return board.board(SYSTEM, callout)

    def alarms(self) -> list[str]:
        return [alarm.detail for alarm in standing_alarms(SYSTEM) if alarm.kind is AlarmKind.CHECK_OUT_OVERDUE]

    def _tell_the_time(self) -> None:
        self.double.turn(now=self._clock.now().isoformat())


class Phone:
    """A phone at the double: the texts that it got, its keys, and a browser for links."""

    def __init__(self, town: Town, number: str) -> None:
        self._town, self.number, self._read = town, number, 0

    def gets(self, *words: str) -> str:
        """The next unread text contains these words."""
        unread = self._unread()
        assert unread, f"{self.number} got no text; expected one with {words}"
        self._read += 1
        for word in words:
            assert word.lower() in unread[0].lower(), f"{word!r} is not in {unread[0]!r}"
        return unread[0]

    def gets_nothing(self) -> None:
        assert self._unread() == []

    def types(self, body: str) -> "Phone":
        db.session.remove()
        assert self._town.double.type(self.number, body)["webhook_status"] == 200
        self._town.settle()
        return self

    def opens(self, link: str) -> str:
        db.session.remove()
        answer = requests.get(link, timeout=10)
        assert answer.status_code == 200
        return answer.text

    def presses(self, link: str, name: str, **fields: str) -> str:
        """Press a button of the page; returns the page that follows."""
        token = re.search(r'name="token" value="([^"]+)"', self.opens(link))
        assert token is not None
        answer = requests.post(link, data={"token": token[1], name: "x", **fields}, timeout=10)
        assert answer.status_code == 200  # after the way back to the page
        self._town.settle()
        return answer.text

    def row(self, callout: int) -> RecipientRow:
        return next(row for row in self._town.board(callout).recipients if row.phone == self.number)

    def _unread(self) -> list[str]:
        texts = [text["body"] for text in self._town.double.ledger() if text["to"] == self.number]
        return texts[self._read :]


@pytest.fixture
def town(served: Flask, world: World, double: Double, clock: FastForwardClock, public_url: str) -> Town:
    return Town(world, double, clock, public_url)


def person(town: Town, name: str, **details: Any) -> Phone:
    return Phone(town, town.world.volunteer(name, **details).phone)


def link_in(text: str) -> str:
    found = re.search(r"http://\S+/c/\w+", text)
    assert found is not None
    return found[0]


def latest() -> InboundMessage:
    return db.session.scalars(select(InboundMessage).order_by(InboundMessage.id.desc()).limit(1)).one()


def test_from_a_question_back_until_everybody_is_home(town: Town) -> None:
    ana, ben = person(town, "Ana"), person(town, "Ben")
    callout = town.launch({"medic": 2}, mode=CalloutMode.EVERYONE, with_link=True, bring="helmet, boots")
    links = [link_in(phone.gets("AL", "1", "2")) for phone in (ana, ben)]
    assert links[0] != links[1]
    for phone, link in zip((ana, ben), links, strict=True):
        assert "Port gate 3" not in phone.opens(link)
    assert not any("Port gate 3" in text["body"] or "helmet" in text["body"] for text in town.double.ledger())

    ana.types("qwerty").gets("did not understand", "1 yes")
    ana.types("yes, 25 minutes").gets("Port gate 3", "helmet, boots")
    seen = ana.row(callout)
    assert (seen.state, seen.eta_at is not None) == (RecipientState.ACCEPTED, True)
    assert "Port gate 3" in ben.presses(links[1], "yes", minutes="30")
    ben.gets("Port gate 3")
    assert latest().channel is Channel.LINK
    assert town.board(callout).callout.status is CalloutStatus.FILLED

    ana.types("on my way").gets("on your way")
    assert ana.row(callout).whereabouts is Whereabouts.ON_THE_WAY
    town.passes(minutes=20)
    ana.types("4").gets("arrived", "5")
    assert ana.row(callout).whereabouts is Whereabouts.ON_SCENE

    town.stands_down(callout)
    ana.gets("the call is over", "go home safely")
    ben.gets("turn back safely")
    town.passes(minutes=30)
    ana.types("I'm home").gets("out of the field")
    ben.presses(links[1], "home")
    assert [phone.row(callout).whereabouts for phone in (ana, ben)] == [Whereabouts.HOME] * 2
    town.passes(minutes=24 * HOURS)
    ana.gets_nothing()
    ben.gets_nothing()
    assert town.alarms() == []


def test_a_coordinator_corrects_what_no_machine_understood(town: Town) -> None:
    lead = town.world.token(town.world.account())
    ana = person(town, "Ana")
    callout = town.launch()
    ana.gets("AL")
    ana.types("if my sister gets the kids I am with you by nine").gets("did not understand")
    text = latest().id

    inbound = f"/api/v1/inbox/{text}"
    for _ in range(2):  # pressed twice
        town.posts(f"{inbound}/correct", {"intent": "accept", "eta_minutes": 40}, lead, 200)
    ana.gets("Port gate 3")
    ana.gets_nothing()
    assert town.board(callout).callout.status is CalloutStatus.FILLED

    town.posts(f"{inbound}/correct", {"intent": "decline"}, lead, 200)
    ana.gets("do not expect you")
    assert town.board(callout).callout.status is CalloutStatus.ASKING
    assert (latest().machine_intent, latest().intent) == (Intent.UNCLEAR, Intent.DECLINE)

    for _ in range(2):
        town.posts(f"{inbound}/reply", {"body": "Call me on 112", "key": "reply-to-ana"}, lead, 201)
    ana.gets("Call me on 112")
    ana.gets_nothing()


def test_a_withdrawal_asks_the_next_who_is_reminded_and_then_missed(town: Town) -> None:
    ana, ben = person(town, "Ana"), person(town, "Ben", lat=41.45, lon=19.45)
    callout = town.launch()
    ana.gets("AL")
    ana.types("1").gets("Port gate 3")
    ana.types("2").gets("we ask somebody else")
    ben.gets("AL")
    town.passes(minutes=10)
    ben.gets("no answer from you")
    ben.types("1 20").gets("Port gate 3")
    ben.types("1 45").gets("we expect you at", "10:55")
    town.passes(minutes=60)
    ben.gets("we expected you at")
    ben.types("4").gets("arrived")
    town.stands_down(callout)
    ben.gets("go home safely")
    ana.types("1").gets("this call is over")
    town.passes(minutes=2 * HOURS)
    ben.gets("home safely")
    town.passes(minutes=30)
    assert [alarm[:8] for alarm in town.alarms()] == ["Ben Test"]
    ben.types("5").gets("out of the field")
    assert town.alarms() == []


def test_two_calls_a_borrowed_phone_machines_and_strangers(town: Town) -> None:
    ana, friend = person(town, "Ana"), Phone(town, FRIENDS)
    first = town.launch({"medic": 2})
    call = ana.gets("AL")
    second = town.launch({"medic": 2}, with_link=True)
    code = link_in(ana.gets("B1")).rpartition("/")[2]
    ana.types("1").gets("Which call", "A1", "B1")
    ana.types("A2").gets("AL")
    friend.types("1").gets_nothing()  # nobody knows this number
    friend.types(f"{code} 1 30").gets("Port gate 3")
    assert ana.row(first).state is RecipientState.DECLINED
    assert ana.row(second).state is RecipientState.ACCEPTED
    assert FRIENDS in (latest().effect or "")
    for machine in (call, "I'm driving with Do Not Disturb While Driving turned on."):
        ana.types(machine).gets_nothing()
    assert ana.row(second).state is RecipientState.ACCEPTED


def test_availability_and_the_end_of_all_texts(town: Town) -> None:
    ana = person(town, "Ana")
    ana.types("OFF 3d").gets("AL")
    town.launch()
    ana.gets_nothing()
    ana.types("STATUS").gets("AL")
    ana.types("ON").gets("AL")
    town.launch()
    ana.gets("Needed")
    ana.types("take me off your list").gets_nothing()
    opted_out = select(Volunteer.opted_out_at).where(Volunteer.phone == ana.number)
    assert db.session.scalar(opted_out) is not None
    ana.types("STATUS").gets_nothing()
    town.launch()
    ana.gets_nothing()
