"""Reports a second, each answered after the commit that holds it, beside pgbench's same insert on the same cluster.

`python bench/intake.py [--seconds 5] [--rounds 3] [--clients 1 16 64]`

The sample is drawn and published, and `gisgrid serve` runs as its users run it: one process, keys, synchronous_commit
on. Client, server and database share the machine's cores, as pgbench and its database do. pgbench's transaction writes
the same three rows (report, first assignment, first event) in one prepared statement, with the same laws and triggers,
but it looks nothing up, and has no HTTP and no JSON.

Where other work keeps the cores busy, as many processes as pgbench has clients get more of them than one server does:
then reports a CPU second compare, of pgbench and its database, and of the server and its database.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from uuid import uuid4

import numpy as np
import orjson
import psycopg
from bulk_http import cpu_seconds, make_key
from http_load import Load, database_seconds, postmaster_of, running

from gisgrid.store.cluster import Cluster
from gisgrid.store.postgres.binaries import find_binaries

CLIENTS = (1, 16, 64)
TOGETHER = 16
"""So many clients send batches of 100 as well."""
SAME_INSERT = """\\set number random(1, 1000000000)
WITH created AS (
  INSERT INTO gisgrid.reports (source, external_id, body_sha256, category, text, lon, lat, crs, target, state, geom)
  VALUES ('pgbench', md5(:number::text || clock_timestamp()::text || :client_id::text),
    decode(repeat('00', 32), 'hex'), '0103', '路灯不亮', {lon}, {lat}, 'wgs84', 'grid', 'assigned',
    ST_SetSRID(ST_MakePoint({lon}, {lat}), 4326))
  ON CONFLICT (source, external_id) DO NOTHING RETURNING id
), assigned AS (
  INSERT INTO gisgrid.report_assignments (report_id, sequence, grid_code, edition_id, method, border_distance_m)
  SELECT id, 1, '{grid}', {edition}, 'inside', 41.7 FROM created
)
INSERT INTO gisgrid.report_events (report_id, type, actor, details)
SELECT id, 'received', 'pgbench', '{{"state": "assigned", "grid": "{grid}", "method": "inside"}}' FROM created
"""


@contextmanager
def served(home: Path, port: int, *, workers: int = 1) -> Iterator[int]:
    """Yield the process of a server that answers."""
    environment = {**os.environ, "GISGRID_HOME": str(home)}
    subprocess.run([sys.executable, "-m", "gisgrid", "demo", "--no-serve"], env=environment, check=True, stdout=-3)
    command = [sys.executable, "-m", "gisgrid", "serve", "--port", str(port), "--workers", str(workers)]
    with running(command, port, environment) as server:
        yield server


def pgbench(url: str, script: Path, clients: int, seconds: float) -> float:
    """Return pgbench's transactions a second."""
    command = [str(find_binaries().folder / "pgbench"), "-n", "-M", "prepared", "-f", str(script)]
    sizes = ["-c", str(clients), "-j", str(min(clients, 2)), "-T", str(int(seconds))]
    done = subprocess.run([*command, *sizes, url], capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    assert found is not None, f"pgbench had no time for a single transaction; give it more seconds:\n{done.stdout}"
    return float(found[1])


def children_seconds() -> float:
    """Return the processor time of the programs that this process ran to their end."""
    return sum(resource.getrusage(resource.RUSAGE_CHILDREN)[:2])


def requests(points: np.ndarray, key: str, many: int, together: int) -> list[bytes]:
    """Return that many POSTs, each of one report or of several, every report with an id of its own."""
    numbers = count()
    run = uuid4().hex

    def report() -> dict[str, object]:
        number = next(numbers)
        lon, lat = points[number % len(points)].tolist()
        place = {"lon": lon, "lat": lat, "crs": "wgs84"}
        return {"source": "bench", "external_id": f"{run}-{number}", "category": "0103", "text": "路灯不亮", **place}

    made = []
    for _ in range(many):
        body = orjson.dumps(report() if together == 1 else [report() for _ in range(together)])
        path = "/v1/reports" if together == 1 else "/v1/reports/batch"
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\nAuthorization: Bearer {key}\r\n\r\n"
        )
        made.append(head.encode() + body)
    return made


def main() -> None:
    """Measure all in turn, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--clients", type=int, nargs="+", default=CLIENTS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--port", type=int, default=8785)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    try:
        with served(home, asked.port) as server:
            measure(asked, home, server)
    finally:
        Cluster(home).stop(force=True)
        shutil.rmtree(home, ignore_errors=True)


def measure(asked: argparse.Namespace, home: Path, server: int) -> None:
    """Run all rounds and print what they gave."""
    key, url, postmaster = make_key(home), Cluster(home).start(), postmaster_of(home)
    with psycopg.connect(url) as connection:
        inside = connection.execute(
            "SELECT ST_X(p), ST_Y(p), code, edition_id FROM gisgrid.edition_grids,"
            " LATERAL (SELECT (ST_Dump(ST_GeneratePoints(geom, 50, 1))).geom AS p) AS points"
        ).fetchall()
    lon, lat, grid, edition = inside[0]
    script = home / "insert.sql"
    script.write_text(SAME_INSERT.format(lon=lon, lat=lat, grid=grid, edition=edition), encoding="utf-8")
    points = np.array([row[:2] for row in inside])
    rates: dict[str, list[float]] = {}
    costs: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        for clients in asked.clients:
            peer, cpu = f"pgbench, {clients} clients", children_seconds() + database_seconds(postmaster)
            begin, rate = time.perf_counter(), pgbench(url, script, clients, asked.seconds)
            spent = children_seconds() + database_seconds(postmaster) - cpu
            rates.setdefault(peer, []).append(rate)
            costs.setdefault(peer, []).append(spent * 1e6 / (rate * (time.perf_counter() - begin)))
            for together in (1, 100) if clients == TOGETHER else (1,):
                most = int(asked.seconds * (20_000 if together == 1 else 1_000)) + clients
                asking = requests(points, key, most, together)
                warming = Load(asked.port, asking, clients)
                warming.run(0.3)
                warming.close()
                load = Load(asked.port, asking, clients)
                begin, cpu = time.perf_counter(), cpu_seconds(server) + database_seconds(postmaster)
                answered = load.run(asked.seconds, first=most // 4) * together
                name = f"gisgrid, {clients} clients" + (", 100 a POST" if together == 100 else "")
                rates.setdefault(name, []).append(answered / (time.perf_counter() - begin))
                spent = cpu_seconds(server) + database_seconds(postmaster) - cpu
                costs.setdefault(name, []).append(spent * 1e6 / answered)
                load.close()
    for name, each in rates.items():
        peer = f"pgbench, {re.search(r'[0-9]+', name)[0]} clients"
        ratio, cost = statistics.median(each) / statistics.median(rates[peer]), statistics.median(costs[name])
        print(
            f"{name:34} {statistics.median(each):8,.0f} a second ({min(each):,.0f}, {max(each):,.0f})"
            f" = {ratio:.2f} x pgbench; {cost:.0f} µs of processor time a report:"
            f" {statistics.median(costs[peer]) / cost:.2f} x as many a CPU second"
        )


if __name__ == "__main__":
    main()
