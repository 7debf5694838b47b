"""The grids in force, held in memory and always those of one committed state: what answers a lookup.

Room: the corridor, below `workflow`. In: a `Database`. Out: `Answer`s with their evidence. Must not import a web
framework, SQL or settings.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Final

import numpy as np

from gisgrid.deadlines import DeadlineBook
from gisgrid.geometry import crs as coordinate_systems
from gisgrid.in_force import Answer, AssignedPoints, Floats, GridsInForce, LocatedPoints, State
from gisgrid.lookup.index import NEIGHBOURS_WITHIN_M
from gisgrid.lookup.recent import Recent
from gisgrid.model import Location
from gisgrid.naming import NameDirectory
from gisgrid.store import editions, posts, signs
from gisgrid.store.database import Connection, Database
from gisgrid.store.signs import Signs

PAST_STATES: Final = 8
"""So many past states (the editions in force at some instant) are kept ready."""


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
    deadlines
        Says until when reports are due.
    """

    def __init__(self, database: Database, *, nearest_tolerance_m: float) -> None:
        self.nearest_tolerance_m = nearest_tolerance_m
        self.watched = False
        self.names = NameDirectory()
        self.deadlines = DeadlineBook()
        self._database = database
        self._state: State | None = None
        self._renewing = threading.Lock()
        self._past: Recent[GridsInForce] = Recent(PAST_STATES)

    def refresh(self) -> State:
        """Return the newest state, read anew as far as it was changed since the last time."""
        with self._database.transaction() as connection:
            return self.newest(connection)

    def state(self) -> State:
        """Return the state that answers now: from memory while a watch keeps it in step, else the newest."""
        held = self._state
        return held if self.watched and held is not None else self.refresh()

    def held(self, connection: Connection) -> State:
        """Return the state in memory, perhaps not the newest: what rests on it is checked by its signs."""
        return self._state or self.newest(connection)

    def newest(self, connection: Connection) -> State:
        """Return the state of what the connection sees now, read anew as far as it was changed."""
        return self._renewed(connection, signs.read(connection))

    def grids(self, connection: Connection, at: datetime | None = None) -> GridsInForce:
        """Return the grids in force at that instant (now by default), never older than what the connection sees."""
        if at is not None:
            # The same editions may be in force at many instants: they, not the instant, name the state.
            key = editions.in_force_at(connection, at)
            return self._past.get(key, lambda: GridsInForce.read(connection, at))
        held = self._state
        if held is not None and held.signs.editions == editions.version(connection):
            return held.grids
        return self.newest(connection).grids

    def locator(self, connection: Connection, at: datetime | None = None) -> Callable[[float, float], Location]:
        """Return the lookup of one state: WGS-84 longitude and latitude to a location."""
        return self.locator_of(self.grids(connection, at))

    def locator_of(self, grids: GridsInForce) -> Callable[[float, float], Location]:
        """Return the lookup of this state, as `locator` does."""
        return partial(grids.index.locate, nearest_tolerance_m=self.nearest_tolerance_m)

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
            return Answer.of(state.grids, location, on_duty)
        with self._database.transaction() as connection:
            grids = self.grids(connection, at)
            location = self._located(grids, point, reach_m)
            on_duty = [] if location.grid is None else posts.on_duty(connection, location.grid, at)
            return Answer.of(grids, location, on_duty)

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
        located = grids.index.locate_many(x, y, nearest_tolerance_m=self.nearest_tolerance_m)
        return LocatedPoints(grids, located.grid, located.method)

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
        """Return what `_to_wgs84` gives of one point, without arrays where it is one in both systems."""
        system, is_point = coordinate_systems.parse_crs(crs), coordinate_systems.is_lon_lat
        if not system.startswith("EPSG") and is_point(lon, lat):
            point = coordinate_systems.point_to_wgs84(lon, lat, system)
            if is_point(*point):
                return point
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
