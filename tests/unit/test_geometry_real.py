"""Real ground: a dense Chinese district, a municipality of five parts with holes, a city's villages."""

from __future__ import annotations

from pathlib import Path

import geopandas
import numpy as np
import osmium
import pyogrio
import pytest
import shapely
from numpy.typing import NDArray
from osmium.geom import WKBFactory
from scipy.cluster.vq import kmeans2
from shapely import Geometry

from gisgrid.geometry.adjacency import components, shared_borders
from gisgrid.geometry.coverage import TOLERANCE_DEGREES, cut_footprints, dissolve, partition_faults
from gisgrid.geometry.place import Place
from gisgrid.geometry.repair import clean
from gisgrid.geometry.tessellation import tessellate
from gisgrid.model import CommunityInputs, Division, DrawSettings, Grid
from gisgrid.plan.ground import ground_of
from gisgrid.plan.repairing import repair
from gisgrid.plan.sheet import Sheet

pytestmark = pytest.mark.slow
Shapes = NDArray[np.object_]
ROADS = {"secondary", "tertiary", "residential", "unclassified"}


def stored(geometries: Shapes) -> Shapes:
    """Return geometries as the database keeps them: nine decimals."""
    return np.asarray(shapely.transform(geometries, lambda xy: np.round(xy, 9)), dtype=object)


def layer(path: Path, name: str) -> Shapes:
    return stored(np.asarray(pyogrio.read_dataframe(path, layer=name).geometry.to_numpy(), dtype=object))


def assert_cells_are_sound(community: Geometry, buildings: Shapes, lines: Shapes) -> int:
    """Assert the laws of cells in metres and in degrees; return how many cells there are."""
    place = Place.of(community)
    own = shapely.within(shapely.point_on_surface(buildings), community)
    foreign = shapely.intersects(buildings, community) & ~own
    footprints, obstacles = place.to_metres(buildings[own]), place.to_metres(buildings[foreign])
    result = tessellate(
        place.community_m,
        footprints,
        lines_m=place.to_metres(lines[shapely.intersects(lines, community)]),
        obstacles_m=obstacles,
    )
    assert partition_faults(result.cells, place.community_m, tolerance=0.002) == []
    assert set(shapely.get_type_id(result.cells).tolist()) == {3}
    assert (result.cell_of_footprint >= 0).all()
    assert cut_footprints(np.concatenate([footprints, obstacles]), result.cells, place.community_m).tolist() == []
    in_degrees = place.to_degrees(result.cells)
    assert partition_faults(in_degrees, community, tolerance=TOLERANCE_DEGREES) == []
    borders = shared_borders(result.cells)
    labels = components(len(result.cells), borders.a[::2], borders.b[::2])
    grids = dissolve(in_degrees, labels)[1]
    assert partition_faults(grids, community, tolerance=TOLERANCE_DEGREES) == []
    # A border is drawn with as many vertices as a hand would: fewer than 20 a cell.
    assert shapely.get_num_coordinates(result.cells).mean() < 20
    return len(result.cells)


def test_a_dense_district_is_tiled(shared_data: Path) -> None:
    path = shared_data / "shenzhen_nanshan.gpkg"
    buildings, verdicts = clean(layer(path, "buildings"), "polygon")
    assert sum(verdict.outcome == "changed" for verdict in verdicts) == 3
    roads = layer(path, "roads")
    centres = shapely.get_coordinates(shapely.centroid(buildings))
    middle = centres.mean(axis=0)
    seats = kmeans2(centres - middle, 20, seed=1, minit="++")[0] + middle
    hull = shapely.convex_hull(shapely.multipoints(centres)).buffer(0.0005)
    ground = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(seats), extend_to=hull))
    communities = stored(shapely.intersection(ground, hull))
    counts = [assert_cells_are_sound(community, buildings, roads) for community in communities[::5]]
    assert sum(counts) > 800


def test_a_municipality_of_five_parts_and_two_holes_is_tiled(shared_data: Path) -> None:
    municipality, buildings, roads = _planken(shared_data / "liechtenstein.osm.pbf")
    parts = shapely.get_parts(municipality)
    assert (len(parts), sum(len(part.interiors) for part in parts)) == (5, 2)
    assert assert_cells_are_sound(municipality, buildings, roads) > 240


def _planken(path: Path) -> tuple[Geometry, Shapes, Shapes]:
    factory = WKBFactory()
    municipality, buildings, roads = None, [], []
    for each in osmium.FileProcessor(path).with_locations().with_areas():
        tags = each.tags
        if each.is_area() and tags.get("name") == "Planken" and tags.get("admin_level") == "8":
            municipality = shapely.from_wkb(factory.create_multipolygon(each))
        elif each.is_area() and "building" in tags:
            buildings.append(shapely.from_wkb(factory.create_multipolygon(each)))
        elif each.is_way() and tags.get("highway") in ROADS and all(node.location.valid() for node in each.nodes):
            roads.append(shapely.from_wkb(factory.create_linestring(each)))
    assert municipality is not None
    return stored(np.array([municipality]))[0], stored(np.array(buildings)), stored(np.array(roads))


def test_a_citys_villages_meet_exactly_after_the_way_to_metres_and_back(shared_data: Path) -> None:
    villages = layer(shared_data / "community_boundaries.gpkg", "taipei_villages")
    city = shapely.coverage_union_all(villages)
    faults = partition_faults(villages, city.buffer(0) if not city.is_valid else city, tolerance=TOLERANCE_DEGREES)
    assert [fault.kind for fault in faults] == ["invalid"]
    sound = np.delete(villages, faults[0].indices)
    ground = shapely.coverage_union_all(sound)
    assert partition_faults(sound, ground, tolerance=TOLERANCE_DEGREES) == []
    for village in sound[::40]:
        place = Place.of(village)
        back = place.to_degrees([place.community_m])[0]
        own = set(map(tuple, shapely.get_coordinates(village).tolist()))
        assert own <= set(map(tuple, shapely.get_coordinates(back).tolist()))


def test_providences_raw_precincts_become_an_exact_division_and_every_change_is_told(shared_data: Path) -> None:
    path = shared_data / "community_boundaries.gpkg"
    raw = geopandas.read_file(path, layer="providence_precincts_raw").to_crs(4326)
    drawn = stored(np.asarray(raw.geometry.to_numpy(), dtype=object))
    # The city is what the precincts enclose: their union with its three holes, the gaps, filled.
    outline = shapely.get_parts(shapely.union_all(drawn))
    city = stored(shapely.polygons(shapely.get_exterior_ring(outline)))[0]
    inputs = CommunityInputs(Division("440700001001", "Providence", "community", geometry=city), ())
    ground = ground_of(inputs, DrawSettings())
    grids = [Grid(str(n), "residential", None, None, 0, (), (), shape, 1.0) for n, shape in enumerate(drawn, start=1)]
    repaired = repair(Sheet.of(grids, (ground.cells, ground.borders), inputs, DrawSettings()))

    after = [grid.geometry for grid in repaired.edited.grids]
    assert len(after) == 59
    assert partition_faults(after, city, tolerance=TOLERANCE_DEGREES) == []
    areas: dict[str, list[float]] = {}
    for finding in repaired.changes:
        areas.setdefault(finding.rule, []).append(finding.values["area_m2"])
    assert [round(area) for area in areas["repaired_gap"]] == [85246, 12748, 48]  # 98,042 m² in all
    assert [round(area, 1) for area in areas["repaired_overlap"]] == [3.4, 0.6]
    assert [round(area) for area in areas["repaired_detached"]] == [65808, 44689]  # exclaves, without a building
    assert set(areas) == {"repaired_total", "repaired_gap", "repaired_overlap", "repaired_detached"}
    assert round(repaired.moved_m2) == 208543
