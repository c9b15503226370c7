"""Random areas over the whole Earth, and the slow, obvious truth about what lies in them."""

import math
import random
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import antimeridian
import shapely
from geopy.distance import geodesic

Raw = dict[str, Any]
Point = tuple[float, float]


def circle(rng: random.Random) -> Raw:
    """From 30 m to half the Earth, often at a pole or at the antimeridian."""
    anywhere = math.degrees(math.asin(rng.uniform(-1, 1)))
    lat = rng.choice([anywhere, anywhere, 90.0, -90.0, 89.9, -89.7])
    lon = rng.choice([rng.uniform(-180, 180), rng.uniform(-180, 180), 180.0, -179.9])
    return {"type": "circle", "lat": lat, "lon": lon, "radius_m": 10 ** rng.uniform(1.5, 7.3)}


def star(rng: random.Random) -> Raw:
    """A ring around a point, in planar degrees; may leave the map at the antimeridian."""
    lat = rng.choice([rng.uniform(-85, 85), 0.0, 88.5, -89.0])
    lon = rng.choice([rng.uniform(-180, 180), 180.0, -179.99, 179.5])
    size, corners = 10 ** rng.uniform(-2, 1.7), rng.randrange(3, 12)
    ring = []
    for corner in range(corners):
        angle = 2 * math.pi * (corner + rng.uniform(0, 0.8)) / corners
        reach = size * rng.uniform(0.3, 1)
        up = max(-90.0, min(90.0, lat + reach * math.sin(angle)))
        ring.append([lon + min(2 * reach, 85) * math.cos(angle), up])
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def wrapped_star(rng: random.Random) -> Raw:
    """The same with every longitude brought back to -180..180, so that it steps across the antimeridian."""
    [ring] = star(rng)["coordinates"]
    wrapped = [[(lon + 180) % 360 - 180, lat] for lon, lat in ring]
    return {"type": "Polygon", "coordinates": [wrapped]}


def square_with_hole(rng: random.Random) -> Raw:
    lat, lon, size = rng.uniform(-60, 60), rng.uniform(-180, 180), 10 ** rng.uniform(-2, 1.3)

    def square(half: float) -> list[list[float]]:
        corners = [(-half, -half), (half, -half), (half, half), (-half, half), (-half, -half)]
        return [[lon + x, lat + y] for x, y in corners]

    return {"type": "Polygon", "coordinates": [square(size), square(size * rng.uniform(0.2, 0.9))]}


def cap(rng: random.Random) -> Raw:
    """A ring around a pole."""
    north, corners, base = rng.choice([1, -1]), rng.randrange(4, 12), rng.uniform(50, 89.9)
    ring = [
        [
            (360 * (corner + rng.uniform(0, 0.3)) / corners) % 360 - 180,
            north * rng.uniform(base, min(89.99, base + 8)),
        ]
        for corner in range(corners)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


SHAPES: tuple[Callable[[random.Random], Raw], ...] = (circle, circle, star, wrapped_star, square_with_hole, cap)


def is_inside(raw: Raw) -> Callable[[Point], bool]:
    """The truth, point by point: geopy for circles, crossing counts for polygons.

    Rings that step across the antimeridian or hold a pole are first laid out by the `antimeridian`
    package; others are taken as they are, and a point is tried at its longitude and one turn away.
    """
    if raw["type"] == "circle":
        centre = (raw["lat"], raw["lon"])
        return lambda point: bool(geodesic(centre, point).m <= raw["radius_m"])
    rings = raw["coordinates"]
    if any(abs(a[0] - b[0]) > 180 for ring in rings for a, b in pairwise(ring)):
        rings = _laid_out(rings[0])
    return lambda point: any(
        sum(_crossings(ring, point[1] + turn, point[0]) for ring in rings) % 2 for turn in (-360, 0, 360)
    )


def _laid_out(ring: list[list[float]]) -> list[list[list[float]]]:
    """Disjoint rings on the map. Going east leaves the north pole on the left, as RFC 7946 wants it."""
    steps = [(b[0] - a[0] + 180) % 360 - 180 for a, b in pairwise(ring)]
    northern = sum(lat for _, lat in ring) > 0
    if abs(sum(steps)) > 1 and (sum(steps) > 0) != northern:
        ring = ring[::-1]
    fixed = antimeridian.fix_polygon(
        shapely.Polygon(ring), fix_winding=abs(sum(steps)) <= 1, great_circle=False
    )
    return [[list(at) for at in part.exterior.coords] for part in shapely.get_parts(fixed)]


def _crossings(ring: list[list[float]], x: float, y: float) -> int:
    """How many edges a ray to the east crosses."""
    return sum(
        (ay > y) != (by > y) and x < (bx - ax) * (y - ay) / (by - ay) + ax
        for (ax, ay), (bx, by) in pairwise(ring)
    )
