"""Cells, the grids made of them, and the editions that put grids in force.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from shapely import Geometry

GridKind = Literal["residential", "dedicated"]
GRID_NUMBER_WIDTH: Final = 3


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
class Edition:
    """A published plan (网格版本): frozen, in force from `valid_from` until `valid_to` (None: still)."""

    id: str
    community: str
    plan: str
    valid_from: datetime
    valid_to: datetime | None
    grids: tuple[Grid, ...] = ()
    published_by: str | None = None


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


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One grid in force, with what lookups and maps need of its edition."""

    code: str
    name: str
    kind: GridKind
    households: int
    buildings: int
    area_m2: float
    community: str
    edition: str
    valid_from: datetime
    valid_to: datetime | None
    geometry: Geometry
