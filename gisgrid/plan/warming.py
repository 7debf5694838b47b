"""Compiles all of the planner's hot loops once, so that nobody waits for it in the middle of a draw.

Room: plan. In: nothing. Out: machine code in the cache of `plan.compiled`, loaded into this process. Imports the whole
search. `python -m gisgrid.plan.warming` does it at installation.
"""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path
from typing import Final

import numpy as np

from gisgrid.model import Band, DrawSettings
from gisgrid.plan.compiled import cache_folder
from gisgrid.plan.graph import Borders, Graph, Ties, Units, canonical
from gisgrid.plan.improve import BUDGETS
from gisgrid.plan.objective import Present
from gisgrid.plan.partition import divide

SIDE: Final = 6
"""The town that is drawn to compile everything has so many buildings a side."""


def is_warm() -> bool:
    """Return whether a process that draws finds all loops compiled."""
    mark = _mark()
    return mark is not None and mark.is_file()


def warm() -> None:
    """Compile every loop that a draw and a redraw run, or load it where that was done before.

    Takes about half a minute the first time after an installation, and about a second afterwards.
    """
    graph = _town()
    settings = DrawSettings(band=Band(60, 120, 90), effort="draft")
    budget = dataclasses.replace(BUDGETS["draft"], plans=2, overlays=2, more=0)
    drawn = divide(graph, settings, budget=budget)
    redraw = dataclasses.replace(settings, keep_current=True)
    divide(graph, redraw, Present(drawn.labels, np.zeros(len(graph), dtype=np.bool_)), budget)
    mark = _mark()
    if mark is not None:
        mark.touch()


def _mark() -> Path | None:
    """Return the file that says that all loops of these sources are in the cache, None where there is no cache."""
    folder = cache_folder()
    return None if folder is None else folder / "all-compiled"


def _town() -> Graph:
    """Return a square town of two estates with equal buildings."""
    count = SIDE * SIDE
    row, column = np.divmod(np.arange(count), SIDE)
    east, north = np.flatnonzero(column < SIDE - 1), np.flatnonzero(row < SIDE - 1)
    a, b = np.concatenate([east, north]), np.concatenate([east + 1, north + SIDE])
    units = Units.of(
        [f"B{number:02d}" for number in range(count)],
        np.full(count, 15),
        np.full(count, 1600.0),
        np.stack([column, row], axis=1) * 40.0,
        estate=row // 3,
    )
    borders = Borders.of(a, b, np.full(len(a), 40.0), np.zeros(len(a)))
    return canonical(units, borders, Ties.of(a, b, np.ones(len(a))))[0]


if __name__ == "__main__":
    if not is_warm():
        sys.stderr.write("Compiling the planner's loops once: half a minute …\n")
        warm()
