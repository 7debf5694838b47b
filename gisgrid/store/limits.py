"""Time limits and the calendar of work, as imported.

Room: store. In: a `Connection`. Out: `model.TimeLimit`s, days. Must not import any other room.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from sqlalchemy import select

from gisgrid.model import DayKind, TimeLimit
from gisgrid.store.database import Connection, named_query
from gisgrid.store.tables import HOLIDAYS, TIME_LIMITS


def time_limits(connection: Connection) -> list[TimeLimit]:
    """Return every time limit."""
    limits = TIME_LIMITS.c
    query = select(limits.category, limits.urgency, limits.unit, limits.accept_within, limits.close_within)
    return [TimeLimit(*row) for row in connection.execute(query)]


def special_days(connection: Connection) -> dict[date, DayKind]:
    """Return the days that are not what their weekday says."""
    return {row.date: row.kind for row in connection.execute(select(HOLIDAYS.c.date, HOLIDAYS.c.kind))}


def category_chains(connection: Connection, categories: Collection[str]) -> dict[str, list[str]]:
    """Return each of these categories with those above it, the nearest first; one that is not imported stands alone."""
    if not categories:
        return {}
    rows = connection.execute(named_query("category_chains"), {"codes": sorted(set(categories))})
    return {row.code: list(row.chain) for row in rows}
