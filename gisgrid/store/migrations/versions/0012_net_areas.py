"""The second net: areas of other services over the same ground.

Revision ID: 0012
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0012"


def upgrade() -> None:
    """Make the table by the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
