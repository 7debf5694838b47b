"""Laws of noding: on the lattice, nothing crosses, and no vertex is near a line that does not end in it."""

from __future__ import annotations

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.geometry.linework import node
from gisgrid.geometry.place import LATTICE_M, to_lattice

# Lines within a few centimetres, so that lattice points are scarce and lines crowd each other.
points = st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda mm: (mm[0] / 1000, mm[1] / 1000))
tangles = st.lists(
    st.lists(points, min_size=2, max_size=4, unique=True).map(shapely.LineString), min_size=1, max_size=8
)
LAW = settings(max_examples=150, deadline=None, derandomize=True)


@LAW
@given(tangles)
def test_vertices_lie_on_the_lattice_and_lines_meet_only_in_ends(tangle: list[shapely.LineString]) -> None:
    noded = node(tangle)
    xy = shapely.get_coordinates(noded)
    assert (xy == to_lattice(xy)).all()
    a, b = shapely.STRtree(noded).query(noded, predicate="intersects")
    meeting = shapely.intersection(noded[a[a < b]], noded[b[a < b]])
    assert (shapely.get_dimensions(meeting) == 0).all()
    ends = shapely.union(shapely.get_point(noded, 0), shapely.get_point(noded, -1))
    assert shapely.covers(ends[a[a < b]], meeting).all()


@LAW
@given(tangles)
def test_every_vertex_keeps_half_a_millimetre_from_lines_that_do_not_end_in_it(
    tangle: list[shapely.LineString],
) -> None:
    noded = node(tangle)
    xy, line = shapely.get_coordinates(noded, return_index=True)
    along = line[:-1] == line[1:]
    pieces = shapely.linestrings(np.stack([xy[:-1][along], xy[1:][along]], axis=1))
    vertices = shapely.points(np.unique(xy, axis=0))
    apart = shapely.distance(vertices[:, None], pieces[None, :])
    # The square of a lattice point reaches half a step, its corners 0.707; touching its side is being outside.
    assert apart[apart > 1e-9].min(initial=1.0) >= 0.35 * LATTICE_M


@LAW
@given(tangles)
def test_noding_twice_changes_nothing(tangle: list[shapely.LineString]) -> None:
    once = node(tangle)
    twice = node(once)
    assert shapely.equals_exact(
        shapely.normalize(shapely.multilinestrings(once)), shapely.normalize(shapely.multilinestrings(twice)), 0.0
    )


@LAW
@given(tangles)
def test_no_line_moves_by_more_than_two_lattice_steps(tangle: list[shapely.LineString]) -> None:
    before, after = shapely.multilinestrings(tangle), shapely.multilinestrings(node(tangle))
    assert shapely.hausdorff_distance(before, after) <= 2 * LATTICE_M
