"""How many reports each grid has: new, open, overdue.

Room: store. In: a `Connection`, codes of communities, instants. Out: `model.GridLoad`. Must not import any other room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gisgrid.model import GridLoad
from gisgrid.store.database import Connection, named_query


def of_grids(
    connection: Connection, communities: Sequence[str], *, since: datetime, now: datetime
) -> dict[str, GridLoad]:
    """Return the load of each grid of communities that has reports, by code.

    A closed report keeps the grid of its time.

    Parameters
    ----------
    since
        From when on all reports count, by the time of the report, else of its arrival; open ones always do.
    now
        What is open and was due to be closed before is overdue.
    """
    rows = connection.execute(named_query("grid_loads"), {"communities": list(communities), "begin": since, "now": now})
    return {row.grid_code: GridLoad(row.reports, row.open, row.overdue) for row in rows}
