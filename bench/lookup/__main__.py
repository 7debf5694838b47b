"""Which of many grids is each of a million points in: gisgrid's index beside its peers, on the same seeded points.

    python -m bench.lookup
    python -m bench.lookup --vertices 600 --rounds 3
    python -m bench.lookup --grids 100172 --rounds 3
    python -m bench.lookup --kind foreign --rounds 3
    python -m bench.lookup --grids 1000000 --peers none --rounds 3

All in one thread. Figures are points per CPU second: of this process, for PostGIS of its backend. Peers that are slow
get the first `--slow-points` of the shuffled points in each round; then PostGIS is asked for every point once, and all
answers are compared with its smallest code of `ST_Covers`.
"""

from __future__ import annotations

import argparse
import gc
import resource
import statistics
import time
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import shapely

from bench.lookup import peers, sets
from gisgrid.lookup.index import METHODS, PointIndex

OURS = "gisgrid: PointIndex.locate_many"
PEERS = {"tree": peers.by_tree, "sjoin": peers.by_sjoin, "sedona": peers.by_sedona}
ON_BORDERS = 10_000
ONE_BY_ONE = 5_000


def main() -> None:
    """Run all, print one table."""
    asked = _parser().parse_args()
    names = [] if asked.peers == "none" else asked.peers.split(",")
    grounds = sets.polygons(asked.kind, asked.grids, asked.vertices, seed=1)
    points = sets.points(grounds, asked.points, seed=2)
    index = build(grounds, asked.kind)
    with ExitStack() as stack:
        ways = {str(PEERS[name].__doc__).rstrip("."): PEERS[name] for name in names if name != "postgis"}
        postgis = stack.enter_context(peers.postgis(grounds)) if "postgis" in names else None
        if postgis is not None:
            ways[str(postgis.__doc__).rstrip(".")] = postgis
        rates, answers = rounds(index, grounds, points, ways, asked)
        truth = postgis(grounds, points)[0] if postgis is not None else None
        table(rates, answers, truth)
        one_by_one(index, points, asked.rounds)
        on_borders(index, grounds, postgis)


def build(grounds: np.ndarray, kind: str) -> PointIndex:
    """Return the index over the polygons; print what it took."""
    codes = [f"{number:015d}" for number in range(len(grounds))]
    PointIndex(codes[:1], grounds[:1], ["e"])  # loads the compiled loops
    before, begin = resident_mb(), time.process_time()
    index = PointIndex(codes, grounds, ["e"] * len(codes))
    seconds, grown = time.process_time() - begin, resident_mb() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - before
    sound = "a valid coverage" if shapely.coverage_is_valid(grounds) else "no coverage"
    vertices = shapely.get_num_coordinates(grounds).mean()
    print(f"{kind}: {len(grounds):,} grids ({sound}), {vertices:.0f} vertices each; built in {seconds:.2f} CPU s;")
    print(
        f"memory beyond the polygons: {grown * 1024 / len(grounds):.2f} KB a grid, {grown:,.0f} MB in all, "
        f"{peak:,.0f} MB at most; arrays {index.nbytes / 1024 / len(grounds):.2f} KB a grid"
    )
    return index


def rounds(
    index: PointIndex, grounds: np.ndarray, points: np.ndarray, ways: dict[str, peers.Way], asked: argparse.Namespace
) -> tuple[dict[str, list[float]], dict[str, np.ndarray]]:
    """Return points a CPU second of each way and round, and the last answers of each way."""
    rates: dict[str, list[float]] = {}
    answers: dict[str, np.ndarray] = {}
    for _ in range(asked.rounds):
        begin = time.process_time()
        answers[OURS] = index.locate_many(points[:, 0], points[:, 1]).grid
        rates.setdefault(OURS, []).append(len(points) / (time.process_time() - begin))
        for name, way in list(ways.items()):
            try:
                answers[name], seconds = way(grounds, points[: asked.slow_points])
            except ImportError as missing:
                print(f"left out: {name}: {missing}")
                del ways[name]
                continue
            rates.setdefault(name, []).append(min(len(points), asked.slow_points) / max(seconds, 1e-9))
    return rates, answers


def table(rates: dict[str, list[float]], answers: dict[str, np.ndarray], truth: np.ndarray | None) -> None:
    """Print median, least and most of each way, how many times gisgrid is quicker, and how many answers differ."""
    best = statistics.median(rates[OURS])
    print(f"{'way':70} {'points a CPU s':>15} {'least':>12} {'most':>12} {'gisgrid is':>11} {'differ of':>19}")
    for name, measured in rates.items():
        middle, found = statistics.median(measured), answers[name]
        differ = "" if truth is None else f"{int((found != truth[: len(found)]).sum()):,} of {len(found):,}"
        print(f"{name:70} {middle:15,.0f} {min(measured):12,.0f} {max(measured):12,.0f}", end="")
        print(f" {best / middle:10.1f}x {differ:>19}")


def one_by_one(index: PointIndex, points: np.ndarray, times: int) -> None:
    """Print the CPU time of one `locate` with all its evidence, and of distances in bulk."""
    some = points[:ONE_BY_ONE].tolist()
    single, bulk = [], []
    for _ in range(times):
        begin = time.process_time()
        for lon, lat in some:
            index.locate(lon, lat)
        single.append((time.process_time() - begin) / len(some) * 1e6)
        located = index.locate_many(*points.T)
        begin = time.process_time()
        index.border_distances_m(*points.T, located)
        bulk.append((time.process_time() - begin) / len(points) * 1e6)
    for name, spent in (("one locate with evidence", single), ("distance to the border in bulk", bulk)):
        print(f"{name}: {statistics.median(spent):.2f} µs ({min(spent):.2f} to {max(spent):.2f})")


def on_borders(index: PointIndex, grounds: np.ndarray, postgis: peers.Way | None) -> None:
    """Print of points exactly on borders how many answers differ one by one, in bulk, in another order and in SQL."""
    points = sets.on_borders(grounds, ON_BORDERS, np.random.default_rng(3))
    found = index.locate_many(*points.T)
    position = {code: number for number, code in enumerate(index.codes)} | {None: -1}
    single = [index.locate(lon, lat) for lon, lat in points.tolist()]
    order = np.random.default_rng(4).permutation(len(points))
    differ = {
        "one by one": sum(position[one.grid] != grid for one, grid in zip(single, found.grid.tolist(), strict=True)),
        "in another order": int((index.locate_many(*points[order].T).grid != found.grid[order]).sum()),
    }
    if postgis is not None:
        differ["in SQL"] = int((postgis(grounds, points)[0] != found.grid).sum())
    methods = {METHODS[method]: int(many) for method, many in enumerate(np.bincount(found.method)) if many}
    print(f"{len(points):,} points exactly on borders and vertices, {methods}; differ: {differ}")


def resident_mb() -> float:
    """Return the memory of this process."""
    gc.collect()
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m bench.lookup", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kind", choices=sets.KINDS, default="plain")
    for name, default in (("grids", 1122), ("vertices", 60), ("points", 1_000_000), ("slow-points", 200_000)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default="tree,sjoin,sedona,postgis", help="some of these, or `none`")
    return parser


if __name__ == "__main__":
    main()
