"""The point index on drawings small enough to know the answer by heart."""

from __future__ import annotations

import threading

import numpy as np
import pytest
import shapely
from pyproj import Geod

from gisgrid.lookup.index import METHODS, PointIndex
from gisgrid.lookup.recent import Recent

STEP = 0.001  # degrees: some hundred metres
WGS84 = Geod(ellps="WGS84")


def block(column: float, row: float, width: float = 1.0, height: float = 1.0) -> shapely.Polygon:
    """A rectangle of a town whose south-west corner is at 111 E, 40 N."""
    west, south = 111 + column * STEP, 40 + row * STEP
    return shapely.box(west, south, west + width * STEP, south + height * STEP)


@pytest.fixture
def town() -> PointIndex:
    """Two blocks side by side, 03 with a hole that 04 fills, and 05 in two parts."""
    around = block(0, 2, 4, 4).difference(block(1, 3))
    parts = shapely.MultiPolygon([block(5, 0), block(7, 0)])
    return PointIndex(
        ["05", "02", "01", "04", "03"],
        [parts, block(1, 0), block(0, 0), block(1, 3), around],
        ["e5", "e2", "e1", "e4", "e3"],
    )


def at(column: float, row: float) -> tuple[float, float]:
    return 111 + column * STEP, 40 + row * STEP


@pytest.mark.parametrize(
    ("column", "row", "grid", "method"),
    [
        (0.5, 0.5, "01", "inside"),
        (1.5, 0.5, "02", "inside"),
        (1.0, 0.5, "01", "border"),  # shared by 01 and 02: the smaller code
        (0.0, 0.0, "01", "border"),  # a corner at the very edge of the town
        (1.5, 3.5, "04", "inside"),  # in the hole of 03
        (1.0, 3.5, "03", "border"),  # on the rim of the hole: 03 before 04
        (3.5, 5.5, "03", "inside"),
        (5.5, 0.5, "05", "inside"),
        (7.5, 0.5, "05", "inside"),  # its other part
        (6.5, 0.5, None, "outside"),  # between the parts
        (0.5, 1.5, None, "outside"),
    ],
)
def test_smallest_code_of_the_grids_that_cover_the_point(
    town: PointIndex, column: float, row: float, grid: str | None, method: str
) -> None:
    location = town.locate(*at(column, row))
    assert (location.grid, location.method) == (grid, method)
    assert location.edition == (None if grid is None else f"e{int(grid)}")
    many = town.locate_many(*np.array([at(column, row)]).T)
    assert [town.codes[k] if k >= 0 else None for k in many.grid] == [grid]
    assert [METHODS[k] for k in many.method] == [method]


def test_border_distance_is_that_of_the_geodesic(town: PointIndex) -> None:
    lon, lat = at(0.9, 0.5)
    location = town.locate(lon, lat)
    east = WGS84.inv(lon, lat, 111 + STEP, lat)[2]
    assert location.border_distance_m == pytest.approx(east, rel=1e-3)
    assert [(n.code, n.distance_m) for n in location.neighbours] == [("02", location.border_distance_m)]


def test_neighbours_are_named_nearest_first_and_only_within_reach(town: PointIndex) -> None:
    lon, lat = at(1.02, 0.98)
    assert [n.code for n in town.locate(lon, lat).neighbours] == ["01"]
    wide = town.locate(lon, lat, neighbours_within_m=400)
    assert [n.code for n in wide.neighbours] == ["01", "03", "04", "05"]
    assert [n.distance_m for n in wide.neighbours] == sorted(n.distance_m for n in wide.neighbours)
    assert town.locate(lon, lat, neighbours_within_m=0.5).neighbours == ()


def test_a_point_on_a_border_names_the_grid_across_at_no_distance(town: PointIndex) -> None:
    location = town.locate(*at(1.0, 0.5))
    assert location.border_distance_m == 0.0
    assert [(n.code, n.distance_m) for n in location.neighbours] == [("02", 0.0)]


def test_outside_but_within_the_tolerance_goes_to_the_nearest(town: PointIndex) -> None:
    lon, lat = at(0.5, -0.1)
    gap = WGS84.inv(lon, lat, lon, 40)[2]
    inside_reach = town.locate(lon, lat, nearest_tolerance_m=gap + 1)
    assert (inside_reach.grid, inside_reach.method) == ("01", "nearest")
    assert inside_reach.border_distance_m == pytest.approx(gap, rel=1e-3)
    out_of_reach = town.locate(lon, lat, nearest_tolerance_m=gap - 1)
    assert (out_of_reach.grid, out_of_reach.method, out_of_reach.border_distance_m) == (None, "outside", None)
    assert [n.code for n in out_of_reach.neighbours] == ["01", "02"]  # evidence for whoever decides


def test_equally_near_grids_the_smaller_code_wins() -> None:
    south_of_the_shared_corner = (111 + STEP, 40 - STEP / 100)
    for codes in (["01", "02"], ["02", "01"]):
        index = PointIndex(codes, [block(0, 0), block(1, 0)], ["e", "e"])
        assert index.locate(*south_of_the_shared_corner, nearest_tolerance_m=20).grid == "01"


def test_nearest_in_bulk_is_nearest_one_by_one(town: PointIndex) -> None:
    points = np.random.default_rng(7).uniform((110.999, 39.999), (111.01, 40.008), (2000, 2))
    many = town.locate_many(points[:, 0], points[:, 1], nearest_tolerance_m=30)
    single = [town.locate(lon, lat, nearest_tolerance_m=30) for lon, lat in points]
    assert [town.codes[k] if k >= 0 else None for k in many.grid] == [location.grid for location in single]
    assert [METHODS[k] for k in many.method] == [location.method for location in single]
    assert {"inside", "nearest", "outside"} <= {METHODS[k] for k in many.method}


def test_an_index_without_grids_answers_outside() -> None:
    index = PointIndex([], [], [])
    assert index.locate(111, 40, nearest_tolerance_m=20).method == "outside"
    assert index.locate_many([111.0], [40.0], nearest_tolerance_m=20).grid.tolist() == [-1]
    assert index.locate_many([], []).grid.tolist() == []


def test_arrays_of_unequal_length_and_empty_polygons_are_refused() -> None:
    with pytest.raises(ValueError, match="one length"):
        PointIndex(["01"], [], [])
    with pytest.raises(ValueError, match="without ground"):
        PointIndex(["01"], [shapely.Polygon()], ["e"])


def test_threads_that_ask_at_once_get_the_answers_of_one() -> None:
    rng = np.random.default_rng(3)
    grids = [block(c, r) for c in range(12) for r in range(12)]
    points = rng.uniform((111, 40), (111.012, 40.012), (500, 2))
    expected = PointIndex([f"{k:03}" for k in range(144)], grids, ["e"] * 144).locate_many(*points.T).grid
    fresh = PointIndex([f"{k:03}" for k in range(144)], grids, ["e"] * 144)
    answers: list[list[int]] = []

    def ask() -> None:
        answers.append([int(fresh.locate_many([lon], [lat]).grid[0]) for lon, lat in points])

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected.tolist()] * 6


def test_recent_forgets_what_was_not_asked_for_longest() -> None:
    recent = Recent[int](size=2)
    built = iter([1, 2, 3])
    assert [recent.get(key, lambda: next(built)) for key in ("a", "b", "a", "c")] == [1, 2, 1, 3]
    assert recent.get("a", _away) == 1
    assert recent.get("b", lambda: 4) == 4  # it had gone


def _away() -> int:
    raise OSError("the database is away")
