"""Plans: saved, read, listed, and moved from state to state.

Room: store. In: `model.Drawing`, a plan's id as text. Out: `model.Plan`, `PlanSummary`. Must not import any other room.

A plan's life: `draft` → `submitted` → `approved` → `published` (by `editions.publish`); or `rejected`, and back to
`draft`.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import Row, func, insert, select, update

from gisgrid.errors import Conflict, NotFound, StaleRevision
from gisgrid.model import Band, Cell, CellBorder, Drawing, DrawSettings, Finding, Grid, Locks, Plan, PlanState, Weights
from gisgrid.store import audit, findings, tessellations
from gisgrid.store.database import Connection, copy_rows, named_query
from gisgrid.store.findings import plain
from gisgrid.store.shapes import shape, wkb
from gisgrid.store.tables import PLAN_CELLS, PLAN_FINDINGS, PLAN_GRIDS, PLANS

TRANSITIONS: Final[Mapping[PlanState, frozenset[PlanState]]] = MappingProxyType(
    {
        "draft": frozenset({"submitted"}),
        "submitted": frozenset({"approved", "rejected"}),
        "approved": frozenset({"rejected"}),
        "rejected": frozenset({"draft"}),
        "published": frozenset(),
    }
)
_LARGEST_ID: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class PlanSummary:
    """A plan on a list: its state and its tallies, without grids and geometry."""

    id: str
    community: str
    state: PlanState
    revision: int
    grids: int
    households: int
    errors: int
    warnings: int
    base_edition: str | None
    created_at: datetime
    scheduled_for: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanStanding:
    """Which state and revision a plan has."""

    id: str
    community: str
    state: PlanState
    revision: int


def save_drawing(connection: Connection, drawing: Drawing) -> str:
    """Write a drawing as a new draft plan with its tessellation and findings, and return the plan's id."""
    tessellation = tessellations.save(connection, drawing.community, drawing.cells, drawing.borders)
    locks = Locks.of_draw(drawing.grids, drawing.settings)
    plan: int = connection.execute(
        insert(PLANS)
        .values(
            community_code=drawing.community,
            tessellation_id=tessellation,
            settings=plain(dataclasses.asdict(drawing.settings)),
            base_edition_id=None if drawing.base_edition is None else int(drawing.base_edition),
            locked_grids=list(locks.grids),
            locked_buildings=list(locks.buildings),
        )
        .returning(PLANS.columns.id)
    ).scalar_one()
    save_grids(connection, plan, drawing.grids)
    findings.append(connection, PLAN_FINDINGS, plan, drawing.findings)
    return str(plan)


def get(connection: Connection, plan_id: str) -> Plan:
    """Return the plan with its grids and findings.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    return _read(connection, _row(connection, plan_id))


def community_of(connection: Connection, plan_id: str) -> str:
    """Return the code of the plan's community, without reading the plan.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    community: str = _row(connection, plan_id).community_code
    return community


def standing(connection: Connection, plan_id: str) -> PlanStanding:
    """Return how a plan stands, without reading it.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    row = _row(connection, plan_id)
    return PlanStanding(str(row.id), row.community_code, row.state, row.revision)


def list_plans(connection: Connection, community: str | None = None) -> list[PlanSummary]:
    """Return the plans, of one community or of all, the newest first."""
    rows = connection.execute(named_query("plan_summaries"), {"community": community})
    return [
        PlanSummary(
            id=str(row.id),
            community=row.community_code,
            state=row.state,
            revision=row.revision,
            grids=row.grids,
            households=row.households,
            errors=row.errors,
            warnings=row.warnings,
            base_edition=_text(row.base_edition_id),
            created_at=row.created_at,
            scheduled_for=row.scheduled_for,
        )
        for row in rows
    ]


def drawn_drafts(connection: Connection, community: str) -> list[Plan]:
    """Return the drafts of a community whose grids are polygons as somebody drew them, the newest first."""
    columns = PLANS.columns
    laid = select(PLAN_CELLS.columns.plan_id).where(PLAN_CELLS.columns.plan_id == columns.id)
    drawn = select(PLAN_GRIDS.columns.plan_id).where(PLAN_GRIDS.columns.plan_id == columns.id)
    query = select(PLANS).where(columns.community_code == community, columns.state == "draft")
    rows = connection.execute(query.where(~laid.exists(), drawn.exists()).order_by(columns.id.desc())).all()
    return [_read(connection, row) for row in rows]


def set_state(
    connection: Connection,
    plan_id: str,
    state: PlanState,
    *,
    actor: str,
    revision: int | None = None,
    four_eyes: bool = True,
    reason: str | None = None,
) -> Plan:
    """Move the plan to this state and return it; the move is in the audit log, which `plan_history` reads.

    Parameters
    ----------
    actor
        Who decides: the name of a key or user.
    revision
        The revision that the caller has read; None where the caller does not mind.
    four_eyes
        Whether the one who submitted a plan is kept from approving it. False where one person holds the machine.
    reason
        Why, for those who read the plan's history.

    Raises
    ------
    NotFound
        There is no plan of this id.
    StaleRevision
        The plan has another revision by now.
    Conflict
        The plan's state does not lead there, or the submitter would approve it.
    """
    row = lock(connection, plan_id, revision=revision)
    if state not in TRANSITIONS[row.state]:
        possible = ", ".join(sorted(TRANSITIONS[row.state])) or "none"
        hint = " Publish it to put it in force." if row.state == "approved" else ""
        raise Conflict(f"Plan {plan_id} is {row.state} and cannot become {state}; possible: {possible}.{hint}")
    if state == "approved" and four_eyes and row.submitted_by == actor:
        raise Conflict(f"{actor} submitted plan {plan_id} and cannot approve it too; ask another reviewer.")
    values: dict[str, Any] = {"state": state}
    if state == "submitted":
        values |= {"submitted_by": actor, "submitted_at": func.clock_timestamp()}
    elif state == "draft":
        values |= {"submitted_by": None, "submitted_at": None, "decided_by": None, "decided_at": None}
    else:
        values |= {"decided_by": actor, "decided_at": func.clock_timestamp()}
    connection.execute(update(PLANS).where(PLANS.columns.id == row.id).values(**values))
    told = {} if reason is None else {"reason": reason}
    audit.record(connection, actor=actor, action=f"plan.{state}", subject=str(row.id), revision=row.revision, **told)
    return get(connection, plan_id)


def lock(connection: Connection, plan_id: str, *, revision: int | None = None) -> Row[Any]:
    """Return the plan's row, locked until the transaction ends: whoever changes a plan takes this first.

    Raises
    ------
    NotFound
        There is no plan of this id.
    StaleRevision
        The plan has another revision than the caller read.
    """
    row = _row(connection, plan_id, for_update=True)
    if revision is not None and revision != row.revision:
        raise StaleRevision(
            f"Plan {plan_id} is at revision {row.revision}, not {revision}: somebody changed it meanwhile; "
            "read it again and repeat the change.",
            row.revision,
        )
    return row


def cells_and_borders(connection: Connection, plan_id: str) -> tuple[tuple[Cell, ...], tuple[CellBorder, ...]]:
    """Return the cells of the plan's tessellation and their shared borders.

    Raises
    ------
    NotFound
        There is no plan of this id.
    """
    tessellation = _row(connection, plan_id).tessellation_id
    return tessellations.cells(connection, tessellation), tessellations.borders(connection, tessellation)


def save_findings(connection: Connection, plan: Plan, found: Sequence[Finding]) -> Plan:
    """Keep what a check found in place of what the last one did, and return the plan with these findings.

    Raises
    ------
    StaleRevision
        The plan was changed since it was read: the findings are of a plan that is no more.
    """
    row = lock(connection, plan.id, revision=plan.revision)
    findings.replace(connection, PLAN_FINDINGS, row.id, found)
    return dataclasses.replace(plan, findings=tuple(found))


def number(plan_id: str) -> int:
    """Return the database's number of a plan's id.

    Raises
    ------
    NotFound
        The text cannot be the id of a plan.
    """
    if not (plan_id.isascii() and plan_id.isdigit()) or int(plan_id) > _LARGEST_ID:
        raise NotFound(f"There is no plan {plan_id!r}; `gisgrid plans` lists them.")
    return int(plan_id)


def _row(connection: Connection, plan_id: str, *, for_update: bool = False) -> Row[Any]:
    query = select(PLANS).where(PLANS.columns.id == number(plan_id))
    row = connection.execute(query.with_for_update() if for_update else query).first()
    if row is None:
        raise NotFound(f"There is no plan {plan_id!r}; `gisgrid plans` lists them.")
    return row


def save_grids(connection: Connection, plan: int, grids: Sequence[Grid]) -> None:
    """Write a plan's grids and which cells they are made of."""
    save_grid_rows(connection, plan, grids)
    copy_rows(
        connection,
        PLAN_CELLS,
        ("plan_id", "cell_number", "grid_key"),
        ((plan, int(cell), grid.key) for grid in grids for cell in grid.cells),
    )


def save_grid_rows(connection: Connection, plan: int, grids: Sequence[Grid]) -> None:
    """Write grids of a plan, without their cells."""
    copy_rows(
        connection,
        PLAN_GRIDS,
        ("plan_id", "key", "code", "name", "kind", "households", "buildings", "area_m2", "geom"),
        (
            (plan, g.key, g.code, g.name, g.kind, int(g.households), len(g.buildings), float(g.area_m2), g.geometry)
            for g in grids
        ),
    )


def _read(connection: Connection, row: Row[Any]) -> Plan:
    """Return the plan of a row of `plans`."""
    settings = _settings(row.settings)
    return Plan(
        id=str(row.id),
        community=row.community_code,
        state=row.state,
        revision=row.revision,
        settings=settings,
        grids=_grids(connection, row.id, row.tessellation_id),
        findings=findings.read(connection, PLAN_FINDINGS, row.id),
        base_edition=_text(row.base_edition_id),
        created_at=row.created_at,
        tessellation=str(row.tessellation_id),
        locks=Locks(tuple(row.locked_grids), tuple(row.locked_buildings)),
    )


def _settings(stored: Mapping[str, Any]) -> DrawSettings:
    """Return the settings of a stored plan; those that are younger than the plan have their defaults."""
    values = dict(stored)
    band, weights = Band(**values.pop("band")), Weights(**values.pop("weights", {}))
    for name in ("locked_grids", "locked_buildings"):
        values[name] = tuple(values.get(name, ()))
    return DrawSettings(band=band, weights=weights, **values)


def _grids(connection: Connection, plan: int, tessellation: int) -> tuple[Grid, ...]:
    """Return a plan's grids in order of their keys."""
    cells: defaultdict[str, list[int]] = defaultdict(list)
    belongs = select(PLAN_CELLS.columns.grid_key, PLAN_CELLS.columns.cell_number)
    for key, cell in connection.execute(
        belongs.where(PLAN_CELLS.columns.plan_id == plan).order_by(PLAN_CELLS.columns.cell_number)
    ):
        cells[key].append(cell)
    standing = tessellations.buildings_by_cell(connection, tessellation)
    columns = PLAN_GRIDS.columns
    query = select(PLAN_GRIDS, wkb(columns.geom).label("shape")).where(columns.plan_id == plan).order_by(columns["key"])
    return tuple(
        Grid(
            key=row.key,
            kind=row.kind,
            name=row.name,
            code=row.code,
            households=row.households,
            buildings=tuple(sorted(code for cell in cells[row.key] for code in standing.get(cell, ()))),
            cells=tuple(cells[row.key]),
            geometry=shape(row.shape),
            area_m2=row.area_m2,
        )
        for row in connection.execute(query)
    )


def _text(identity: int | None) -> str | None:
    return None if identity is None else str(identity)
