"""`gisgrid import`: a file becomes rows, or a list of what is wrong with it.

Room: the command line. In: a file and options. Out: counts and findings.
"""

from __future__ import annotations

from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Final

import typer

from gisgrid import importing, wire
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.errors import UsageError
from gisgrid.importing import Imported
from gisgrid.settings import Settings

_OPTIONS_OF_OSM: Final = frozenset({"--area", "--community"})
_LAYERS_OF_OPTIONS: Final = MappingProxyType(
    {
        "--area": ("osm",),
        "--community": ("osm",),
        "--estimate-households": ("buildings",),
        "--measure": ("buildings", "households"),
    }
)
"""Options that only some layers have."""


def import_(
    layer: Annotated[str, typer.Argument(help="divisions, barriers, estates, buildings, aliases, households, ties, "
                                              "grids, sites, nets, posts, categories, limits, holidays, reports, or "
                                              "osm for OpenStreetMap.")],
    file: Annotated[Path, typer.Argument(help="Any vector format that GDAL reads, CSV or XLSX; osm: .osm.pbf, .osm.")],
    crs: Annotated[str | None, typer.Option(help="wgs84, cgcs2000, gcj02, bd09 or EPSG:n; needed where the file "
                                                 "carries none.")] = None,
    columns: Annotated[list[str] | None, typer.Option(help="ours=theirs,… : our column is their column.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Read and check everything, change nothing.")] = False,
    rejects: Annotated[Path | None, typer.Option(help="Load the good rows, write the bad ones to this CSV.")] = None,
    estimate_households: Annotated[float | None, typer.Option(
        metavar="[M2=100]",
        help="buildings: households from floors (or height / 3 m) × footprint ÷ square metres a dwelling.")] = None,
    measure: Annotated[str, typer.Option(help="What a household is here: resident, registered or dwelling.")]
    = "resident",
    area: Annotated[Path | None, typer.Option(help="osm: polygons that become communities (code, name).")] = None,
    community: Annotated[str | None, typer.Option(metavar="CODE=NAME",
                                                  help="osm: the extent is this one community.")] = None,
    as_json: output.JsonOption = False,
) -> None:  # fmt: skip
    """Import a layer; the same file twice changes nothing, and a bad row stops the file unless --rejects."""
    given = {
        "--crs": crs is not None,
        "--columns": bool(columns),
        "--rejects": rejects is not None,
        "--estimate-households": estimate_households is not None,
        "--measure": measure != "resident",
        "--area": area is not None,
        "--community": community is not None,
    }
    _require_layer_of_options(layer, [option for option, is_given in given.items() if is_given])
    if layer == "osm":
        _import_osm(file, area=area, community=community, dry_run=dry_run, as_json=as_json)
        return
    if rejects is not None:
        output.require_writable(rejects, option="--rejects")
    request = importing.ImportRequest(
        layer=layer,
        path=file,
        crs=crs,
        columns=output.pairs(columns or (), option="--columns"),
        dwelling_m2=estimate_households,
        measure=measure,
        dry_run=dry_run,
        rejects=rejects,
        nearest_tolerance_m=Settings.from_environment().nearest_tolerance_m,
    )
    with opened_database() as database, output.progress_bar() as bar:
        task = bar.add_task(f"import {layer}", total=None)
        imported = importing.import_layer(
            database, request, progress=lambda done, rows: bar.update(task, completed=done, total=rows)
        )
    _print_imported([imported], as_json=as_json)


def _require_layer_of_options(layer: str, given: list[str]) -> None:
    """Refuse options that the layer does not have, rather than pass over what somebody meant by them."""
    for option in given:
        if layer == "osm" and option not in _OPTIONS_OF_OSM:
            raise UsageError(f"{option} is not an option of `gisgrid import osm`; leave it out.")
        layers = _LAYERS_OF_OPTIONS.get(option)
        if layers is not None and layer not in layers:
            raise UsageError(f"{option} belongs to `gisgrid import {' or '.join(layers)}`; leave it out here.")


def _import_osm(file: Path, *, area: Path | None, community: str | None, dry_run: bool, as_json: bool) -> None:
    named = None
    if community is not None:
        code, _, name = (part.strip() for part in community.partition("="))
        if not code or not name:
            raise UsageError(f"--community {community!r} is not CODE=NAME; write for example 440305001001=南山社区.")
        named = code, name
    with opened_database() as database, output.progress_bar() as bar:
        task = bar.add_task("import osm", total=None)
        imported = importing.import_osm(
            database,
            file,
            area=area,
            community=named,
            dry_run=dry_run,
            progress=lambda done, rows: bar.update(task, completed=done, total=rows),
        )
    _print_imported(imported, as_json=as_json)


def _print_imported(imported: list[Imported], *, as_json: bool) -> None:
    findings = [finding for each in imported for finding in each.findings]
    if as_json:
        documents = [
            {
                "layer": each.layer,
                "inserted": each.inserted,
                "updated": each.updated,
                "unchanged": each.unchanged,
                "rejected": each.rejected,
                "dry_run": each.dry_run,
                "findings": wire.findings(each.findings),
            }
            for each in imported
        ]
        output.print_json(documents[0] if len(documents) == 1 else documents)
    else:
        output.print_findings(findings)
        output.print_table(
            ("layer", "inserted", "updated", "unchanged", "rejected"),
            [(each.layer, each.inserted, each.updated, each.unchanged, each.rejected) for each in imported],
            title="Nothing was written: --dry-run" if imported[0].dry_run else None,
        )
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)
