"""What was reported of estates in a quarter, counted by the database.

Room: store. In: a `Connection`, codes of estates and communities, a quarter. Out: counts. Must not import any other
room.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from gisgrid.model.rankings import EstateCount, Quarter, QuarterCounts
from gisgrid.store.database import Connection, named_query


def households(connection: Connection, estates: Sequence[str]) -> dict[str, int]:
    """Return the households of estates, in all their buildings; estates without buildings are left out."""
    rows = connection.execute(named_query("estate_households"), {"estates": list(estates)})
    return {row.estate_code: row.households for row in rows}


def counts(
    connection: Connection, quarter: Quarter, estates: Sequence[str], communities: Sequence[str], now: datetime
) -> QuarterCounts:
    """Return what was reported of each estate in a quarter, as it stands at an instant.

    Parameters
    ----------
    communities
        In whose grids reports that belong to no estate are counted too.
    now
        What is open then and was due before is late.
    """
    asked = {"estates": list(estates), "communities": list(communities), "begin": quarter.begin, "end": quarter.end}
    rows = connection.execute(named_query("estate_reports"), {**asked, "now": now}).all()
    return QuarterCounts(
        {row.estate_code: EstateCount(row.reports, row.due, row.late, row.reopened) for row in rows if row.estate_code},
        elsewhere=sum(row.reports for row in rows if row.estate_code is None),
    )
