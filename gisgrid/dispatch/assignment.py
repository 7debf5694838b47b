"""A report finds its grid (落格), with the evidence for whoever doubts it.

Room `dispatch`, pure. In: a `Report`, a function that locates a WGS-84 point, and the grids of the buildings named.
Out: a `Placement`: the converted point and the `Assignment` with its findings. Imports `geometry.crs` and the nouns; no
other room, no database, no clock.

The rule, in this order:

1. A building that is known and stands in a grid: that grid, method `building`.
2. A point that a grid covers, or whose nearest grid is within the tolerance: that grid; `inside`, `border`, `nearest`.
3. Anything else: `unplaced`. The report is kept and stands on the work list; a grid is never guessed.

Whatever speaks against the answer is a finding on the report; a grid that the sender claims too (`claims`).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import numpy as np

from gisgrid.dispatch.claims import claim_findings
from gisgrid.dispatch.matching import candidates_finding
from gisgrid.errors import BadCoordinate
from gisgrid.geometry.crs import DECIMALS, is_lon_lat, parse_crs, require_lon_lat, to_wgs84
from gisgrid.model import Assignment, Candidate, CoordinateSystem, Finding, Location, Report, Rule

Locate = Callable[[float, float], Location]
"""Longitude and latitude (WGS-84) to the grid; the nearest-tolerance is already in it."""

WITHOUT_PLACE: Final = Rule(
    "report_without_place",
    "warning",
    "The report names no coordinates and no building; find its place from the text or the address and reassign it.",
    "诉求既无坐标也无楼栋；请根据内容或地址核实位置后改派。",
)
UNUSABLE_COORDINATES: Final = Rule(
    "report_coordinates_unusable",
    "warning",
    "The coordinates {lon}, {lat} cannot be a place in {crs} ({reason}) Ask the source for lon and lat in degrees.",
    "坐标 {lon}, {lat} 不是有效的{crs}经纬度；请来源方核实经度、纬度的顺序和单位。",
)
OUTSIDE: Final = Rule(
    "report_outside",
    "warning",
    "The point lies outside every grid in force; check the place with the sender, or publish the community it lies in.",
    "该点不在任何现行网格内；请与来源方核实位置，或先发布所在社区的网格。",
)
DOUBTFUL_SYSTEM: Final = Rule(
    "report_system_doubtful",
    "warning",
    "The point was declared {declared} and lies outside every grid; as {fitting} it would lie in grid {grid}. "
    "Ask the source {source} which coordinate system it sends.",
    "该点按声明的{declared}不在任何网格内，若为{fitting}则落在网格{grid}；请核实来源“{source}”的坐标系。",
)
SWAPPED: Final = Rule(
    "report_coordinates_swapped",
    "warning",
    "With longitude and latitude exchanged the point would lie in grid {grid}; ask the source {source} for lon first.",
    "经度与纬度对调后该点落在网格{grid}；请来源“{source}”按先经度后纬度发送。",
)
UNKNOWN_BUILDING: Final = Rule(
    "report_building_unknown",
    "warning",
    "There is no building {building}; check its code, or import the building.",
    "没有编码为{building}的楼栋；请核对编码或导入该楼栋。",
)
BUILDING_WITHOUT_GRID: Final = Rule(
    "report_building_without_grid",
    "warning",
    "Building {building} stands in no grid in force; publish the grids of its community.",
    "楼栋{building}不在任何现行网格内；请发布其所在社区的网格。",
)
DISAGREES: Final = Rule(
    "report_point_disagrees_with_building",
    "warning",
    "Building {building} stands in grid {grid}, but the point lies {where}; the building was followed. "
    "Check with the sender which of the two is right.",
    "楼栋{building}属于网格{grid}，而坐标点{where_zh}；已按楼栋落格，请与来源方核实。",
)
ACCURACY_REACHES: Final = Rule(
    "report_accuracy_reaches_neighbours",
    "warning",
    "The point is accurate to {accuracy_m:g} m but the border is {border_m:.1f} m away: it may belong to {others}. "
    "Ask for the address before sending somebody far.",
    "定位精度{accuracy_m:g}米，距边界仅{border_m:.1f}米，也可能属于网格{others}；派单前请核实地址。",
)

_WRITTEN_OUT_BELOW: Final = 1e15
"""PostgreSQL writes larger numbers with all their zeros, which a reader takes for whole ones."""
_AS_WGS84: Final = frozenset({"wgs84", "cgcs2000"})
"""Systems whose coordinates `to_wgs84` returns as they are; most reports come in these, one by one."""
_OTHERWISE: Final[tuple[CoordinateSystem, ...]] = ("wgs84", "gcj02", "bd09")
"""What a source may have meant; CGCS2000 is not among them because it agrees with WGS-84."""


@dataclass(frozen=True, slots=True)
class BuildingGrid:
    """The grid in force that a known building stands in, and its edition; None where it stands in none."""

    grid: str | None
    edition: str | None


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a report is and whose it is.

    Attributes
    ----------
    point
        Longitude and latitude, WGS-84, or None where the report has no usable coordinates.
    """

    point: tuple[float, float] | None
    assignment: Assignment


def place_report(
    report: Report,
    *,
    locate: Locate,
    buildings: Mapping[str, BuildingGrid],
    successors: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Placement:
    """Return the report's point and its assignment by the rule of this module.

    Parameters
    ----------
    report
        As it came. Coordinates that cannot be a place do not refuse the report: they are a finding on it.
    locate
        The lookup in force at the time of the report.
    buildings
        At least the building that the report names, where it is known.
    successors
        For the grid that the report claims, where it ever was: the grids in force that its ground went to.

    Raises
    ------
    MissingCrs, UnknownCrs
        Coordinates without a declared system, or with one that does not exist.
    """
    findings: list[Finding] = []
    point = _point(report, findings)
    location = None if point is None else locate(*point)
    building = _building(report, buildings, findings)
    if building is not None:
        if location is not None:
            _compare(report, building, location, findings)
        assignment = _by_building(report.building_code, building, location, findings)
    elif location is not None and location.grid is not None:
        _doubt_accuracy(report, location, findings)
        assignment = _by_point(location, findings)
    else:
        assignment = _unplaced(report, location, locate, findings)
    if report.grid_code is not None:
        claims = claim_findings(report.grid_code, successors, assignment)
        assignment = dataclasses.replace(assignment, findings=(*assignment.findings, *claims))
    return Placement(point, assignment)


def with_candidates(placement: Placement, candidates: Sequence[Candidate]) -> Placement:
    """Return the placement of a report without a grid with what its words may mean, and a finding that tells of it."""
    if not candidates:
        return placement
    told = (*placement.assignment.findings, candidates_finding(candidates))
    return dataclasses.replace(
        placement,
        assignment=dataclasses.replace(placement.assignment, findings=told, candidates=tuple(candidates)),
    )


def _point(report: Report, findings: list[Finding]) -> tuple[float, float] | None:
    """Return the point in WGS-84, or None with a finding where the coordinates are none."""
    if report.lon is None and report.lat is None:
        return None
    declared = parse_crs(report.crs)
    lon, lat = report.lon, report.lat
    if lon is None or lat is None:
        findings.append(
            UNUSABLE_COORDINATES.finding(
                lon=_told(lon), lat=_told(lat), crs=declared, reason="one of the two is missing."
            )
        )
        return None
    if is_lon_lat(lon, lat):
        return _wgs84(lon, lat, declared)
    try:
        require_lon_lat(lon, lat)
    except BadCoordinate as error:
        findings.append(
            UNUSABLE_COORDINATES.finding(
                lon=_told(lon), lat=_told(lat), crs=declared, reason=str(error).removeprefix("Point 1: ")
            )
        )
    return None


def _told(degrees: float | None) -> float | str | None:
    """Return a coordinate for a finding: as text where JSON has no one way to write it, such as 1e300."""
    return degrees if degrees is None or abs(degrees) < _WRITTEN_OUT_BELOW else repr(degrees)


def _wgs84(lon: float, lat: float, crs: str) -> tuple[float, float]:
    """Return the point with the decimals that are stored, so that asking the database later gives the same grid."""
    if crs in _AS_WGS84:
        return round(lon, DECIMALS), round(lat, DECIMALS)
    x, y = to_wgs84(np.array([lon]), np.array([lat]), crs)
    return round(float(x[0]), DECIMALS), round(float(y[0]), DECIMALS)


def _building(report: Report, buildings: Mapping[str, BuildingGrid], findings: list[Finding]) -> BuildingGrid | None:
    """Return the grid of the building that the report names, or None with a finding where that leads nowhere."""
    code = report.building_code
    if code is None:
        return None
    found = buildings.get(code)
    if found is None:
        findings.append(UNKNOWN_BUILDING.finding(codes=[code], building=code))
        return None
    if found.grid is None:
        findings.append(BUILDING_WITHOUT_GRID.finding(codes=[code], building=code))
        return None
    return found


def _compare(report: Report, building: BuildingGrid, location: Location, findings: list[Finding]) -> None:
    """Add a finding where the point lies in another grid than the building; a border point agrees with both sides."""
    grid, code = str(building.grid), str(report.building_code)
    if location.grid == grid:
        return
    across = {neighbour.code: neighbour.distance_m for neighbour in location.neighbours}
    if location.method == "border" and across.get(grid) == 0.0:
        return
    elsewhere = location.grid is not None
    findings.append(
        DISAGREES.finding(
            codes=[code, grid, *([location.grid] if location.grid else [])],
            building=code,
            grid=grid,
            other=location.grid,
            where=f"in grid {location.grid}" if elsewhere else "outside every grid",
            where_zh=f"在网格{location.grid}内" if elsewhere else "不在任何网格内",
        )
    )


def _doubt_accuracy(report: Report, location: Location, findings: list[Finding]) -> None:
    """Add a finding where the error of the position reaches over the border."""
    border_m = location.border_distance_m
    if report.accuracy_m is None or border_m is None or report.accuracy_m <= border_m:
        return
    others = [each.code for each in location.neighbours if each.distance_m < report.accuracy_m]
    if others:
        findings.append(
            ACCURACY_REACHES.finding(
                codes=others, accuracy_m=report.accuracy_m, border_m=border_m, others=", ".join(others)
            )
        )


def _by_building(
    code: str | None, building: BuildingGrid, location: Location | None, findings: list[Finding]
) -> Assignment:
    """Return the building's grid; the distance to its border is told where the point lies in it."""
    agrees = location is not None and location.grid == building.grid
    return Assignment(
        grid=building.grid,
        method="building",
        edition=building.edition,
        border_distance_m=location.border_distance_m if location is not None and agrees else None,
        neighbours=location.neighbours if location is not None and agrees else (),
        findings=tuple(findings),
        building=code,
    )


def _by_point(location: Location, findings: list[Finding]) -> Assignment:
    return Assignment(
        grid=location.grid,
        method="unplaced" if location.method == "outside" else location.method,
        edition=location.edition,
        border_distance_m=location.border_distance_m,
        neighbours=location.neighbours,
        findings=tuple(findings),
    )


def _unplaced(report: Report, location: Location | None, locate: Locate, findings: list[Finding]) -> Assignment:
    """Return no grid, with what would help to find one."""
    if location is not None:
        findings.append(OUTSIDE.finding())
        findings.extend(_other_systems(report, locate))
    elif report.lon is None and report.lat is None and report.building_code is None:
        findings.append(WITHOUT_PLACE.finding())
    findings.extend(_swapped(report, locate))
    return Assignment(
        grid=None,
        method="unplaced",
        neighbours=() if location is None else location.neighbours,
        findings=tuple(findings),
    )


def _other_systems(report: Report, locate: Locate) -> list[Finding]:
    """Return a finding for each coordinate system under which the point would lie in a grid."""
    declared = parse_crs(report.crs)
    same = {"cgcs2000": "wgs84"}.get(declared, declared)
    hints = []
    for fitting in _OTHERWISE:
        if fitting == same or report.lon is None or report.lat is None:
            continue
        grid = _covering(locate, *_wgs84(report.lon, report.lat, fitting))
        if grid is not None:
            hints.append(
                DOUBTFUL_SYSTEM.finding(
                    codes=[grid], declared=declared, fitting=fitting, grid=grid, source=report.source
                )
            )
    return hints


def _swapped(report: Report, locate: Locate) -> list[Finding]:
    """Return a finding where the point would lie in a grid with longitude and latitude exchanged."""
    if report.lon is None or report.lat is None:
        return []
    try:
        require_lon_lat(report.lat, report.lon)
    except BadCoordinate:
        return []
    grid = _covering(locate, *_wgs84(report.lat, report.lon, parse_crs(report.crs)))
    return [] if grid is None else [SWAPPED.finding(codes=[grid], grid=grid, source=report.source)]


def _covering(locate: Locate, lon: float, lat: float) -> str | None:
    """Return the grid that covers the point; the nearest one is no hint."""
    location = locate(lon, lat)
    return location.grid if location.method in ("inside", "border") else None
