"""Collects what is wrong with the rows of a file, row by row.

Room: ingest. In: rules and the positions of rows. Out: findings with the line of each, and which rows are bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from shapely import Geometry

from gisgrid.model import Finding, Rule


class RowFindings:
    """The findings of a file's rows; a finding of severity error makes its row bad.

    Parameters
    ----------
    lines
        The line (or feature number) of each row.
    """

    def __init__(self, lines: NDArray[np.int64]) -> None:
        self.lines = lines
        self.bad = np.zeros(len(lines), dtype=bool)
        self._of_rows: list[tuple[int, Finding]] = []
        self._of_file: list[Finding] = []

    def add(
        self,
        rule: Rule,
        row: int,
        field: str | None = None,
        *,
        codes: Sequence[str] = (),
        geometry: Geometry | None = None,
        **values: Any,
    ) -> None:
        """Add the finding of a rule about one row."""
        line = int(self.lines[row])
        finding = rule.finding(codes=codes, line=line, field=field, geometry=geometry, **values)
        self._of_rows.append((row, finding))
        if finding.severity == "error":
            self.bad[row] = True

    def add_file(self, *findings: Finding) -> None:
        """Add findings about the file as a whole."""
        self._of_file.extend(findings)

    def sum_up(self, rule: Rule, rows: Iterable[int], **values: Any) -> None:
        """Add one finding about many rows: their count and the first lines; nothing where there are none."""
        lines = sorted(int(self.lines[row]) for row in rows)
        if lines:
            more = " …" if len(lines) > 5 else ""
            first = ", ".join(str(line) for line in lines[:5]) + more
            self._of_file.append(rule.finding(line=lines[0], count=len(lines), first=first, **values))

    def findings(self) -> list[Finding]:
        """Return those of the file first, then those of the rows in the order of lines."""
        ordered = sorted(self._of_rows, key=lambda each: each[0])
        return [*self._of_file, *(finding for _, finding in ordered)]

    def reasons(self) -> dict[int, str]:
        """Return the line of each bad row → why, its errors joined."""
        texts: dict[int, list[str]] = {}
        for row, finding in self._of_rows:
            if finding.severity == "error":
                texts.setdefault(int(self.lines[row]), []).append(finding.message)
        return {line: " ".join(each) for line, each in texts.items()}
