"""An OpenStreetMap extract becomes communities, barriers and buildings.

Room: ingest. In: the path of an `.osm.pbf`, `.osm` or `.osm.gz` file. Out: `OsmLayers`, frames as `read_layer` gives
them. Writes nothing. What tags mean stands in `osm_tags`, which boundaries become communities in `osm_divisions`.

- Buildings: every closed way and multipolygon with `building=*`, once: not `building:part`, not a member way whose
  relation is the building itself. Codes `osm:w123` and `osm:r45`.
- Households: one for a house; else footprint × floors ÷ m² a dwelling, marked as estimated; floors by
  `building:levels`, height ÷ 3 m, or the type's default.
- Barriers: lines by class of road, railway, waterway, wall. A crossing is a point where a way that people use passes a
  barrier of another kind on a bridge, in a tunnel, or at a level crossing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import geopandas
import numpy as np
import osmium
import shapely

from gisgrid.errors import UnreadableFile, UsageError
from gisgrid.geometry.repair import clean
from gisgrid.ingest import estimate, osm_tags
from gisgrid.ingest.osm_buildings import buildings_of, cleaned_text, first_of, frame_of
from gisgrid.ingest.osm_crossings import Way, crossings
from gisgrid.ingest.osm_divisions import Boundary, choose_communities, communities_of_area, community_of_extent
from gisgrid.ingest.osm_tags import Tags
from gisgrid.ingest.values import shown
from gisgrid.model import Finding, HouseholdMeasure, Rule

Progress = Callable[[int, int], None]

INCOMPLETE_BOUNDARIES = Rule(
    "incomplete_boundaries",
    "info",
    "{count} administrative boundaries are not whole in this extract and were left out: {first}.",
    "{count} 个行政边界在该数据中不完整，已略过：{first}。",
)
BROKEN_BUILDINGS = Rule(
    "broken_buildings",
    "info",
    "{count} buildings could not be assembled (their outlines are open or cut off) and were left out: {first}.",
    "{count} 栋建筑的轮廓未闭合或被截断，已略过：{first}。",
)
BROKEN_LINES = Rule(
    "broken_lines",
    "info",
    "{count} roads, railways or rivers lack some of their nodes in this extract; the parts that are there were kept.",
    "{count} 条道路、铁路或河流缺少部分节点，已保留现有部分。",
)
SUFFIXES: Final = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
_SHORTEST_WALL_DEGREES: Final = 0.001  # about 100 m: shorter ones stand around gardens
_KEYS: Final = ("building", "highway", "railway", "waterway", "barrier", "boundary")


@dataclass(frozen=True, slots=True)
class OsmLayers:
    """What an extract gives: frames with the contract's columns, `line` (position from 1) and `geometry` in WGS-84."""

    divisions: geopandas.GeoDataFrame
    barriers: geopandas.GeoDataFrame
    buildings: geopandas.GeoDataFrame
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class _Gathered:
    """What one pass over the file collects."""

    buildings: list[tuple[str, Tags, shapely.Geometry]] = field(default_factory=list)
    outlines: set[int] = field(default_factory=set)
    boundaries: list[Boundary] = field(default_factory=list)
    relations: dict[int, dict[str, str]] = field(default_factory=dict)
    ways: list[tuple[Way, str | None]] = field(default_factory=list)
    on_rails: list[shapely.Point] = field(default_factory=list)
    gates: list[shapely.Point] = field(default_factory=list)
    broken_buildings: list[str] = field(default_factory=list)
    broken_lines: int = 0


def read_osm(
    path: Path,
    *,
    area: Path | None = None,
    community: tuple[str, str] | None = None,
    dwelling_m2: float = estimate.DWELLING_M2,
    household_measure: HouseholdMeasure = "resident",
    progress: Progress | None = None,
) -> OsmLayers:
    """Return the communities, barriers and buildings of an OpenStreetMap extract.

    Parameters
    ----------
    path
        `.osm.pbf`, `.osm`, `.osm.gz` or `.osm.bz2`.
    area
        A polygon file whose polygons become the communities (properties `code`, `name`), in place of the extract's own
        boundaries.
    community
        Code and name of the single community that the extent of the buildings becomes.
    dwelling_m2
        Gross floor area a dwelling.
    household_measure
        Which households the estimate stands for.
    progress
        Called with bytes done and bytes in all.

    Raises
    ------
    UnreadableFile
        No OpenStreetMap file, or a damaged one.
    UsageError
        Both `area` and `community`, or neither where the extract has no whole boundary.
    """
    if area is not None and community is not None:
        raise UsageError("--area and --community both say what the community is; give one of them.")
    gathered = _gather(path, progress)
    findings = _remarks(gathered)
    buildings, remarks = buildings_of(gathered.buildings, gathered.outlines, dwelling_m2, household_measure)
    findings += remarks
    if area is not None:
        divisions, remarks = communities_of_area(area)
    elif community is not None:
        divisions, remarks = community_of_extent(buildings, *community)
    else:
        divisions, remarks = choose_communities(_sound(gathered.boundaries), buildings)
    return OsmLayers(divisions, _barriers(gathered), buildings, (*findings, *remarks))


def _gather(path: Path, progress: Progress | None) -> _Gathered:
    """Return everything of interest from one pass over the file (areas cost osmium a second one by itself)."""
    if not path.name.lower().endswith(SUFFIXES):
        raise UnreadableFile(f"{path.name} is no OpenStreetMap extract; give one of {', '.join(SUFFIXES)}.")
    if not path.is_file():
        raise UnreadableFile(f"There is no file {path.name} in the folder {path.absolute().parent}; check the path.")
    gathered = _Gathered()
    wkb = osmium.geom.WKBFactory()
    size = path.stat().st_size
    if progress is not None:
        progress(0, size)
    try:
        processor = osmium.FileProcessor(str(path)).with_areas().with_filter(osmium.filter.KeyFilter(*_KEYS))
        for each in processor:
            match each:
                case osmium.osm.Area():
                    _take_area(each, wkb, gathered)
                case osmium.osm.Way():
                    _take_way(each, gathered)
                case osmium.osm.Relation():
                    _take_relation(each, gathered)
                case osmium.osm.Node():
                    _take_node(each, gathered)
    except (RuntimeError, ValueError, OSError) as fault:
        raise UnreadableFile(
            f"{path.name} cannot be read as an OpenStreetMap file ({str(fault)[:200]}); download or extract it again."
        ) from fault
    if progress is not None:
        progress(size, size)
    return gathered


def _take_area(area: Any, wkb: Any, gathered: _Gathered) -> None:
    """Keep a building or an administrative boundary that osmium has assembled."""
    tags = dict(area.tags)
    is_boundary = not area.from_way() and tags.get("boundary") == "administrative"
    if not is_boundary and not osm_tags.is_building(tags):
        return
    code = f"osm:{'w' if area.from_way() else 'r'}{area.orig_id()}"
    try:
        shape = wkb.create_multipolygon(area)
    except RuntimeError:  # osmium's only error here: rings that do not close
        if not is_boundary:
            gathered.broken_buildings.append(code)
        return
    if is_boundary:
        gathered.boundaries.append(Boundary(area.orig_id(), tags, shapely.from_wkb(shape)))
    else:
        gathered.buildings.append((code, tags, shapely.from_wkb(shape)))


def _take_relation(relation: Any, gathered: _Gathered) -> None:
    """Note which boundaries there are, whole or not, and which ways are only the outline of a building relation."""
    tags = dict(relation.tags)
    if tags.get("boundary") == "administrative" and tags.get("type") in ("boundary", "multipolygon"):
        gathered.relations[relation.id] = tags
    if osm_tags.is_building(tags) and tags.get("type") == "multipolygon":
        gathered.outlines.update(
            member.ref for member in relation.members if member.type == "w" and member.role in ("outer", "")
        )


def _take_node(node: Any, gathered: _Gathered) -> None:
    """Keep a level crossing or a gate."""
    if not node.location.valid():
        return
    if node.tags.get("railway") in ("level_crossing", "crossing"):
        gathered.on_rails.append(shapely.Point(node.lon, node.lat))
    elif node.tags.get("barrier") in ("gate", "lift_gate", "swing_gate", "entrance", "sally_port"):
        gathered.gates.append(shapely.Point(node.lon, node.lat))


def _take_way(way: Any, gathered: _Gathered) -> None:
    """Keep a way that is a barrier, or on which people pass one."""
    tags = dict(way.tags)
    kind, used = osm_tags.barrier_kind(tags), osm_tags.is_passable(tags)
    if kind is None and not used:
        return
    lines = _whole_runs(way.nodes)
    gathered.broken_lines += sum(len(line.coords) for line in lines) < len(way.nodes)
    off_ground = osm_tags.is_raised(tags) or osm_tags.is_underground(tags)
    for line in lines:
        is_garden_wall = kind == "wall" and line.length < _SHORTEST_WALL_DEGREES
        gathered.ways.append((Way(line, None if is_garden_wall else kind, off_ground, used), tags.get("name")))


def _whole_runs(nodes: Any) -> list[shapely.LineString]:
    """Return the lines through the nodes that the extract holds; a missing node parts the way."""
    runs: list[list[tuple[float, float]]] = [[]]
    for node in nodes:
        if not node.location.valid():
            runs.append([])
        elif not runs[-1] or runs[-1][-1] != (node.lon, node.lat):
            runs[-1].append((node.lon, node.lat))
    return [shapely.LineString(run) for run in runs if len(run) >= 2]


def _remarks(gathered: _Gathered) -> list[Finding]:
    """Return what the extract lacks."""
    whole = {boundary.relation for boundary in gathered.boundaries}
    findings = []
    parts = {relation: tags for relation, tags in sorted(gathered.relations.items()) if relation not in whole}
    if parts:
        names = [
            f"{shown(tags.get('name', relation))} ({shown(tags.get('admin_level', '?'))})"
            for relation, tags in parts.items()
        ]
        codes = [f"osm:r{relation}" for relation in parts]
        findings.append(INCOMPLETE_BOUNDARIES.finding(codes=codes, count=len(parts), first=first_of(names)))
    if gathered.broken_buildings:
        broken = sorted(gathered.broken_buildings)
        findings.append(BROKEN_BUILDINGS.finding(codes=broken, count=len(broken), first=first_of(broken)))
    if gathered.broken_lines:
        findings.append(BROKEN_LINES.finding(count=gathered.broken_lines))
    return findings


def _sound(boundaries: Sequence[Boundary]) -> list[Boundary]:
    """Return the boundaries whose polygon is sound; osmium assembles few that are not."""
    shapes, _ = clean([boundary.geometry for boundary in boundaries], "polygon")
    return [
        dataclasses.replace(boundary, geometry=shape)
        for boundary, shape in zip(boundaries, shapes, strict=True)
        if shape is not None
    ]


def _barriers(gathered: _Gathered) -> geopandas.GeoDataFrame:
    """Return the frame of barriers: lines as they came, then the crossings."""
    named = [(way, name) for way, name in gathered.ways if way.kind is not None]
    points = crossings([way for way, _ in gathered.ways], gathered.on_rails, gathered.gates)
    columns: dict[str, Any] = {
        "kind": [*(way.kind for way, _ in named), *["crossing"] * len(points)],
        "name": [*(cleaned_text(name) for _, name in named), *[None] * len(points)],
    }
    return frame_of(columns, np.array([*(way.line for way, _ in named), *points], dtype=object))
