"""Which files were imported, and what was found in them.

Room: store. In: the result of an import. Out: rows of `import_runs` and `import_findings`. Must not import any other
room.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sqlalchemy import insert

from gisgrid.model import Finding
from gisgrid.store import findings as stored_findings
from gisgrid.store.database import Connection
from gisgrid.store.tables import IMPORT_FINDINGS, IMPORT_RUNS


class Counts(Protocol):
    """How many rows were new, different, or there already."""

    @property
    def inserted(self) -> int:
        """Rows that are new."""

    @property
    def updated(self) -> int:
        """Rows that differed."""

    @property
    def unchanged(self) -> int:
        """Rows that were there already."""


def record_import(
    connection: Connection,
    layer: str,
    file: tuple[str, bytes, str | None],
    counts: Counts,
    *,
    rejected: int = 0,
    findings: Sequence[Finding] = (),
) -> int:
    """Return the id of the new import run, written with its findings in the caller's transaction.

    Parameters
    ----------
    layer
        The layer's name, or `osm`.
    file
        Its name without folders, the SHA-256 of its bytes (32 bytes), and the system its coordinates were read in.
    counts
        What became of the rows.
    rejected
        How many rows were left out.
    findings
        In their order.
    """
    name, sha256, crs = file
    run: int = connection.execute(
        insert(IMPORT_RUNS)
        .values(
            layer=layer,
            file_name=stored_findings.writable(name),
            sha256=sha256,
            crs=crs,
            inserted=counts.inserted,
            updated=counts.updated,
            unchanged=counts.unchanged,
            rejected=rejected,
        )
        .returning(IMPORT_RUNS.columns.id)
    ).scalar_one()
    stored_findings.append(connection, IMPORT_FINDINGS, run, findings)
    return run
