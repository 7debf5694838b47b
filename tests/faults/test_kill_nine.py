"""kill -9 of importer, publisher, server and database: the old state or the new, nothing acknowledged lost.

Everything is real: a durable private cluster, `gisgrid` as a process of its own, the real server, SIGKILL.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import LiteralString

import httpx
import psycopg
import pytest
import shapely

from gisgrid.store.cluster import Cluster
from gisgrid.store.postgres.process import DATA

pytestmark = pytest.mark.slow

COMMUNITIES = ("990102001001", "990102001002", "990102001003")
"""One a test that writes: tests share the cluster, none sees another's houses."""
ROWS, COLUMNS = 24, 30
WEST, SOUTH, STEP = 116.0, 37.0, 0.0004


def square(community: int, column: int, row: int, size: float) -> dict[str, object]:
    west, south = WEST + column * STEP + 0.0001, south_of(community) + row * STEP + 0.0001
    return json.loads(shapely.to_geojson(shapely.box(west, south, west + size, south + size)))


def south_of(community: int) -> float:
    """The southern edge of a community; they lie one above the other."""
    return SOUTH + community * ROWS * STEP


def write_features(path: Path, features: list[tuple[dict[str, object], dict[str, object]]]) -> Path:
    collection = {
        "type": "FeatureCollection",
        "features": [{"type": "Feature", "geometry": shape, "properties": values} for shape, values in features],
    }
    path.write_text(json.dumps(collection), encoding="utf-8")
    return path


@dataclass
class Town:
    """Communities of 720 equal houses each in a cluster of its own, and the command line that works on them."""

    home: Path
    folder: Path
    divisions: Path = field(init=False)

    def __post_init__(self) -> None:
        outlines = []
        for number, code in enumerate(COMMUNITIES):
            south = south_of(number)
            outline = shapely.box(WEST, south, WEST + COLUMNS * STEP, south + ROWS * STEP)
            values: dict[str, object] = {"code": code, "name": f"试验社区{number}", "level": "community"}
            outlines.append((json.loads(shapely.to_geojson(outline)), values))
        self.divisions = write_features(self.folder / "divisions.geojson", outlines)

    def buildings(self, community: int) -> str:
        """Write the houses of a community into a file and return its path."""
        houses: list[tuple[dict[str, object], dict[str, object]]] = [
            (square(community, column, row, 0.0002), {"code": f"H{community}{row:02}{column:02}", "households": 4})
            for row in range(ROWS)
            for column in range(COLUMNS)
        ]
        return str(write_features(self.folder / f"buildings-{community}.geojson", houses))

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "GISGRID_HOME": str(self.home)}

    @property
    def url(self) -> str:
        return Cluster(self.home).url

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "gisgrid", *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "gisgrid", *arguments],
            env=self.environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def houses(self, community: int) -> int:
        """Count the houses of a community that the database holds."""
        return self._count("buildings WHERE code LIKE %s", f"H{community}%")

    def editions(self, community: int) -> int:
        return self._count("editions WHERE community_code = %s", COMMUNITIES[community])

    def _count(self, rows: LiteralString, value: str) -> int:
        with psycopg.connect(self.url) as connection:
            row = connection.execute(f"SELECT count(*) FROM gisgrid.{rows}", (value,)).fetchone()
            assert row is not None
            return int(row[0])

    def writers(self) -> list[int]:
        """Return the backends that are in a transaction of gisgrid's that writes."""
        query = (
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'gisgrid' AND backend_xid IS NOT NULL"
            " AND pid <> pg_backend_pid()"
        )
        with psycopg.connect(self.url) as connection:
            return [row[0] for row in connection.execute(query)]


@pytest.fixture(scope="module")
def town(module_cluster_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Town:
    """The town; its cluster is as durable as a user's."""
    town = Town(module_cluster_home, tmp_path_factory.mktemp("town"))
    started = town.run("db", "start")
    assert started.returncode == 0, started.stderr
    assert town.run("import", "divisions", str(town.divisions)).returncode == 0
    return town


def kill_while_writing(town: Town, process: subprocess.Popen[bytes], pause_s: float) -> bool:
    """Kill a process so long after it has begun to write; return False where it was done before."""
    while process.poll() is None:
        if town.writers():
            time.sleep(pause_s)
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return process.returncode == -signal.SIGKILL
    process.communicate()
    return False


def wait_for(happened: Callable[[], bool], seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"did not happen within {seconds} s"
        time.sleep(0.05)


def kill_database(home: Path) -> None:
    """Kill the server process of the cluster, not its keeper."""
    server = int((Cluster(home).folder / DATA / "postmaster.pid").read_text().splitlines()[0])
    os.kill(server, signal.SIGKILL)


def test_an_importer_killed_in_the_middle_leaves_the_old_state(town: Town) -> None:
    buildings = town.buildings(0)
    killed = 0
    for pause_s in (0.0, 0.1):
        killed += kill_while_writing(town, town.start("import", "buildings", buildings), pause_s)
        wait_for(lambda: not town.writers())
        assert town.houses(0) in {0, ROWS * COLUMNS}
    assert killed >= 1, "no importer was killed while it wrote: this test has proven nothing"
    assert town.run("import", "buildings", buildings).returncode == 0
    assert town.houses(0) == ROWS * COLUMNS


def test_a_database_killed_under_an_importer_comes_back_with_the_old_state(town: Town) -> None:
    buildings = town.buildings(1)
    importer = town.start("import", "buildings", buildings)
    wait_for(lambda: bool(town.writers()) or importer.poll() is not None)
    assert importer.poll() is None, "the importer was done before the database could be killed"
    kill_database(town.home)
    _, words = importer.communicate()
    assert importer.returncode == 1, words.decode()
    assert "Traceback" not in words.decode()
    again = town.run("import", "buildings", buildings)
    assert again.returncode == 0, again.stderr
    assert town.houses(1) == ROWS * COLUMNS


def test_a_publisher_killed_in_the_middle_leaves_the_old_edition_or_the_new(town: Town) -> None:
    assert town.run("import", "buildings", town.buildings(2)).returncode == 0
    plans = []
    for seed in range(2):
        drawn = town.run("draw", COMMUNITIES[2], "--seed", str(seed), "--effort", "draft", "--json")
        assert drawn.returncode == 0, drawn.stderr
        plans.append(json.loads(drawn.stdout)[0]["plan"])
    killed = 0
    for plan, pause_s in zip(plans, (0.0, 0.1), strict=True):
        before = town.editions(2)
        killed += kill_while_writing(town, town.start("publish", plan, "--accept", "all"), pause_s)
        wait_for(lambda: not town.writers())
        after = town.editions(2)
        assert after in {before, before + 1}
        if after == before:
            published = town.run("publish", plan, "--accept", "all")
            assert published.returncode == 0, published.stderr
        assert_one_whole_edition_in_force(town)
    assert killed >= 1, "no publisher was killed while it wrote: this test has proven nothing"


def assert_one_whole_edition_in_force(town: Town) -> None:
    with psycopg.connect(town.url) as connection:
        rows = connection.execute(
            "SELECT e.id, (SELECT count(*) FROM gisgrid.edition_buildings b WHERE b.edition_id = e.id),"
            " (SELECT sum(g.buildings) FROM gisgrid.edition_grids g WHERE g.edition_id = e.id)"
            " FROM gisgrid.editions e WHERE e.valid @> now()"
        ).fetchall()
    assert len(rows) == 1
    assert rows[0][1:] == (ROWS * COLUMNS, ROWS * COLUMNS)


class Server:
    """`gisgrid serve` as a process of its own."""

    def __init__(self, town: Town) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        self._town = town
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        with open(os.devnull, "wb") as nowhere:  # noqa: PTH123  a device, no file
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gisgrid", "serve", "--port", str(self.port)],
                env=self._town.environment, stdout=nowhere, stderr=nowhere, start_new_session=True,
            )  # fmt: skip
        wait_for(self.is_ready)

    def is_ready(self) -> bool:
        try:
            return httpx.get(f"{self.address}/health/ready", timeout=2.0).status_code == 200
        except httpx.HTTPError:
            return False

    def kill(self) -> None:
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@dataclass
class Sender:
    """A client that writes down each report before it is sent and each answer, and retries until it has one."""

    address: str
    key: str
    name: str
    sent: list[str] = field(default_factory=list)
    answered: dict[str, str] = field(default_factory=dict)
    changed: list[str] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            external_id = f"{self.name}-{len(self.sent)}"
            self.sent.append(external_id)
            while not self._send(external_id) and not stop.is_set():
                time.sleep(0.05)

    def _send(self, external_id: str) -> bool:
        body = {"source": "12345", "external_id": external_id, "text": "试验", "lon": WEST + 0.01, "lat": SOUTH + 0.005,
                "crs": "wgs84"}  # fmt: skip
        try:
            answer = httpx.post(
                f"{self.address}/v1/reports", json=body, headers={"Authorization": f"Bearer {self.key}"}, timeout=10.0
            )
        except httpx.HTTPError:
            return False
        self.statuses.add(answer.status_code)
        if answer.status_code not in {200, 201}:
            return False
        identifier = answer.json()["id"]
        if self.answered.setdefault(external_id, identifier) != identifier:
            self.changed.append(external_id)
        return True


def test_reports_survive_the_death_of_server_and_database(town: Town) -> None:
    made = town.run("key", "create", "--role", "dispatch", "--name", "hotline", "--json")
    assert made.returncode == 0, made.stderr
    server = Server(town)
    server.start()
    stop = threading.Event()
    senders = [Sender(server.address, json.loads(made.stdout)["key"], f"s{number}") for number in range(4)]
    threads = [threading.Thread(target=sender.run, args=(stop,)) for sender in senders]
    for thread in threads:
        thread.start()
    chance = random.Random(9)
    for fault in range(2):
        time.sleep(0.5 + chance.random())
        if fault % 2:
            kill_database(town.home)
            assert town.run("db", "start").returncode == 0
        else:
            server.kill()
            server.start()
    time.sleep(1.0)
    stop.set()
    for thread in threads:
        thread.join()
    answered = {key: identifier for sender in senders for key, identifier in sender.answered.items()}
    with psycopg.connect(town.url) as connection:
        kept = dict(connection.execute("SELECT external_id, id::text FROM gisgrid.reports").fetchall())
        received = connection.execute(
            "SELECT count(*), count(DISTINCT report_id) FROM gisgrid.report_events WHERE type = 'received'"
        ).fetchone()
    server.kill()
    assert len(answered) > 20, "too few reports were answered for this to prove anything"
    assert {key: kept.get(key) for key in answered} == answered, "an acknowledged report is lost or has another id"
    assert received == (len(kept), len(kept)), "a report was kept twice, or without its history"
    assert not [key for sender in senders for key in sender.changed]
