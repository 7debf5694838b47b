"""Laws of cutting anew: whatever the ground and whatever is drawn on it, the coverage stays exact, no building is cut.

Exactness is tested with shapely's own overlay beside the project's exact test.
"""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import Geometry

from gisgrid.geometry.coverage import cut_footprints, partition_faults
from gisgrid.geometry.recutting import recut
from tests.grounds import Town, blocks, lengths, towns, whole

LAW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


@st.composite
def areas(draw: st.DrawFn) -> Geometry:
    """Ground drawn by hand: rectangles, rings, or any triangle; off the lattice too."""
    if draw(st.booleans()):
        return draw(blocks(3, 120))
    corners = draw(st.lists(st.tuples(lengths, lengths), min_size=3, max_size=3, unique=True))
    shape = shapely.Polygon(np.array(corners) + 0.00037)
    return shape if shape.area > 1 else shapely.box(0, 0, 50.00037, 50)


@LAW
@given(towns(), areas())
def test_any_area_leaves_an_exact_partition_and_cuts_no_building(town: Town, area: Geometry) -> None:
    before = town.cells().cells
    after = recut(before, area, town.footprints, town.obstacles)

    assert partition_faults(after.cells, town.community, tolerance=0.002) == []
    assert set(shapely.get_type_id(after.cells).tolist()) == {3}
    assert shapely.coverage_is_valid(after.cells)
    assert shapely.symmetric_difference(shapely.union_all(after.cells), town.community).area <= (
        0.002 * town.community.length
    )
    assert cut_footprints(town.footprints + town.obstacles, after.cells, town.community).tolist() == []
    tree = shapely.STRtree(after.cells)
    for footprint in [*town.footprints, *town.obstacles]:
        for shape in whole(footprint, town.community):
            assert len(tree.query(shape, predicate="intersects")) == 1

    # Ground stays in its cell, cells keep their numbers, and beside the outline vertices are only ever added.
    assert after.parent[: len(before)].tolist() == list(range(len(before)))
    for number, cell in enumerate(before):
        pieces = shapely.union_all(after.cells[after.parent == number])
        assert shapely.symmetric_difference(pieces, cell).area <= 0.002 * cell.length
    beyond = shapely.distance(before, shapely.boundary(area)) > 0.01
    for cell, same in zip(before[beyond], after.cells[: len(before)][beyond], strict=True):
        assert {*map(tuple, shapely.get_coordinates(cell))} <= {*map(tuple, shapely.get_coordinates(same))}

    # Wherever a building or a sliver does not forbid it, the sides are those of the area.
    inside = shapely.area(shapely.intersection(after.cells, area)) / shapely.area(after.cells)
    free = shapely.STRtree(town.footprints + town.obstacles).query(after.cells, predicate="intersects")[0]
    plain = np.setdiff1d(np.flatnonzero(beyond[after.parent]), free)
    assert (after.side[plain] == np.where(inside[plain] > 0.5, 0, 1)).all()

    again = recut(before, area, town.footprints, town.obstacles)
    assert shapely.equals_exact(after.cells, again.cells, 0.0).all()
    assert (after.side == again.side).all()
