"""Time limits: the imported table, the calendar of work, and until when each report is due.

Revision ID: 0009
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0009"


def upgrade() -> None:
    """Change the tables by the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
