"""What a callout refuses, and what its plan says."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from mobilize.domain.errors import Conflict, InvalidInput, NotAllowed, NotFound
from mobilize.domain.sentences import LANGUAGES, most_segments
from mobilize.domain.vocabulary import AccountRole
from mobilize.extensions import db
from mobilize.models import Callout, Message
from mobilize.services import callouts, emergencies, plans, previews
from mobilize.services.access import SYSTEM, Viewer, viewer_of
from mobilize.services.callouts import CalloutDraft, NeedDraft
from mobilize.services.runtime import now
from tests.conftest import START
from tests.world import LAT, LON, World


@pytest.fixture
def wish(world: World) -> CalloutDraft:
    world.skill("medic")
    return CalloutDraft(
        emergency_id=world.emergency().id,
        needs=(NeedDraft("medic", 2),),
        rendezvous="Port gate 3",
        rendezvous_lat=LAT,
        rendezvous_lon=LON,
        arrive_by=now() + timedelta(hours=2),
    )


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("needs", {"needs": ()}),
        ("needs.0.skill", {"needs": (NeedDraft("wizard", 1),)}),
        ("needs.1.skill", {"needs": (NeedDraft("medic", 1), NeedDraft("medic", 2))}),
        ("needs.0.headcount", {"needs": (NeedDraft("medic", 0),)}),
        ("needs.0.headcount", {"needs": (NeedDraft("medic", 10_000_000),)}),
        ("rendezvous", {"rendezvous": "  "}),
        ("rendezvous_lat", {"rendezvous_lat": 91.0}),
        ("rendezvous_lat", {"rendezvous_lat": float("nan")}),
        ("rendezvous_lon", {"rendezvous_lon": -181.0}),
        ("arrive_by", {"arrive_by": START - timedelta(minutes=1)}),
        ("arrive_by", {"arrive_by": START + timedelta(days=31)}),
        ("arrive_by", {"arrive_by": datetime(2026, 11, 24, 12, 0)}),  # noqa: DTZ001
        ("confidence", {"confidence": 1.0}),
        ("wording", {"wording": "x" * 5000}),
        ("wording", {"wording": "Come, {darling}"}),
    ],
)
def test_what_cannot_be_is_refused_by_name(wish: CalloutDraft, field: str, changes: dict[str, object]) -> None:
    with pytest.raises(InvalidInput) as refused:
        callouts.draft(SYSTEM, replace(wish, **changes))  # type: ignore[arg-type]
    assert list(refused.value.errors) == [field]
    assert db.session.query(Callout).count() == 0


def test_a_launch_happens_once(world: World) -> None:
    world.volunteer()
    callout = world.callout()
    callouts.launch(SYSTEM, callout.id)
    with pytest.raises(Conflict):
        callouts.launch(SYSTEM, callout.id)
    assert db.session.query(Message).count() == 1


def test_a_draft_can_neither_be_stood_down_nor_extended(world: World) -> None:
    callout = world.callout()
    with pytest.raises(Conflict):
        callouts.stand_down(SYSTEM, callout.id)
    with pytest.raises(Conflict):
        callouts.ask_more(SYSTEM, callout.id, 5)


def test_nobody_is_called_for_an_emergency_that_is_over(world: World) -> None:
    emergency = world.emergency()
    world.callout(emergency=emergency)
    emergencies.end(SYSTEM, emergency.id)
    with pytest.raises(Conflict):
        world.callout(emergency=emergency)


@pytest.mark.parametrize("count", [0, -1, 10_001])
def test_asking_for_an_impossible_number_more(world: World, count: int) -> None:
    with pytest.raises(InvalidInput):
        callouts.ask_more(SYSTEM, world.callout().id, count)


def test_another_sections_callout_does_not_exist(world: World) -> None:
    callout = world.callout()
    stranger = viewer_of(world.account(AccountRole.COORDINATOR, section=world.section("it", country="IT")))
    with pytest.raises(NotFound):
        callouts.launch(stranger, callout.id)


def test_an_authority_cannot_launch(world: World) -> None:
    viewer = Viewer(AccountRole.AUTHORITY, authority_id=world.authority().id)
    with pytest.raises(NotAllowed):
        callouts.launch(viewer, world.callout().id)


def test_the_plan_sends_nothing_and_says_why_not(world: World) -> None:
    world.people_answer(chance=0.8)
    for _ in range(5):
        world.volunteer()
    world.volunteer(consent_at=None)
    callout = world.callout({"medic": 1})
    plan = plans.plan(SYSTEM, callout.id)
    assert (plan.examined, plan.eligible, plan.first_wave, plan.texts) == (6, 5, 2, 2)
    assert plan.travel is not None
    assert 0 < plan.travel.first <= plan.travel.middle <= plan.travel.last
    assert plan.travel.routed == 0
    assert list(plan.excluded.values()) == [1]
    assert plan.eligible_by_need == {"medic": 5}
    assert db.session.query(Message).count() == 0


def test_the_preview_shows_every_language_and_stores_nothing(wish: CalloutDraft) -> None:
    calls = previews.calls_of(SYSTEM, wish)
    assert [call.language for call in calls] == list(LANGUAGES)
    assert all(call.segments <= most_segments(call.language) for call in calls)
    db.session.commit()
    assert db.session.query(Callout).count() == 0
