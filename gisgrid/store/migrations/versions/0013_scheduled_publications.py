"""Publications at a future date.

Revision ID: 0013
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0013"


def upgrade() -> None:
    """Make the table by the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
