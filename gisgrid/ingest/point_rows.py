"""Rows of points on their way through: read in chunks, decided elsewhere, written back with three more columns.

Room: ingest. In: cells as a file gives them. Out: `PointRows`, and what the formats (`point_csv`, `point_parquet`,
`point_layer`) share: which columns hold the place, which numbers are numbers. Imports `errors` and nothing above it.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gisgrid.errors import UsageError
from gisgrid.model import Finding

Floats = NDArray[np.float64]
Progress = Callable[[int, int], None]
PointUnit = Literal["line", "row", "feature"]

ADDED: Final = ("grid_code", "method", "border_distance_m")
"""The columns that are appended, in their order."""

PLACE_COLUMNS: Final = (("lon", "lat"), ("lng", "lat"), ("longitude", "latitude"), ("经度", "纬度"), ("x", "y"))
"""Headings that name a place by themselves, the first pair that a file has."""

_NUMBER: Final = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class PointColumns:
    """The headings that hold the place of a row, and its instant where one is asked for.

    Attributes
    ----------
    lon, lat
        None where the format has points of its own.
    at
        None where all rows are looked up at one instant.
    """

    lon: str | None
    lat: str | None
    at: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PointRows:
    """Some rows of a file, in its order.

    Attributes
    ----------
    first
        Position of the first of them in the file, from 0.
    lines
        The line, row or feature that each is in its file, from 1: int64, shape (n,).
    x, y
        Coordinates in the file's system, NaN where a cell is empty or no number: float64, shape (n,).
    times
        The cells of the instants, or None where none are asked for.
    """

    first: int
    lines: NDArray[np.int64]
    x: Floats
    y: Floats
    times: Sequence[Any] | None


@dataclass(frozen=True, slots=True)
class GridCells:
    """What is appended to some rows, in their order: code or None, method, metres to the border or None."""

    codes: Sequence[str | None]
    methods: Sequence[str]
    border_distances_m: Sequence[float | None]


Decide = Callable[[PointRows], GridCells]


class PointFile(Protocol):
    """A file of points that can be written again with the grids of its rows."""

    @property
    def headings(self) -> Sequence[str]:
        """The headings in the file's order."""

    @property
    def crs(self) -> str | None:
        """What the file itself says of its coordinate system."""

    @property
    def has_points(self) -> bool:
        """Whether the format has points of its own, so that no columns hold the place."""

    @property
    def unit(self) -> PointUnit:
        """What `PointRows.lines` counts."""

    @property
    def findings(self) -> Sequence[Finding]:
        """What the format had to say: its encoding."""

    def copy_to(
        self, out: Path, columns: PointColumns, decide: Decide, rows_at_once: int, progress: Progress | None
    ) -> None:
        """Write the file with the columns `ADDED`: same rows, same order, all else untouched.

        Raises
        ------
        UnreadableFile
            The file breaks off or is damaged; the sentence names the line.
        """


def choose_columns(
    headings: Sequence[str], *, lon: str | None, lat: str | None, at: str | None, has_points: bool, name: str
) -> PointColumns:
    """Return which columns hold the place and the instant of a row.

    Parameters
    ----------
    headings
        Those of the file.
    lon, lat, at
        As the caller names them, or None: `PLACE_COLUMNS` then say it themselves.
    has_points
        Whether the format has points of its own.
    name
        The file's name, for the sentences.

    Raises
    ------
    UsageError
        A column is missing, stands twice, or already bears a name of `ADDED`.
    """
    known = [heading.strip() for heading in headings]
    taken = [heading for heading in known if heading.lower() in ADDED]
    if taken:
        raise UsageError(
            f"{name} already has the column {', '.join(taken)}, which would be written; rename or remove it first."
        )
    if (lon is None) != (lat is None):
        raise UsageError("Only one of --lon and --lat is given; name both columns, or neither.")
    if has_points:
        if lon is not None:
            raise UsageError(f"{name} is a layer with points of its own; leave out --lon and --lat.")
        return PointColumns(None, None, _column(known, at, "--at", name))
    if lon is None:
        lower = [heading.lower() for heading in known]
        pair = next((pair for pair in PLACE_COLUMNS if set(pair) <= set(lower)), None)
        if pair is None:
            raise UsageError(
                f"{name} has no columns lon and lat (nor {', '.join(f'{a} and {b}' for a, b in PLACE_COLUMNS[1:])}); "
                f"name its columns with --lon and --lat: {_listed(known)}."
            )
        lon, lat = (known[lower.index(each)] for each in pair)
    found = (_column(known, lon, "--lon", name), _column(known, lat, "--lat", name))
    return PointColumns(*found, _column(known, at, "--at", name))


def _column(known: Sequence[str], wanted: str | None, option: str, name: str) -> str | None:
    """Return the heading that an option names."""
    if wanted is None:
        return None
    wanted = wanted.strip()
    if wanted not in known:
        what = "neither a time nor a column" if option == "--at" else "no column"
        raise UsageError(f"{option} {wanted!r} is {what} of {name}; its columns are {_listed(known)}.")
    if known.count(wanted) > 1:
        raise UsageError(f"{name} has the heading {wanted!r} twice; give every column a heading of its own.")
    return wanted


def _listed(headings: Sequence[str]) -> str:
    shown = [heading for heading in headings if heading]
    return ", ".join(shown[:40]) + (f" and {len(shown) - 40} more" if len(shown) > 40 else "")


def number(cell: str | None) -> float:
    """Return the number that a text writes, NaN where it is none.

    Examples
    --------
    >>> number(" 111.70 "), number("１１１．７"), number("1_0"), number("inf")
    (111.7, 111.7, nan, nan)
    """
    if cell is None:
        return math.nan
    text = cell.strip()
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    return float(text) if _NUMBER.fullmatch(text) else math.nan
