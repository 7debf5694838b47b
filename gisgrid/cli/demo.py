"""`gisgrid demo`: the main job on the bundled place, from files to a served map.

Room: the command line. In: the sample. Out: a drawn, published, located, mapped street at http://127.0.0.1:8000/.
"""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import Annotated, Final

import typer

from gisgrid import importing, workflow
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.cli.planning import actor, draw_with_progress, print_drawn
from gisgrid.directory import GridDirectory
from gisgrid.errors import Conflict
from gisgrid.model import DrawSettings
from gisgrid.sample_data import SAMPLE_LAYERS, SAMPLE_POSTS, SAMPLE_REPORTS, SampleLayer, sample_folder
from gisgrid.settings import Settings
from gisgrid.store.database import Database
from gisgrid.workflow import Spread

DISTRICT: Final = "990101"
STREET: Final = "990101001"
COMPLAINT: Final = (115.98597, 37.30124, "gcj02")
"""A point as a WeChat mini program sends it: in the first community of the sample."""


def demo(
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Serve at the end, until Ctrl-C.")] = True,
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
) -> None:
    """Run the main job on the bundled street (合成数据): import, draw, publish, report, map, locate, serve."""
    settings = Settings.from_environment()
    with opened_database(settings) as database:
        _require_own_place(database)
        _import(database, SAMPLE_LAYERS, settings.home / "rejects")
        _draw_and_publish(database)
        _import(database, (SAMPLE_POSTS, *SAMPLE_REPORTS), settings.home / "rejects")
        page = _write_map(database, settings.home)
        _print_lookup(GridDirectory(database, nearest_tolerance_m=settings.nearest_tolerance_m))
        output.result.print(f"map        {page}", markup=False)
        if serve:
            _serve(settings, port)


def _require_own_place(database: Database) -> None:
    """Refuse to mix the invented street with a real city."""
    others = [code for code in workflow.district_codes(database) if not code.startswith(DISTRICT)]
    if others:
        raise Conflict(
            f"This database holds division {others[0]}, and the demo's street is invented; run the demo in a database "
            "of its own: GISGRID_HOME=$HOME/gisgrid-demo gisgrid demo."
        )


def _import(database: Database, layers: tuple[SampleLayer, ...], rejects: Path) -> None:
    folder = sample_folder()
    rejects.mkdir(parents=True, exist_ok=True)
    rows = []
    for each in layers:
        request = importing.ImportRequest(
            layer=each.layer,
            path=folder / each.file_name,
            crs=each.crs,
            dwelling_m2=100.0 if each.estimate_households else None,
            rejects=rejects / f"{Path(each.file_name).stem}.csv",
            nearest_tolerance_m=Settings.from_environment().nearest_tolerance_m,
        )
        imported = importing.import_layer(database, request)
        notes = {severity: sum(f.severity == severity for f in imported.findings) for severity in ("error", "warning")}
        rows.append(
            (each.file_name, each.layer, imported.inserted, imported.updated, imported.unchanged, imported.rejected,
             notes["error"] + notes["warning"])
        )  # fmt: skip
    output.print_table(
        ("file", "layer", "inserted", "updated", "unchanged", "rejected", "findings"), rows, title="Imported (合成数据)"
    )


def _draw_and_publish(database: Database) -> None:
    """Draw and publish what has no edition yet; a second run of the demo finds everything done."""
    codes = workflow.communities_with_buildings(database, without_edition=True)
    if not codes:
        output.talk.print("Every community of the sample has an edition in force; nothing to draw.")
        return
    drawn = draw_with_progress(database, codes, DrawSettings(), Spread(jobs=os.cpu_count() or 1))
    print_drawn(drawn)
    for each in drawn:
        edition = workflow.publish_plan(database, each.plan.id, accept=("all",), actor=actor(), from_draft=True)
        output.talk.print(f"published  {edition.community}: edition {edition.id}, {len(edition.grids)} grids")


def _write_map(database: Database, home: Path) -> Path:
    folder = home / "maps"
    folder.mkdir(parents=True, exist_ok=True)
    page = folder / f"{STREET}.html"
    output.write_whole(page, workflow.draw_map(database, STREET, audience="internal"))
    return page


def _print_lookup(directory: GridDirectory) -> None:
    lon, lat, crs = COMPLAINT
    answer = directory.locate(lon, lat, crs).document()
    grid = answer["grid"]
    where = "outside every grid" if grid is None else f"{grid['code']} {grid['community']['name']} {grid['name']}"
    distance = "" if answer["border_distance_m"] is None else f", {answer['border_distance_m']} m from its border"
    output.result.print(f"locate     {lon} {lat} --crs {crs} → {where} ({answer['method']}{distance})", markup=False)


def _serve(settings: Settings, port: int) -> None:
    from api import server  # noqa: PLC0415 - the web framework is loaded only where something is served

    output.talk.print(
        f"serving    http://127.0.0.1:{port}/  (Ctrl-C ends it)\n"
        "           Without keys: for this demonstration, to this machine only. `gisgrid serve` asks for keys."
    )
    server.run(dataclasses.replace(settings, require_keys=False), host="127.0.0.1", port=port, workers=1)
