"""Why a plan is as it is: one sentence for each grid and for each estate in several grids.

Room: plan. In: a `Sheet` or its `PlanBoard`. Out: findings of severity info. Imports `plan.alternatives`,
`plan.cut_estates` and the modules below them; no database, no clock.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from gisgrid.model import Finding, Rule
from gisgrid.plan.alternatives import Alternative, Alternatives, Reason
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.cut_estates import explain_estates
from gisgrid.plan.sheet import Sheet

GRID_EXPLAINED: Final = Rule(
    "grid_explained",
    "info",
    "Grid {grid} holds {households} households ({minimum} to {maximum} are wanted){together_en}, and {border_en}; "
    "{alternative_en}.",
    "网格{grid}共{households}户（标准{minimum}至{maximum}户）{together_zh}，{border_zh}；{alternative_zh}。",
)
DEDICATED_EXPLAINED: Final = Rule(
    "dedicated_explained",
    "info",
    "Grid {grid} is dedicated ground of {area_m2:.0f} m² with {buildings} buildings and {households} households, for "
    "which the household band does not hold; {border_en}.",
    "网格{grid}为专属网格，面积{area_m2:.0f}平方米，有{buildings}栋楼、{households}户，不受户数标准限制；{border_zh}。",
)


def explain_sheet(sheet: Sheet) -> tuple[Finding, ...]:
    """Return one finding for each grid and each estate that lies in several grids: why it is as it is.

    Parameters
    ----------
    sheet
        The plan, counted by the buildings of today.

    Raises
    ------
    Conflict
        The plan has no cells.
    """
    return explain_board(PlanBoard.of(sheet))


def explain_board(board: PlanBoard) -> tuple[Finding, ...]:
    """Return the same as `explain_sheet` for a board that is there already."""
    alternatives = Alternatives(board)
    grids = [_explained(board, grid, alternatives) for grid in range(len(board.keys)) if board.counts.units[grid]]
    return (*grids, *explain_estates(board))


def _explained(board: PlanBoard, grid: int, alternatives: Alternatives) -> Finding:
    """Return the sentence about a grid."""
    figures = board.figures(board.counts, grid)
    if figures is None:
        raise AssertionError("only grids with ground are explained")
    border_m = round(float(board.counts.outer_m[grid]), 1)
    border_en, border_zh = _border(border_m, figures.line_share)
    common: dict[str, Any] = {
        "grid": board.keys[grid],
        "households": figures.households,
        "line_share": figures.line_share,
        "border_m": border_m,
        "border_en": border_en,
        "border_zh": border_zh,
    }
    if not board.residential[grid]:
        area_m2 = float(board.graph.units.area_m2[board.labels == grid].sum())
        return DEDICATED_EXPLAINED.finding(
            codes=board.names[grid], **common, area_m2=round(area_m2, 1), buildings=figures.buildings
        )
    found = alternatives.of(grid)
    sentence = _sentence(board, grid, found)
    whole, estates = _estates_of(board, grid)
    kept = figures.ties_kept if board.counts.tied[grid] > 0.0 else None
    together_en, together_zh = _together(kept, whole, estates)
    return GRID_EXPLAINED.finding(
        codes=board.names[grid],
        **common,
        minimum=board.band.minimum,
        maximum=board.band.maximum,
        ties_kept=kept,
        estates=estates,
        estates_whole=whole,
        together_en=together_en,
        together_zh=together_zh,
        reason=sentence.name,
        building=board.titles[found.unit] if found is not None else None,
        other=board.keys[found.other] if found is not None else None,
        alternative_en=sentence.en,
        alternative_zh=sentence.zh,
    )


def _border(border_m: float, line_share: float) -> tuple[str, str]:
    """Return the clause about the course of a grid's border, in English and in Chinese."""
    if border_m <= 0.0:
        return "it borders no other grid", "不与其他网格相邻"
    return (
        f"{line_share:.0%} of its {border_m:.0f} m of border with other grids follow streets or barriers",
        f"与相邻网格的{border_m:.0f}米界线中{line_share:.0%}沿街巷或分界线",
    )


def _together(ties_kept: float | None, whole: int, estates: int) -> tuple[str, str]:
    """Return the clause about what holds a grid together: ties, and estates that lie in it whole."""
    en = "" if ties_kept is None else f", keeps {ties_kept:.0%} of the weight of its neighbours' ties"
    zh = "" if ties_kept is None else f"，保留邻里关系{ties_kept:.0%}"
    if estates:
        en += f", has {whole} of its {estates} estates whole"
        zh += f"，所涉{estates}个小区中{whole}个完整"
    return en, zh


def _estates_of(board: PlanBoard, grid: int) -> tuple[int, int]:
    """Return how many of the estates with households in a grid lie in it whole, and how many there are."""
    here = np.unique(board.residents[board.labels[board.residents[:, 1]] == grid, 0])
    return int((~board.estates_split[here]).sum()), len(here)


def _sentence(board: PlanBoard, grid: int, found: Alternative | None) -> Reason:
    """Return the clause about the nearest alternative of a grid."""
    if found is None:
        return _alone(board, grid)
    building, here, there = board.titles[found.unit], board.keys[found.grid], board.keys[found.other]
    if found.better:
        return Reason(
            f"better_{found.reason.name}",
            f"moving {building} from grid {here} to grid {there} would be possible and better: {found.reason.en}",
            f"可将{building}由网格{here}划入网格{there}，方案更优：{found.reason.zh}",
        )
    return Reason(
        found.reason.name,
        f"{building} is in grid {here} and not in grid {there} because {found.reason.en}",
        f"{building}划入网格{here}而未划入网格{there}，因为{found.reason.zh}",
    )


def _alone(board: PlanBoard, grid: int) -> Reason:
    """Return why a grid has no alternative."""
    if board.locked_grids[grid]:
        return Reason("locked", "it is locked and stays as it is", "该网格已锁定，保持不变")
    towers = np.flatnonzero((board.labels == grid) & (board.network.households > board.band.maximum))
    if len(towers):
        tower = int(towers[0])
        households = int(board.network.households[tower])
        return Reason(
            "tower",
            f"{board.titles[tower]} alone holds {households} households, more than any grid may, and is never cut",
            f"{board.titles[tower]}一栋即有{households}户，超过单个网格上限且不可拆分",
        )
    return Reason(
        "closed_in",
        "no building of it lies open to another residential grid: barriers, dedicated ground or the community's edge "
        "surround it",
        "其楼栋均不与其他居民网格相通，四周为分界线、专属网格或社区边界",
    )
