"""Tables of the feed: what happened, numbered without gaps once it is committed.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.

Both are written by the database's own functions alone (see the migration); the app reads.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from gisgrid.store.tables.base import METADATA, instant, serial

_ONE_SUBJECT: Final = "(report_event_id IS NULL) <> (edition_id IS NULL)"

FEED_PENDING: Final = Table(
    "feed_pending",
    METADATA,
    serial(),
    instant("at"),
    Column("type", Text, nullable=False),
    Column("report_event_id", BigInteger),
    Column("edition_id", BigInteger),
    CheckConstraint(_ONE_SUBJECT, name="subject"),
    comment="Events that have no position in the feed yet; written with the event itself, in its transaction.",
)

FEED: Final = Table(
    "feed",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    instant("at"),
    Column("type", Text, nullable=False),
    Column("report_event_id", BigInteger, ForeignKey("report_events.id"), unique=True),
    Column("edition_id", BigInteger, ForeignKey("editions.id")),
    CheckConstraint("position >= 1", name="position"),
    CheckConstraint(_ONE_SUBJECT, name="subject"),
    Index(
        "feed_edition_id_type_idx", "edition_id", "type", unique=True, postgresql_where=text("edition_id IS NOT NULL")
    ),
    comment="Every report event and edition event, numbered without gaps once committed. Append-only.",
)
