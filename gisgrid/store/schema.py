"""Which schema a database has, asked cheaply: what every start of the program wants to know.

Room: store. In: a `Database`. Out: the number of its newest migration. Must not import Alembic, which costs a second.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import text

from gisgrid.store.database import Database
from gisgrid.store.tables import SCHEMA

NEWEST: Final = "0013"
"""The number of the newest migration; a test holds it to `migrations.head()`."""


def is_newest(database: Database) -> bool:
    """Return whether the database has the schema that this gisgrid works with."""
    with database.transaction() as connection:
        table = f"{SCHEMA}.alembic_version"
        if connection.execute(text("SELECT to_regclass(:table)"), {"table": table}).scalar_one() is None:
            return False
        newest: str | None = connection.execute(text(f"SELECT max(version_num) FROM {table}")).scalar_one()
        return newest == NEWEST
