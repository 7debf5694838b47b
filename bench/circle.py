"""The service circle of a district of 1,122 grids and 30,000 buildings: CPU seconds, by streets and in straight lines.

python bench/circle.py [--grids N] [--buildings N] [--rounds N]

The place is made up: a lattice of streets every 120 m, bent so that hardly two pieces are alike, a river with a bridge
every 1.4 km, a service centre for each ten grids.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from datetime import UTC, datetime

import numpy as np
import shapely

from gisgrid.model import Barrier, CoverageRow, Division, Site
from gisgrid.model.circles import CircleBuilding, CircleInputs
from gisgrid.plan.service_circle import service_circle

LON, LAT = 116.0, 37.0
STREET_M = 120.0
METRE = 1 / 111_000


def degrees(xy: np.ndarray) -> np.ndarray:
    bent = xy + 15 * np.column_stack([np.sin(xy[:, 1] / 300), np.cos(xy[:, 0] / 300)])
    return bent * (METRE / np.cos(np.radians(LAT)), METRE) + (LON, LAT)


def made_up(grids: int, buildings: int, *, with_streets: bool) -> CircleInputs:
    side = int(np.ceil(np.sqrt(grids)))
    span, chance = side * 2 * STREET_M, np.random.default_rng(0)
    since = datetime(2026, 11, 1, tzinfo=UTC)
    ground = shapely.box(LON - 1, LAT - 1, LON + 1, LAT + 1)
    rows = tuple(
        CoverageRow(
            f"990101001001{n:04}", f"第{n}网格", "residential", 0, 0, 1.0, "990101001001", "1", since, None, ground
        )
        for n in range(grids)
    )
    xy = chance.uniform(0, span, (buildings, 2))
    cell = (xy // (2 * STREET_M)).astype(int)
    homes = tuple(
        CircleBuilding(f"B{n}", "990101001001", rows[min(x * side + y, grids - 1)].code, 15, point)
        for n, ((x, y), point) in enumerate(zip(cell.tolist(), shapely.points(degrees(xy)), strict=True))
    )
    spots = shapely.points(degrees(chance.uniform(0, span, (max(grids // 10, 1), 2))))
    centres = tuple(Site(f"C{n}", "service_centre", f"中心{n}", spot, 400.0) for n, spot in enumerate(spots))
    lines = tuple(_lines(span)) if with_streets else ()
    return CircleInputs((Division("990101001001", "社区", "community", None, ground),), rows, homes, centres, lines)


def _lines(span: float) -> list[Barrier]:
    """Streets of the lattice, those across the river only where there is a bridge; the river lies in the middle."""
    along, lines = np.arange(0, span + 1, STREET_M / 3), []
    river = span / 2 + 20
    for number, at in enumerate(np.arange(0, span + 1, STREET_M)):
        across = np.column_stack([along, np.full_like(along, at)])
        lines.append(Barrier("street", shapely.LineString(degrees(across))))
        upwards = np.column_stack([np.full_like(along, at), along])
        parts = [upwards] if number % 12 == 0 else [upwards[along < river], upwards[along >= river]]
        lines += [Barrier("street", shapely.LineString(degrees(part))) for part in parts if len(part) > 1]
    course = np.column_stack([along, np.full_like(along, river - STREET_M / 6)])
    return [*lines, Barrier("river", shapely.LineString(degrees(course)))]


def main() -> int:
    options = argparse.ArgumentParser()
    options.add_argument("--grids", type=int, default=1_122)
    options.add_argument("--buildings", type=int, default=30_000)
    options.add_argument("--rounds", type=int, default=3)
    chosen = options.parse_args()
    for with_streets in (True, False):
        place = made_up(chosen.grids, chosen.buildings, with_streets=with_streets)
        times = []
        for _ in range(chosen.rounds):
            start = time.process_time()
            found = service_circle(place)
            times.append(time.process_time() - start)
        farthest = max(grid.farthest_m or 0.0 for grid in found.grids)
        print(
            f"{found.measured}: {statistics.median(times):.2f} CPU s ({min(times):.2f}-{max(times):.2f}), "
            f"{found.within} of {found.households} households within {found.reach_m:.0f} m, farthest {farthest:.0f} m"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
