"""Comments on a plan, pinned to a grid or a building.

Revision ID: 0011
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0011"


def upgrade() -> None:
    """Make the table by the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
