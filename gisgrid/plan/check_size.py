"""Right size 规模适度: households of each grid against the band, with the reason where it cannot be met.

Room: plan. In: a `Sheet`. Out: findings. Imports `plan.sheet`, `plan.counts`, `plan.check_proof`.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.model import HOUSEHOLD_MEASURES, Finding, Rule
from gisgrid.plan.check_proof import impossible_for
from gisgrid.plan.counts import fitting_counts
from gisgrid.plan.sheet import Sheet

GRID_ABOVE_BAND: Final = Rule(
    "grid_above_band",
    "error",
    "Grid {grid} has {households} households, {excess} more than {maximum}: {reason_en}",
    "网格{grid}有{households}户，超出上限{maximum}户{excess}户：{reason_zh}",
)
GRID_BELOW_BAND: Final = Rule(
    "grid_below_band",
    "error",
    "Grid {grid} has {households} households, {shortage} fewer than {minimum}: {reason_en}",
    "网格{grid}有{households}户，低于下限{minimum}户{shortage}户：{reason_zh}",
)
HOUSEHOLDS_CHANGED: Final = Rule(
    "households_changed",
    "warning",
    "Grid {grid} had {before} households when the plan was saved and has {households} today; check the plan or draw "
    "it again.",
    "网格{grid}保存方案时为{before}户，现为{households}户；请核对或重新划分。",
)
HOUSEHOLDS_ESTIMATED: Final = Rule(
    "households_estimated",
    "info",
    "{households} households in {buildings} buildings are estimated from floors and footprint; import counts to "
    "replace them.",
    "{buildings}栋楼的{households}户按层数和基底面积估算；请导入实际户数。",
)
MEASURE_DIFFERS: Final = Rule(
    "measure_differs",
    "warning",
    "{buildings} buildings count households as {measure}, the band asks for {wanted}; import counts of that measure or "
    "set the band's measure.",
    "{buildings}栋楼按{measure_zh}统计，规模标准要求{wanted_zh}；请导入相应户数或调整标准口径。",
)


@dataclass(frozen=True, slots=True)
class _Reason:
    """Why a grid is outside the band: a name for programs, a sentence with the remedy for people."""

    name: str
    en: str
    zh: str


def size_findings(sheet: Sheet) -> list[Finding]:
    """Return the findings about the number of households."""
    return [*_band_findings(sheet), *_change_findings(sheet), *_source_findings(sheet)]


def _band_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each residential grid outside the band."""
    band, found = sheet.settings.band, []
    for position, grid in enumerate(sheet.grids):
        households = int(sheet.households[position])
        if grid.kind == "dedicated" or band.minimum <= households <= band.maximum:
            continue
        above = households > band.maximum
        reason = _why_locked(sheet, position) or (_why_above if above else _why_below)(sheet, position)
        rule = GRID_ABOVE_BAND if above else GRID_BELOW_BAND
        found.append(
            rule.finding(
                codes=sheet.names(position),
                geometry=grid.geometry,
                grid=grid.key,
                households=households,
                minimum=band.minimum,
                maximum=band.maximum,
                reason=reason.name,
                reason_en=reason.en,
                reason_zh=reason.zh,
                excess=max(households - band.maximum, 0),
                shortage=max(band.minimum - households, 0),
            )
        )
    return found


def _why_locked(sheet: Sheet, position: int) -> _Reason | None:
    """Return that a lock keeps the grid as it is in force, or None where none does."""
    if sheet.grids[position].code not in sheet.settings.locked_grids:
        return None
    return _Reason(
        "locked",
        "it is locked as it is in force. Take the lock away and draw again, or accept it.",
        "该网格已锁定，按现行版本保持不变。请取消锁定后重新划分，或批准例外。",
    )


def _why_above(sheet: Sheet, position: int) -> _Reason:
    """Return why a grid has too many households."""
    grid, maximum = sheet.grids[position], sheet.settings.band.maximum
    for number in grid.cells:
        if sheet.cell_households[number] > maximum:
            building = max(
                (code for code in sheet.cells[number].buildings if code in sheet.buildings),
                key=lambda code: (sheet.buildings[code].households, code),
            )
            alone = sheet.buildings[building].households
            if alone > maximum:
                return _Reason(
                    "one_building",
                    f"building {building} alone holds {alone}. Accept it, or enter its entrances as buildings.",
                    f"{building}一栋楼即有{alone}户。请批准例外，或按单元拆分录入。",
                )
            return _Reason(
                "one_cell",
                f"buildings whose footprints overlap ({', '.join(sheet.cells[number].buildings[:3])} …) share one "
                "cell. Correct their footprints.",
                f"基底重叠的楼栋（{'、'.join(sheet.cells[number].buildings[:3])}等）共用一个单元。请更正楼栋轮廓。",
            )
    return _why_in_zone(sheet, position)


def _why_below(sheet: Sheet, position: int) -> _Reason:
    """Return why a grid has too few households."""
    grid = sheet.grids[position]
    if not grid.cells:
        return _why_in_zone(sheet, position)
    borders, of_cell = sheet.borders, sheet.grid_of_cell
    outer = borders.touching & ((of_cell[borders.a] == position) != (of_cell[borders.b] == position))
    if not outer.any():
        if len(sheet.grids) == 1:
            return _Reason(
                "whole_community",
                "that is the whole community. Accept it, or join the community to a neighbour.",
                "整个社区仅有这些户数。请批准例外，或与相邻社区合并。",
            )
        return _Reason(
            "enclave",
            "it is an enclave that touches no other grid of the community. Accept it as a grid of its own.",
            "该地块为飞地，不与本社区其他网格相接。请批准单独成格。",
        )
    zones = sheet.zone_of_cell
    zone = zones[list(grid.cells)]
    if set(np.flatnonzero(np.isin(zones, zone)).tolist()) == set(grid.cells):
        barred = float(borders.barrier_m[outer].sum())
        length = float(borders.length_m[outer].sum())
        return _Reason(
            "closed_in",
            f"barriers ({barred:.0f} m of its {length:.0f} m of inner border), dedicated ground or a tower close it "
            "in. Accept it, or record a crossing.",
            f"被分界线（内部边界{length:.0f}米中的{barred:.0f}米）、专属网格或超大楼栋围合。请批准例外，或补录通道。",
        )
    return _why_in_zone(sheet, position)


def _why_in_zone(sheet: Sheet, position: int) -> _Reason:
    """Return the reason that the zone around the grid gives: no count fits, no plan exists, or none was found."""
    band = sheet.settings.band
    cells = list(sheet.grids[position].cells)
    lived_in = [number for number in cells if sheet.cell_households[number] <= band.maximum]
    zones = sheet.zone_of_cell
    if lived_in:
        common = Counter(zones[lived_in].tolist()).most_common(1)[0][0]
        total = int(sheet.cell_households[zones == common].sum())
        if not fitting_counts(total, band):
            return _Reason(
                "no_count",
                f"its zone between barriers holds {total} households, which no number of grids of {band.minimum} to "
                f"{band.maximum} adds up to. Accept it, or record a crossing to the ground beside it.",
                f"所在片区共{total}户，无法划分为若干个{band.minimum}至{band.maximum}户的网格。请批准例外，或补录通往邻区的通道。",
            )
    if impossible_for(sheet, position) is not None:
        return _Reason(
            "proven_impossible",
            "that its zone has no plan in band is proven; the finding on the zone says what would free it. Free it and "
            "draw again, or accept it.",
            "已证明所在片区无法全部达标，解决办法见该片区的检查结果。请处理后重新划分，或批准例外。",
        )
    return _Reason(
        "search",
        "the buildings beside it could balance it. Move some of them by hand, draw with another seed, or accept it.",
        "可与相邻网格调剂楼栋。请手工调整、更换随机种子重新划分，或批准例外。",
    )


def _change_findings(sheet: Sheet) -> list[Finding]:
    """Return a finding for each grid whose buildings hold another number of households than the plan says."""
    return [
        HOUSEHOLDS_CHANGED.finding(
            codes=sheet.names(position), grid=grid.key, before=grid.households, households=int(now)
        )
        for position, (grid, now) in enumerate(zip(sheet.grids, sheet.households, strict=True))
        if grid.households != now
    ]


def _source_findings(sheet: Sheet) -> list[Finding]:
    """Return findings about where the counts come from and what they count."""
    found = []
    lived_in = [building for building in sheet.inputs.buildings if building.households > 0]
    estimated = [building for building in lived_in if building.household_source == "estimated"]
    if estimated:
        found.append(
            HOUSEHOLDS_ESTIMATED.finding(
                households=sum(building.households for building in estimated), buildings=len(estimated)
            )
        )
    wanted = sheet.settings.band.measure
    others = Counter(b.household_measure for b in lived_in if b.household_source != "estimated")
    for measure, count in sorted(others.items()):
        if measure != wanted:
            found.append(
                MEASURE_DIFFERS.finding(
                    buildings=count,
                    measure=measure,
                    wanted=wanted,
                    measure_zh=HOUSEHOLD_MEASURES[measure],
                    wanted_zh=HOUSEHOLD_MEASURES[wanted],
                )
            )
    return found
