"""One point a request over HTTP: processor time of server and database, beside bare FastAPI and FastAPI + PostGIS.

`python bench/locate_http.py [--grids 1122] [--connections 16] [--seconds 3] [--rounds 5]`

Each server runs on one core, the client on another. `gisgrid` is the whole service with a key and its private
database; only its grids are a seeded coverage laid into its memory. `bare` is a FastAPI route that returns a ready
dict; `postgis` a FastAPI route with a pool of asyncpg that asks `ST_Covers` of the same polygons. Time of the
database's backends counts, also that of the service's own watch. Every answer of gisgrid and PostGIS is compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import numpy as np
import orjson
import psycopg
import shapely
import uvicorn
from bulk_http import COMMUNITY, cpu_seconds, grids_in_memory, make_key
from fastapi import FastAPI
from http_load import Load, database_seconds, postmaster_of, running

from api.main import create_app
from api.server import OPTIONS
from bench.lookup import sets
from gisgrid.in_force import GridsInForce
from gisgrid.settings import Settings
from gisgrid.store.cluster import Cluster

WAYS = ("bare", "postgis", "gisgrid")
READY = {
    "grid": {"code": "150105001001003", "name": "第3网格", "kind": "residential"},
    "method": "inside",
    "border_distance_m": 41.7,
    "neighbours": [{"code": "150105001001002", "distance_m": 41.7}],
    "edition": {"id": "1", "valid_from": "2026-01-01T00:00:00+00:00"},
    "wgs84": [111.70123, 40.80456],
    "posts": [],
}
COVERS = (
    "SELECT min(code) FROM bench_grids WHERE ST_Covers(geom, ST_SetSRID(ST_MakePoint($1::float8, $2::float8), 4326))"
)


def serve(asked: argparse.Namespace) -> None:
    """Serve one of the three until the process is ended."""
    os.sched_setaffinity(0, {0})
    options: dict[str, Any] = {"access_log": False, "server_header": False}
    if asked.serve == "gisgrid":
        grids = grids_in_memory(sets.bricks(asked.grids, 60, seed=1))
        GridsInForce.read = classmethod(lambda *_: grids)  # type: ignore[method-assign, assignment]
        app = create_app(Settings(None, Path(asked.home)), own_process=True)
        options = dict(OPTIONS)
    else:
        app = bare() if asked.serve == "bare" else with_postgis(Cluster(Path(asked.home)).start())
    uvicorn.run(app, port=asked.port, log_level="warning", **options)


def bare() -> FastAPI:
    """Return the floor: what the framework costs when there is nothing to do."""
    app = FastAPI()

    @app.get("/v1/locate")
    async def locate() -> dict[str, Any]:
        return READY

    return app


def with_postgis(url: str) -> FastAPI:
    """Return the usual way: validated parameters, a pool, one prepared query."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.pool = await asyncpg.create_pool(url, min_size=8, max_size=8)
        yield
        await app.state.pool.close()

    app = FastAPI(lifespan=lifespan)

    @app.get("/v1/locate")
    async def locate(lon: float, lat: float, crs: str) -> dict[str, Any]:  # noqa: ARG001  validated, as ours is
        return {**READY, "grid": {"code": await app.state.pool.fetchval(COVERS, lon, lat)}, "wgs84": [lon, lat]}

    return app


def fill(url: str, polygons: np.ndarray) -> None:
    """Put the coverage into a table of its own."""
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE bench_grids (code text PRIMARY KEY, geom geometry(Polygon, 4326))")
        codes = [f"{COMMUNITY}{number:03}" for number in range(len(polygons))]
        with connection.cursor().copy("COPY bench_grids FROM STDIN") as copy:
            for code, shape in zip(codes, polygons, strict=True):
                copy.write_row((code, shapely.to_wkb(shapely.set_srid(shape, 4326), hex=True, include_srid=True)))
        connection.execute("CREATE INDEX ON bench_grids USING gist (geom)")
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE bench_grids")


def served(way: str, asked: argparse.Namespace, home: Path, port: int) -> AbstractContextManager[int]:
    """Return the context of a server's process: this very file, told which way to serve."""
    command = [sys.executable, __file__, "--serve", way, "--home", str(home), "--port", str(port)]
    return running([*command, "--grids", str(asked.grids)], port)


def questions(points: np.ndarray, key: str) -> list[bytes]:
    """Return a request for each point."""
    head = f" HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {key}\r\n\r\n"
    return [f"GET /v1/locate?lon={lon}&lat={lat}&crs=wgs84{head}".encode() for lon, lat in points.tolist()]


def require_same(ours: dict[int, bytes], postgis: dict[int, bytes]) -> int:
    """Return how many answers were compared; the tolerance outside every grid is the service's own."""
    both = ours.keys() & postgis.keys()
    for number in both:
        mine, other = orjson.loads(ours[number]), orjson.loads(postgis[number])
        code = mine["grid"]["code"] if mine["method"] in ("inside", "border") else None
        assert code == other["grid"]["code"], (number, mine, other)
    return len(both)


def main() -> None:
    """Measure the three in turn, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("grids", 1122), ("rounds", 5), ("connections", 16), ("port", 8775)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--serve", choices=WAYS)
    parser.add_argument("--home")
    asked = parser.parse_args()
    if asked.serve is not None:
        serve(asked)
        return
    measure(asked)


def measure(asked: argparse.Namespace) -> None:
    """Run all rounds against the three servers."""
    os.sched_setaffinity(0, {1})
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    polygons = sets.bricks(asked.grids, 60, seed=1)
    figures: dict[str, list[tuple[float, float, float]]] = {way: [] for way in WAYS}
    answers: dict[str, dict[int, bytes]] = {}
    try:
        fill(cluster.start(), polygons)
        postmaster = postmaster_of(home)
        ports = {way: asked.port + number for number, way in enumerate(WAYS)}
        with (
            served("bare", asked, home, ports["bare"]) as bare_process,
            served("postgis", asked, home, ports["postgis"]) as postgis_process,
            served("gisgrid", asked, home, ports["gisgrid"]) as our_process,
        ):
            processes = {"bare": bare_process, "postgis": postgis_process, "gisgrid": our_process}
            requests = questions(sets.points(polygons, 5_000, seed=2), make_key(home))
            for _ in range(asked.rounds):
                for way in WAYS:
                    load = Load(ports[way], requests, asked.connections)
                    load.run(0.5)
                    load.latencies_s.clear()
                    begin = cpu_seconds(processes[way]), database_seconds(postmaster)
                    answered = load.run(asked.seconds)
                    server = cpu_seconds(processes[way]) - begin[0]
                    database = database_seconds(postmaster) - begin[1] if way != "bare" else 0.0
                    answers.setdefault(way, {}).update(load.answers)
                    p99 = float(np.quantile(load.latencies_s, 0.99)) * 1e3
                    figures[way].append((server * 1e6 / answered, database * 1e6 / answered, p99))
                    load.close()
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home, ignore_errors=True)
    compared = require_same(answers["gisgrid"], answers["postgis"])
    tell(asked, figures, compared)


def tell(asked: argparse.Namespace, figures: dict[str, list[tuple[float, float, float]]], compared: int) -> None:
    """Print the table: medians, with the least and the most."""
    print(
        f"{asked.grids:,} grids, {asked.connections} connections, median (least, most) of {asked.rounds} rounds; "
        f"{compared:,} answers of gisgrid and PostGIS compared, 0 differ"
    )
    bare_cost = statistics.median(server + database for server, database, _ in figures["bare"])
    for way, rounds in figures.items():
        costs = [server + database for server, database, _ in rounds]
        middle = statistics.median(costs)
        print(
            f"{way:8} {middle:7.1f} µs ({min(costs):.1f}, {max(costs):.1f}) of server and database a request, "
            f"of it database {statistics.median(each[1] for each in rounds):.1f}; "
            f"{bare_cost / middle:5.2f} x bare a CPU second; p99 {statistics.median(each[2] for each in rounds):.2f} ms"
        )


if __name__ == "__main__":
    main()
