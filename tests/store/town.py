"""A town small enough to see at a glance, for the tests of the store.

  ┌────┬────┬────┐ 40.004     one building of 200 households in each of six cells;
  │ n1 │ n2 │ n3 │            the columns are grids A, B and C of 400 each
  ├────┼────┼────┤ 40.002
  │ s1 │ s2 │ s3 │
  └────┴────┴────┘ 40.000
111.000  .002  .004  .006
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import MappingProxyType
from uuid import uuid4

import databases
import pytest
import shapely
from sqlalchemy import text

from gisgrid.errors import RefusedData
from gisgrid.model import Cell, CellBorder, Drawing, DrawSettings, Edition, Finding, Grid, Lineage, Plan
from gisgrid.store import editions, limits, plans, reports
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Connection, Database, copy_rows
from gisgrid.store.tables import BUILDINGS, DIVISIONS, EDITION_BUILDINGS, EDITION_GRIDS

STREET = "990101001"
COMMUNITY = "990101001001"
NEIGHBOUR = "990101001002"
WEST, SOUTH, STEP = 111.0, 40.0, 0.002
EDGE = shapely.box(WEST, SOUTH, 111.006, 40.004)
BUILDINGS_OF_CELLS = ("s1", "n1", "s2", "n2", "s3", "n3")
COLUMNS = {"A": (0, 1), "B": (2, 3), "C": (4, 5)}


@contextmanager
def clone(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a copy of the template, for the tests of a whole module that leave it as they found it."""
    name = f"test_{uuid4().hex[:12]}"
    yield databases.create(cluster, name, template)
    databases.drop(cluster, name)


def basis(connection: Connection) -> reports.Basis:
    """What filings that are made now rest on."""
    return reports.Basis(editions.version(connection), limits.version(connection))


def file_now(connection: Connection, filings: Sequence[reports.Filing]) -> list[reports.Filed]:
    """What became of filings that were made by what the database has now."""
    filed = reports.file_reports(connection, filings, basis(connection))
    assert filed is not None
    return filed


def code(number: int, community: str = COMMUNITY) -> str:
    """The grid code of this number."""
    return f"{community}{number:03d}"


def cell_polygon(number: int) -> shapely.Polygon:
    """The ground of a cell, numbered column by column from the south."""
    column, row = divmod(number, 2)
    west, south = round(WEST + column * STEP, 9), round(SOUTH + row * STEP, 9)
    return shapely.box(west, south, round(west + STEP, 9), round(south + STEP, 9))


def footprint(number: int) -> shapely.MultiPolygon:
    """The building in the middle of a cell."""
    x, y = shapely.get_coordinates(cell_polygon(number).centroid)[0]
    return shapely.MultiPolygon([shapely.box(x - 0.0004, y - 0.0004, x + 0.0004, y + 0.0004)])


def build(connection: Connection, *, community: str = COMMUNITY, prefix: str = "") -> None:
    """Write the town's divisions and buildings; another community with a prefix stands on the same ground."""
    if community == COMMUNITY:
        copy_rows(connection, DIVISIONS, ("code", "name", "level"), [(STREET, "合成街道", "street")])
    copy_rows(
        connection,
        DIVISIONS,
        ("code", "name", "level", "parent_code", "geom"),
        [(community, "合成社区", "community", STREET, shapely.MultiPolygon([EDGE]))],
    )
    copy_rows(
        connection,
        BUILDINGS,
        ("code", "households", "community_code", "geom"),
        [(prefix + name, 200, community, footprint(n)) for n, name in enumerate(BUILDINGS_OF_CELLS)],
    )


def drawing(
    columns: Mapping[str, Sequence[int]] | None = None,
    *,
    community: str = COMMUNITY,
    prefix: str = "",
    findings: Sequence[Finding] = (),
    base_edition: str | None = None,
) -> Drawing:
    """A drawing of the town whose grids hold these cells."""
    cells = tuple(
        Cell(number, (prefix + name,), 200, cell_polygon(number), 37_900.0)
        for number, name in enumerate(BUILDINGS_OF_CELLS)
    )
    borders = [CellBorder(n, n + 1, 170.0) for n in (0, 2, 4)] + [CellBorder(n, n + 2, 222.0) for n in range(4)]
    grids = tuple(
        Grid(
            key=key,
            kind="residential",
            name=None,
            code=None,
            households=200 * len(numbers),
            buildings=tuple(sorted(prefix + BUILDINGS_OF_CELLS[n] for n in numbers)),
            cells=tuple(numbers),
            geometry=shapely.union_all([cell_polygon(n) for n in numbers]),
            area_m2=37_900.0 * len(numbers),
        )
        for key, numbers in (COLUMNS if columns is None else columns).items()
    )
    ordered = tuple(sorted(borders, key=lambda border: (border.a, border.b)))
    return Drawing(community, DrawSettings(), cells, ordered, grids, tuple(findings), base_edition)


def save_plan(connection: Connection, drawn: Drawing | None = None) -> Plan:
    """A drawing kept as a draft plan."""
    return plans.get(connection, plans.save_drawing(connection, drawing() if drawn is None else drawn))


def numbered(plan: Plan, numbers: Mapping[str, int] | None = None) -> list[Grid]:
    """The plan's grids with codes: 1, 2, 3 … in order of their keys, unless other numbers are given."""
    given = {grid.key: n for n, grid in enumerate(plan.grids, start=1)} if numbers is None else numbers
    return [dataclasses.replace(grid, code=code(given[grid.key], plan.community)) for grid in plan.grids]


def publish(
    connection: Connection,
    plan: Plan,
    numbers: Mapping[str, int] | None = None,
    *,
    lineage: Sequence[Lineage] = (),
    accepted: Sequence[Finding] = (),
    replaces: str | None = None,
    valid_from: datetime | None = None,
) -> Edition:
    """The edition that a plan becomes."""
    return editions.publish(
        connection,
        plan=plan,
        grids=numbered(plan, numbers),
        lineage=lineage,
        accepted=accepted,
        actor="tester",
        replaces=replaces,
        valid_from=valid_from,
    )


# ---- editions written by hand ------------------------------------------------------------------------------------

Polygons = dict[int, shapely.Geometry]
NO_HOMES: Mapping[str, str | None] = dict.fromkeys(BUILDINGS_OF_CELLS)


def ewkb(geometry: shapely.Geometry, srid: int = 4326) -> str:
    """The geometry as PostGIS reads it."""
    return str(shapely.to_wkb(shapely.set_srid(geometry, srid), hex=True, include_srid=True))


def broken(database: Database, deed: Callable[[Connection], object]) -> set[str]:
    """The laws that refuse a deed at its commit; a deed that none refuses is undone."""
    try:
        with database.transaction() as connection:
            deed(connection)
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            connection.rollback()
    except RefusedData as refusal:
        with pytest.raises(RefusedData), database.transaction() as connection:
            deed(connection)  # and not only when asked: the commit itself refuses
        return {finding.rule for finding in refusal.findings}
    return set()


def columns() -> Polygons:
    """The sound edition: grids 1, 2, 3 are the three columns."""
    return {n + 1: shapely.union_all([cell_polygon(2 * n), cell_polygon(2 * n + 1)]) for n in range(3)}


def insert_raw(
    connection: Connection,
    polygons: Polygons,
    *,
    homes: Mapping[str, str | None] = MappingProxyType({}),
    surplus: int = 0,
) -> None:
    """Write an edition as a careless or hostile program would: plain INSERTs, no check of its own.

    Buildings go where they stand but for `homes` (None: nowhere); `surplus` is added to each grid's households.
    """
    plan = save_plan(connection)
    edition = connection.execute(
        text(
            "INSERT INTO gisgrid.editions (community_code, plan_id, valid, published_by)"
            " VALUES (:community, :plan, tstzrange(now(), NULL), 'somebody') RETURNING id"
        ),
        {"community": COMMUNITY, "plan": int(plan.id)},
    ).scalar_one()
    numbers = sorted(polygons)
    for number in numbers:
        connection.execute(
            text("INSERT INTO gisgrid.grid_codes VALUES (:code, :community, :number, :edition, NULL)"),
            {"code": code(number), "community": COMMUNITY, "number": number, "edition": edition},
        )
    standing = {name: code(n // 2 + 1) for n, name in enumerate(BUILDINGS_OF_CELLS)} | dict(homes)
    per_grid = {grid: sum(1 for home in standing.values() if home == grid) for grid in map(code, numbers)}
    copy_rows(
        connection,
        EDITION_GRIDS,
        ("edition_id", "code", "name", "kind", "households", "buildings", "area_m2", "geom"),
        [
            (
                edition,
                code(n),
                f"第{n}网格",
                "residential" if per_grid[code(n)] else "dedicated",
                200 * per_grid[code(n)] + surplus,
                per_grid[code(n)],
                1.0,
                polygons[n],
            )
            for n in numbers
        ],
    )
    copy_rows(
        connection,
        EDITION_BUILDINGS,
        ("edition_id", "building_code", "grid_code", "households"),
        [(edition, building, grid, 200) for building, grid in standing.items() if grid in per_grid],
    )
