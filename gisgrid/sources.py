"""The sources of reports, each judged: whether its points fit the buildings under the system that it declares.

Room: the corridor, below `workflow`. In: a `Database` and since when. Out: one `Source` a source and system. Must not
import a web framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from gisgrid.dispatch.drift import LEAST_PLACES, SYSTEMS, Drift, judge_source
from gisgrid.geometry.crs import to_wgs84
from gisgrid.model import CoordinateSystem, Finding
from gisgrid.store import sources as kept
from gisgrid.store.database import Connection, Database

POINTS_JUDGED: Final = 500
"""So many of a source's newest points are laid over the buildings: beyond them the answer no longer changes."""


@dataclass(frozen=True, slots=True)
class Source:
    """What a source sent with one declared system, and how that system fits.

    Attributes
    ----------
    crs
        The declared system; None for its reports without coordinates.
    drift
        None without coordinates.
    """

    source: str
    crs: CoordinateSystem | None
    reports: int
    unplaced: int
    last_received_at: datetime
    drift: Drift | None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What is to be said of it."""
        return () if self.drift is None else self.drift.findings(self.source)


def list_sources(database: Database, since: datetime) -> list[Source]:
    """Return the sources of the reports received since an instant, each with the fit of its coordinate system."""
    with database.transaction() as connection:
        rows = kept.list_sources(connection, since)
        points = kept.points_of_sources(connection, since, most=POINTS_JUDGED)
        return [
            Source(
                *row,
                drift=None if row.crs is None else _judged(connection, points.get((row.source, row.crs), []), row.crs),
            )
            for row in rows
        ]


def _judged(connection: Connection, points: Sequence[tuple[float, float]], declared: CoordinateSystem) -> Drift:
    """Return the fit of one source's points, over the footprints that matter under any system."""
    lon, lat = np.array(points, dtype=np.float64).reshape(-1, 2).T
    if len(lon) < LEAST_PLACES:
        return Drift(declared, len(lon), {}, None)
    readings = [to_wgs84(lon, lat, system) for system in SYSTEMS]
    x, y = np.concatenate(readings, axis=1)
    return judge_source(lon, lat, declared, kept.footprints_around(connection, x.tolist(), y.tolist()))
