"""Time limits and the calendar of work, as imported.

Room: store. In: a `Connection`. Out: `model.TimeLimit`s, days. Must not import any other room.
"""

from __future__ import annotations

from datetime import date
from typing import Final

from sqlalchemy import func, select

from gisgrid.model import DayKind, TimeLimit
from gisgrid.store.database import Connection
from gisgrid.store.tables import HOLIDAYS, IMPORT_RUNS, TIME_LIMITS

LIMIT_LAYERS: Final = ("categories", "holidays", "limits")
"""The layers by whose import a deadline may become another."""


def time_limits(connection: Connection) -> list[TimeLimit]:
    """Return every time limit."""
    limits = TIME_LIMITS.c
    query = select(limits.category, limits.urgency, limits.unit, limits.accept_within, limits.close_within)
    return [TimeLimit(*row) for row in connection.execute(query)]


def special_days(connection: Connection) -> dict[date, DayKind]:
    """Return the days that are not what their weekday says."""
    return {row.date: row.kind for row in connection.execute(select(HOLIDAYS.c.date, HOLIDAYS.c.kind))}


def version(connection: Connection) -> int:
    """Return a number that changes whenever limits, days or categories are imported: how often they were.

    Runs of imports are append-only, so their count grows with every commit (see `editions.version`).
    """
    runs = IMPORT_RUNS.c.layer.in_(LIMIT_LAYERS)
    return int(connection.execute(select(func.count()).select_from(IMPORT_RUNS).where(runs)).scalar_one())
