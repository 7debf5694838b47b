"""GCJ-02 and BD-09, there and back, in compiled loops: what `crs` calls, and nobody else.

Room: geometry. In: longitudes and latitudes in degrees. Out: the same points in the other system. Imports numpy and the
compiler.

Both are non-linear functions of WGS-84 that were recovered in the open (source: the `eviltransform`, `prcoords` and
`gcoord` projects, which agree with the maps of Amap and Baidu to a few millimetres). Their inverses have no closed form
and are found by the fixed point w ← w - (f(w) - g): the shift changes by less than 1 % of the way, so each step gains
two digits, and five reach 6 nm. Every point is converted by itself: it is the same to the last bit whatever is asked
with it.
"""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from gisgrid.geometry.compilation import Function, folder_for, loop_of, places_for_cache

Floats = np.ndarray[Any, np.dtype[np.float64]]

_KRASOVSKY_A: Final = 6378245.0
_KRASOVSKY_E2: Final = 0.00669342162296594323
_BD_X_PI: Final = math.pi * 3000.0 / 180.0
_WEST, _SOUTH, _EAST, _NORTH = 72.004, 0.8293, 137.8347, 55.8271
_TOLERANCE: Final = 1e-11
_STEPS: Final = 25


@cache
def _cache_folder() -> Path | None:
    here = Path(__file__).resolve().parent
    return folder_for(here, ("compilation", "gcj02"), places_for_cache(here))


def _compiled(function: Function) -> Function:
    return loop_of(function, _cache_folder())[0]


@_compiled
def gcj02_of(lon: float, lat: float) -> tuple[float, float]:
    """Return GCJ-02 of a WGS-84 point; outside the rectangle that every implementation takes for China, itself.

    The rectangle also takes in Seoul and Hanoi, and shifts them; we do as the maps do.
    """
    if _WEST <= lon <= _EAST and _SOUTH <= lat <= _NORTH:
        return _shifted(lon, lat)
    return lon, lat


@_compiled
def bd09_of(lon: float, lat: float) -> tuple[float, float]:
    """Return BD-09 of a WGS-84 point."""
    shifted_lon, shifted_lat = gcj02_of(lon, lat)
    return _wobbled(shifted_lon, shifted_lat)


@_compiled
def wgs84_of_gcj02(x: float, y: float) -> tuple[float, float]:
    """Return WGS-84 of a GCJ-02 point."""
    lon, lat = x, y
    if _WEST <= x <= _EAST and _SOUTH <= y <= _NORTH:
        for _ in range(_STEPS):
            shifted_lon, shifted_lat = _shifted(lon, lat)
            error_lon, error_lat = shifted_lon - x, shifted_lat - y
            lon, lat = lon - error_lon, lat - error_lat
            if abs(error_lon) <= _TOLERANCE and abs(error_lat) <= _TOLERANCE:
                break
    return lon, lat


@_compiled
def wgs84_of_bd09(x: float, y: float) -> tuple[float, float]:
    """Return WGS-84 of a BD-09 point; one that is not finite comes back as it is."""
    if not (math.isfinite(x) and math.isfinite(y)):
        return x, y
    lon, lat = x, y
    for _ in range(_STEPS):
        wobbled_lon, wobbled_lat = _wobbled(lon, lat)
        error_lon, error_lat = wobbled_lon - x, wobbled_lat - y
        lon, lat = lon - error_lon, lat - error_lat
        if abs(error_lon) <= _TOLERANCE and abs(error_lat) <= _TOLERANCE:
            break
    return wgs84_of_gcj02(lon, lat)


@_compiled
def _shifted(lon: float, lat: float) -> tuple[float, float]:
    """Return GCJ-02 by the published formula: a sum of sines on the Krasovsky ellipsoid (source: prcoords)."""
    x, y = lon - 105.0, lat - 35.0
    root = math.sqrt(abs(x))
    ripple = 20.0 * math.sin(6.0 * math.pi * x) + 20.0 * math.sin(2.0 * math.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (ripple + 20.0 * math.sin(math.pi * y) + 40.0 * math.sin(math.pi * y / 3.0)) * 2.0 / 3.0
    north += (160.0 * math.sin(math.pi * y / 12.0) + 320.0 * math.sin(math.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (ripple + 20.0 * math.sin(math.pi * x) + 40.0 * math.sin(math.pi * x / 3.0)) * 2.0 / 3.0
    east += (150.0 * math.sin(math.pi * x / 12.0) + 300.0 * math.sin(math.pi * x / 30.0)) * 2.0 / 3.0
    phi = math.radians(lat)
    w2 = 1.0 - _KRASOVSKY_E2 * math.sin(phi) ** 2
    w = math.sqrt(w2)
    meridian = _KRASOVSKY_A * (1.0 - _KRASOVSKY_E2) / (w2 * w)  # radius of curvature north-south
    parallel = _KRASOVSKY_A / w * math.cos(phi)  # radius of the circle of latitude
    return lon + math.degrees(east / parallel), lat + math.degrees(north / meridian)


@_compiled
def _wobbled(lon: float, lat: float) -> tuple[float, float]:
    """Return BD-09 of GCJ-02: a small polar wobble and an offset of 0.0065, 0.0060 degrees (source: gcoord)."""
    radius = math.hypot(lon, lat) + 0.00002 * math.sin(lat * _BD_X_PI)
    angle = math.atan2(lat, lon) + 0.000003 * math.cos(lon * _BD_X_PI)
    return radius * math.cos(angle) + 0.0065, radius * math.sin(angle) + 0.0060


@_compiled
def gcj02_of_all(lon: Floats, lat: Floats, x: Floats, y: Floats) -> None:
    """Fill in `gcj02_of` of every point."""
    for point in range(len(lon)):
        x[point], y[point] = gcj02_of(lon[point], lat[point])


@_compiled
def bd09_of_all(lon: Floats, lat: Floats, x: Floats, y: Floats) -> None:
    """Fill in `bd09_of` of every point."""
    for point in range(len(lon)):
        x[point], y[point] = bd09_of(lon[point], lat[point])


@_compiled
def wgs84_of_all_gcj02(x: Floats, y: Floats, lon: Floats, lat: Floats) -> None:
    """Fill in `wgs84_of_gcj02` of every point."""
    for point in range(len(x)):
        lon[point], lat[point] = wgs84_of_gcj02(x[point], y[point])


@_compiled
def wgs84_of_all_bd09(x: Floats, y: Floats, lon: Floats, lat: Floats) -> None:
    """Fill in `wgs84_of_bd09` of every point."""
    for point in range(len(x)):
        lon[point], lat[point] = wgs84_of_bd09(x[point], y[point])


def warm() -> None:
    """Load every loop, or compile it where no installation has."""
    empty = np.empty(0)
    for loop in (gcj02_of_all, bd09_of_all, wgs84_of_all_gcj02, wgs84_of_all_bd09):
        loop(empty, empty, empty, empty)
    wgs84_of_gcj02(0.0, 0.0)
    wgs84_of_bd09(0.0, 0.0)


if __name__ == "__main__":
    warm()
