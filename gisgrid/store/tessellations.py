"""Tessellations: a community's cells and their borders, written once and shared by its plans.

Room: store. In: `model.Cell` and `model.CellBorder`. Out: the same. Must not import any other room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from sqlalchemy import insert, select

from gisgrid.model import Cell, CellBorder
from gisgrid.store.database import Connection, copy_rows
from gisgrid.store.shapes import shape, wkb
from gisgrid.store.tables import CELL_BORDERS, CELL_BUILDINGS, CELLS, TESSELLATIONS


def save(connection: Connection, community: str, cells: Sequence[Cell], borders: Sequence[CellBorder]) -> int:
    """Write a community's cells and their borders and return the tessellation's id."""
    tessellation: int = connection.execute(
        insert(TESSELLATIONS).values(community_code=community).returning(TESSELLATIONS.columns.id)
    ).scalar_one()
    copy_rows(
        connection,
        CELLS,
        ("tessellation_id", "number", "households", "area_m2", "dedicated", "geom"),
        (
            (tessellation, cell.number, int(cell.households), float(cell.area_m2), cell.dedicated, cell.geometry)
            for cell in cells
        ),
    )
    copy_rows(
        connection,
        CELL_BUILDINGS,
        ("tessellation_id", "building_code", "cell_number"),
        ((tessellation, building, cell.number) for cell in cells for building in cell.buildings),
    )
    copy_rows(
        connection,
        CELL_BORDERS,
        ("tessellation_id", "a", "b", "length_m", "barrier_m", "street_m"),
        ((tessellation, border.a, border.b, border.length_m, border.barrier_m, border.street_m) for border in borders),
    )
    return tessellation


def cells(connection: Connection, tessellation: int) -> tuple[Cell, ...]:
    """Return the cells of a tessellation in order of their numbers."""
    standing = buildings_by_cell(connection, tessellation)
    columns = CELLS.columns
    query = (
        select(columns.number, columns.households, columns.area_m2, columns.dedicated, wkb(columns.geom).label("shape"))
        .where(columns.tessellation_id == tessellation)
        .order_by(columns.number)
    )
    return tuple(
        Cell(
            number=row.number,
            buildings=tuple(standing.get(row.number, ())),
            households=row.households,
            geometry=shape(row.shape),
            area_m2=row.area_m2,
            dedicated=row.dedicated,
        )
        for row in connection.execute(query)
    )


def borders(connection: Connection, tessellation: int) -> tuple[CellBorder, ...]:
    """Return the shared borders of a tessellation's cells in order of the two numbers."""
    columns = CELL_BORDERS.columns
    query = (
        select(columns.a, columns.b, columns.length_m, columns.barrier_m, columns.street_m)
        .where(columns.tessellation_id == tessellation)
        .order_by(columns.a, columns.b)
    )
    return tuple(CellBorder(*row) for row in connection.execute(query))


def buildings_by_cell(connection: Connection, tessellation: int) -> dict[int, list[str]]:
    """Return the codes of the buildings that stand on each cell, in order; empty cells are left out."""
    columns = CELL_BUILDINGS.columns
    query = (
        select(columns.cell_number, columns.building_code)
        .where(columns.tessellation_id == tessellation)
        .order_by(columns.building_code)
    )
    standing: defaultdict[int, list[str]] = defaultdict(list)
    for number, building in connection.execute(query):
        standing[number].append(building)
    return dict(standing)
