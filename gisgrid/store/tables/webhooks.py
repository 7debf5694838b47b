"""Tables of webhooks: who is told of the feed's events, and what still waits to be delivered.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKey, Index, Integer, Table, Text, text

from gisgrid.store.tables.base import CODE, METADATA, instant, one_of, serial

WEBHOOKS: Final = Table(
    "webhooks",
    METADATA,
    serial(),
    Column("url", Text, nullable=False),
    Column("types", ARRAY(Text)),
    Column("scope", CODE, ForeignKey("divisions.code")),
    Column("secret", Text, nullable=False),
    Column("previous_secret", Text),
    instant("previous_until", nullable=True),
    Column("position", BigInteger, nullable=False, comment="Events up to here were laid out as deliveries."),
    Column("disabled", Text),
    Column("failures", Integer, nullable=False, server_default=text("0")),
    instant("failing_since", nullable=True),
    instant("paused_until", nullable=True),
    instant("leased_until", nullable=True),
    instant("succeeded_at", nullable=True),
    instant("created_at", now=True),
    CheckConstraint("url <> '' AND secret <> ''", name="words"),
    CheckConstraint("position >= 0 AND failures >= 0", name="counts"),
    CheckConstraint("(failures = 0) = (failing_since IS NULL)", name="failing"),
    CheckConstraint("(previous_secret IS NULL) = (previous_until IS NULL)", name="previous"),
    one_of("disabled", ("gone", "failing")),
    comment="Destinations of events. Secrets are kept readable: a signature cannot be made from their digest.",
)

WEBHOOK_DELIVERIES: Final = Table(
    "webhook_deliveries",
    METADATA,
    Column("webhook_id", BigInteger, ForeignKey("webhooks.id", ondelete="CASCADE"), primary_key=True),
    Column("position", BigInteger, ForeignKey("feed.position"), primary_key=True),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    instant("next_at", nullable=True, now=True),
    instant("tried_at", nullable=True),
    Column("status", Integer),
    Column("fault", Text),
    CheckConstraint("attempts >= 0", name="attempts"),
    Index("webhook_deliveries_due_idx", "webhook_id", "next_at", "position"),
    comment="Events that wait to be delivered, or are dead (next_at is null); a delivered one is removed.",
)
