"""The places that the words of a report without a grid may mean, and other names of places.

Revision ID: 0007
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0007"


def upgrade() -> None:
    """Add the column and the table, from the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
