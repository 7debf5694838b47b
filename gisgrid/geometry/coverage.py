"""Coverages: putting cells together, and the exact test that polygons tile an area.

Room: geometry. In: polygons whose shared borders have the very same vertices. Out: their unions by label, and the
faults of a would-be tiling. Works in metres and in degrees alike. Must not import anything of the rooms above.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gisgrid.geometry.edges import Integers
from gisgrid.geometry.linework import Geometries


def dissolve(cells: ArrayLike, labels: ArrayLike) -> tuple[NDArray[np.int64], Geometries]:
    """Return the distinct labels, sorted, and for each the union of its cells.

    The union is exact: an edge that two cells of one label share is dropped, all others stay with the very same
    vertices; nothing is moved and nothing compared by tolerance. A label whose cells are connected gives a Polygon;
    otherwise a MultiPolygon, which the caller may refuse.

    Parameters
    ----------
    cells
        (n,) polygons of a coverage.
    labels
        (n,) integers.
    """
    polygons, label = np.asarray(cells, dtype=object), np.asarray(labels, dtype=np.int64)
    order = np.argsort(label, kind="stable")
    distinct, start = np.unique(label[order], return_index=True)
    groups = np.split(polygons[order], start[1:]) if len(distinct) else []
    united = np.empty(len(groups), dtype=object)
    for position, group in enumerate(groups):
        united[position] = _united(group)
    return distinct, united


def _united(group: Geometries) -> shapely.Geometry:
    """Return the union of the cells of one label."""
    if len(group) == 1:
        return group[0]
    union = shapely.coverage_union_all(group)
    parts = shapely.get_parts(union)
    return parts[0] if len(parts) == 1 else union
