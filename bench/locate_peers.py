"""One point a request over HTTP, beside servers of features: gisgrid, tipg and pygeoapi over the same polygons.

`python bench/locate_peers.py --peers PYTHON [--grids 1122] [--connections 8] [--seconds 2] [--rounds 3]`

PYTHON is the interpreter of an environment of its own (`make .venv/peers/bin/python`), because the peers pin other
versions of what gisgrid needs. Both read the polygons from the service's private database and answer with the feature
that holds the point: tipg by a CQL2 filter `S_INTERSECTS`, pygeoapi by a box of a tenth of a millimetre at the point.
Servers run on one core, the client on the other; processor time of server and database counts. The codes are compared.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import quote, urlsplit

import orjson
from bulk_http import cpu_seconds, make_key
from http_load import Load, database_seconds, postmaster_of, running
from locate_http import fill, questions, served

from bench.lookup import sets
from gisgrid.store.cluster import Cluster

TABLE = "bench_grids"


def pygeoapi_settings(url: str, folder: Path, python: str) -> dict[str, str]:
    """Return the environment of pygeoapi; its two files are written into the folder."""
    parts = urlsplit(url)
    config = {
        "server": {
            "bind": {"host": "127.0.0.1", "port": 0},
            "url": "http://127.0.0.1",
            "mimetype": "application/json; charset=UTF-8",
            "encoding": "utf-8",
            "languages": ["en-US"],
            "limits": {"default_items": 10, "max_items": 10},
            "map": {"url": "", "attribution": ""},
        },
        "logging": {"level": "ERROR"},
        "metadata": {
            "identification": {
                "title": "bench", "description": "bench", "keywords": ["bench"], "keywords_type": "theme",
                "terms_of_service": "none", "url": "http://127.0.0.1",
            },
            "license": {"name": "none", "url": "http://127.0.0.1"},
            "provider": {"name": "none", "url": "http://127.0.0.1"},
            "contact": {"name": "none"},
        },
        "resources": {
            "grids": {
                "type": "collection", "title": "grids", "description": "grids", "keywords": ["grids"], "links": [],
                "extents": {"spatial": {"bbox": [-180, -90, 180, 90]}},
                "providers": [
                    {
                        "type": "feature", "name": "PostgreSQL", "table": TABLE, "id_field": "code",
                        "geom_field": "geom",
                        "data": {
                            "host": parts.hostname, "port": parts.port, "dbname": parts.path.strip("/"),
                            "user": parts.username, "password": parts.password or "", "search_path": ["public"],
                        },
                    }
                ],
            }
        },
    }  # fmt: skip
    files = {"PYGEOAPI_CONFIG": folder / "pygeoapi.json", "PYGEOAPI_OPENAPI": folder / "openapi.json"}
    files["PYGEOAPI_CONFIG"].write_text(json.dumps(config), encoding="utf-8")  # JSON is YAML as well
    environment = os.environ | {name: str(path) for name, path in files.items()}
    with files["PYGEOAPI_OPENAPI"].open("w", encoding="utf-8") as target:
        made = [str(Path(python).parent / "pygeoapi"), "openapi", "generate", str(files["PYGEOAPI_CONFIG"])]
        subprocess.run([*made, "--format", "json"], env=environment, stdout=target, check=True)
    return environment


def requests_of(addresses: list[str]) -> list[bytes]:
    """Return a GET for each address."""
    return [f"GET {address} HTTP/1.1\r\nHost: bench\r\nAccept: */*\r\n\r\n".encode() for address in addresses]


def code_of(way: str, answer: bytes) -> str | None:
    """Return the smallest code that an answer names."""
    document = orjson.loads(answer)
    if way == "gisgrid":
        return document["grid"]["code"] if document["method"] in ("inside", "border") else None
    codes = [feature["properties"].get("code") or feature["id"] for feature in document["features"]]
    return min(codes, default=None)


def main() -> None:
    """Measure the three in turn, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--peers", required=True, help="interpreter of the environment with tipg and pygeoapi")
    for name, default in (("grids", 1122), ("rounds", 3), ("connections", 8), ("port", 8785)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--seconds", type=float, default=2.0)
    asked = parser.parse_args()
    os.sched_setaffinity(0, {1})
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    polygons = sets.bricks(asked.grids, 60, seed=1)
    points = sets.points(polygons, 2_000, seed=2)
    ports = {way: asked.port + number for number, way in enumerate(("gisgrid", "tipg", "pygeoapi"))}
    figures: dict[str, list[float]] = {way: [] for way in ports}
    codes: dict[str, dict[int, str | None]] = {way: {} for way in ports}
    try:
        url = cluster.start()
        fill(url, polygons)
        postmaster = postmaster_of(home)
        uvicorn = ["taskset", "-c", "0", asked.peers, "-m", "uvicorn", "--no-access-log", "--log-level", "error"]
        tipg = os.environ | {"DATABASE_URL": url, "TIPG_DB_SCHEMAS": '["public"]'}
        with ExitStack() as stack:
            processes = {"gisgrid": stack.enter_context(served("gisgrid", asked, home, ports["gisgrid"]))}
            for way, app, environment in (
                ("tipg", "tipg.main:app", tipg),
                ("pygeoapi", "pygeoapi.starlette_app:APP", pygeoapi_settings(url, home, asked.peers)),
            ):
                command = [*uvicorn, "--port", str(ports[way]), app]
                processes[way] = stack.enter_context(running(command, ports[way], environment))
            place = [(f"{lon:.9f}", f"{lat:.9f}") for lon, lat in points.tolist()]
            questions_of = {
                "gisgrid": questions(points.round(9), make_key(home)),
                "tipg": requests_of([
                    f"/collections/public.{TABLE}/items?f=geojson&filter-lang=cql2-text&filter="
                    + quote(f"S_INTERSECTS(geom,POINT({lon} {lat}))")
                    for lon, lat in place
                ]),
                "pygeoapi": requests_of([
                    # A box without any width holds nothing for PostGIS.
                    f"/collections/grids/items?f=json&bbox={lon},{lat},{float(lon) + 1e-9:.9f},{float(lat) + 1e-9:.9f}"
                    for lon, lat in place
                ]),
            }  # fmt: skip
            for _ in range(asked.rounds):
                for way, process in processes.items():
                    load = Load(ports[way], questions_of[way], asked.connections)
                    load.run(0.5)
                    begin = cpu_seconds(process) + database_seconds(postmaster)
                    answered = load.run(asked.seconds)
                    spent = cpu_seconds(process) + database_seconds(postmaster) - begin
                    figures[way].append(spent * 1e6 / answered)
                    codes[way].update({number: code_of(way, answer) for number, answer in load.answers.items()})
                    load.close()
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home, ignore_errors=True)
    ours = statistics.median(figures["gisgrid"])
    print(f"{asked.grids:,} grids, {asked.connections} connections, median (least, most) of {asked.rounds} rounds")
    for way, each in figures.items():
        both = codes[way].keys() & codes["gisgrid"].keys()
        differ = sum(codes[way][number] != codes["gisgrid"][number] for number in both)
        print(
            f"{way:9} {statistics.median(each):9.1f} µs ({min(each):.1f}, {max(each):.1f}) of server and database a "
            f"request; gisgrid is {statistics.median(each) / ours:5.1f} x; {differ} of {len(both):,} codes differ"
        )


if __name__ == "__main__":
    main()
