"""A file becomes a layer: the good rows in the contract's columns, the bad ones with their reasons, and the findings.

Room: ingest. In: a path, the layer's name, what the caller declares. Out: `ReadLayer`. Writes nothing; needs no
database: whether a household's building exists is asked by the store.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisgrid.errors import MissingCrs, UnknownCrs, UnreadableFile, UsageError
from gisgrid.geometry.crs import parse_crs
from gisgrid.ingest import estimate
from gisgrid.ingest.checks import check_layer, read_columns
from gisgrid.ingest.columns import LAYERS, Layer, match_columns, require_columns
from gisgrid.ingest.delimited import read_delimited
from gisgrid.ingest.places import has_geometry, raw_geometry, stored_geometry
from gisgrid.ingest.points import check_report_places
from gisgrid.ingest.raw import RawTable
from gisgrid.ingest.rows import RowFindings
from gisgrid.ingest.values import is_empty
from gisgrid.ingest.vector import read_vector
from gisgrid.ingest.workbook import CellError, UnsavedFormula, read_workbook
from gisgrid.model import Finding, HouseholdMeasure, LayerName, Rule

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
HOUSEHOLDS_ESTIMATED = Rule(
    "households_estimated",
    "info",
    "{count} buildings had no household count; {households} households were estimated at {dwelling_m2:g} m² of gross "
    "floor area a dwelling and are marked as estimated.",
    "{count} 栋楼没有户数，已按每套建筑面积 {dwelling_m2:g} 平方米估算为 {households} 户，并标记为估算值。",
)
FLOORS_UNKNOWN = Rule(
    "floors_unknown",
    "warning",
    "{count} buildings (lines {first}) have neither floors nor a height; one floor was counted. Add the column floors.",
    "{count} 栋楼（第 {first} 行）既无层数也无高度，按一层计算。请补充 floors 列。",
)
HOUSEHOLDS_UNKNOWN = Rule(
    "households_unknown",
    "warning",
    "{count} buildings (lines {first}) have no household count and count as 0 until household rows are imported. "
    "Or use --estimate-households.",
    "{count} 栋楼（第 {first} 行）没有户数，在导入户数据之前按 0 计。也可使用 --estimate-households 估算。",
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
    """

    source_layer: str | None = None
    dwelling_m2: float | None = None
    household_measure: HouseholdMeasure = "resident"
    zone: str = "Asia/Shanghai"


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
    """

    layer: LayerName
    frame: pd.DataFrame
    findings: tuple[Finding, ...]
    rejected: pd.DataFrame
    rows: int
    crs: str | None = None


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
        _count_households(values, geometry, rows, options)
    elif form.name == "reports":
        _name_source(values, path.stem.partition("|")[0], rows)
    _report(progress, len(table), len(table))
    return ReadLayer(
        layer=layer,
        frame=_frame(form, values, geometry, rows),
        findings=tuple(rows.findings()),
        rejected=_rejected(form, table, matched, rows),
        rows=len(table),
        crs=used,
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
        raise UnreadableFile(f"There is no file {path.name} at {path.parent}; check the path.")
    match path.suffix.lower():
        case ".csv" | ".txt" | ".tsv":
            return read_delimited(path)
        case ".xlsx" | ".xlsm":
            return read_workbook(path, layer, columns, source_layer)
        case ".xls" | ".et" | ".ods":
            raise UnreadableFile(f"{path.name} is an old or foreign workbook; save it as .xlsx, or as CSV in UTF-8.")
        case _:
            return read_vector(path, [source_layer] if source_layer else [layer.name, layer.title_zh])


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


def _count_households(
    values: dict[str, list[Any]], geometry: NDArray[np.object_] | None, rows: RowFindings, options: ReadOptions
) -> None:
    """Give every building the source of its count, and the count itself where it is to be estimated."""
    counts = values["households"]
    unknown = [row for row, count in enumerate(counts) if count is None and not rows.bad[row]]
    values["household_source"] = [None if count is None else "declared" for count in counts]
    values["household_measure"] = [options.household_measure] * len(counts)
    if options.dwelling_m2 is None or geometry is None:
        rows.sum_up(HOUSEHOLDS_UNKNOWN, unknown)
        return
    if not options.dwelling_m2 > 0:
        raise UsageError(
            f"--estimate-households {options.dwelling_m2:g} is not above zero; give m² a dwelling, such as 100."
        )
    if not unknown:
        return
    floors = np.array([values["floors"][row] for row in unknown], dtype=float)
    height_m = np.array([values["height_m"][row] for row in unknown], dtype=float)
    lived_in = np.array([estimate.is_lived_in(values["use"][row]) for row in unknown])
    areas = estimate.footprint_m2(geometry[unknown])
    homes = estimate.estimate_households(areas, floors, height_m, lived_in, options.dwelling_m2)
    for row, count in zip(unknown, homes.tolist(), strict=True):
        counts[row] = count
        values["household_source"][row] = "estimated"
    rows.add_file(
        HOUSEHOLDS_ESTIMATED.finding(
            count=len(unknown), households=int(homes.sum()), dwelling_m2=float(options.dwelling_m2)
        )
    )
    blind = np.isnan(floors) & np.isnan(height_m) & lived_in
    rows.sum_up(FLOORS_UNKNOWN, [unknown[index] for index in np.flatnonzero(blind)])


def _name_source(values: dict[str, list[Any]], stem: str, rows: RowFindings) -> None:
    """Give reports without a source the file's name."""
    without = [row for row, source in enumerate(values["source"]) if source is None]
    for row in without:
        values["source"][row] = stem[:64]
    if without:
        rows.add_file(SOURCE_FROM_FILE_NAME.finding(source=stem[:64]))


def _frame(
    form: Layer, values: Mapping[str, list[Any]], geometry: NDArray[np.object_] | None, rows: RowFindings
) -> pd.DataFrame:
    """Return the good rows as a frame of Python values."""
    good = np.flatnonzero(~rows.bad)
    columns = {name: _objects([cells[row] for row in good]) for name, cells in values.items()}
    frame = pd.DataFrame(columns, columns=list(values), dtype=object)
    frame["line"] = rows.lines[good]
    if form.geometry is None or form.name == "reports":
        return frame
    shapes = geometry[good] if geometry is not None else np.full(len(good), None, dtype=object)
    series = geopandas.GeoSeries(shapes, crs="EPSG:4326", index=frame.index)
    located: pd.DataFrame = geopandas.GeoDataFrame(frame, geometry=series)
    return located


def _rejected(form: Layer, table: RawTable, matched: Mapping[str, str], rows: RowFindings) -> pd.DataFrame:
    """Return the bad rows under the file's own headings, so that they can be corrected and imported again."""
    reasons = rows.reasons()
    bad = sorted(reasons)
    withheld = form.name == "households"  # a code that was refused may be a person's number
    columns: dict[str, Any] = {"line": rows.lines[bad] if bad else np.array([], dtype=np.int64)}
    columns["reason"] = _objects([reasons[row] for row in bad])
    for name, heading in sorted(matched.items(), key=lambda pair: table.headings.index(pair[1])):
        cells = [_as_it_came(table.cells[heading][row]) for row in bad]
        if withheld and name == "code":
            personal = [finding.line for finding in rows.findings() if finding.rule == "personal_number"]
            cells = ["" if rows.lines[row] in personal else cell for row, cell in zip(bad, cells, strict=True)]
        columns[heading] = _objects(cells)
    if table.geometry is not None:
        columns["wkt"] = _objects([shapely.to_wkt(table.geometry[row], rounding_precision=-1) for row in bad])
    return pd.DataFrame(columns)


def _as_it_came(cell: Any) -> Any:
    """Return a cell as it stood in the file."""
    if isinstance(cell, UnsavedFormula):
        return cell.formula
    if isinstance(cell, CellError):
        return cell.text
    return None if is_empty(cell) else cell


def _objects(values: Sequence[Any]) -> NDArray[np.object_]:
    """Return values as an array of objects, so that pandas keeps whole numbers whole and None None."""
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


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
