"""A file becomes a layer: the good rows in the contract's columns, the bad ones with their reasons, and the findings.

Room: ingest. In: a path, the layer's name, what the caller declares. Out: `ReadLayer`. Writes nothing; needs no
database: whether a household's building exists is asked by the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
from numpy.typing import NDArray

from gisgrid.errors import MissingCrs, UnknownCrs, UnreadableFile, UsageError
from gisgrid.geometry.crs import parse_crs
from gisgrid.ingest.checks import check_layer, read_columns
from gisgrid.ingest.columns import match_columns, require_columns
from gisgrid.ingest.counts import count_households
from gisgrid.ingest.delimited import read_delimited
from gisgrid.ingest.forms import LAYERS, Layer
from gisgrid.ingest.places import has_geometry, raw_geometry, stored_geometry
from gisgrid.ingest.points import check_report_places
from gisgrid.ingest.raw import RawTable
from gisgrid.ingest.result import ReadLayer, Source, good_rows
from gisgrid.ingest.rows import RowFindings
from gisgrid.ingest.values import PERSONAL_NUMBER
from gisgrid.ingest.vector import UNHURRIED, Limits, read_vector
from gisgrid.ingest.workbook import read_workbook
from gisgrid.model import Finding, HouseholdMeasure, LayerName, Rule

__all__ = ["ReadLayer", "ReadOptions", "read_layer", "read_table", "resolve_crs"]

Progress = Callable[[int, int], None]

CRS_CONTRADICTS_FILE = Rule(
    "crs_contradicts_file",
    "warning",
    "The file says its coordinates are {in_file}, you declared {declared}; the declared one was taken. "
    "Leave --crs out to follow the file.",
    "文件声明的坐标系为 {in_file}，您声明为 {declared}；已按您声明的处理。如以文件为准，请不要使用 --crs。",
)
SOURCE_FROM_FILE_NAME = Rule(
    "source_from_file_name",
    "info",
    "The reports name no source; the file's name “{source}” was taken. Add a column source to tell streams apart.",
    "诉求数据没有来源列，已用文件名“{source}”作为来源。可增加 source 列加以区分。",
)
NO_ROWS = Rule(
    "no_rows",
    "warning",
    "The file has headings but no rows; nothing was read. Check that the right sheet or layer was exported.",
    "文件只有表头没有数据；请检查导出的工作表或图层是否正确。",
)


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What else a caller may declare about a file.

    Attributes
    ----------
    source_layer
        The layer or sheet inside the file; also written as `FILE|layername=NAME`.
    dwelling_m2
        Estimate missing household counts at so many m² of gross floor area a dwelling; None: do not estimate.
    household_measure
        Which households the file counts.
    zone
        What dates and times without a zone are in.
    limits
        How long a vector file may be read, and to how much an archive may unpack.
    """

    source_layer: str | None = None
    dwelling_m2: float | None = None
    household_measure: HouseholdMeasure = "resident"
    zone: str = "Asia/Shanghai"
    limits: Limits = UNHURRIED


_DEFAULT_OPTIONS: Final = ReadOptions()
_NO_COLUMNS: Final[Mapping[str, str]] = {}


def read_layer(
    path: Path,
    layer: LayerName,
    *,
    crs: str | None = None,
    columns: Mapping[str, str] = _NO_COLUMNS,
    options: ReadOptions = _DEFAULT_OPTIONS,
    progress: Progress | None = None,
) -> ReadLayer:
    """Return the rows of a file as a layer, the bad ones set apart.

    Parameters
    ----------
    path
        CSV, XLSX or a vector file; `FILE|layername=NAME` names a layer or sheet in it.
    layer
        One of the contract's layers.
    crs
        The coordinate system as the caller declares it; it goes before what the file says.
    columns
        Ours → the file's heading, where the headings do not say it themselves.
    options
        See `ReadOptions`.
    progress
        Called with rows done and rows in all.

    Raises
    ------
    UsageError
        No such layer, column, sheet; MissingCrs and UnknownCrs among them.
    UnreadableFile
        Damaged, or of no format that is read.
    RefusedData
        A column is missing without which no row can be read.
    """
    form = LAYERS.get(layer)
    if form is None:
        raise UsageError(f"There is no layer {layer!r}; there are {', '.join(LAYERS)}.")
    declared = parse_crs(crs) if crs else None
    table = read_table(path, form, columns, options)
    matched, remarks = match_columns(form, table.headings, columns)
    require_columns(form, matched, table.headings, has_geometry=has_geometry(table, matched))
    rows = RowFindings(table.lines)
    rows.add_file(*table.findings, *remarks)
    if not len(table):
        rows.add_file(NO_ROWS.finding())
    _report(progress, 0, len(table))
    values = read_columns(form, table, matched, rows, _zone(options.zone))
    check_layer(form, values, rows)
    _report(progress, len(table) // 2, len(table))
    geometry, used = _geometry(form, table, matched, declared, rows, values, path)
    if form.name == "buildings":
        count_households(values, geometry, rows, options.household_measure, options.dwelling_m2)
    elif form.name == "reports":
        _name_source(values, path.stem.partition("|")[0], rows)
    _report(progress, len(table), len(table))
    source = Source(form, table, matched)
    findings = tuple(rows.findings())
    personal = {finding.line for finding in findings if finding.rule == PERSONAL_NUMBER.name and finding.line}
    return ReadLayer(
        layer=layer,
        frame=good_rows(form, values, geometry, rows),
        findings=findings,
        rejected=source.rows(rows.reasons(), withheld=personal),
        rows=len(table),
        crs=used,
        source=source,
    )


def read_table(path: Path, layer: Layer, columns: Mapping[str, str], options: ReadOptions) -> RawTable:
    """Return the raw rows of a file by the format that its extension names.

    Raises
    ------
    UnreadableFile
        No such file, or of no format that is read.
    """
    name, _, inside = str(path).partition("|layername=")
    path, source_layer = Path(name), inside or options.source_layer
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path.name} in the folder {path.absolute().parent}; check the path.")
    match path.suffix.lower():
        case ".csv" | ".txt" | ".tsv":
            return read_delimited(path)
        case ".xlsx" | ".xlsm":
            return read_workbook(path, layer, columns, source_layer)
        case ".xls" | ".et" | ".ods":
            raise UnreadableFile(f"{path.name} is an old or foreign workbook; save it as .xlsx, or as CSV in UTF-8.")
        case _:
            wanted = [source_layer] if source_layer else [layer.name, layer.title_zh]
            return read_vector(path, wanted, options.limits)


def resolve_crs(declared: str | None, in_file: str | None, name: str) -> tuple[str, list[Finding]]:
    """Return the coordinate system to read in, and a warning where the caller contradicts the file.

    Parameters
    ----------
    declared
        By the caller, in normal form, or None.
    in_file
        What the file says, as EPSG code or WKT, or None.
    name
        The file's name, for the sentence.

    Raises
    ------
    MissingCrs
        Neither says.
    UnknownCrs
        Only the file says, and it is no system that is known.
    """
    try:
        found = parse_crs(in_file) if in_file else None
    except UnknownCrs as fault:
        if declared is None:
            raise UnknownCrs(
                f"{name} names a coordinate system that is not known; declare it with --crs. {fault}"
            ) from fault
        found = None
    if declared is None:
        if found is None:
            raise MissingCrs(
                f"{name} does not say in which coordinate system its coordinates are; "
                "declare it with --crs: wgs84, cgcs2000, gcj02, bd09 or EPSG:n."
            )
        return found, []
    # No file can say GCJ-02 or BD-09, and CGCS2000 is WGS-84 to 0.1 mm: neither contradicts degrees of WGS-84.
    degrees = ("wgs84", "cgcs2000")
    agrees = found in (None, declared) or (found in degrees and declared in (*degrees, "gcj02", "bd09"))
    return declared, [] if agrees else [CRS_CONTRADICTS_FILE.finding(in_file=found, declared=declared)]


def _geometry(
    form: Layer,
    table: RawTable,
    matched: Mapping[str, str],
    declared: str | None,
    rows: RowFindings,
    values: dict[str, list[Any]],
    path: Path,
) -> tuple[NDArray[np.object_] | None, str | None]:
    """Return the geometry of the rows and the system it was read in; for reports their coordinates are checked."""
    if form.geometry is None:
        return None, None
    if form.name == "reports":
        return None, check_report_places(table, matched, values, rows, declared, path.name)
    nothing = np.full(len(table), None, dtype=object)
    if not has_geometry(table, matched):
        return nothing, None
    given = raw_geometry(table, matched, rows)
    if not form.geometry_required and not any(each is not None for each in given):
        return nothing, None
    used, remarks = resolve_crs(declared, table.crs if "geometry" not in matched else None, path.name)
    rows.add_file(*remarks)
    return stored_geometry(given, form, used, rows, values), used


def _name_source(values: dict[str, list[Any]], stem: str, rows: RowFindings) -> None:
    """Give reports without a source the file's name."""
    without = [row for row, source in enumerate(values["source"]) if source is None]
    for row in without:
        values["source"][row] = stem[:64]
    if without:
        rows.add_file(SOURCE_FROM_FILE_NAME.finding(source=stem[:64]))


def _zone(name: str) -> ZoneInfo:
    """Return the time zone of that name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as fault:
        raise UsageError(f"There is no time zone {name!r}; name one such as Asia/Shanghai.") from fault


def _report(progress: Progress | None, done: int, total: int) -> None:
    """Tell the caller how far the work is."""
    if progress is not None:
        progress(done, total)
