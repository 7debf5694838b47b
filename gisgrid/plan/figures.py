"""The figures of a whole plan: one line of the table that a planner compares plans by.

Room: plan. In: a `Sheet`. Out: `PlanFigures`. Imports `plan.sheet`, `plan.tallies` and `plan.compare`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gisgrid.plan.compare import compare
from gisgrid.plan.sheet import Sheet
from gisgrid.plan.tallies import tally


@dataclass(frozen=True, slots=True)
class PlanFigures:
    """What a plan amounts to.

    Attributes
    ----------
    grids, residential
        All grids, and those the household band holds for.
    in_band
        Residential grids within the band.
    estates_split
        Estates whose buildings stand in more than one grid.
    ties_kept
        Share of the weight of all ties whose two ends share a grid; 1 where there is none.
    compactness
        Mean Polsby-Popper of the grids.
    line_share
        Share of the borders between grids that follows streets or barriers; 1 where there is none.
    households_moved
        Households that change grid against the edition in force; None where none is.
    """

    grids: int
    residential: int
    in_band: int
    households: int
    estates_split: int
    ties_kept: float
    compactness: float
    line_share: float
    households_moved: int | None = None


def figures_of(sheet: Sheet) -> PlanFigures:
    """Return the figures of a sheet, counted by the buildings of today."""
    tallies = tally(sheet)
    residential = [each for each in tallies if each.kind == "residential"]
    band, of_cell, borders, ties = sheet.settings.band, sheet.grid_of_cell, sheet.borders, sheet.ties
    between = of_cell[borders.a] != of_cell[borders.b]
    length = float(borders.length_m[between].sum())
    along = np.minimum(borders.barrier_m + borders.street_m, borders.length_m)[between]
    together = of_cell[ties.a] == of_cell[ties.b]
    weight = float(ties.weight.sum())
    return PlanFigures(
        grids=len(tallies),
        residential=len(residential),
        in_band=sum(band.minimum <= each.households <= band.maximum for each in residential),
        households=sum(each.households for each in tallies),
        estates_split=_estates_split(sheet),
        ties_kept=float(ties.weight[together].sum()) / weight if weight > 0.0 else 1.0,
        compactness=float(np.mean([each.compactness for each in tallies])) if tallies else 1.0,
        line_share=float(along.sum()) / length if length > 0.0 else 1.0,
        households_moved=_households_moved(sheet),
    )


def _households_moved(sheet: Sheet) -> int | None:
    """Return how many households change grid against the edition in force, None where none is."""
    current = sheet.inputs.current
    if current is None:
        return None
    households = {code: building.households for code, building in sheet.buildings.items()}
    return compare(current.grids, sheet.grids, households).households_moved


def _estates_split(sheet: Sheet) -> int:
    """Return how many estates have buildings in more than one grid."""
    estates = {building.code: building.estate for building in sheet.inputs.buildings if building.estate is not None}
    grids: dict[str, set[str]] = {}
    for grid in sheet.grids:
        for building in grid.buildings:
            if building in estates:
                grids.setdefault(estates[building], set()).add(grid.key)
    return sum(len(keys) > 1 for keys in grids.values())
