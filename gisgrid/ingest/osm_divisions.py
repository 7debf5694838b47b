"""Which polygons become communities: an extract's own boundaries, an area file, or the extent of the buildings.

Room: ingest. In: boundaries that assembled whole, buildings. Out: a frame of divisions and findings. Writes nothing.

Of the extract's own boundaries the finest `admin_level` counts that is a tiling: its polygons do not overlap (by more
than 0.1 % of their area) and hold 9 of 10 buildings. In China that is 10 (社区/村) or 8 (街道/镇), in Liechtenstein 8
(municipalities).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Geometry

from gisgrid.errors import RefusedData, UsageError
from gisgrid.ingest import osm_tags
from gisgrid.ingest.read import read_layer
from gisgrid.model import Finding, Rule

FINEST_LEVELS: Final = (11, 10, 9, 8, 7, 6, 5, 4)
ENOUGH_BUILDINGS: Final = 0.9
_OVERLAP_SHARE: Final = 1e-3
_EXTENT_MARGIN_DEGREES: Final = 3e-4  # about 30 m: the outermost houses keep some ground around them

COMMUNITIES_CHOSEN = Rule(
    "communities_chosen",
    "info",
    "{count} whole boundaries of admin_level {level} became communities; "
    "{outside} of {buildings} buildings are in none.",
    "采用 admin_level {level} 的 {count} 个完整边界作为社区；{buildings} 栋楼中有 {outside} 栋不在任何社区内。",
)
COMMUNITY_FROM_EXTENT = Rule(
    "community_from_extent",
    "warning",
    "The community {code} is the convex hull of the {count} buildings, 30 m wider; it is no true boundary. "
    "Give the boundary with --area.",
    "社区 {code} 的边界取自 {count} 栋建筑的外包范围（外扩约 30 米），并非真实边界；请用 --area 提供边界。",
)


@dataclass(frozen=True, slots=True)
class Boundary:
    """An administrative boundary that assembled to an area."""

    relation: int
    tags: dict[str, str]
    geometry: Geometry

    @property
    def level(self) -> int | None:
        """The `admin_level`, or None where it is no number."""
        text = self.tags.get("admin_level", "")
        return int(text) if re.fullmatch(r"\d{1,2}", text) else None

    @property
    def name(self) -> str:
        """The name on the spot, or the relation's number."""
        return self.tags.get("name") or f"relation {self.relation}"


def choose_communities(
    boundaries: Sequence[Boundary], buildings: geopandas.GeoDataFrame
) -> tuple[geopandas.GeoDataFrame, list[Finding]]:
    """Return the communities among the whole boundaries of an extract.

    Raises
    ------
    UsageError
        No level of boundaries tiles the buildings; the remedy is `--area` or `--community`.
    """
    points = np.asarray(buildings.geometry.representative_point().array)
    by_level: dict[int, list[Boundary]] = defaultdict(list)
    for boundary in boundaries:
        if boundary.level is not None:
            by_level[boundary.level].append(boundary)
    for level in FINEST_LEVELS:
        shapes = np.array([boundary.geometry for boundary in by_level[level]], dtype=object)
        if not len(shapes) or _overlap(shapes):
            continue
        inside = _count_inside(points, shapes)
        if inside >= ENOUGH_BUILDINGS * len(points):
            chosen = sorted(by_level[level], key=lambda each: osm_tags.division_code(each.tags, each.relation))
            finding = COMMUNITIES_CHOSEN.finding(
                count=len(chosen), level=level, outside=len(points) - inside, buildings=len(points)
            )
            rows = [(osm_tags.division_code(each.tags, each.relation), each.name, each.geometry) for each in chosen]
            return communities_frame(rows), [finding]
    raise UsageError(
        "No administrative boundaries in the extract are whole and hold the buildings; give the communities with "
        "--area FILE, or make one of the extent with --community CODE=NAME."
    )


def communities_of_area(area: Path) -> tuple[geopandas.GeoDataFrame, list[Finding]]:
    """Return the polygons of a file (properties `code`, `name`) as communities.

    Raises
    ------
    RefusedData
        A polygon cannot be used.
    """
    read = read_layer(area, "divisions")
    errors = [finding for finding in read.findings if finding.severity == "error"]
    others = [code for code, level in zip(read.frame["code"], read.frame["level"], strict=True) if level != "community"]
    if errors or others or any(shape is None for shape in read.frame.geometry):
        reason = errors[0].message if errors else "each needs a polygon and a community's code of 12 digits"
        raise RefusedData(f"{area.name} cannot serve as --area: {reason}.".replace("..", "."), read.findings)
    return read.frame, list(read.findings)


def community_of_extent(
    buildings: geopandas.GeoDataFrame, code: str, name: str
) -> tuple[geopandas.GeoDataFrame, list[Finding]]:
    """Return the single community that the convex hull of the buildings makes, 30 m wider.

    Raises
    ------
    UsageError
        The code has not 12 digits, or there are no buildings.
    """
    if not re.fullmatch(r"\d{12}", code):
        raise UsageError(f"--community {code}={name}: the code of a community has 12 digits, such as 440305001001.")
    if not len(buildings):
        raise UsageError("The extract holds no buildings, so it has no extent to make a community of; use --area.")
    hull = shapely.convex_hull(shapely.geometrycollections(list(buildings.geometry)))
    wider = shapely.set_precision(shapely.buffer(hull, _EXTENT_MARGIN_DEGREES, quad_segs=2), 1e-7)
    return communities_frame([(code, name, wider)]), [
        COMMUNITY_FROM_EXTENT.finding(codes=(code,), code=code, count=len(buildings))
    ]


def communities_frame(rows: Sequence[tuple[str, str, Geometry]]) -> geopandas.GeoDataFrame:
    """Return code, name and geometry as a frame of divisions."""
    shapes = [shape for _, _, shape in rows]
    columns: dict[str, Any] = {
        "code": [code for code, _, _ in rows],
        "name": [name for _, name, _ in rows],
        "level": ["community"] * len(rows),
        "parent": np.full(len(rows), None, dtype=object),
        "line": np.arange(1, len(rows) + 1),
    }
    return geopandas.GeoDataFrame(columns, geometry=geopandas.GeoSeries(shapes, crs="EPSG:4326"))


def _overlap(shapes: NDArray[np.object_]) -> bool:
    """Return whether polygons share ground (degrees do for a ratio)."""
    together: float = shapely.area(shapes).sum()
    return bool(together - shapely.area(shapely.union_all(shapes)) > _OVERLAP_SHARE * together)


def _count_inside(points: NDArray[np.object_], shapes: NDArray[np.object_]) -> int:
    """Return how many points lie in one of the polygons."""
    return len(np.unique(shapely.STRtree(points).query(shapes, predicate="intersects")[1]))
