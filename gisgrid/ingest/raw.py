"""What every file format is read to: headings, cells as they stand, and geometry where the format has it.

Room: ingest. In: nothing. Out: the value that `delimited`, `workbook` and `vector` return.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gisgrid.model import Finding

RowUnit = Literal["line", "feature"]


class UnsavedFormula(NamedTuple):
    """A cell whose formula has no saved result; what reads the cell makes the finding."""

    formula: str


class CellError(NamedTuple):
    """A cell that shows an error of the spreadsheet, such as `#N/A`."""

    text: str


@dataclass(frozen=True, slots=True)
class RawTable:
    """The rows of a file before any check.

    Attributes
    ----------
    cells
        Heading → one value a row, as the format gives it: text, or int, float, bool, datetime, None where it has types.
    lines
        The line of each row in its file (the heading is line 1), or the feature's position from 1.
    unit
        What `lines` counts.
    geometry
        Shapely geometries in `crs`, or None where the format has none.
    crs
        The coordinate system that the file itself declares: EPSG code or WKT; None where it declares none.
    typed
        Whether numbers came as numbers, so that a code may have lost its leading zeros.
    findings
        What the format had to say: encoding, merged cells, ragged rows.
    ragged
        Rows with too many or too few cells: position → number of cells.
    """

    cells: Mapping[str, Sequence[Any]]
    lines: NDArray[np.int64]
    unit: RowUnit = "line"
    geometry: NDArray[np.object_] | None = None
    crs: str | None = None
    typed: bool = False
    findings: tuple[Finding, ...] = ()
    ragged: Mapping[int, int] | None = None

    @property
    def headings(self) -> list[str]:
        """The headings in the file's order."""
        return list(self.cells)

    @property
    def width(self) -> int:
        """The number of headings."""
        return len(self.cells)

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.lines)
