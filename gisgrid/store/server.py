"""What a database server says of itself: versions, and the number of the schema in it.

Room: store. In: a libpq URL. Out: a `Server`. Must not import any other room.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import text

from gisgrid.store import migrations
from gisgrid.store.database import Connection, address_parts, owner_connection


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers, and what is in the database.

    Attributes
    ----------
    address
        Host, port and database, without user and password.
    postgresql, postgis
        Their versions; PostGIS is None where the database does not have it yet.
    revision, newest_revision
        The number of the schema in the database (None: none yet), and the newest that this gisgrid knows.
    size_bytes
        The size of the database on the disk.
    """

    address: str
    postgresql: str
    postgis: str | None
    revision: str | None
    newest_revision: str
    size_bytes: int


def describe(url: str) -> Server:
    """Return what the server and its database say of themselves.

    Raises
    ------
    DatabaseUnavailable
        No server answers.
    """
    with owner_connection(url) as connection:
        return Server(
            address=_address(url),
            postgresql=_scalar(connection, "SHOW server_version").split()[0],
            postgis=_scalar(connection, "SELECT max(extversion) FROM pg_extension WHERE extname = 'postgis'"),
            revision=migrations.current(connection),
            newest_revision=migrations.head(),
            size_bytes=_scalar(connection, "SELECT pg_database_size(current_database())"),
        )


def _scalar(connection: Connection, statement: str) -> Any:
    return connection.execute(text(statement)).scalar_one()


def _address(url: str) -> str:
    parts = address_parts(url)
    return f"{parts.get('host', 'localhost')}:{parts.get('port', 5432)}/{parts.get('dbname', '')}"
