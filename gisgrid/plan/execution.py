"""Operations carried out: what was asked of a plan by hand becomes the plan as it is then.

Room: plan. In: a `Sheet` and an operation. Out: an `Edited`. Imports the modules of edits; no database.
"""

from __future__ import annotations

from gisgrid.plan import cutting, edits, operations
from gisgrid.plan.edits import Edited
from gisgrid.plan.operations import Operation
from gisgrid.plan.sheet import Sheet


def edited(sheet: Sheet, operation: Operation) -> Edited:
    """Return the plan after an operation; each raises as the function of its name.

    Raises
    ------
    NotFound
        An unknown grid, building or cell.
    UsageError
        The operation asks for what there is not.
    Conflict
        The plan does not allow it.
    """
    match operation:
        case operations.Assign():
            after = edits.arrange(sheet, [operation])
        case operations.Arrange(moves):
            after = edits.arrange(sheet, moves)
        case operations.Merge(grids):
            after = edits.merge(sheet, grids)
        case operations.Split(grid, seed):
            from gisgrid.plan import splitting  # noqa: PLC0415 - compiled loops take a second to load

            after = splitting.split(sheet, grid, seed)
        case operations.Rename(grid, name):
            after = edits.rename(sheet, grid, name)
        case operations.SetKind(grid, kind):
            after = edits.set_kind(sheet, grid, kind)
        case operations.SetLocks(locked, grids, buildings):
            after = edits.set_locks(sheet, grids, buildings, locked=locked)
        case operations.SplitByLine(grid, line):
            after = cutting.split_by_line(sheet, grid, line)
        case operations.Annex(grid, area):
            after = cutting.annex(sheet, grid, area)
    return after
