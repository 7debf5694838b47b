"""Webhooks: destinations of the feed's events, and what still waits to be delivered to them.

Revision ID: 0008
"""

from __future__ import annotations

from pathlib import Path

from alembic import op

from gisgrid.store.database import run_script

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_FOLDER = Path(__file__).parent / "schema_0008"


def upgrade() -> None:
    """Make the tables from the plain SQL beside this file."""
    run_script(op.get_bind(), _FOLDER / "tables.sql")
