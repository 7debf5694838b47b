"""The geometry of a layer's rows: taken from the file, converted to WGS-84, cleaned, or refused with the reason.

Room: ingest. In: a `RawTable`, the columns that hold geometry, the coordinate system. Out: one geometry a row in WGS-84
with 9 decimals, None where there is none; findings go to `RowFindings`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray
from shapely import Geometry

from gisgrid.geometry.crs import geometries_to_wgs84
from gisgrid.geometry.repair import clean
from gisgrid.ingest.forms import Layer
from gisgrid.ingest.raw import RawTable
from gisgrid.ingest.rows import RowFindings
from gisgrid.ingest.values import BadCell, is_empty, read_coordinate, shown
from gisgrid.model import Rule

Geometries = NDArray[np.object_]
Mask = NDArray[np.bool_]

GEOMETRY_MISSING = Rule(
    "geometry_missing",
    "error",
    "The row has no geometry, or an empty one; draw it, or delete the row.",
    "该行没有几何图形或图形为空；请补画或删除该行。",
)
BAD_WKT = Rule(
    "bad_wkt",
    "error",
    "The geometry “{value}” cannot be read; write it as WKT of straight lines, such as POLYGON ((113.9 22.5, …)).",
    "几何“{value}”无法读取；请使用直线段的 WKT 格式，例如 POLYGON ((113.9 22.5, …))。",
)
NOT_FINITE = Rule(
    "not_finite",
    "error",
    "A coordinate is not a finite number (NaN or infinite); correct it.",
    "坐标不是有限数值（NaN 或无穷大），请更正。",
)
AXES_SWAPPED = Rule(
    "axes_swapped",
    "error",
    "The coordinates ({x}, {y}) are longitude and latitude swapped: latitude goes to 90. "
    "x is always longitude: exchange them, for a table with --columns lon=…,lat=….",
    "坐标 ({x}, {y}) 经纬度颠倒（纬度不超过 90）；x 一律为经度，请对调；表格可用 --columns lon=…,lat=…。",
)
METRES_AS_DEGREES = Rule(
    "metres_as_degrees",
    "error",
    "The coordinates ({x}, {y}) are projected metres, but {crs} means degrees; "
    "declare the true system with --crs EPSG:….",
    "坐标 ({x}, {y}) 是投影坐标（米），而 {crs} 为经纬度；请用 --crs EPSG:… 声明真实坐标系。",
)
DEGREES_AS_METRES = Rule(
    "degrees_as_metres",
    "error",
    "The coordinates ({x}, {y}) are degrees, but {crs} means metres; "
    "declare the true system with --crs, such as cgcs2000.",
    "坐标 ({x}, {y}) 是经纬度，而 {crs} 为投影坐标（米）；请用 --crs 声明真实坐标系，例如 cgcs2000。",
)
OUT_OF_RANGE = Rule(
    "out_of_range",
    "error",
    "The coordinates ({x}, {y}) are on no place of the earth in {crs}; "
    "correct them or declare the true system with --crs.",
    "坐标 ({x}, {y}) 在 {crs} 中不是地球上的位置；请更正坐标，或用 --crs 声明真实坐标系。",
)
OUTSIDE_AREA_OF_USE = Rule(
    "outside_area_of_use",
    "warning",
    "{count} rows (lines {first}) lie outside the area that {crs} is made for ({area}); check the zone declared.",
    "{count} 行（第 {first} 行）位于 {crs} 的适用范围（{area}）之外；请检查所声明的分带。",
)
GEOMETRY_REFUSED = Rule(
    "geometry_refused",
    "error",
    "The geometry cannot be used: {reason}. Draw it again.",
    "几何图形无法使用：{reason_zh}。请重新绘制。",
)
GEOMETRY_REPAIRED = Rule(
    "geometry_repaired",
    "warning",
    "The geometry was repaired: {reason}. Its area changed by {change:.1%}; look at it.",
    "几何图形已修复：{reason_zh}。面积变化 {change:.1%}，请核对。",
)
FLATTENED = Rule(
    "flattened",
    "info",
    "{count} geometries had heights (3D) and were flattened.",
    "{count} 个三维几何图形已转换为二维。",
)
ONLY_CROSSINGS_ARE_POINTS = Rule(
    "only_crossings_are_points",
    "error",
    "A barrier of kind {kind} is a line; only a crossing may be a point. Draw the line.",
    "{kind} 类分界线必须是线；只有通道（crossing）可以是点。请绘制成线。",
)

_AREA_MARGIN_DEGREES: Final = 1.5
_LEAST_AREA_DEGREES2: Final = 1e-12  # about 1 dm²: corners on one line, but for rounding


def has_geometry(table: RawTable, matched: Mapping[str, str]) -> bool:
    """Return whether the file gives geometry in any form."""
    return table.geometry is not None or "geometry" in matched or {"lon", "lat"} <= matched.keys()


def raw_geometry(table: RawTable, matched: Mapping[str, str], rows: RowFindings) -> Geometries:
    """Return the geometry of each row as the file gives it: a WKT column, lon and lat columns, or the format's own.

    Parameters
    ----------
    table
        The file's rows.
    matched
        `geometry`, or `lon` and `lat` → the headings that hold them.
    rows
        Where cells that cannot be read are noted.
    """
    if "geometry" in matched:
        return _from_wkt(table.cells[matched["geometry"]], rows)
    if {"lon", "lat"} <= matched.keys():
        return _from_lon_lat(table.cells[matched["lon"]], table.cells[matched["lat"]], rows)
    if table.geometry is not None:
        return table.geometry
    return np.full(len(table), None, dtype=object)


def _from_wkt(cells: Sequence[Any], rows: RowFindings) -> Geometries:
    """Return the geometries that WKT cells write."""
    shapes = np.full(len(cells), None, dtype=object)
    for row, cell in enumerate(cells):
        if is_empty(cell):
            continue
        shapes[row] = _read_wkt(str(cell))
        if shapes[row] is None:
            rows.add(BAD_WKT, row, "geometry", value=shown(cell))
    return shapes


def _read_wkt(text: str) -> Geometry | None:
    """Return the geometry that a text writes, or None."""
    if text.upper().count("GEOMETRYCOLLECTION") > 1:  # a bomb: GEOS reads nested ones by recursion
        return None
    try:
        with np.errstate(invalid="ignore", over="ignore"):  # not finite: a finding of its own
            return shapely.from_wkt(text, on_invalid="ignore")
    except NotImplementedError:  # curves, which shapely knows by name only
        return None


def _from_lon_lat(lons: Sequence[Any], lats: Sequence[Any], rows: RowFindings) -> Geometries:
    """Return the points of two columns; None where both are empty."""
    shapes = np.full(len(lons), None, dtype=object)
    for row, pair in enumerate(zip(lons, lats, strict=True)):
        if is_empty(pair[0]) and is_empty(pair[1]):
            continue
        numbers = []
        for name, cell in zip(("lon", "lat"), pair, strict=True):
            try:
                numbers.append(read_coordinate("" if is_empty(cell) else cell))
            except BadCell as fault:
                rows.add(fault.rule, row, name, **fault.values)
        if len(numbers) == 2:
            shapes[row] = shapely.Point(numbers)
    return shapes


def stored_geometry(
    given: Geometries, layer: Layer, crs: str, rows: RowFindings, values: Mapping[str, Sequence[Any]]
) -> Geometries:
    """Return geometries as they are kept: WGS-84, 9 decimals, 2D, valid, of the layer's kinds; None where refused.

    Parameters
    ----------
    given
        One geometry a row in `crs`, or None.
    layer
        Which kinds it takes, and whether a row may go without.
    crs
        In the normal form of `geometry.crs.parse_crs`.
    rows
        Where faults are noted.
    values
        The other columns of the rows: a barrier's kind decides whether it may be a point.
    """
    shapes = given.copy()
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    shapes[empty] = None
    if layer.geometry_required:
        for row in np.flatnonzero(empty & ~rows.bad):
            rows.add(GEOMETRY_MISSING, int(row), "geometry")
    _drop(shapes, _not_finite(shapes), rows, NOT_FINITE)
    flat = np.flatnonzero(shapely.has_z(shapes))
    if len(flat):
        rows.add_file(FLATTENED.finding(count=len(flat)))
    if layer.name == "barriers":
        _check_crossings(shapes, values["kind"], rows)
    _check_range(shapes, crs, rows)
    converted = geometries_to_wgs84(shapes, crs)
    _drop(converted, _off_the_globe(converted), rows, OUT_OF_RANGE, _first_coordinates(shapes), crs=crs)
    _check_area_of_use(converted, crs, rows)
    return _cleaned(converted, layer, rows)


def _drop(
    shapes: Geometries, at: Mask, rows: RowFindings, rule: Rule, pairs: NDArray[np.float64] | None = None, **values: Any
) -> None:
    """Note the rule for every row marked, with its first coordinates where given, and take its geometry away."""
    for row in np.flatnonzero(at):
        if pairs is not None:
            values = {**values, "x": f"{pairs[row, 0]:.10g}", "y": f"{pairs[row, 1]:.10g}"}
        rows.add(rule, int(row), "geometry", **values)
        shapes[row] = None


def _not_finite(shapes: Geometries) -> Mask:
    """Return which geometries have a coordinate that is NaN or infinite."""
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    found = np.zeros(len(shapes), dtype=bool)
    found[owner[~np.isfinite(coordinates).all(axis=1)]] = True
    return found


def _off_the_globe(shapes: Geometries) -> Mask:
    """Return which WGS-84 geometries are not finite or leave ±180, ±90 degrees."""
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    inside = np.isfinite(coordinates).all(axis=1) & (np.abs(coordinates) <= (180.0, 90.0)).all(axis=1)
    found = np.zeros(len(shapes), dtype=bool)
    found[owner[~inside]] = True
    return found


def _first_coordinates(shapes: Geometries) -> NDArray[np.float64]:
    """Return the first coordinate pair of each geometry, (n, 2); NaN where there is none."""
    pairs = np.full((len(shapes), 2), np.nan)
    coordinates, owner = shapely.get_coordinates(shapes, return_index=True)
    owners, first = np.unique(owner, return_index=True)
    pairs[owners] = coordinates[first]
    return pairs


def _check_range(shapes: Geometries, crs: str, rows: RowFindings) -> None:
    """Refuse degrees that cannot be degrees and metres that cannot be metres, and say what they look like."""
    pairs = _first_coordinates(shapes)
    bounds = np.abs(shapely.bounds(shapes)).reshape(-1, 4)
    x, y = bounds[:, [0, 2]].max(axis=1), bounds[:, [1, 3]].max(axis=1)  # NaN where there is no geometry
    in_degrees = (x <= 180) & (y <= 90)
    if crs.startswith("EPSG:") and pyproj.CRS.from_user_input(crs).is_projected:
        # Within 180 m of the origin of a projected system is open sea or the equator, never a town.
        _drop(shapes, in_degrees, rows, DEGREES_AS_METRES, pairs, crs=crs)
        return
    outside = ~np.isnan(x) & ~in_degrees
    swapped = outside & (x <= 90) & (y <= 180)
    metres = outside & ((x > 1000) | (y > 1000))
    _drop(shapes, swapped, rows, AXES_SWAPPED, pairs)
    _drop(shapes, metres, rows, METRES_AS_DEGREES, pairs, crs=crs)
    _drop(shapes, outside & ~swapped & ~metres, rows, OUT_OF_RANGE, pairs, crs=crs)


def _check_area_of_use(shapes: Geometries, crs: str, rows: RowFindings) -> None:
    """Warn of places far outside the area that a projected system is made for: most often another zone was meant."""
    if not crs.startswith("EPSG:"):
        return
    area = pyproj.CRS.from_user_input(crs).area_of_use
    if area is None:
        return
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    margin = _AREA_MARGIN_DEGREES
    beyond = (bounds[:, 1] < area.south - margin) | (bounds[:, 3] > area.north + margin)
    if area.west < area.east:  # else the area runs over the 180th meridian
        beyond |= (bounds[:, 0] < area.west - margin) | (bounds[:, 2] > area.east + margin)
    found = [int(row) for row in np.flatnonzero(beyond)]
    rows.sum_up(OUTSIDE_AREA_OF_USE, found, crs=crs, area=area.name)


def _check_crossings(shapes: Geometries, kinds: Sequence[str | None], rows: RowFindings) -> None:
    """Refuse points that are not crossings."""
    is_point = np.isin(shapely.get_type_id(shapes), (0, 4))
    for row in np.flatnonzero(is_point).tolist():
        if kinds[row] not in (None, "crossing"):
            rows.add(ONLY_CROSSINGS_ARE_POINTS, row, "geometry", kind=kinds[row])
            shapes[row] = None


def _cleaned(shapes: Geometries, layer: Layer, rows: RowFindings) -> Geometries:
    """Return sound geometries; what was changed is a warning, what cannot be used an error."""
    if layer.geometry is None:
        return shapes
    sound, verdicts = clean(shapes, layer.geometry)
    for row, verdict in enumerate(verdicts):
        if verdict.outcome == "ok":
            continue
        words = {"reason": verdict.reason, "reason_zh": verdict.reason_zh}
        if verdict.outcome == "refused":
            rows.add(GEOMETRY_REFUSED, row, "geometry", **words)
        else:
            rows.add(GEOMETRY_REPAIRED, row, "geometry", geometry=sound[row], change=verdict.area_change, **words)
    slivers = (shapely.get_dimensions(sound) == 2) & (shapely.area(sound) < _LEAST_AREA_DEGREES2)
    for row in np.flatnonzero(slivers).tolist():
        rows.add(GEOMETRY_REFUSED, row, "geometry", reason="it has no area", reason_zh="面积为零")
    return sound
