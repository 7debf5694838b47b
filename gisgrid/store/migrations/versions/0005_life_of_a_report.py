"""The life of a report: its states by name, manual assignments, the sender's own ids of events.

Revision ID: 0005
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0005"


def upgrade() -> None:
    """Change the tables by the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
