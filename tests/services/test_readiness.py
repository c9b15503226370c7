"""Counts of people who could be called, and what each viewer sees of them."""

from datetime import date
from typing import Any

import pytest

from mobilize.domain.errors import NotAllowed
from mobilize.domain.vocabulary import AccountRole, MembershipStatus, PhoneStatus
from mobilize.extensions import db
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.readiness import ReadinessRow, readiness
from mobilize.services.runtime import now
from tests.world import World


def crowd(world: World, count: int, **values: Any) -> None:
    for _ in range(count):
        world.volunteer(**values)


def test_five_are_shown_and_four_are_hidden(world: World) -> None:
    crowd(world, 5, skills=["medic"])
    crowd(world, 4, skills=["cook"])
    assert readiness(SYSTEM) == [
        ReadinessRow("AL", "Section AL", "cook", None),
        ReadinessRow("AL", "Section AL", "medic", 5),
    ]


@pytest.mark.parametrize(
    "values",
    [
        {"status": MembershipStatus.APPLIED},
        {"phone_status": PhoneStatus.UNVERIFIED},
        {"consent_at": None},
        {"born_on": date(2008, 11, 25)},
    ],
)
def test_who_cannot_be_called_is_not_counted(world: World, values: dict[str, Any]) -> None:
    crowd(world, 5)
    world.volunteer(**values)
    world.volunteer(opted_out_at=now())
    assert [row.count for row in readiness(SYSTEM)] == [5]


def test_only_valid_certificates_count(world: World) -> None:
    crowd(world, 5)
    world.skill("medic").requires_certificate = True
    lapsed, unverified = world.volunteer(), world.volunteer()
    lapsed.certifications[0].expires_on = date(2026, 11, 23)
    unverified.certifications[0].verified_at = None
    db.session.commit()
    assert [row.count for row in readiness(SYSTEM)] == [5]


def test_an_authority_sees_its_own_country_only(world: World) -> None:
    crowd(world, 5)
    crowd(world, 6, section=world.section("it", "IT"))
    viewer = viewer_of(world.account(AccountRole.AUTHORITY))
    assert [(row.country, row.count) for row in readiness(viewer)] == [("AL", 5)]
    assert readiness(viewer, "IT") == []
    assert [(row.country, row.count) for row in readiness(SYSTEM, "it")] == [("IT", 6)]


def test_a_coordinator_sees_the_own_subtree_only(world: World) -> None:
    north, south = (world.section(code, parent=world.section()) for code in ("north", "south"))
    crowd(world, 5, section=north)
    crowd(world, 6, section=south)
    viewer = viewer_of(world.account(AccountRole.COORDINATOR, section=north))
    assert [(row.region, row.count) for row in readiness(viewer)] == [("Section NORTH", 5)]


def test_a_volunteer_sees_no_counts(world: World) -> None:
    with pytest.raises(NotAllowed):
        readiness(viewer_of(world.account(AccountRole.VOLUNTEER)))
