"""The only place where a coordinate system changes: projections, GCJ-02 and BD-09.

Room: geometry. In: float arrays of x, y (or shapely geometries) with a declared coordinate system. Out: WGS-84
longitude, latitude, or metres in the zone of a place. Always x before y, whatever the authority's own axis order says.
Imports numpy, shapely, pyproj and `errors`; nothing of the rooms above.

GCJ-02 and BD-09 are not datums: they are non-linear functions of WGS-84 longitude and latitude, which no EPSG code
describes. The published formulae were recovered in the open (source: the `eviltransform`, `prcoords` and `gcoord`
projects, which agree with the maps of Amap and Baidu to a few millimetres); their inverses have no closed form and are
found here by a fixed point to far below a millimetre.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pyproj
import shapely
from numpy.typing import ArrayLike, NDArray
from pyproj.exceptions import CRSError

from gisgrid.errors import BadCoordinate, MissingCrs, UnknownCrs

Floats = NDArray[np.float64]

DECIMALS: Final = 9
"""Decimals of stored degrees: 1e-9 degrees are 0.11 mm."""

NAMED: Final = ("wgs84", "cgcs2000", "gcj02", "bd09")
_ALIASES: Final = {
    "wgs84": "wgs84",
    "wgs1984": "wgs84",
    "epsg4326": "wgs84",
    "epsg4979": "wgs84",
    "crs84": "wgs84",
    "ogccrs84": "wgs84",
    "urnogcdefcrsogc13crs84": "wgs84",
    "urnogcdefcrsepsg4326": "wgs84",
    "cgcs2000": "cgcs2000",
    "epsg4490": "cgcs2000",
    "gcj02": "gcj02",
    "gcj": "gcj02",
    "bd09": "bd09",
    "bd09ll": "bd09",
}
_KNOWN: Final = "wgs84, cgcs2000, gcj02, bd09, or for files EPSG:n (such as EPSG:4547)"

_KRASOVSKY_A: Final = 6378245.0
_KRASOVSKY_E2: Final = 0.00669342162296594323
_BD_X_PI: Final = math.pi * 3000.0 / 180.0
_CHINA_BOX: Final = (72.004, 0.8293, 137.8347, 55.8271)
_INVERSE_TOLERANCE: Final = 1e-11
_INVERSE_STEPS: Final = 25

_GEOD: Final = pyproj.Geod(ellps="WGS84")


def parse_crs(text: str | None) -> str:
    """Return the normal form of a declared coordinate system: `wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:n`.

    Parameters
    ----------
    text
        A name as people write it ("GCJ-02", "epsg:4490", "CGCS2000"), an EPSG code, or the WKT that a file carries.

    Returns
    -------
    str
        The normal form, which every other function here takes.

    Raises
    ------
    MissingCrs
        When the text is None or empty: a coordinate system is never guessed.
    UnknownCrs
        When no such system is known, with the list of those that are.

    Examples
    --------
    >>> parse_crs("GCJ-02"), parse_crs("EPSG:4326"), parse_crs("epsg:4547")
    ('gcj02', 'wgs84', 'EPSG:4547')
    """
    if text is None or not text.strip():
        raise MissingCrs(f"The coordinate system is not declared; say which it is with crs: {_KNOWN}.")
    if text in _ALIASES:
        return _ALIASES[text]
    plain = "".join(character for character in text.lower() if character.isalnum())
    if plain in _ALIASES:
        return _ALIASES[plain]
    return _parse_authority(text.strip())


@functools.lru_cache(maxsize=256)
def _parse_authority(text: str) -> str:
    """Return the normal form of an EPSG code or a WKT, asking PROJ's own database."""
    shown = text if len(text) <= 60 else text[:57] + "..."
    problem = f"The coordinate system {shown!r} is not known; known are {_KNOWN}."
    if len(text) > 20_000 or not (text.lower().startswith("epsg:") or "[" in text):
        raise UnknownCrs(problem)
    try:
        crs = pyproj.CRS.from_user_input(text)
        epsg = crs.to_epsg()
    except CRSError as fault:
        raise UnknownCrs(problem) from fault
    if epsg is None or not (crs.is_geographic or crs.is_projected):
        raise UnknownCrs(problem)
    return _ALIASES.get(f"epsg{epsg}", f"EPSG:{epsg}")


def to_wgs84(x: ArrayLike, y: ArrayLike, crs: str) -> tuple[Floats, Floats]:
    """Return the WGS-84 longitude and latitude of coordinates in a declared system.

    Parameters
    ----------
    x, y
        Coordinates, any shape; x is longitude or easting. Not-finite values stay not finite.
    crs
        A coordinate system in any spelling that `parse_crs` knows.

    Returns
    -------
    tuple of ndarray
        Longitude and latitude in degrees, of the same shape.

    Raises
    ------
    MissingCrs, UnknownCrs
        See `parse_crs`.
    """
    xs, ys = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    match parse_crs(crs):
        case "wgs84" | "cgcs2000":  # the two agree to about 0.1 mm
            return xs.copy(), ys.copy()
        case "gcj02":
            return _invert(_wgs84_to_gcj02, xs, ys, inside=_in_china_box(xs, ys))
        case "bd09":
            lon, lat = _invert(_gcj02_to_bd09, xs, ys, inside=np.isfinite(xs) & np.isfinite(ys))
            return _invert(_wgs84_to_gcj02, lon, lat, inside=_in_china_box(lon, lat))
        case epsg:
            to_degrees, _ = _transformers(epsg)
            lon, lat = to_degrees.transform(xs, ys)
            return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def from_wgs84(lon: ArrayLike, lat: ArrayLike, crs: str) -> tuple[Floats, Floats]:
    """Return the coordinates in a declared system of WGS-84 longitudes and latitudes.

    Parameters
    ----------
    lon, lat
        Degrees, any shape.
    crs
        A coordinate system in any spelling that `parse_crs` knows.

    Returns
    -------
    tuple of ndarray
        x and y in that system, of the same shape.

    Raises
    ------
    MissingCrs, UnknownCrs
        See `parse_crs`.
    """
    lons, lats = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    match parse_crs(crs):
        case "wgs84" | "cgcs2000":
            return lons.copy(), lats.copy()
        case "gcj02":
            return _gcj02_where_used(lons, lats)
        case "bd09":
            return _gcj02_to_bd09(*_gcj02_where_used(lons, lats))
        case epsg:
            _, from_degrees = _transformers(epsg)
            x, y = from_degrees.transform(lons, lats)
            return np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)


def geometries_to_wgs84(geometries: ArrayLike, crs: str) -> NDArray[np.object_]:
    """Return the geometries with WGS-84 coordinates rounded to 9 decimals; None stays None.

    Parameters
    ----------
    geometries
        Array of shapely geometries in the declared system; a third dimension is dropped.
    crs
        A coordinate system in any spelling that `parse_crs` knows.

    Raises
    ------
    MissingCrs, UnknownCrs
        See `parse_crs`.
    """
    normal = parse_crs(crs)

    def convert(xy: Floats) -> Floats:
        lon, lat = to_wgs84(xy[:, 0], xy[:, 1], normal)
        return np.asarray(np.round(np.column_stack([lon, lat]), DECIMALS), dtype=np.float64)

    flat = shapely.force_2d(np.asarray(geometries, dtype=object))
    return np.asarray(shapely.transform(flat, convert), dtype=object)


def require_lon_lat(lon: ArrayLike, lat: ArrayLike) -> None:
    """Return nothing when every point is a longitude and latitude in degrees; raise what is wrong otherwise.

    Raises
    ------
    BadCoordinate
        Not finite; out of range, and then whether the axes look swapped or metres were declared as degrees.
    """
    for position, sentence in lon_lat_faults(lon, lat):
        raise BadCoordinate(f"Point {position + 1}: {sentence}")


def is_lon_lat(lon: float, lat: float) -> bool:
    """Return whether one point is a longitude and latitude in degrees (`require_lon_lat` without its sentences)."""
    return abs(lon) <= 180.0 and abs(lat) <= 90.0  # False for what is not finite


def lon_lat_faults(lon: ArrayLike, lat: ArrayLike) -> Iterator[tuple[int, str]]:
    """Yield the position of each point that is no longitude and latitude in degrees, and what is wrong with it."""
    lons = np.atleast_1d(np.asarray(lon, dtype=np.float64))
    lats = np.atleast_1d(np.asarray(lat, dtype=np.float64))
    usable = (np.abs(lons) <= 180.0) & (np.abs(lats) <= 90.0)  # False for what is not finite
    if usable.all():
        return
    for position in np.flatnonzero(~usable).tolist():
        yield position, _why_not_lon_lat(float(lons[position]), float(lats[position]))


def _why_not_lon_lat(lon: float, lat: float) -> str:
    """Return the sentence that says what a pair that is not in degrees most likely is."""
    pair = f"({lon:.10g}, {lat:.10g})"
    if not (math.isfinite(lon) and math.isfinite(lat)):
        return f"{pair} is not finite; give longitude and latitude as numbers."
    if abs(lat) <= 180.0 and abs(lon) <= 90.0:
        return f"longitude and latitude are swapped in {pair}; longitude comes first."
    if abs(lon) > 1000.0 or abs(lat) > 1000.0:
        return f"{pair} are projected metres, not degrees; convert them, or declare EPSG:n where a file holds them."
    return f"{pair} is out of range; longitude lies within ±180 degrees, latitude within ±90 degrees."


def metric_crs(lon: float, lat: float) -> str:
    """Return the projected system in metres of a place, as `EPSG:n`.

    In China the CGCS2000 3-degree Gauss-Krüger zone without prefix, EPSG 4534 + (CM - 75) / 3, where CM is the central
    meridian, 75 to 135 (source: EPSG register, "CGCS2000 / 3-degree Gauss-Kruger CM 75E" to "CM 135E"). "In China"
    means the rectangle that these zones cover, 73.5-136.5 E and 3-54 N, neighbours' ground included: a projection is
    as true there as here. Elsewhere the UTM zone on WGS-84, EPSG 326zz north and 327zz south of the equator.

    Parameters
    ----------
    lon, lat
        WGS-84 degrees of the middle of the place.

    Examples
    --------
    >>> metric_crs(111.70, 40.81), metric_crs(9.52, 47.14), metric_crs(-43.2, -22.9)
    ('EPSG:4546', 'EPSG:32632', 'EPSG:32723')
    """
    require_lon_lat(lon, lat)
    if 73.5 <= lon < 136.5 and 3.0 <= lat <= 54.0:
        return f"EPSG:{4534 + math.floor((lon - 73.5) / 3.0)}"
    zone = min(math.floor((lon + 180.0) / 6.0) + 1, 60)
    return f"EPSG:{(32600 if lat >= 0 else 32700) + zone}"


def distance_m(lon_a: ArrayLike, lat_a: ArrayLike, lon_b: ArrayLike, lat_b: ArrayLike) -> Floats:
    """Return the geodesic distances in metres between points a and b on the WGS-84 ellipsoid (Karney 2013)."""
    given = (np.asarray(values, dtype=np.float64) for values in (lon_a, lat_a, lon_b, lat_b))
    points = np.broadcast_arrays(*given)
    a, b, c, d = (values.ravel() for values in points)
    _, _, metres = _GEOD.inv(a, b, c, d)
    return np.asarray(metres, dtype=np.float64).reshape(points[0].shape)


@functools.lru_cache(maxsize=64)
def _transformers(epsg: str) -> tuple[pyproj.Transformer, pyproj.Transformer]:
    """Return the transformers EPSG → degrees and degrees → EPSG.

    CGCS2000 zones start from EPSG:4490, so that nothing but the projection is applied: the two datums agree to about
    0.1 mm, and PROJ's published transformation between them would only add its stated metre of doubt.
    """
    crs = pyproj.CRS.from_user_input(epsg)
    base = crs.geodetic_crs
    degrees = "EPSG:4490" if base is not None and base.to_epsg() == 4490 else "EPSG:4326"
    return (
        pyproj.Transformer.from_crs(crs, degrees, always_xy=True),
        pyproj.Transformer.from_crs(degrees, crs, always_xy=True),
    )


def _in_china_box(lon: Floats, lat: Floats) -> NDArray[np.bool_]:
    """Return which points lie in the rectangle that every implementation of GCJ-02 takes for China.

    It also takes in Seoul and Hanoi, and shifts them; we do as the maps do. Who wants to know whether a
    point was declared wrongly asks the jurisdiction's own boundary, not this box.
    """
    west, south, east, north = _CHINA_BOX
    inside: NDArray[np.bool_] = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    return inside


def _gcj02_where_used(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 inside the box of China and the coordinates themselves outside it."""
    inside = _in_china_box(lon, lat)
    shifted_lon, shifted_lat = _wgs84_to_gcj02(lon, lat)
    return np.where(inside, shifted_lon, lon), np.where(inside, shifted_lat, lat)


def _wgs84_to_gcj02(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return GCJ-02 by the published formula: a sum of sines on the Krasovsky ellipsoid (source: prcoords)."""
    x, y = lon - 105.0, lat - 35.0
    root = np.sqrt(np.abs(x))
    ripple = 20.0 * np.sin(6.0 * np.pi * x) + 20.0 * np.sin(2.0 * np.pi * x)
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north = north + (ripple + 20.0 * np.sin(np.pi * y) + 40.0 * np.sin(np.pi * y / 3.0)) * 2.0 / 3.0
    north = north + (160.0 * np.sin(np.pi * y / 12.0) + 320.0 * np.sin(np.pi * y / 30.0)) * 2.0 / 3.0
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east = east + (ripple + 20.0 * np.sin(np.pi * x) + 40.0 * np.sin(np.pi * x / 3.0)) * 2.0 / 3.0
    east = east + (150.0 * np.sin(np.pi * x / 12.0) + 300.0 * np.sin(np.pi * x / 30.0)) * 2.0 / 3.0
    phi = np.radians(lat)
    w2 = 1.0 - _KRASOVSKY_E2 * np.sin(phi) ** 2
    w = np.sqrt(w2)
    meridian = _KRASOVSKY_A * (1.0 - _KRASOVSKY_E2) / (w2 * w)  # radius of curvature north-south
    parallel = _KRASOVSKY_A / w * np.cos(phi)  # radius of the circle of latitude
    return lon + np.degrees(east / parallel), lat + np.degrees(north / meridian)


def _gcj02_to_bd09(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """Return BD-09: GCJ-02 with a small polar wobble and an offset of 0.0065, 0.0060 degrees (source: gcoord)."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_X_PI)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_X_PI)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.0060


def _invert(forward: Any, x: Floats, y: Floats, *, inside: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return the points that `forward` takes to (x, y), by the fixed point w ← w - (f(w) - g).

    The shift changes by less than 1 % of the way, so each step gains two digits: five reach 6 nm.
    Points not `inside` come back as they are. A point rests once it is there: it is the same to the last bit
    whatever others are asked with it.
    """
    lon, lat = np.where(inside, x, np.nan), np.where(inside, y, np.nan)
    moving = np.asarray(inside, dtype=np.bool_)
    for _ in range(_INVERSE_STEPS):
        shifted_lon, shifted_lat = forward(lon, lat)
        error_lon, error_lat = shifted_lon - x, shifted_lat - y
        lon, lat = np.where(moving, lon - error_lon, lon), np.where(moving, lat - error_lat, lat)
        moving = moving & ((np.abs(error_lon) > _INVERSE_TOLERANCE) | (np.abs(error_lat) > _INVERSE_TOLERANCE))
        if not moving.any():
            break
    return np.where(inside, lon, x), np.where(inside, lat, y)
