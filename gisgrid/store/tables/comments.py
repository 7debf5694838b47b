"""The table of comments on plans: append-only in the database itself.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

from gisgrid.model import CommentAction, PinKind
from gisgrid.store.tables.base import CODE, METADATA, geometry, instant, one_of, serial, sound

PLAN_COMMENTS: Final = Table(
    "plan_comments",
    METADATA,
    serial(),
    Column("plan_id", BigInteger, ForeignKey("plans.id"), nullable=False),
    Column("thread_id", BigInteger, comment="The comment that it answers or resolves."),
    Column("action", Text, nullable=False),
    Column("pin", Text),
    Column("code", CODE),
    geometry("POINT", nullable=True),
    Column("actor", Text, nullable=False),
    instant("at", now=True),
    Column("words", Text),
    UniqueConstraint("plan_id", "id"),
    ForeignKeyConstraint(("plan_id", "thread_id"), ("plan_comments.plan_id", "plan_comments.id")),
    CheckConstraint("(action = 'comment') = (thread_id IS NULL)", name="thread"),
    CheckConstraint("(action = 'comment') = (pin IS NOT NULL)", name="begun"),
    CheckConstraint(
        "(coalesce(pin, 'plan') <> 'plan') = (code IS NOT NULL) AND (code IS NULL) = (geom IS NULL)", name="pinned"
    ),
    CheckConstraint("action = 'resolve' OR words IS NOT NULL", name="words"),
    CheckConstraint("length(words) BETWEEN 1 AND 2000", name="length"),
    one_of("action", get_args(CommentAction)),
    one_of("pin", get_args(PinKind)),
    sound("POINT"),
    comment="What was said of a plan: threads of comments, answers and resolutions. Append-only.",
)
