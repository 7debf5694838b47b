"""Geometry as whole numbers: the form in which shapes travel inside a map's page.

Room: maps. In: geometry in WGS-84. Out: steps of a millionth of a degree (0.1 m), each vertex as the step from the one
before. Must not import a library of drawing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely
from shapely import Geometry

STEPS_PER_DEGREE: Final = 1_000_000
Coordinates = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Lattice:
    """Turns geometry into whole numbers around an origin, so that a shared vertex stays one vertex."""

    lon: float
    lat: float

    def path(self, line: Geometry) -> list[int]:
        """Return the vertices of a line, ring or point: the first from the origin, each other from the one before."""
        return self._steps(shapely.get_coordinates(line))

    def polygons(self, area: Geometry) -> list[list[list[int]]]:
        """Return every ring of every part of an area, without the closing vertex."""
        return [
            [self._steps(shapely.get_coordinates(ring)[:-1]) for ring in (part.exterior, *part.interiors)]
            for part in shapely.get_parts(area)
            if isinstance(part, shapely.Polygon)
        ]

    def lines(self, geometry: Geometry) -> list[list[int]]:
        """Return every part of a line, or of a point."""
        return [self.path(part) for part in shapely.get_parts(geometry)]

    def label(self, area: Geometry) -> list[int]:
        """Return where a label has most room: the centre of the largest inscribed circle and its radius, in steps.

        The circle is one on the page: it is sought in the plane that the page is drawn in, Mercator's with
        y = asinh(tan φ), and its radius is given in steps of longitude.
        """
        plane = shapely.transform(area, _to_mercator)
        spoke = shapely.maximum_inscribed_circle(plane, tolerance=2.0 / STEPS_PER_DEGREE * 5)
        (x, y), _ = shapely.get_coordinates(spoke)
        latitude = float(np.degrees(np.arctan(np.sinh(np.radians(y)))))
        at = self.path(shapely.Point(x, latitude))
        return [*at, round(float(shapely.length(spoke)) * STEPS_PER_DEGREE)]

    def _steps(self, coordinates: Coordinates) -> list[int]:
        places = np.rint((coordinates - (self.lon, self.lat)) * STEPS_PER_DEGREE).astype(np.int64)
        moves = places[1:] - places[:-1]
        moves = moves[moves.any(axis=1)]
        steps: list[int] = np.concatenate([places[:1], moves]).ravel().tolist()
        return steps


def _to_mercator(coordinates: Coordinates) -> Coordinates:
    lon, lat = coordinates[:, 0], coordinates[:, 1]
    return np.column_stack([lon, np.degrees(np.arcsinh(np.tan(np.radians(lat))))])
