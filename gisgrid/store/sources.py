"""The sources of reports: what each sends, and what is needed to judge its coordinate system.

Room: store. In: a connection. Out: rows, raw points and footprints. Must not import any other room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple

import shapely
from sqlalchemy import func, select

from gisgrid.model import CoordinateSystem
from gisgrid.store.database import Connection, named_query
from gisgrid.store.shapes import shape
from gisgrid.store.tables import REPORTS

_AROUND_DEGREES: Final = 0.002
"""Some 200 m: as far as footprints matter to a point."""


class SourceRow(NamedTuple):
    """What a source sent with one declared system, or without coordinates (None), since an instant."""

    source: str
    crs: CoordinateSystem | None
    reports: int
    unplaced: int
    last_received_at: datetime


def list_sources(connection: Connection, since: datetime) -> list[SourceRow]:
    """Return every source by each system that it declared since an instant, in order of their names."""
    columns = REPORTS.c
    rows = connection.execute(
        select(
            columns.source,
            columns.crs,
            func.count().label("reports"),
            func.count().filter(columns.state == "unplaced").label("unplaced"),
            func.max(columns.received_at).label("last_received_at"),
        )
        .where(columns.received_at >= since)
        .group_by(columns.source, columns.crs)
        .order_by(columns.source, columns.crs)
    )
    return [SourceRow(*row) for row in rows]


def points_of_sources(
    connection: Connection, since: datetime, *, most: int
) -> dict[tuple[str, CoordinateSystem], list[tuple[float, float]]]:
    """Return the newest usable points of each source and declared system since an instant, raw as they were sent."""
    points: dict[tuple[str, CoordinateSystem], list[tuple[float, float]]] = defaultdict(list)
    for row in connection.execute(named_query("source_points"), {"since": since, "most": most}):
        points[row.source, row.crs].append((row.lon, row.lat))
    return dict(points)


def footprints_around(connection: Connection, lon: Sequence[float], lat: Sequence[float]) -> list[shapely.Geometry]:
    """Return the footprints within some 200 m of any of these WGS-84 points."""
    around = {"lon": list(lon), "lat": list(lat), "around": _AROUND_DEGREES}
    return [shape(row.shape) for row in connection.execute(named_query("footprints_around"), around)]
