"""What a sender says of a report beside its place: how urgent it is, and the grid that it claims.

Revision ID: 0003
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0003"


def upgrade() -> None:
    """Add the columns, from the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
