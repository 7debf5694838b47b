"""Edits of a plan by hand: assign, arrange, merge, split, rename, kind, lock.

Room: plan. In: a `Sheet` and what is asked for. Out: the sheet as it is then, which grids changed, and the findings of
the whole plan. Imports the geometry room and the modules of `plan`; no database: undo is the caller's journal, made of
`plan.changes`.

Whole cells move, so no edit cuts a building or opens a gap. An edit that leaves a grid in pieces or out of band is
carried out and reported: planners pass through such states on the way to a better plan. What is locked does not move.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.errors import Conflict, LockedGround, NotFound, UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.geometry.coverage import dissolve
from gisgrid.model import Finding, Grid, GridKind, Locks
from gisgrid.plan import operations
from gisgrid.plan.check_proof import proofs_in
from gisgrid.plan.checks import findings_of
from gisgrid.plan.graph import Borders, Flags, Integers
from gisgrid.plan.numbering import continued_codes
from gisgrid.plan.preview import NEW
from gisgrid.plan.sheet import Sheet

LONGEST_NAME: Final = 50
NAMED: Final = 5
"""So many of the things that stand in the way are named in a sentence."""

_NEW: Final = re.compile(rf"{NEW}(-[1-9][0-9]{{0,2}})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Edited:
    """A plan after an edit.

    Attributes
    ----------
    sheet
        The plan as it is now.
    changed
        Keys of the grids that changed, began or ended.
    findings
        The findings of the whole plan as it is now.
    """

    sheet: Sheet
    changed: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def grids(self) -> tuple[Grid, ...]:
        """All grids, in order of key."""
        return self.sheet.grids


def assign(sheet: Sheet, buildings: Sequence[str], to: str) -> Edited:
    """Return the plan with the cells of these buildings in another grid, or a `new` one; raises as `arrange`."""
    return arrange(sheet, [operations.Assign(to, tuple(buildings))])


def arrange(sheet: Sheet, moves: Sequence[operations.Assign]) -> Edited:
    """Return the plan with buildings and cells in other grids, all at once; a grid left without cells ends.

    Raises
    ------
    NotFound
        An unknown building, cell or grid.
    UsageError
        A move names neither building nor cell, or two moves want the same cell.
    Conflict
        The plan has no cells.
    LockedGround
        A grid or building among them is locked.
    """
    require_cells(sheet)
    begun: dict[str, str] = {}
    goes: dict[int, str] = {}
    for move in moves:
        if _NEW.fullmatch(move.to):
            key = begun.setdefault(move.to, next_key(sheet, len(begun)))
        else:
            key = sheet.grids[sheet.position(move.to)].key
        for cell in _cells_of(sheet, move):
            if goes.setdefault(cell, key) != key:
                raise UsageError(f"Cell {cell} would go to two grids, {goes[cell]} and {key}; name it in one move.")
    if not goes:
        raise UsageError("No move was named; give at least one with its buildings and where they go.")
    keys = keys_of(sheet)
    for cell, key in goes.items():
        keys[cell] = key
    return relaid(sheet, keys)


def merge(sheet: Sheet, keys: Sequence[str]) -> Edited:
    """Return the plan with grids merged into one that keeps the first one's key.

    Raises
    ------
    NotFound
        An unknown grid.
    UsageError
        Fewer than two different grids.
    LockedGround
        One of them is locked, or holds a locked building that would leave its grid.
    """
    require_cells(sheet)
    known = [sheet.grids[sheet.position(key)].key for key in keys]
    if len(set(known)) < 2:
        raise UsageError("A merge takes at least two different grids; give their keys.")
    return relaid(sheet, [known[0] if key in known else key for key in keys_of(sheet)])


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


def set_locks(sheet: Sheet, grids: Sequence[str], buildings: Sequence[str], *, locked: bool) -> Edited:
    """Return the plan with grids and buildings locked where they are, or freed.

    Raises
    ------
    NotFound
        An unknown grid or building; a lock on a building that was pulled down can still be taken away.
    UsageError
        Neither a grid nor a building was named.
    """
    if not grids and not buildings:
        raise UsageError("Nothing to lock or free was named; give keys of grids or codes of buildings.")
    keys = {sheet.grids[sheet.position(key)].key for key in grids}
    _require_known(sheet, [code for code in buildings if locked or code not in sheet.locks.buildings])
    held = (set(sheet.locks.grids), set(sheet.locks.buildings))
    asked = (keys, set(buildings))
    left = [now | more if locked else now - more for now, more in zip(held, asked, strict=True)]
    return finished(sheet, sheet.grids, Locks(tuple(sorted(left[0])), tuple(sorted(left[1]))))


def require_cells(sheet: Sheet) -> None:
    """Refuse a plan that was drawn by hand and has no cells to move."""
    if not sheet.has_cells:
        raise Conflict("This plan has no cells to move; repair it first, which lays it on cells.")


def require_free(grids: Sequence[str], buildings: Sequence[str] = ()) -> None:
    """Refuse an edit that these locked grids and buildings stand in the way of, if there are any."""
    if grids or buildings:
        named = [f"grid {key}" for key in grids] + [f"building {code}" for code in buildings]
        more = f" and {len(named) - NAMED} more" if len(named) > NAMED else ""
        raise LockedGround(
            f"Locked and in the way: {', '.join(named[:NAMED])}{more}; take the locks away first, or leave them out.",
            grids,
            buildings,
        )


def keys_of(sheet: Sheet) -> list[str | None]:
    """Return the key of the grid of each cell, None for a cell in none."""
    return [sheet.grids[position].key if position >= 0 else None for position in sheet.grid_of_cell.tolist()]


def next_key(sheet: Sheet, further: int = 0) -> str:
    """Return a key that the plan does not have: the number after its greatest, or one so much further."""
    return str(1 + further + max((int(grid.key) for grid in sheet.grids if grid.key.isdecimal()), default=0))


def connected(units: Integers, passable: Flags, borders: Borders) -> bool:
    """Return whether the passable borders connect the units."""
    pieces = components(int(units.max()) + 1, borders.a[passable], borders.b[passable])
    return len(np.unique(pieces[units])) == 1


def relaid(sheet: Sheet, keys: Sequence[str | None]) -> Edited:
    """Return the plan with its cells in the grids of these keys; only grids whose cells changed are made anew.

    Raises
    ------
    LockedGround
        A locked grid would change, or a locked building leave its grid.
    """
    _require_unlocked(sheet, keys)
    return finished(sheet, relaid_grids(sheet, keys), sheet.locks)


def relaid_grids(sheet: Sheet, keys: Sequence[str | None]) -> list[Grid]:
    """Return the grids that the cells make with these keys; those whose cells are the same are the very same."""
    cells_of: dict[str, list[int]] = {}
    for number, key in enumerate(keys):
        if key is not None:
            cells_of.setdefault(key, []).append(number)
    old = {grid.key: grid for grid in sheet.grids}
    return [
        old[key] if key in old and sorted(old[key].cells) == numbers else _laid(sheet, key, numbers, old.get(key))
        for key, numbers in cells_of.items()
    ]


def finished(sheet: Sheet, grids: Iterable[Grid], locks: Locks) -> Edited:
    """Return the edited plan: codes that go on by the rule of numbering, keys in order, locks that hold, findings."""
    ordered = sorted(grids, key=lambda grid: (len(grid.key), grid.key))
    current = sheet.inputs.current
    if current is not None:
        codes = continued_codes(ordered, current.grids, {c: b.households for c, b in sheet.buildings.items()})
        in_force = {grid.code for grid in current.grids}
        # A code that came with a drawing and was never used goes on with its grid; one in force only by the rule.
        own = {grid.key: grid.code for grid in ordered if grid.code not in in_force}
        ordered = [dataclasses.replace(grid, code=codes.get(grid.key, own.get(grid.key))) for grid in ordered]
    left = {grid.key for grid in ordered}
    new = sheet.with_grids(ordered, Locks(tuple(key for key in locks.grids if key in left), locks.buildings))
    found = findings_of(new)
    # What was proven of a zone that is divided otherwise now is not claimed again, whoever reads the plan next.
    return Edited(new.with_proofs(proofs_in(found)), changed_keys(sheet, new), found)


def _cells_of(sheet: Sheet, move: operations.Assign) -> list[int]:
    """Return the cells that a move names, by themselves or by their buildings."""
    if not move.buildings and not move.cells:
        raise UsageError("No building was named; give the codes of the buildings to assign.")
    _require_known(sheet, move.buildings)
    for cell in move.cells:
        if not 0 <= cell < len(sheet.cells):
            raise NotFound(f"The plan has no cell {cell}; its cells are 0 to {len(sheet.cells) - 1}.")
    return [*(sheet.cell_of_building[code] for code in move.buildings), *move.cells]


def _require_known(sheet: Sheet, buildings: Sequence[str]) -> None:
    """Refuse buildings that stand on no cell of the plan."""
    unknown = [code for code in buildings if code not in sheet.cell_of_building]
    if unknown:
        raise NotFound(f"The plan has no building {unknown[0]!r}; draw it again if the building is new.")


def _require_unlocked(sheet: Sheet, keys: Sequence[str | None]) -> None:
    """Refuse an edit that changes a locked grid or takes a locked building out of its grid."""
    if not sheet.locks.grids and not sheet.locks.buildings:
        return
    moving = [(cell, old, new) for cell, (old, new) in enumerate(zip(keys_of(sheet), keys, strict=True)) if old != new]
    held = frozenset(sheet.locks.buildings)
    grids = sorted({key for _, *sides in moving for key in sides if key in sheet.locks.grids})
    buildings = sorted({code for cell, *_ in moving for code in sheet.cells[cell].buildings if code in held})
    require_free(grids, buildings)


def _laid(sheet: Sheet, key: str, numbers: Sequence[int], old: Grid | None) -> Grid:
    """Return a grid made of these cells."""
    cells = [sheet.cells[number] for number in numbers]
    polygon = dissolve([cell.geometry for cell in cells], np.zeros(len(cells), dtype=np.int64))[1][0]
    return Grid(
        key=key,
        kind=old.kind if old is not None else "residential",
        name=old.name if old is not None else None,
        code=old.code if old is not None else None,
        households=int(sheet.cell_households[list(numbers)].sum()),
        buildings=tuple(sorted(code for cell in cells for code in cell.buildings)),
        cells=tuple(numbers),
        geometry=polygon,
        area_m2=round(sum(cell.area_m2 for cell in cells), 2),
    )


def _replaced(sheet: Sheet, grid: Grid) -> Edited:
    """Return the plan with one grid replaced by another of the same key."""
    return finished(sheet, [grid if each.key == grid.key else each for each in sheet.grids], sheet.locks)


def changed_keys(before: Sheet, after: Sheet) -> tuple[str, ...]:
    """Return the keys of the grids that differ in two plans, in order."""
    recut = before.cells is not after.cells
    sides = [
        {
            grid.key: (
                grid.geometry.wkb if recut else grid.cells,
                (grid.name, grid.kind, grid.code, grid.key in sheet.locks.grids),
            )
            for grid in sheet.grids
        }
        for sheet in (before, after)
    ]
    differ = {key for key in sides[0].keys() | sides[1].keys() if sides[0].get(key) != sides[1].get(key)}
    return tuple(sorted(differ, key=lambda key: (len(key), key)))
