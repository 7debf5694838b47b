"""A file is read, checked against what is stored, and loaded: whole, or with its bad rows set apart, or not at all.

Room: the corridor, below `workflow`. In: a `Database` and what was asked for. Out: counts and findings. Must not import
a web framework, SQL or settings.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import pandas as pd

from gisgrid.directory import GridDirectory
from gisgrid.dispatch.intake import field_faults
from gisgrid.errors import RefusedData, UsageError
from gisgrid.filing import FiledReport, Submission, file_reports_in
from gisgrid.ingest import osm, read
from gisgrid.ingest.result import ReadLayer
from gisgrid.model import HOUSEHOLD_MEASURES, Finding, HouseholdMeasure, LayerName, Report, Rule
from gisgrid.store import layers
from gisgrid.store.database import Connection, Database
from gisgrid.store.layers import LoadCounts

Progress = Callable[[int, int], None]

REPORT_DIFFERS: Final = Rule(
    "report_differs",
    "error",
    "Report {external_id} of source {source} was sent before with another content (kept as {kept}); "
    "send a changed report under a new external_id.",
    "来源{source}的诉求{external_id}此前已收到且内容不同（编号{kept}）；内容有变请使用新的编号。",
)
REPORT_FIELD: Final = Rule(
    "report_field",
    "error",
    "{fault}",
    "字段{field}不能保存：{fault}",
)
_REPORT_FIELDS: Final = tuple(each.name for each in dataclasses.fields(Report))
_PLACED: Final = frozenset({"barriers", "buildings", "estates", "grids", "nets", "reports", "sites"})
"""Layers whose places should lie in the communities: a wrong coordinate system shows on them."""
_RELATED: Final = frozenset({"divisions", "estates", "buildings", "households"})
"""Layers after which communities, estates and counts of buildings are asked for again."""
_COUNTS: Final = ("inserted", "updated", "unchanged")
REPORTS_AT_ONCE: Final = 2_000
"""So many reports are placed and written at a time, all in the import's one transaction."""


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """What is to be imported, and how.

    Attributes
    ----------
    crs
        The declared coordinate system; None where the file carries its own.
    columns
        Ours → theirs.
    dwelling_m2
        Estimate missing household counts of buildings at so many m² of floor a dwelling; None: do not.
    rejects
        Load the good rows and write the bad ones to this CSV file; None: all or nothing.
    dry_run
        Read, check and load, then undo everything.
    nearest_tolerance_m
        reports: a point outside every grid is given to the nearest one within this distance.
    """

    layer: str
    path: Path
    crs: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    dwelling_m2: float | None = None
    measure: str = "resident"
    rejects: Path | None = None
    dry_run: bool = False
    nearest_tolerance_m: float = 0.0


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did: rows inserted, updated and left as they were, rows rejected, and the findings."""

    layer: str
    inserted: int
    updated: int
    unchanged: int
    rejected: int
    findings: tuple[Finding, ...]
    dry_run: bool = False


def import_layer(database: Database, request: ImportRequest, *, progress: Progress | None = None) -> Imported:
    """Return what the import of one file did.

    Raises
    ------
    UsageError
        The request names no layer, column or coordinate system that there is.
    UnreadableFile
        The file is damaged or of no format that is read.
    RefusedData
        Rows are bad and no file for rejects was named; nothing was changed.
    """
    options = read.ReadOptions(dwelling_m2=request.dwelling_m2, household_measure=_measure(request.measure))
    layer = _layer(request.layer)
    material = read.read_layer(
        request.path, layer, crs=request.crs, columns=request.columns, options=options, progress=progress
    )
    if request.rejects is None:
        _refuse_errors(request.path, material.findings, len(material.rejected))
    with database.transaction(keep=not request.dry_run) as connection:
        material, counts = _load(connection, database, request, material)
    if request.rejects is not None and not request.dry_run:
        _write_rejects(request.rejects, material.rejected)
    return _imported(layer, counts, len(material.rejected), material.findings, dry_run=request.dry_run)


def import_osm(
    database: Database,
    path: Path,
    *,
    area: Path | None = None,
    community: tuple[str, str] | None = None,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> list[Imported]:
    """Return what the import of an OpenStreetMap extract did: divisions, barriers and buildings, all or nothing.

    Parameters
    ----------
    area
        Polygons that become the communities, in place of the extract's own boundaries.
    community
        Code and name of the single community that the extent becomes.
    """
    extract = osm.read_osm(path, area=area, community=community, progress=progress)
    frames: dict[LayerName, pd.DataFrame] = {
        "divisions": extract.divisions,
        "barriers": extract.barriers,
        "buildings": extract.buildings,
    }
    _refuse_errors(path, extract.findings, 0)

    with database.transaction(keep=not dry_run) as connection:
        counts = {layer: layers.load_layer(connection, layer, frame) for layer, frame in frames.items()}
        findings = [*extract.findings, *layers.relate(connection)]
        total = LoadCounts(*(sum(getattr(each, name) for each in counts.values()) for name in _COUNTS))
        layers.record_import(connection, "osm", (path.name, _sha256(path), "wgs84"), total, findings=findings)
    # The findings are about the extract: they are told once, with its last layer.
    told = {"buildings": findings}
    return [_imported(layer, each, 0, told.get(layer, ()), dry_run=dry_run) for layer, each in counts.items()]


def _load(
    connection: Connection, database: Database, request: ImportRequest, material: ReadLayer
) -> tuple[ReadLayer, LoadCounts]:
    """Return the layer with everything that was found on loading it, and the counts; in the caller's transaction."""
    unknown = layers.unknown_references(connection, material.layer, material.frame)
    material = _set_apart(request, material, unknown)
    if material.layer in _PLACED:
        material = material.reject(layers.drift(connection, material.frame, material.crs or "wgs84"))
    if material.layer == "reports":
        material, counts = _file(connection, database, request, material)
    elif material.layer == "grids":
        material, counts = _draft(connection, request, material)
    else:
        counts = layers.load_layer(connection, material.layer, material.frame)
        if material.layer in _RELATED:
            material = material.reject(layers.relate(connection))
    path = Path(str(request.path).partition("|")[0])
    layers.record_import(
        connection,
        material.layer,
        (path.name, _sha256(path), material.crs),
        counts,
        rejected=len(material.rejected),
        findings=material.findings,
    )
    return material, counts


def _draft(connection: Connection, request: ImportRequest, material: ReadLayer) -> tuple[ReadLayer, LoadCounts]:
    """Return the layer with what is to be said about its grids, and the counts of those kept as drafts."""
    from gisgrid import repairing  # noqa: PLC0415 - the planner's room takes a second to load

    homes, found = repairing.homes_of_grids(connection, material.frame)
    material = _set_apart(request, material, found)
    counts, told = repairing.draft_grids(connection, material.frame, homes)
    return material.reject(told), counts


def _set_apart(request: ImportRequest, material: ReadLayer, found: Sequence[Finding]) -> ReadLayer:
    """Return the layer with these findings, the rows of its errors among the rejects; refuse it where there are none.

    Raises
    ------
    RefusedData
        Rows are bad, and all or nothing was asked for.
    """
    if request.rejects is None:
        lines = {finding.line for finding in found if finding.severity == "error"}
        _refuse_errors(request.path, [*found, *material.findings], len(lines))
    return material.reject(found)


def _file(
    connection: Connection, database: Database, request: ImportRequest, material: ReadLayer
) -> tuple[ReadLayer, LoadCounts]:
    """Return the layer with what is to be said about its reports by line, and the counts of those filed."""
    faulty = [
        REPORT_FIELD.finding(codes=(report.external_id[:50],), line=line, field=fault.field, fault=fault.message)
        for line, report in _reports(material.frame)
        for fault in field_faults(report)
    ]
    material = _set_apart(request, material, faulty)
    directory = GridDirectory(database, nearest_tolerance_m=request.nearest_tolerance_m)
    rows = _reports(material.frame)
    filed: list[FiledReport] = []
    for start in range(0, len(rows), REPORTS_AT_ONCE):
        piece = [Submission(report, "import") for _, report in rows[start : start + REPORTS_AT_ONCE]]
        filed += file_reports_in(connection, directory, piece)
    found: list[Finding] = []
    for (line, report), each in zip(rows, filed, strict=True):
        found += [dataclasses.replace(finding, line=line) for finding in each.record.assignment.findings]
        if each.outcome == "different":
            names = {"external_id": report.external_id, "source": report.source, "kept": each.record.id}
            found.append(REPORT_DIFFERS.finding(codes=(report.external_id,), line=line, **names))
    outcomes = Counter(each.outcome for each in filed)
    return _set_apart(request, material, found), LoadCounts(outcomes["created"], 0, outcomes["repeated"])


def _reports(frame: pd.DataFrame) -> list[tuple[int, Report]]:
    """Return the reports of the rows, each with its line."""
    rows = [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]
    return [
        (int(row["line"]), Report(**{name: row[name] for name in _REPORT_FIELDS if row.get(name) is not None}))
        for row in rows
    ]


def _refuse_errors(path: Path, findings: Sequence[Finding], rows: int) -> None:
    """Refuse the file where a finding is an error.

    Raises
    ------
    RefusedData
        With every finding.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    if errors:
        many = f"{rows} rows of {path.name} cannot be loaded" if rows else f"{path.name} cannot be loaded"
        raise RefusedData(
            f"{many}, so nothing was; correct them, or load the others with --rejects OUT.csv. First: "
            f"{'' if errors[0].line is None else f'line {errors[0].line}: '}{errors[0].message}",
            findings,
        )


def _write_rejects(path: Path, rejected: pd.DataFrame) -> None:
    """Write the bad rows so that the file is there whole or not at all; a spreadsheet opens it as UTF-8."""
    unfinished = path.with_name(f".{path.name}.part")
    rejected.to_csv(unfinished, index=False, encoding="utf-8-sig")
    unfinished.replace(path)


def _imported(
    layer: str, counts: LoadCounts, rejected: int, findings: Sequence[Finding], *, dry_run: bool
) -> Imported:  # fmt: skip
    return Imported(
        layer, counts.inserted, counts.updated, counts.unchanged, rejected, tuple(findings), dry_run=dry_run
    )


def _layer(name: str) -> LayerName:
    for layer in get_args(LayerName):
        if name == layer:
            return layer  # type: ignore[no-any-return]  # get_args knows no types
    raise UsageError(f"There is no layer {name!r}; there are {', '.join(get_args(LayerName))}, and osm.")


def _measure(name: str) -> HouseholdMeasure:
    for measure in HOUSEHOLD_MEASURES:
        if name == measure:
            return measure
    raise UsageError(f"There is no measure {name!r} of households; there are {', '.join(HOUSEHOLD_MEASURES)}.")


def _plain(value: Any) -> Any:
    """Return a cell as a plain value, nothing as None."""
    return None if value is None or value is pd.NaT or value != value else value  # noqa: PLR0124  NaN


def _sha256(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
