"""What a coordinator does about a text by hand: answer, say whose it is, settle."""

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.errors import Conflict, InvalidInput, NotFound
from mobilize.domain.sms import drill_mark
from mobilize.domain.vocabulary import AccountRole, Intent, MessageKind, PhoneStatus, RecipientState
from mobilize.extensions import db
from mobilize.models import AuditEntry, InboundMessage, Volunteer
from mobilize.services import access, hand, inbox_views
from mobilize.services.access import SYSTEM, Viewer
from mobilize.services.inbox_views import Shelf, Wish
from mobilize.services.outbox import Priority
from mobilize.services.ports import FastForwardClock
from tests.world import World

from .conversing import launched, place_of, says, texts_to

KEY = "0123-4567-89ab"


@pytest.fixture
def ana(world: World) -> Volunteer:
    return world.volunteer("Ana")


@pytest.fixture
def lead(world: World) -> Viewer:
    return access.viewer_of(world.account(AccountRole.COORDINATOR))


@pytest.fixture
def text(world: World, ana: Volunteer) -> InboundMessage:
    launched(world)
    return says(ana, "where exactly?")


def actions() -> list[str]:
    return list(db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


# --- answering ---------------------------------------------------------------------------------


def test_an_answer_goes_out_first_and_belongs_to_the_callout(
    text: InboundMessage, ana: Volunteer, lead: Viewer
) -> None:
    sent = hand.reply(lead, text.id, "  Behind the port office.\n", KEY)
    assert (sent.kind, sent.priority, sent.body) == (
        MessageKind.BY_HAND,
        Priority.URGENT,
        "Behind the port office.",
    )
    assert (sent.to_phone, sent.recipient_id) == (ana.phone, place_of(ana).id)
    assert text.settled_at is not None
    assert actions()[-1] == "inbound.reply"


def test_the_same_form_sent_twice_sends_one_text(text: InboundMessage, ana: Volunteer, lead: Viewer) -> None:
    first = hand.reply(lead, text.id, "Gate 3", KEY)
    assert hand.reply(lead, text.id, "Gate 3", KEY).id == first.id
    assert texts_to(ana, MessageKind.BY_HAND) == ["Gate 3"]
    hand.reply(lead, text.id, "Gate 3", "another-key")
    assert len(texts_to(ana, MessageKind.BY_HAND)) == 2


@pytest.mark.parametrize(
    ("body", "key", "field"), [(" ", KEY, "body"), ("x" * 460, KEY, "body"), ("x", "a:b", "key")]
)
def test_what_cannot_be_sent(text: InboundMessage, lead: Viewer, body: str, key: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        hand.reply(lead, text.id, body, key)
    assert list(refusal.value.errors) == [field]


def test_three_segments_can_be_sent(text: InboundMessage, lead: Viewer) -> None:
    assert hand.reply(lead, text.id, "x" * 459, KEY).segments == 3


def test_in_a_drill_every_text_says_so(world: World, ana: Volunteer, lead: Viewer) -> None:
    launched(world, emergency=world.emergency(drill=True))
    text = says(ana, "is the road open?")
    mark = drill_mark("en")
    assert hand.reply(lead, text.id, "Gate 3", KEY).body == f"{mark}Gate 3"
    assert hand.reply(lead, text.id, f"{mark}Gate 4", "another-key").body == f"{mark}Gate 4"


def test_a_landline_gets_no_text(text: InboundMessage, ana: Volunteer, lead: Viewer) -> None:
    ana.phone_status = PhoneStatus.LANDLINE
    db.session.commit()
    with pytest.raises(Conflict, match="landline"):
        hand.reply(lead, text.id, "Please!", KEY)


def test_who_opted_out_gets_no_text(text: InboundMessage, ana: Volunteer, lead: Viewer) -> None:
    says(ana, "stop")
    with pytest.raises(Conflict, match="Ana Test has opted out"):
        hand.reply(lead, text.id, "Please!", KEY)


def test_an_unknown_number_gets_no_text(lead: Viewer, app: Flask) -> None:
    with pytest.raises(Conflict, match="Nobody is known under this number"):
        hand.reply(lead, says("+355699999999", "1").id, "Who are you?", KEY)


# --- whose phone -------------------------------------------------------------------------------


def test_a_text_from_another_phone_is_handled_as_hers(world: World, ana: Volunteer, lead: Viewer) -> None:
    launched(world)
    text = says("+355699999999", "1 20")
    assert place_of(ana).state is RecipientState.ASKED
    hand.link(lead, text.id, ana.id)
    assert place_of(ana).state is RecipientState.ACCEPTED
    assert (text.intent, text.eta_minutes) == (Intent.ACCEPT, 20)
    assert "Port gate 3" in texts_to(ana, MessageKind.ACKNOWLEDGEMENT)[-1]
    assert actions()[-1] == "inbound.link"


def test_a_link_holds_for_one_text(world: World, ana: Volunteer, lead: Viewer) -> None:
    hand.link(lead, says("+355699999999", "1").id, ana.id)
    assert says("+355699999999", "2").volunteer_id is None


def test_whose_text_it_is_cannot_be_changed(text: InboundMessage, world: World, lead: Viewer) -> None:
    with pytest.raises(Conflict, match="known already"):
        hand.link(lead, text.id, world.volunteer("Ben").id)


def test_nobody_of_another_section_is_linked(world: World, lead: Viewer, app: Flask) -> None:
    carla = world.volunteer("Carla", section=world.section("it", "IT"))
    with pytest.raises(NotFound):
        hand.link(lead, says("+355699999999", "1").id, carla.id)


# --- settling ----------------------------------------------------------------------------------


def test_what_is_settled_is_no_longer_to_be_read(text: InboundMessage, lead: Viewer) -> None:
    assert inbox_views.to_read_count(lead) == 1
    hand.settle(lead, text.id, "called her, she comes")
    assert inbox_views.to_read_count(lead) == 0
    assert text.effect == "called her, she comes"
    assert actions()[-1] == "inbound.settle"


def test_settling_twice_is_settling_once(text: InboundMessage, lead: Viewer) -> None:
    hand.settle(lead, text.id)
    hand.settle(lead, text.id)
    assert actions().count("inbound.settle") == 1


def test_a_note_has_an_end(text: InboundMessage, lead: Viewer) -> None:
    with pytest.raises(InvalidInput, match="200"):
        hand.settle(lead, text.id, "x" * 201)


# --- who sees what -----------------------------------------------------------------------------


def seen(viewer: Viewer, **wish: object) -> list[str]:
    return [row.text.body for row in inbox_views.rows(viewer, Wish(**wish), 50)]  # type: ignore[arg-type]


def test_unknown_numbers_are_for_those_at_the_top(world: World, app: Flask) -> None:
    says("+355699999999", "hello")
    branch = world.section("al-dr", parent=world.section())
    assert seen(SYSTEM) == ["hello"]
    assert seen(access.viewer_of(world.account())) == ["hello"]
    assert seen(access.viewer_of(world.account(section=branch))) == []


def test_unknown_numbers_of_another_country_are_for_that_country(world: World, app: Flask) -> None:
    says("+393331234567", "ciao")
    says("+4915112345678", "hallo")
    italians = access.viewer_of(world.account(section=world.section("it", "IT")))
    assert seen(italians) == ["ciao"]
    assert seen(access.viewer_of(world.account(section=world.section("al")))) == []
    assert sorted(seen(SYSTEM)) == ["ciao", "hallo"]


def test_who_leads_the_callout_reads_the_answers_to_it(world: World) -> None:
    branch = world.section("al-dr", parent=world.section())
    ben = world.volunteer("Ben", section=branch)
    launched(world)
    says(ben, "1")
    assert seen(access.viewer_of(world.account())) == ["1"]
    row = inbox_views.rows(access.viewer_of(world.account(section=branch)), Wish(), 50)[0]
    assert not row.correctable  # their own person, but their parent's callout


def test_the_shelves(world: World, ana: Volunteer, lead: Viewer) -> None:
    callout = launched(world)
    says(ana, "mumble")
    late = world.volunteer("Late")
    hand.reply(lead, says(ana, "1").id, "Good", KEY)
    assert seen(lead, shelf=Shelf.TO_READ) == ["mumble"]
    assert seen(lead, shelf=Shelf.BY_HAND) == ["1"]
    assert seen(lead, shelf=Shelf.CORRECTED) == []
    assert seen(lead, callout_id=callout) == ["1", "mumble"]
    says(late, "hello")
    assert seen(lead, volunteer_id=late.id) == ["hello"]


def test_who_answers_after_being_let_go_is_late(
    world: World, ana: Volunteer, lead: Viewer, clock: FastForwardClock
) -> None:
    ben = world.volunteer("Ben")
    launched(world)
    says(ana, "1")
    clock.advance(minutes=1)
    says(ben, "1 30")
    assert seen(lead, shelf=Shelf.LATE) == ["1 30"]


@pytest.mark.parametrize("text", ["ana", "TEST", "ana t", "20000", "+3556920000"])
def test_a_search_finds_names_and_numbers(world: World, lead: Viewer, text: str) -> None:
    says(world.volunteer("Ana"), "found")
    assert seen(lead, text=text) == ["found"]


@pytest.mark.parametrize("text", ["%", "_", "99", "bea"])
def test_a_search_finds_nothing_else(world: World, lead: Viewer, text: str) -> None:
    says(world.volunteer("Ana"), "found")
    assert seen(lead, text=text) == []


def test_a_conversation_is_told_in_order(text: InboundMessage, lead: Viewer, clock: FastForwardClock) -> None:
    clock.advance(minutes=1)
    hand.reply(lead, text.id, "Gate 3", KEY)
    *before, last = inbox_views.conversation(lead, text.id).lines
    assert any(line.received for line in before)
    assert last.sent is not None
    assert last.sent.body == "Gate 3"
