"""Where reports say they happened: kept as they came, checked, and refused only where they cannot be a place.

Room: ingest. In: the columns of reports. Out: the same columns, with a coordinate system for every row that has
coordinates; findings go to `RowFindings`. A report without a place is a good report.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import shapely

from gisgrid.errors import MissingCrs
from gisgrid.geometry.crs import geometries_to_wgs84, parse_crs
from gisgrid.ingest.places import AXES_SWAPPED, METRES_AS_DEGREES, OUT_OF_RANGE
from gisgrid.ingest.raw import RawTable
from gisgrid.ingest.rows import RowFindings
from gisgrid.model import Rule

HALF_A_PLACE = Rule(
    "half_a_place",
    "error",
    "The row has only one of longitude and latitude; give both, or neither.",
    "该行只有经度或只有纬度；请同时填写，或都留空。",
)
CRS_NOT_DECLARED = Rule(
    "crs_not_declared",
    "error",
    "The coordinates come without a coordinate system, and it is never guessed; fill in crs, or declare --crs.",
    "坐标没有声明坐标系，系统不做猜测；请填写 crs 列，或用 --crs 声明。",
)
NOT_A_POINT = Rule(
    "not_a_point",
    "error",
    "A report happens at a point, and this is a {found}; give its point.",
    "诉求的位置应为点，而此处是 {found}；请改为点。",
)
COARSE_COORDINATES = Rule(
    "coarse_coordinates",
    "warning",
    "{count} reports (lines {first}) have coordinates of less than three decimals, which name no place within 50 m; "
    "ask the sender for exact ones.",
    "{count} 条诉求（第 {first} 行）的坐标不足三位小数，误差超过 50 米；请向来源方索取精确坐标。",
)
NAMED_SYSTEMS: Final = ("wgs84", "cgcs2000", "gcj02", "bd09")


def check_report_places(
    table: RawTable,
    matched: Mapping[str, str],
    values: dict[str, list[Any]],
    rows: RowFindings,
    declared: str | None,
    name: str,
) -> str | None:
    """Put the coordinates of reports in order and return the system declared for the file, if any.

    Parameters
    ----------
    table
        The file; where its format has geometry, that is the place, in the file's own system.
    matched
        Our column → the file's heading.
    values
        `lon`, `lat` and `crs` are changed in place.
    rows
        Where faults are noted.
    declared
        By the caller, in normal form; rows without a system of their own get it.
    name
        The file's name, for the sentence.

    Raises
    ------
    MissingCrs
        There are coordinates, and neither a column `crs` nor a declaration.
    """
    if table.geometry is not None and not {"lon", "lat"} <= matched.keys():
        declared = declared or (parse_crs(table.crs) if table.crs else None)
        _take_points(table, values, rows)
    lons, lats, systems = values["lon"], values["lat"], values["crs"]
    placed = [row for row, pair in enumerate(zip(lons, lats, strict=True)) if pair != (None, None)]
    if placed and declared is None and "crs" not in matched:
        raise MissingCrs(
            f"{name} has coordinates and does not say in which system; declare it with --crs, or add a column crs: "
            f"{', '.join(NAMED_SYSTEMS)}."
        )
    if declared is not None and declared not in NAMED_SYSTEMS:
        _convert(values, placed, declared)
        declared = "wgs84"
    coarse = []
    for row in placed:
        systems[row] = systems[row] or declared
        _check_place(row, lons[row], lats[row], systems[row], rows)
        if not rows.bad[row] and _is_coarse(lons[row]) and _is_coarse(lats[row]):
            coarse.append(row)
    rows.sum_up(COARSE_COORDINATES, coarse)
    return declared


def _take_points(table: RawTable, values: dict[str, list[Any]], rows: RowFindings) -> None:
    """Take longitude and latitude from the points of the file."""
    for row, shape in enumerate(table.geometry if table.geometry is not None else ()):
        if shape is None or shape.is_empty:
            continue
        if shape.geom_type != "Point":
            rows.add(NOT_A_POINT, row, "geometry", found=shape.geom_type)
            continue
        values["lon"][row], values["lat"][row] = float(shape.x), float(shape.y)


def _convert(values: dict[str, list[Any]], placed: list[int], crs: str) -> None:
    """Replace projected coordinates by WGS-84: only the four named systems are kept as raw coordinates."""
    whole = [row for row in placed if values["lon"][row] is not None and values["lat"][row] is not None]
    points = shapely.points([values["lon"][row] for row in whole], [values["lat"][row] for row in whole])
    for row, point in zip(whole, geometries_to_wgs84(np.atleast_1d(points), crs), strict=True):
        values["lon"][row], values["lat"][row] = float(point.x), float(point.y)


def _check_place(row: int, lon: float | None, lat: float | None, crs: str | None, rows: RowFindings) -> None:
    """Note what keeps a row's coordinates from being a place."""
    if lon is None or lat is None:
        if not rows.bad[row]:  # an unreadable number has its own finding
            rows.add(HALF_A_PLACE, row, "lon" if lon is None else "lat")
        return
    if crs is None:
        rows.add(CRS_NOT_DECLARED, row, "crs")
        return
    shown = {"x": f"{lon:.10g}", "y": f"{lat:.10g}"}
    if not (math.isfinite(lon) and math.isfinite(lat)):
        rows.add(OUT_OF_RANGE, row, "lon", crs=crs, **shown)
    elif abs(lon) <= 180 and abs(lat) <= 90:
        return
    elif abs(lon) <= 90 and abs(lat) <= 180:
        rows.add(AXES_SWAPPED, row, "lon", **shown)
    elif max(abs(lon), abs(lat)) > 1000:
        rows.add(METRES_AS_DEGREES, row, "lon", crs=crs, **shown)
    else:
        rows.add(OUT_OF_RANGE, row, "lon", crs=crs, **shown)


def _is_coarse(degrees: float) -> bool:
    """Return whether a coordinate has at most two decimals: about a kilometre."""
    return round(degrees, 2) == degrees
