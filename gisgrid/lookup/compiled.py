"""Compilation of the lookup's hot loops to machine code.

Room: lookup. In: plain functions over arrays. Out: the same functions, compiled at first use and cached on disk (see
`geometry.compilation`). `python -m gisgrid.lookup.compiled` does it at installation.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from gisgrid.geometry.compilation import Function, folder_for, loop_of, places_for_cache

SOURCES: Final = ("compiled", "orientation", "outlines", "distance", "rasterising", "raster", "nearby", "spelling")
"""Modules of this package that compiled code is made from."""


def compiled(function: Function) -> Function:
    """Return the function compiled by numba, cached where a folder can be written, else compiled in each process."""
    return loop_of(function, _cache_folder())[0]


@cache
def _cache_folder() -> Path | None:
    here = Path(__file__).resolve().parent
    return folder_for(here, SOURCES, places_for_cache(here))


if __name__ == "__main__":
    import shapely

    from gisgrid.lookup.index import PointIndex
    from gisgrid.lookup.spelling import Texts

    PointIndex(["warming"], [shapely.box(0.0, 0.0, 1.0, 1.0)], ["warming"])
    Texts(["warming"])
