"""Measures of shape, and where a label stands.

Room: geometry. In: arrays of polygons in metres. Out: arrays of figures or points. Must not import anything of the
rooms above.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike

from gisgrid.geometry.edges import Floats
from gisgrid.geometry.linework import Geometries

LABEL_TOLERANCE_M: Final = 1.0


def polsby_popper(polygons: ArrayLike) -> Floats:
    """Return the compactness of polygons: 1 for a circle, towards 0 for a thread.

    4 π A / P², the polygon's area by that of a circle of its perimeter (source: Cox 1927; Polsby & Popper 1991).
    NaN for what has no perimeter.

    Parameters
    ----------
    polygons
        (n,) polygons or multipolygons, metres.
    """
    shapes = np.asarray(polygons, dtype=object)
    area, perimeter = np.asarray(shapely.area(shapes)), np.asarray(shapely.length(shapes))
    square = np.where(perimeter > 0, perimeter**2, np.nan)
    return np.asarray(4.0 * np.pi * area / square, dtype=np.float64)


def label_point(polygons: ArrayLike) -> Geometries:
    """Return for each polygon the point inside it that is farthest from its edge, to within a metre.

    The pole of inaccessibility, in the part with most room where there are several (source: Garcia-Castellanos &
    Lombardo 2007; GEOS MaximumInscribedCircle).

    Parameters
    ----------
    polygons
        (n,) polygons or multipolygons, metres.
    """
    shapes = np.atleast_1d(np.asarray(polygons, dtype=object))
    spokes = shapely.maximum_inscribed_circle(shapes, tolerance=LABEL_TOLERANCE_M)
    return np.asarray(shapely.get_point(spokes, 0), dtype=object)
