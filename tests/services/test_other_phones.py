"""Whose answer a text from another phone is, and where the answer to it goes."""

import pytest

from mobilize.domain.vocabulary import Channel, Intent
from mobilize.extensions import db
from mobilize.models import InboundMessage, Recipient
from mobilize.services import callouts, other_phones
from mobilize.services.access import SYSTEM
from tests.world import World

STRANGER = "+4915112345678"


@pytest.fixture
def recipient(world: World) -> Recipient:
    world.volunteer()
    callouts.launch(SYSTEM, world.callout({"medic": 1}, with_link=True).id)
    return db.session.query(Recipient).one()


def text(body: str, from_phone: str = STRANGER, recipient_id: int | None = None) -> InboundMessage:
    return InboundMessage(
        body=body, from_phone=from_phone, channel=Channel.TEXT, raw={}, recipient_id=recipient_id
    )


def test_a_code_names_the_recipient_and_leaves_the_words(recipient: Recipient) -> None:
    claimed = other_phones.claimed(text(f"{recipient.link_code} 1 20"))
    assert claimed is not None
    assert (claimed.recipient, claimed.words) == (recipient, "1 20")


def test_what_a_coordinator_said_about_a_text_stands(recipient: Recipient) -> None:
    known = text(f"{recipient.link_code} 1 20")
    known.volunteer_id = recipient.volunteer_id + 1
    assert other_phones.claimed(known) is None


def test_the_phone_that_used_the_code_is_answered(recipient: Recipient) -> None:
    by_code = text(f"{recipient.link_code} 1", recipient_id=recipient.id)
    assert other_phones.number_for(by_code, recipient.volunteer) == STRANGER
    assert STRANGER in other_phones.told(by_code, recipient.volunteer, "is coming")


def test_a_text_that_a_coordinator_attached_is_answered_on_the_own_phone(recipient: Recipient) -> None:
    by_hand = text("yes, from my son's phone", recipient_id=recipient.id)
    assert other_phones.number_for(by_hand, recipient.volunteer) == recipient.volunteer.phone
    assert other_phones.told(by_hand, recipient.volunteer, "is coming") == "is coming"


@pytest.mark.parametrize(
    "intent", [Intent.OPT_OUT, Intent.OPT_IN, Intent.HELP, Intent.UNAVAILABLE, Intent.STATUS]
)
def test_a_code_speaks_of_its_call_alone(recipient: Recipient, intent: Intent) -> None:
    assert other_phones.Claimed(recipient, "").meaning(intent) is Intent.UNCLEAR
