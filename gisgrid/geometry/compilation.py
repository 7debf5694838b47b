"""Compilation of hot loops to machine code, kept on disk so that it is done once an installation.

Room: geometry. In: plain functions over arrays and the modules they are made from. Out: the same functions, compiled at
first use. Imports numba and nothing else.

numba's cache looks at the file of the compiled function alone: it would miss a change in a function that is called
from another file, and it breaks on an old entry that names a class which is gone. So the cache's folder carries a
digest of all the sources that a room's compiled code is made from.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., object])


def loop_of(function: Function, folder: Path | None) -> tuple[Function, Any]:
    """Return the function compiled by numba, cached in the folder if there is one, and numba's dispatcher of it.

    The loops run without the interpreter's lock, so that a service answers others meanwhile, and without
    reassociation (`fastmath` stays off), so that they give the same bits wherever they run.
    """
    options = vars(numba.config)
    before = options["CACHE_DIR"]
    try:
        # numba reads the folder when the function is decorated and keeps it for that function.
        options["CACHE_DIR"] = str(folder or "")
        loop = numba.njit(cache=folder is not None, nogil=True)(function)
    finally:
        options["CACHE_DIR"] = before
    return cast("Function", loop), loop


def folder_for(here: Path, sources: Sequence[str], bases: Iterable[Path]) -> Path | None:
    """Return the first folder for the machine code of these sources that can be written, or None.

    Parameters
    ----------
    here
        The folder of the sources.
    sources
        Their names, without the ending.
    bases
        Where the folder may lie, the preferred first.
    """
    digest = hashlib.sha256(numba.__version__.encode())
    for name in sources:
        digest.update((here / f"{name}.py").read_bytes())
    for base in bases:
        folder = base / f"gisgrid-{digest.hexdigest()[:16]}"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def places_for_cache(here: Path) -> Iterator[Path]:
    """Yield where machine code may lie: beside the sources, else in the user's cache.

    Never in a folder that others may write to, because cached code is executed.
    """
    yield here / "__pycache__"
    try:
        yield Path.home() / ".cache"
    except RuntimeError:
        return  # an account without a home
