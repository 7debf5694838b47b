"""Reports under faults: every key is written down before it is sent, every answer after; then the books are compared.

`python bench/ledger.py [--faults 200] [--minutes 60] [--clients 8] [--seed 0]`

The sample is served by two workers with synchronous_commit on. Clients file reports and repeat each until it is
answered, while workers and backends of the database are killed with SIGKILL and the database is shut down at once with
SIGQUIT, in a seeded order. Afterwards every key is sent once more. Lost: an answered report that is not kept. Doubled:
a key kept twice. Changed: a repeat that is answered with another id. Half done: a report without assignment or event.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path

import httpx
import psutil
import psycopg
from bulk_http import make_key
from http_load import postmaster_of
from intake import served

from gisgrid.store.cluster import Cluster

Book = dict[str, set[str]]
PATIENCE_S = 600
"""A crowded machine may take minutes to start a worker; a client that gives up would only end the trial."""


def send(url: str, key: str, number: int, over: threading.Event, book: Book) -> None:
    """File reports until it is over, each again and again until it is answered."""
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=url, headers=headers, timeout=30) as client:
        for report in range(10_000_000):
            if over.is_set():
                return
            answer_of(client, f"{number}-{report}", book)


def answer_of(client: httpx.Client, external_id: str, book: Book) -> None:
    """Send one report until it is answered, and write the id of the answer down."""
    ids = book.setdefault(external_id, set())
    body = {"source": "ledger", "external_id": external_id, "lon": 115.986, "lat": 37.3005, "crs": "wgs84"}
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(httpx.TransportError):
            answer = client.post("/v1/reports", json=body)
            if answer.status_code in (200, 201):
                ids.add(answer.json()["id"])
                return
            assert answer.status_code == 503, answer.text
        time.sleep(0.1)
    raise AssertionError(f"{external_id} was not answered within {PATIENCE_S} s")


def strike(kind: str, server: int, home: Path, chance: random.Random) -> None:
    """Do one fault."""
    if kind == "worker":
        workers = [each for each in psutil.Process(server).children() if "spawn_main" in " ".join(each.cmdline())]
        if workers:
            chance.choice(workers).kill()
    elif kind == "backend":
        processes = psutil.Process(postmaster_of(home)).children()
        backends = [each for each in processes if "gisgrid gisgrid" in " ".join(each.cmdline())]
        if backends:
            chance.choice(backends).kill()
    else:
        os.kill(postmaster_of(home), signal.SIGQUIT)


def main() -> None:
    """Run the faults and compare the books."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("faults", 200), ("minutes", 60), ("clients", 8), ("seed", 0), ("port", 8795)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    book: Book = {}
    try:
        with served(home, asked.port, workers=2) as server:
            run(asked, home, server, book)
    finally:
        Cluster(home).stop(force=True)
        shutil.rmtree(home, ignore_errors=True)


def run(asked: argparse.Namespace, home: Path, server: int, book: Book) -> None:
    """Strike while clients file, then send everything once more and count."""
    chance, over, url = random.Random(asked.seed), threading.Event(), f"http://127.0.0.1:{asked.port}"
    key = make_key(home)
    clients = [threading.Thread(target=send, args=(url, key, each, over, book)) for each in range(asked.clients)]
    for client in clients:
        client.start()
    done = {"worker": 0, "backend": 0, "database": 0}
    end = time.monotonic() + 60 * asked.minutes
    while sum(done.values()) < asked.faults and time.monotonic() < end:
        kind = chance.choices(["worker", "backend", "database"], [3, 2, 1])[0]
        answered = sum(map(len, book.values()))
        with suppress(psutil.NoSuchProcess, FileNotFoundError, ProcessLookupError):
            strike(kind, server, home, chance)
            done[kind] += 1
        deadline = time.monotonic() + PATIENCE_S
        while sum(map(len, book.values())) < answered + 20 and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(chance.uniform(0, 0.5))
        if sum(done.values()) % 20 == 0:
            print(f"{sum(done.values())} faults, {len(book):,} reports sent", flush=True)
    over.set()
    for client in clients:
        client.join()
    first = {external_id: set(ids) for external_id, ids in book.items()}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=30) as client:
        for external_id in first:
            answer_of(client, external_id, book)
    with psycopg.connect(Cluster(home).start()) as connection:
        rows = connection.execute("SELECT external_id, id FROM gisgrid.reports WHERE source = 'ledger'").fetchall()
        half_done: int = connection.execute(
            "SELECT count(*) FROM gisgrid.reports AS r WHERE source = 'ledger' AND"
            " (NOT EXISTS (SELECT FROM gisgrid.report_assignments WHERE report_id = r.id)"
            " OR (SELECT count(*) FROM gisgrid.report_events WHERE report_id = r.id AND type = 'received') <> 1)"
        ).fetchall()[0][0]
    kept = {external_id: str(number) for external_id, number in rows}
    lost = sum(not ids <= {kept.get(external_id, "")} for external_id, ids in first.items())
    changed = sum(len(ids) != 1 for ids in book.values())
    doubled = len(rows) - len(kept)
    print(f"{sum(done.values())} faults ({done}); {len(book):,} reports sent, {len(rows):,} kept")
    print(f"lost {lost}, doubled {doubled}, changed {changed}, half done {half_done}")
    assert lost == doubled == changed == half_done == 0
    assert len(kept) == len(book)


if __name__ == "__main__":
    main()
