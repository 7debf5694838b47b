"""What an edit made of a plan, as a value that can be read both ways: so any edit can be taken back and made again.

Room: plan. In: the sheets before and after, or a sheet and a change. Out: a `PlanChange`, or the plan with the change
in it. Imports `plan.edits`; no database.

Grids are unions of their cells by cancelling edges, so the same assignment gives the very same polygons, byte for byte.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from gisgrid.errors import Conflict
from gisgrid.model import GridLabel, Locks, PlanChange, PlanPart
from gisgrid.plan.edits import Edited, finished, keys_of, relaid_grids
from gisgrid.plan.sheet import Sheet


def change_between(before: Sheet, after: Sheet, tessellations: tuple[str, str]) -> PlanChange | None:
    """Return what differs in two plans of one community, None where nothing does.

    Parameters
    ----------
    before, after
        The plan then and now.
    tessellations
        The ids of the cells that they lie on.
    """
    old, new = keys_of(before), keys_of(after)
    recut = tessellations[0] != tessellations[1]
    cells = [number for number in range(len(old)) if recut or old[number] != new[number]]
    labels = labels_of(before), labels_of(after)
    differ = sorted({key for key in labels[0].keys() | labels[1].keys() if labels[0].get(key) != labels[1].get(key)})
    touched = {*differ, *(key for number in cells if not recut for key in (old[number], new[number]))}
    locked = set(before.locks.buildings), set(after.locks.buildings)
    if not (cells or differ or locked[0] != locked[1]):
        return None
    return PlanChange(
        PlanPart(
            tuple((number, old[number]) for number in cells),
            _chosen(labels[0], touched),
            tuple(sorted(locked[0] - locked[1])),
            tessellations[0],
        ),
        PlanPart(
            tuple((number, new[number]) for number in (range(len(new)) if recut else cells)),
            _chosen(labels[1], touched),
            tuple(sorted(locked[1] - locked[0])),
            tessellations[1],
        ),
    )


def with_change(sheet: Sheet, change: PlanChange) -> Edited:
    """Return the plan with a change in it; codes go on as they do today.

    Parameters
    ----------
    sheet
        The plan as it is before the change, laid on the cells of the side after it.
    change
        An edit made again, or one reversed.

    Raises
    ------
    Conflict
        The plan is not as it was when the edit was made.
    """
    keys: list[str | None] = keys_of(sheet)
    for number, key in change.after.cells:
        if number >= len(keys):
            raise Conflict("The cells of the plan are not those of this edit; read the plan again.")
        keys[number] = key
    labels = {label.key: label for label in change.after.grids}
    grids = [
        grid
        if (label := labels.get(grid.key)) is None
        else dataclasses.replace(grid, name=label.name, kind=label.kind, code=label.code)
        for grid in relaid_grids(sheet, keys)
    ]
    return finished(sheet, grids, _locks(sheet.locks, change))


def labels_of(sheet: Sheet) -> Mapping[str, GridLabel]:
    """Return what a plan says of each grid beside its ground, by key."""
    locked = frozenset(sheet.locks.grids)
    return {grid.key: GridLabel(grid.key, grid.name, grid.kind, grid.code, grid.key in locked) for grid in sheet.grids}


def _chosen(labels: Mapping[str, GridLabel], keys: Iterable[str | None]) -> tuple[GridLabel, ...]:
    """Return the labels of these grids that there are, in order of key."""
    found = [labels[key] for key in keys if key is not None and key in labels]
    return tuple(sorted(found, key=lambda label: (len(label.key), label.key)))


def _locks(locks: Locks, change: PlanChange) -> Locks:
    """Return the locks as they are after a change."""
    named = {label.key for label in (*change.before.grids, *change.after.grids)}
    grids = {key for key in locks.grids if key not in named} | {each.key for each in change.after.grids if each.locked}
    buildings = set(locks.buildings) - set(change.before.locked_buildings) | set(change.after.locked_buildings)
    return Locks(tuple(sorted(grids)), tuple(sorted(buildings)))
