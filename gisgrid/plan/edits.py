"""Edits of a plan by hand: assign, merge, split, rename, kind.

Room: plan. In: a `Sheet` and what is asked for. Out: the new grids, which of them changed, and the findings of the plan
as it is then. Imports the geometry room and the modules of `plan`; no database: undo is the caller's journal.

Whole cells move, so no edit cuts a building or opens a gap. An edit that leaves a grid in pieces or out of band is
carried out and reported: planners pass through such states on the way to a better plan.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.errors import Conflict, NotFound, UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.geometry.coverage import dissolve
from gisgrid.model import Finding, Grid, GridKind
from gisgrid.plan.checks import findings_of
from gisgrid.plan.graph import Borders, Flags, Integers
from gisgrid.plan.improve import BUDGETS, Budget, improve
from gisgrid.plan.numbering import continued_codes
from gisgrid.plan.objective import Rules, network_of, parting_costs
from gisgrid.plan.preview import NEW
from gisgrid.plan.sheet import Sheet

LONGEST_NAME: Final = 50


@dataclass(frozen=True, slots=True)
class Edited:
    """A plan after an edit.

    Attributes
    ----------
    grids
        All grids, in order of key.
    changed
        Keys of the grids that changed, began or ended.
    findings
        The findings of the whole plan as it is now.
    """

    grids: tuple[Grid, ...]
    changed: tuple[str, ...]
    findings: tuple[Finding, ...]


def assign(sheet: Sheet, buildings: Sequence[str], to: str) -> Edited:
    """Return the plan with the cells of these buildings in another grid; a grid left without cells ends.

    Parameters
    ----------
    sheet
        The plan.
    buildings
        Building codes; buildings that share a cell move together.
    to
        Key of a grid, or "new".

    Raises
    ------
    NotFound
        An unknown building or grid.
    Conflict
        The plan has no cells.
    """
    _require_cells(sheet)
    cell_of = {code: cell.number for cell in sheet.cells for code in cell.buildings}
    unknown = [code for code in buildings if code not in cell_of]
    if unknown:
        raise NotFound(f"The plan has no building {unknown[0]!r}; draw it again if the building is new.")
    if not buildings:
        raise UsageError("No building was named; give the codes of the buildings to assign.")
    key = _next_key(sheet) if to == NEW else sheet.grids[sheet.position(to)].key
    keys = _keys(sheet)
    for code in buildings:
        keys[cell_of[code]] = key
    return _relaid(sheet, keys)


def merge(sheet: Sheet, keys: Sequence[str]) -> Edited:
    """Return the plan with grids merged into one that keeps the first one's key.

    Raises
    ------
    NotFound
        An unknown grid.
    UsageError
        Fewer than two different grids.
    """
    _require_cells(sheet)
    known = [sheet.grids[sheet.position(key)].key for key in keys]
    if len(set(known)) < 2:
        raise UsageError("A merge takes at least two different grids; give their keys.")
    return _relaid(sheet, [known[0] if key in known else key for key in _keys(sheet)])


def split(sheet: Sheet, key: str, seed: int = 0, budget: Budget | None = None) -> Edited:
    """Return the plan with a grid split into two connected parts, both in band where there is a way.

    The part with more households keeps the key, the other gets a new one.

    Raises
    ------
    NotFound
        An unknown grid.
    Conflict
        The grid has only one cell, or lies in pieces.
    """
    _require_cells(sheet)
    position = sheet.position(key)
    graph, order = sheet.graph
    inside = sheet.grid_of_cell[order] == position
    units = np.flatnonzero(inside)
    if len(units) < 2:
        raise Conflict(f"Grid {key} has only one cell, and a building is never cut; it cannot be split.")
    borders = graph.borders
    within = borders.touching & inside[borders.a] & inside[borders.b]
    passable = within & borders.adjacent
    if not _connected(units, passable, borders):
        passable = within
    if not _connected(units, passable, borders):
        raise Conflict(f"Grid {key} lies in pieces; assign the smaller pieces to other grids before splitting it.")
    settings = sheet.settings
    parting = parting_costs(graph, passable, settings.weights)
    network = network_of(graph, units, passable, parting, weights=settings.weights, band=settings.band)
    rules = Rules.of(settings.band, settings.weights)
    found = improve(network, 2, rules, (seed,), budget or BUDGETS[settings.effort])
    loads = np.bincount(found.labels, weights=network.households, minlength=2)
    leaving = units[found.labels == (1 if loads[1] <= loads[0] else 0)]
    keys, fresh = _keys(sheet), _next_key(sheet)
    for cell in order[leaving].tolist():
        keys[cell] = fresh
    return _relaid(sheet, keys)


def rename(sheet: Sheet, key: str, name: str) -> Edited:
    """Return the plan with another name for a grid.

    Raises
    ------
    NotFound
        An unknown grid.
    UsageError
        The name is empty, too long or holds control characters.
    """
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise UsageError(f"A grid's name has 1 to {LONGEST_NAME} printable characters; {name[:60]!r} does not.")
    return _replaced(sheet, dataclasses.replace(sheet.grids[sheet.position(key)], name=name))


def set_kind(sheet: Sheet, key: str, kind: GridKind) -> Edited:
    """Return the plan with a grid made residential or dedicated.

    Raises
    ------
    NotFound
        An unknown grid.
    UsageError
        An unknown kind.
    """
    if kind not in {"residential", "dedicated"}:
        raise UsageError(f"A grid is residential or dedicated, not {kind!r}.")
    return _replaced(sheet, dataclasses.replace(sheet.grids[sheet.position(key)], kind=kind))


def _require_cells(sheet: Sheet) -> None:
    """Refuse a plan that was drawn by hand and has no cells to move."""
    if not sheet.cells or not any(grid.cells for grid in sheet.grids):
        raise Conflict("This plan has no cells to move; repair it first, which lays it on cells.")


def _keys(sheet: Sheet) -> list[str | None]:
    """Return the key of the grid of each cell, None for a cell in none."""
    return [sheet.grids[position].key if position >= 0 else None for position in sheet.grid_of_cell.tolist()]


def _next_key(sheet: Sheet) -> str:
    """Return a key that the plan does not have: the number after its greatest."""
    return str(1 + max((int(grid.key) for grid in sheet.grids if grid.key.isdecimal()), default=0))


def _connected(units: Integers, passable: Flags, borders: Borders) -> bool:
    """Return whether the passable borders connect the units."""
    pieces = components(int(units.max()) + 1, borders.a[passable], borders.b[passable])
    return len(np.unique(pieces[units])) == 1


def _relaid(sheet: Sheet, keys: Sequence[str | None]) -> Edited:
    """Return the plan with its cells in the grids of these keys; only grids whose cells changed are made anew."""
    cells_of: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        if key is not None:
            cells_of.setdefault(key, []).append(number)
    old = {grid.key: grid for grid in sheet.grids}
    changed = [
        key for key in {*old, *cells_of} if sorted(old[key].cells if key in old else ()) != cells_of.get(key, [])
    ]
    grids = {
        key: _laid(sheet, key, numbers, old.get(key)) if key in changed else old[key]
        for key, numbers in cells_of.items()
    }
    return _finished(sheet, grids, changed)


def _laid(sheet: Sheet, key: str, numbers: Sequence[int], old: Grid | None) -> Grid:
    """Return a grid made of these cells."""
    cells = [sheet.cells[number] for number in numbers]
    polygon = dissolve([cell.geometry for cell in cells], np.zeros(len(cells), dtype=np.int64))[1][0]
    return Grid(
        key=key,
        kind=old.kind if old is not None else "residential",
        name=old.name if old is not None else None,
        code=None,
        households=int(sheet.cell_households[list(numbers)].sum()),
        buildings=tuple(sorted(code for cell in cells for code in cell.buildings)),
        cells=tuple(numbers),
        geometry=polygon,
        area_m2=round(sum(cell.area_m2 for cell in cells), 2),
    )


def _replaced(sheet: Sheet, grid: Grid) -> Edited:
    """Return the plan with one grid replaced by another of the same key."""
    return _finished(sheet, {each.key: each for each in sheet.grids} | {grid.key: grid}, [grid.key])


def _finished(sheet: Sheet, grids: dict[str, Grid], changed: Sequence[str]) -> Edited:
    """Return the edited plan: codes that go on by the rule of numbering, keys in order, findings."""
    ordered = [grids[key] for key in sorted(grids, key=lambda key: (len(key), key))]
    current = sheet.inputs.current
    if current is not None:
        codes = continued_codes(ordered, current.grids, {c: b.households for c, b in sheet.buildings.items()})
        ordered = [dataclasses.replace(grid, code=codes.get(grid.key)) for grid in ordered]
    new = dataclasses.replace(sheet, grids=tuple(ordered))
    return Edited(new.grids, tuple(sorted(changed, key=lambda key: (len(key), key))), findings_of(new))
