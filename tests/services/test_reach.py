"""Looking further and further around the rendezvous until enough people may be called."""

import itertools
import random
from typing import Any

import pytest
from geopy.distance import geodesic

from mobilize.domain.area import FARTHEST_M
from mobilize.domain.errors import InvalidInput, NotFound
from mobilize.domain.intervals import Range
from mobilize.domain.vocabulary import AccountRole, PlaceKind
from mobilize.extensions import db
from mobilize.models import Callout, Volunteer
from mobilize.services import callouts, reach, selection
from mobilize.services.access import SYSTEM, viewer_of
from mobilize.services.runtime import now
from tests.services.test_selection import put
from tests.world import LAT, LON, World


def metres(volunteer: Volunteer) -> float:
    place = volunteer.places[0]
    return float(geodesic((LAT, LON), (place.lat, place.lon)).m)


@pytest.fixture
def callout(world: World) -> Callout:
    return world.callout({"medic": 1, "driver": 1})


def test_the_circle_ends_at_the_last_person_who_is_wanted(world: World, callout: Callout) -> None:
    people = [world.volunteer(str(n), lat=LAT + 0.07 * n) for n in range(6)]
    world.volunteer("Held", lat=LAT + 0.01, opted_out_at=now())
    found = reach.reach(SYSTEM, callout.id, 3)
    assert found.radius_m == pytest.approx(metres(people[2]), abs=0.001)
    assert (found.enough, found.eligible, found.examined) == (True, 3, 4)
    assert found.by_need == {"medic": 3, "driver": 0}
    assert found.rings[-1].radius_m == found.radius_m


def test_the_limit_ends_it_when_there_are_too_few(world: World, callout: Callout) -> None:
    world.volunteer("Near", lat=LAT + 0.1)
    world.volunteer("Far", lat=LAT + 2)
    found = reach.reach(SYSTEM, callout.id, 5, 100_000)
    assert (found.enough, found.eligible, found.radius_m) == (False, 1, 100_000)
    assert reach.reach(SYSTEM, callout.id, 2, FARTHEST_M).eligible == 2


def test_it_equals_brute_force_and_reads_no_cell_twice(
    world: World, callout: Callout, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(5)
    people = [
        world.volunteer(
            str(n),
            skills=rng.choice([["medic"], ["driver"], ["medic", "driver"], ["cook"]]),
            lat=LAT + rng.gauss(0, 0.5),
            lon=LON + rng.gauss(0, 0.5),
            consent_at=rng.choice([now(), now(), None]),
        )
        for n in range(60)
    ]
    read: list[Range] = []

    def spied(callout: Callout, ranges: list[Range]) -> Any:
        read.extend(ranges)
        return selection.records_in(callout, ranges)

    monkeypatch.setattr(reach, "records_in", spied)
    able = [p for p in people if p.certifications[0].skill.code != "cook"]
    free = sorted(metres(p) for p in able if p.consent_at)
    for wanted in (1, 7, len(free)):
        read.clear()
        found = reach.reach(SYSTEM, callout.id, wanted, 1_000_000)
        assert found.radius_m == pytest.approx(free[wanted - 1], abs=0.001)
        assert found.examined == sum(metres(p) <= found.radius_m + 0.001 for p in able)
        ordered = sorted(read)
        assert all(high < low for (_, high), (low, _) in itertools.pairwise(ordered))


def test_people_count_where_they_are_now(world: World, callout: Callout) -> None:
    away, here = world.volunteer("Away"), world.volunteer("Here", lat=45.0, lon=9.0)
    put(away, PlaceKind.LIVE, 45.0, 9.0, expires_at=now().replace(year=2027))
    put(here, PlaceKind.LIVE, LAT + 0.01, LON, expires_at=now().replace(year=2027))
    assert reach.reach(SYSTEM, callout.id, 2, 50_000).eligible == 1


def test_who_was_asked_already_is_left_out(world: World) -> None:
    for n in range(3):
        world.volunteer(str(n))
    callout = world.callout()
    callouts.launch(SYSTEM, callout.id)
    db.session.refresh(callout)
    assert reach.reach(SYSTEM, callout.id, 1).eligible == 0


@pytest.mark.parametrize(
    ("wanted", "limit", "field"), [(0, 1000, "eligible"), (1, 0, "limit_m"), (1, 3e7, "limit_m")]
)
def test_impossible_wishes_are_named(callout: Callout, wanted: int, limit: float, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        reach.reach(SYSTEM, callout.id, wanted, limit)
    assert list(refused.value.errors) == [field]


def test_another_sections_callout_does_not_exist(world: World, callout: Callout) -> None:
    stranger = viewer_of(world.account(AccountRole.COORDINATOR, section=world.section("it", "IT")))
    with pytest.raises(NotFound):
        reach.reach(stranger, callout.id, 1)
