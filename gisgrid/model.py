"""The nouns of the product as frozen dataclasses; the words are those of the field.

Room: below every room. In: nothing. Out: plain values that rooms hand to each other. Imports shapely for geometry and
nothing of gisgrid but `errors`.

Geometry in these nouns is WGS-84 longitude, latitude (EPSG:4326) unless an attribute says metres.
Codes are text, never numbers. `None` means "not known", never "zero".
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, Literal, NamedTuple

from shapely import Geometry

Severity = Literal["error", "warning", "info"]
DivisionLevel = Literal["district", "street", "community"]
EstateType = Literal["commercial", "old", "unit", "resettlement", "bungalow", "village"]
BarrierKind = Literal["main_road", "railway", "river", "wall", "street", "crossing"]
HouseholdMeasure = Literal["resident", "registered", "dwelling"]
HouseholdSource = Literal["declared", "counted", "estimated"]
TieKind = Literal["estate", "gate", "steward", "origin", "imported"]
GridKind = Literal["residential", "dedicated"]
RevisionAction = Literal["edit", "undo", "redo"]
PlanState = Literal["draft", "submitted", "approved", "published", "rejected"]
LocateMethod = Literal["inside", "border", "nearest", "outside"]
AssignmentMethod = Literal["inside", "border", "nearest", "building", "manual", "successor", "unplaced"]
ReportState = Literal["unplaced", "assigned", "accepted", "returned", "escalated", "closed"]
ReportEventType = Literal["accept", "return", "reassign", "escalate", "close", "reopen", "note"]
PlaceKind = Literal["estate", "building"]
CandidateField = Literal["address", "text"]
LimitUnit = Literal["hours", "working_hours", "working_days"]
DayKind = Literal["holiday", "workday"]
Role = Literal["viewer", "dispatch", "planner", "reviewer", "admin"]
Effort = Literal["draft", "normal", "thorough"]
GridCount = Literal["target", "fewest"] | int
ProofKind = Literal["best", "none_better", "impossible", "no_count"]
CoordinateSystem = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
LayerName = Literal[
    "divisions",
    "barriers",
    "estates",
    "buildings",
    "aliases",
    "households",
    "ties",
    "grids",
    "sites",
    "posts",
    "categories",
    "limits",
    "holidays",
    "reports",
]

LEVELS: Final[tuple[DivisionLevel, ...]] = ("district", "street", "community")
CODE_WIDTH: Final[Mapping[DivisionLevel, int]] = MappingProxyType({"district": 6, "street": 9, "community": 12})
GRID_NUMBER_WIDTH: Final = 3
ESTATE_TYPES: Final[Mapping[EstateType, str]] = MappingProxyType(
    {
        "commercial": "商品住宅",
        "old": "老旧小区",
        "unit": "单位住宅",
        "resettlement": "安置(公租)",
        "bungalow": "街巷平房",
        "village": "城中村",
    }
)
BARRIER_KINDS: Final[Mapping[BarrierKind, str]] = MappingProxyType(
    {
        "main_road": "主干道",
        "railway": "铁路",
        "river": "河流",
        "wall": "围墙",
        "street": "街巷",  # grid borders like to follow it, but may cross it
        "crossing": "通道",  # bridge, underpass or gate: joins what a barrier parts
    }
)
HARD_BARRIERS: Final[frozenset[BarrierKind]] = frozenset({"main_road", "railway", "river", "wall"})
DEDICATED_SITE_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mall": "商场",
        "market": "市场",
        "school": "学校",
        "hospital": "医院",
        "park": "公园",
        "office": "写字楼",
        "administrative": "行政中心",
        "industrial_park": "产业园区",
    }
)
ROLES: Final[tuple[Role, ...]] = ("viewer", "dispatch", "planner", "reviewer", "admin")
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
HOUSEHOLD_MEASURES: Final[Mapping[HouseholdMeasure, str]] = MappingProxyType(
    {"resident": "常住户", "registered": "户籍户", "dwelling": "住宅套数"}
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault or warning (检查结果), of an import, a plan or an edit.

    Attributes
    ----------
    rule
        The rule's name, stable, snake_case: what a program switches on.
    severity
        `error` stops the work, `warning` asks for a look, `info` tells of a change made.
    message, message_zh
        The sentence with the figure, the reason and the remedy, in English and in Chinese.
    codes
        Codes of the buildings, grids, divisions … concerned.
    line, field
        The line in the source file (the heading is line 1; for layers without lines the feature's position from 1)
        and the column, where the finding is about an imported row.
    values
        The figures in the sentence, for programs.
    geometry
        Where it is, WGS-84.
    """

    rule: str
    severity: Severity
    message: str
    message_zh: str
    codes: tuple[str, ...] = ()
    line: int | None = None
    field: str | None = None
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that is checked, with its sentences; makes the findings of that rule.

    The sentences are `str.format` templates over the values of the finding; values are inserted once and never
    read as templates themselves.

    Examples
    --------
    >>> too_big = Rule("grid_above_band", "error", "Grid {grid} has {households} households; split it.",
    ...                "网格{grid}有{households}户，请拆分。")
    >>> too_big.finding(codes=("01",), grid="01", households=640).message
    'Grid 01 has 640 households; split it.'
    """

    name: str
    severity: Severity
    en: str
    zh: str

    def finding(
        self,
        *,
        codes: Sequence[str] = (),
        line: int | None = None,
        field: str | None = None,
        geometry: Geometry | None = None,
        **values: Any,
    ) -> Finding:
        """Return the finding of this rule with these values in its sentences."""
        where = {"line": line, "field": field, **values}
        return Finding(
            rule=self.name,
            severity=self.severity,
            message=self.en.format_map(where),
            message_zh=self.zh.format_map(where),
            codes=tuple(codes),
            line=line,
            field=field,
            values=dict(values),
            geometry=geometry,
        )


@dataclass(frozen=True, slots=True)
class Division:
    """A node of the tree district 区县 > street 街道 > community 社区, with its 6-, 9- or 12-digit code."""

    code: str
    name: str
    level: DivisionLevel
    parent: str | None = None
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Estate:
    """A residential compound (小区); it need not equal a grid."""

    code: str
    name: str
    type: EstateType | None = None
    property_company: str | None = None
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Building:
    """A building (楼栋): its footprint and how many households live in it.

    `households` is 0 where nobody lives; `household_source` says whether the count was declared with the building,
    counted from household rows, or estimated from floors and footprint.
    """

    code: str
    geometry: Geometry
    name: str | None = None
    estate: str | None = None
    address: str | None = None
    floors: int | None = None
    height_m: float | None = None
    households: int = 0
    household_source: HouseholdSource = "declared"
    household_measure: HouseholdMeasure = "resident"
    use: str | None = None
    community: str | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """A line that a grid should not cross (分界线), or a `street` that borders like to follow, or a `crossing`."""

    kind: BarrierKind
    geometry: Geometry
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """A weighted link (邻里关系) between two buildings whose households know each other."""

    a: str
    b: str
    weight: float = 1.0
    kind: TieKind = "imported"


@dataclass(frozen=True, slots=True)
class Site:
    """A service point, resource, demand or project on the map; dedicated ground forms grids of its own."""

    code: str
    kind: str
    name: str
    geometry: Geometry
    area_m2: float | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A worker's post in a grid (网格岗位): role, name and duty phone of the worker, dated."""

    grid: str
    role: str
    name: str
    duty_phone: str | None = None
    valid_from: datetime | None = None
    valid_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class Band:
    """How many households a residential grid holds, and which are counted."""

    minimum: int = 300
    maximum: int = 500
    target: int = 400
    measure: HouseholdMeasure = "resident"


@dataclass(frozen=True, slots=True)
class Weights:
    """What a draw weighs plans by, as costs: the larger, the more it is avoided. In order of importance.

    Attributes
    ----------
    estate
        Each further grid that an estate lies in which would fit into one.
    tie
        Each unit of tie weight between buildings of different grids.
    move
        Each household that leaves the grid in force (only where the draw keeps to the current grids or locks some).
    border
        Each metre of border between grids, off barriers.
    street
        Share of that cost that remains where the border lies on a street.
    balance
        Each household that a grid is off the target.
    """

    estate: float = 200.0
    tie: float = 10.0
    move: float = 3.5
    border: float = 0.125
    street: float = 0.5
    balance: float = 0.015625


@dataclass(frozen=True, slots=True)
class DrawSettings:
    """What a draw is asked for; kept with the plan.

    Attributes
    ----------
    band
        The household band of residential grids.
    seed
        Same seed, same inputs: same plan, bit for bit.
    cross_barriers
        Whether a zone below the band may be joined over its cheapest barrier (else it stays a small grid).
    dedicated_area_m2
        Dedicated ground of at least this area becomes a grid of kind `dedicated`; smaller ground stays in the
        residential grid around it.
    keep_current
        Start from the edition in force and change as little as possible.
    weights
        What is avoided, and how much.
    grids
        How many residential grids: as many as bring the mean nearest to the band's `target`, the `fewest` that the
        band allows, or a number for the whole community.
    effort
        How long the search goes on: a `draft` in about half a second a community, `normal`, or `thorough`.
    prove
        Whether small zones are handed to the exact model, which proves that a plan is the best.
    locked_grids, locked_buildings
        Grids in force that stay as they are, and buildings that stay in their grid in force, by code.
    villages
        One estate (natural village 自然村) = one grid, whatever its households.
    """

    band: Band = dataclasses.field(default_factory=Band)
    seed: int = 0
    cross_barriers: bool = True
    dedicated_area_m2: float = 8000.0
    keep_current: bool = False
    weights: Weights = dataclasses.field(default_factory=Weights)
    grids: GridCount = "target"
    effort: Effort = "normal"
    prove: bool = False
    locked_grids: tuple[str, ...] = ()
    locked_buildings: tuple[str, ...] = ()
    villages: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """The smallest piece of ground (单元) that a draw hands to a grid.

    Almost always the share of one building, or an empty block; buildings whose footprints overlap share one cell.

    Attributes
    ----------
    number
        Position in the community's tessellation, from 0.
    buildings
        Codes of the buildings that stand on it.
    geometry
        One polygon, WGS-84; shared borders have the very same vertices.
    dedicated
        The code of the site of dedicated ground that the cell belongs to, or None.
    """

    number: int
    buildings: tuple[str, ...]
    households: int
    geometry: Geometry
    area_m2: float
    dedicated: str | None = None


@dataclass(frozen=True, slots=True)
class CellBorder:
    """The shared border of two cells: its length, and how much of it a hard barrier and a street cover, in metres."""

    a: int
    b: int
    length_m: float
    barrier_m: float = 0.0
    street_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid (网格) of a plan or an edition.

    In a plan the `key` names it and `code` is the code it continues (or None: a new one is given at publish);
    in an edition `code` is the 15-character code.
    """

    key: str
    kind: GridKind
    name: str | None
    code: str | None
    households: int
    buildings: tuple[str, ...]
    cells: tuple[int, ...]
    geometry: Geometry
    area_m2: float


@dataclass(frozen=True, slots=True)
class Locks:
    """What stays where it is while a plan is edited: grids by key, buildings by code, each in order."""

    grids: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()

    @classmethod
    def of_draw(cls, grids: Sequence[Grid], settings: DrawSettings) -> Locks:
        """Return what a draw was asked to leave in force, as locks of the grids that came of it."""
        asked = frozenset(settings.locked_grids)
        keys = sorted(grid.key for grid in grids if grid.code in asked)
        return cls(tuple(keys), tuple(sorted(settings.locked_buildings)))


@dataclass(frozen=True, slots=True)
class Plan:
    """An editable division of one community into grids (网格方案), with the findings of its check.

    `tessellation` is the id of the cells that it lies on.
    """

    id: str
    community: str
    state: PlanState
    revision: int
    settings: DrawSettings
    grids: tuple[Grid, ...]
    findings: tuple[Finding, ...]
    base_edition: str | None = None
    created_at: datetime | None = None
    tessellation: str | None = None
    locks: Locks = dataclasses.field(default_factory=Locks)


@dataclass(frozen=True, slots=True)
class GridLabel:
    """What a revision of a plan says of a grid beside its ground."""

    key: str
    name: str | None
    kind: GridKind
    code: str | None
    locked: bool


@dataclass(frozen=True, slots=True)
class PlanPart:
    """The part of a plan that a change is about, as it is on one side of the change.

    Attributes
    ----------
    cells
        The key of the grid of each cell that changes hands, None for a cell in none; all cells where the ground is cut
        anew.
    grids
        The grids that differ, with those that are on this side only.
    locked_buildings
        Codes of buildings that are locked on this side only.
    tessellation
        The id of the cells.
    """

    cells: tuple[tuple[int, str | None], ...]
    grids: tuple[GridLabel, ...]
    locked_buildings: tuple[str, ...]
    tessellation: str


@dataclass(frozen=True, slots=True)
class PlanChange:
    """What a revision made of a plan: it can be read both ways."""

    before: PlanPart
    after: PlanPart

    @property
    def reversed(self) -> PlanChange:
        """The change that takes this one back."""
        return PlanChange(self.after, self.before)

    @property
    def gone(self) -> tuple[str, ...]:
        """Keys of the grids that ended."""
        left = {grid.key for grid in self.after.grids}
        return tuple(grid.key for grid in self.before.grids if grid.key not in left)


@dataclass(frozen=True, slots=True)
class PlanStep:
    """An edit that can be taken back, or made again: its revision, who made it, and what it was."""

    revision: int
    actor: str
    op: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class PlanRevision:
    """One line of a plan's journal.

    Attributes
    ----------
    action
        `edit`, `undo` or `redo`.
    of
        The edit that it made, took back or made again, as a revision.
    actor
        Who did it.
    op
        The operation of that edit, as plain values.
    change
        What it made of the plan.
    """

    revision: int
    action: RevisionAction
    of: int
    actor: str
    at: datetime
    op: Mapping[str, Any]
    change: PlanChange


@dataclass(frozen=True, slots=True)
class Edition:
    """A published plan (网格版本): frozen, in force from `valid_from` until `valid_to` (None: still)."""

    id: str
    community: str
    plan: str
    valid_from: datetime
    valid_to: datetime | None
    grids: tuple[Grid, ...] = ()


@dataclass(frozen=True, slots=True)
class GridInForce:
    """The code of a grid in force, and the edition that holds it."""

    code: str
    edition: str


@dataclass(frozen=True, slots=True)
class Lineage:
    """A retired grid's share in a new one (parent → child), written when an edition replaces another."""

    parent: str
    child: str
    households: int


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
class CommunityInputs:
    """Everything that a draw of one community reads.

    Attributes
    ----------
    community
        With its polygon.
    buildings
        Those that belong to the community (their representative point lies in it), in order of code.
    foreign_footprints
        Parts of the neighbours' buildings that reach over the community's edge; a border must not cut them either.
    current
        The edition in force, or None.
    """

    community: Division
    buildings: tuple[Building, ...]
    foreign_footprints: tuple[Geometry, ...] = ()
    barriers: tuple[Barrier, ...] = ()
    estates: tuple[Estate, ...] = ()
    sites: tuple[Site, ...] = ()
    ties: tuple[Tie, ...] = ()
    current: Edition | None = None
    used_codes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ZoneProof:
    """How good the division of one zone is known to be; a zone is ground between barriers that is planned together.

    Attributes
    ----------
    kind
        `best`: no division into so many grids costs less. `none_better`: the search found none better in `starts`
        starts. `impossible`: no division has every grid in the band. `no_count`: the households of the zone add up
        to no number of grids.
    grids
        The zone's grids, each by the codes of its buildings.
    starts
        How many plans the search began.
    culprits
        Where it is impossible: the buildings of which no grid of the band holds two, the largest first.
    band
        The narrowest band tried under which the zone has a plan, None if none has.
    divide
        Buildings that give the zone a plan once they are entered by their entrances, each in `entrances` parts.
    tried
        Whether it was looked for what would free the zone.
    """

    kind: ProofKind
    grids: tuple[tuple[str, ...], ...]
    starts: int = 0
    culprits: tuple[str, ...] = ()
    band: Band | None = None
    divide: tuple[str, ...] = ()
    entrances: int = 0
    tried: bool = True

    @property
    def buildings(self) -> tuple[str, ...]:
        """Codes of all buildings of the zone."""
        return tuple(code for grid in self.grids for code in grid)


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a draw returns: the community's cells and borders, the grids, the findings, and what is known of each zone.

    `proofs` are of the zones that were divided; towers and dedicated or locked ground are one grid by rule.
    """

    community: str
    settings: DrawSettings
    cells: tuple[Cell, ...]
    borders: tuple[CellBorder, ...]
    grids: tuple[Grid, ...]
    findings: tuple[Finding, ...]
    base_edition: str | None = None
    proofs: tuple[ZoneProof, ...] = ()


MICRO_BAND: Final = Band(minimum=50, maximum=80, target=65)
"""How many households a micro grid holds unless it is asked otherwise."""


@dataclass(frozen=True, slots=True)
class MicroGrid:
    """A micro grid (微网格): a connected part of one residential grid of a plan, for one steward.

    Attributes
    ----------
    grid, number
        The key of the grid, and the number within it from 1 in reading order.
    cells
        Numbers of its cells in the plan's tessellation.
    """

    grid: str
    number: int
    households: int
    buildings: tuple[str, ...]
    cells: tuple[int, ...]
    geometry: Geometry
    area_m2: float


@dataclass(frozen=True, slots=True)
class MicroDrawing:
    """The micro grids of a plan, the band they were drawn for, and what is worth knowing of them.

    `band` is None, and there are none, where none were drawn for the plan as it is now.
    """

    plan: str
    community: str
    band: Band | None
    micro_grids: tuple[MicroGrid, ...] = ()
    findings: tuple[Finding, ...] = ()
