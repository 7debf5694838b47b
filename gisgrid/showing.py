"""What the planner's page shows of a plan, read from one state of the database: its board, and who changes grid.

Room: the corridor, below `workflow`. In: a `Database`, a plan's id. Out: the plan and the document that the page draws,
the list of buildings that leave their grid.
Nothing is changed. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gisgrid.maps.change_list import change_table
from gisgrid.maps.planner_board import BoardBorders, BoardContent, board_document
from gisgrid.maps.workbook import Table
from gisgrid.model import CommunityInputs, Division, Plan, PlanStep, Post
from gisgrid.plan.sheet import Sheet
from gisgrid.store import divisions, inputs, plan_revisions, plans, posts
from gisgrid.store.database import Connection, Database


@dataclass(frozen=True, slots=True)
class ShownPlan:
    """A plan, its community with the divisions above it, and the columns that the page draws."""

    plan: Plan
    path: tuple[Division, ...]
    undo: PlanStep | None
    redo: PlanStep | None
    board: dict[str, Any]


def show_plan(database: Database, plan_id: str) -> ShownPlan:
    """Return a plan as the planner's page shows it.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    with database.transaction() as connection:
        plan = plans.get(connection, plan_id)
        ground = plans.cells_and_borders(connection, plan_id)
        material = inputs.read_community(connection, plan.community)
        path = divisions.chain(connection, plan.community)
        on_duty = _on_duty(connection, material)
        undo, redo = plan_revisions.steps(connection, plan_id, plan.revision)
    sheet = Sheet.of(plan.grids, ground, material, plan.settings)
    borders = sheet.borders
    touching = borders.touching
    content = BoardContent(
        inputs=material,
        grids=plan.grids,
        cells=[cell.geometry for cell in sheet.cells],
        households=sheet.cell_households,
        grid_of_cell=sheet.grid_of_cell,
        cell_of_building={code: cell.number for cell in sheet.cells for code in cell.buildings},
        borders=BoardBorders(
            borders.a[touching],
            borders.b[touching],
            borders.length_m[touching],
            (borders.barrier_m + borders.street_m)[touching],
            borders.adjacent[touching],
        ),
        posts=on_duty,
        locked_grids=frozenset(plan.locks.grids),
        locked_buildings=frozenset(plan.locks.buildings),
    )
    return ShownPlan(plan, path, undo, redo, board_document(content))


def list_changes(database: Database, plan_id: str) -> Table:
    """Return who changes grid against the edition in force, one row a building; none before the first edition.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    with database.transaction() as connection:
        plan = plans.get(connection, plan_id)
        material = inputs.read_community(connection, plan.community)
        on_duty = _on_duty(connection, material)
    return change_table(plan.grids, material, on_duty)


def _on_duty(connection: Connection, material: CommunityInputs) -> dict[str, list[Post]]:
    """Return who serves the community's grids in force now, by code."""
    current = material.current
    return posts.on_duty_in(connection, [] if current is None else [grid.code for grid in current.grids if grid.code])
