"""The table of publications at a future date: how one ended is written once.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, Column, ForeignKey, Index, Table, Text, text

from gisgrid.model import ScheduleOutcome
from gisgrid.store.tables.base import CODE, METADATA, instant, one_of, serial

SCHEDULED_PUBLICATIONS: Final = Table(
    "scheduled_publications",
    METADATA,
    serial(),
    Column("plan_id", BigInteger, ForeignKey("plans.id"), nullable=False),
    Column("community_code", CODE, ForeignKey("divisions.code"), nullable=False),
    instant("valid_from"),
    Column("accepted", ARRAY(Text), nullable=False, comment="What the reviewer accepted, as RULE:GRID."),
    Column("scheduled_by", Text, nullable=False),
    instant("scheduled_at", now=True),
    Column("outcome", Text),
    Column("ended_by", Text),
    instant("ended_at", nullable=True),
    Column("reason", Text, comment="Why it was refused at its instant."),
    CheckConstraint("isfinite(valid_from)", name="valid_from"),
    CheckConstraint("(outcome IS NULL) = (ended_at IS NULL) AND (outcome IS NULL) = (ended_by IS NULL)", name="ended"),
    CheckConstraint("(outcome IS NOT DISTINCT FROM 'refused') = (reason IS NOT NULL)", name="reason"),
    one_of("outcome", get_args(ScheduleOutcome)),
    Index(
        "scheduled_publications_one_waits_idx", "community_code", unique=True, postgresql_where=text("outcome IS NULL")
    ),
    Index("scheduled_publications_plan_id_idx", "plan_id"),
    comment="Plans that are to come into force at an instant: at most one waits for each community.",
)
