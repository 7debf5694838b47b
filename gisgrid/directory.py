"""The grids in force, held in memory and always those of one committed state: what answers a lookup.

Room: the corridor, below `workflow`. In: a `Database`. Out: `Answer`s with their evidence. Must not import a web
framework, SQL or settings.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np

from gisgrid import wire
from gisgrid.geometry import crs as coordinate_systems
from gisgrid.lookup.index import METHODS, NEIGHBOURS_WITHIN_M, Located, PointIndex
from gisgrid.lookup.recent import Recent
from gisgrid.model import Division, LocateMethod, Location, Post
from gisgrid.naming import NameDirectory
from gisgrid.store import divisions, editions, posts, signs
from gisgrid.store.database import Connection, Database
from gisgrid.store.editions import CoverageRow
from gisgrid.store.signs import Signs

PAST_STATES: Final = 8
"""So many past states (the editions in force at some instant) are kept ready."""

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
    holding
        The grids that hold any of the points, as positions in `grids.index.codes`: int64, ascending.
    grid
        Of each point the position in `holding`, -1 outside: int32, shape (n,).
    method
        Of each point the position in `lookup.index.METHODS`: uint8, shape (n,).
    """

    grids: GridsInForce
    holding: np.ndarray[Any, np.dtype[np.int64]]
    grid: np.ndarray[Any, np.dtype[np.int32]]
    method: np.ndarray[Any, np.dtype[np.uint8]]

    @classmethod
    def of(cls, grids: GridsInForce, located: Located) -> LocatedPoints:
        """Return the answers of a state's index with the grids that they name."""
        named = np.zeros(len(grids.index) + 1, dtype=np.bool_)  # the last one is named by -1
        named[located.grid] = True
        named[-1] = False
        place = np.cumsum(named, dtype=np.int32) - np.int32(1)
        place[-1] = -1
        return cls(grids, np.flatnonzero(named), place[located.grid], located.method)

    def codes(self) -> list[str]:
        """Return the codes of the grids in `holding`."""
        codes = self.grids.index.codes
        return [codes[position] for position in self.holding.tolist()]

    def editions(self) -> dict[str, dict[str, Any]]:
        """Return the editions that answered, by community, as the wire has them."""
        index, rows = self.grids.index, self.grids.rows
        # One grid of each edition says it all: an edition is of one community.
        one_of_each = {index.editions[position]: index.codes[position] for position in self.holding.tolist()}
        answering = (rows[code] for code in one_of_each.values())
        return {row.community: {"id": row.edition, "valid_from": wire.instant(row.valid_from)} for row in answering}


def _chains(connection: Connection, rows: Iterable[CoverageRow]) -> dict[str, Sequence[Division]]:
    communities = sorted({row.community for row in rows})
    return {community: divisions.chain(connection, community) for community in communities}


@dataclass(frozen=True, slots=True)
class Answer:
    """A located point with everything that is told about its grid."""

    location: Location
    row: CoverageRow | None
    chain: Sequence[Division]
    posts: Sequence[Post]

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


class GridDirectory:
    """Answers which grid a point is in, now or at a past instant; safe to use from several threads.

    Every answer comes from one committed state: states are whole objects that are swapped, never changed. Which state
    is the newest is asked of the database before each answer; or, where a `watching.GridWatch` keeps the directory in
    step, lookups of now do not wait for the database at all.

    Parameters
    ----------
    database
        Where the editions are.
    nearest_tolerance_m
        A point outside every grid is given to the nearest one within this distance in metres.

    Attributes
    ----------
    names
        Finds the places that reports without a place name in words.
    """

    def __init__(self, database: Database, *, nearest_tolerance_m: float) -> None:
        self.nearest_tolerance_m = nearest_tolerance_m
        self.watched = False
        self.names = NameDirectory()
        self._database = database
        self._state: State | None = None
        self._renewing = threading.Lock()
        self._past: Recent[GridsInForce] = Recent(PAST_STATES)

    def refresh(self) -> State:
        """Return the newest state, read anew as far as it was changed since the last time."""
        with self._database.transaction() as connection:
            return self._renewed(connection, signs.read(connection))

    def state(self) -> State:
        """Return the state that answers now: from memory while a watch keeps it in step, else the newest."""
        held = self._state
        return held if self.watched and held is not None else self.refresh()

    def grids(self, connection: Connection, at: datetime | None = None) -> GridsInForce:
        """Return the grids in force at that instant (now by default), never older than what the connection sees."""
        if at is not None:
            # The same editions may be in force at many instants: they, not the instant, name the state.
            key = editions.in_force_at(connection, at)
            return self._past.get(key, lambda: GridsInForce.read(connection, at))
        held = self._state
        if held is not None and held.signs.editions == editions.version(connection):
            return held.grids
        return self._renewed(connection, signs.read(connection)).grids

    def locator(self, connection: Connection, at: datetime | None = None) -> Callable[[float, float], Location]:
        """Return the lookup of one state: WGS-84 longitude and latitude to a location."""
        index = self.grids(connection, at).index
        return lambda lon, lat: index.locate(lon, lat, nearest_tolerance_m=self.nearest_tolerance_m)

    def assigner(
        self, connection: Connection, at: datetime | None = None
    ) -> Callable[[Floats, Floats], AssignedPoints]:
        """Return the bulk lookup of one state: arrays of WGS-84 longitudes and latitudes to their grids."""
        return self.grids(connection, at).assigner(self.nearest_tolerance_m)

    def locate(
        self, lon: float, lat: float, crs: str | None, *, at: datetime | None = None, accuracy_m: float | None = None
    ) -> Answer:
        """Return the grid of one point with its evidence and the posts on duty.

        Parameters
        ----------
        lon, lat
            In the declared system; x is always the longitude.
        crs
            `wgs84`, `cgcs2000`, `gcj02`, `bd09` or an EPSG code; never guessed.
        accuracy_m
            The error of the position in metres: every grid within it is named among the neighbours.

        Raises
        ------
        MissingCrs, UnknownCrs, BadCoordinate
            The coordinates cannot be used as they were declared.
        """
        point = self._point_to_wgs84(lon, lat, crs)
        reach_m = max(NEIGHBOURS_WITHIN_M, accuracy_m or 0.0)
        if at is None:
            state = self.state()
            location = self._located(state.grids, point, reach_m)
            on_duty = [] if location.grid is None else state.on_duty(location.grid, datetime.now(UTC))
            return _answer(state.grids, location, on_duty)
        with self._database.transaction() as connection:
            grids = self.grids(connection, at)
            location = self._located(grids, point, reach_m)
            on_duty = [] if location.grid is None else posts.on_duty(connection, location.grid, at)
            return _answer(grids, location, on_duty)

    def locate_many(
        self,
        lon: Sequence[float] | Floats,
        lat: Sequence[float] | Floats,
        crs: str | None,
        *,
        at: datetime | None = None,
    ) -> LocatedPoints:
        """Return the grids of many points, in their order (`POST /v1/locate`); the parameters are those of `locate`.

        Raises
        ------
        MissingCrs, UnknownCrs, BadCoordinate
            The coordinates cannot be used as they were declared.
        """
        x, y = self._to_wgs84(lon, lat, crs)
        grids = self._grids_at(at)
        return LocatedPoints.of(grids, grids.index.locate_many(x, y, nearest_tolerance_m=self.nearest_tolerance_m))

    def _grids_at(self, at: datetime | None) -> GridsInForce:
        if at is None:
            return self.state().grids
        with self._database.transaction() as connection:
            return self.grids(connection, at)

    def _located(self, grids: GridsInForce, point: tuple[float, float], reach_m: float) -> Location:
        return grids.index.locate(*point, nearest_tolerance_m=self.nearest_tolerance_m, neighbours_within_m=reach_m)

    def _renewed(self, connection: Connection, found: Signs) -> State:
        """Return the state of these signs: what they say is unchanged is taken over, the rest read.

        The signs were read before the data, so a state may be newer than its signs and is read once more later, but it
        is never older.
        """
        with self._renewing:
            held = self._state
            if held is not None and held.signs == found:
                return held
            if held is None or held.signs.editions != found.editions:
                grids = GridsInForce.read(connection, None)
            elif held.signs.divisions != found.divisions:
                grids = held.grids.with_chains(connection)
            else:
                grids = held.grids
            same_posts = held is not None and held.signs.posts == found.posts
            kept = held.posts if held is not None and same_posts else posts.not_ended(connection)
            self._state = State(found, grids, kept)
            return self._state

    def _point_to_wgs84(self, lon: float, lat: float, crs: str | None) -> tuple[float, float]:
        """Return what `_to_wgs84` gives of one point, without arrays where there is nothing to convert."""
        if abs(lon) <= 180.0 and abs(lat) <= 90.0 and coordinate_systems.parse_crs(crs) in ("wgs84", "cgcs2000"):
            return lon, lat
        x, y = self._to_wgs84([lon], [lat], crs)
        return float(x[0]), float(y[0])

    @staticmethod
    def _to_wgs84(
        lon: Sequence[float] | Floats, lat: Sequence[float] | Floats, crs: str | None
    ) -> tuple[Floats, Floats]:
        system = coordinate_systems.parse_crs(crs)
        x, y = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
        if not system.startswith("EPSG"):
            coordinate_systems.require_lon_lat(x, y)
        x, y = coordinate_systems.to_wgs84(x, y, system)
        coordinate_systems.require_lon_lat(x, y)
        return x, y


def _answer(grids: GridsInForce, location: Location, on_duty: Sequence[Post]) -> Answer:
    if location.grid is None:
        return Answer(location, None, (), ())
    row = grids.rows[location.grid]
    return Answer(location, row, grids.chains[row.community], on_duty)
