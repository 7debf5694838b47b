"""Laws of the partition test: a tiling has no fault, and whatever is done to one vertex, edge or polygon is found."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import Geometry, Polygon

from gisgrid.geometry.coverage import dissolve, partition_faults

LAW = settings(max_examples=80, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
TOLERANCE = 0.002


@st.composite
def tilings(draw: st.DrawFn) -> tuple[list[Polygon], Geometry]:
    """A plain of triangles on bent ground, some of them united, some left out; and the ground that they cover."""
    columns, rows = draw(st.integers(2, 5)), draw(st.integers(2, 5))
    bends = draw(
        st.lists(
            st.integers(-3000, 3000), min_size=2 * (columns + 1) * (rows + 1), max_size=2 * (columns + 1) * (rows + 1)
        )
    )
    grid = np.stack(np.meshgrid(np.arange(columns + 1), np.arange(rows + 1), indexing="ij"), axis=-1) * 10.0
    corners = grid + np.array(bends).reshape(grid.shape) / 1000.0
    triangles = []
    for x in range(columns):
        for y in range(rows):
            a, b, c, d = corners[x, y], corners[x + 1, y], corners[x + 1, y + 1], corners[x, y + 1]
            triangles += [Polygon([a, b, c]), Polygon([a, c, d])]
    labels = draw(st.lists(st.integers(0, len(triangles) // 2), min_size=len(triangles), max_size=len(triangles)))
    _, united = dissolve(triangles, labels)
    polygons = [part for shape in united for part in shapely.get_parts(shape)]
    assume(len(polygons) > 3)
    left_out = draw(st.integers(0, min(2, len(polygons) - 2)))
    polygons = polygons[left_out:]
    # The ground itself, by an overlay that knows nothing of edges.
    ground = shapely.union_all(triangles) if not left_out else shapely.coverage_union_all(polygons)
    assume(all(polygon.is_valid for polygon in polygons) and ground.is_valid)
    return polygons, ground


@LAW
@given(tilings())
def test_a_tiling_has_no_fault(tiling: tuple[list[Polygon], Geometry]) -> None:
    polygons, ground = tiling
    assert partition_faults(polygons, ground, tolerance=TOLERANCE) == []


@LAW
@given(tilings(), st.data())
def test_a_polygon_more_or_less_is_found(tiling: tuple[list[Polygon], Geometry], data: st.DataObject) -> None:
    polygons, ground = tiling
    index = data.draw(st.integers(0, len(polygons) - 1))
    twice = partition_faults([*polygons, polygons[index]], ground, tolerance=TOLERANCE)
    assert ("overlap", (index, len(polygons))) in {(fault.kind, fault.indices) for fault in twice}
    assert {fault.kind for fault in twice} == {"overlap"}
    less = partition_faults(polygons[:index] + polygons[index + 1 :], ground, tolerance=TOLERANCE)
    assert {fault.kind for fault in less} == {"gap"}
    assert abs(sum(fault.geometry.area for fault in less) - polygons[index].area) < 0.1


@LAW
@given(tilings(), st.data())
def test_one_polygon_twice_instead_of_another_of_the_same_area_is_found(
    tiling: tuple[list[Polygon], Geometry], data: st.DataObject
) -> None:
    polygons, ground = tiling
    kept, lost = data.draw(st.lists(st.integers(0, len(polygons) - 1), min_size=2, max_size=2, unique=True))
    spoiled = [polygons[kept] if index == lost else polygon for index, polygon in enumerate(polygons)]
    assert {fault.kind for fault in partition_faults(spoiled, ground, tolerance=TOLERANCE)} == {"overlap", "gap"}


@LAW
@given(tilings(), st.data())
def test_a_vertex_moved_by_a_nanometre_on_one_side_of_a_border_is_found(
    tiling: tuple[list[Polygon], Geometry], data: st.DataObject
) -> None:
    polygons, ground = tiling
    index = data.draw(st.integers(0, len(polygons) - 1))
    xy = shapely.get_coordinates(polygons[index])
    vertex = xy[data.draw(st.integers(0, len(xy) - 1))]
    others = np.array(polygons[:index] + polygons[index + 1 :], dtype=object)
    borders = shapely.get_parts(shapely.intersection(polygons[index], others))
    assume((shapely.get_coordinates(borders[shapely.length(borders) > 0]) == vertex).all(axis=1).any())
    moved = shapely.transform(
        polygons[index], lambda points: np.where((points == vertex).all(axis=1)[:, None], points + 1e-9, points)
    )
    assume(moved.is_valid)
    spoiled = [*polygons[:index], moved, *polygons[index + 1 :]]
    assert partition_faults(spoiled, ground, tolerance=TOLERANCE) != []


@LAW
@given(tilings(), st.data())
def test_an_extra_vertex_on_one_side_of_a_border_is_found(
    tiling: tuple[list[Polygon], Geometry], data: st.DataObject
) -> None:
    polygons, ground = tiling
    index = data.draw(st.integers(0, len(polygons) - 1))
    more = shapely.segmentize(polygons[index], 4.0)
    spoiled = [*polygons[:index], more, *polygons[index + 1 :]]
    inner = shapely.difference(polygons[index].exterior, shapely.buffer(shapely.boundary(ground), 0.01))
    assume(inner.length > 5.0)
    faults = partition_faults(spoiled, ground, tolerance=TOLERANCE)
    assert {fault.kind for fault in faults} == {"unmatched"}
    assert all(index in fault.indices for fault in faults)


@LAW
@given(tilings(), st.data())
def test_any_union_of_a_tiling_is_a_tiling(tiling: tuple[list[Polygon], Geometry], data: st.DataObject) -> None:
    polygons, ground = tiling
    labels = data.draw(st.lists(st.integers(0, 3), min_size=len(polygons), max_size=len(polygons)))
    _, united = dissolve(polygons, labels)
    faults = partition_faults(united, ground, tolerance=TOLERANCE)
    assert {fault.kind for fault in faults} <= {"not_connected"}
    assert len(faults) == sum(shape.geom_type == "MultiPolygon" for shape in united)
    assert abs(shapely.area(united).sum() - ground.area) < 1e-6
