"""CSV and its kin: UTF-8 or GB18030, comma, semicolon or tab, one heading line.

Room: ingest. In: the path of a text file. Out: a `RawTable` of texts. Writes nothing.

The encoding is recognised, never repaired: UTF-8 (with or without a byte order mark) and UTF-16 with a mark by their
own rules; else GB18030, when what comes out is everyday Chinese. UTF-8 with a broken byte also decodes as GB18030, but
to rare characters: hence the test on the characters of GB 2312 level 1, which hold over 99 % of running text
(source: GB/T 2312-1980, rows 16-55).
"""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from gisgrid.errors import UnreadableFile
from gisgrid.ingest.raw import RawTable
from gisgrid.model import Finding, Rule

DELIMITERS: Final = (",", ";", "\t")
LONGEST_CELL: Final = 1_000_000
EVERYDAY_SHARE: Final = 0.6

READ_AS_GB18030 = Rule(
    "read_as_gb18030",
    "info",
    "The file is not UTF-8 and was read as GB18030 (GBK). Save it as UTF-8 to be independent of this.",
    "文件不是 UTF-8 编码，已按 GB18030（GBK）读取。建议另存为 UTF-8。",
)


def read_delimited(path: Path) -> RawTable:
    """Return the rows of a CSV file as texts, with the line that each begins on.

    Raises
    ------
    UnreadableFile
        Neither UTF-8 nor GB18030; no heading; an unclosed quotation mark; two equal headings.
    """
    text, findings = decode(path.read_bytes(), path.name)
    if not text.strip():
        raise UnreadableFile(f"{path.name} is empty; a CSV file starts with a line of headings.")
    records = list(_records(text, path.name))
    _, headings = records[0]
    headings = [heading.strip() for heading in headings]
    while headings and not headings[-1]:
        headings.pop()  # a spreadsheet saves empty columns at the end
    _require_distinct(headings, path.name)
    lines: list[int] = []
    rows: list[list[str]] = []
    ragged = {}
    for line, row in records[1:]:
        if not any(cell.strip() for cell in row):
            continue
        if _is_ragged(row, len(headings)):
            ragged[len(rows)] = len(row)
        lines.append(line)
        rows.append([*row[: len(headings)], *[""] * (len(headings) - len(row))])
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(headings)
    return RawTable(
        cells={heading: cells for heading, cells in zip(headings, columns, strict=True) if heading},
        lines=np.array(lines, dtype=np.int64),
        findings=tuple(findings),
        ragged=ragged,
    )


def decode(content: bytes, name: str) -> tuple[str, list[Finding]]:
    """Return the text of a file and, where it was not UTF-8, the finding that says so.

    Raises
    ------
    UnreadableFile
        It is in neither encoding, or holds NUL bytes.
    """
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _decoded(content, "utf-16", name), []
    if b"\0" in content:
        raise UnreadableFile(f"{name} holds NUL bytes and is no text file; export it as CSV in UTF-8.")
    try:
        return content.decode("utf-8-sig"), []
    except UnicodeDecodeError as fault:
        broken = fault.start
    if everyday_share(content) < EVERYDAY_SHARE:
        line = content.count(b"\n", 0, broken) + 1
        raise UnreadableFile(
            f"{name} is neither UTF-8 (byte {broken + 1}, line {line}) nor GB18030; save it as CSV in UTF-8."
        )
    return _decoded(content, "gb18030", name), [READ_AS_GB18030.finding()]


def _decoded(content: bytes, encoding: str, name: str) -> str:
    """Return the content in that encoding, strictly."""
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as fault:
        line = content.count(b"\n", 0, fault.start) + 1
        raise UnreadableFile(
            f"{name} has bytes on line {line} that are not {encoding}; save it as CSV in UTF-8."
        ) from fault


def everyday_share(content: bytes) -> float:
    """Return which share of the characters outside ASCII is everyday Chinese when read as GB18030 (0 when unreadable).

    Everyday: GB 2312 rows 1-9 (punctuation, full width) and 16-55 (hanzi of level 1).
    """
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return 0.0
    pairs = [character.encode("gb18030") for character in text if ord(character) > 127]
    everyday = sum(
        len(pair) == 2 and (0xA1 <= pair[0] <= 0xA9 or 0xB0 <= pair[0] <= 0xD7) and pair[1] >= 0xA1 for pair in pairs
    )
    return everyday / len(pairs) if pairs else 0.0


def _records(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield every record with the line that it begins on; a quoted cell may run over several lines."""
    csv.field_size_limit(LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    line = 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error as fault:
        raise UnreadableFile(
            f"{name}: the record that begins on line {line} cannot be read ({fault}); "
            "close its quotation marks, and double those inside a cell."
        ) from fault


def _delimiter(text: str) -> str:
    """Return what parts the cells: the delimiter that parts the heading line most often."""
    heading = text.lstrip("\r\n").split("\n", 1)[0]
    return max(DELIMITERS, key=heading.count)


def _is_ragged(row: Sequence[str], width: int) -> bool:
    """Return whether a row has cells without a heading, or headings without a cell."""
    return len(row) < width or any(cell.strip() for cell in row[width:])


def _require_distinct(headings: Sequence[str], name: str) -> None:
    """Refuse headings that stand twice: nobody could say which column is meant. One without a heading is not read."""
    if not any(headings):
        raise UnreadableFile(f"{name} has an empty first line; a CSV file starts with a line of headings.")
    for heading in headings:
        if heading and headings.count(heading) > 1:
            raise UnreadableFile(
                f"{name} has the heading {heading[:60]!r} twice; give every column a heading of its own."
            )
