"""Micro grids of plans: their tables, and the triggers that drop them when a plan changes and freeze them with it.

Revision ID: 0002
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0002"


def upgrade() -> None:
    """Make the tables and their laws, each from the plain SQL beside this file."""
    connection = op.get_bind()
    for part in ("tables", "laws"):
        run_script(connection, _FOLDER / f"{part}.sql")
