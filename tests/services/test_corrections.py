"""Correcting how a text was read: what changes, what is taken back, and what is refused."""

import pytest
from flask import Flask
from sqlalchemy import select

from mobilize.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from mobilize.domain.vocabulary import AccountRole, Intent, MessageKind, RecipientState
from mobilize.extensions import db
from mobilize.models import AuditEntry, Callout, InboundMessage, Volunteer
from mobilize.services import access, callouts, corrections
from mobilize.services.access import SYSTEM, Viewer
from mobilize.services.corrections import Reading, Superseded
from mobilize.services.ports import FastForwardClock
from tests.world import World

from .conversing import launched, place_of, says, texts_to

ACK = MessageKind.ACKNOWLEDGEMENT
#: A wish for no more texts in words that no carrier knows.
PHRASE = "take me off your list"


@pytest.fixture
def ana(world: World) -> Volunteer:
    return world.volunteer("Ana")


@pytest.fixture
def lead(world: World) -> Viewer:
    return access.viewer_of(world.account(AccountRole.COORDINATOR))


@pytest.fixture
def callout(world: World, ana: Volunteer) -> int:
    return launched(world)


def correct(viewer: Viewer, text: InboundMessage, intent: Intent, **more: object) -> InboundMessage:
    reading = {name: more.pop(name) for name in ("eta_minutes", "absent_minutes") if name in more}
    return corrections.correct(viewer, text.id, Reading(intent, **reading), **more)  # type: ignore[arg-type]


def test_an_unclear_text_becomes_a_yes(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = says(ana, "mumble mumble")
    correct(lead, text, Intent.ACCEPT, eta_minutes=20)
    place = place_of(ana)
    assert (place.state, place.need_id is not None) == (RecipientState.ACCEPTED, True)
    assert place.eta_at is not None
    assert (place.eta_at - text.received_at).total_seconds() == 20 * 60
    assert (text.machine_intent, text.corrected_by_id) == (Intent.UNCLEAR, lead.account_id)
    assert text.settled_at is not None
    assert "Port gate 3" in texts_to(ana, ACK)[-1]


def test_a_correction_is_in_the_trail_with_before_and_after(ana: Volunteer, callout: int, lead: Viewer) -> None:
    correct(lead, says(ana, "mumble"), Intent.DECLINE)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "inbound.correct")).one()
    assert entry.account_id == lead.account_id
    assert entry.before is not None
    assert entry.after is not None
    assert (entry.before["intent"], entry.before["state"]) == ("unclear", "asked")
    assert (entry.after["intent"], entry.after["state"]) == ("decline", "declined")


def test_a_no_that_was_read_as_a_yes_opens_the_place_again(ana: Volunteer, callout: int, lead: Viewer) -> None:
    correct(lead, says(ana, "1"), Intent.DECLINE)
    assert place_of(ana).state is RecipientState.DECLINED  # they never came, so they did not withdraw
    assert place_of(ana).eta_at is None
    assert db.session.get_one(Callout, callout).status == "asking"


def test_reading_a_yes_as_unclear_puts_the_place_back(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = correct(lead, says(ana, "1 20"), Intent.UNCLEAR)
    place = place_of(ana)
    assert (place.state, place.need_id, place.answered_at, place.eta_at) == (
        RecipientState.ASKED,
        None,
        None,
        None,
    )
    assert db.session.get_one(Callout, callout).status == "asking"
    assert text.settled_at is None  # it is still to be read


def test_back_to_what_the_earlier_answer_said(ana: Volunteer, callout: int, lead: Viewer) -> None:
    says(ana, "3")
    correct(lead, says(ana, "1"), Intent.UNCLEAR)
    assert place_of(ana).state is RecipientState.LIMITED


def test_corrected_there_and_back(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = says(ana, "1 20")
    correct(lead, text, Intent.DECLINE)
    correct(lead, text, Intent.ACCEPT, eta_minutes=20)
    assert place_of(ana).state is RecipientState.ACCEPTED
    assert text.machine_intent is Intent.ACCEPT
    assert len(texts_to(ana, ACK)) == 3


def test_the_same_reading_settles_and_tells_nobody(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = says(ana, "1 20")
    correct(lead, text, Intent.ACCEPT, eta_minutes=20)
    assert text.settled_at is not None
    assert text.corrected_at is None
    assert len(texts_to(ana, ACK)) == 1


def test_nobody_is_told_what_they_know(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = says(ana, "mumble")
    says(ana, "1")
    correct(lead, text, Intent.ACCEPT, despite_newer=True)
    assert len(texts_to(ana, ACK)) == 1


def test_a_later_answer_asks_for_confirmation(
    ana: Volunteer, callout: int, lead: Viewer, clock: FastForwardClock
) -> None:
    text = says(ana, "mumble")
    clock.advance(minutes=12)
    says(ana, "1")
    with pytest.raises(Superseded, match="Ana Test has answered since: accept at 10:12"):
        correct(lead, text, Intent.DECLINE)
    db.session.rollback()
    assert place_of(ana).state is RecipientState.ACCEPTED
    correct(lead, text, Intent.DECLINE, despite_newer=True)
    assert place_of(ana).state is RecipientState.WITHDRAWN


def test_an_older_text_read_as_unclear_leaves_the_later_answer(
    ana: Volunteer, callout: int, lead: Viewer
) -> None:
    text = says(ana, "2")
    says(ana, "1")
    correct(lead, text, Intent.UNCLEAR, despite_newer=True)
    assert place_of(ana).state is RecipientState.ACCEPTED


# --- opting out --------------------------------------------------------------------------------


def test_a_wrongly_read_stop_is_lifted(ana: Volunteer, callout: int, lead: Viewer) -> None:
    correct(lead, says(ana, PHRASE), Intent.ACCEPT)
    assert ana.opted_out_at is None
    assert place_of(ana).state is RecipientState.ACCEPTED
    actions = db.session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions[-2:] == ["volunteer.opt_in", "inbound.correct"]


def test_a_place_that_a_wrong_stop_gave_up_is_given_back(ana: Volunteer, callout: int, lead: Viewer) -> None:
    says(ana, "1")
    correct(lead, says(ana, PHRASE), Intent.UNCLEAR)
    assert place_of(ana).state is RecipientState.ACCEPTED


def test_a_stop_of_before_stays(ana: Volunteer, callout: int, lead: Viewer, clock: FastForwardClock) -> None:
    says(ana, "stop")
    clock.advance(minutes=1)
    correct(lead, says(ana, PHRASE), Intent.UNCLEAR)
    assert ana.opted_out_at is not None


def test_the_word_by_which_the_carrier_stops_texts_stays(ana: Volunteer, callout: int, lead: Viewer) -> None:
    with pytest.raises(Conflict, match="text START"):
        correct(lead, says(ana, " Stop "), Intent.ACCEPT)
    db.session.rollback()
    assert ana.opted_out_at is not None


def test_correcting_to_a_stop_opts_out(ana: Volunteer, callout: int, lead: Viewer) -> None:
    correct(lead, says(ana, "leave me alone for good"), Intent.OPT_OUT)
    assert ana.opted_out_at is not None
    assert place_of(ana).state is RecipientState.DECLINED


# --- away, and home again ----------------------------------------------------------------------


def test_a_pause_that_was_none_is_ended(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = says(ana, "off 3d")
    assert text.intent is Intent.UNAVAILABLE
    assert place_of(ana).state is RecipientState.DECLINED
    correct(lead, text, Intent.ACCEPT, recipient_id=place_of(ana).id)
    assert ana.snoozed_until is None
    assert place_of(ana).state is RecipientState.ACCEPTED


def test_correcting_to_away_pauses_for_as_long_as_said(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = correct(lead, says(ana, "mumble"), Intent.UNAVAILABLE, absent_minutes=60)
    assert ana.snoozed_until is not None
    assert (ana.snoozed_until - text.received_at).total_seconds() == 3600
    assert place_of(ana).state is RecipientState.DECLINED


def test_who_has_not_left_after_all_is_on_scene_and_watched(
    ana: Volunteer, callout: int, lead: Viewer, clock: FastForwardClock
) -> None:
    says(ana, "1")
    says(ana, "4")
    arrived_at = place_of(ana).arrived_at
    clock.advance(minutes=30)
    text = says(ana, "5")
    assert (text.intent, place_of(ana).state) == (Intent.LEFT, RecipientState.WITHDRAWN)
    correct(lead, text, Intent.UNCLEAR)
    place = place_of(ana)
    assert (place.state, place.left_at, place.arrived_at) == (RecipientState.ARRIVED, None, arrived_at)
    assert place.need_id is not None
    assert place.check_out_by is not None


def test_who_was_not_on_the_way_elsewhere_has_still_to_get_home(
    world: World, ana: Volunteer, callout: int, lead: Viewer, clock: FastForwardClock
) -> None:
    says(ana, "1")
    callouts.stand_down(SYSTEM, callout)
    second = launched(world)
    clock.advance(minutes=5)
    text = says(ana, "on my way")
    assert place_of(ana, callout).check_out_by is None  # seen on the way to the second
    correct(lead, text, Intent.DECLINE)
    assert place_of(ana, second).state is RecipientState.DECLINED
    first = place_of(ana, callout)
    assert (first.left_at, first.check_out_by is None, first.remind_at is None) == (None, False, False)


# --- several callouts --------------------------------------------------------------------------


def test_with_several_open_one_must_say_which(world: World, ana: Volunteer, callout: int, lead: Viewer) -> None:
    second = launched(world, rendezvous="Airport")
    text = says(ana, "1")
    assert text.intent is Intent.UNCLEAR
    with pytest.raises(InvalidInput, match=r"A: Port gate 3 .*B: Airport"):
        correct(lead, text, Intent.ACCEPT)
    db.session.rollback()
    correct(lead, text, Intent.ACCEPT, recipient_id=place_of(ana, second).id)
    assert place_of(ana, second).state is RecipientState.ACCEPTED
    assert place_of(ana, callout).state is RecipientState.ASKED


def test_a_yes_moves_to_another_callout(world: World, ana: Volunteer, callout: int, lead: Viewer) -> None:
    second = launched(world, rendezvous="Airport")
    text = says(ana, "A1")
    corrections.reassign(lead, text.id, place_of(ana, second).id)
    assert place_of(ana, callout).state is RecipientState.ASKED
    assert place_of(ana, second).state is RecipientState.ACCEPTED
    assert "Airport" in texts_to(ana, ACK)[-1]
    assert db.session.scalars(select(AuditEntry.action)).all()[-1] == "inbound.reassign"


def test_an_unclear_text_moves_without_a_word(world: World, ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = says(ana, "mumble")
    second = launched(world, rendezvous="Airport")
    corrections.reassign(lead, text.id, place_of(ana, second).id)
    assert text.recipient_id == place_of(ana, second).id
    assert len(texts_to(ana, MessageKind.QUESTION)) == 1


def test_a_text_does_not_move_to_somebody_elses_place(
    world: World, ana: Volunteer, callout: int, lead: Viewer
) -> None:
    ben = world.volunteer("Ben")
    second = launched(world, rendezvous="Airport")
    with pytest.raises(InvalidInput, match="not a place of Ana Test"):
        corrections.reassign(lead, says(ana, "A 1").id, place_of(ben, second).id)


# --- refusals ----------------------------------------------------------------------------------


def test_nothing_is_answered_by_who_was_not_asked(world: World, ana: Volunteer, lead: Viewer) -> None:
    with pytest.raises(Conflict, match="asked in no callout"):
        correct(lead, says(ana, "mumble"), Intent.ACCEPT)


def test_a_callout_that_is_over_is_not_changed(ana: Volunteer, callout: int, lead: Viewer) -> None:
    text = says(ana, "mumble")
    callouts.stand_down(SYSTEM, callout)
    with pytest.raises(Conflict, match="is over"):
        correct(lead, text, Intent.ACCEPT)


def test_an_unknown_number_has_no_place(lead: Viewer, app: Flask) -> None:
    with pytest.raises(Conflict, match="whose phone"):
        correct(lead, says("+355699999999", "1"), Intent.ACCEPT)


def test_other_sections_see_nothing(world: World, ana: Volunteer, callout: int) -> None:
    stranger = access.viewer_of(world.account(section=world.section("it", "IT")))
    with pytest.raises(NotFound):
        correct(stranger, says(ana, "mumble"), Intent.ACCEPT)


def test_a_branch_does_not_change_its_parents_callout(world: World) -> None:
    branch = world.section("al-dr", parent=world.section())
    ben = world.volunteer("Ben", section=branch)
    launched(world)
    text = says(ben, "mumble")
    with pytest.raises(Conflict, match="another section"):
        correct(access.viewer_of(world.account(section=branch)), text, Intent.ACCEPT)


def test_only_those_who_lead_correct(world: World, ana: Volunteer, callout: int) -> None:
    own = access.viewer_of(world.account(AccountRole.VOLUNTEER, volunteer=ana))
    with pytest.raises(NotAllowed):
        correct(own, says(ana, "mumble"), Intent.ACCEPT)


@pytest.mark.parametrize(
    ("reading", "field"),
    [
        (Reading(Intent.DECLINE, eta_minutes=5), "eta_minutes"),
        (Reading(Intent.ACCEPT, eta_minutes=2000), "eta_minutes"),
        (Reading(Intent.ACCEPT, absent_minutes=5), "absent_minutes"),
    ],
)
def test_minutes_that_make_no_sense(
    ana: Volunteer, callout: int, lead: Viewer, reading: Reading, field: str
) -> None:
    with pytest.raises(InvalidInput) as refusal:
        corrections.correct(lead, says(ana, "mumble").id, reading)
    assert list(refusal.value.errors) == [field]


def test_a_text_of_no_callout_needs_none(ana: Volunteer, lead: Viewer) -> None:
    assert correct(lead, says(ana, PHRASE), Intent.UNCLEAR).recipient_id is None
