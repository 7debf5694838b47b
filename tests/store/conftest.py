"""The town, built once a module for the tests that leave it as they found it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from town import build, clone

from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database


@pytest.fixture(scope="module")
def town(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """The town without an edition; tests leave it as they found it."""
    with clone(cluster, template_database) as url, closing(Database(url)) as database:
        with database.transaction() as connection:
            build(connection)
        yield database


@pytest.fixture
def owner(town: Database) -> Iterator[psycopg.Connection]:
    """A connection to the town as the owner of everything; what it does is undone."""
    with psycopg.connect(town.url) as connection:
        yield connection
        connection.rollback()
