"""What the reading of a file gives: the good rows as a frame, the bad ones as they came.

Room: ingest. In: checked columns, geometry, and the file's own cells. Out: `ReadLayer`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisgrid.ingest.forms import Layer
from gisgrid.ingest.raw import CellError, RawTable, UnsavedFormula
from gisgrid.ingest.rows import RowFindings
from gisgrid.ingest.values import is_empty
from gisgrid.model import Finding, LayerName


@dataclass(frozen=True, slots=True)
class Source:
    """The file behind a layer: its form, its cells, and which heading each column was read from."""

    form: Layer
    table: RawTable
    matched: Mapping[str, str]

    def rows(self, reasons: Mapping[int, str], withheld: Collection[int] = ()) -> pd.DataFrame:
        """Return rows under the file's own headings, so that they can be corrected and imported again.

        Parameters
        ----------
        reasons
            Line → why it is returned. Only columns of the contract come along.
        withheld
            Lines whose `code` may be a person's number and is left out.
        """
        position = {int(line): row for row, line in enumerate(self.table.lines)}
        rows = [position[line] for line in sorted(reasons)]
        columns: dict[str, Any] = {"line": self.table.lines[rows] if rows else np.array([], dtype=np.int64)}
        columns["reason"] = objects([reasons[line] for line in sorted(reasons)])
        headings = self.table.headings
        for name, heading in sorted(self.matched.items(), key=lambda pair: headings.index(pair[1])):
            hidden = withheld if name == "code" else ()
            cells = self.table.cells[heading]
            columns[heading] = objects(
                [None if self.table.lines[row] in hidden else _as_it_came(cells[row]) for row in rows]
            )
        if self.table.geometry is not None:
            columns["wkt"] = objects([shapely.to_wkt(self.table.geometry[row], rounding_precision=-1) for row in rows])
        return pd.DataFrame(columns)


@dataclass(frozen=True, slots=True)
class ReadLayer:
    """A file that has been read.

    Attributes
    ----------
    layer
        Its name.
    frame
        The good rows: the contract's columns in its order (buildings also `household_source`, `household_measure`),
        `line`, and `geometry` in WGS-84 where the layer has any. Cells are Python values; None where empty.
    findings
        Those of the file, then those of its rows.
    rejected
        The bad rows as they came (only columns of the contract), `line` and `reason`.
    rows
        How many rows the file has.
    crs
        The system that the coordinates were read in; None for a layer without geometry.
    source
        The file behind it.
    """

    layer: LayerName
    frame: pd.DataFrame
    findings: tuple[Finding, ...]
    rejected: pd.DataFrame
    rows: int
    crs: str | None = None
    source: Source | None = dataclasses.field(default=None, repr=False, compare=False)

    def reject(self, findings: Iterable[Finding]) -> ReadLayer:
        """Return the layer with these findings added, the rows of its errors set apart as they came in the file.

        Parameters
        ----------
        findings
            What the database had to say about rows: errors carry the line of theirs.
        """
        added = tuple(findings)
        reasons: dict[int, str] = {}
        for finding in added:
            if finding.severity == "error" and finding.line is not None:
                told = reasons.get(finding.line)
                reasons[finding.line] = finding.message if told is None else f"{told} {finding.message}"
        lost = self.frame["line"].isin(list(reasons))
        rejected = self.rejected
        if self.source is not None and reasons:
            both = pd.concat([rejected, self.source.rows(reasons)]) if len(rejected) else self.source.rows(reasons)
            rejected = both.sort_values("line", kind="stable", ignore_index=True)
        return dataclasses.replace(self, frame=self.frame[~lost], findings=(*self.findings, *added), rejected=rejected)


def good_rows(
    form: Layer, values: Mapping[str, list[Any]], geometry: NDArray[np.object_] | None, rows: RowFindings
) -> pd.DataFrame:
    """Return the good rows as a frame of Python values."""
    good = np.flatnonzero(~rows.bad)
    columns = {name: objects([cells[row] for row in good]) for name, cells in values.items()}
    frame = pd.DataFrame(columns, columns=list(values), dtype=object)
    frame["line"] = rows.lines[good]
    if form.geometry is None or form.name == "reports":
        return frame
    shapes = geometry[good] if geometry is not None else np.full(len(good), None, dtype=object)
    series = geopandas.GeoSeries(shapes, crs="EPSG:4326", index=frame.index)
    located: pd.DataFrame = geopandas.GeoDataFrame(frame, geometry=series)
    return located


def _as_it_came(cell: Any) -> Any:
    """Return a cell as it stood in the file."""
    if isinstance(cell, UnsavedFormula):
        return cell.formula
    if isinstance(cell, CellError):
        return cell.text
    return None if is_empty(cell) else cell


def objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return values as an array of objects, so that pandas keeps whole numbers whole and None None."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array
