"""Results on stdout, talk on stderr, JSON or a table: how every verb speaks.

Room: the command line. In: plain values and findings. Out: text. Nothing else of gisgrid prints.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from gisgrid import wire
from gisgrid.errors import GisgridError, RefusedData, UsageError
from gisgrid.maps.workbook import Table as SheetTable
from gisgrid.maps.workbook import csv_text
from gisgrid.model import Finding

JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object or array.")]

CsvOption = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write the table to this file.")]

SHOWN_FINDINGS = 20
"""So many findings are spelled out on a terminal; `--json` has them all."""

talk = Console(stderr=True, highlight=False)
result = Console(highlight=False, soft_wrap=True)


def print_json(document: Any) -> None:
    """Print a document as indented JSON on stdout."""
    sys.stdout.buffer.write(orjson.dumps(document, option=orjson.OPT_INDENT_2 | orjson.OPT_SERIALIZE_NUMPY) + b"\n")
    sys.stdout.flush()


def print_table(columns: Sequence[str], rows: Iterable[Sequence[Any]], *, title: str | None = None) -> None:
    """Print rows under headings; figures to the right. On a pipe: tab-separated, one row a line, the title as talk."""
    rows = [["" if value is None else value for value in row] for row in rows]
    if not result.is_terminal:
        if title is not None:
            talk.print(title, markup=False)
        for row in [columns, *rows]:
            result.print("\t".join(str(value) for value in row), markup=False)
        return
    table = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        figures = bool(rows) and all(isinstance(row[index], int | float) for row in rows)
        table.add_column(column, justify="right" if figures else "left")
    for row in rows:
        table.add_row(*(escape(str(value)) for value in row))
    result.print(table)


def print_findings(findings: Sequence[Finding]) -> None:
    """Tell the findings on stderr, errors first, the rest counted when there are many."""
    order = {"error": 0, "warning": 1, "info": 2}
    marks = {"error": "[red]error[/]  ", "warning": "[yellow]warning[/]", "info": "info   "}
    listed = sorted(findings, key=lambda each: order[each.severity])
    for each in listed[:SHOWN_FINDINGS]:
        where = f"line {each.line}: " if each.line is not None else ""
        talk.print(f"{marks[each.severity]} {escape(f'[{each.rule}]')} {escape(where + each.message)}")
    if len(listed) > SHOWN_FINDINGS:
        left = len(listed) - SHOWN_FINDINGS
        talk.print(f"… and {left} more findings; --json lists all of them.")


def progress_bar() -> Progress:
    """Return a progress bar on stderr that hides itself where there is no terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=talk,
        transient=True,
        disable=not talk.is_terminal,
    )


def refuse(error: GisgridError, *, as_json: bool) -> int:
    """Tell an error and return the exit status: 2 for a wrong call, 1 for everything refused."""
    findings = error.findings if isinstance(error, RefusedData) else ()
    if as_json:
        print_json({"error": error.code, "message": str(error), "findings": wire.findings(findings)})
    print_findings(findings)
    talk.print(f"[red]refused[/]: {escape(str(error))}")
    return 2 if isinstance(error, UsageError) else 1


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that it is there whole or not at all.

    Raises
    ------
    UsageError
        It cannot be written there.
    """
    unfinished = path.with_name(f".{path.name}.part")
    try:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise _unwritable(path, error.strerror) from error


def require_writable(path: Path, *, option: str) -> None:
    """Return nothing where a file can be written at this path; asked before long work whose result goes there.

    Raises
    ------
    UsageError
        Its folder does not exist or may not be written to, or the path is a folder itself.
    """
    if path.is_dir():
        raise _unwritable(path, "it is a folder", option=option)
    if not path.parent.is_dir():
        raise _unwritable(path, "its folder does not exist", option=option)
    if not os.access(path.parent, os.W_OK):
        raise _unwritable(path, "its folder may not be written to", option=option)


def _unwritable(path: Path, reason: str | None, *, option: str = "the file") -> UsageError:
    return UsageError(
        f"{option[0].upper()}{option[1:]} {path} cannot be written ({reason}); name a file in a folder that exists and "
        "that you may write to."
    )


def require_csv(path: Path | None) -> None:
    """Return nothing where no CSV file is asked for, or one that can be written.

    Raises
    ------
    UsageError
        It is not called .csv, or cannot be written there.
    """
    if path is None:
        return
    if path.suffix.lower() != ".csv":
        raise UsageError(f"The table is a CSV file; name it so: --csv {path.with_suffix('.csv').name}.")
    require_writable(path, option="--csv")


def write_csv(path: Path | None, table: SheetTable) -> None:
    """Write a table where a CSV file was asked for, with the mark that tells spreadsheet programs that it is UTF-8."""
    if path is not None:
        write_whole(path, "\ufeff" + csv_text(table))


def pairs(values: Iterable[str], *, option: str) -> Mapping[str, str]:
    """Return `A=B` texts, also several in one by commas, as a mapping.

    Raises
    ------
    UsageError
        A text without an equals sign.
    """
    mapping = {}
    for text in (part for value in values for part in value.split(",")):
        left, equals, right = text.partition("=")
        if not equals or not left.strip() or not right.strip():
            raise UsageError(f"{option} {text!r} is not of the form A=B; write for example {option} code=BUILDING_ID.")
        mapping[left.strip()] = right.strip()
    return mapping
