"""The audit log: who did what to which thing.

Room: store. In: an actor's name and what was done. Out: one row that nobody can change. Must not import any other room.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert

from gisgrid.store.database import Connection
from gisgrid.store.tables import AUDIT


def record(connection: Connection, *, actor: str, action: str, subject: str, **details: Any) -> None:
    """Write one line into the audit log, in the caller's transaction: it stands if and only if the deed stands.

    Parameters
    ----------
    actor
        The name of the key or user, or `command line`.
    action
        A verb with its noun, as `plan.submit` or `edition.publish`.
    subject
        The code or id of the thing.
    details
        Figures worth keeping; JSON values only.
    """
    connection.execute(insert(AUDIT).values(actor=actor, action=action, subject=subject, details=details))
