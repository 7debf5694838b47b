"""Household counts of buildings: as declared, estimated where that is asked for, or told to be missing.

Room: ingest. In: the columns of buildings and their footprints. Out: the same columns with `household_source` and
`household_measure`; findings go to `RowFindings`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from gisgrid.errors import UsageError
from gisgrid.ingest import estimate
from gisgrid.ingest.rows import RowFindings
from gisgrid.model import HouseholdMeasure, Rule

HOUSEHOLDS_ESTIMATED = Rule(
    "households_estimated",
    "info",
    "{count} buildings had no household count; {households} households were estimated at {dwelling_m2:g} m² of gross "
    "floor area a dwelling and are marked as estimated.",
    "{count} 栋楼没有户数，已按每套建筑面积 {dwelling_m2:g} 平方米估算为 {households} 户，并标记为估算值。",
)
FLOORS_UNKNOWN = Rule(
    "floors_unknown",
    "warning",
    "{count} buildings (lines {first}) have neither floors nor a height; one floor was counted. Add the column floors.",
    "{count} 栋楼（第 {first} 行）既无层数也无高度，按一层计算。请补充 floors 列。",
)
HOUSEHOLDS_UNKNOWN = Rule(
    "households_unknown",
    "warning",
    "{count} buildings (lines {first}) have no household count and count as 0 until household rows are imported. "
    "Or use --estimate-households.",
    "{count} 栋楼（第 {first} 行）没有户数，在导入户数据之前按 0 计。也可使用 --estimate-households 估算。",
)


def count_households(
    values: dict[str, list[Any]],
    geometry: NDArray[np.object_] | None,
    rows: RowFindings,
    measure: HouseholdMeasure,
    dwelling_m2: float | None,
) -> None:
    """Give every building the source of its count, and the count itself where it is to be estimated.

    Parameters
    ----------
    values
        The columns of buildings; changed in place.
    geometry
        Their footprints in WGS-84.
    rows
        Where faults are noted.
    measure
        Which households the file counts.
    dwelling_m2
        Gross floor area a dwelling; None: do not estimate.

    Raises
    ------
    UsageError
        The floor area is not above zero.
    """
    counts = values["households"]
    unknown = [row for row, count in enumerate(counts) if count is None and not rows.bad[row]]
    values["household_source"] = [None if count is None else "declared" for count in counts]
    values["household_measure"] = [measure] * len(counts)
    if dwelling_m2 is None or geometry is None:
        rows.sum_up(HOUSEHOLDS_UNKNOWN, unknown)
        return
    if not dwelling_m2 > 0:
        raise UsageError(f"--estimate-households {dwelling_m2:g} is not above zero; give m² a dwelling, such as 100.")
    if not unknown:
        return
    floors = np.array([values["floors"][row] for row in unknown], dtype=float)
    height_m = np.array([values["height_m"][row] for row in unknown], dtype=float)
    lived_in = np.array([estimate.is_lived_in(values["use"][row]) for row in unknown])
    areas = estimate.footprint_m2(geometry[unknown])
    homes = estimate.estimate_households(areas, floors, height_m, lived_in, dwelling_m2)
    for row, count in zip(unknown, homes.tolist(), strict=True):
        counts[row] = count
        values["household_source"][row] = "estimated"
    rows.add_file(
        HOUSEHOLDS_ESTIMATED.finding(count=len(unknown), households=int(homes.sum()), dwelling_m2=float(dwelling_m2))
    )
    blind = np.isnan(floors) & np.isnan(height_m) & lived_in
    rows.sum_up(FLOORS_UNKNOWN, [unknown[index] for index in np.flatnonzero(blind)])
