"""Areas: a circle, or a GeoJSON Polygon or MultiPolygon, on the whole of the Earth.

An area answers two questions. `contains` is exact: geodesic distance on the WGS 84 ellipsoid for
circles; for polygons, planar longitude and latitude, since RFC 7946 (section 3.1.1) draws a line
between two positions as straight in those. The boundary belongs to the area. `cell_ranges` is
generous: ranges of cells (``domain/cells.py``) that miss no point of the area, for an index to read.

`parse_area` is the one way in. Every fault is an `InvalidInput` on the field ``area``.
Positions are (lat, lon) in Python and [lon, lat] in GeoJSON. Degrees WGS 84, metres.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod
from shapely.geometry import MultiPolygon, Polygon

from . import rings
from .cells import cell_of, cells_of_circle, cells_of_polygon, ranges, sphere_m
from .errors import InvalidInput

__all__ = ["FARTHEST_M", "Area", "Circle", "Region", "cell_of", "distances_m", "parse_area"]

Numbers = npt.NDArray[np.float64]
Truths = npt.NDArray[np.bool_]

#: No two points of the ellipsoid are farther apart: half a meridian, in whole metres below.
FARTHEST_M = 20_003_931

_GEOD = Geod(ellps="WGS84")


def distances_m(lat: float, lon: float, lats: npt.ArrayLike, lons: npt.ArrayLike) -> Numbers:
    """Geodesic distances from one point to many, in metres (Karney's algorithm, as in geopy's geodesic)."""
    to_lats, to_lons = np.asarray(lats, np.float64), np.asarray(lons, np.float64)
    from_lats, from_lons = np.full_like(to_lats, lat), np.full_like(to_lons, lon)
    return np.asarray(_GEOD.inv(from_lons, from_lats, to_lons, to_lats)[2], np.float64)


class Area(Protocol):
    """Where an emergency is."""

    @property
    def kind(self) -> str:
        """``circle`` or ``polygon``."""

    @property
    def centre(self) -> tuple[float, float]:
        """(lat, lon) of a point to put a map on; for polygons it lies within the area."""

    @abstractmethod
    def contains(self, lats: npt.ArrayLike, lons: npt.ArrayLike) -> Truths:
        """Which of the points lie within the area or on its boundary."""

    @abstractmethod
    def cell_ranges(self) -> list[tuple[int, int]]:
        """Inclusive ranges of cells, sorted and apart, that hold the cell of every point of the area."""

    @abstractmethod
    def as_json(self) -> dict[str, Any]:
        """The raw form that `parse_area` takes, normalised."""


@dataclass(frozen=True)
class Circle(Area):
    """All points within a geodesic distance of the centre."""

    lat: float
    lon: float
    radius_m: float

    @property
    def kind(self) -> str:
        return "circle"

    @property
    def centre(self) -> tuple[float, float]:
        return self.lat, self.lon

    def contains(self, lats: npt.ArrayLike, lons: npt.ArrayLike) -> Truths:
        """Near the rim the ellipsoid decides; elsewhere a sphere, which is far quicker and never 1 % off."""
        lat, lon = np.asarray(lats, np.float64), np.asarray(lons, np.float64)
        rough = sphere_m(self.lat, self.lon, lat, lon)
        found = rough <= self.radius_m
        near = (rough >= 0.99 * self.radius_m) & (rough <= 1.01 * self.radius_m)
        found[near] = distances_m(self.lat, self.lon, lat[near], lon[near]) <= self.radius_m
        return np.asarray(found, np.bool_)

    def cell_ranges(self) -> list[tuple[int, int]]:
        return ranges(cells_of_circle(self.lat, self.lon, self.radius_m))

    def as_json(self) -> dict[str, Any]:
        return {"type": "circle", "lat": self.lat, "lon": self.lon, "radius_m": self.radius_m}


@dataclass(frozen=True)
class Region(Area):
    """One or more polygons with holes. ``shape`` lies within -180 to 180, cut at the antimeridian."""

    shape: Polygon | MultiPolygon

    @property
    def kind(self) -> str:
        return "polygon"

    @cached_property
    def centre(self) -> tuple[float, float]:
        largest = max(shapely.get_parts(self.shape), key=shapely.area)
        point = shapely.point_on_surface(largest)
        return float(point.y), float(point.x)

    def contains(self, lats: npt.ArrayLike, lons: npt.ArrayLike) -> Truths:
        """The meridians 180 and -180 are one, and a pole is every longitude at once."""
        lat, lon = np.asarray(lats, np.float64), np.asarray(lons, np.float64)
        shapely.prepare(self.shape)
        found = np.asarray(shapely.intersects_xy(self.shape, lon, lat), np.bool_)
        found |= (np.abs(lon) == 180) & shapely.intersects_xy(self.shape, -lon, lat)
        _, south, _, north = self.shape.bounds
        return np.asarray(found | ((lat == 90) & (north == 90)) | ((lat == -90) & (south == -90)), np.bool_)

    def cell_ranges(self) -> list[tuple[int, int]]:
        return ranges(cells_of_polygon(self.shape))

    def as_json(self) -> dict[str, Any]:
        parts = [
            [[[x, y] for x, y in ring.coords] for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(shapely.orient_polygons(self.shape))
        ]
        if len(parts) == 1:
            return {"type": "Polygon", "coordinates": parts[0]}
        return {"type": "MultiPolygon", "coordinates": parts}


def parse_area(raw: Mapping[str, Any]) -> Area:
    """Read and check an area: ``{"type": "circle", "lat", "lon", "radius_m"}`` or a GeoJSON geometry.

    Polygons may cross the antimeridian as RFC 7946 asks (cut into two), by a step of more than 180
    degrees of longitude, or by longitudes beyond 180; a ring around the Earth holds the pole nearer
    to it. Raises `InvalidInput` on ``area``.
    """
    if not isinstance(raw, Mapping):
        raise _fault('must be an object with a "type"')
    kind = raw.get("type")
    if kind == "circle":
        return _circle(raw)
    if kind == "Polygon":
        return _region([raw.get("coordinates")])
    if kind == "MultiPolygon":
        return _region(raw.get("coordinates"))
    raise _fault(f'has the type {kind!r:.40}; use "circle", or GeoJSON\'s "Polygon" or "MultiPolygon"')


def _fault(message: str) -> InvalidInput:
    return InvalidInput("area", message)


def _circle(raw: Mapping[str, Any]) -> Circle:
    missing = [name for name in ("lat", "lon", "radius_m") if name not in raw]
    if missing:
        raise _fault(f"is a circle without {', '.join(missing)}; give lat, lon (degrees) and radius_m (metres)")
    lat, lon, radius_m = (rings.number(raw[name], name) for name in ("lat", "lon", "radius_m"))
    if abs(lat) > 90:
        swapped = "; lat and lon look swapped" if abs(lon) <= 90 and abs(lat) <= 180 else ""
        raise _fault(f"has lat {lat:g}, which must lie between -90 and 90{swapped}")
    if abs(lon) > 180:
        raise _fault(f"has lon {lon:g}, which must lie between -180 and 180")
    if not 0 < radius_m <= FARTHEST_M:
        raise _fault(f"has radius_m {radius_m:g}, which must be more than 0 and at most {FARTHEST_M} metres")
    return Circle(lat, lon, radius_m)


def _region(polygons: Any) -> Region:
    if not isinstance(polygons, Sequence) or isinstance(polygons, str) or not polygons:
        raise _fault("has no polygons; give at least one in coordinates")
    return Region(rings.shape_of(polygons))
