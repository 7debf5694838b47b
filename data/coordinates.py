"""Where the invented street lies: its local metres, the bend that makes it look grown, and the offset map systems.

In: metres east and north of an origin on open ground. Out: longitude and latitude. Standard library only; the formulas
are written a second time here, on purpose not taken from `gisgrid`, so that the sample is a witness of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

Point = tuple[float, float]

ORIGIN: Point = (115.98, 37.30)  # fields on the North China Plain; the place on them is invented
DECIMALS = 7  # about one centimetre

_WGS84_AXIS, _WGS84_E2 = 6378137.0, 0.00669437999014
_KRASOVSKY_AXIS, _KRASOVSKY_E2 = 6378245.0, 0.00669342162296594323
_BD09_TURN = math.pi * 3000.0 / 180.0


def bend(x: float, y: float) -> Point:
    """Return the point of the drawing board (metres) after a slight turn and two long waves: streets are not rulers."""
    x, y = x + 14.0 * math.sin(y / 260.0), y + 11.0 * math.sin(x / 330.0 + 1.0)
    turn = math.radians(-4.0)
    return x * math.cos(turn) - y * math.sin(turn), x * math.sin(turn) + y * math.cos(turn)


def bearing(x: float, y: float) -> float:
    """Return the angle in radians that the drawing board's east has at this point after the bend."""
    (x1, y1), (x2, y2) = bend(x - 1.0, y), bend(x + 1.0, y)
    return math.atan2(y2 - y1, x2 - x1)


def to_lon_lat(x: float, y: float) -> Point:
    """Return WGS-84 longitude and latitude of metres east and north of the origin.

    x / (N cos φ) and y / M with the radii of curvature N and M at the origin: over the two kilometres of the street
    the figure differs from a map projection by less than a metre, and it is always the same figure.
    """
    latitude = math.radians(ORIGIN[1])
    w2 = 1.0 - _WGS84_E2 * math.sin(latitude) ** 2
    east_radius = _WGS84_AXIS / math.sqrt(w2)
    north_radius = _WGS84_AXIS * (1.0 - _WGS84_E2) / w2**1.5
    lon = ORIGIN[0] + math.degrees(x / (east_radius * math.cos(latitude)))
    lat = ORIGIN[1] + math.degrees(y / north_radius)
    return round(lon, DECIMALS), round(lat, DECIMALS)


def place(x: float, y: float) -> Point:
    """Return longitude and latitude of a point of the drawing board."""
    return to_lon_lat(*bend(x, y))


def place_path(points: Iterable[Point]) -> list[Point]:
    """Return longitude and latitude of every point of a path on the drawing board."""
    return [place(x, y) for x, y in points]


def _gcj02_shift(lon: float, lat: float) -> Point:
    x, y = lon - 105.0, lat - 35.0
    common = 20.0 * math.sin(6.0 * x * math.pi) + 20.0 * math.sin(2.0 * x * math.pi)
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    east += (common + 20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    east += (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    north += (common + 20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    north += (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0
    return east, north


def to_gcj02(lon: float, lat: float) -> Point:
    """Return the GCJ-02 coordinate (Amap, Tencent) of a WGS-84 one, by the widely published formula."""
    east, north = _gcj02_shift(lon, lat)
    latitude = math.radians(lat)
    w2 = 1.0 - _KRASOVSKY_E2 * math.sin(latitude) ** 2
    lon += math.degrees(east / (_KRASOVSKY_AXIS / math.sqrt(w2) * math.cos(latitude)))
    lat += math.degrees(north / (_KRASOVSKY_AXIS * (1.0 - _KRASOVSKY_E2) / w2**1.5))
    return round(lon, DECIMALS), round(lat, DECIMALS)


def to_bd09(lon: float, lat: float) -> Point:
    """Return the BD-09 coordinate (Baidu) of a WGS-84 one: a polar wobble around GCJ-02."""
    x, y = to_gcj02(lon, lat)
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * _BD09_TURN)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * _BD09_TURN)
    return round(radius * math.cos(angle) + 0.0065, DECIMALS), round(radius * math.sin(angle) + 0.006, DECIMALS)


def smooth(points: list[Point], step: int = 6) -> list[Point]:
    """Return a Catmull-Rom curve through the points, with `step` pieces between each two."""
    padded = [points[0], *points, points[-1]]
    curve: list[Point] = []
    for a, b, c, d in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        for piece in range(step):
            t = piece / step
            weights = (-t + 2 * t**2 - t**3, 2 - 5 * t**2 + 3 * t**3, t + 4 * t**2 - 3 * t**3, t**3 - t**2)
            x, y = (
                sum(weight * point[axis] for weight, point in zip(weights, (a, b, c, d), strict=True)) / 2
                for axis in (0, 1)
            )
            curve.append((x, y))
    return [*curve, points[-1]]
