"""Opens the database that the settings name, ready to use.

Room: the command line. In: settings. Out: a `Database` whose schema is the newest.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gisgrid.errors import Conflict
from gisgrid.settings import Settings
from gisgrid.store import schema
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database


def database_url(settings: Settings) -> str:
    """Return the address of the PostGIS in use; the private cluster is started (and made) where none is named."""
    if settings.database_url is not None:
        return settings.database_url
    cluster = Cluster(settings.home)
    cluster.start()
    return cluster.url


@contextmanager
def opened_database(settings: Settings | None = None) -> Iterator[Database]:
    """Give the database with the newest schema; closed at the end.

    The private database is upgraded by the way. One that you run yourself is upgraded when you say so.

    Raises
    ------
    Conflict
        The schema of a database that you run yourself is not the newest.
    """
    chosen = settings or Settings.from_environment()
    url = database_url(chosen)
    database = Database(url)
    try:
        if not schema.is_newest(database):
            if chosen.database_url is not None:
                raise Conflict("The database does not have the newest schema; bring it there: gisgrid db upgrade.")
            from gisgrid.store import migrations  # noqa: PLC0415 - Alembic is loaded only where there is work for it

            migrations.upgrade(url)
        yield database
    finally:
        database.close()
