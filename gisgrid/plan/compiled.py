"""Compilation of the planner's hot loops to machine code.

Room: plan. In: plain functions over arrays. Out: the same functions, compiled at first use and cached on disk.
Imports numba and nothing else.

The loops use only integers and the four basic operations on 64-bit floats, without reassociation (`fastmath` stays
off), so that a plan is the same bit for bit wherever it is drawn.

numba's cache looks at the file of the compiled function alone: it would miss a change in a function that is called
from another file, and it breaks on an old entry that names a class which is gone. So the cache's folder carries a
digest of all the sources that compiled code is made from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])

SOURCES: Final = ("compiled", "chance", "objective", "state", "moves", "spanning", "trees", "anneal")
"""Modules of this package that compiled code is made from."""


LOOPS: Final[list[Any]] = []
"""The compiled functions that this process has loaded: numba's dispatchers, which count what they had to compile."""


def compiled(function: Function) -> Function:
    """Return the function compiled by numba, cached where a folder can be written, else compiled in each process."""
    folder = cache_folder()
    options = vars(numba.config)
    before = options["CACHE_DIR"]
    try:
        # numba reads the folder when the function is decorated and keeps it for that function.
        options["CACHE_DIR"] = str(folder or "")
        # Without the interpreter's lock: a service answers others while it draws.
        loop = numba.njit(cache=folder is not None, nogil=True)(function)
    finally:
        options["CACHE_DIR"] = before
    LOOPS.append(loop)
    return cast("Function", loop)


@cache
def cache_folder() -> Path | None:
    """Return the first folder for this version's machine code that can be written, or None.

    Beside the sources, else in the user's cache; never in a folder that others may write to, because cached code is
    executed.
    """
    here = Path(__file__).resolve().parent
    digest = hashlib.sha256(numba.__version__.encode())
    for name in SOURCES:
        digest.update((here / f"{name}.py").read_bytes())
    for base in _bases(here):
        folder = base / f"gisgrid-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _bases(here: Path) -> Iterator[Path]:
    """Yield the places where the cache may lie, the preferred first."""
    yield here / "__pycache__"
    try:
        yield Path.home() / ".cache"
    except RuntimeError:
        return  # an account without a home
