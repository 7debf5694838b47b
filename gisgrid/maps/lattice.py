"""Geometry as whole numbers: the form in which shapes travel inside a map's page.

Room: maps. In: geometry in WGS-84. Out: steps of a millionth of a degree (0.1 m), each vertex as the step from the one
before, as the strings of `packing`. Must not import a library of drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Geometry

from gisgrid.maps.packing import packed, packed_shapes

STEPS_PER_DEGREE: Final = 1_000_000
LABEL_TOLERANCE: Final = 0.02
"""Of the side of a square of the same area: a label is not seen to stand 2 % beside the best place."""
Coordinates = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lattice:
    """Turns geometry into whole numbers around an origin, so that a shared vertex stays one vertex."""

    lon: float
    lat: float

    def places(self, coordinates: Coordinates) -> NDArray[np.int64]:
        """Return coordinates (n, 2) as whole numbers around the origin."""
        whole: NDArray[np.int64] = np.rint((coordinates - (self.lon, self.lat)) * STEPS_PER_DEGREE).astype(np.int64)
        return whole

    def path(self, line: Geometry) -> str:
        """Return the vertices of a line, ring or point: the first from the origin, each other from the one before."""
        return self._steps(shapely.get_coordinates(line))

    def polygons(self, area: Geometry) -> list[list[str]]:
        """Return every ring of every part of an area, without the closing vertex."""
        return [
            [self._steps(shapely.get_coordinates(ring)[:-1]) for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(area)
            if isinstance(part, shapely.Polygon)
        ]

    def lines(self, geometry: Geometry) -> list[str]:
        """Return every part of a line, or of a point."""
        return [self.path(part) for part in shapely.get_parts(geometry)]

    def shapes(self, areas: Sequence[Geometry]) -> dict[str, str]:
        """Return many areas in columns, shorter and quicker than `polygons` of each."""
        return packed_shapes(areas, self.places)

    def labels(self, areas: Sequence[Geometry]) -> dict[str, str]:
        """Return where the labels of areas have most room: places, each as the step from the one before, and radii."""
        found = np.array([self._label(area) for area in areas], dtype=np.int64).reshape(-1, 3)
        moves = np.diff(found[:, :2], axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
        return {"at": packed(moves), "radius": packed(found[:, 2])}

    def label(self, area: Geometry) -> str:
        """Return where a label has most room: x, y and the radius, in steps."""
        return packed(self._label(area))

    def _label(self, area: Geometry) -> list[int]:
        """Return the centre of the largest inscribed circle and its radius, in steps.

        The circle is one on the page: it is sought in the plane that the page is drawn in, Mercator's with
        y = asinh(tan φ), and its radius is given in steps of longitude.
        """
        plane = shapely.transform(area, _to_mercator)
        spoke = shapely.maximum_inscribed_circle(plane, tolerance=LABEL_TOLERANCE * float(np.sqrt(shapely.area(plane))))
        (x, y), _ = shapely.get_coordinates(spoke)
        latitude = float(np.degrees(np.arctan(np.sinh(np.radians(y)))))
        at = self.places(np.array([[x, latitude]]))[0]
        return [*at.tolist(), round(float(shapely.length(spoke)) * STEPS_PER_DEGREE)]

    def _steps(self, coordinates: Coordinates) -> str:
        places = self.places(coordinates)
        moves = places[1:] - places[:-1]
        return packed(np.concatenate([places[:1], moves[moves.any(axis=1)]]))


def _to_mercator(coordinates: Coordinates) -> Coordinates:
    lon, lat = coordinates[:, 0], coordinates[:, 1]
    return np.column_stack([lon, np.degrees(np.arcsinh(np.tan(np.radians(lat))))])
