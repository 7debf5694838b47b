"""Laws of the point index: it agrees with exact rational arithmetic on any coverage, and with PostGIS."""

from __future__ import annotations

import functools
import itertools
from fractions import Fraction

import numpy as np
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.lookup.index import METHODS, PointIndex

Ground = shapely.Polygon | shapely.MultiPolygon
LATTICE = 24  # coordinates are k / 10 + 111 in degrees, so that points often fall on borders


def coverage_of_lines(segments: list[tuple[int, int, int, int]]) -> list[shapely.Polygon]:
    """The faces that these lines cut out of a square: shared borders have the very same vertices."""
    lines = [shapely.LineString([(a, b), (c, d)]) for a, b, c, d in segments if (a, b) != (c, d)]
    noded = shapely.node(shapely.union_all([*lines, shapely.box(0, 0, LATTICE, LATTICE).exterior]))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    placed = shapely.transform(faces, lambda xy: np.round(xy / 1000.0 + [111, 40], 9))
    return [face for face in placed if face.is_valid and face.area > 0]


def exactly(face: Ground, x: float, y: float) -> str:
    """Whether the point is inside, on the border of, or outside the polygon, in rational arithmetic."""
    px, py = Fraction(x), Fraction(y)
    inside = False
    for ring in shapely.get_rings(shapely.get_parts(face)):
        vertices = [(Fraction(a), Fraction(b)) for a, b in ring.coords]
        for (ax, ay), (bx, by) in itertools.pairwise(vertices):
            cross = (bx - ax) * (py - ay) - (by - ay) * (px - ax)
            if cross == 0 and min(ax, bx) <= px <= max(ax, bx) and min(ay, by) <= py <= max(ay, by):
                return "border"
            if (ay > py) != (by > py) and (cross > 0) == (by > ay):
                inside = not inside
    return "inside" if inside else "outside"


def expected(faces: list[Ground], codes: list[str], x: float, y: float) -> tuple[str | None, str]:
    covering = sorted(
        (code, where) for code, face in zip(codes, faces, strict=True) if (where := exactly(face, x, y)) != "outside"
    )
    return covering[0] if covering else (None, "outside")


ends = st.integers(0, LATTICE)
towns = st.lists(st.tuples(ends, ends, ends, ends), min_size=1, max_size=7).map(coverage_of_lines)


def points_of(faces: list[shapely.Polygon], seed: int) -> np.ndarray:
    """Random points, all vertices, middles of all border segments, and points of a raster that often hit a border."""
    rng = np.random.default_rng(seed)
    vertices = shapely.get_coordinates(faces)
    middles = np.concatenate([(c[1:] + c[:-1]) / 2 for c in (np.asarray(f.exterior.coords) for f in faces)])
    scattered = rng.uniform((110.998, 39.998), (111.026, 40.026), (40, 2))
    raster = np.round(rng.integers(0, 2 * LATTICE + 1, (40, 2)) / 2000.0 + [111, 40], 9)
    return np.concatenate([vertices, middles, scattered, raster])


@settings(max_examples=60, deadline=None)
@given(faces=towns, seed=st.integers(0, 10_000))
def test_every_answer_is_that_of_exact_arithmetic(faces: list[shapely.Polygon], seed: int) -> None:
    codes = [f"{k:03}" for k in np.random.default_rng(seed).permutation(len(faces))]
    index = PointIndex(codes, faces, ["e"] * len(faces))
    points = points_of(faces, seed)
    found = index.locate_many(points[:, 0], points[:, 1])
    answers = [(index.codes[k] if k >= 0 else None, METHODS[m]) for k, m in zip(found.grid, found.method, strict=True)]
    assert answers == [expected(faces, codes, x, y) for x, y in points.tolist()]


@settings(max_examples=25, deadline=None)
@given(faces=towns, seed=st.integers(0, 10_000))
def test_one_by_one_is_the_same_as_many_and_the_evidence_is_sound(faces: list[shapely.Polygon], seed: int) -> None:
    index = PointIndex([f"{k:03}" for k in range(len(faces))], faces, ["e"] * len(faces))
    points = points_of(faces, seed)[::3]
    many = index.locate_many(points[:, 0], points[:, 1], nearest_tolerance_m=25)
    for (lon, lat), grid, method in zip(points.tolist(), many.grid, many.method, strict=True):
        location = index.locate(lon, lat, nearest_tolerance_m=25)
        assert location.grid == (index.codes[grid] if grid >= 0 else None)
        assert location.method == METHODS[method]
        assert location.grid not in {neighbour.code for neighbour in location.neighbours}
        assert (location.border_distance_m is None) == (location.method == "outside")
        if location.method == "inside" and location.neighbours:
            # The ground is covered without gaps, so what lies across the nearest border is no nearer than the border.
            assert location.neighbours[0].distance_m >= location.border_distance_m


@settings(max_examples=25, deadline=None)
@given(faces=towns, seed=st.integers(0, 10_000))
def test_the_order_of_the_grids_does_not_matter(faces: list[shapely.Polygon], seed: int) -> None:
    codes = [f"{k:03}" for k in range(len(faces))]
    order = np.random.default_rng(seed).permutation(len(faces))
    index = PointIndex(codes, faces, ["e"] * len(faces))
    shuffled = PointIndex([codes[k] for k in order], [faces[k] for k in order], ["e"] * len(faces))
    for lon, lat in points_of(faces, seed)[::5].tolist():
        assert index.locate(lon, lat, nearest_tolerance_m=20) == shuffled.locate(lon, lat, nearest_tolerance_m=20)


# ---- Foreign sets: overlaps, gaps, holes, several parts, one inside another ------------------------------------------


@st.composite
def grounds(draw: st.DrawFn) -> list[Ground]:
    """Polygons that know nothing of each other, on one lattice so that their borders often touch or coincide."""
    found: list[Ground] = []
    for _ in range(draw(st.integers(1, 6))):
        corners = draw(st.lists(st.tuples(ends, ends, ends), min_size=1, max_size=4))
        shapes = [shapely.Polygon([(a, b), (a + 7, b + c), (b, a + 5), (c, c)]) for a, b, c in corners]
        ground = functools.reduce(shapely.symmetric_difference, [shapely.make_valid(each) for each in shapes])
        polygons = [each for each in shapely.get_parts(ground) if each.geom_type == "Polygon" and each.area > 0.01]
        if polygons:
            placed = shapely.transform(
                polygons[0] if len(polygons) == 1 else shapely.MultiPolygon(polygons),
                lambda xy: np.round(xy / 1000.0 + [111, 40], 9),
            )
            found += [placed] if placed.is_valid else []
    return found


def points_near_lines(index: PointIndex, seed: int) -> np.ndarray:
    """Corners and sides of the index's own cells, and the coordinates just before and after them."""
    rng = np.random.default_rng(seed)
    raster = index._raster
    x, y = rng.choice(raster.lines_x, 30), rng.choice(raster.lines_y, 30)
    x[:10], y[10:20] = rng.uniform(x.min(), x.max(), 10), rng.uniform(y.min(), y.max(), 10)
    exact = np.stack([x, y], axis=1)
    return np.concatenate([exact, np.nextafter(exact, 0.0), np.nextafter(exact, 1000.0)])


def steps_around(points: np.ndarray) -> list[np.ndarray]:
    """The eight neighbours of each point in the doubles: along x alone they stay level with horizontal borders."""
    toward = [np.nextafter(points, 0.0), points, np.nextafter(points, 1000.0)]
    return [
        np.stack([a[:, 0], b[:, 1]], axis=1)
        for i, a in enumerate(toward)
        for j, b in enumerate(toward)
        if (i, j) != (1, 1)
    ]


@settings(max_examples=20, deadline=None)
@given(faces=st.one_of(grounds(), towns), seed=st.integers(0, 10_000))
def test_any_polygons_are_answered_exactly_also_where_cells_meet(faces: list[Ground], seed: int) -> None:
    codes = [f"{k:03}" for k in range(len(faces))]
    index = PointIndex(codes, faces, ["e"] * len(faces))
    vertices = shapely.get_coordinates(faces)[:20]
    middles = (vertices[1:] + vertices[:-1]) / 2
    points = np.concatenate([vertices, middles, *steps_around(vertices), *steps_around(middles)])
    if len(faces):
        points = np.concatenate([points, points_near_lines(index, seed)])
    found = index.locate_many(points[:, 0], points[:, 1])
    answers = [(index.codes[k] if k >= 0 else None, METHODS[m]) for k, m in zip(found.grid, found.method, strict=True)]
    assert answers == [expected(faces, codes, x, y) for x, y in points.tolist()]


# ---- Distances: the border, what is near, what is nearest -----------------------------------------------------------


def metres_of_a_degree(lat: float) -> np.ndarray:
    """The radii of curvature of WGS-84 in the prime vertical, times cos φ, and in the meridian, for one degree."""
    phi, e2 = np.radians(lat), 0.00669437999014
    shape = 1 - e2 * np.sin(phi) ** 2
    return np.radians(6378137.0 * np.array([np.cos(phi) / np.sqrt(shape), (1 - e2) / shape**1.5]))


def plane_at(grounds: list[Ground], x: float, y: float) -> np.ndarray:
    """The polygons in metres, in the plane that touches the ellipsoid at the point, which is its origin."""
    return shapely.transform(grounds, lambda xy: (xy - [x, y]) * metres_of_a_degree(y))


@settings(max_examples=60, deadline=None)
@given(
    faces=st.one_of(grounds(), towns).filter(bool),
    seed=st.integers(0, 10_000),
    reach=st.sampled_from([0.0, 5.0, 100.0, 2_000.0]),
    tolerance=st.sampled_from([0.0, 40.0, 500.0]),
)
def test_distances_are_those_of_the_plane_at_the_point(
    faces: list[Ground], seed: int, reach: float, tolerance: float
) -> None:
    codes = [f"{k:03}" for k in np.random.default_rng(seed).permutation(len(faces))]
    index = PointIndex(codes, faces, ["e"] * len(faces))
    points = points_of([part for face in faces for part in shapely.get_parts(face)], seed)[::4]
    origin = shapely.Point(0.0, 0.0)
    for x, y in points.tolist():
        plane = plane_at(faces, x, y)
        away = dict(zip(codes, shapely.distance(plane, origin).tolist(), strict=True))
        rims = dict(zip(codes, shapely.distance(shapely.boundary(plane), origin).tolist(), strict=True))
        located = index.locate(x, y, nearest_tolerance_m=tolerance, neighbours_within_m=reach)
        if located.grid is None:
            assert min(away.values()) > tolerance - 0.001
        else:
            assert abs(rims[located.grid] - located.border_distance_m) <= 0.00051
        if located.method == "nearest":
            assert located.border_distance_m <= tolerance
            assert away[located.grid] <= min(away.values()) + 0.001
        near = {neighbour.code: neighbour.distance_m for neighbour in located.neighbours}
        assert list(near.items()) == sorted(near.items(), key=lambda each: (each[1], each[0]))
        assert all(abs(away[code] - metres) <= 0.00051 for code, metres in near.items())
        surely = {code for code, metres in away.items() if metres < reach - 0.001 or metres < 1e-9}
        maybe = {code for code, metres in away.items() if metres < reach + 0.001}
        assert surely - {located.grid} <= near.keys() <= maybe - {located.grid}


@settings(max_examples=25, deadline=None)
@given(faces=st.one_of(grounds(), towns), seed=st.integers(0, 10_000), tolerance=st.sampled_from([0.0, 40.0, 500.0]))
def test_nearest_and_distances_in_bulk_are_those_one_by_one(faces: list[Ground], seed: int, tolerance: float) -> None:
    index = PointIndex([f"{k:03}" for k in range(len(faces))], faces, ["e"] * len(faces))
    points = np.random.default_rng(seed).uniform((110.99, 39.99), (111.04, 40.04), (60, 2))
    points = np.concatenate([points, shapely.get_coordinates(faces)[:40]])
    located = index.locate_many(*points.T, nearest_tolerance_m=tolerance)
    metres = index.border_distances_m(*points.T, located)
    single = [index.locate(x, y, nearest_tolerance_m=tolerance) for x, y in points.tolist()]
    assert [index.codes[k] if k >= 0 else None for k in located.grid] == [one.grid for one in single]
    assert [METHODS[k] for k in located.method] == [one.method for one in single]
    assert [None if np.isnan(each) else each for each in metres] == [one.border_distance_m for one in single]


@settings(max_examples=40, deadline=None)
@given(size=st.sampled_from([1e-9, 1e-7, 1e-4, 1.0, 60.0]), thin=st.sampled_from([1.0, 1e-3, 1e3]))
def test_grids_of_any_size_and_shape_fit_a_raster(size: float, thin: float) -> None:
    width, height = min(size * thin, 150.0), size
    box = shapely.box(10.0, 20.0, 10.0 + width, 20.0 + height)
    index = PointIndex(["a"], [box], ["e"])
    x = np.array(
        [box.bounds[0], box.bounds[2], (box.bounds[0] + box.bounds[2]) / 2, np.nextafter(box.bounds[2], 200.0)]
    )
    y = np.full(4, (box.bounds[1] + box.bounds[3]) / 2)
    methods = [METHODS[m] for m in index.locate_many(x, y).method]
    assert methods[:2] == ["border", "border"]
    assert methods[2] in ("inside", "border")
    assert methods[3] == "outside"
    assert index._raster.cell.size <= 100_000
