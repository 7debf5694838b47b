"""What is worth knowing of micro grids: which are outside their band, and why.

Room: plan. In: micro grids, their band, the households of each building. Out: findings. Imports shapely and the
model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import shapely

from gisgrid.model import Band, Finding, MicroGrid, Rule

MICRO_GRID_ONE_BUILDING: Final = Rule(
    "micro_grid_one_building",
    "info",
    "Buildings that alone hold more than {maximum} households, each with a micro grid of its own: {count}, with "
    "{households} households. Where that is too many for one steward, enter their entrances as buildings.",
    "单栋超过{maximum}户而单独成为微网格的楼栋共{count}栋、{households}户；一名联户长难以负责的，请按单元拆分录入。",
)
MICRO_GRID_ABOVE_BAND: Final = Rule(
    "micro_grid_above_band",
    "warning",
    "Grid {grid} has {count} micro grid(s) with more than {maximum} households ({listed}), because their buildings "
    "cannot be shared out otherwise. Accept them, or widen the band.",
    "网格{grid}有{count}个微网格超过{maximum}户（{listed_zh}），其楼栋无法另行划分；请批准例外或放宽标准。",
)
MICRO_GRID_BELOW_BAND: Final = Rule(
    "micro_grid_below_band",
    "warning",
    "Grid {grid} has {count} micro grid(s) with fewer than {minimum} households ({listed}): large buildings, barriers "
    "or the number of households leave remainders. Accept them, or widen the band.",
    "网格{grid}有{count}个微网格不足{minimum}户（{listed_zh}），系大楼、分界线或总户数所致的余数；请批准例外或放宽标准。",
)


def micro_findings(micro_grids: Sequence[MicroGrid], band: Band, households: Mapping[str, int]) -> tuple[Finding, ...]:
    """Return the findings about micro grids outside their band.

    Parameters
    ----------
    micro_grids
        Of one plan.
    band
        How many households a micro grid holds.
    households
        Households of each building.
    """
    outside = [each for each in micro_grids if not band.minimum <= each.households <= band.maximum]
    alone = [each for each in outside if sum(households.get(code, 0) > 0 for code in each.buildings) == 1]
    towers = [each for each in alone if each.households > band.maximum]
    others: dict[tuple[str, bool], list[MicroGrid]] = {}
    for each in outside:
        if each not in towers:
            others.setdefault((each.grid, each.households > band.maximum), []).append(each)
    found = [_finding(group, band) for group in others.values()]
    if towers:
        codes = [code for each in towers for code in each.buildings if households.get(code, 0) > 0]
        found.append(
            MICRO_GRID_ONE_BUILDING.finding(
                codes=codes,
                maximum=band.maximum,
                count=len(towers),
                households=sum(each.households for each in towers),
            )
        )
    return tuple(found)


def _finding(group: Sequence[MicroGrid], band: Band) -> Finding:
    """Return the finding of micro grids of one grid that are all above the band, or all below it."""
    figures = [(each.number, each.households) for each in group]
    return (MICRO_GRID_ABOVE_BAND if group[0].households > band.maximum else MICRO_GRID_BELOW_BAND).finding(
        codes=(group[0].grid,),
        geometry=shapely.MultiPoint([each.geometry.representative_point() for each in group]),
        grid=group[0].grid,
        count=len(group),
        minimum=band.minimum,
        maximum=band.maximum,
        numbers=[number for number, _ in figures],
        listed=", ".join(f"{number}: {households}" for number, households in figures),
        listed_zh="、".join(f"{number}号{households}户" for number, households in figures),
    )
