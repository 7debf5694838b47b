"""A place: one community's way between degrees and metres, which keeps shared vertices the very same.

Room: geometry. In: WGS-84 geometries of one community. Out: the same in metres on the place's 1 mm lattice, and back
in degrees rounded to 9 decimals. Must not import anything of the rooms above.

Both ways are functions of the single vertex, so two geometries that share a vertex share it afterwards. The
community's own vertices come back exactly as they were stored, so two neighbouring communities go on meeting exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import Geometry, MultiPolygon, Polygon

from gisgrid.errors import UsageError
from gisgrid.geometry.crs import DECIMALS, Floats, from_wgs84, metric_crs, to_wgs84

LATTICE_M: Final = 0.001
"""Every vertex in metres lies on this lattice."""

LONGEST_EDGE_DEGREES: Final = 0.001
"""Community edges are cut into pieces of about 100 m before projection: a straight edge in degrees is an arc in metres,
1.6 cm off its chord for 1 km at 40 degrees north, but below 0.2 mm for 100 m."""


def to_lattice(xy: Floats) -> Floats:
    """Return coordinates in metres, (n, 2), rounded to the 1 mm lattice."""
    rounded: Floats = np.round(xy / LATTICE_M) / (1.0 / LATTICE_M)
    return rounded + 0.0  # no negative zero: equal vertices must be equal bytes too


@dataclass(frozen=True, slots=True)
class Place:
    """One community with the projection that its work in metres is done in; made by `Place.of`.

    Attributes
    ----------
    epsg
        Number of the projected system: the CGCS2000 3-degree zone in China, elsewhere the UTM zone.
    community
        The community's polygon as it came, WGS-84.
    community_m
        The same in metres on the lattice, its long edges cut into pieces of about 100 m.
    """

    epsg: int
    community: Polygon | MultiPolygon
    community_m: Polygon | MultiPolygon
    _own_m: NDArray[np.complex128] = field(repr=False)
    _own_degrees: Floats = field(repr=False)

    @classmethod
    def of(cls, community: Geometry) -> Self:
        """Return the place of a community.

        Parameters
        ----------
        community
            Valid polygon or multipolygon, WGS-84.

        Raises
        ------
        UsageError
            When it is not a valid polygon with an area.
        """
        if community.geom_type not in {"Polygon", "MultiPolygon"} or community.is_empty or not community.is_valid:
            raise UsageError("A community needs a valid polygon; import its boundary again, which repairs it.")
        middle = shapely.box(*community.bounds).centroid
        crs = metric_crs(middle.x, middle.y)
        own = shapely.get_coordinates(community)
        # Two vertices less than a millimetre apart fall on one lattice point; the smaller pair stands for both, in
        # whichever order a neighbour lists them.
        own = own[np.lexsort((own[:, 1], own[:, 0]))]
        own_m = _complex(_project(own, crs))
        keys, first = np.unique(own_m, return_index=True)
        dense = shapely.segmentize(community, LONGEST_EDGE_DEGREES)
        community_m = _valid_area(shapely.transform(dense, lambda xy: _project(xy, crs)))
        return cls(int(crs.removeprefix("EPSG:")), community, community_m, keys, own[first])

    def to_metres(self, geometries: ArrayLike) -> NDArray[np.object_]:
        """Return the WGS-84 geometries in metres, each vertex on the 1 mm lattice; None stays None."""
        crs = f"EPSG:{self.epsg}"
        flat = shapely.force_2d(np.asarray(geometries, dtype=object))
        return np.asarray(shapely.transform(flat, lambda xy: _project(xy, crs)), dtype=object)

    def to_degrees(self, geometries: ArrayLike) -> NDArray[np.object_]:
        """Return geometries in metres as WGS-84 with 9 decimals, the community's own vertices exactly as stored."""
        return np.asarray(shapely.transform(np.asarray(geometries, dtype=object), self._unproject), dtype=object)

    def keeping(self, geometries: ArrayLike) -> Self:
        """Return the place that brings back the vertices of these WGS-84 geometries too exactly as they are here."""
        known = shapely.get_coordinates(np.asarray(geometries, dtype=object))
        known_m = _complex(_project(known, f"EPSG:{self.epsg}"))
        keys, first = np.unique(np.concatenate([self._own_m, known_m]), return_index=True)  # the community's go first
        return replace(self, _own_m=keys, _own_degrees=np.concatenate([self._own_degrees, known])[first])

    def _unproject(self, xy: Floats) -> Floats:
        on_lattice = to_lattice(xy)
        keys = _complex(on_lattice)
        lon, lat = to_wgs84(on_lattice[:, 0], on_lattice[:, 1], f"EPSG:{self.epsg}")
        degrees = np.asarray(np.round(np.column_stack([lon, lat]), DECIMALS) + 0.0, dtype=np.float64)
        position = np.searchsorted(self._own_m, keys).clip(max=len(self._own_m) - 1)
        own = self._own_m[position] == keys
        degrees[own] = self._own_degrees[position[own]]
        return degrees


def _project(degrees: Floats, crs: str) -> Floats:
    """Return lattice coordinates in metres of WGS-84 degrees, both (n, 2)."""
    return to_lattice(np.column_stack(from_wgs84(degrees[:, 0], degrees[:, 1], crs)))


def _complex(xy: Floats) -> NDArray[np.complex128]:
    """Return each vertex as one complex number, which sorts and compares as a whole."""
    return xy[:, 0] + 1j * xy[:, 1]


def _valid_area(geometry: Geometry) -> Polygon | MultiPolygon:
    """Return the polygon, made valid where rounding to the lattice closed a spike thinner than a millimetre."""
    if geometry.is_valid:
        return geometry
    return shapely.set_precision(shapely.make_valid(geometry, method="structure"), LATTICE_M)
