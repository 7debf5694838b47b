"""The figures of each grid of a plan: households, buildings, ground, shape, ties kept, borders along streets.

Room: plan. In: a `Sheet`. Out: one `GridTally` a grid. Imports the geometry room and `plan.sheet`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gisgrid.geometry.shape import polsby_popper
from gisgrid.model import Cell, CellBorder, CommunityInputs, Drawing, GridKind, Plan
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.sheet import Sheet


@dataclass(frozen=True, slots=True)
class GridTally:
    """What a grid amounts to.

    Attributes
    ----------
    households
        By the buildings of today.
    compactness
        Polsby-Popper, 1 for a circle.
    ties_kept
        Share of the weight of its buildings' ties whose other end is in the grid too; 1 where it has none.
    line_share
        Share of its border with other grids that follows streets or barriers; 1 where it has none.
    """

    key: str
    code: str | None
    name: str | None
    kind: GridKind
    households: int
    buildings: int
    area_m2: float
    compactness: float
    ties_kept: float
    line_share: float


def tally_plan(
    plan: Plan | Drawing, cells: Sequence[Cell], borders: Sequence[CellBorder], inputs: CommunityInputs
) -> tuple[GridTally, ...]:
    """Return the tally of each grid, in the plan's order; parameters as of `checks.check_plan`."""
    return tally(Sheet.of(plan.grids, (cells, borders), inputs, plan.settings))


def tally(sheet: Sheet) -> tuple[GridTally, ...]:
    """Return the tally of each grid of a sheet, in its order."""
    count, of_cell = len(sheet.grids), sheet.grid_of_cell
    borders, ties = sheet.borders, sheet.ties
    between = of_cell[borders.a] != of_cell[borders.b]
    on_lines = np.minimum(borders.barrier_m + borders.street_m, borders.length_m)
    sides = np.concatenate([of_cell[borders.a[between]], of_cell[borders.b[between]]])
    outer = _sums(count, sides, np.tile(borders.length_m[between], 2))
    along = _sums(count, sides, np.tile(on_lines[between], 2))
    apart = of_cell[ties.a] != of_cell[ties.b]
    kept = _sums(count, of_cell[ties.a[~apart]], ties.weight[~apart])
    ends = np.concatenate([of_cell[ties.a[apart]], of_cell[ties.b[apart]]])
    cut = _sums(count, ends, np.tile(ties.weight[apart], 2))
    shapes = polsby_popper(sheet.place.to_metres([grid.geometry for grid in sheet.grids]))
    return tuple(
        GridTally(
            key=grid.key,
            code=grid.code,
            name=grid.name,
            kind=grid.kind,
            households=int(sheet.households[i]),
            buildings=len(grid.buildings),
            area_m2=grid.area_m2,
            compactness=round(float(shapes[i]), 4),
            ties_kept=_share(kept[i], kept[i] + cut[i]),
            line_share=_share(along[i], outer[i]),
        )
        for i, grid in enumerate(sheet.grids)
    )


def _sums(count: int, grids: Integers, amounts: Floats) -> Floats:
    """Return the sum of the amounts for each grid; cells in no grid (-1) do not count."""
    inside = grids >= 0
    return np.bincount(grids[inside], weights=amounts[inside], minlength=count).astype(np.float64)


def _share(part: float, whole: float) -> float:
    """Return the part of a whole, 1 where there is nothing to share."""
    return round(float(part / whole), 4) if whole > 0.0 else 1.0
