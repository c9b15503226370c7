"""From a polygon's coordinates, as people send them, to a clean shape on the map from -180 to 180.

Rings that cross the antimeridian are unrolled into a plane where longitude simply goes on, checked
there for self-crossings, and then cut and folded back. A ring that goes once around the Earth
holds the pole that is nearer to it, whichever way round it is drawn: many programs get the
winding wrong, and the other reading would be nearly the whole Earth.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from shapely import affinity
from shapely.geometry import MultiPolygon, Polygon, box

from .errors import InvalidInput

MAX_POSITIONS = 10_000

Position = tuple[float, float]


def number(value: Any, name: str) -> float:
    """A finite number, or `InvalidInput`. JSON's true is not a number, nor is a string of digits."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not _finite(value):
        raise _fault(f"has {name} {value!r:.40}, which must be a finite number")
    return float(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # an integer beyond what a float can hold
        return False


def _fault(message: str) -> InvalidInput:
    return InvalidInput("area", message)


def shape_of(polygons: Sequence[Any]) -> Polygon | MultiPolygon:
    """The union of GeoJSON polygons (lists of rings of [lon, lat]) as one valid shape.

    Raises `InvalidInput` for what is empty, unclosed, self-crossing, without surface or too long.
    """
    _check_size(polygons)
    shape = shapely.union_all([_polygon(rings) for rings in polygons])
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area > 0]
    if not parts:
        raise _fault("has no surface; its holes leave nothing")
    # One order of parts and corners, so that the same area is written the same way again.
    return shapely.normalize(parts[0] if len(parts) == 1 else MultiPolygon(parts))


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)


def _check_size(polygons: Sequence[Any]) -> None:
    total = sum(len(ring) for rings in polygons if _is_list(rings) for ring in rings if _is_list(ring))
    if total > MAX_POSITIONS:
        raise _fault(f"has {total} positions; simplify it to at most {MAX_POSITIONS}")


def _polygon(rings: Any) -> Polygon | MultiPolygon:
    """One polygon: its outer ring without its holes."""
    if not _is_list(rings) or not rings:
        raise _fault("has a polygon without rings; give an outer ring of at least 4 positions")
    outer, *holes = [_ring(positions) for positions in rings]
    if not holes:
        return outer
    cut = shapely.union_all(holes)
    if shapely.difference(cut, outer).area > 1e-9:
        raise _fault("has a hole outside its outer ring; holes must lie within it")
    return _surfaces(shapely.difference(outer, cut))


def _ring(raw: Any) -> Polygon | MultiPolygon:
    """What a ring encloses."""
    if not _is_list(raw) or len(raw) < 4:
        raise _fault("has a ring of fewer than 4 positions; give at least 3 corners and the first again")
    given = [_position(item) for item in raw]
    if given[0][1] != given[-1][1] or (given[0][0] - given[-1][0]) % 360:
        raise _fault(f"has a ring that is not closed; end it with its first position {list(given[0])}")
    unrolled = _unroll(given)
    turn = unrolled[-1][0] - unrolled[0][0]
    plane = _around_pole(unrolled, turn) if turn else Polygon(unrolled)
    _check_plane(plane, around=bool(turn))
    return _fold(plane)


def _position(raw: Any) -> Position:
    if not _is_list(raw) or len(raw) < 2:
        raise _fault(f"has the position {raw!r:.40}; a position is [longitude, latitude]")
    lon, lat = number(raw[0], "longitude"), number(raw[1], "latitude")
    if abs(lat) > 90:
        swapped = "; GeoJSON is [longitude, latitude], and these look swapped" if abs(lon) <= 90 else ""
        raise _fault(f"has latitude {lat:g}, which must lie between -90 and 90{swapped}")
    if abs(lon) > 540:
        raise _fault(f"has longitude {lon:g}, which must lie between -180 and 180")
    return lon, lat


def _unroll(given: Sequence[Position]) -> list[Position]:
    """Let longitude go on where a step of more than 180 degrees shows that the ring crossed the antimeridian.

    From one edge of the map to the other (-180 to 180) a step is meant as it stands.
    """
    unrolled, shift = [given[0]], 0.0
    for (lon, _), (next_lon, next_lat) in pairwise(given):
        step = next_lon - lon
        if abs(step) > 180 and {lon, next_lon} != {-180.0, 180.0}:
            shift -= 360 * round(step / 360)
        unrolled.append((next_lon + shift, next_lat))
    return unrolled


def _around_pole(unrolled: list[Position], turn: float) -> Polygon:
    """Three turns of a ring around the Earth, closed over the nearer pole; the middle one is looked at."""
    if abs(turn) != 360:
        raise _fault("has a ring that goes around the Earth more than once")
    line = unrolled if turn > 0 else [(lon, lat) for lon, lat in reversed(unrolled)]
    start = line[0][0]
    # Begin where the three turns are sure to cover -180 to 180.
    line = [(lon - 360 * math.floor((start + 180) / 360), lat) for lon, lat in line]
    turns = [(lon + 360 * k, lat) for k in (-1, 0, 1) for lon, lat in (line if k == 1 else line[:-1])]
    pole = math.copysign(90, float(np.mean([lat for _, lat in line[:-1]])))
    return Polygon([*turns, (turns[-1][0], pole), (turns[0][0], pole)])


def _check_plane(plane: Polygon, *, around: bool) -> None:
    if plane.convex_hull.area == 0:
        raise _fault("has a ring without surface; its positions lie on one line")
    if not plane.is_valid:
        reason = shapely.is_valid_reason(plane).replace("[", " at longitude, latitude ").replace("]", "")
        raise _fault(f"has a ring that crosses or touches itself ({reason}); draw it without crossing")
    west, _, east, _ = plane.bounds
    if not around and east - west > 360:
        raise _fault("has a ring wider than the Earth; it must span at most 360 degrees of longitude")


def _fold(plane: Polygon) -> Polygon | MultiPolygon:
    """Bring an unrolled polygon back onto the map, cut at the antimeridian."""
    west, _, east, _ = plane.bounds
    if west >= -180 and east <= 180:
        return plane
    if east - west > 360:
        return _surfaces(shapely.intersection(plane, box(-180, -90, 180, 90)))
    first, last = math.floor((west + 180) / 360), math.floor((east + 180) / 360)
    cuts = [
        affinity.translate(
            shapely.intersection(plane, box(360 * k - 180, -90, 360 * k + 180, 90)), xoff=-360 * k
        )
        for k in range(first, last + 1)
    ]
    return _surfaces(shapely.union_all(cuts))


def _surfaces(shape: Any) -> Polygon | MultiPolygon:
    """Drop the points and lines that cutting leaves where a corner touches the edge."""
    parts = [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon"]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)
