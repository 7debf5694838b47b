"""Categories of reports (事项目录), as they were imported.

Room: store. In: a `Connection`. Out: categories, and when they last changed. Must not import any other room.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from gisgrid.store.database import Connection
from gisgrid.store.tables import CATEGORIES, IMPORT_RUNS


@dataclass(frozen=True, slots=True)
class Category:
    """A category of reports; `parent` is the code of the group above it, None at the top."""

    code: str
    name: str
    parent: str | None


def list_categories(connection: Connection) -> list[Category]:
    """Return all categories in order of their codes."""
    columns = CATEGORIES.c
    rows = connection.execute(select(columns.code, columns.name, columns.parent_code).order_by(columns.code))
    return [Category(row.code, row.name, row.parent_code) for row in rows]


def imported_at(connection: Connection) -> datetime | None:
    """Return when categories were last imported, None where they never were."""
    runs = IMPORT_RUNS.c
    found: datetime | None = connection.execute(
        select(func.max(runs.at)).where(runs.layer == "categories")
    ).scalar_one()
    return found
