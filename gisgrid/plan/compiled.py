"""Compilation of the planner's hot loops to machine code.

Room: plan. In: plain functions over arrays. Out: the same functions, compiled at first use and cached on disk.
Imports numba and nothing else.

The loops use only integers and the four basic operations on 64-bit floats, without reassociation (`fastmath` stays
off), so that a plan is the same bit for bit wherever it is drawn.
The cache is keyed by the file of the compiled function: a compiled function calls only compiled functions of its own
file, else a change in the other file would not be noticed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """Return the function compiled by numba, cached beside its file (or in the user's cache folder)."""
    return cast("Function", numba.njit(cache=True)(function))
