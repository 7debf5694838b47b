"""Numbered forward migrations of schema `gisgrid`: an empty database becomes one that holds all laws.

Room: store. In: a libpq URL of a database that the caller owns. Out: the schema, its role and its grants.
Must not import any other room.

An upgrade is one transaction under an advisory lock: it happens whole or not at all, two at once take turns, and one on
a current schema changes nothing. There is no way down; a backup is.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gisgrid.errors import Conflict
from gisgrid.store.database import Connection, owner_connection, run_script
from gisgrid.store.tables import SCHEMA

_FOLDER: Final = Path(__file__).parent
_LOCK: Final = 0x67697367  # "gisg": the same number in every process that upgrades


def upgrade(url: str) -> None:
    """Bring the database to the newest schema; on a current one change nothing.

    Parameters
    ----------
    url
        `postgresql://…` of a role that may create extensions and a schema there (the database's owner).

    Raises
    ------
    DatabaseUnavailable
        No database answers at the URL.
    Conflict
        PostGIS is missing, or outside schema `public`, or this role may not install it; or a newer gisgrid made the
        schema.
    """
    with owner_connection(url) as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _LOCK})
        _prepare(connection)
        revision = current(connection)
        require_known(revision)
        if revision != head():
            configuration = _configuration()
            configuration.attributes["connection"] = connection
            command.upgrade(configuration, "head")
        run_script(connection, _FOLDER / "grants.sql")


def current(connection: Connection) -> str | None:
    """Return the number of the newest migration that the database has, or None for an empty database."""
    context = MigrationContext.configure(connection, opts={"version_table_schema": SCHEMA})
    return context.get_current_revision()


def head() -> str:
    """Return the number of the newest migration that this gisgrid brings."""
    newest = ScriptDirectory.from_config(_configuration()).get_current_head()
    if newest is None:
        raise RuntimeError(f"There is no migration in {_FOLDER / 'versions'}; install gisgrid again.")
    return newest


def _configuration() -> Config:
    """Return Alembic's configuration; there is no ini file to keep in step."""
    configuration = Config()
    configuration.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    configuration.set_main_option("path_separator", "os")
    return configuration


def _prepare(connection: Connection) -> None:
    """Make the schema and the extensions that the migrations stand on."""
    statements = (
        "CREATE EXTENSION IF NOT EXISTS postgis SCHEMA public",
        "CREATE EXTENSION IF NOT EXISTS btree_gist SCHEMA public",
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
    )
    for statement in statements:
        try:
            connection.execute(text(statement))
        except DBAPIError as error:
            # 42501: this role may not; 0A000, 58P01: the server has no such extension on its disk.
            if getattr(error.orig, "sqlstate", None) not in {"42501", "0A000", "58P01"}:
                raise
            raise Conflict(
                f"The database cannot be prepared ({str(error.orig).splitlines()[0]}); have its administrator install "
                f"PostGIS there if it is missing, and run in this database: {'; '.join(statements)};"
            ) from error
    where = connection.execute(
        text("SELECT extnamespace::regnamespace::text FROM pg_extension WHERE extname = 'postgis'")
    ).scalar_one()
    if where != "public":
        raise Conflict(
            f"PostGIS is installed in schema {where} of this database, and gisgrid calls it in schema public; "
            "give gisgrid a database of its own."
        )


def require_known(revision: str | None) -> None:
    """Check that this gisgrid knows the schema of that number.

    Raises
    ------
    Conflict
        A newer gisgrid made it.
    """
    known = {script.revision for script in ScriptDirectory.from_config(_configuration()).walk_revisions()}
    if revision is not None and revision not in known:
        raise Conflict(
            f"The database's schema is {revision}, newer than the {head()} that this gisgrid knows; "
            "install the gisgrid that made it."
        )
