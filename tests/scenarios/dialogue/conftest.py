"""A town of phones, for scenarios that read as dialogue.

The carrier here is a perfect one, in memory; what real carriers do wrong is tested elsewhere. Every
text must be expected: one that nobody read fails the scenario at its end.
"""

import itertools
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest
from flask import Flask

from mobilize import create_app
from mobilize.domain.delivery import Accepted, OutboundText, ProviderRecord, ReceivedRecord
from mobilize.engine import ticks
from mobilize.extensions import db
from mobilize.models import Callout, Volunteer
from mobilize.services import inbox, receipts
from mobilize.services.access import SYSTEM
from mobilize.services.board import Board, board
from mobilize.services.ports import Done, FastForwardClock
from tests.conftest import make_settings
from tests.drift import assert_no_drift
from tests.world import World


class Carrier:
    """Takes every text at once and remembers it."""

    name = "carrier"
    senders: Sequence[str] = ("+15550100",)

    def __init__(self, clock: FastForwardClock) -> None:
        self._clock = clock
        self._numbers = itertools.count(1)
        self.ledger: list[ProviderRecord] = []
        self.unread: dict[str, list[tuple[str, int]]] = {}

    def send(self, texts: Sequence[OutboundText], done: Done) -> None:
        for text in texts:
            sid = f"SM{next(self._numbers):032d}"
            self.ledger.append(ProviderRecord(sid, text.to, text.body, "sent", None, self._clock.now()))
            self.unread.setdefault(text.to, []).append((text.body, text.message_id))
            done(text, Accepted(sid))

    def find(self, phones: Mapping[str, datetime]) -> dict[str, list[ProviderRecord]]:
        return {
            to: [r for r in self.ledger if r.to == to and r.created_at >= since] for to, since in phones.items()
        }

    def fetch(self, sids: Collection[str]) -> dict[str, ProviderRecord]:
        return {r.sid: r for r in self.ledger if r.sid in sids}

    def received(self, since: datetime) -> list[ReceivedRecord]:
        return []

    def close(self) -> None:
        """Nothing is open."""


class Person:
    """A volunteer with a phone in hand."""

    _texts = itertools.count(1)

    def __init__(self, town: "Town", volunteer: Volunteer) -> None:
        self._town = town
        self.id = volunteer.id
        self.phone = volunteer.phone

    def gets(self, *words: str) -> "Person":
        """The next unread text contains these words."""
        self._town.works()
        waiting = self._town.carrier.unread.get(self.phone, [])
        assert waiting, f"{self.phone} got no text; expected one with {words}"
        body, _ = waiting.pop(0)
        for word in words:
            assert word.lower() in body.lower(), f"{word!r} is not in {body!r}"
        return self

    def gets_nothing(self) -> "Person":
        self._town.works()
        waiting = self._town.carrier.unread.get(self.phone, [])
        assert not waiting, f"{self.phone} got {waiting[0][0]!r}"
        return self

    def types(self, body: str) -> "Person":
        """Sends a text that the engine has not read yet."""
        inbox.store_inbound(
            sid=f"IN{next(self._texts):032d}", from_phone=self.phone, to_phone="+15550100", body=body, raw={}
        )
        return self

    def replies(self, body: str) -> "Person":
        self.types(body)
        self._town.works()
        return self


class Town:
    """The clock, the carrier, and everyone in the scenario."""

    def __init__(self, clock: FastForwardClock, carrier: Carrier, world: World) -> None:
        self.clock, self.carrier, self.world = clock, carrier, world

    def person(self, name: str, **details: Any) -> Person:
        return Person(self, self.world.volunteer(name, **details))

    def works(self) -> None:
        """The engine does all that is due now."""
        while ticks.run_once():
            pass

    def passes(self, *, minutes: float) -> None:
        self.clock.advance(minutes=minutes)
        self.works()

    def board(self, callout: Callout | int) -> Board:
        return board(SYSTEM, callout if isinstance(callout, int) else callout.id)

    def delivers_everything(self) -> None:
        """The carrier confirms every text so far."""
        for number, record in enumerate(self.carrier.ledger):
            receipts.store_status(sid=record.sid, status="delivered", error_code=None, message_id=None)
            self.carrier.ledger[number] = record
        self.works()

    def unread(self) -> dict[str, list[str]]:
        return {phone: [body for body, _ in texts] for phone, texts in self.carrier.unread.items() if texts}


@pytest.fixture
def carrier(clock: FastForwardClock) -> Carrier:
    return Carrier(clock)


@pytest.fixture
def app(
    database_url: str, clock: FastForwardClock, carrier: Carrier, settings_overrides: dict[str, Any]
) -> Iterator[Flask]:
    # The clock stands still between the lines of a dialogue, so pace must not matter.
    usual = {"sender_rates": "us_long_code=1000"}
    settings = make_settings(database_url=database_url, **(usual | settings_overrides))
    app = create_app(settings, clock=clock, gateways=[carrier])
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def town(app: Flask, clock: FastForwardClock, carrier: Carrier, world: World) -> Iterator[Town]:
    # People here nearly always come, so that a callout asks no more than it needs.
    for drill in (False, True):
        world.people_answer(drill=drill)
    town = Town(clock, carrier, world)
    yield town
    assert not town.unread(), "texts that nobody expected"
    assert_no_drift()
