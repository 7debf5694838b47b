"""Tables of time limits: how long a report may wait, and which days are worked.

Room: store. In: the schema's base. Out: one `Table` a noun. Must not import any other room.
"""

from __future__ import annotations

from typing import Final, get_args

from sqlalchemy import CheckConstraint, Column, Date, Double, Index, Table, Text, text

from gisgrid.model import DayKind, LimitUnit
from gisgrid.store.tables.base import CODE, METADATA, one_of, serial

TIME_LIMITS: Final = Table(
    "time_limits",
    METADATA,
    serial(),
    # No foreign key: the table of limits may come before that of categories, and `*` stands for any.
    Column("category", CODE, nullable=False),
    Column("urgency", CODE),
    Column("accept_within", Double),
    Column("close_within", Double),
    Column("unit", Text, nullable=False),
    CheckConstraint("category <> '' AND urgency <> ''", name="key"),
    CheckConstraint("accept_within > 0 AND accept_within < 'Infinity'", name="accept_within"),
    CheckConstraint("close_within > 0 AND close_within < 'Infinity'", name="close_within"),
    one_of("unit", get_args(LimitUnit)),
    Index("time_limits_key", "category", text("coalesce(urgency, ''::text)"), unique=True),
    comment="Within what time reports of a category and urgency are to be accepted and closed, as imported.",
)

HOLIDAYS: Final = Table(
    "holidays",
    METADATA,
    Column("date", Date, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("name", Text),
    one_of("kind", get_args(DayKind)),
    comment="Days that are not what their weekday says: holidays, and weekends that are worked instead.",
)
