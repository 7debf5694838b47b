"""The peers: each gives the smallest grid of every point, and the CPU seconds that it took."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg
import shapely

from gisgrid.store.cluster import Cluster

TICKS = os.sysconf("SC_CLK_TCK")

Way = Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, float]]
"""From polygons in order of code and points to the position of each point's grid, -1 outside, and CPU seconds."""


def smallest(count: int, point: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Return the smallest grid of each point's pairs, -1 without any; grids stand in order of code."""
    found = np.full(count, np.iinfo(np.int64).max)
    np.minimum.at(found, point, grid)
    found[found == np.iinfo(np.int64).max] = -1
    return found


def by_tree(polygons: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float]:
    """shapely: STRtree.query(points, intersects)."""
    tree = shapely.STRtree(polygons)
    begin = time.process_time()
    point, grid = tree.query(shapely.points(points), predicate="intersects")
    found = smallest(len(points), point, grid)
    return found, time.process_time() - begin


def by_sjoin(polygons: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float]:
    """geopandas: sjoin(intersects)."""
    grids = gpd.GeoDataFrame(geometry=polygons)
    begin = time.process_time()
    frame = gpd.GeoDataFrame(geometry=shapely.points(points))
    joined = gpd.sjoin(frame, grids, predicate="intersects")
    found = smallest(len(points), joined.index.to_numpy(), joined["index_right"].to_numpy())
    return found, time.process_time() - begin


def by_sedona(polygons: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float]:
    """SedonaDB: join by ST_Intersects."""
    import sedonadb  # noqa: PLC0415 - a peer that is there only with the extra `bench`

    context = sedonadb.connect()
    context.create_data_frame(gpd.GeoDataFrame({"grid": np.arange(len(polygons))}, geometry=polygons)).to_view("grids")
    begin = time.process_time()
    frame = gpd.GeoDataFrame({"point": np.arange(len(points))}, geometry=shapely.points(points))
    context.create_data_frame(frame).to_view("points")
    rows = context.sql(
        "SELECT p.point, MIN(g.grid) AS grid FROM points AS p JOIN grids AS g "
        "ON ST_Intersects(g.geometry, p.geometry) GROUP BY p.point"
    ).to_pandas()
    found = np.full(len(points), -1)
    found[rows["point"].to_numpy()] = rows["grid"].to_numpy()
    return found, time.process_time() - begin


@contextmanager
def postgis(polygons: np.ndarray) -> Iterator[Way]:
    """A private PostGIS with the grids, and how to ask it: COPY of the points, join by ST_Covers, smallest code."""
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home, durable=False)
    try:
        with psycopg.connect(cluster.start(), autocommit=True) as connection:
            connection.execute("SET max_parallel_workers_per_gather = 0")
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            connection.execute("CREATE TEMP TABLE grids (id integer PRIMARY KEY, geom geometry(Geometry, 4326))")
            with connection.cursor().copy("COPY grids FROM STDIN") as copy:
                for number, ground in enumerate(polygons):
                    copy.write_row(
                        (number, shapely.to_wkb(shapely.set_srid(ground, 4326), hex=True, include_srid=True))
                    )
            connection.execute("CREATE INDEX ON grids USING gist (geom)")
            connection.execute("ANALYZE grids")

            def ask(_: np.ndarray, points: np.ndarray) -> tuple[np.ndarray, float]:
                """PostGIS: COPY the points, join by ST_Covers on the grids' GiST index."""
                begin = _cpu_of(connection.info.backend_pid)
                connection.execute("CREATE TEMP TABLE points (id integer, geom geometry(Point, 4326))")
                forms = shapely.to_wkb(shapely.set_srid(shapely.points(points), 4326), hex=True, include_srid=True)
                with connection.cursor().copy("COPY points FROM STDIN") as copy:
                    for number, form in enumerate(forms):
                        copy.write_row((number, form))
                connection.execute("ANALYZE points")
                rows = connection.execute(
                    "SELECT p.id, min(g.id) FROM points AS p JOIN grids AS g ON ST_Covers(g.geom, p.geom) GROUP BY p.id"
                ).fetchall()
                connection.execute("DROP TABLE points")
                found = np.full(len(points), -1)
                if rows:
                    point, grid = np.array(rows).T
                    found[point] = grid
                return found, _cpu_of(connection.info.backend_pid) - begin

            yield ask
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home, ignore_errors=True)


def _cpu_of(process: int) -> float:
    """Return the CPU seconds of a process."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS
