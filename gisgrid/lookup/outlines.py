"""The borders of many polygons as flat arrays, and one border segment out of them.

Room `lookup`, pure. In: polygons, WGS-84. Out: arrays laid out as GeoArrow does, without the level of parts. Imports
numpy, shapely and the compiler of this room.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from gisgrid.lookup.compiled import compiled

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Outlines:
    """The rings of many polygons, holes and parts included, one after the other.

    Whether a ring bounds a part or a hole is not kept: where rings of valid polygons hold a point an odd number of
    times, the polygon does.

    Attributes
    ----------
    vertices
        Longitude and latitude in degrees, the first of each ring repeated as its last: float64, shape (vertices, 2).
        Segment number i goes from vertex i to vertex i + 1; the last vertex of a ring begins none.
    rings
        Where each ring's vertices begin, and the end of the last: int32, shape (rings + 1,).
    polygons
        Where each polygon's rings begin, and the end of the last: int32, shape (polygons + 1,).
    """

    vertices: Floats
    rings: Integers
    polygons: Integers

    def __len__(self) -> int:
        return len(self.polygons) - 1

    @classmethod
    def of(cls, polygons: npt.NDArray[np.object_]) -> Outlines:
        """Return the outlines of these polygons and multipolygons.

        Raises
        ------
        ValueError
            There are more vertices than 32 bits can number.
        """
        if not len(polygons):
            return cls(np.empty((0, 2)), np.zeros(1, np.int32), np.zeros(1, np.int32))
        _, vertices, offsets = shapely.to_ragged_array(polygons, include_z=False)
        if len(vertices) > np.iinfo(np.int32).max:
            raise ValueError(f"{len(vertices):,} vertices are too many for one index: divide the polygons")
        rings, parts = offsets[0], offsets[1]
        of_polygon = parts if len(offsets) == 2 else parts[offsets[2]]
        return cls(np.ascontiguousarray(vertices), rings.astype(np.int32), of_polygon.astype(np.int32))

    def boxes(self) -> tuple[Floats, Floats]:
        """Return the lower left and the upper right corner of each ring, shape (rings, 2)."""
        begins = self.rings[:-1]
        return np.minimum.reduceat(self.vertices, begins), np.maximum.reduceat(self.vertices, begins)


@compiled
def segment_of(vertices: Floats, number: int) -> tuple[float, float, float, float]:
    """Return both ends of a segment, the lesser first: a border shared by two polygons is the very same in both."""
    ax, ay, bx, by = vertices[number, 0], vertices[number, 1], vertices[number + 1, 0], vertices[number + 1, 1]
    if ax > bx or (ax == bx and ay > by):
        return bx, by, ax, ay
    return ax, ay, bx, by
