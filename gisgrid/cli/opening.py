"""Opens the database that the settings name, ready to use.

Room: the command line. In: settings. Out: a `Database` whose schema is at head.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gisgrid.settings import Settings
from gisgrid.store import migrations
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
    """Give the database, its schema upgraded to head; closed at the end."""
    url = database_url(settings or Settings.from_environment())
    migrations.upgrade(url)
    database = Database(url)
    try:
        yield database
    finally:
        database.close()
