"""Micro grids: kept with their plan, read, and replaced when they are drawn anew.

Room: store. In: `model.MicroGrid`, a plan's id as text. Out: `model.MicroDrawing`. Must not import any other room.

The database drops them when the plan's cells change hands, and freezes them when the plan is published.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict

from sqlalchemy import delete, insert, select

from gisgrid.errors import Conflict
from gisgrid.model import Band, MicroDrawing, MicroGrid, Plan
from gisgrid.store import plans, tessellations
from gisgrid.store.database import Connection, copy_rows
from gisgrid.store.shapes import shape, wkb
from gisgrid.store.tables import EDITIONS, MICRO_DRAWINGS, MICRO_GRID_CELLS, MICRO_GRIDS, PLANS


def open_plan(connection: Connection, plan_id: str) -> Plan:
    """Return the plan, held until the transaction ends, whose micro grids are about to be drawn.

    Raises
    ------
    NotFound
        There is no plan of this id.
    Conflict
        It is published.
    """
    row = plans.lock(connection, plan_id)
    published = select(EDITIONS.columns.id).where(EDITIONS.columns.plan_id == row.id)
    if connection.execute(published).first() is not None:
        raise Conflict(
            f"Plan {plan_id} is published, and its micro grids stay as they are; draw a new plan to change them."
        )
    return plans.get(connection, plan_id)


def save(connection: Connection, plan_id: str, band: Band, micro_grids: Sequence[MicroGrid]) -> None:
    """Keep micro grids in place of those that the plan had."""
    plan = plans.number(plan_id)
    connection.execute(delete(MICRO_DRAWINGS).where(MICRO_DRAWINGS.columns.plan_id == plan))
    connection.execute(insert(MICRO_DRAWINGS).values(plan_id=plan, **asdict(band)))
    copy_rows(
        connection,
        MICRO_GRIDS,
        ("plan_id", "grid_key", "number", "households", "buildings", "area_m2", "geom"),
        ((plan, m.grid, m.number, m.households, len(m.buildings), float(m.area_m2), m.geometry) for m in micro_grids),
    )
    copy_rows(
        connection,
        MICRO_GRID_CELLS,
        ("plan_id", "cell_number", "grid_key", "number"),
        ((plan, int(cell), m.grid, m.number) for m in micro_grids for cell in m.cells),
    )


def get(connection: Connection, plan_id: str) -> MicroDrawing:
    """Return the micro grids of a plan as it is now, in order of grid and number, without findings.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    community = plans.community_of(connection, plan_id)
    plan = plans.number(plan_id)
    drawing = connection.execute(select(MICRO_DRAWINGS).where(MICRO_DRAWINGS.columns.plan_id == plan)).first()
    if drawing is None:
        return MicroDrawing(plan_id, community, None)
    band = Band(drawing.minimum, drawing.maximum, drawing.target, drawing.measure)
    return MicroDrawing(plan_id, community, band, _micro_grids(connection, plan))


def _micro_grids(connection: Connection, plan: int) -> tuple[MicroGrid, ...]:
    """Return the rows of a plan as micro grids."""
    belongs = MICRO_GRID_CELLS.columns
    cells: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
    for key, number, cell in connection.execute(
        select(belongs.grid_key, belongs.number, belongs.cell_number)
        .where(belongs.plan_id == plan)
        .order_by(belongs.cell_number)
    ):
        cells[key, number].append(cell)
    tessellation: int = connection.execute(
        select(PLANS.columns.tessellation_id).where(PLANS.columns.id == plan)
    ).scalar_one()
    standing = tessellations.buildings_by_cell(connection, tessellation)
    columns = MICRO_GRIDS.columns
    query = select(MICRO_GRIDS, wkb(columns.geom).label("shape")).where(columns.plan_id == plan)
    rows = sorted(connection.execute(query), key=lambda row: (len(row.grid_key), row.grid_key, row.number))
    return tuple(
        MicroGrid(
            grid=row.grid_key,
            number=row.number,
            households=row.households,
            buildings=tuple(
                sorted(code for cell in cells[row.grid_key, row.number] for code in standing.get(cell, ()))
            ),
            cells=tuple(cells[row.grid_key, row.number]),
            geometry=shape(row.shape),
            area_m2=row.area_m2,
        )
        for row in rows
    )
