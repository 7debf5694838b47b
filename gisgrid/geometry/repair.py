"""Foreign geometry is made sound, or refused with the reason.

Room: geometry. In: geometries as a file gave them, coordinates already in the system that they are kept in. Out: one
sound geometry each, or None, and what was done to it. Must not import anything of the rooms above.

Repair is by structure: each ring is made valid by itself, shells are united and holes taken away, so a bow-tie becomes
two triangles and a doubled ring none (source: GEOS `MakeValid`, method "structure"). The method "linework" of old
is not used: 500 vertices crossing one another cost it two minutes.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely import Geometry

GeometryKind = Literal["polygon", "line", "point", "line_or_point", "polygon_or_point"]
Outcome = Literal["ok", "changed", "refused"]

GRID_DEGREES: Final = 1e-9
"""Repaired polygons have their new vertices on this lattice, and are valid there."""

MOST_VERTICES: Final = 500_000
LIGHT_VERTICES: Final = 300
"""An invalid polygon with more vertices is repaired in a process of its own; fewer take half a second at most."""

CHILD_SECONDS: Final = 30.0
CALL_SECONDS: Final = 120.0
"""How long one repair in a process of its own may take, and all of one call together."""

_DIMENSIONS: Final[dict[GeometryKind, frozenset[int]]] = {
    "polygon": frozenset({2}),
    "line": frozenset({1}),
    "point": frozenset({0}),
    "line_or_point": frozenset({0, 1}),
    "polygon_or_point": frozenset({0, 2}),
}
_WORDS: Final[dict[GeometryKind, tuple[str, str]]] = {
    "polygon": ("a polygon", "面"),
    "line": ("a line", "线"),
    "point": ("a point", "点"),
    "line_or_point": ("a line or a point", "线或点"),
    "polygon_or_point": ("a polygon or a point", "面或点"),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one geometry.

    Attributes
    ----------
    outcome
        `ok`: as it came; `changed`: repaired, with the reason; `refused`: not usable, with the reason.
    reason, reason_zh
        Words without a full stop, to stand in a finding's sentence; empty when `ok`.
    area_change
        For a repaired polygon, by how much its area differs from that of the rings as drawn, as a part of the repaired
        area: 0.02 for 2 %.
    """

    outcome: Outcome
    reason: str = ""
    reason_zh: str = ""
    area_change: float = 0.0


_OK: Final = Verdict("ok")


def clean(
    geometries: ArrayLike, kind: GeometryKind, *, most_vertices: int = MOST_VERTICES
) -> tuple[NDArray[np.object_], list[Verdict]]:
    """Return sound geometries of a kind, None where refused, and the verdict on each.

    None stays None and is `ok`. Heights are dropped, repeated vertices too (both silently: they are no faults of
    shape); of collections the parts of the kind are kept; polygons are made valid. Curves never come as far as here:
    the readers of files turn them into lines.

    Parameters
    ----------
    geometries
        (n,) geometries in the coordinates that they are kept in.
    kind
        What is wanted. Multi-geometries count as their kind; a single point is wanted where points are.
    most_vertices
        Geometries with more are refused.
    """
    source = np.atleast_1d(np.asarray(geometries, dtype=object))
    result = np.full(len(source), None, dtype=object)
    deadline = time.monotonic() + CALL_SECONDS
    plain = _plainly_sound(source, kind, most_vertices)
    result[plain] = shapely.remove_repeated_points(shapely.force_2d(source[plain]))
    verdicts = [_OK] * len(source)
    for index in np.flatnonzero(~plain).tolist():
        result[index], verdicts[index] = _cleaned(source[index], kind, most_vertices, deadline)
    return result, verdicts


def valid_area(polygon: Geometry) -> Geometry:
    """Return the valid polygon or multipolygon of a polygon's rings, vertices on the lattice of 9 decimals.

    Without an area it is empty.
    """
    repaired = shapely.make_valid(polygon, method="structure", keep_collapsed=False)
    return shapely.set_precision(_parts_of(repaired, frozenset({2})), GRID_DEGREES)


def _plainly_sound(source: NDArray[np.object_], kind: GeometryKind, most_vertices: int) -> NDArray[np.bool_]:
    """Return which geometries need nothing but the loss of their heights; told for all at once, since most do."""
    given = ~shapely.is_missing(source)
    types = {0: [0], 1: [1, 5], 2: [3, 6]}
    wanted = [number for dimension in _DIMENSIONS[kind] for number in types[dimension]]
    sound = given & np.isin(shapely.get_type_id(source), wanted) & ~shapely.is_empty(source)
    sound &= (shapely.get_num_coordinates(source) <= most_vertices) & _finite(source)
    left = source[sound]
    dimension = shapely.get_dimensions(left)
    extent = np.where(dimension == 2, shapely.area(left), shapely.length(left))
    sound[sound] = shapely.is_valid(left) & ((extent > 0) | (dimension == 0))
    return np.asarray(sound, dtype=bool)


def _finite(source: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Return which geometries have finite x and y throughout."""
    xy, owner = shapely.get_coordinates(source, return_index=True)
    finite = np.ones(len(source), dtype=bool)
    finite[owner[~np.isfinite(xy).all(axis=1)]] = False
    return finite


def _cleaned(
    geometry: Geometry | None, kind: GeometryKind, most_vertices: int, deadline: float
) -> tuple[Geometry | None, Verdict]:
    """Return one geometry made sound, or None, with the verdict."""
    if geometry is None:
        return None, _OK
    fault = _unreadable(geometry, most_vertices)
    if fault is not None:
        return None, fault
    flat = shapely.remove_repeated_points(shapely.force_2d(geometry))
    parts = _parts_of(flat, _DIMENSIONS[kind])
    if parts.is_empty:
        english, chinese = _WORDS[kind]
        reason = f"it is a {geometry.geom_type}, not {english}"
        return None, Verdict("refused", reason, f"类型为 {geometry.geom_type}，应为{chinese}")
    dropped = shapely.get_num_geometries(parts) < shapely.get_num_geometries(flat)
    tools: dict[int, Callable[[Geometry, float], tuple[Geometry | None, Verdict]]] = {
        0: _cleaned_point,
        1: _cleaned_line,
        2: _cleaned_polygon,
    }
    result, verdict = tools[int(shapely.get_dimensions(parts))](parts, deadline)
    if dropped and verdict.outcome == "ok":
        return result, Verdict("changed", "parts of other types were left out", "已去除其他类型的部分")
    return result, verdict


def _unreadable(geometry: Geometry, most_vertices: int) -> Verdict | None:
    """Return the verdict on what no kind of geometry may be: empty, not finite, too large."""
    if geometry.is_empty:
        return Verdict("refused", "it is empty", "图形为空")
    if not _finite(np.array([geometry], dtype=object))[0]:
        return Verdict("refused", "a coordinate is not a finite number", "坐标不是有限数值")
    vertices = int(shapely.get_num_coordinates(geometry))
    if vertices > most_vertices:
        reason = f"it has {vertices:,} vertices, more than the {most_vertices:,} that are read"
        return Verdict("refused", reason, f"折点数 {vertices:,} 超过上限 {most_vertices:,}")
    return None


def _parts_of(geometry: Geometry, dimensions: frozenset[int]) -> Geometry:
    """Return the parts of the highest of these dimensions that there is, as one geometry, empty where there is none."""
    parts = shapely.get_parts(geometry)
    while (shapely.get_type_id(parts) >= 4).any():
        parts = shapely.get_parts(parts)
    for dimension in sorted(dimensions, reverse=True):
        fitting = parts[(shapely.get_dimensions(parts) == dimension) & ~shapely.is_empty(parts)]
        if len(fitting):
            many = {0: shapely.multipoints, 1: shapely.multilinestrings, 2: shapely.multipolygons}[dimension]
            return fitting[0] if len(fitting) == 1 else many(fitting)
    return shapely.GeometryCollection()


def _cleaned_point(points: Geometry, _deadline: float) -> tuple[Geometry | None, Verdict]:
    """Return the single point; several are refused."""
    if points.geom_type == "Point":
        return points, _OK
    count = shapely.get_num_geometries(points)
    return None, Verdict("refused", f"it holds {count} points and must hold one", f"包含 {count} 个点，应为一个点")


def _cleaned_line(lines: Geometry, _deadline: float) -> tuple[Geometry | None, Verdict]:
    """Return the parts of a line that have a length."""
    parts = shapely.get_parts(lines)
    long = parts[shapely.length(parts) > 0]
    if not len(long):
        return None, Verdict("refused", "it has no length", "长度为零")
    if len(long) < len(parts):
        return shapely.multilinestrings(long), Verdict(
            "changed", "parts without length were left out", "已去除零长度部分"
        )
    return lines, _OK


def _cleaned_polygon(polygons: Geometry, deadline: float) -> tuple[Geometry | None, Verdict]:
    """Return the polygon made valid."""
    if polygons.is_valid:
        return (polygons, _OK) if polygons.area > 0 else (None, Verdict("refused", "it has no area", "面积为零"))
    reason, reason_zh = _why_invalid(polygons)
    heavy = shapely.get_num_coordinates(polygons) > LIGHT_VERTICES
    repaired = _repaired_apart(polygons, deadline) if heavy else valid_area(polygons)
    if repaired is None:
        return None, Verdict(
            "refused", f"it is too tangled to be repaired ({reason})", f"图形过于复杂，无法修复（{reason_zh}）"
        )
    if repaired.is_empty or not repaired.area > 0:
        return None, Verdict(
            "refused", f"nothing with an area is left of it ({reason})", f"修复后面积为零（{reason_zh}）"
        )
    # GEOS takes a ring's area by the shoelace formula, whether the ring crosses itself or not.
    change = abs(repaired.area - polygons.area) / repaired.area
    return repaired, Verdict("changed", reason, reason_zh, min(change, 1.0))


def _why_invalid(polygons: Geometry) -> tuple[str, str]:
    """Return GEOS's reason with its place, in words of both languages."""
    said = str(shapely.is_valid_reason(polygons))
    what, _, where = said.partition("[")
    place = " ".join(f"{float(number):.6f}" for number in where.rstrip("]").split())
    known = {
        "Self-intersection": ("its outline crosses itself", "边界自相交"),
        "Ring Self-intersection": ("a ring touches itself", "环自接触"),
        "Hole lies outside shell": ("a hole lies outside the outline", "孔洞位于外环之外"),
        "Holes are nested": ("holes lie in one another", "孔洞相互嵌套"),
        "Nested shells": ("its parts lie in one another", "各部分相互嵌套"),
        "Duplicate Rings": ("a ring comes twice", "环重复"),
        "Interior is disconnected": ("holes cut it apart", "内部被孔洞分割"),
        "Too few points in geometry component": ("a ring has fewer than three corners", "环的折点不足三个"),
    }
    english, chinese = known.get(what.strip(), (what.strip().lower() or "it is invalid", "图形无效"))
    return (f"{english} near {place}", f"{chinese}，位于 {place} 附近") if place else (english, chinese)


def _repaired_apart(polygon: Geometry, deadline: float) -> Geometry | None:
    """Return the polygon repaired in a process of its own; None when it took too long, too much memory, or failed."""
    left = min(CHILD_SECONDS, deadline - time.monotonic())
    if left <= 0:
        return None
    command = [sys.executable, "-m", "gisgrid.geometry.repair_child"]
    try:
        done = subprocess.run(  # noqa: S603  our own module, without arguments
            command, input=shapely.to_wkb(polygon), capture_output=True, timeout=left, check=False
        )
    except subprocess.TimeoutExpired:
        return None
    return shapely.from_wkb(done.stdout) if done.returncode == 0 and done.stdout else None
