"""A district's buildings and households from a frame into the database: gisgrid beside `psql \\copy` and to_postgis.

`python bench/importing.py [--buildings 30000] [--households 450000] [--rounds 5]`

All ways fill the same tables of a fresh copy of one database, with every index, foreign key and check of the schema on
them. `\\copy` reads text files that lie ready and merges nothing; gisgrid's `load_layer` and `geopandas.to_postgis`
begin with the frame. Seconds on the wall, and of processor time of this process, of psql and of the server together.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import shapely
from geopandas.io.sql import _psql_insert_copy
from sqlalchemy import create_engine

from gisgrid.store import migrations
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database
from gisgrid.store.layers import load_layer

TICKS = os.sysconf("SC_CLK_TCK")
BUILDING_COLUMNS = {
    "code": "code", "name": "name", "address": "address", "floors": "floors", "height_m": "height_m", "use": "use",
    "households": "households", "household_source": "household_source", "household_measure": "household_measure",
}  # fmt: skip


def frames(buildings: int, households: int, seed: int) -> tuple[gpd.GeoDataFrame, pd.DataFrame]:
    """Return seeded buildings (11 vertices each) and households as `ingest` gives them: cells are Python values."""
    rng = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(buildings)))
    number = np.arange(buildings)
    x, y = 111.0 + number % columns * 5e-4, 40.0 + number // columns * 5e-4
    angle = np.linspace(0, 2 * np.pi, 10, endpoint=False)
    radius = rng.uniform(1e-4, 2e-4, (buildings, 10))
    rings = np.stack([x[:, None] + radius * np.cos(angle), y[:, None] + radius * np.sin(angle)], axis=-1).round(9)
    shapes = shapely.multipolygons(shapely.polygons(rings)[:, None].reshape(-1), indices=number)
    codes = [f"1501050010010{each:05d}" for each in number]
    frame = pd.DataFrame({
        "code": codes,
        "name": [f"{each % 40 + 1}号楼" for each in number],
        "estate": [None] * buildings,
        "address": [f"胜利街 {each // 40 + 1} 号院 {each % 40 + 1} 号楼" for each in number],
        "floors": rng.integers(3, 33, buildings).tolist(),
        "height_m": [None if each % 3 else float(each % 90 + 9) for each in number],
        "use": ["residential"] * buildings,
        "households": [None] * buildings,
        "household_source": [None] * buildings,
        "household_measure": [None] * buildings,
    }, dtype=object)  # fmt: skip
    frame["line"] = number + 2
    where = np.sort(rng.integers(0, buildings, households))
    people = rng.integers(1, 6, households)
    rows = pd.DataFrame({
        "code": [f"h{each:08d}" for each in range(households)],
        "building": [codes[each] for each in where],
        "size": people.tolist(),
    }, dtype=object)  # fmt: skip
    rows["line"] = np.arange(households) + 2
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, crs="EPSG:4326")), rows


def by_gisgrid(url: str, buildings: gpd.GeoDataFrame, households: pd.DataFrame, _: Path) -> None:
    """gisgrid: load_layer, merged with what is stored."""
    with closing(Database(url)) as database, database.transaction() as connection:
        load_layer(connection, "buildings", buildings)
        load_layer(connection, "households", households)


def by_copy(url: str, _: gpd.GeoDataFrame, __: pd.DataFrame, folder: Path) -> None:
    """psql: \\copy of ready text files."""
    script = (
        f"\\copy gisgrid.buildings ({', '.join(BUILDING_COLUMNS)}, geom) FROM '{folder / 'buildings'}'\n"
        f"\\copy gisgrid.households (code, building_code, size) FROM '{folder / 'households'}'\n"
    )
    psql = shutil.which("psql")
    assert psql is not None, "psql is not on this machine"
    subprocess.run([psql, "-qX1", "-v", "ON_ERROR_STOP=1", url], input=script, text=True, check=True)


def by_to_postgis(url: str, buildings: gpd.GeoDataFrame, households: pd.DataFrame, _: Path) -> None:
    """geopandas: to_postgis; households, which have no place, by to_sql with its COPY."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
    named = with_defaults(buildings)[[*BUILDING_COLUMNS, "geometry"]].rename_geometry("geom")
    with engine.begin() as connection:
        named.to_postgis("buildings", connection, schema="gisgrid", if_exists="append", index=False)
        rows = households[["code", "building", "size"]].rename(columns={"building": "building_code"})
        rows.to_sql(
            "households", connection, schema="gisgrid", if_exists="append", index=False, method=_psql_insert_copy
        )
    engine.dispose()


def with_defaults(buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the buildings with what gisgrid writes where nobody knows a count: the others write no defaults."""
    return buildings.assign(households=0, household_source="estimated", household_measure="resident")


def write_ready_files(buildings: gpd.GeoDataFrame, households: pd.DataFrame, folder: Path) -> None:
    """Write the rows as COPY reads them."""
    shapes = shapely.to_wkb(shapely.set_srid(buildings.geometry.array, 4326), hex=True, include_srid=True)
    cells = with_defaults(buildings)[list(BUILDING_COLUMNS)].assign(geom=shapes)
    cells.to_csv(folder / "buildings", sep="\t", na_rep="\\N", header=False, index=False)
    households[["code", "building", "size"]].to_csv(folder / "households", sep="\t", header=False, index=False)


@contextmanager
def measured(server: int) -> Iterator[list[float]]:
    """Yield a list that afterwards holds seconds on the wall and of processor time."""
    figures: list[float] = []
    wall, cpu = time.perf_counter(), cpu_seconds(server)
    yield figures
    figures += [time.perf_counter() - wall, cpu_seconds(server) - cpu]


def cpu_seconds(server: int) -> float:
    """Return the processor time of this process, its children that ended, and the server with all its processes."""
    own = sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    processes = [server, *map(int, Path(f"/proc/{server}/task/{server}/children").read_text().split())]
    total = 0
    for process in processes:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        total += sum(map(int, fields[11 : 15 if process == server else 13]))
    return own + total / TICKS


def stored(url: str) -> tuple[object, ...]:
    """Return figures by which two databases with the same rows agree."""
    with psycopg.connect(url) as connection:
        return connection.execute(
            "SELECT count(*), md5(string_agg(b::text, '' ORDER BY code)),"
            " (SELECT (count(*), md5(string_agg(h::text, '' ORDER BY code))) FROM gisgrid.households AS h)"
            " FROM gisgrid.buildings AS b"
        ).fetchone()  # type: ignore[return-value]


def main() -> None:
    """Run all ways in turn, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("buildings", 30_000), ("households", 450_000), ("rounds", 5)):
        parser.add_argument(f"--{name}", type=int, default=default)
    asked = parser.parse_args()
    buildings, households = frames(asked.buildings, asked.households, seed=1)
    ways: list[Callable[..., None]] = [by_copy, by_gisgrid, by_to_postgis]
    figures: dict[str, list[list[float]]] = {}
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    try:
        url = cluster.start()
        write_ready_files(buildings, households, home)
        template = f"{url.rpartition('/')[0]}/head"
        with psycopg.connect(url, autocommit=True) as connection:
            server = int(Path(f"/proc/{connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()[1])
            connection.execute("CREATE DATABASE head")
            migrations.upgrade(template)
            seen = set()
            for turn in range(asked.rounds):
                for way in ways:
                    name = f"turn_{turn}_{way.__name__}"
                    connection.execute(f"CREATE DATABASE {name} TEMPLATE head")
                    with measured(server) as each:
                        way(f"{url.rpartition('/')[0]}/{name}", buildings, households, home)
                    figures.setdefault(str(way.__doc__), []).append(each)
                    seen.add(stored(f"{url.rpartition('/')[0]}/{name}"))
                    connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home, ignore_errors=True)
    assert len(seen) == 1, "the ways stored different rows"
    print(f"{len(buildings):,} buildings and {len(households):,} households; every way stored the same rows")
    print(f"{'way':80} {'wall s: median (least, most)':>30} {'ratio':>6} {'CPU s':>7} {'ratio':>6}")
    first: list[float] = []
    for name, measured_ones in figures.items():
        wall, cpu = zip(*measured_ones, strict=True)
        first = first or [statistics.median(wall), statistics.median(cpu)]
        spread = f"{statistics.median(wall):.2f} ({min(wall):.2f}, {max(wall):.2f})"
        print(f"{name:80} {spread:>30} {statistics.median(wall) / first[0]:6.2f}", end=" ")
        print(f"{statistics.median(cpu):7.2f} {statistics.median(cpu) / first[1]:6.2f}")


if __name__ == "__main__":
    main()
