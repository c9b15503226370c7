"""Codes on recipients and in texts; what is pressed becomes an answer; places that are shared."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mobilize.domain import links as domain
from mobilize.domain import sms
from mobilize.domain.links import Press, Standing
from mobilize.domain.vocabulary import (
    AccountRole,
    CalloutMode,
    Channel,
    Intent,
    MembershipStatus,
    PlaceKind,
    RecipientState,
)
from mobilize.extensions import db
from mobilize.models import AuditEntry, Callout, InboundMessage, Message, Place, Recipient, Volunteer
from mobilize.services import board, callouts, inbox, links, live_places, outbox
from mobilize.services.access import SYSTEM, Viewer, viewer_of
from mobilize.services.links import Page
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.drift import assert_no_drift
from tests.world import LAT, LON, World


@pytest.fixture
def settings_overrides() -> dict[str, Any]:
    return {"public_url": "https://mob.example.org"}


def launched(world: World, **changes: Any) -> Callout:
    everyone: dict[str, Any] = {"mode": CalloutMode.EVERYONE, "with_link": True}
    return callouts.launch(SYSTEM, world.callout({"medic": 1}, **(everyone | changes)).id)


def recipient() -> Recipient:
    return db.session.scalars(select(Recipient)).one()


def opened() -> Page:
    page = links.look(recipient().link_code or "")
    assert page is not None
    return page


def press(button: Press, minutes: int | None = None) -> None:
    page = opened()
    assert links.answer(page, links.new_token(page.code), button, minutes)


def bodies() -> list[str]:
    return list(db.session.scalars(select(Message.body).order_by(Message.id)))


def test_each_text_holds_its_own_persons_link(world: World) -> None:
    for n in range(5):
        world.volunteer(f"P{n}", language="it" if n % 2 else "en")
    launched(world)
    for person in db.session.scalars(select(Recipient)):
        text = db.session.scalars(select(Message).where(Message.recipient_id == person.id)).one()
        assert f"https://mob.example.org/c/{person.link_code}" in text.body
        assert domain.STAND_IN not in text.body
        assert text.segments == sms.measure(text.body).segments
    assert len(set(bodies())) == 5


def test_without_links_there_is_no_code(world: World) -> None:
    world.volunteer()
    launched(world, with_link=False)
    assert recipient().link_code is None
    assert "/c/" not in bodies()[0]


def test_a_link_is_read_in_any_case(world: World) -> None:
    world.volunteer()
    launched(world)
    assert links.look((recipient().link_code or "").lower()) is not None


def test_a_row_that_somebody_forged_opens_nothing(world: World) -> None:
    world.volunteer()
    launched(world)
    recipient().link_code = "0" * 12
    db.session.commit()
    assert links.look("0" * 12) is None


def test_the_code_of_one_opens_nothing_for_another(world: World) -> None:
    world.volunteer("Ana")
    world.volunteer("Ben")
    launched(world)
    one, other = db.session.scalars(select(Recipient).order_by(Recipient.id)).all()
    code, one.link_code = one.link_code, None
    db.session.flush()
    other.link_code = code
    db.session.commit()
    assert links.look(code or "") is None


@pytest.mark.parametrize("status", [s for s in MembershipStatus if s is not MembershipStatus.ACTIVE])
def test_only_members_may_answer(world: World, status: MembershipStatus) -> None:
    person = world.volunteer()
    launched(world)
    person.status = status
    db.session.commit()
    assert links.look(recipient().link_code or "") is None


def test_a_link_expires(world: World, clock: FastForwardClock) -> None:
    world.volunteer()
    launched(world)
    clock.advance(hours=6 + 47)
    assert opened().standing is Standing.ASKED
    clock.advance(hours=2)
    assert links.look(recipient().link_code or "") is None


def test_looking_changes_nothing_and_tells_no_rendezvous(world: World) -> None:
    world.volunteer()
    revision = launched(world).revision
    page = opened()
    assert page.meeting is None
    assert (page.standing, page.skills, page.km) == (Standing.ASKED, ("medic",), 0)
    assert recipient().state is RecipientState.ASKED
    assert db.session.scalars(select(Callout)).one().revision == revision


def test_a_yes_with_minutes_is_an_answer_like_any_other(world: World) -> None:
    world.volunteer()
    launched(world)
    press(Press.YES, 20)
    kept = db.session.scalars(select(InboundMessage)).one()
    assert (kept.channel, kept.body, kept.intent) == (Channel.LINK, "1 20", Intent.ACCEPT)
    assert recipient().eta_at == now() + timedelta(minutes=20)
    page = opened()
    assert page.standing is Standing.COMING
    assert page.meeting is not None
    assert page.meeting.rendezvous == "Port gate 3"


def test_a_yes_is_confirmed_by_text_and_a_no_by_the_page_alone(world: World) -> None:
    world.volunteer()
    launched(world)
    press(Press.LIMITED)
    press(Press.NO)
    assert len(bodies()) == 1
    press(Press.YES)
    assert "Port gate 3" in bodies()[1]
    press(Press.ETA, 30)
    press(Press.ARRIVED)
    assert len(bodies()) == 2


def test_a_double_press_counts_once(world: World) -> None:
    world.volunteer()
    launched(world)
    page = opened()
    token = links.new_token(page.code)
    for _ in range(2):
        assert links.answer(page, token, Press.YES, 20)
    assert db.session.query(InboundMessage).count() == 1
    assert len(bodies()) == 2


def test_a_page_left_open_can_change_its_mind_and_back(world: World) -> None:
    world.volunteer()
    launched(world)
    page = opened()
    token = links.new_token(page.code)
    for button in (Press.YES, Press.NO, Press.YES):
        assert links.answer(page, token, button)
    assert recipient().state is RecipientState.ACCEPTED


def test_an_old_form_keeps_nothing(world: World, clock: FastForwardClock) -> None:
    world.volunteer()
    launched(world, arrive_by=now() + timedelta(days=3))
    page = opened()
    token = links.new_token(page.code)
    clock.advance(hours=25)
    assert not links.answer(page, token, Press.YES)
    assert db.session.query(InboundMessage).count() == 0


def test_what_was_said_before_is_understood_before(world: World) -> None:
    person = world.volunteer()
    launched(world)
    inbox.store_inbound(sid="IN1", from_phone=person.phone, to_phone="+15550100", body="2", raw={})
    press(Press.YES)
    assert opened().waiting
    inbox.understand_pending()
    assert not opened().waiting
    assert recipient().state is RecipientState.ACCEPTED


def test_when_the_database_is_busy_the_engine_does_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    def busy(sid: str) -> None:
        raise OperationalError("", {}, Exception("database is locked"))

    world.volunteer()
    launched(world)
    monkeypatch.setattr(inbox, "handle_at_once", busy)
    press(Press.YES)
    assert (opened().waiting, opened().standing) == (True, Standing.ASKED)
    inbox.understand_pending()
    assert (opened().waiting, opened().standing) == (False, Standing.COMING)


def test_a_reserve_learns_no_rendezvous(world: World) -> None:
    world.volunteer("Ana")
    world.volunteer("Ben")
    callout = launched(world)
    first, second = db.session.scalars(select(Recipient).order_by(Recipient.id)).all()
    for person in (first, second):
        person.state, person.answered_at = RecipientState.ACCEPTED, now()
    first.need_id = callout.needs[0].id
    db.session.commit()
    page = links.look(second.link_code or "")
    assert page is not None
    assert (page.standing, page.meeting) == (Standing.RESERVE, None)


def test_who_opted_out_of_texts_can_say_yes_on_the_page_and_gets_no_text(world: World) -> None:
    person = world.volunteer()
    launched(world)
    person.opted_out_at = now()
    db.session.commit()
    press(Press.YES)
    assert opened().standing is Standing.COMING
    assert len(bodies()) == 1
    assert db.session.get_one(Volunteer, person.id).opted_out_at is not None


def test_after_the_stand_down_the_page_says_so_and_asks_whether_one_is_home(world: World) -> None:
    world.volunteer()
    callout = launched(world)
    press(Press.YES)
    callouts.stand_down(SYSTEM, callout.id)
    page = opened()
    assert (page.standing, page.meeting) == (Standing.RELEASED, None)


def share(lat: float = LAT, lon: float = LON) -> bool:
    page = opened()
    return links.share_place(page, links.new_token(page.code), lat, lon)


def live() -> Place | None:
    return db.session.scalars(select(Place).where(Place.kind == PlaceKind.LIVE)).one_or_none()


def test_a_place_is_shared_for_a_while_by_who_comes(world: World) -> None:
    world.volunteer()
    launched(world)
    assert not share()
    press(Press.YES)
    assert share(41.33, 19.46)
    place = live()
    assert place is not None
    assert (place.lat, place.lon, place.expires_at) == (41.33, 19.46, now() + timedelta(minutes=120))
    assert opened().shared_until == place.expires_at
    assert share(41.34, 19.47)  # again: it replaces the one before
    assert_no_drift()


def test_the_section_sees_a_shared_place_on_the_board_and_the_authority_does_not(
    world: World, clock: FastForwardClock
) -> None:
    world.volunteer()
    emergency = world.emergency(authority_id=world.authority().id)
    callout = launched(world, emergency=emergency)
    press(Press.YES)
    revision = board.revision(SYSTEM, callout.id)
    share(41.33, 19.46)
    assert board.revision(SYSTEM, callout.id) != revision
    watcher = viewer_of(world.account(AccountRole.AUTHORITY))

    def seen(viewer: Viewer) -> float:
        return board.board(viewer, callout.id).recipients[0].lat

    assert (seen(SYSTEM), seen(watcher)) == (41.33, LAT)
    clock.advance(minutes=121)
    assert seen(SYSTEM) == LAT


def test_a_place_can_be_taken_back_also_when_all_is_over(world: World) -> None:
    world.volunteer()
    callout = launched(world)
    press(Press.YES)
    share()
    callouts.stand_down(SYSTEM, callout.id)
    page = opened()
    assert links.take_back_place(page, links.new_token(page.code))
    assert live() is None
    assert_no_drift()


def test_a_place_is_erased_once_it_has_expired(world: World, clock: FastForwardClock) -> None:
    world.volunteer()
    launched(world)
    press(Press.YES)
    share()
    clock.advance(minutes=119)
    assert live_places.forget_expired() == 0
    clock.advance(minutes=6)
    assert live_places.forget_expired() == 1
    assert live() is None
    assert_no_drift()


def test_the_audit_trail_tells_of_a_place_but_not_where(world: World) -> None:
    world.volunteer()
    launched(world)
    press(Press.YES)
    share(41.33, 19.46)
    entry = db.session.scalars(select(AuditEntry).where(AuditEntry.action == "volunteer.share_place")).one()
    assert entry.after == {"until": (now() + timedelta(minutes=120)).isoformat()}
    assert "41.33" not in str(entry.before) + str(entry.after)


def test_a_wave_with_links_is_as_few_statements_as_one_without(world: World) -> None:
    """Codes are made in one pass; texts are written a group at a time, not a person at a time."""
    from sqlalchemy import event

    statements: list[str] = []
    for n in range(30):
        world.volunteer(f"P{n}")
    draft = world.callout({"medic": 1}, mode=CalloutMode.EVERYONE, with_link=True).id

    def note(*args: Any) -> None:
        statements.append(args[2])

    event.listen(db.engine, "before_cursor_execute", note)
    callouts.launch(SYSTEM, draft)
    event.remove(db.engine, "before_cursor_execute", note)
    assert sum(f"INTO {outbox.MESSAGES.name}" in s for s in statements) == 1
    assert len(bodies()) == 30
