"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import databases
import hypothesis
import pytest

from gisgrid.errors import PostgisMissing
from gisgrid.store import migrations
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database
from gisgrid.store.postgres import locks
from gisgrid.store.postgres.binaries import find_binaries

# No test is timed: how long an example takes is the machine's affair.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

HOME_PREFIX = "gisgrid-test-"
CLUSTER_USER = """
import sys
from pathlib import Path
from gisgrid.store.cluster import Cluster
print(Cluster(Path(sys.argv[1]), durable=False, linger_s=0.5).start(), flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; a test that needs it is skipped where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data are not here: no folder {folder.name} beside the checkout")
    return folder


# ---- browser ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    """Headless Chromium of this machine."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install -e '.[dev]'")
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("no Chromium on this machine; install it: apt-get install -y chromium")
    with sync_api.sync_playwright() as playwright:
        running = playwright.chromium.launch(
            executable_path=program, args=["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        )
        yield running
        running.close()


# ---- PostGIS -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running private cluster of this test process alone, gone afterwards; not durable, so quick."""
    try:
        find_binaries()
    except PostgisMissing as missing:
        pytest.fail(str(missing))  # not a skip: tests that pass without a database prove nothing
    _remove_homes_of_killed_runs()
    home = _new_home()
    cluster = Cluster(home, durable=False)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def template_database(cluster: Cluster) -> str:
    """The name of a database with the schema at head and no rows; the other databases are copies of it."""
    name = "template_head"
    migrations.upgrade(databases.create(cluster, name))
    return name


@pytest.fixture
def database_url(cluster: Cluster, template_database: str) -> Iterator[str]:
    """The address of a database of this test alone: schema at head, no rows."""
    name = f"test_{uuid4().hex[:12]}"
    yield databases.create(cluster, name, template_database)
    databases.drop(cluster, name)


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """The database of this test alone, opened as the app opens it."""
    database = Database(database_url)
    yield database
    database.close()


@pytest.fixture
def empty_database_url(cluster: Cluster) -> Iterator[str]:
    """The address of a database of this test alone without a schema: what a migration starts from."""
    name = f"test_{uuid4().hex[:12]}"
    yield databases.create(cluster, name)
    databases.drop(cluster, name)


@pytest.fixture
def cluster_home() -> Iterator[Path]:
    """A home folder for a cluster that the test makes itself; whatever still runs there is stopped afterwards."""
    with _home_of_a_cluster() as home:
        yield home


@pytest.fixture(scope="module")
def module_cluster_home() -> Iterator[Path]:
    """A home folder for a cluster that the tests of a module share; stopped afterwards like `cluster_home`."""
    with _home_of_a_cluster() as home:
        yield home


@pytest.fixture(scope="session")
def made_cluster() -> Iterator[Path]:
    """The home of a cluster that was made and stopped: to be copied, as making one takes a second or more."""
    home = _new_home()
    cluster = Cluster(home, durable=False)
    cluster.start()
    cluster.stop(force=True)
    yield home
    shutil.rmtree(home)


@pytest.fixture
def stopped_home(made_cluster: Path, cluster_home: Path) -> Path:
    """A home folder of this test alone with a cluster in it that does not run."""
    subprocess.run(["cp", "-a", f"{made_cluster}/cluster", str(cluster_home)], check=True)
    return cluster_home


@pytest.fixture
def cluster_user() -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    """Starts a process that uses the cluster of a home until its stdin closes; returns it once the cluster is up."""
    processes: list[subprocess.Popen[str]] = []

    def start(home: Path) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", CLUSTER_USER, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline().startswith("postgresql://")
        return process

    yield start
    for process in processes:
        with process:
            process.kill()


def _new_home() -> Path:
    """Return a new folder that the server's unprivileged account may pass through, unlike pytest's own under root."""
    home = Path(tempfile.mkdtemp(prefix=f"{HOME_PREFIX}{os.getpid()}-"))
    home.chmod(0o711)
    return home


@contextmanager
def _home_of_a_cluster() -> Iterator[Path]:
    """Give a home folder; what then runs there is stopped, and the folder removed."""
    home = _new_home()
    yield home
    Cluster(home).stop(force=True)
    shutil.rmtree(home)


def _remove_homes_of_killed_runs() -> None:
    """Remove what runs that were killed left behind: homes whose test process is gone and whose cluster is at rest."""
    for home in Path(tempfile.gettempdir()).glob(f"{HOME_PREFIX}*-*"):
        process = home.name.removeprefix(HOME_PREFIX).partition("-")[0]
        if not _is_alive(int(process)) and not locks.is_kept(home / "cluster"):
            shutil.rmtree(home, ignore_errors=True)


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
