"""Distances in metres from a point to the outlines of polygons given in degrees, in compiled loops.

Room `lookup`, pure. In: outlines and points, WGS-84. Out: metres. Imports numpy and this room.

Formula: around the point's latitude one degree of latitude is M·π/180 metres and one of longitude N·cos φ·π/180, with
the radii of curvature of the ellipsoid M = a(1-e²)/(1-e² sin² φ)^(3/2) and N = a/(1-e² sin² φ)^(1/2)
(Torge & Müller, *Geodesy*, 4th ed., 4.1.3; WGS-84: a = 6 378 137 m, e² = 0.006 694 379 990 14). Planar distances in
those metres differ from geodesics by less than 0.1 % up to 5 km below 60 degrees of latitude: the scale across grows
with tan φ · distance / a.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np

from gisgrid.lookup.compiled import compiled
from gisgrid.lookup.outlines import Floats, Integers

_EQUATOR_M: Final = 6_378_137.0
_ECCENTRICITY_SQUARED: Final = 0.006_694_379_990_14
_ROUNDING: Final = 1.0 + 1e-12
"""Far more than the squares of two distances can be wrong, in proportion."""


@compiled
def metres_of_a_degree(lat: float) -> tuple[float, float]:
    """Return the metres that one degree of longitude and one of latitude measure at a latitude in degrees."""
    phi = math.radians(lat)
    shape = 1.0 - _ECCENTRICITY_SQUARED * math.sin(phi) ** 2
    along = _EQUATOR_M * (1.0 - _ECCENTRICITY_SQUARED) / (shape * math.sqrt(shape))
    across = _EQUATOR_M / math.sqrt(shape) * math.cos(phi)
    return math.radians(across), math.radians(along)


@compiled
def border_distance_m(  # noqa: PLR0913, PLR0917 - flat arrays, as compiled loops take them
    polygon: int, x: float, y: float, scale: tuple[float, float], within_m: float,
    vertices: Floats, rings: Integers, polygons: Integers,
) -> float:  # fmt: skip
    """Return the metres from a point to the nearest border of a polygon, to the millimetre.

    Parameters
    ----------
    scale
        `metres_of_a_degree` at the point.
    within_m
        Where the border is farther than this, some greater distance is returned, more quickly.
    """
    across, along = scale
    least = within_m * within_m
    for ring in range(polygons[polygon], polygons[polygon + 1]):
        bx, by = vertices[rings[ring], 0], vertices[rings[ring], 1]
        east, north = (bx - x) * across, (by - y) * along
        for number in range(rings[ring] + 1, rings[ring + 1]):
            ax, ay, west, south = bx, by, east, north
            bx, by = vertices[number, 0], vertices[number, 1]
            east, north = (bx - x) * across, (by - y) * along
            # Most segments are ruled out by their boxes.
            beside = max(min(west, east), -max(west, east), 0.0)
            above = max(min(south, north), -max(south, north), 0.0)
            if beside * beside + above * above > least * _ROUNDING:
                continue
            if ax < bx or (ax == bx and ay <= by):
                squared = _squared_to_origin(west, south, east, north)
            else:  # the lesser end first: a border shared by two polygons is equally far from both, to the last bit
                squared = _squared_to_origin(east, north, west, south)
            least = min(least, squared)
    if least >= within_m * within_m:
        return np.inf
    return float(np.rint(math.sqrt(least) * 1000.0) / 1000.0)


@compiled
def _squared_to_origin(ax: float, ay: float, bx: float, by: float) -> float:
    """Return the squared distance of the origin to the segment from a to b."""
    along_x, along_y = bx - ax, by - ay
    length = along_x * along_x + along_y * along_y
    share = -(ax * along_x + ay * along_y) / length if length > 0.0 else 0.0
    if share >= 1.0:
        return bx * bx + by * by  # the very end, so that all segments that meet there agree
    if share > 0.0:
        ax, ay = ax + share * along_x, ay + share * along_y
    return ax * ax + ay * ay
