"""The first schema: tables, the function their CHECKs call, the triggers that freeze editions and histories.

Revision ID: 0001
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0001"


def upgrade() -> None:
    """Make the schema's tables, functions and triggers, each from the plain SQL beside this file."""
    connection = op.get_bind()
    for part in ("functions", "tables", "laws"):
        run_script(connection, _FOLDER / f"{part}.sql")
