"""Which of many grids is each of a million points in: gisgrid's index beside its peers, on the same seeded points.

`python bench/lookup.py [--grids 1122] [--vertices 60] [--points 1000000] [--slow-points 200000] [--rounds 5]`

All in one thread. Figures are points per CPU second: of this process, for PostGIS of its backend. Peers that are slow
get the first `--slow-points` of the shuffled points. Every answer is compared with PostGIS's smallest code of
`ST_Covers`, point by point.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import geopandas as gpd
import numpy as np
import psycopg
import shapely

from gisgrid.lookup.index import PointIndex
from gisgrid.store.cluster import Cluster

WEST, SOUTH, SIDE_DEG = 111.0, 40.0, 0.004
TICKS = os.sysconf("SC_CLK_TCK")


def coverage(count: int, vertices: int, seed: int) -> np.ndarray:
    """Return that many polygons of a brick lattice, three-way corners, every border one shared Brownian bridge."""
    rng = np.random.default_rng(seed)
    columns = int(np.ceil(np.sqrt(count)))
    rows = -(-count // columns)
    # Of the six borders of a brick, four are half a side long and two a whole one: steps in proportion.
    half, whole = max(1, vertices // 8), max(2, vertices // 4)
    borders: dict[tuple[tuple[int, int], tuple[int, int]], np.ndarray] = {}

    def border(a: tuple[int, int], b: tuple[int, int], steps: int) -> np.ndarray:
        """Return the border between two corners, in the asked direction, without its end."""
        key = (min(a, b), max(a, b))
        if key not in borders:
            ends = np.array(key, dtype=np.float64) * (SIDE_DEG / 2) + [WEST, SOUTH]
            walk = np.cumsum(rng.normal(0.0, SIDE_DEG / 150 / np.sqrt(steps), (steps + 1, 2)), axis=0)
            share = np.linspace(0.0, 1.0, steps + 1)[:, None]
            bridge = walk - walk[0] - share * (walk[-1] - walk[0])
            borders[key] = np.round(ends[0] + share * (ends[1] - ends[0]) + bridge, 7)
        line = borders[key]
        return line[:-1] if (a, b) == key else line[:0:-1]

    polygons = []
    for row in range(rows):
        for column in range(columns):
            x, y = 2 * column + row % 2, 2 * row
            corners = [(x, y), (x + 1, y), (x + 2, y), (x + 2, y + 2), (x + 1, y + 2), (x, y + 2)]
            steps = [half, half, whole, half, half, whole]
            ring = [border(a, b, n) for a, b, n in zip(corners, corners[1:] + corners[:1], steps, strict=True)]
            polygons.append(shapely.Polygon(np.concatenate(ring)))
    found = np.array(polygons[:count], dtype=object)
    assert shapely.is_valid(found).all(), "a border crosses itself: make the bridges calmer"
    return found


def points_over(polygons: np.ndarray, count: int, seed: int) -> np.ndarray:
    """Return points: 80 % clustered, 16 % uniform, 2 % outside, 1 % on vertices, 1 % on middles of border segments."""
    rng = np.random.default_rng(seed)
    box = shapely.total_bounds(polygons)
    inner, size = box[:2], box[2:] - box[:2]
    centres = rng.uniform(inner, inner + size, (max(10, len(polygons) // 4), 2))
    vertices = shapely.get_coordinates(polygons)
    clustered = centres[rng.integers(0, len(centres), count * 80 // 100)]
    clustered = clustered + rng.normal(0.0, SIDE_DEG / 4, clustered.shape)
    uniform = rng.uniform(inner, inner + size, (count * 16 // 100, 2))
    outside = rng.uniform(inner - size / 10, inner + size * [1.1, -0.05], (count * 2 // 100, 2))
    chosen = rng.integers(0, len(vertices) - 1, (2, count // 100))
    middles = (vertices[chosen[1]] + vertices[chosen[1] + 1]) / 2
    return rng.permutation(np.concatenate([clustered, uniform, outside, vertices[chosen[0]], middles]))


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
def postgis(polygons: np.ndarray) -> Iterator[Callable[[np.ndarray, np.ndarray], tuple[np.ndarray, float]]]:
    """A private PostGIS with the grids, and how to ask it: COPY of the points, join by ST_Covers, smallest code."""
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home, durable=False)
    try:
        with psycopg.connect(cluster.start(), autocommit=True) as connection:
            connection.execute("SET max_parallel_workers_per_gather = 0")
            connection.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            connection.execute("CREATE TEMP TABLE grids (id integer PRIMARY KEY, geom geometry(Polygon, 4326))")
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


def _resident_mb() -> float:
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def main() -> None:
    """Run all, print one table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name, default in (("grids", 1122), ("vertices", 60), ("points", 1_000_000), ("slow-points", 200_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    polygons = coverage(asked.grids, asked.vertices, seed=1)
    points = points_over(polygons, asked.points, seed=2)
    slow = points[: asked.slow_points]
    codes = [f"{number:015d}" for number in range(len(polygons))]
    PointIndex(codes[:1], polygons[:1], ["e"]).locate_many([0.0], [0.0])  # loads the compiled loops
    before, begin = _resident_mb(), time.process_time()
    index = PointIndex(codes, polygons, ["e"] * len(codes))
    built, memory = time.process_time() - begin, _resident_mb() - before
    sound = "valid coverage" if shapely.coverage_is_valid(polygons) else "not a coverage"
    print(
        f"{len(polygons):,} grids ({sound}), {shapely.get_num_coordinates(polygons).mean():.0f} vertices each; ", end=""
    )
    print(f"index built in {built:.2f} CPU s, {memory * 1024 / len(polygons):.2f} KB a grid")

    def ours(_: np.ndarray, asked_points: np.ndarray) -> tuple[np.ndarray, float]:
        """gisgrid: PointIndex.locate_many."""
        begin = time.process_time()
        found = index.locate_many(asked_points[:, 0], asked_points[:, 1]).grid
        return found, time.process_time() - begin

    with postgis(polygons) as by_postgis:
        ways = [(ours, points), (by_tree, slow), (by_sjoin, slow), (by_sedona, slow), (by_postgis, slow)]
        rates: dict[str, list[float]] = {}
        answers: dict[str, np.ndarray] = {}
        for _ in range(asked.rounds):
            for way, given in ways:
                name = str(way.__doc__).rstrip(".")
                try:
                    answers[name], seconds = way(polygons, given)
                except ImportError as missing:
                    print(f"left out: {name}: {missing}")
                    continue
                rates.setdefault(name, []).append(len(given) / max(seconds, 1e-9))
    truth = answers[str(by_postgis.__doc__).rstrip(".")]
    best = statistics.median(rates[str(ours.__doc__).rstrip(".")])
    print(f"{'way':72} {'points a CPU s':>15} {'gisgrid is':>11} {'differ':>7}")
    for name, measured in rates.items():
        middle = statistics.median(measured)
        differ = int((answers[name][: len(truth)] != truth).sum())
        print(f"{name:72} {middle:15,.0f} {best / middle:10.1f}x {differ:7,}")


if __name__ == "__main__":
    main()
