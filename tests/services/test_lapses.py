"""Certificates that are about to lapse are announced ahead."""

from datetime import timedelta

import pytest

from mobilize.domain.errors import InvalidInput, NotAllowed
from mobilize.domain.sentences import until_text
from mobilize.domain.vocabulary import AccountRole, MembershipStatus
from mobilize.extensions import db
from mobilize.models import Message, Volunteer
from mobilize.services import lapses
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.ports import FastForwardClock
from mobilize.services.runtime import now
from tests.world import World


def holder(world: World, name: str, days: int, **changes: object) -> Volunteer:
    """Somebody whose certificate as a diver lapses in so many days."""
    world.skill("diver", requires_certificate=True)
    person = world.volunteer(name, skills=["diver"], **changes)  # type: ignore[arg-type]
    person.certifications[0].expires_on = now().date() + timedelta(days=days)
    db.session.commit()
    return person


def queued() -> list[str]:
    return [message.body for message in db.session.query(Message).order_by(Message.id)]


def by_day(clock: FastForwardClock) -> None:
    while clock.now().hour != 10:
        clock.advance(hours=1)


def test_the_holder_is_told_once(world: World, clock: FastForwardClock) -> None:
    by_day(clock)
    person = holder(world, "Ana", 20)
    assert lapses.announce() == 1
    [body] = queued()
    assert "diver" in body
    assert until_text("en", now().date() + timedelta(days=20)) in body
    assert lapses.announce() == 0
    person.certifications[0].expires_on = now().date() + timedelta(days=25)
    db.session.commit()
    assert lapses.announce() == 1, "another day is another announcement"


def test_a_day_that_is_changed_back_is_told_again(world: World, clock: FastForwardClock) -> None:
    by_day(clock)
    [certificate] = holder(world, "Ana", 20).certifications
    for days in (20, 25, 20):
        clock.advance(minutes=1)
        certificate.expires_on = now().date() + timedelta(days=days)
        db.session.commit()
        assert lapses.announce() == 1


def test_nobody_is_told_at_night(world: World, clock: FastForwardClock) -> None:
    by_day(clock)
    clock.advance(hours=16)
    holder(world, "Ana", 20)
    assert lapses.announce() == 0
    clock.advance(hours=8)
    assert lapses.announce() == 1


@pytest.mark.parametrize(
    ("days", "changes"),
    [
        (60, {}),
        (-1, {}),
        (20, {"status": MembershipStatus.SUSPENDED}),
        (20, {"consent_at": None}),
    ],
)
def test_who_is_not_told(world: World, clock: FastForwardClock, days: int, changes: dict[str, object]) -> None:
    by_day(clock)
    holder(world, "Ana", days, **changes)
    assert lapses.announce() == 0


def test_who_wants_no_texts_gets_none(world: World, clock: FastForwardClock) -> None:
    by_day(clock)
    holder(world, "Ana", 20, opted_out_at=now())
    assert lapses.announce() == 0


def test_engines_share_the_chore(world: World, clock: FastForwardClock) -> None:
    by_day(clock)
    holder(world, "Ana", 20)
    assert lapses.announce_when_due() == 1
    holder(world, "Ben", 20)
    assert lapses.announce_when_due() == 0
    clock.advance(hours=1)
    assert lapses.announce_when_due() == 1


def test_the_section_sees_its_own(world: World) -> None:
    holder(world, "Ana", 20)
    holder(world, "Ben", -3)
    holder(world, "Eve", 5, section=world.section("it", "IT"))
    leader = viewer_of(world.account(AccountRole.COORDINATOR))
    assert [(one.name, one.days_left, one.announced) for one in lapses.lapsing(leader, 30)] == [
        ("Ben Test", -3, False),
        ("Ana Test", 20, False),
    ]
    assert len(lapses.lapsing(SYSTEM, 30)) == 3
    with pytest.raises(NotAllowed):
        lapses.lapsing(viewer_of(world.account(AccountRole.AUTHORITY)), 30)
    with pytest.raises(InvalidInput) as caught:
        lapses.lapsing(SYSTEM, 0)
    assert "within_days" in caught.value.errors
