"""The feed: every report event and edition event, numbered once committed; what happened before begins it.

Revision ID: 0004
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0004"


def upgrade() -> None:
    """Make the tables and their laws, each from the plain SQL beside this file."""
    connection = op.get_bind()
    for part in ("tables", "laws"):
        run_script(connection, _FOLDER / f"{part}.sql")
