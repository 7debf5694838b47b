"""What a draw reads and gives: settings, inputs, proofs, drawings, micro grids.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Final, Literal

from shapely import Geometry

from gisgrid.model.findings import Finding
from gisgrid.model.grids import Cell, CellBorder, Edition, Grid
from gisgrid.model.places import Barrier, Building, Division, Estate, HouseholdMeasure, Site, Tie

Effort = Literal["draft", "normal", "thorough"]
GridCount = Literal["target", "fewest"] | int
ProofKind = Literal["best", "none_better", "impossible", "no_count"]


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
