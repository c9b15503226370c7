"""Cells: the H3 grid as integers, and covers of circles and polygons as ranges of those integers.

Every place has the cell of resolution 7. Such a cell is about 5 km² (2.6 km across): a city has
tens of them, so that an index ordered by cell reads what is near together, and a circle of 25 km
is covered without reading much beyond it. Finer cells would need more ranges, coarser ones would
read more people who are not in the area.

A cover is computed at the finest resolution that needs about 200 cells. H3 children lie only
approximately within their parent, so the cover is widened by one ring before its cells stand for
their descendants: a point lies in its own cell of every resolution, and its ancestor there is that
cell or a neighbour of it. The descendants of a cell are one contiguous range of integers.

Source of the bit layout: H3 index, mode 1 (4 bits of resolution at bit 52, 7 of base cell at 45,
then 3 bits a digit, from resolution 1 at bit 42 down).
"""

import math
from collections.abc import Iterable

import h3.api.basic_int as h3
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

RESOLUTION = 7

#: What a cover aims at: more cells cost more ranges, fewer cost more people looked at in vain.
_AIM = 200
#: Radius of the sphere with the Earth's surface, in metres; H3's own.
_EARTH_M = 6_371_007.18
_RESOLUTIONS = range(RESOLUTION + 1)
#: Mean surface of a cell in m², and the greatest distance from a cell's centre to its corner in metres,
#: with a margin: real cells differ from the mean by up to half of it in surface.
_CELL_M2 = [h3.average_hexagon_area(r, unit="m^2") for r in _RESOLUTIONS]
_REACH_M = [1.35 * math.sqrt(area * 2 / (3 * math.sqrt(3))) for area in _CELL_M2]


def cell_of(lat: float, lon: float) -> int:
    """The cell of a point, as a positive 64-bit integer."""
    return int(h3.latlng_to_cell(lat, lon, RESOLUTION))


def ranges(cells: Iterable[int]) -> list[tuple[int, int]]:
    """The resolution-7 descendants of cells of one resolution, as sorted, disjoint, inclusive ranges.

    Neighbours in the order of cells become one range: no cell lies between them.
    """
    ordered = np.unique(np.fromiter(cells, np.int64))
    resolution = h3.get_resolution(int(ordered[0]))
    gaps = np.flatnonzero(np.diff(_ordinals(ordered, resolution)) != 1)
    firsts = ordered[np.concatenate(([0], gaps + 1))]
    lasts = ordered[np.concatenate((gaps, [len(ordered) - 1]))]
    # Digits below a cell's own are 7; descendants have 0 to 6 there down to resolution 7.
    below = sum(7 << 3 * (15 - r) for r in range(resolution + 1, RESOLUTION + 1))
    sixes = sum(6 << 3 * (15 - r) for r in range(resolution + 1, RESOLUTION + 1))
    deeper = (RESOLUTION - resolution) << 52
    lows = (firsts & ~below) + deeper
    highs = (lasts & ~below) + deeper + sixes
    return list(zip(lows.tolist(), highs.tolist(), strict=True))


def _ordinals(cells: npt.NDArray[np.int64], resolution: int) -> npt.NDArray[np.int64]:
    """The position of each cell among all of its resolution; pentagons count as if they had seven children."""
    found = (cells >> 45) & 127
    for level in range(1, resolution + 1):
        found = found * 7 + ((cells >> 3 * (15 - level)) & 7)
    return found


def _resolution_for(surface_m2: float, rim_m: float) -> int:
    """The finest resolution at which an area with this surface and circumference needs about `_AIM` cells.

    The cells along the rim count too, two rings of them: one that overlaps and one that widens.
    """
    for resolution in reversed(_RESOLUTIONS):
        rim_cells = 2 * rim_m / math.sqrt(_CELL_M2[resolution])
        if surface_m2 / _CELL_M2[resolution] + rim_cells <= 1.2 * _AIM:
            return resolution
    return 0


def cells_of_circle(lat: float, lon: float, radius_m: float) -> list[int]:
    """Cells of one resolution whose descendants hold every point of a geodesic circle.

    Distances on a sphere are enough here: they differ from the ellipsoid's by less than 0.6 %.
    """
    angle = min(radius_m / _EARTH_M, math.pi)
    surface = 2 * math.pi * _EARTH_M**2 * (1 - math.cos(angle))
    resolution = _resolution_for(surface, 2 * math.pi * _EARTH_M * math.sin(angle))
    # Two reaches to the centre of any cell that overlaps, two more for the ring that widens.
    within = 1.01 * radius_m + 3 * _REACH_M[resolution]
    cells = _disk(lat, lon, within, resolution)
    centres = np.radians([h3.cell_to_latlng(cell) for cell in cells])
    near = _arc(math.radians(lat), math.radians(lon), centres[:, 0], centres[:, 1]) * _EARTH_M <= within
    return [cell for cell, is_near in zip(cells, near.tolist(), strict=True) if is_near]


def _disk(lat: float, lon: float, within_m: float, resolution: int) -> list[int]:
    """At least the cells whose centre lies within a distance; all cells when that is simpler."""
    if resolution == 0:
        return list(h3.get_res0_cells())
    # Neighbours' centres are sqrt(2 A / sqrt 3) apart on average, and never closer than 0.6 of that.
    spacing = 0.6 * math.sqrt(2 * _CELL_M2[resolution] / math.sqrt(3))
    return list(h3.grid_disk(h3.latlng_to_cell(lat, lon, resolution), math.ceil(within_m / spacing)))


def sphere_m(
    lat: float, lon: float, lats: npt.NDArray[np.float64], lons: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Distances from one point to many on a sphere, in metres: the ellipsoid's to 0.6 %."""
    return _arc(math.radians(lat), math.radians(lon), np.radians(lats), np.radians(lons)) * _EARTH_M


def _arc(
    lat: float, lon: float, lats: npt.NDArray[np.float64], lons: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Angles on a sphere (haversine), all in radians."""
    half = np.sin((lats - lat) / 2) ** 2 + math.cos(lat) * np.cos(lats) * np.sin((lons - lon) / 2) ** 2
    return np.asarray(2 * np.arcsin(np.sqrt(np.clip(half, 0, 1))), np.float64)


def cells_of_polygon(shape: Polygon | MultiPolygon) -> set[int]:
    """Cells of one resolution whose descendants hold every point of a shape within the map -180 to 180."""
    resolution = _resolution_for(*_extent(shape))
    found: set[int] = set()
    for part in _slabs(shape):
        found.update(_overlapping(part, resolution))
    found.update(_polar(shape, resolution))
    return {neighbour for cell in found for neighbour in h3.grid_disk(cell, 1)}


def _extent(shape: Polygon | MultiPolygon) -> tuple[float, float]:
    """Surface (m²) and rim (m) of a shape, near enough to choose a resolution."""
    degree = math.pi * _EARTH_M / 180
    _, south, _, north = shape.bounds
    shrink = max(math.cos(math.radians(min(abs(south), abs(north)) if south * north > 0 else 0)), 0.01)
    return shape.area * degree**2 * shrink, shape.length * degree * max(shrink, 0.3)


def _slabs(shape: Polygon | MultiPolygon) -> list[Polygon]:
    """The shape cut at every 60 degrees of longitude: H3 takes edges beyond 180 degrees the other way round."""
    west, _, east, _ = shape.bounds
    cuts: list[BaseGeometry] = [shape]
    if east - west > 60:
        cuts = [shapely.intersection(shape, box(lon, -90, lon + 60, 90)) for lon in range(-180, 180, 60)]
    return [part for cut in cuts for part in shapely.get_parts(cut) if isinstance(part, Polygon)]


def _overlapping(part: Polygon, resolution: int) -> list[int]:
    outline = h3.LatLngPoly(
        [(y, x) for x, y in part.exterior.coords[:-1]],
        *[[(y, x) for x, y in hole.coords[:-1]] for hole in part.interiors],
    )
    return list(h3.h3shape_to_cells_experimental(outline, resolution, contain="overlap"))


def _polar(shape: Polygon | MultiPolygon, resolution: int) -> set[int]:
    """Cells around a pole that the shape comes near: in longitude and latitude H3 sees no cell hold a pole."""
    _, south, _, north = shape.bounds
    reach = 1 + math.degrees(2 * _REACH_M[resolution] / _EARTH_M)
    found: set[int] = set()
    for pole, is_near in ((90.0, north >= 90 - reach), (-90.0, south <= -90 + reach)):
        if is_near:
            found.update(h3.grid_disk(h3.latlng_to_cell(pole, 0.0, resolution), 2))
    return found
