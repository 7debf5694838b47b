"""Who converts and looks up many points: this process, or the workers of a Dask cluster, with the very same answers.

Room: the corridor, below `assigning`. In: arrays of coordinates, the grids in force. Out: arrays of answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from gisgrid.geometry import crs as coordinate_systems
from gisgrid.in_force import AssignedPoints, Floats, GridsInForce
from gisgrid.spreading import dask_client

Bools = np.ndarray[Any, np.dtype[np.bool_]]


class Hands:
    """Who converts and looks up the rows in memory: this process."""

    def usable(self, x: Floats, y: Floats, crs: str) -> tuple[Floats, Floats, Bools]:
        """Return WGS-84 longitudes and latitudes, and which of them are places; the others are NaN."""
        return _usable(x, y, crs)

    def assigner(self, grids: GridsInForce, nearest_tolerance_m: float) -> Callable[[Floats, Floats], AssignedPoints]:
        """Return the bulk lookup of one state of the grids."""
        return grids.assigner(nearest_tolerance_m)


class ManyHands(Hands):
    """The workers of a Dask cluster, each a part of the rows: a row's answer depends on no other row.

    Parameters
    ----------
    client
        That of the cluster; its workers need no database, the grids are sent to them.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._parts = max(1, sum(client.nthreads().values()))

    def usable(self, x: Floats, y: Floats, crs: str) -> tuple[Floats, Floats, Bools]:
        """Return WGS-84 longitudes and latitudes, and which of them are places; the others are NaN."""
        lon, lat, usable = zip(*self._spread(_usable, x, y, crs), strict=True)
        return np.concatenate(lon), np.concatenate(lat), np.concatenate(usable)

    def assigner(self, grids: GridsInForce, nearest_tolerance_m: float) -> Callable[[Floats, Floats], AssignedPoints]:
        """Return the bulk lookup of one state of the grids, which every worker then holds."""
        held = self._client.scatter(grids, broadcast=True, hash=False)

        def assign(lon: Floats, lat: Floats) -> AssignedPoints:
            parts = self._spread(_looked_up, lon, lat, held, nearest_tolerance_m)
            return AssignedPoints(
                [code for part in parts for code in part.codes],
                [method for part in parts for method in part.methods],
                np.concatenate([part.border_distances_m for part in parts]),
            )

        return assign

    def _spread(self, function: Callable[..., Any], x: Floats, y: Floats, *others: Any) -> list[Any]:
        """Return what a function gives for each part of the arrays, in their order."""
        pairs = zip(np.array_split(x, self._parts), np.array_split(y, self._parts), strict=True)
        # Not pure: the same coordinates may be asked again after a publication.
        futures = [self._client.submit(function, *pair, *others, pure=False) for pair in pairs]
        parts: list[Any] = self._client.gather(futures)
        return parts


@contextmanager
def hands_of(dask: str | None) -> Iterator[Hands]:
    """Yield who does the work: the workers of the Dask scheduler at this address, or this process.

    Raises
    ------
    Unavailable, UsageError
        None answers there; Dask is not installed.
    """
    if dask is None:
        yield Hands()
        return
    with dask_client(dask) as client:
        yield ManyHands(client)


def _usable(x: Floats, y: Floats, crs: str) -> tuple[Floats, Floats, Bools]:
    """Return WGS-84 longitudes and latitudes, and which of them are places; the others are NaN."""
    usable = np.isfinite(x) & np.isfinite(y)
    if not crs.startswith("EPSG"):
        usable &= (np.abs(x) <= 180.0) & (np.abs(y) <= 90.0)
    lon, lat = np.full(len(x), np.nan), np.full(len(x), np.nan)
    lon[usable], lat[usable] = coordinate_systems.to_wgs84(x[usable], y[usable], crs)
    usable &= (np.abs(lon) <= 180.0) & (np.abs(lat) <= 90.0)  # False where the projection has no answer
    return lon, lat, usable


def _looked_up(lon: Floats, lat: Floats, grids: GridsInForce, nearest_tolerance_m: float) -> AssignedPoints:
    """Return the grids of some points; runs on a worker of a cluster."""
    return grids.assigner(nearest_tolerance_m)(lon, lat)
