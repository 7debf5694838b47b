"""What a process opens before it serves: the database, the grids in memory, and the watch that keeps them in step.

Room: the front door on the wire. In: settings. Out: what the services are made of. A process that serves alone fails at
once where the database does not answer, and says so. One of several waits: uvicorn stops the whole service when a
worker fails to start, and the others may well be answering lookups from memory meanwhile.
"""

from __future__ import annotations

import logging
import os
import time
from dataclasses import dataclass
from typing import Final

from gisgrid.directory import GridDirectory
from gisgrid.errors import DatabaseUnavailable
from gisgrid.geometry import crs
from gisgrid.settings import Settings
from gisgrid.store import migrations
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database
from gisgrid.watching import GridWatch

PATIENCE_S: Final = 30.0
"""So long a worker waits for the database. It cannot be told to end meanwhile, so it ends by itself and is replaced."""
_PAUSE_S: Final = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Opened:
    """A database with its schema at head, and the grids in force in memory, watched."""

    database: Database
    directory: GridDirectory
    watch: GridWatch


def opened(settings: Settings) -> Opened:
    """Return what the services stand on; the private cluster is started where no database is named.

    Raises
    ------
    DatabaseUnavailable
        The database does not answer.
    """
    url = settings.database_url
    if url is None:
        cluster = Cluster(settings.home)
        cluster.start()
        url = cluster.url
    migrations.upgrade(url)
    database = Database(url)
    directory = GridDirectory(database, nearest_tolerance_m=settings.nearest_tolerance_m)
    watch = GridWatch(directory, url)
    try:
        crs.warm()
        watch.start()
    except BaseException:
        database.close()
        raise
    return Opened(database, directory, watch)


def opened_patiently(settings: Settings, *, patience_s: float = PATIENCE_S) -> Opened:
    """Return what the services stand on, for one of several workers: it waits for a database that is away.

    Where it waits in vain it ends this process, with a status that uvicorn takes for an accident and not for a failed
    start: another worker takes its place and waits on.
    """
    until = time.monotonic() + patience_s
    while True:
        try:
            return opened(settings)
        except DatabaseUnavailable as away:
            _log.warning("this worker waits for the database: %s", away)
            if time.monotonic() >= until:
                os._exit(os.EX_TEMPFAIL)
        time.sleep(_PAUSE_S)
