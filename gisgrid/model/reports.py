"""Reports, where they are assigned, what happens to them and until when.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from gisgrid.model.findings import Finding
from gisgrid.model.places import CoordinateSystem

LocateMethod = Literal["inside", "border", "nearest", "outside"]
AssignmentMethod = Literal["inside", "border", "nearest", "building", "manual", "successor", "unplaced"]
ReportState = Literal["unplaced", "assigned", "accepted", "returned", "escalated", "closed"]
ReportEventType = Literal["accept", "return", "reassign", "escalate", "close", "reopen", "note"]
PlaceKind = Literal["estate", "building"]
CandidateField = Literal["address", "text"]
LimitUnit = Literal["hours", "working_hours", "working_days"]
DayKind = Literal["holiday", "workday"]
REPORT_STATES: Final[Mapping[ReportState, str]] = MappingProxyType(
    {
        "unplaced": "待落格",
        "assigned": "待接单",
        "accepted": "处理中",
        "returned": "已退单",
        "escalated": "已上报",
        "closed": "已办结",
    }
)
OPEN_STATES: Final[tuple[ReportState, ...]] = tuple(state for state in REPORT_STATES if state != "closed")
"""The states in which somebody still has to do something about a report."""
REPORT_EVENTS: Final[Mapping[ReportEventType, str]] = MappingProxyType(
    {
        "accept": "接单",
        "return": "退单",
        "reassign": "改派",
        "escalate": "上报",
        "close": "办结",
        "reopen": "重新办理",
        "note": "备注",
    }
)


class Neighbour(NamedTuple):
    """A grid near a located point and the distance to it in metres."""

    code: str
    distance_m: float


class Location(NamedTuple):
    """Which grid a point is in, and how that was decided: the evidence of an assignment.

    Like its neighbours a named tuple, which is made in a tenth of the time of a frozen dataclass: one for every lookup.

    Attributes
    ----------
    grid
        15-character code, or None when `method` is `outside`.
    method
        `inside`; `border` (exactly on one: the smallest code wins); `nearest` (outside every grid but within the
        tolerance); `outside`.
    border_distance_m
        Metres to the nearest border of that grid; 0 on it, None when `outside`.
    """

    grid: str | None
    method: LocateMethod
    border_distance_m: float | None
    neighbours: tuple[Neighbour, ...]
    edition: str | None
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class Report:
    """What a citizen or inspector reports (诉求), as it came: raw coordinates with their declared system.

    Attributes
    ----------
    urgency
        The sender's word for how urgent it is; what it means stands in the table of time limits.
    grid_code
        The grid that the sender claims; evidence to compare with, never followed by itself.
    """

    source: str
    external_id: str
    category: str | None = None
    text: str | None = None
    lon: float | None = None
    lat: float | None = None
    crs: CoordinateSystem | None = None
    accuracy_m: float | None = None
    address: str | None = None
    building_code: str | None = None
    target: Literal["grid", "property"] = "grid"
    reported_at: datetime | None = None
    urgency: str | None = None
    grid_code: str | None = None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place that the words of a report may mean; a dispatcher decides, the service never does.

    Attributes
    ----------
    name
        As the register has it: the estate's name with the building's, or the address.
    grids
        The grids in force that it lies in: one for a building, several for an estate that is divided.
    score
        From 0 to 1: how much of the name and its numbers the words hold.
    matched
        The name that was found: the register's, an address or an alias.
    field
        Where it was found: the report's `address` or its `text`.
    """

    kind: PlaceKind
    code: str
    name: str
    grids: tuple[str, ...]
    score: float
    matched: str
    field: CandidateField


@dataclass(frozen=True, slots=True)
class Assignment:
    """A report's grid (落格) with its evidence: edition, method, distance to the border, neighbours.

    Attributes
    ----------
    method
        As of a `Location` by the point; `building` by the building named; `manual` by whoever reassigned it;
        `successor`: an edition ended the grid, and this one holds most of its households; `unplaced` without a grid.
    building
        The building that decided, where `method` is `building`.
    candidates
        Where there is no grid: the places that the words of the report may mean, the likeliest first.
    """

    grid: str | None
    method: AssignmentMethod
    edition: str | None = None
    border_distance_m: float | None = None
    neighbours: tuple[Neighbour, ...] = ()
    findings: tuple[Finding, ...] = ()
    building: str | None = None
    candidates: tuple[Candidate, ...] = ()


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """Within what time reports of a category and urgency are to be accepted and closed (时限), as imported.

    Attributes
    ----------
    category
        The code of a category, which also holds for those below it that have no limit of their own; `*` for any.
    urgency
        The sender's word; None for any.
    accept_within, close_within
        How many of the unit from when the report came in; None where nothing is set.
    """

    category: str
    urgency: str | None
    unit: LimitUnit
    accept_within: float | None = None
    close_within: float | None = None


@dataclass(frozen=True, slots=True)
class Due:
    """Until when a report is to be accepted and closed; None where no limit is set."""

    accept: datetime | None = None
    close: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReportEventRequest:
    """What somebody asks to happen to a report (接单、退单、改派 …).

    Attributes
    ----------
    note
        The reason; required for `return` and `reassign`.
    grid, building_code
        Where a report is reassigned to: a grid in force, or the grid of a building. Without both it is located anew.
    event_id
        The sender's own id of the event, by which a repeat of the request is known again.
    """

    type: ReportEventType
    note: str | None = None
    grid: str | None = None
    building_code: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class GridLoad:
    """How many reports a grid has: those of the last months, those that are open, and those of them overdue."""

    reports: int = 0
    open: int = 0
    overdue: int = 0
