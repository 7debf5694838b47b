"""Many points in one POST: processor time of the server for each point, in JSON, CSV and Arrow, beside plain FastAPI.

`python bench/bulk_http.py [--grids 1122] [--connections 8] [--seconds 2] [--rounds 5]`

The server runs on one core, the client on another. The service is the whole one, with a key and its
private database; only its grids are a seeded coverage laid into its memory. The peer is a FastAPI route with pydantic
models around the same index. Microseconds of the server's processor time for each point, network and parsing included.
"""

from __future__ import annotations

import argparse
import http.client
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from contextlib import AbstractContextManager, ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import uvicorn
from fastapi import FastAPI
from http_load import running
from pydantic import BaseModel

from api.main import create_app
from api.server import OPTIONS
from bench.lookup import sets
from bench.lookup.peers import TICKS
from gisgrid.in_force import GridsInForce
from gisgrid.lookup.index import METHODS, PointIndex
from gisgrid.model import CoverageRow
from gisgrid.settings import Settings
from gisgrid.store import keys
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database

COMMUNITY = "150105001001"
JSON, CSV, ARROW = "application/json", "text/csv", "application/vnd.apache.arrow.stream"


class Asked(BaseModel):
    """What the peer is asked."""

    points: list[tuple[float, float]]


class Told(BaseModel):
    """What the peer answers."""

    codes: list[str | None]
    methods: list[str]


def grids_in_memory(polygons: np.ndarray) -> GridsInForce:
    """Return a coverage as the grids of one edition."""
    codes = [f"{COMMUNITY}{number:03}" for number in range(len(polygons))]
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    rows = {
        code: CoverageRow(  # what lookups do not tell is left empty
            code=code,
            name="",
            kind="residential",
            households=0,
            buildings=0,
            area_m2=0.0,
            community=COMMUNITY,
            edition="1",
            valid_from=begin,
            valid_to=None,
            geometry=ground,
        )
        for code, ground in zip(codes, polygons, strict=True)
    }
    return GridsInForce(PointIndex(codes, polygons, ["1"] * len(codes)), rows, {COMMUNITY: ()})


def serve(asked: argparse.Namespace) -> None:
    """Serve one of the two until the process is ended."""
    os.sched_setaffinity(0, {0})
    polygons = sets.bricks(asked.grids, 60, seed=1)
    grids = grids_in_memory(polygons)
    options: dict[str, Any] = {"access_log": False, "server_header": False}
    if asked.serve == "gisgrid":
        GridsInForce.read = classmethod(lambda *_: grids)  # type: ignore[method-assign, assignment]
        app = create_app(Settings(None, Path(asked.home)), own_process=True)
        options = dict(OPTIONS)
    else:
        app = plain(grids.index)
    uvicorn.run(app, port=asked.port, log_level="warning", **options)


def plain(index: PointIndex) -> FastAPI:
    """Return the peer: models in, models out."""
    app = FastAPI()

    @app.post("/v1/locate")
    def locate(body: Asked) -> Told:
        found = index.locate_many([point[0] for point in body.points], [point[1] for point in body.points])
        codes = [index.codes[position] if position >= 0 else None for position in found.grid.tolist()]
        return Told(codes=codes, methods=[METHODS[method] for method in found.method.tolist()])

    return app


def served(way: str, asked: argparse.Namespace, home: Path, port: int) -> AbstractContextManager[int]:
    """Return the context of a server's process: this very file, told which way to serve."""
    command = [sys.executable, __file__, "--serve", way, "--home", str(home), "--port", str(port)]
    return running([*command, "--grids", str(asked.grids)], port)


def bodies(points: np.ndarray) -> dict[str, tuple[str, bytes]]:
    """Return address and body in each form."""
    batch = pa.record_batch({"lon": points[:, 0].copy(), "lat": points[:, 1].copy()})
    stream = pa.BufferOutputStream()
    with pa.ipc.new_stream(stream, batch.schema) as out:
        out.write_batch(batch)
    lines = "".join(f"{lon},{lat}\n" for lon, lat in points.tolist())
    return {
        JSON: ("/v1/locate", orjson.dumps({"crs": "wgs84", "points": points.tolist()})),
        CSV: ("/v1/locate?crs=wgs84", f"lon,lat\n{lines}".encode()),
        ARROW: ("/v1/locate?crs=wgs84", stream.getvalue().to_pybytes()),
    }


def microseconds_a_point(server: int, port: int, form: str, points: np.ndarray, asked: argparse.Namespace) -> float:
    """Return the processor time of the server for each point, over some seconds of requests on all connections."""
    address, body = bodies(points)[form]
    head = (
        f"POST {address} HTTP/1.1\r\nHost: bench\r\nContent-Type: {form}\r\nContent-Length: {len(body)}\r\n"
        f"Authorization: Bearer {asked.key}\r\n\r\n"
    )
    with ExitStack() as stack:
        connections = [
            stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(asked.connections)
        ]
        answered, begin, end = 0, cpu_seconds(server), time.perf_counter() + asked.seconds
        while time.perf_counter() < end:
            for connection in connections:
                connection.sendall(head.encode() + body)
            for connection in connections:
                answer = http.client.HTTPResponse(connection)
                answer.begin()
                content = answer.read()
                assert answer.status == 200, content[:300]
            answered += len(connections)
    return (cpu_seconds(server) - begin) * 1e6 / (answered * len(points))


def cpu_seconds(process: int) -> float:
    """Return the processor time of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def make_key(home: Path) -> str:
    """Return a key of the service under this home."""
    cluster = Cluster(home)
    database = Database(cluster.start())
    with database.transaction() as connection:
        _, secret = keys.create_key(connection, name="bench", role="dispatch", scope=None, actor="bench")
    database.close()
    return secret


def main() -> None:
    """Measure all forms and sizes in turn, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("grids", 1122), ("rounds", 5), ("connections", 8), ("port", 8765)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--serve", choices=("gisgrid", "plain"))
    parser.add_argument("--home")
    asked = parser.parse_args()
    if asked.serve is not None:
        serve(asked)
        return
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    os.sched_setaffinity(0, {1})
    points = sets.points(sets.bricks(asked.grids, 60, seed=1), 10_000, seed=2)
    figures: dict[tuple[str, int], list[float]] = {}
    try:
        with served("gisgrid", asked, home, asked.port) as ours, served("plain", asked, home, asked.port + 1) as peer:
            asked.key = make_key(home)
            for _ in range(asked.rounds):
                for count in (100, 1_000, 10_000):
                    for form in (JSON, CSV, ARROW):
                        each = microseconds_a_point(ours, asked.port, form, points[:count], asked)
                        figures.setdefault((form, count), []).append(each)
                    each = microseconds_a_point(peer, asked.port + 1, JSON, points[:count], asked)
                    figures.setdefault(("FastAPI + pydantic", count), []).append(each)
    finally:
        Cluster(home).stop(force=True)
        shutil.rmtree(home, ignore_errors=True)
    print(f"{asked.grids:,} grids; microseconds of server CPU a point: median (least, most) of {asked.rounds} rounds")
    for (form, count), each in sorted(figures.items(), key=lambda item: (item[0][0], item[0][1])):
        print(f"{form:40} {count:7,} points {statistics.median(each):7.3f} ({min(each):.3f}, {max(each):.3f})")


if __name__ == "__main__":
    main()
