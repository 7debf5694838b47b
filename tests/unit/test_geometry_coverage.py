"""The exact partition test finds each kind of defect; unions are exact; cut footprints are found."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import shapely
from shapely import MultiPolygon, Polygon, box
from shapely.affinity import translate

from gisgrid.errors import UsageError
from gisgrid.geometry.coverage import cut_footprints, dissolve, partition_faults

TOLERANCE = 0.002


def tiles() -> list[Polygon]:
    """Nine squares of 10 m, numbered from the south-west, row by row."""
    return [box(x, y, x + 10, y + 10) for y in (0, 10, 20) for x in (0, 10, 20)]


COMMUNITY = Polygon([(0, 0), (10, 0), (20, 0), (30, 0), (30, 10), (30, 30), (0, 30)])


def kinds(
    polygons: list[shapely.Geometry], community: shapely.Geometry = COMMUNITY
) -> list[tuple[str, tuple[int, ...]]]:
    return [(fault.kind, fault.indices) for fault in partition_faults(polygons, community, tolerance=TOLERANCE)]


def duplicate(cells: list) -> None:
    cells.append(cells[4])


def contained(cells: list) -> None:
    cells.append(box(12, 12, 14, 14))


def overlapping(cells: list) -> None:
    cells[4] = box(9, 10, 20, 20)


def gap(cells: list) -> None:
    del cells[4]


def gap_at_the_edge(cells: list) -> None:
    cells[1] = box(10, 2, 20, 10)


def outside(cells: list) -> None:
    cells[1] = box(10, -3, 20, 10)


def shifted_vertex(cells: list) -> None:
    cells[4] = Polygon([(10, 10), (20, 10), (19, 19), (10, 20)])


def barely_shifted_vertex(cells: list) -> None:
    cells[4] = Polygon([(10, 10), (20, 10), (20 - 1e-9, 20 - 1e-9), (10, 20)])


def missing_vertex(cells: list) -> None:
    cells[3:5] = [box(0, 10, 20, 20)]


def hole_not_filled(cells: list) -> None:
    cells[4] = cells[4].difference(box(13, 13, 17, 17))


def cancelling_areas(cells: list) -> None:
    # 1 m2 doubled, 1 m2 bare: the areas add up to that of the community.
    cells[0] = box(0, 0, 10, 10).union(box(10, 4, 11, 5))
    cells[8] = box(20, 20, 30, 30).difference(box(29, 29, 30, 30))


def moved_as_a_whole(cells: list) -> None:
    cells[:] = [translate(cell, 0.01, 0) for cell in cells]


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (duplicate, {("overlap", (4, 9))}),
        (contained, {("overlap", (4, 9))}),
        (overlapping, {("overlap", (3, 4))}),
        (gap, {("gap", (1, 3, 4, 6))}),
        (gap_at_the_edge, {("gap", (0, 1, 2))}),
        (outside, {("outside", (1,))}),
        (shifted_vertex, {("gap", (4, 5, 7))}),
        (barely_shifted_vertex, {("unmatched", (4, 5, 7))}),
        (missing_vertex, {("unmatched", (0, 1, 3)), ("unmatched", (3, 5, 6))}),
        (hole_not_filled, {("gap", (4,))}),
        (cancelling_areas, {("overlap", (0, 1)), ("gap", (8,))}),
        (
            moved_as_a_whole,
            {
                *(("outside", (index,)) for index in (2, 5, 8)),
                ("gap", (0, 3, 6)),
                *(("unmatched", (index,)) for index in (0, 1)),  # corners of the community without a vertex
            },
        ),
    ],
    ids=lambda value: value.__name__ if callable(value) else "",
)
def test_each_kind_of_defect_is_found_and_nothing_else(
    spoil: Callable[[list], None], found: set[tuple[str, tuple[int, ...]]]
) -> None:
    cells = tiles()
    assert kinds(cells) == []
    spoil(cells)
    assert set(kinds(cells)) == found


def test_invalid_polygons_are_named_before_anything_else() -> None:
    cells: list[shapely.Geometry] = [*tiles()]
    cells[4] = Polygon([(10, 10), (20, 20), (20, 10), (10, 20)])
    assert kinds(cells) == [("invalid", (4,))]
    cells[4] = shapely.Point(15, 15)
    cells[5] = Polygon()
    assert kinds(cells) == [("invalid", (4,)), ("invalid", (5,))]


def test_a_ring_that_touches_itself_is_invalid() -> None:
    cells: list[shapely.Geometry] = [*tiles()]
    cells[4] = Polygon([(10, 10), (15, 15), (20, 10), (20, 20), (15, 15), (10, 20)])
    assert ("invalid", (4,)) in kinds(cells)


def test_a_grid_in_two_parts_is_not_connected() -> None:
    cells: list[shapely.Geometry] = tiles()[1:8]
    cells.append(MultiPolygon([tiles()[0], tiles()[8]]))
    assert kinds(cells) == [("not_connected", (7,))]


def test_winding_and_starting_point_of_rings_do_not_matter() -> None:
    cells = [cell.reverse() if index % 2 else shapely.normalize(cell) for index, cell in enumerate(tiles())]
    assert kinds(cells) == []


def test_a_corner_of_the_community_that_no_outline_has_is_a_fault_even_on_a_straight_edge() -> None:
    community = Polygon([(0, 0), (5, 0), (10, 0), (20, 0), (30, 0), (30, 10), (30, 30), (0, 30)])
    assert kinds(tiles(), community) == [("unmatched", (0,))]


def test_the_outline_may_lie_off_the_edge_by_the_tolerance_only() -> None:
    def with_corner_at(y: float) -> list[shapely.Geometry]:
        cells = tiles()
        cells[1] = Polygon([(10, 0), (15, y), (20, 0), (20, 10), (10, 10)])
        return cells

    assert kinds(with_corner_at(-0.0019)) == []
    assert kinds(with_corner_at(-0.01)) == [("outside", (1,))]


def test_holes_and_parts_of_the_community_are_covered_each_by_itself() -> None:
    far = box(100, 0, 110, 10)
    around = [tile for index, tile in enumerate(tiles()) if index != 4]
    community = shapely.union(box(0, 0, 30, 30).difference(box(10, 10, 20, 20)), far)
    assert kinds([*around, far], community) == []
    assert kinds([*tiles(), far], community) == [("outside", (4,))]
    assert kinds(around, community) == [("gap", ())]
    # A second cover whose vertices lie elsewhere on the edge, so that no edge comes twice.
    assert kinds([*around, far, far.segmentize(4)], community) == [("overlap", (8, 9))]
    # One part twice and the other not at all: the same area.
    assert {kind for kind, _ in kinds([far, far, *around[1:]], community)} == {"overlap", "gap"}


def test_degrees_are_tested_as_exactly_as_metres() -> None:
    def degrees(geometry: shapely.Geometry) -> shapely.Geometry:
        return shapely.transform(geometry, lambda xy: np.round([113.9, 22.5] + xy * 1e-5, 9))

    cells = [degrees(tile) for tile in tiles()]
    assert partition_faults(cells, degrees(COMMUNITY), tolerance=2e-8) == []
    cells[4] = shapely.transform(cells[4], lambda xy: np.where(xy == xy.max(axis=0), xy + 1e-9, xy))
    assert {fault.kind for fault in partition_faults(cells, degrees(COMMUNITY), tolerance=2e-8)} == {"unmatched"}


def test_an_invalid_community_is_refused() -> None:
    with pytest.raises(UsageError, match="import its boundary again"):
        partition_faults(tiles(), Polygon([(0, 0), (9, 9), (9, 0), (0, 9)]), tolerance=TOLERANCE)


def test_dissolving_keeps_every_vertex_of_the_outline_and_drops_the_inner_ones() -> None:
    labels, united = dissolve(tiles(), [7, 7, 7, 7, 2, 7, 7, 7, 7])
    assert labels.tolist() == [2, 7]
    ring = united[1]
    assert (ring.geom_type, len(ring.interiors)) == ("Polygon", 1)
    assert Polygon(ring.interiors[0]).equals(tiles()[4])
    assert len(set(ring.exterior.coords)) == 12


def test_dissolving_what_is_not_connected_gives_several_parts() -> None:
    _, united = dissolve([tiles()[0], tiles()[4], tiles()[2]], [0, 0, 0])
    assert (united[0].geom_type, len(united[0].geoms)) == ("MultiPolygon", 3)
    labels, united = dissolve([], [])
    assert (len(labels), len(united)) == (0, 0)


@pytest.mark.parametrize(
    ("footprint", "cut"),
    [
        (box(2, 2, 8, 8), False),
        (box(2, 2, 10, 8), False),  # its wall is the border
        (box(2, 2, 10.04, 8), False),
        (box(2, 2, 10.06, 8), True),
        (box(-50, 2, 8, 8), False),  # over the edge of the community
        (box(-50, 2, 12, 8), True),
        (box(-50, 2, -40, 8), False),  # another community's
        (MultiPolygon([box(1, 1, 2, 2), box(8, 8, 9, 9)]), False),
        (MultiPolygon([box(1, 1, 2, 2), box(18, 8, 19, 9)]), True),
        (box(9.96, 2, 10.04, 8), False),  # thinner than walls are drawn
    ],
)
def test_a_footprint_is_cut_when_it_is_still_so_after_shrinking(footprint: shapely.Geometry, cut: bool) -> None:
    assert cut_footprints([box(21, 1, 22, 2), footprint], tiles(), COMMUNITY).tolist() == ([1] if cut else [])


def test_a_footprint_in_two_parts_of_the_community_is_judged_in_each() -> None:
    community = shapely.union(box(0, 0, 10, 10), box(20, 0, 30, 10))
    bridge = box(5, 2, 25, 8)
    assert cut_footprints([bridge], [box(0, 0, 10, 10), box(20, 0, 30, 10)], community).tolist() == []
    halves = [box(0, 0, 7, 10), box(7, 0, 10, 10), box(20, 0, 30, 10)]
    assert cut_footprints([bridge], halves, community).tolist() == [0]
