"""The edition in force, laid on the cells of today.

Room: plan. In: cells and the grids in force. Out: the grid of each cell. Imports numpy and shapely; no compiled loops,
so that checks load quickly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np
import shapely

from gisgrid.model import Cell, Grid
from gisgrid.plan.graph import Integers


def grid_in_force_of(
    cells: Sequence[Cell],
    grids: Sequence[Grid],
    households: Mapping[str, int],
    locked: Set[str] = frozenset(),
) -> Integers:
    """Return the grid in force of each cell as a position in `grids`, -1 where there is none.

    A cell is in the grid of its buildings, by most households; empty ground is in the grid that its point lies in.
    A building that came since is in no grid, but on the ground of a locked grid it belongs to that one.

    Parameters
    ----------
    cells
        Of the community as it is today.
    grids
        The grids in force.
    households
        Households of each building today.
    locked
        Codes of the grids in force that stay as they are.
    """
    of_building = {building: position for position, grid in enumerate(grids) for building in grid.buildings}
    home = np.full(len(cells), -1, dtype=np.int64)
    for number, cell in enumerate(cells):
        shares: dict[int, float] = {}
        for building in cell.buildings:
            if building in of_building:
                position = of_building[building]
                shares[position] = shares.get(position, 0.0) + households.get(building, 0) + 1e-3
        if shares:
            home[number] = min(shares, key=lambda position: (-shares[position], position))
    unknown = np.flatnonzero(home < 0)
    if not len(unknown) or not grids:
        return home
    points = shapely.point_on_surface([cells[number].geometry for number in unknown.tolist()])
    at, position = shapely.STRtree([grid.geometry for grid in grids]).query(points, predicate="within")
    empty = np.array([not cells[number].buildings for number in unknown[at].tolist()], dtype=np.bool_)
    held = np.array([grid.code in locked for grid in grids], dtype=np.bool_)
    taken = empty | held[position]
    home[unknown[at[taken]]] = position[taken]
    return home
