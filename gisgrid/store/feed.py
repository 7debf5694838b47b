"""The feed: every report event and edition event by position, nothing skipped.

Room: store. In: a position. Out: the events behind it. Must not import any other room.

Events are written down without a position, in the transaction of what happened, and numbered once that is committed
(`number`, in a transaction of its own). Positions have no gaps, and whoever sees one sees all before it, so a reader
that goes on behind the last position it has seen misses nothing, however long a transaction took to commit. What
was committed before another transaction began comes before it in the feed.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import func, select

from gisgrid.errors import Conflict
from gisgrid.store.database import Connection, named_query
from gisgrid.store.reports import Sight
from gisgrid.store.tables import FEED, FEED_PENDING

NUMBERED_AT_ONCE: Final = 10_000
SCANNED_AT_ONCE: Final = 10_000
"""So many positions are looked through for one page; a caller who may see few of them goes on from there."""


@dataclass(frozen=True, slots=True)
class ReportSubject:
    """The report of an event, with the grid and the state that it had then."""

    report: str
    source: str
    external_id: str
    grid: str | None
    state: str | None
    details: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class EditionSubject:
    """The edition of an event; `valid_to` is told when it ends."""

    edition: str
    community: str
    plan: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class FeedEvent:
    """One event of the feed.

    Attributes
    ----------
    type
        `report.` and the type of the report's event, `edition.published` or `edition.ended`.
    at
        When it happened; the order is that of the positions.
    """

    position: int
    type: str
    at: datetime
    subject: ReportSubject | EditionSubject


@dataclass(frozen=True, slots=True)
class FeedPage:
    """Events in order; read on behind `next`, at once where there is `more`."""

    events: tuple[FeedEvent, ...]
    next: int
    more: bool


def number(connection: Connection) -> int:
    """Return how many committed events were given their positions; none as well while somebody else is at it.

    Commit before reading: until then the positions are nobody else's to see, and nobody else may number.
    """
    found: int = connection.execute(select(func.gisgrid.number_feed(NUMBERED_AT_ONCE))).scalar_one()
    return found


def is_pending(connection: Connection) -> bool:
    """Return whether an event is committed that has no position yet."""
    query = select(FEED_PENDING.c.id).order_by(FEED_PENDING.c.id).limit(1)
    return connection.execute(query).first() is not None


def count_pending(connection: Connection) -> int:
    """Return how many committed events have no position yet."""
    found: int = connection.execute(select(func.count()).select_from(FEED_PENDING)).scalar_one()
    return found


def last_position(connection: Connection) -> int:
    """Return the newest position, 0 while nothing has happened."""
    newest: int = connection.execute(select(func.coalesce(func.max(FEED.c.position), 0))).scalar_one()
    return newest


def read(
    connection: Connection,
    after: int,
    *,
    limit: int,
    sight: Sight | None = None,
    types: Collection[str] | None = None,
) -> FeedPage:
    """Return the next events behind a position, at most `limit` of them.

    Parameters
    ----------
    after
        The last position that the reader has seen, 0 for the beginning.
    sight
        What the reader may see, None for all. Events beyond it are passed over, and `next` goes past them.
    types
        The types that are wanted, None for all.

    Raises
    ------
    Conflict
        The position is beyond the end: the database is an older state than the one that the reader has seen.
    """
    last = last_position(connection)
    if after > last:
        raise Conflict(
            f"The feed ends at {last} and was read up to {after}: the database was restored from a backup, or is "
            "another one; begin again without `after`."
        )
    until = min(after + SCANNED_AT_ONCE, last)
    found = connection.execute(
        named_query("feed_page"),
        {
            "after": after,
            "until": until,
            "limit": limit + 1,
            "types": None if types is None else sorted(types),
            "communities": None if sight is None else sorted(sight.communities),
            "actor": None if sight is None else sight.actor,
        },
    ).all()
    events = tuple(_event(row) for row in found[:limit])
    if len(found) > limit:
        return FeedPage(events, events[-1].position, more=True)
    return FeedPage(events, until, more=until < last)


def get(connection: Connection, position: int) -> FeedEvent | None:
    """Return the event at a position, None beyond the end."""
    if not 1 <= position <= last_position(connection):
        return None
    return read(connection, position - 1, limit=1).events[0]


def _event(row: Any) -> FeedEvent:
    subject: ReportSubject | EditionSubject
    if row.report_id is not None:
        subject = ReportSubject(str(row.report_id), row.source, row.external_id, row.grid_code, row.state, row.details)
    else:
        subject = EditionSubject(
            str(row.edition_id), row.community_code, str(row.plan_id), row.valid_from, row.valid_to
        )
    return FeedEvent(row.position, row.type, row.at, subject)
