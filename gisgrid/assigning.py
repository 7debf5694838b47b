"""Files of points are assigned: each row gets the grid that it is in, how that was found, and the way to its border.

Room: the corridor, below `workflow`. In: a `Database`, the grids in force, a file. Out: a copy of the file with three
more columns, and what became of its rows. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from gisgrid.directory import GridDirectory
from gisgrid.geometry import crs as coordinate_systems
from gisgrid.hands import Hands, hands_of
from gisgrid.in_force import AssignedPoints, Floats
from gisgrid.ingest.point_files import open_points, require_output, written_whole
from gisgrid.ingest.point_rows import GridCells, PointRows, PointUnit, Progress, choose_columns
from gisgrid.ingest.read import ReadOptions, resolve_crs
from gisgrid.ingest.times import read_time
from gisgrid.ingest.values import BadCell, is_empty
from gisgrid.model import Finding, Rule
from gisgrid.store import divisions, editions
from gisgrid.store.database import Database

ROWS_AT_ONCE: Final = 100_000
"""Rows that are held in memory at once."""

STATES_AT_ONCE: Final = 8
"""States of the grids that are kept ready while the rows of a file come from different times."""

INVALID: Final = "invalid"
"""The method of a row that cannot be looked up; one that can and lies in no grid is `outside`."""

UNUSABLE_PLACE = Rule(
    "unusable_place",
    "error",
    "{count} without a usable place ({unit} {first}): empty, no number, or out of the range of {crs}. Written with the "
    "method invalid; correct the file and assign it again.",
    "{count} 行（第 {first} 行）没有可用的位置：坐标为空、不是数字或超出 {crs} 的范围；已写出，method 为 invalid。"
    "请更正后重新落格。",
)
UNUSABLE_TIME = Rule(
    "unusable_time",
    "error",
    "{count} without a usable time in {field} ({unit} {first}). Written with the method invalid; write times as "
    "2026-03-01T08:30:00+08:00 and assign the file again.",
    "{count} 行（第 {first} 行）的 {field} 不是可用的时间；已写出，method 为 invalid。"
    "请写成 2026-03-01T08:30:00+08:00 后重新落格。",
)

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_SHOWN_LINES: Final = 5
_Bools = np.ndarray[Any, np.dtype[np.bool_]]


@dataclass(frozen=True, slots=True)
class AssignRequest:
    """A file to assign.

    Attributes
    ----------
    path
        CSV, Parquet, or a vector file (`FILE|layername=NAME` for one layer of several).
    out
        Where the copy goes: another file of the same kind.
    crs
        The system of its coordinates as the caller declares it; only a layer may carry its own.
    lon, lat
        The columns of the place, or None: lon and lat, lng, longitude and latitude, 经度 and 纬度, x and y.
    at
        An instant, the name of a column with instants, or None: now.
    rows_at_once
        How many rows are held in memory; the answers are the same for any number.
    dask
        Address of a Dask scheduler, over whose workers the rows in memory are then spread, with the same answers.
    """

    path: Path
    out: Path
    crs: str | None = None
    lon: str | None = None
    lat: str | None = None
    at: datetime | str | None = None
    rows_at_once: int = ROWS_AT_ONCE
    dask: str | None = None


@dataclass(frozen=True, slots=True)
class AssignedFile:
    """What became of the rows of a file: how many by each method, the system they were read in, findings."""

    rows: int
    methods: dict[str, int]
    crs: str
    findings: tuple[Finding, ...]


def assign_file(
    database: Database, directory: GridDirectory, request: AssignRequest, *, progress: Progress | None = None
) -> AssignedFile:
    """Return what became of the rows of a file, after its copy with their grids is written whole.

    A row that cannot be looked up is written too, with the method `invalid`, and is a finding. All rows are answered
    by the editions that were published when the work began.

    Parameters
    ----------
    progress
        Called with rows done and rows in all.

    Raises
    ------
    UsageError
        No such column, no coordinate system, `out` cannot be written.
    UnreadableFile
        The file is damaged or of no format that is read; nothing is written.
    Unavailable
        No Dask scheduler answers where one was named.
    """
    require_output(request.path, request.out)
    file = open_points(request.path)
    declared = coordinate_systems.parse_crs(request.crs) if request.crs else None
    system, remarks = resolve_crs(declared, file.crs, request.path.name)
    columns = choose_columns(
        file.headings,
        lon=request.lon,
        lat=request.lat,
        at=request.at if isinstance(request.at, str) else None,
        has_points=file.has_points,
        name=request.path.name,
    )
    with hands_of(request.dask) as hands:
        if columns.at is None:
            states = _one_state(database, directory, hands, request.at if isinstance(request.at, datetime) else None)
        else:
            states = _states_in_time(database, directory, hands)
        work = _Assignment(system, states, hands)
        with written_whole(request.out) as unfinished:
            file.copy_to(unfinished, columns, work.decide, request.rows_at_once, progress)
    findings = (*file.findings, *remarks, *work.findings(file.unit, columns.at))
    return AssignedFile(sum(work.methods.values()), work.methods, system, findings)


@dataclass(frozen=True, slots=True)
class _States:
    """The states of the grids over time.

    Attributes
    ----------
    begins
        Microseconds since 1970 when each state but the first begins; the first holds before: int64, ascending.
    assigner
        Position of a state → its bulk lookup.
    """

    begins: np.ndarray[Any, np.dtype[np.int64]]
    assigner: Callable[[int], Callable[[Floats, Floats], AssignedPoints]]


def _one_state(database: Database, directory: GridDirectory, hands: Hands, at: datetime | None) -> _States:
    """Return the state of the grids at one instant, now by default."""
    with database.transaction() as connection:
        assign = hands.assigner(directory.grids(connection, at), directory.nearest_tolerance_m)
    return _States(np.empty(0, dtype=np.int64), lambda _: assign)


def _states_in_time(database: Database, directory: GridDirectory, hands: Hands) -> _States:
    """Return all states of the grids: a new one begins whenever an edition begins or ends."""
    with database.transaction() as connection:
        moments = {
            moment
            for community in divisions.list_divisions(connection, level="community", with_geometry=False)
            for edition in editions.list_editions(connection, community.code)
            for moment in (edition.valid_from, edition.valid_to)
            if moment is not None
        }
    begins = sorted(moments) or [_EPOCH]

    @lru_cache(maxsize=STATES_AT_ONCE)
    def assigner(state: int) -> Callable[[Floats, Floats], AssignedPoints]:
        instant = begins[state - 1] if state else begins[0] - _MICROSECOND
        with database.transaction() as connection:
            return hands.assigner(directory.grids(connection, instant), directory.nearest_tolerance_m)

    return _States(np.array([_microseconds(moment) for moment in begins], dtype=np.int64), assigner)


@dataclass(slots=True)
class _Lines:
    """How many rows, and the lines of the first of them."""

    count: int = 0
    first: list[int] = field(default_factory=list)

    def add(self, lines: np.ndarray[Any, np.dtype[np.int64]]) -> None:
        self.first += lines[: _SHOWN_LINES - len(self.first)].tolist()
        self.count += len(lines)


@dataclass(slots=True)
class _Assignment:
    """The work on one file: decides its rows, chunk by chunk, and counts what became of them."""

    crs: str
    states: _States
    hands: Hands
    methods: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("inside", "border", "nearest", "outside", INVALID), 0)
    )
    _without_place: _Lines = field(default_factory=_Lines)
    _without_time: _Lines = field(default_factory=_Lines)

    def decide(self, rows: PointRows) -> GridCells:
        """Return the grids of some rows."""
        lon, lat, placed = self.hands.usable(rows.x, rows.y, self.crs)
        self._without_place.add(rows.lines[~placed])
        state = np.zeros(len(lon), dtype=np.int64)
        if rows.times is not None:
            instants, timed = _instants(rows.times)
            self._without_time.add(rows.lines[~timed])
            placed &= timed
            state = np.searchsorted(self.states.begins, instants, side="right")
        codes: list[str | None] = [None] * len(lon)
        methods = [INVALID] * len(lon)
        metres: list[float | None] = [None] * len(lon)
        for each in np.unique(state[placed]).tolist():
            chosen = np.flatnonzero(placed & (state == each))
            found = self.states.assigner(each)(lon[chosen], lat[chosen])
            distances = found.border_distances_m.tolist()
            for row, code, how, distance in zip(chosen.tolist(), found.codes, found.methods, distances, strict=True):
                codes[row], methods[row] = code, how
                metres[row] = None if code is None else round(distance, 2)
        for method in methods:
            self.methods[method] += 1
        return GridCells(codes, methods, metres)

    def findings(self, unit: PointUnit, at: str | None) -> list[Finding]:
        """Return one finding for the rows without a place, and one for those without a time."""
        found = []
        for rule, rows in ((UNUSABLE_PLACE, self._without_place), (UNUSABLE_TIME, self._without_time)):
            if rows.count:
                found.append(
                    rule.finding(
                        line=rows.first[0],
                        field=at if rule is UNUSABLE_TIME else None,
                        count=rows.count,
                        first=", ".join(map(str, rows.first)) + (" …" if rows.count > len(rows.first) else ""),
                        unit=unit if rows.count == 1 else f"{unit}s",
                        crs=self.crs,
                    )
                )
        return found


def _instants(cells: Any) -> tuple[np.ndarray[Any, np.dtype[np.int64]], _Bools]:
    """Return the microseconds since 1970 of each cell, and which cells are times; one without a zone is Chinese."""
    zone = ZoneInfo(ReadOptions().zone)
    instants, usable = np.zeros(len(cells), dtype=np.int64), np.zeros(len(cells), dtype=np.bool_)
    for row, cell in enumerate(cells):
        if is_empty(cell):
            continue
        try:
            instants[row] = _microseconds(read_time(cell, zone, day_first=None))
        except BadCell:
            continue
        usable[row] = True
    return instants, usable


def _microseconds(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND
