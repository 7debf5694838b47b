"""What a ledger (台账) lists, line by line: plain values from the store to the maps.

Room: the words. In: nothing. Out: frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from gisgrid.model.circles import ServiceCircle
from gisgrid.model.findings import Severity
from gisgrid.model.grids import CoverageRow
from gisgrid.model.nets import NetMatch
from gisgrid.model.people import Post
from gisgrid.model.places import Division, Estate, HouseholdMeasure, HouseholdSource
from gisgrid.model.rankings import Ranking


@dataclass(frozen=True, slots=True)
class BuildingLine:
    """A building with the grid that it belongs to, None where it is in none."""

    community: str
    code: str
    name: str | None
    address: str | None
    floors: int | None
    households: int
    household_source: HouseholdSource
    household_measure: HouseholdMeasure
    use: str | None
    estate: str | None
    grid: str | None


@dataclass(frozen=True, slots=True)
class LineageLine:
    """Households that a retired grid handed to another one."""

    community: str
    edition: str
    changed_at: datetime
    published_by: str
    parent: str
    child: str
    households: int


@dataclass(frozen=True, slots=True)
class FindingLine:
    """A finding of the plan in force; `accepted_by` is None where nobody had to accept it."""

    community: str
    rule: str
    severity: Severity
    sentence: str
    codes: tuple[str, ...]
    accepted_by: str | None


@dataclass(frozen=True, slots=True)
class Residents:
    """Households registered one by one in a community, how many of them have a size, and the people in them."""

    households: int = 0
    with_size: int = 0
    people: int = 0


@dataclass(frozen=True, slots=True)
class LedgerData:
    """Everything that the ledger of one division lists.

    Attributes
    ----------
    division
        The district, street or community that the ledger is of.
    chains
        The division itself and its parents of each community, from the top: district, street, community.
    posts
        The posts on duty at the instant of the ledger, by grid.
    abuttals
        What each grid meets to its east, south, west and north (四至), in words, by grid.
    drawn_at
        The instant that the ledger shows.
    circle
        Who lives within a walk of a service centre; None where it was not worked out.
    ranking
        The places of estates in the last quarter that was over; None where it was not worked out.
    nets
        How second nets lie to the grids; None where it was not worked out.
    """

    division: Division
    chains: Mapping[str, tuple[Division, ...]]
    grids: tuple[CoverageRow, ...]
    buildings: tuple[BuildingLine, ...]
    estates: tuple[Estate, ...]
    posts: Mapping[str, tuple[Post, ...]]
    lineage: tuple[LineageLine, ...]
    findings: tuple[FindingLine, ...]
    residents: Mapping[str, Residents]
    abuttals: Mapping[str, tuple[str, str, str, str]]
    drawn_at: datetime
    circle: ServiceCircle | None = None
    ranking: Ranking | None = None
    nets: NetMatch | None = None
