"""CSV files of points, streamed: each record is written back as the very text that it was, with three more cells.

Room: ingest. In: a path. Out: another file in the same encoding, with the same delimiter and line ends. Memory does not
grow with the file: its encoding is told by a first pass, its rows are read in chunks by a second.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import numpy as np

from gisgrid.errors import UnreadableFile
from gisgrid.ingest.delimited import DELIMITERS, EVERYDAY_SHARE, LONGEST_CELL, READ_AS_GB18030, everyday_share
from gisgrid.ingest.point_rows import ADDED, Decide, GridCells, PointColumns, PointRows, PointUnit, Progress, number
from gisgrid.model import Finding

_BLOCK: Final = 1 << 20
_MARK: Final = "\ufeff"
_WIDE_MARKS: Final = ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


@dataclass(frozen=True, slots=True)
class _Record:
    """A record: its cells, the very text that it is in the file, the line that it begins on."""

    cells: list[str]
    text: str
    line: int


class DelimitedPoints:
    """A CSV file whose rows are points.

    Parameters
    ----------
    path
        The file.

    Raises
    ------
    UnreadableFile
        Neither UTF-8 nor GB18030, or without a line of headings.
    """

    crs = None
    has_points = False
    unit: PointUnit = "line"

    def __init__(self, path: Path) -> None:
        self._path = path
        self._encoding, self._lines, self.findings = _recognise(path)
        with self._opened() as file:
            first = next(iter(file), "")
        self._delimiter = max(DELIMITERS, key=first.count)
        self._line_end = first[len(_without_end(first)) :] or "\n"
        with self._opened() as file:
            heading = next(self._records(file), None)
        if heading is None or not any(cell.strip() for cell in heading.cells):
            raise UnreadableFile(f"{path.name} has an empty first line; a CSV file starts with a line of headings.")
        self.headings: Sequence[str] = heading.cells

    def copy_to(
        self, out: Path, columns: PointColumns, decide: Decide, rows_at_once: int, progress: Progress | None
    ) -> None:
        """Write the file with the columns `ADDED`; a line without any cell stays as it is and is no row."""
        with self._opened() as file, out.open("w", encoding=self._encoding, newline="") as written:
            records = self._records(file)
            written.write(self._longer(next(records), ADDED))
            done = 0
            while chunk := list(islice(records, rows_at_once)):
                rows = [record for record in chunk if record.cells]
                cells = _spelled(decide(self._points(rows, columns, done)))
                written.writelines(self._longer(each, next(cells)) if each.cells else each.text for each in chunk)
                done += len(rows)
                if progress is not None:
                    progress(done, max(done, self._lines - 1))

    def _opened(self) -> io.TextIOWrapper:
        return self._path.open(encoding=self._encoding, newline="")

    def _records(self, file: Iterable[str]) -> Iterator[_Record]:
        """Yield every record; a quoted cell may run over several lines."""
        csv.field_size_limit(LONGEST_CELL)
        taken: list[str] = []
        reader = csv.reader(_remembering(file, taken), delimiter=self._delimiter, strict=True)
        line = 1
        try:
            for cells in reader:
                yield _Record(cells, "".join(taken), line)
                taken.clear()
                line = reader.line_num + 1
        except csv.Error as fault:
            raise UnreadableFile(
                f"{self._path.name}: the record that begins on line {line} cannot be read ({fault}); "
                "close its quotation marks, and double those inside a cell."
            ) from fault

    def _points(self, rows: Sequence[_Record], columns: PointColumns, first: int) -> PointRows:
        """Return the places of these rows; one with more cells than headings has shifted, and has no place."""
        known = [heading.strip() for heading in self.headings]
        wanted = [known.index(name) for name in (columns.lon, columns.lat, columns.at) if name is not None]
        cells = [
            [record.cells[k] if k < len(record.cells) and not self._surplus(record) else "" for k in wanted]
            for record in rows
        ]
        return PointRows(
            first=first,
            lines=np.array([record.line for record in rows], dtype=np.int64),
            x=np.array([number(each[0]) for each in cells], dtype=np.float64),
            y=np.array([number(each[1]) for each in cells], dtype=np.float64),
            times=None if columns.at is None else [each[2] for each in cells],
        )

    def _surplus(self, record: _Record) -> bool:
        return any(cell.strip() for cell in record.cells[len(self.headings) :])

    def _longer(self, record: _Record, added: Sequence[str]) -> str:
        """Return the text of a record with three more cells, which stand under their headings."""
        text = _without_end(record.text)
        end = record.text[len(text) :] or self._line_end
        missing = len(self.headings) - len(record.cells)
        if missing >= 0:
            return text + self._delimiter * missing + self._delimiter + self._delimiter.join(added) + end
        width = len(self.headings)
        row = io.StringIO(newline="")
        spelled = [*record.cells[:width], *added, *record.cells[width:]]
        csv.writer(row, delimiter=self._delimiter, lineterminator="\r\n").writerow(spelled)
        return row.getvalue()[:-2] + end


def _remembering(lines: Iterable[str], taken: list[str]) -> Iterator[str]:
    """Yield the lines, the byte order mark left out, and keep each as it stands."""
    for line in lines:
        taken.append(line)
        yield line.removeprefix(_MARK)


def _without_end(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _spelled(cells: GridCells) -> Iterator[tuple[str, str, str]]:
    """Yield the three cells of each row as texts."""
    for code, method, metres in zip(cells.codes, cells.methods, cells.border_distances_m, strict=True):
        yield code or "", method, "" if metres is None else repr(metres)


def _recognise(path: Path) -> tuple[str, int, tuple[Finding, ...]]:
    """Return the encoding of a file, the number of its lines and, where it is not UTF-8, the finding that says so.

    The rules are those of `delimited`; everyday Chinese is looked for around the first byte that is not UTF-8.
    """
    with path.open("rb") as file:
        start = file.read(2)
    for mark, encoding in _WIDE_MARKS:
        if start == mark:
            return encoding, _count_lines(path, encoding), ()
    try:
        return "utf-8", _count_lines(path, "utf-8"), ()
    except UnreadableFile as fault:
        broken = fault
    with path.open("rb") as file:
        sample = next((block for block in iter(lambda: file.readlines(_BLOCK), []) if not _is_utf8(block)), [])
    if everyday_share(b"".join(sample)) < EVERYDAY_SHARE:
        raise broken
    return "gb18030", _count_lines(path, "gb18030"), (READ_AS_GB18030.finding(),)


def _is_utf8(lines: Sequence[bytes]) -> bool:
    try:
        b"".join(lines).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _count_lines(path: Path, encoding: str) -> int:
    """Return how many lines a file has; refuse it where it is not in that encoding, or holds NUL characters."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    lines = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            try:
                text = decoder.decode(block)
            except UnicodeDecodeError as fault:
                line = lines + fault.object.count(b"\n", 0, fault.start) + 1
                raise UnreadableFile(
                    f"{path.name} has bytes on line {line} that are not {encoding.upper()}; save it as CSV in UTF-8."
                ) from fault
            if "\0" in text:
                raise UnreadableFile(f"{path.name} holds NUL bytes and is no text file; export it as CSV in UTF-8.")
            lines += text.count("\n")
    try:
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as fault:
        raise UnreadableFile(
            f"{path.name} breaks off in the middle of a character; copy or export it again."
        ) from fault
    return lines + 1
