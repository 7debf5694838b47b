"""Laws of cells: whatever the ground, the buildings and the lines, cells tile the community and cut no building.

The laws are tested with shapely's own overlay beside the project's exact test, so that one cannot excuse the other.
"""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import Geometry

from gisgrid.geometry.adjacency import components, shared_borders
from gisgrid.geometry.coverage import TOLERANCE_DEGREES, cut_footprints, dissolve, partition_faults
from gisgrid.geometry.crs import from_wgs84, metric_crs, to_wgs84
from gisgrid.geometry.place import Place, to_lattice
from gisgrid.geometry.tessellation import tessellate
from tests.grounds import Town, towns, whole

LAW = settings(
    max_examples=40,
    deadline=None,
    derandomize=True,  # a fixed set in every run; new ones are looked for by hand
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@LAW
@given(towns())
def test_cells_tile_the_community_each_as_one_polygon(town: Town) -> None:
    cells = town.cells().cells
    assert partition_faults(cells, town.community, tolerance=0.002) == []
    assert set(shapely.get_type_id(cells).tolist()) == {3}
    assert shapely.is_valid(cells).all()
    assert shapely.coverage_is_valid(cells)
    rest = shapely.symmetric_difference(shapely.union_all(cells), town.community)
    assert rest.area <= 0.002 * town.community.length
    assert abs(shapely.area(cells).sum() - town.community.area) <= 0.002 * town.community.length


@LAW
@given(towns())
def test_every_building_lies_whole_in_its_cell_and_no_obstacle_is_cut(town: Town) -> None:
    result = town.cells()
    tree = shapely.STRtree(result.cells)
    for index, footprint in enumerate(town.footprints):
        cell = result.cell_of_footprint[index]
        shapes = whole(footprint, town.community)
        homes = [tree.query(shape, predicate="intersects").tolist() for shape in shapes]
        assert all(len(home) == 1 for home in homes)
        if shapes:
            assert cell in {home[0] for home in homes}
        else:
            assert cell == -1 or footprint.intersects(town.community)
    for obstacle in town.obstacles:
        assert all(len(tree.query(shape, predicate="intersects")) == 1 for shape in whole(obstacle, town.community))
    assert cut_footprints(town.footprints + town.obstacles, result.cells, town.community).tolist() == []


@LAW
@given(towns())
def test_buildings_share_a_cell_only_when_they_must_be_told_so(town: Town) -> None:
    result = town.cells()
    sharing: dict[int, list[int]] = {}
    for footprint, cell in enumerate(result.cell_of_footprint.tolist()):
        if cell >= 0:
            sharing.setdefault(cell, []).append(footprint)
    assert result.merged == tuple(tuple(group) for _, group in sorted(sharing.items()) if len(group) > 1)
    apart = [index for index in range(len(town.footprints)) if result.cell_of_footprint[index] >= 0]
    alone = not town.obstacles and all(
        town.footprints[index].geom_type == "Polygon" and town.community.covers(town.footprints[index])
        for index in apart
    )
    if alone and not any(town.footprints[a].intersects(town.footprints[b]) for a in apart for b in apart if a < b):
        assert result.merged == ()


@LAW
@given(towns(), st.tuples(st.integers(-5000, 5000), st.integers(-5000, 5000)))
def test_cells_do_not_depend_on_where_the_town_lies(town: Town, way: tuple[int, int]) -> None:
    here, there = town.cells(), town.cells(moved_by=(float(way[0]), float(way[1])))
    back = shapely.transform(there.cells, lambda xy: to_lattice(xy - np.array(way, dtype=float)))
    assert shapely.equals_exact(here.cells, back, 0.0).all()
    assert (here.cell_of_footprint == there.cell_of_footprint).all()
    assert (here.block == there.block).all()


@LAW
@given(towns(), st.randoms(use_true_random=False))
def test_unions_of_cells_tile_the_community_and_connected_ones_are_single_polygons(town: Town, random) -> None:
    cells = town.cells().cells
    borders = shared_borders(cells)
    kept = np.array([random.random() < 0.6 for _ in borders.a], dtype=bool)
    labels = components(len(cells), borders.a[kept], borders.b[kept])
    names, grids = dissolve(cells, labels)
    assert names.tolist() == sorted(set(labels.tolist()))
    assert set(shapely.get_type_id(grids).tolist()) == {3}
    assert partition_faults(grids, town.community, tolerance=0.002) == []


@LAW
@given(towns())
def test_borders_add_up_to_the_edges_of_the_cells(town: Town) -> None:
    cells = town.cells().cells
    borders = shared_borders(cells, barriers_m=town.lines)
    outline = shapely.length(shapely.union_all(cells))
    assert abs(shapely.length(cells).sum() - 2 * borders.length_m.sum() - outline) < 0.01 * len(cells) + 0.01
    assert (borders.a < borders.b).all()
    assert (borders.barrier_m <= borders.length_m).all()


@LAW
@given(
    towns(),
    st.sampled_from([(113.93, 22.52), (9.52, 47.14), (111.70, 40.81), (-43.20, -22.90), (25.00, 60.20)]),
    st.sampled_from([1.0, 20.0]),
    st.randoms(use_true_random=False),
)
def test_grids_tile_the_community_in_degrees_after_a_round_trip_through_geojson(
    town: Town, where: tuple[float, float], scale: float, random
) -> None:
    crs = metric_crs(*where)
    origin = np.array([float(value) for value in from_wgs84(*where, crs)])

    def degrees(shapes: list[Geometry]) -> np.ndarray:
        def convert(xy: np.ndarray) -> np.ndarray:
            return np.round(np.column_stack(to_wgs84(*(xy * scale + origin).T, crs)), 9)

        return np.array([shapely.transform(shape, convert) for shape in shapes], dtype=object)

    (community,) = degrees([town.community])
    assume(community.is_valid)
    place = Place.of(community)
    cells = tessellate(
        place.community_m,
        place.to_metres(degrees(town.footprints)),
        lines_m=place.to_metres(degrees(town.lines)),
        obstacles_m=place.to_metres(degrees(town.obstacles)),
    ).cells
    labels = np.array([random.randrange(4) for _ in cells])
    grids = place.to_degrees(dissolve(cells, labels)[1])
    sent = shapely.from_geojson(shapely.to_geojson(grids))
    faults = partition_faults(sent, community, tolerance=TOLERANCE_DEGREES)
    assert [fault for fault in faults if fault.kind != "not_connected"] == []
    # Joining in degrees what was converted cell by cell gives the very same grids.
    alike = dissolve(place.to_degrees(cells), labels)[1]
    assert shapely.equals_exact(shapely.normalize(alike), shapely.normalize(grids), 0.0).all()
    # And so does the way back: cells read from the database are the cells that were written.
    assert shapely.equals_exact(place.to_metres(place.to_degrees(cells)), cells, 1e-6).all()
