"""Open reports follow the grids: by which edition each one's grid was last confirmed.

Revision ID: 0006
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0006"


def upgrade() -> None:
    """Change the tables by the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
