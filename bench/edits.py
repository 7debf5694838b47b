"""What an edit of a plan costs, and undo at any depth: made-up communities in a private PostGIS, by the verbs.

Run: python bench/edits.py [--buildings 484 1746] [--edits 200] [--deep 1000]. Processor time is this process's; the
clock on the wall has the database's as well. The answer is counted in: it is made and written as JSON as on the wire.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import orjson
import shapely
from sqlalchemy import text

from api import edit_documents
from gisgrid import workflow
from gisgrid.editing import EditedPlan
from gisgrid.errors import Conflict, NotFound, UsageError
from gisgrid.geometry.place import Place
from gisgrid.model import DrawSettings
from gisgrid.plan.operations import Annex, Assign, Merge, Operation, Rename, Split, SplitByLine
from gisgrid.sheets import PlanSheets
from gisgrid.store import migrations, plans
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database, copy_rows
from gisgrid.store.tables import BUILDINGS, DIVISIONS

STREET, WEST, SOUTH = "990101001", 111.7, 40.8
LOT_M = (38.0, 26.0)
WARM_UP = 5
STEPS = 20


def build(database: Database, code: str, count: int) -> None:
    """Write a community of so many buildings in rows, each a little off its place, 4 to 24 households in each."""
    dice = np.random.default_rng(count)
    columns = int(np.sqrt(count * LOT_M[1] / LOT_M[0])) + 1
    edge = shapely.box(WEST, SOUTH, WEST + 0.001, SOUTH + 0.001)
    place = Place.of(edge)
    x, y = shapely.get_coordinates(place.community_m).min(axis=0)
    lots = [(x + number % columns * LOT_M[0], y + number // columns * LOT_M[1]) for number in range(count)]
    shift = dice.uniform(2.0, 6.0, (count, 2))
    footprints = [
        shapely.box(left + dx, low + dy, left + dx + 26.0, low + dy + 12.0)
        for (left, low), (dx, dy) in zip(lots, shift.tolist(), strict=True)
    ]
    ground = shapely.box(x, y, x + columns * LOT_M[0], y + (count // columns + 1) * LOT_M[1])
    shapes = place.to_degrees([ground, *footprints])
    with database.transaction() as connection:
        copy_rows(
            connection, DIVISIONS, ("code", "name", "level", "parent_code", "geom"),
            [(code, f"{count}栋社区", "community", STREET, shapely.MultiPolygon([shapes[0]]))],
        )  # fmt: skip
        copy_rows(
            connection, BUILDINGS, ("code", "households", "community_code", "geom"),
            [(f"{code}-{number:05}", int(dice.integers(4, 24)), code, shapely.MultiPolygon([shape]))
             for number, shape in enumerate(shapes[1:])],
        )  # fmt: skip


def strokes(database: Database, plan: str, count: int) -> list[Operation]:
    """Strokes of up to twelve buildings into a neighbour's grid, mostly; every tenth is a merge, a split or a name."""
    dice = np.random.default_rng(7)
    with database.transaction() as connection:
        grids = plans.get(connection, plan).grids
    keys = [grid.key for grid in grids]
    asked: list[Operation] = []
    for number in range(count):
        grid = grids[int(dice.integers(len(grids)))]
        begin = int(dice.integers(len(grid.buildings)))
        asked.append(Assign(str(dice.choice(keys)), grid.buildings[begin : begin + int(dice.integers(1, 12))]))
        if number % 10 == 9:
            one, two = dice.choice(keys, 2, replace=False).tolist()
            asked[-1] = (Rename(one, f"第{number}号"), Merge((one, two)), Split(one))[number // 10 % 3]
    return asked


def borders(database: Database, plan: str, count: int) -> list[Operation]:
    """Borders drawn by hand: squares of some 120 m annexed by any grid, and lines through the middle of grids."""
    dice = np.random.default_rng(11)
    with database.transaction() as connection:
        grids = plans.get(connection, plan).grids
    asked: list[Operation] = []
    for number in range(count):
        x, y = dice.uniform(0.2, 0.8, 2)
        west, south, east, north = grids[int(dice.integers(len(grids)))].geometry.bounds
        middle = shapely.Point(west + x * (east - west), south + y * (north - south))
        asked.append(Annex(grids[number % len(grids)].key, shapely.buffer(middle, 0.0006, cap_style="square")))
        grid = grids[number % len(grids)]
        west, south, east, north = grid.geometry.bounds
        across = [(west + x * (east - west), south - 0.001), (west + y * (east - west), north + 0.001)]
        asked.append(SplitByLine(grid.key, shapely.LineString(across)))
    return asked


def timed(deed: Callable[[], EditedPlan]) -> tuple[float, float, int]:
    """Return processor and wall time of an edit with its answer, in milliseconds, and the answer's length."""
    begun, cpu = time.perf_counter(), time.process_time()
    answer = orjson.dumps(edit_documents.edited_plan(deed()))
    return 1e3 * (time.process_time() - cpu), 1e3 * (time.perf_counter() - begun), len(answer)


def line(name: str, rows: list[tuple[float, float, int]]) -> str:
    """Return a row of the table."""
    cpu, wall, size = (np.array(column) for column in zip(*rows, strict=True))
    figures = [f"{np.median(cpu):.1f}", f"{np.percentile(cpu, 95):.1f}", f"{np.median(wall):.1f}",
               f"{np.percentile(wall, 95):.1f}", f"{np.median(size) / 1e3:.0f}"]  # fmt: skip
    return f"| {name} | {len(rows)} | {' | '.join(figures)} |"


def measure(database: Database, code: str, count: int, edits: int, deep: int) -> None:
    """Print the table of one community."""
    build(database, code, count)
    drawn = workflow.draw_plans(database, [code], DrawSettings(effort="draft"))[0].plan
    sheets = PlanSheets()
    done: dict[str, list[tuple[float, float, int]]] = {}
    for asked in strokes(database, drawn.id, edits + WARM_UP):
        try:
            row = timed(lambda asked=asked: workflow.edit_plan(database, drawn.id, asked, actor="bench", sheets=sheets))  # type: ignore[misc]
        except (Conflict, NotFound):  # nothing would change, or the grid was merged away
            continue
        done.setdefault("split" if isinstance(asked, Split) else "stroke, merge, name", []).append(row)
    print(f"\n{count} buildings, {len(drawn.grids)} grids\n")
    print("| what | times | CPU ms | p95 | wall ms | p95 | kB |\n|---|---|---|---|---|---|---|")
    for name, rows in sorted(done.items(), reverse=True):
        print(line(name, rows[WARM_UP:] if len(rows) > 2 * WARM_UP else rows))
    cut, back = [], []
    for asked in borders(database, drawn.id, 10):
        try:
            cut.append(
                timed(lambda asked=asked: workflow.edit_plan(database, drawn.id, asked, actor="bench", sheets=sheets))
            )  # type: ignore[misc]
        except (Conflict, NotFound, UsageError):  # not across the grid, or no ground that it lacks
            continue
        back.append(timed(lambda: workflow.undo_edit(database, drawn.id, actor="bench", sheets=sheets)))
    print(line("border drawn by hand", cut))
    print(line("its undo", back))
    for depth in (STEPS, deep):
        deepen(database, drawn.id, depth)
        steps = [
            timed(lambda: workflow.undo_edit(database, drawn.id, actor="bench", sheets=sheets)) for _ in range(STEPS)
        ]
        print(line(f"undo of a name, {depth} and more deep", steps[1:]))
    print(f"\n{count} buildings: a redo after a restart, the plan read from nothing")
    begun = time.perf_counter()
    workflow.redo_edit(database, drawn.id, actor="bench")
    print(f"{1e3 * (time.perf_counter() - begun):.0f} ms")


def deepen(database: Database, plan: str, count: int) -> None:
    """Put so many edits on the stack of undo: one that is made, and its line of the journal over and over."""
    with database.transaction() as connection:
        grid = plans.get(connection, plan).grids[0]
    workflow.edit_plan(database, plan, Rename(grid.key, f"{grid.name}'"[-50:]), actor="bench")
    copies = text(
        "INSERT INTO gisgrid.plan_revisions"
        " (plan_id, revision, action, edit, below, undo_to, redo_to, actor, op, change)"
        " SELECT r.plan_id, r.revision + n, 'edit', r.revision + n, r.revision + n - 1, r.revision + n, NULL, r.actor,"
        " r.op, r.change FROM gisgrid.plan_revisions AS r, generate_series(1, :count) AS n"
        " WHERE r.plan_id = :plan AND r.revision = (SELECT p.revision FROM gisgrid.plans AS p WHERE p.id = :plan)"
    )
    with database.transaction() as connection:
        connection.execute(copies, {"plan": int(plan), "count": count})
        connection.execute(
            text("UPDATE gisgrid.plans SET revision = revision + :count WHERE id = :plan"),
            {"plan": int(plan), "count": count},
        )


def main() -> None:
    """Measure each size in one private cluster."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--buildings", type=int, nargs="+", default=[484, 1746])
    parser.add_argument("--edits", type=int, default=200)
    parser.add_argument("--deep", type=int, default=1000)
    options = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    try:
        cluster.start()
        migrations.upgrade(cluster.url)
        database = Database(cluster.url)
        with database.transaction() as connection:
            copy_rows(connection, DIVISIONS, ("code", "name", "level"), [(STREET, "合成街道", "street")])
        for number, count in enumerate(options.buildings, start=1):
            measure(database, f"{STREET}{number:03}", count, options.edits, options.deep)
        database.close()
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home)


if __name__ == "__main__":
    main()
