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

from gisgrid.lookup import nearby
from gisgrid.lookup.outlines import Floats, Outlines
from gisgrid.lookup.raster import Raster
from gisgrid.model import LocateMethod, Location, Neighbour

NEIGHBOURS_WITHIN_M: Final = 100.0
"""Neighbours are the other grids whose ground lies within this distance of the point, unless more is asked for."""

METHODS: Final[tuple[LocateMethod, ...]] = ("outside", "inside", "border", "nearest")
"""What the numbers in `Located.method` stand for: those of `lookup.raster` and `lookup.nearby`."""

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
        self._raster = Raster.over(Outlines.of(np.array([polygons[position] for position in order], dtype=object)))
        self._arrays = nearby.arrays_of(self._raster)
        self._position = {code: position for position, code in enumerate(self.codes)}
        numbers = {edition: number for number, edition in enumerate(dict.fromkeys(self.editions))}
        self._edition_numbers = np.array([numbers[edition] for edition in self.editions], dtype=np.int64)
        self._edition_count = len(numbers)
        self._warm()

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def nbytes(self) -> int:
        """Return the bytes of all arrays, codes and editions aside."""
        return sum(array.nbytes for array in self._arrays)

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
        told = nearby.evidence(
            float(lon), float(lat), float(nearest_tolerance_m), float(neighbours_within_m), *self._arrays
        ).tolist()
        codes, grid = self.codes, int(told[0])
        return Location(
            grid=codes[grid] if grid >= 0 else None,
            method=METHODS[int(told[1])],
            border_distance_m=told[2] if grid >= 0 else None,
            neighbours=tuple(
                Neighbour(codes[int(other)], metres) for other, metres in zip(told[3::2], told[4::2], strict=True)
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
        x, y = _coordinates(lon), _coordinates(lat)
        grid, method = self._raster.locate(x, y)
        if nearest_tolerance_m > 0.0:
            nearby.give_to_nearest(x, y, float(nearest_tolerance_m), *self._arrays, grid, method)
        return Located(grid, method)

    def border_distances_m(self, lon: npt.ArrayLike, lat: npt.ArrayLike, located: Located) -> Floats:
        """Return the metres from each point to the border of its grid, the same that `locate` gives one by one.

        Parameters
        ----------
        lon, lat
            The points that were located, WGS-84 degrees, shape (n,).
        located
            What `locate_many` said of them; NaN where that is no grid.
        """
        metres = np.empty(len(located.grid))
        outlines = self._raster.outlines
        nearby.fill_border_distances(
            _coordinates(lon), _coordinates(lat), located.grid, located.method,
            outlines.vertices, outlines.rings, outlines.polygons, metres,
        )  # fmt: skip
        return metres

    def one_of_each_edition(self, grids: _IntArray) -> list[int]:
        """Return one grid of each edition that these grids belong to, all as positions in `codes`."""
        one = np.full(self._edition_count, -1)
        one[self._edition_numbers[grids]] = grids
        chosen: list[int] = one[one >= 0].tolist()
        return chosen

    def edition_of(self, code: str) -> str | None:
        """Return the id of the edition that the grid of this code belongs to, or None where the index has no such."""
        position = self._position.get(code)
        return None if position is None else self.editions[position]

    def _warm(self) -> None:
        """Load every compiled loop, or compile it where no installation has: whoever asks first must not wait."""
        self.locate(0.0, 0.0)
        self.border_distances_m([0.0], [0.0], self.locate_many([0.0], [0.0], nearest_tolerance_m=1.0))


def _coordinates(values: npt.ArrayLike) -> Floats:
    return np.ascontiguousarray(values, dtype=np.float64)
