"""What answers a lookup: the grids in force at one instant with everything that is told of them, and the answers.

Room: the corridor, below `directory`. In: a `Connection`. Out: whole states, never changed once made. Must not import
a web framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple

import numpy as np

from gisgrid import wire
from gisgrid.lookup.index import METHODS, PointIndex
from gisgrid.model import CoverageRow, Division, LocateMethod, Location, Post
from gisgrid.store import divisions, editions
from gisgrid.store.database import Connection
from gisgrid.store.signs import Signs

Floats = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class AssignedPoints:
    """The grids of many points, in their order.

    Attributes
    ----------
    codes
        The grid of each, None outside.
    methods
        How it was found.
    border_distances_m
        Metres to the border of that grid, to the millimetre; NaN outside.
    """

    codes: Sequence[str | None]
    methods: Sequence[LocateMethod]
    border_distances_m: Floats


@dataclass(frozen=True, slots=True)
class GridsInForce:
    """The index over every grid in force at one instant, and what is told of each grid.

    Attributes
    ----------
    index
        Point → grid.
    rows
        Name, kind, edition … of each grid, by code.
    chains
        Community, street and district of each community, by the community's code.
    """

    index: PointIndex
    rows: Mapping[str, CoverageRow]
    chains: Mapping[str, Sequence[Division]]

    @classmethod
    def read(cls, connection: Connection, at: datetime | None) -> GridsInForce:
        """Return the grids in force at that instant (now by default)."""
        rows = editions.coverage(connection, at)
        index = PointIndex([r.code for r in rows], [r.geometry for r in rows], [r.edition for r in rows])
        return cls(index, {row.code: row for row in rows}, _chains(connection, rows))

    def with_chains(self, connection: Connection) -> GridsInForce:
        """Return the same grids under the divisions as they are called now."""
        return replace(self, chains=_chains(connection, self.rows.values()))

    def assigner(self, nearest_tolerance_m: float) -> Callable[[Floats, Floats], AssignedPoints]:
        """Return the bulk lookup of this state: WGS-84 longitudes and latitudes to what `locate` says of each.

        Parameters
        ----------
        nearest_tolerance_m
            A point outside every grid is given to the nearest one within this distance in metres.
        """
        index = self.index

        def assign(lon: Floats, lat: Floats) -> AssignedPoints:
            located = index.locate_many(lon, lat, nearest_tolerance_m=nearest_tolerance_m)
            return AssignedPoints(
                [None if position < 0 else index.codes[position] for position in located.grid.tolist()],
                [METHODS[method] for method in located.method.tolist()],
                index.border_distances_m(lon, lat, located),
            )

        return assign


@dataclass(frozen=True, slots=True, eq=False)
class LocatedPoints:
    """The grids of many points, in their order, all by one state.

    Attributes
    ----------
    grids
        The state that answered.
    grid
        Of each point the position in `grids.index.codes`, -1 outside: int64, shape (n,).
    method
        Of each point the position in `lookup.index.METHODS`: uint8, shape (n,).
    """

    grids: GridsInForce
    grid: np.ndarray[Any, np.dtype[np.int64]]
    method: np.ndarray[Any, np.dtype[np.uint8]]

    def holding(self) -> tuple[list[str], np.ndarray[Any, np.dtype[np.int32]]]:
        """Return the codes of the grids that hold any of the points, and of each point the place among them.

        Returns
        -------
        codes
            In order.
        place
            Positions among them, -1 outside: int32, shape (n,).
        """
        named = np.zeros(len(self.grids.index) + 1, dtype=np.bool_)  # the last one is named by -1
        named[self.grid] = True
        named[-1] = False
        place = np.cumsum(named, dtype=np.int32) - np.int32(1)
        place[-1] = -1
        codes = self.grids.index.codes
        return [codes[position] for position in np.flatnonzero(named).tolist()], place[self.grid]

    def editions(self) -> dict[str, dict[str, Any]]:
        """Return the editions that answered, by community in the order of codes, as the wire has them."""
        index, rows = self.grids.index, self.grids.rows
        # One grid of each edition says it all: an edition is of one community.
        answering = (rows[index.codes[position]] for position in index.one_of_each_edition(self.grid[self.grid >= 0]))
        return {row.community: {"id": row.edition, "valid_from": wire.instant(row.valid_from)} for row in answering}


def _chains(connection: Connection, rows: Iterable[CoverageRow]) -> dict[str, Sequence[Division]]:
    communities = sorted({row.community for row in rows})
    return {community: divisions.chain(connection, community) for community in communities}


class Answer(NamedTuple):
    """A located point with everything that is told about its grid."""

    location: Location
    row: CoverageRow | None
    chain: Sequence[Division]
    posts: Sequence[Post]

    @classmethod
    def of(cls, grids: GridsInForce, location: Location, on_duty: Sequence[Post]) -> Answer:
        """Return the answer with what these grids know of the place; nobody is on duty outside."""
        if location.grid is None:
            return cls(location, None, (), ())
        row = grids.rows[location.grid]
        return cls(location, row, grids.chains[row.community], on_duty)

    def document(self) -> dict[str, Any]:
        """Return the answer as the wire has it (contract, `GET /v1/locate`)."""
        return self.document_with(self.grid_document(), self.edition_document())

    def document_with(self, grid: object, edition: object) -> dict[str, Any]:
        """Return the answer with these two members, as plain values or already written."""
        return {
            "grid": grid,
            **wire.evidence(self.location),
            "edition": edition,
            "wgs84": [round(self.location.lon, 9), round(self.location.lat, 9)],
            "posts": [
                {"role": post.role, "name": post.name, "duty_phone": post.duty_phone} for post in self.posts
            ],
        }  # fmt: skip

    def grid_document(self) -> dict[str, Any] | None:
        """Return the grid with the divisions above it, None outside."""
        if self.row is None:
            return None
        levels = {division.level: {"code": division.code, "name": division.name} for division in self.chain}
        return {
            "code": self.row.code,
            "name": self.row.name,
            "kind": self.row.kind,
            "community": levels.get("community"),
            "street": levels.get("street"),
            "district": levels.get("district"),
        }

    def edition_document(self) -> dict[str, Any] | None:
        """Return the edition that answered, None outside."""
        row = self.row
        return None if row is None else {"id": row.edition, "valid_from": wire.instant(row.valid_from)}


@dataclass(frozen=True, slots=True)
class State:
    """Everything that a lookup of now needs, of one committed state of the database.

    Attributes
    ----------
    signs
        What the database said of itself before this was read.
    posts
        Those held now or later, by grid.
    """

    signs: Signs
    grids: GridsInForce
    posts: Mapping[str, Sequence[Post]]

    def on_duty(self, grid: str, moment: datetime) -> list[Post]:
        """Return the posts of a grid that are held at this moment, in order of role and name."""
        return [
            post
            for post in self.posts.get(grid, ())
            if (post.valid_from is None or post.valid_from <= moment)
            and (post.valid_to is None or moment < post.valid_to)
        ]
