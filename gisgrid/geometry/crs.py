"""The only place where a coordinate system changes: projections, GCJ-02 and BD-09.

Room: geometry. In: float arrays of x, y (or shapely geometries) with a declared coordinate system. Out: WGS-84
longitude, latitude, or metres in the zone of a place. Always x before y, whatever the authority's own axis order says.
Imports numpy, shapely, pyproj and `errors`; nothing of the rooms above.

GCJ-02 and BD-09 are not datums: they are non-linear functions of WGS-84 longitude and latitude, which no EPSG code
describes; `geometry.gcj02` has them. Whether a point was declared wrongly is not asked here, but of the jurisdiction.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Final

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
            return _each(_gcj02().wgs84_of_all_gcj02, xs, ys)
        case "bd09":
            return _each(_gcj02().wgs84_of_all_bd09, xs, ys)
        case epsg:
            to_degrees, _ = _transformers(epsg)
            lon, lat = to_degrees.transform(xs, ys)
            return np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)


def point_to_wgs84(x: float, y: float, crs: str) -> tuple[float, float]:
    """Return what `to_wgs84` gives of one point, bit for bit; in the systems of the wire without arrays."""
    match parse_crs(crs):
        case "wgs84" | "cgcs2000":
            return x, y
        case "gcj02":
            converted: tuple[float, float] = _gcj02().wgs84_of_gcj02(x, y)
        case "bd09":
            converted = _gcj02().wgs84_of_bd09(x, y)
        case epsg:
            lon, lat = to_wgs84([x], [y], epsg)
            converted = float(lon[0]), float(lat[0])
    return converted


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
            return _each(_gcj02().gcj02_of_all, lons, lats)
        case "bd09":
            return _each(_gcj02().bd09_of_all, lons, lats)
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


def warm() -> None:
    """Load the loops of GCJ-02 and BD-09, or compile them where no installation has, before anybody waits for it."""
    _gcj02().warm()


def _gcj02() -> ModuleType:
    """Return the loops of GCJ-02 and BD-09."""
    from gisgrid.geometry import gcj02  # noqa: PLC0415 - loads numba, which only these two systems need

    return gcj02


def _each(loop: Callable[[Floats, Floats, Floats, Floats], None], x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Return what a loop makes of each point, in the shape of the points."""
    xs, ys = np.broadcast_arrays(x, y)
    made = np.empty((2, xs.size))
    loop(xs.ravel(), ys.ravel(), made[0], made[1])
    return made[0].reshape(xs.shape), made[1].reshape(xs.shape)
