"""Laws of mending: whatever is drawn, an exact coverage comes of it, and the areas told are the area moved."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely import Geometry, affinity

from gisgrid.geometry.coverage import cut_footprints, dissolve, partition_faults
from gisgrid.geometry.linework import polygon_parts
from gisgrid.geometry.mending import Mended, mend
from tests.grounds import Town, blocks, lengths, towns

LAW = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
)


def areal(shape: Geometry) -> Geometry:
    """What of a shape has an area."""
    return shapely.union_all(polygon_parts([shapely.make_valid(shape)])[0])


@st.composite
def drawings(draw: st.DrawFn) -> tuple[Town, np.ndarray, list[Geometry]]:
    """A town, its cells, and grids drawn over it that were shifted, shrunk, widened, cut by a strip, or doubled."""
    town = draw(towns())
    cells = town.cells().cells
    labels = np.array(draw(st.lists(st.integers(0, 3), min_size=len(cells), max_size=len(cells))))
    drawn = []
    for grid in dissolve(cells, labels)[1]:
        match draw(st.sampled_from(["as it is", "shifted", "shrunk", "widened", "strip", "doubled", "gone"])):
            case "shifted":
                drawn.append(affinity.translate(grid, draw(st.integers(-40, 40)) / 10, draw(st.integers(-40, 40)) / 10))
            case "shrunk":
                drawn.append(shapely.buffer(grid, -draw(st.integers(1, 30)) / 10, join_style="mitre"))
            case "widened":
                drawn.append(shapely.buffer(grid, draw(st.integers(1, 30)) / 10, join_style="mitre"))
            case "strip":
                way = shapely.LineString([(draw(lengths), draw(lengths)), (draw(lengths), draw(lengths) + 0.5)])
                drawn.append(shapely.difference(grid, shapely.buffer(way, draw(st.integers(1, 60)) / 10)))
            case "doubled":
                drawn += [grid, shapely.union(grid, draw(blocks(4, 40)))]
            case "gone":
                continue
            case _:
                drawn.append(grid)
    drawn = [shape for shape in map(areal, drawn) if shape.area > 1.0]
    assume(shapely.intersection(shapely.union_all(drawn), town.community).area > 1.0)
    return town, cells, drawn


def moved(result: Mended, drawn: list[Geometry], town: Town) -> float:
    """How much ground is not in the one polygon that it was drawn in, by overlay alone, with what was trimmed."""
    kept = 0.0
    for position, shape in enumerate(drawn):
        others = shapely.union_all(drawn[:position] + drawn[position + 1 :])
        now = shapely.union_all(result.cells.cells[result.cells.side == position])
        kept += shapely.intersection(shapely.difference(shape, others), now).area
    return town.community.area - kept + sum(shapely.difference(shape, town.community).area for shape in drawn)


@LAW
@given(drawings())
def test_damaged_drawings_become_exact_and_the_areas_told_add_up_to_what_moved(
    drawing: tuple[Town, np.ndarray, list[Geometry]],
) -> None:
    town, cells, drawn = drawing
    result = mend(cells, drawn, town.footprints, town.obstacles)
    grids = dissolve(result.cells.cells, result.cells.side)[1]
    faults = partition_faults(grids, town.community, tolerance=0.002)
    assert {fault.kind for fault in faults} <= {"not_connected"}
    assert cut_footprints(town.footprints + town.obstacles, grids, town.community).tolist() == []

    slack = 0.002 * (town.community.length + sum(shape.length for shape in drawn) + shapely.length(cells).sum())
    assert abs(sum(change.area_m2 for change in result.changes) - moved(result, drawn, town)) <= slack
    for change in result.changes:
        assert abs(change.geometry.area - change.area_m2) < 1e-6
        assert (change.to == -1) == (change.kind == "outside")
        assert (len(change.drawn) > 1) == (change.kind == "overlap") or change.kind in {
            "building",
            "sliver",
            "detached",
        }
        assert (len(change.drawn) == 0) == (change.kind == "gap")

    again = mend(cells, drawn, town.footprints, town.obstacles)
    assert shapely.equals_exact(result.cells.cells, again.cells.cells, 0.0).all()
    assert [(c.kind, c.drawn, c.to) for c in result.changes] == [(c.kind, c.drawn, c.to) for c in again.changes]
