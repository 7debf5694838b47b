"""The ranking of a division's estates in a quarter, read and worked out.

Room: the corridor, below `workflow`. In: a `Database` or its `Connection`, a division's code, a quarter. Out: a
`Ranking`.
"""

from __future__ import annotations

from datetime import UTC, datetime

from gisgrid.dispatch.ranking import rank_estates
from gisgrid.errors import NotFound, UsageError
from gisgrid.model.rankings import Quarter, Ranking
from gisgrid.store import divisions, ledgers, rankings
from gisgrid.store.database import Connection, Database


def draw_ranking(database: Database, code: str, quarter: Quarter | None = None) -> Ranking:
    """Return the places of a division's estates in a quarter, by default the last one that is over.

    Raises
    ------
    NotFound
        No division has this code, or no community lies below it.
    UsageError
        The quarter has not begun.
    """
    with database.transaction() as connection:
        return read_ranking(connection, code, datetime.now(UTC), quarter)


def read_ranking(connection: Connection, code: str, now: datetime, quarter: Quarter | None = None) -> Ranking:
    """Return the places as they are known at an instant; see `draw_ranking`."""
    wanted = Quarter.of(now).previous if quarter is None else quarter
    if wanted.begin > now:
        raise UsageError(f"{wanted} has not begun; ask for {Quarter.of(now)} or an earlier quarter.")
    communities = [each.code for each in divisions.communities_under(connection, code)]
    if not communities:
        raise NotFound(f"Division {code} has no communities; `gisgrid import divisions FILE` brings them in.")
    estates = ledgers.estates(connection, communities)
    codes = [estate.code for estate in estates]
    return rank_estates(
        wanted,
        estates,
        rankings.households(connection, codes),
        rankings.counts(connection, wanted, codes, communities, now),
        rankings.counts(connection, wanted.previous, codes, communities, now),
        is_over=wanted.end <= now,
    )
