"""Areas: exact membership, covers that miss nothing, and clear faults."""

import math
import random
from bisect import bisect_right
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from geopy.distance import geodesic

from mobilize.domain.area import FARTHEST_M, Area, Region, cell_of, distances_m, parse_area
from mobilize.domain.cells import cells_of_circle, cells_of_polygon
from mobilize.domain.errors import InvalidInput

from .areas import SHAPES, Point, Raw, is_inside


def points_near(area: Area, rng: random.Random, count: int = 40) -> list[Point]:
    """Random points of which many are inside and some outside; on a rim itself brute force is no judge."""
    if isinstance(area, Region):
        west, south, east, north = area.shape.bounds
        margin = (north - south) / 10
        return [
            (
                min(89.9999, max(-89.9999, rng.uniform(south - margin, north + margin))),
                min(179.9999, max(-179.9999, rng.uniform(west - margin, east + margin))),
            )
            for _ in range(count)
        ]
    raw = area.as_json()
    bearings = [rng.uniform(0, 360) for _ in range(count)]
    reaches = [raw["radius_m"] * math.sqrt(rng.random()) * 1.05 for _ in range(count)]
    there = [
        geodesic(meters=min(reach, FARTHEST_M)).destination(area.centre, bearing)
        for reach, bearing in zip(reaches, bearings, strict=True)
    ]
    return [(point.latitude, point.longitude) for point in there]


def misses(area: Area, points: list[Point]) -> list[Point]:
    """The points whose cell is in none of the area's ranges."""
    found = area.cell_ranges()
    lows = [low for low, _ in found]
    cells = [cell_of(lat, lon) for lat, lon in points]
    at = [bisect_right(lows, cell) - 1 for cell in cells]
    return [
        point
        for point, cell, index in zip(points, cells, at, strict=True)
        if index < 0 or cell > found[index][1]
    ]


def parsed(raw: Any) -> Area:
    return parse_area(raw)


def one(rng: random.Random) -> tuple[Raw, Area]:
    """A random area. A random star may cross itself; then the next one is taken."""
    while True:
        raw = rng.choice(SHAPES)(rng)
        with suppress(InvalidInput):
            return raw, parsed(raw)


def test_distances_are_geopys_to_a_millimetre() -> None:
    rng = random.Random(1)
    for _ in range(100):
        lat, lon = math.degrees(math.asin(rng.uniform(-1, 1))), rng.uniform(-180, 180)
        others = [(math.degrees(math.asin(rng.uniform(-1, 1))), rng.uniform(-180, 180)) for _ in range(100)]
        ours = distances_m(lat, lon, [at[0] for at in others], [at[1] for at in others])
        theirs = [geodesic((lat, lon), other).m for other in others]
        assert np.max(np.abs(ours - np.array(theirs))) < 0.001


def test_antipodes_are_never_farther_than_the_limit() -> None:
    assert geodesic((90, 0), (-90, 0)).m == pytest.approx(FARTHEST_M, abs=1)
    assert distances_m(0, 0, [0, 0.3], [180, 179.8]).max() < FARTHEST_M + 1


@pytest.mark.parametrize("part", range(4))
def test_membership_and_cover_equal_brute_force(part: int) -> None:
    """A thousand areas in four parts, poles and antimeridian included."""
    rng = random.Random(part)
    for _ in range(250):
        raw, area = one(rng)
        points = points_near(area, rng)
        inside = area.contains([lat for lat, _ in points], [lon for _, lon in points])
        truth = is_inside(raw)
        wrong = [at for at, here in zip(points, inside, strict=True) if truth(at) != here]
        assert not wrong, (raw, wrong[:3])
        lost = misses(area, [at for at, here in zip(points, inside, strict=True) if here])
        assert not lost, (raw, lost[:3])


def test_an_area_is_read_back_as_it_was_written() -> None:
    rng = random.Random(5)
    for _ in range(50):
        written = one(rng)[1].as_json()
        assert parsed(written).as_json() == written


def test_a_cover_of_25_km_is_small() -> None:
    cells = cells_of_circle(41.3, 19.5, 25_000)
    assert len(cells) < 200
    assert len(parsed({"type": "circle", "lat": 41.3, "lon": 19.5, "radius_m": 25_000}).cell_ranges()) < 60


@pytest.mark.parametrize("size", [0.001, 0.1, 1, 10, 80])
def test_a_cover_stays_about_200_cells(size: float) -> None:
    ring = [[0, 0], [size, 0], [size, size], [0, size], [0, 0]]
    area = parsed({"type": "Polygon", "coordinates": [ring]})
    assert isinstance(area, Region)
    assert len(cells_of_polygon(area.shape)) < 400


def test_ranges_are_sorted_and_apart() -> None:
    found = parsed({"type": "circle", "lat": 10, "lon": 10, "radius_m": 60_000}).cell_ranges()
    flat = [edge for pair in found for edge in pair]
    assert flat == sorted(flat)
    assert len(set(flat)) == len(flat)


def rectangle(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


FIJI = [
    pytest.param({"type": "Polygon", "coordinates": rectangle(177, -20, 183, -15)}, id="beyond-180"),
    pytest.param({"type": "Polygon", "coordinates": rectangle(-183, -20, -177, -15)}, id="beyond-minus-180"),
    pytest.param({"type": "Polygon", "coordinates": rectangle(177, -20, -177, -15)}, id="a-long-step"),
    pytest.param(
        {
            "type": "MultiPolygon",
            "coordinates": [rectangle(177, -20, 180, -15), rectangle(-180, -20, -177, -15)],
        },
        id="cut-as-rfc-7946-asks",
    ),
]


@pytest.mark.parametrize("raw", FIJI)
def test_all_ways_to_cross_the_antimeridian_are_one_area(raw: Raw) -> None:
    area = parsed(raw)
    lons = [176.9, 177, 179.9, 180, -180, -179.9, -177, -176.9, 0]
    assert area.contains([-17] * 9, lons).tolist() == [False, *[True] * 6, False, False]
    assert area.as_json() == parsed(FIJI[0].values[0]).as_json()
    assert abs(area.centre[1]) > 177


def test_a_hole_is_outside_and_its_rim_is_inside() -> None:
    rings = [rectangle(0, 0, 10, 10)[0], rectangle(4, 4, 6, 6)[0]]
    area = parsed({"type": "Polygon", "coordinates": rings})
    assert area.contains([5, 4, 2], [5, 5, 2]).tolist() == [False, True, True]


def test_a_ring_around_the_pole_holds_the_pole_whichever_way_it_is_drawn() -> None:
    ring = [[0, 70], [120, 70], [-120, 70], [0, 70]]
    for drawn in (ring, ring[::-1]):
        area = parsed({"type": "Polygon", "coordinates": [drawn]})
        assert area.contains([90, 80, 60, -90], [17, -100, 10, 0]).tolist() == [True, True, False, False]


def test_a_ring_around_the_pole_may_have_a_hole_around_the_pole() -> None:
    rings = [[[lon, lat] for lon in (0, 90, 180, -90, 0)] for lat in (70, 85)]
    area = parsed({"type": "Polygon", "coordinates": rings})
    assert area.contains([90, 80, 60], [0, 33, 0]).tolist() == [False, True, False]


def test_the_whole_earth_is_an_area() -> None:
    area = parsed({"type": "Polygon", "coordinates": rectangle(-180, -90, 180, 90)})
    points = [(90.0, 0.0), (-90.0, 5.0), (0.0, 180.0), (41.0, 19.0)]
    assert area.contains(*zip(*points, strict=True)).all()
    assert not misses(area, points)


def test_altitudes_are_ignored() -> None:
    ring = [[*at, 100.0] for at in rectangle(0, 0, 1, 1)[0]]
    assert parsed({"type": "Polygon", "coordinates": [ring]}).contains([0.5], [0.5]).all()


CIRCLE = {"type": "circle", "lat": 41.0, "lon": 19.0, "radius_m": 1000.0}
BOW_TIE = [[[0, 0], [1, 1], [1, 0], [0, 1], [0, 0]]]


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        ([], "must be an object"),
        ("circle", "must be an object"),
        ({}, "has the type None"),
        ({"type": "Point", "coordinates": [1, 2]}, "Point"),
        ({"type": "circle", "lat": 1}, "without lon, radius_m"),
        (CIRCLE | {"lat": 91}, "between -90 and 90"),
        (CIRCLE | {"lat": 119.5, "lon": 41.5}, "swapped"),
        (CIRCLE | {"lon": 181}, "between -180 and 180"),
        (CIRCLE | {"lat": math.nan}, "finite"),
        (CIRCLE | {"lon": math.inf}, "finite"),
        (CIRCLE | {"lat": "41"}, "finite number"),
        (CIRCLE | {"lat": True}, "finite number"),
        (CIRCLE | {"radius_m": 10**400}, "finite number"),
        (CIRCLE | {"radius_m": 0}, "more than 0"),
        (CIRCLE | {"radius_m": -5}, "more than 0"),
        (CIRCLE | {"radius_m": 20_037_508}, "at most 20003931"),
        ({"type": "Polygon"}, "without rings"),
        ({"type": "Polygon", "coordinates": []}, "without rings"),
        ({"type": "Polygon", "coordinates": [[]]}, "fewer than 4"),
        ({"type": "Polygon", "coordinates": "ring"}, "without rings"),
        ({"type": "Polygon", "coordinates": [[1, 2, 3, 4]]}, "a position is [longitude, latitude]"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1]]]}, "not closed"),
        ({"type": "Polygon", "coordinates": BOW_TIE}, "crosses or touches itself"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [2, 2], [0, 0]]]}, "without surface"),
        ({"type": "Polygon", "coordinates": [[[0, 0], [0, 0], [0, 0], [0, 0]]]}, "without surface"),
        ({"type": "Polygon", "coordinates": [[[41, 119], [42, 119], [42, 120], [41, 119]]]}, "swapped"),
        ({"type": "Polygon", "coordinates": rectangle(0, 0, 541, 1)}, "longitude 541"),
        ({"type": "Polygon", "coordinates": rectangle(0, 0, math.nan, 1)}, "finite"),
        ({"type": "Polygon", "coordinates": [rectangle(0, 0, 1, 1)[0], rectangle(3, 3, 4, 4)[0]]}, "hole"),
        ({"type": "Polygon", "coordinates": rectangle(0, 0, 1, 1) * 2}, "no surface"),
        ({"type": "Polygon", "coordinates": [[[0, 0]] * 10_001]}, "at most 10000"),
        ({"type": "MultiPolygon", "coordinates": []}, "no polygons"),
        ({"type": "MultiPolygon", "coordinates": None}, "no polygons"),
        ({"type": "MultiPolygon", "coordinates": [5]}, "without rings"),
    ],
)
def test_a_fault_names_the_field_and_the_remedy(raw: Any, words: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_area(raw)
    assert words in refused.value.errors["area"][0]
