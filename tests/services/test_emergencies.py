from dataclasses import replace

import pytest
from sqlalchemy import event

from mobilize.domain.errors import Conflict, NotAllowed
from mobilize.domain.vocabulary import (
    AccountRole,
    CalloutStatus,
    Certainty,
    EmergencyStatus,
    Hazard,
    Severity,
    Urgency,
)
from mobilize.extensions import db
from mobilize.models import AuditEntry, Callout
from mobilize.services import callouts, emergencies
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.emergencies import EmergencyDraft
from tests.world import LAT, LON, World


def quake(world: World) -> EmergencyDraft:
    return EmergencyDraft(
        section_id=world.section().id,
        country="AL",
        title=" Quake ",
        hazard=Hazard.EARTHQUAKE,
        severity=Severity.SEVERE,
        urgency=Urgency.IMMEDIATE,
        certainty=Certainty.OBSERVED,
        area={"type": "circle", "lat": LAT, "lon": LON, "radius_m": 1000},
    )


def test_declaring_is_in_the_trail(world: World) -> None:
    lead = viewer_of(world.account(AccountRole.COORDINATOR))
    declared = emergencies.declare(lead, quake(world))
    assert (declared.title, declared.status) == ("Quake", EmergencyStatus.OPEN)
    [entry] = db.session.query(AuditEntry)
    assert (entry.action, entry.subject_id, entry.account_id) == (
        "emergency.declare",
        declared.id,
        lead.account_id,
    )


def test_a_section_below_covers_its_country(world: World) -> None:
    top = world.section("balkans", "AL")
    world.section("mk", "MK", parent=top)
    lead = viewer_of(world.account(AccountRole.COORDINATOR, section=top))
    draft = replace(quake(world), section_id=top.id, country="MK")
    assert emergencies.declare(lead, draft).country == "MK"


def test_an_authority_cannot_declare(world: World) -> None:
    with pytest.raises(NotAllowed):
        emergencies.declare(viewer_of(world.account(AccountRole.AUTHORITY)), quake(world))


def test_ending_stands_down_what_runs_and_drops_what_was_only_drafted(world: World) -> None:
    emergency = world.emergency()
    world.volunteer()
    running = callouts.launch(SYSTEM, world.callout(emergency=emergency).id)
    world.callout(emergency=emergency)
    emergencies.end(SYSTEM, emergency.id)
    assert [callout.status for callout in db.session.query(Callout)] == [CalloutStatus.ENDED]
    assert db.session.get(Callout, running.id) is not None
    assert emergency.closed_at is not None


def test_an_emergency_is_closed_once(world: World) -> None:
    emergency = world.emergency()
    emergencies.cancel(SYSTEM, emergency.id)
    with pytest.raises(Conflict, match="cancelled already"):
        emergencies.end(SYSTEM, emergency.id)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_ending_holds_its_callouts_in_the_order_in_which_everyone_does(world: World) -> None:
    """Two who hold the same callouts in different orders lock each other out."""
    emergency = world.emergency()
    for _ in range(2):
        callouts.launch(SYSTEM, world.callout({"medic": 1}, emergency=emergency).id)
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *about: statements.append(about[2]))
    emergencies.end(SYSTEM, emergency.id)
    held = [one for one in statements if "FROM callout" in one and "FOR UPDATE" in one]
    assert held
    assert all("ORDER BY callout.id" in one for one in held)
