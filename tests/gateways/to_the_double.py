"""Twilio gateways that take the double for Twilio, and texts for them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mobilize.domain.delivery import OutboundText, SendOutcome
from mobilize.gateways.twilio import TwilioGateway
from mobilize.gateways.twilio_account import accounts_of
from mobilize.services.ports import SystemClock
from tests.conftest import make_settings
from tests.twilio_double.process import NUMBER, Double
from tests.twilio_double.serving import twilio_settings

from .sending import NEVER_TOO_LATE, send_all

PHONE = "+355692000001"
SERVICE = "MG" + "0" * 32

Make = Callable[..., TwilioGateway]


@pytest.fixture
def make(double: Double) -> Iterator[Make]:
    """A gateway to the double, with other settings if need be."""
    double.turn(callbacks=False)
    made: list[TwilioGateway] = []

    def make_gateway(name: str = "twilio", **changes: Any) -> TwilioGateway:
        usual = twilio_settings(double, "https://help.example.org") | {"twilio_timeout_seconds": 5}
        settings = make_settings(**(usual | changes))
        made.append(TwilioGateway(settings, accounts_of(settings)[name], SystemClock()))
        return made[-1]

    yield make_gateway
    for gateway in made:
        gateway.close()


def make_text(
    number: int, sender: str = NUMBER, to: str = PHONE, body: str = "Come", validity_s: int = 600
) -> OutboundText:
    return OutboundText(number, to, body, sender, validity_s, 1, NEVER_TOO_LATE)


def make_texts(count: int) -> list[OutboundText]:
    return [make_text(number, body=f"Text {number}") for number in range(1, count + 1)]


def send(gateway: TwilioGateway, to: str = PHONE, *, validity_s: int = 600, body: str = "Come") -> SendOutcome:
    ((_, outcome),) = send_all(gateway, [make_text(42, gateway.senders[0], to, body, validity_s)])
    return outcome
