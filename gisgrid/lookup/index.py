"""Which grid a point is in: the point index over a coverage of grids.

Room `lookup`, pure. In: codes, polygons (WGS-84) and edition ids as arrays of one length. Out: `model.Location` for one
point, arrays for many. Imports numpy, shapely and `gisgrid.model`; no database, no HTTP, no clock, no other room.

The rule in one sentence: *of the grids that cover the point (their border included) the one with the smallest code*.
It is the rule of `SELECT min(code) … WHERE ST_Covers(geom, point)` in PostGIS, and a test holds the two together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely import Geometry

from gisgrid.lookup.distance import FloatArray, Outlines, boxes_around
from gisgrid.lookup.raster import BORDER, Raster
from gisgrid.model import LocateMethod, Location, Neighbour

NEIGHBOURS_WITHIN_M: Final = 100.0
"""Neighbours are the other grids whose ground lies within this distance of the point, unless more is asked for."""

METHODS: Final[tuple[LocateMethod, ...]] = ("outside", "inside", "border", "nearest")
"""What the numbers in `Located.method` stand for; the first three are those of `lookup.raster`."""
_NEAREST: Final = METHODS.index("nearest")
_CHUNK: Final = 2_000

_IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Located:
    """The grids of many points, in the order of the points.

    Attributes
    ----------
    grid
        Position in the index's `codes`, or -1: int64, shape (n,).
    method
        Position in `METHODS`: uint8, shape (n,).
    """

    grid: _IntArray
    method: npt.NDArray[np.uint8]


class PointIndex:
    """An immutable index over the grids in force at one instant; safe to read from several threads.

    Parameters
    ----------
    codes
        Codes of the grids, in any order.
    polygons
        Their polygons or multipolygons, longitude and latitude, not across the antimeridian.
    editions
        The id of the edition that each grid belongs to.

    Attributes
    ----------
    codes, editions
        In order of code.
    outlines
        The borders of the grids in that order.

    Examples
    --------
    >>> index = PointIndex(["b", "a"], [shapely.box(1, 0, 2, 1), shapely.box(0, 0, 1, 1)], ["e", "e"])
    >>> index.locate(0.5, 0.5).grid, index.locate(1.0, 0.5).method, index.locate(1.0, 0.5).grid
    ('a', 'border', 'a')
    """

    def __init__(self, codes: Sequence[str], polygons: Sequence[Geometry], editions: Sequence[str]) -> None:
        if not len(codes) == len(polygons) == len(editions):
            raise ValueError("codes, polygons and editions must be of one length")
        if shapely.is_empty(np.array(polygons, dtype=object)).any():
            raise ValueError("a grid without ground cannot be looked up: every polygon must have an area")
        order = sorted(range(len(codes)), key=lambda position: codes[position])
        self.codes: tuple[str, ...] = tuple(codes[position] for position in order)
        self.editions: tuple[str, ...] = tuple(editions[position] for position in order)
        self._polygons = np.array([polygons[position] for position in order], dtype=object)
        self._tree = shapely.STRtree(self._polygons)
        self.outlines = Outlines.of(self._polygons)
        self._raster = Raster.over(self.outlines)
        self._position = {code: position for position, code in enumerate(self.codes)}
        self._warm()

    def __len__(self) -> int:
        return len(self.codes)

    def __contains__(self, code: object) -> bool:
        return code in self._position

    def locate(
        self,
        lon: float,
        lat: float,
        *,
        nearest_tolerance_m: float = 0.0,
        neighbours_within_m: float = NEIGHBOURS_WITHIN_M,
    ) -> Location:
        """Return the grid of one point with the evidence: method, distance to the border, neighbours.

        Parameters
        ----------
        lon, lat
            WGS-84 degrees, finite.
        nearest_tolerance_m
            A point that no grid covers is given to the nearest grid within this distance in metres; the smallest
            code where two are equally near to the millimetre.
        neighbours_within_m
            Other grids within this distance in metres are named as neighbours, nearest first.

        Notes
        -----
        Distances are metres in the plane that touches the WGS-84 ellipsoid at the point (see `lookup.distance`),
        rounded to the millimetre; their error against the geodesic is below 0.1 % up to 5 km.
        """
        x, y = np.array([lon], dtype=np.float64), np.array([lat], dtype=np.float64)
        found = self.locate_many(x, y, nearest_tolerance_m=nearest_tolerance_m)
        grid, method = int(found.grid[0]), int(found.method[0])
        _, near, distances = self._within(x, y, neighbours_within_m)
        return Location(
            grid=self.codes[grid] if grid >= 0 else None,
            method=METHODS[method],
            border_distance_m=self._border_distance(grid, method, lon, lat),
            neighbours=tuple(
                Neighbour(self.codes[position], float(distance))
                for position, distance in zip(near, distances, strict=True)
                if position != grid
            ),
            edition=self.editions[grid] if grid >= 0 else None,
            lon=lon,
            lat=lat,
        )

    def locate_many(self, lon: npt.ArrayLike, lat: npt.ArrayLike, *, nearest_tolerance_m: float = 0.0) -> Located:
        """Return the grids of many points, the same that `locate` gives one by one.

        Parameters
        ----------
        lon, lat
            WGS-84 degrees, finite, shape (n,).
        nearest_tolerance_m
            As in `locate`.
        """
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        grid, method = self._raster.locate(x, y)
        if nearest_tolerance_m > 0.0:
            outside = np.flatnonzero(grid < 0)
            for start in range(0, len(outside), _CHUNK):  # bounds the memory that all their segments take
                chunk = outside[start : start + _CHUNK]
                point, near, _ = self._within(x[chunk], y[chunk], nearest_tolerance_m)
                point, first = np.unique(point, return_index=True)
                grid[chunk[point]], method[chunk[point]] = near[first], _NEAREST
        return Located(grid, method)

    def edition_of(self, code: str) -> str | None:
        """Return the id of the edition that the grid of this code belongs to, or None where the index has no such."""
        position = self._position.get(code)
        return None if position is None else self.editions[position]

    def _within(self, x: FloatArray, y: FloatArray, reach_m: float) -> tuple[_IntArray, _IntArray, FloatArray]:
        """Return the pairs (point, grid within the reach) and their metres, by point, distance, code."""
        point, near = self._tree.query(boxes_around(x, y, reach_m))
        distances = self.outlines.distances_m(near, x[point], y[point])
        distances[shapely.intersects_xy(self._polygons[near], x[point], y[point])] = 0.0
        order = np.lexsort((near, distances, point))
        order = order[distances[order] <= reach_m]
        return point[order], near[order], distances[order]

    def _border_distance(self, grid: int, method: int, lon: float, lat: float) -> float | None:
        if grid < 0:
            return None
        if method == BORDER:
            return 0.0
        return float(self.outlines.distances_m(np.array([grid]), np.array([lon]), np.array([lat]))[0])

    def _warm(self) -> None:
        """Build now what GEOS would build at the first question: that is not safe among threads, later reads are."""
        shapely.prepare(self._polygons)
        if len(self._polygons):
            corners = shapely.bounds(self._polygons)
            inside_box = (corners[:, :2] + corners[:, 2:]) / 2.0
            shapely.intersects_xy(self._polygons, inside_box[:, 0], inside_box[:, 1])
            shapely.contains_xy(self._polygons, inside_box[:, 0], inside_box[:, 1])
            self._tree.query(shapely.points(inside_box[0]))
