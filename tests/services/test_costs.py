"""What texts cost, by the country of the phone."""

from typing import Any

import pytest
from flask import Flask

from mobilize.services import costs
from tests.world import World


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"sms_prices": "AL=0.10,IT=0.05", "sms_currency": "EUR"}


def test_segments_are_priced_by_country_and_language(app: Flask, world: World) -> None:
    people = [
        world.volunteer("Arta", phone="+355692000101", language="sq"),
        world.volunteer("Ugo", phone="+393331234567", language="it"),
        world.volunteer("Hans", phone="+4915112345678", language="en"),
    ]
    found = costs.of([person.id for person in people], {"en": 1, "it": 2, "sq": 1})
    assert found == costs.Cost(0.2, "EUR", 1)


@pytest.mark.parametrize(
    ("phone", "country"), [("+3556", "AL"), ("+3933", "IT"), ("+1500", "US"), ("+999", "")]
)
def test_the_calling_code_tells_the_country(phone: str, country: str) -> None:
    assert costs.country_of(phone) == country
