"""Compilation of the planner's hot loops to machine code.

Room: plan. In: plain functions over arrays. Out: the same functions, compiled at first use and cached on disk (see
`geometry.compilation`).

The loops use only integers and the four basic operations on 64-bit floats, so that a plan is the same bit for bit
wherever it is drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final

from gisgrid.geometry.compilation import Function, folder_for, loop_of, places_for_cache

SOURCES: Final = ("compiled", "chance", "objective", "state", "moves", "spanning", "trees", "anneal")
"""Modules of this package that compiled code is made from."""

LOOPS: Final[list[Any]] = []
"""The compiled functions that this process has loaded: numba's dispatchers, which count what they had to compile."""


def compiled(function: Function) -> Function:
    """Return the function compiled by numba, cached where a folder can be written, else compiled in each process."""
    made, loop = loop_of(function, cache_folder())
    LOOPS.append(loop)
    return made


@cache
def cache_folder() -> Path | None:
    """Return the folder for this version's machine code, or None where none can be written."""
    here = Path(__file__).resolve().parent
    return folder_for(here, SOURCES, _bases(here))


def _bases(here: Path) -> Iterator[Path]:
    """Yield the places where the cache may lie, the preferred first."""
    yield from places_for_cache(here)
