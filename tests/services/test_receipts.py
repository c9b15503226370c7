"""Delivery reports: late, twice, out of order, early, about nothing we know."""

import pytest
from sqlalchemy import select

from mobilize.domain.delivery import MessageState
from mobilize.domain.vocabulary import RecipientState
from mobilize.extensions import db
from mobilize.models import Message, Recipient, StatusCallback
from mobilize.services import callouts, receipts
from mobilize.services.access import SYSTEM
from mobilize.services.ports import FastForwardClock
from tests.world import World


@pytest.fixture
def message(world: World) -> Message:
    """A call-out that the provider has taken as SM1."""
    world.volunteer()
    callouts.launch(SYSTEM, world.callout({"medic": 1}).id)
    message = db.session.scalars(select(Message)).one()
    message.state, message.sid, message.attempt = MessageState.ACCEPTED, "SM1", 1
    db.session.commit()
    return message


def _report(
    status: str, sid: str = "SM1", error_code: int | None = None, message_id: int | None = None
) -> bool:
    return receipts.store_status(sid=sid, status=status, error_code=error_code, message_id=message_id)


def test_a_repeated_report_counts_once(message: Message) -> None:
    assert _report("sent")
    assert not _report("sent")


def test_order_does_not_matter(message: Message) -> None:
    _report("delivered")
    _report("sent")
    receipts.apply_pending()
    db.session.refresh(message)
    assert message.state is MessageState.DELIVERED


def test_a_text_that_did_not_arrive_did_not_ask_anyone(message: Message) -> None:
    _report("undelivered", error_code=30007)
    receipts.apply_pending()
    db.session.refresh(message)
    assert (message.state, message.error_code) == (MessageState.UNDELIVERED, 30007)
    assert db.session.scalars(select(Recipient.state)).one() is RecipientState.UNREACHABLE


def test_a_report_before_its_send_was_recorded_waits(message: Message) -> None:
    message.sid = None
    db.session.commit()
    _report("delivered")
    assert receipts.apply_pending() == 0
    message.sid = "SM1"
    db.session.commit()
    assert receipts.apply_pending() == 1


def test_a_report_about_an_unknown_text_is_set_aside_in_time(message: Message, clock: FastForwardClock) -> None:
    _report("sent", sid="SM404")
    clock.advance(minutes=11)
    assert receipts.apply_pending() == 1
    assert db.session.scalars(select(StatusCallback.outcome)).one() == "no such text"


def test_a_second_identifier_for_one_text_is_noticed(message: Message) -> None:
    _report("sent", sid="SM2", message_id=message.id)
    receipts.apply_pending()
    db.session.refresh(message)
    assert message.sid == "SM1"
    assert db.session.scalars(select(StatusCallback.outcome)).one() == receipts.SECOND_COPY


def test_a_late_receipt_undoes_the_report_of_failure(message: Message) -> None:
    _report("undelivered", error_code=30007)
    receipts.apply_pending()
    _report("delivered")
    receipts.apply_pending()
    db.session.expire_all()
    assert db.session.scalars(select(Recipient.state)).one() is RecipientState.ASKED


def test_reports_about_unknown_texts_hold_up_no_other(message: Message) -> None:
    for number in range(20):
        _report("sent", sid=f"SM-other-{number}")
    _report("delivered")
    assert receipts.apply_pending(limit=5) == 1
