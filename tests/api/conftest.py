"""A published town in a real PostGIS, served by a real server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import databases
import httpx
import pytest
from served_town import Service, build_town, serving

from gisgrid.settings import Settings
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database


@pytest.fixture(scope="session")
def town_template(cluster: Cluster, template_database: str) -> Iterator[str]:
    """The name of a database with the published town; the databases of the tests are copies of it."""
    name = "template_town"
    database = Database(databases.create(cluster, name, template_database))
    build_town(database)
    database.close()
    yield name
    databases.drop(cluster, name)


@pytest.fixture
def town(cluster: Cluster, town_template: str) -> Iterator[Database]:
    """The published town in a database of this test alone."""
    with _copy_of(cluster, town_template) as database:
        yield database


@pytest.fixture
def service(town: Database, tmp_path: Path) -> Iterator[Service]:
    """The town, served with keys."""
    with serving(Settings(town.url, tmp_path), town) as running:
        yield running


@pytest.fixture(scope="module")
def shared_service(cluster: Cluster, town_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """The town, served once for tests that change nothing in it."""
    with _copy_of(cluster, town_template) as database:
        with serving(Settings(database.url, tmp_path_factory.mktemp("home")), database) as running:
            yield running


@contextmanager
def _copy_of(cluster: Cluster, template: str) -> Iterator[Database]:
    name = f"town_{uuid4().hex[:12]}"
    database = Database(databases.create(cluster, name, template))
    try:
        yield database
    finally:
        database.close()
        databases.drop(cluster, name)


@pytest.fixture
def problem() -> Callable[[httpx.Response, int, str], dict[str, object]]:
    """Checks that an answer is a problem detail of this status and code, and returns it."""

    def check(answer: httpx.Response, status: int, code: str) -> dict[str, object]:
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        document = answer.json()
        assert (answer.status_code, document["status"], document["code"]) == (status, status, code), document
        assert len(document["detail"]) > 20
        assert {"type", "title"} <= document.keys()
        return document  # type: ignore[no-any-return]

    return check
