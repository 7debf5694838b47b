"""Grids that somebody drew, brought in from a page: looked at first, every repair told, then a draft or nothing.

Room: a part of the corridor, beside `importing`. In: a file that a stranger sent, a community. Out: `UploadedGrids`.
Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import shapely

from gisgrid import repairing
from gisgrid.errors import Conflict, RefusedData
from gisgrid.ingest import read
from gisgrid.ingest.vector import Limits
from gisgrid.model import Finding, Rule
from gisgrid.repairing import GRIDS_DRAFTED, GRIDS_KNOWN, RepairedPlan
from gisgrid.store import inputs
from gisgrid.store.database import Database

FORMATS: Final = (".zip", ".geojson", ".json", ".gpkg")
"""What a page may send: a zipped Shapefile, GeoJSON, GeoPackage."""
LIMITS: Final = Limits(seconds=60, unzipped=200 * 1024**2)
GRIDS_LIMIT: Final = 999
VERTICES_LIMIT: Final = 200_000
GRIDS_LEFT_OUT: Final = Rule(
    "grids_left_out",
    "warning",
    "{count} polygon(s) of the file lie in another community, or in none, and were left out.",
    "文件中有{count}个面位于其他社区或不在任何社区内，未导入。",
)


@dataclass(frozen=True, slots=True)
class UploadedGrids:
    """What a drawn file becomes.

    Attributes
    ----------
    repaired
        The division on cells, and every change; its plan is None where it was only looked at.
    findings
        What there is to say of the file itself.
    """

    repaired: RepairedPlan
    findings: tuple[Finding, ...]


def upload_grids(
    database: Database, path: Path, community: str, *, crs: str | None = None, dry_run: bool = False
) -> UploadedGrids:
    """Return what the polygons of a file that lie in a community become on its cells, with every repair.

    Both the drawing and its repair are kept as drafts, or neither.

    Parameters
    ----------
    crs
        The declared coordinate system; None where the file carries its own.
    dry_run
        Tell everything, write nothing.

    Raises
    ------
    UnreadableFile
        The file is damaged, of no format that is read, or takes too long.
    UsageError
        No coordinate system is known, or the file has several layers.
    RefusedData
        Rows are bad, no polygon lies in the community, or there are too many; nothing was changed.
    NotFound
        There is no such community, or it has no boundary.
    Conflict
        It has no buildings.
    """
    material = read.read_layer(path, "grids", crs=crs, options=read.ReadOptions(limits=LIMITS))
    errors = [finding for finding in material.findings if finding.severity == "error"]
    if errors:
        raise RefusedData(f"{path.name}: {len(errors)} error(s), the first: {errors[0].message}", material.findings)
    shapes = material.frame["geometry"].to_numpy()
    vertices = int(np.sum(shapely.get_num_coordinates(shapes)))
    if len(shapes) > GRIDS_LIMIT or vertices > VERTICES_LIMIT:
        raise RefusedData(
            f"{path.name} has {len(shapes)} polygons with {vertices:,} vertices; at most {GRIDS_LIMIT} with "
            f"{VERTICES_LIMIT:,} are read here. Send the grids of one community, or use gisgrid import grids."
        )
    with database.transaction(keep=not dry_run) as connection:
        if not inputs.read_community(connection, community).buildings:
            raise Conflict(f"Community {community} has no buildings; import them first: gisgrid import buildings FILE.")
        homes, told = repairing.homes_of_grids(connection, material.frame)
        here = np.array([homes.get(int(line)) == community for line in material.frame["line"]], dtype=bool)
        if not here.any():
            raise RefusedData(
                f"None of the {len(here)} polygons of {path.name} lies in community {community}; choose another file, "
                "or declare the coordinate system in which it was drawn."
            )
        frame = material.frame[here]
        _, drafted = repairing.draft_grids(connection, frame, homes)
        known = (GRIDS_DRAFTED.name, GRIDS_KNOWN.name)
        drawing = next(str(each.values["plan"]) for each in drafted if each.rule in known)
        repaired = repairing.repair_drawing(connection, drawing, keep=not dry_run)
    lines = {int(line) for line in frame["line"]}
    found = [each for each in [*material.findings, *told, *drafted] if each.rule not in known]
    found = [each for each in found if each.line is None or each.line in lines]
    if not here.all():
        found.insert(0, GRIDS_LEFT_OUT.finding(count=int((~here).sum())))
    return UploadedGrids(repaired, tuple(found))
