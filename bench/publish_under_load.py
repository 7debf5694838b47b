"""A publication under lookups: does any fail, does any name a grid of neither edition, when is every worker on the new.

`python bench/publish_under_load.py [--publications 10] [--rate 500] [--connections 12] [--workers 2] [--pause 2]`

The sample is served by some workers. Connections ask at a steady rate, each kept by the worker that took it, while a
community is published again and again, otherwise each time. Afterwards every answer is held to an index of our own over
the edition that it names, and each worker's way from one edition to the next is followed.
"""

from __future__ import annotations

import argparse
import http.client
import random
import shutil
import statistics
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import orjson
import psutil
import shapely
from bulk_http import make_key
from intake import served
from moving import points_in

from gisgrid import workflow
from gisgrid.lookup.index import PointIndex
from gisgrid.model import Band, DrawSettings, Edition
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database

DRAWS = (DrawSettings(), DrawSettings(band=Band(200, 350, 260), seed=7))


class Asked(NamedTuple):
    """One lookup: when it was sent, by which worker it was answered, and how; status 0 without an answer."""

    sent_at: float
    answered_at: float
    worker: int
    point: int
    status: int
    edition: str | None
    grid: str | None


class Published(NamedTuple):
    """One publication: the edition, and when its commit was known here."""

    known_at: float
    edition: str


def ask(port: int, key: str, points: np.ndarray, period_s: float, over: threading.Event, book: list[Asked]) -> None:
    """Ask on one connection at a steady rate until it is over; a late answer does not thin out the questions."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.connect()
    worker = worker_behind(connection)
    chance, due = random.Random(worker), time.perf_counter()
    while not over.is_set():
        time.sleep(max(0.0, due - time.perf_counter()))
        due += period_s
        book.append(lookup(connection, key, points, chance.randrange(len(points)), worker))
    connection.close()


def lookup(connection: http.client.HTTPConnection, key: str, points: np.ndarray, number: int, worker: int) -> Asked:
    """Return one question with its answer."""
    lon, lat = points[number].tolist()
    sent_at = time.perf_counter()
    try:
        connection.request(
            "GET", f"/v1/locate?lon={lon}&lat={lat}&crs=wgs84", headers={"Authorization": f"Bearer {key}"}
        )
        answer = connection.getresponse()
        told = orjson.loads(answer.read())
    except (OSError, http.client.HTTPException):
        return Asked(sent_at, time.perf_counter(), worker, number, 0, None, None)
    edition, grid = told.get("edition") or {}, told.get("grid") or {}
    return Asked(sent_at, time.perf_counter(), worker, number, answer.status, edition.get("id"), grid.get("code"))


def worker_behind(connection: http.client.HTTPConnection) -> int:
    """Return the process that took this connection."""
    ours = connection.sock.getsockname()[1]
    for _ in range(200):
        for each in psutil.net_connections("tcp4"):
            if each.raddr and each.raddr.port == ours and each.pid:
                return each.pid
        time.sleep(0.05)
    raise AssertionError("no worker took the connection")


def publish(database: Database, community: str, number: int) -> Edition:
    """Return a new edition of the community, drawn otherwise than the one before."""
    drawn = workflow.draw_plans(database, [community], DRAWS[number % 2])[0]
    return workflow.publish_plan(database, drawn.plan.id, accept=("all",), actor="bench", from_draft=True)


def main() -> None:
    """Publish under load, print what the answers were."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("publications", 10), ("rate", 500), ("connections", 12), ("workers", 2), ("port", 8785)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--pause", type=float, default=2.0)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    try:
        with served(home, asked.port, workers=asked.workers):
            database = Database(cluster.start())
            measure(database, make_key(home), asked)
            database.close()
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home, ignore_errors=True)


def measure(database: Database, key: str, asked: argparse.Namespace) -> None:
    """Ask and publish at the same time, then judge."""
    community = workflow.communities_with_buildings(database)[0]
    first = publish(database, community, 1)
    ground = shapely.union_all([grid.geometry for grid in first.grids])
    points = points_in(ground.buffer(-1e-6), 2_000)
    editions, books, over = [first], [[] for _ in range(asked.connections)], threading.Event()
    period_s = asked.connections / asked.rate
    threads = [threading.Thread(target=ask, args=(asked.port, key, points, period_s, over, book)) for book in books]
    for thread in threads:
        thread.start()
    time.sleep(asked.pause)
    known = []
    for number in range(asked.publications):
        editions.append(publish(database, community, number))
        known.append(Published(time.perf_counter(), editions[-1].id))
        time.sleep(asked.pause)
    over.set()
    for thread in threads:
        thread.join()
    tell(editions, known, [answer for book in books for answer in book], points)


def tell(editions: Sequence[Edition], known: Sequence[Published], book: Sequence[Asked], points: np.ndarray) -> None:
    """Print what the answers were."""
    failed = [each for each in book if each.status != 200]
    wrong = strangers(editions, [each for each in book if each.status == 200], points)
    seconds = max(each.answered_at for each in book) - min(each.sent_at for each in book)
    waits_ms = [1e3 * (each.answered_at - each.sent_at) for each in book]
    print(
        f"{len(book):,} lookups, {len(book) / seconds:,.0f} a second, on {len({each.worker for each in book})} workers "
        f"during {len(known)} publications; median {statistics.median(waits_ms):.1f} ms, "
        f"p99 {np.quantile(waits_ms, 0.99):.1f} ms, longest {max(waits_ms):.0f} ms"
    )
    print(f"failed: {len(failed)}; answers that no edition in force gives: {wrong}; back to an older one: {back(book)}")
    lags = [lag for publication in known for lag in lags_s(publication, book)]
    print(
        f"from the commit to a worker's last answer by the edition before: median {statistics.median(lags):.3f} s, "
        f"longest {max(lags):.3f} s"
    )


def strangers(editions: Sequence[Edition], answers: Sequence[Asked], points: np.ndarray) -> int:
    """Return how many answers name a grid that the edition they name does not have at that point."""
    expected: dict[str, list[str | None]] = {}
    for edition in editions:
        codes, shapes = [grid.code for grid in edition.grids], [grid.geometry for grid in edition.grids]
        index = PointIndex(codes, shapes, [edition.id] * len(codes))
        found = index.locate_many(points[:, 0], points[:, 1]).grid.tolist()
        expected[edition.id] = [index.codes[position] if position >= 0 else None for position in found]
    return sum(each.edition not in expected or expected[each.edition][each.point] != each.grid for each in answers)


def back(book: Sequence[Asked]) -> int:
    """Return how often a worker answered by an older edition than in an answer that was there before the question."""
    count = 0
    for worker in {each.worker for each in book}:
        answers = sorted(
            (each for each in book if each.worker == worker and each.edition), key=lambda each: each.sent_at
        )
        newest_at = sorted((each.answered_at, int(each.edition or 0)) for each in answers)
        newest, reached = 0, 0
        for each in answers:
            while reached < len(newest_at) and newest_at[reached][0] <= each.sent_at:
                newest, reached = max(newest, newest_at[reached][1]), reached + 1
            count += int(each.edition or 0) < newest
    return count


def lags_s(publication: Published, book: Sequence[Asked]) -> list[float]:
    """Return for each worker the seconds from the commit to its last question that an older edition answered.

    The commit is taken for as early as it may have been: when an answer first named the edition, or when we were told.
    """
    number = int(publication.edition)
    first = min((each.answered_at for each in book if each.edition == publication.edition), default=np.inf)
    committed_at = min(publication.known_at, first)
    last: dict[int, float] = {}
    for each in book:
        if each.edition is not None and int(each.edition) < number and each.sent_at > last.get(each.worker, -np.inf):
            last[each.worker] = each.sent_at
    return [max(0.0, sent_at - committed_at) for sent_at in last.values()]


if __name__ == "__main__":
    main()
