"""Marks on paper: areas, lines and texts in millimetres, of which a page is made before any format is chosen.

Room: maps. In: nothing. Out: frozen values that `sheet_pdf` and `sheet_svg` write alike. Must not import a library of
drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray
from shapely import Geometry

Anchor = Literal["start", "middle", "end"]


@dataclass(frozen=True, slots=True)
class Area:
    """A polygon, or several, in millimetres from the upper left corner of the page; y grows downwards."""

    shape: Geometry
    fill: str | None = None
    stroke: str | None = None
    width_mm: float = 0.2


@dataclass(frozen=True, slots=True)
class Line:
    """A line, (n, 2), in millimetres."""

    points: NDArray[Any]
    stroke: str
    width_mm: float = 0.2
    dash_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Text:
    """A text whose baseline begins, is centred or ends at a point.

    Attributes
    ----------
    height_mm
        The size of the type (em), not of its capitals.
    halo
        Colour of a rim around the letters, so that they are read on any ground.
    turned
        Degrees counter-clockwise.
    """

    x: float
    y: float
    text: str
    height_mm: float
    anchor: Anchor = "start"
    colour: str = "#1b2733"
    bold: bool = False
    halo: str | None = None
    turned: float = 0.0


Mark = Area | Line | Text


@dataclass(frozen=True, slots=True)
class SheetPage:
    """One page: its size and its marks, the first below the others."""

    title: str
    width_mm: float
    height_mm: float
    marks: Sequence[Mark]
