"""A server process of its own: it starts, answers, ends gracefully, and loses nothing it acknowledged when killed."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import databases
import httpx
import pytest
from served_town import Service
from uvicorn.config import STARTUP_FAILURE

from api import opening, server
from gisgrid.errors import Conflict, UsageError
from gisgrid.settings import Settings
from gisgrid.store import keys, reports
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database


@contextmanager
def server_process(database: Database, *, workers: int = 1) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    program = (
        "from api.server import run; from gisgrid.settings import Settings; "
        f"run(Settings.from_environment(), port={port}, workers={workers})"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", program],
        env={**os.environ, "GISGRID_DATABASE_URL": database.url},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 240
        while not _answers(url):
            assert process.poll() is None, process.communicate()[1].decode()
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        yield process, url
    finally:
        process.terminate()
        try:
            process.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
            raise


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def key_of(database: Database) -> dict[str, str]:
    with database.transaction() as connection:
        _, secret = keys.create_key(connection, name="sender", role="dispatch", actor="test")
    return {"Authorization": f"Bearer {secret}"}


def test_an_address_where_nothing_can_listen_is_refused_in_a_sentence() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Conflict, match=f"port {port} already; end it, or choose another port"):
            server.run(Settings(database_url=None, home=Path("unused")), port=port)
    with pytest.raises(UsageError, match="choose an address of this machine"):
        server.run(Settings(database_url=None, home=Path("unused")), host="192.0.2.1")


@pytest.mark.slow
def test_two_workers_answer_and_end_gracefully(town: Database) -> None:
    headers = key_of(town)
    with server_process(town, workers=2) as (process, url):
        for _ in range(20):
            query = {"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}
            answer = httpx.get(f"{url}/v1/locate", params=query, headers=headers, timeout=60)
            assert answer.json()["method"] == "inside"
        assert "server" not in answer.headers
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) in (0, -signal.SIGTERM)


def test_a_worker_waits_for_its_database(cluster: Cluster, template_database: str, tmp_path: Path) -> None:
    name = f"test_{uuid4().hex[:12]}"
    url = f"{cluster.url.rpartition('/')[0]}/{name}"
    coming = threading.Timer(0.5, databases.create, (cluster, name, template_database))
    coming.start()
    base = opening.opened_patiently(Settings(database_url=url, home=tmp_path))
    try:
        assert not coming.is_alive()
        assert base.watch.fault is None
    finally:
        base.watch.stop()
        base.database.close()
        databases.drop(cluster, name)


def test_a_worker_that_waits_in_vain_ends_itself_and_not_the_service() -> None:
    program = (
        "from api.opening import opened_patiently; from gisgrid.settings import Settings; "
        "opened_patiently(Settings.from_environment(), patience_s=0.0)"
    )
    nowhere = {**os.environ, "GISGRID_DATABASE_URL": "postgresql://127.0.0.1:1/nothing"}
    ended = subprocess.run([sys.executable, "-c", program], env=nowhere, check=False, capture_output=True)
    assert ended.returncode == os.EX_TEMPFAIL != STARTUP_FAILURE


@pytest.mark.slow
def test_killed_in_the_middle_of_intake_it_keeps_what_it_acknowledged_and_retries_double_nothing(
    town: Database,
) -> None:
    """The ledger method: every key is written down before it is sent, every answer after it came."""
    headers = key_of(town)
    acknowledged: dict[str, str] = {}
    sent: list[str] = []

    def send(url: str, worker: int) -> None:
        with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
            for number in range(10_000):
                external_id = f"{worker}-{number}"
                sent.append(external_id)
                body = {"source": "ledger", "external_id": external_id, "lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}
                try:
                    answer = client.post("/v1/reports", json=body)
                except httpx.TransportError:
                    return
                assert answer.status_code == 201, answer.text
                acknowledged[external_id] = answer.json()["id"]

    with server_process(town) as (process, url):
        threads = [threading.Thread(target=send, args=(url, worker)) for worker in range(4)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 60:
            time.sleep(0.01)
        process.kill()
        for thread in threads:
            thread.join(60)
    assert len(acknowledged) >= 60
    with server_process(town) as (_, url), httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        for external_id in sent:
            body = {"source": "ledger", "external_id": external_id, "lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}
            answer = client.post("/v1/reports", json=body)
            if external_id in acknowledged:
                assert (answer.status_code, answer.json()["id"]) == (200, acknowledged[external_id])
            else:  # under way when it was killed: kept or not, but never half
                assert answer.status_code in (200, 201)
    with town.transaction() as connection:
        kept = reports.list_reports(connection, reports.ReportFilter(), limit=100_000)
        histories = [reports.history(connection, record.id) for record in kept]
    assert sorted(record.report.external_id for record in kept) == sorted(sent)
    assert all(record.assignment.grid is not None for record in kept)
    assert all([event.type for event in history] == ["received"] for history in histories)


def test_while_the_database_is_away_it_says_so_and_recovers(service: Service) -> None:
    client = service.client("viewer")
    assert client.get("/v1/divisions").status_code == 200
    service.database.close()
    with databases.taken_away(service.database.url):
        away = client.get("/v1/divisions")
        assert (away.status_code, away.json()["code"]) == (503, "database_unavailable")
        assert int(away.headers["retry-after"]) > 0
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["ready"]) == (503, False)
        assert ready.json()["checks"]["database"] == "database_unavailable"
        assert client.get("/health/live").status_code == 200
    assert client.get("/v1/divisions").status_code == 200
    assert client.get("/health/ready").status_code == 200
