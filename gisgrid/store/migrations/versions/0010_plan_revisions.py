"""The journal of a plan's edits, and what is locked while it is edited.

Revision ID: 0010
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0010"


def upgrade() -> None:
    """Make the table by the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
