"""A grid of a plan split in two by the search that draws plans.

Room: plan. In: a `Sheet`, the key of a grid, a seed. Out: the plan after it. Imports `plan.edits` and the compiled
loops, which take a second to load: so it stands apart.
"""

from __future__ import annotations

import numpy as np

from gisgrid.errors import Conflict
from gisgrid.plan.edits import Edited, connected, keys_of, next_key, relaid, require_cells, require_free
from gisgrid.plan.improve import BUDGETS, Budget, improve
from gisgrid.plan.objective import Rules, network_of, parting_costs
from gisgrid.plan.sheet import Sheet


def split(sheet: Sheet, key: str, seed: int = 0, budget: Budget | None = None) -> Edited:
    """Return the plan with a grid split into two connected parts, both in band where there is a way.

    The part with more households keeps the key, the other gets a new one.

    Raises
    ------
    NotFound
        An unknown grid.
    Conflict
        The grid has only one cell, or lies in pieces.
    LockedGround
        The grid is locked, or a building that would leave it.
    """
    require_cells(sheet)
    position = sheet.position(key)
    require_free([key for key in sheet.locks.grids if key == sheet.grids[position].key])
    graph, order = sheet.graph
    inside = sheet.grid_of_cell[order] == position
    units = np.flatnonzero(inside)
    if len(units) < 2:
        raise Conflict(f"Grid {key} has only one cell, and a building is never cut; it cannot be split.")
    borders = graph.borders
    within = borders.touching & inside[borders.a] & inside[borders.b]
    passable = within & borders.adjacent
    if not connected(units, passable, borders):
        passable = within
    if not connected(units, passable, borders):
        raise Conflict(f"Grid {key} lies in pieces; assign the smaller pieces to other grids before splitting it.")
    settings = sheet.settings
    parting = parting_costs(graph, passable, settings.weights)
    network = network_of(graph, units, passable, parting, weights=settings.weights, band=settings.band)
    rules = Rules.of(settings.band, settings.weights)
    found = improve(network, 2, rules, (seed,), budget or BUDGETS[settings.effort])
    loads = np.bincount(found.labels, weights=network.households, minlength=2)
    leaving = units[found.labels == (1 if loads[1] <= loads[0] else 0)]
    keys, fresh = keys_of(sheet), next_key(sheet)
    for cell in order[leaving].tolist():
        keys[cell] = fresh
    return relaid(sheet, keys)
