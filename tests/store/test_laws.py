"""Each law of the database, proven by an attempt to break it with plain SQL."""

from __future__ import annotations

import itertools
import math
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
import shapely
import shapely.affinity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from town import COMMUNITY, EDGE, build, cell_polygon, clone, code, drawing, footprint, publish, save_plan

from gisgrid.errors import Conflict, RefusedData
from gisgrid.model import Lineage
from gisgrid.store import backup, editions
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Connection, Database, copy_rows
from gisgrid.store.tables import BUILDINGS, EDITION_BUILDINGS, EDITION_GRIDS

Polygons = dict[int, shapely.Geometry]

NAN, INFINITY = math.nan, math.inf


def ewkb(geometry: shapely.Geometry, srid: int = 4326) -> str:
    return str(shapely.to_wkb(shapely.set_srid(geometry, srid), hex=True, include_srid=True))


# ---- shapes ------------------------------------------------------------------------------------------------------


def multi(polygon: shapely.Polygon) -> shapely.MultiPolygon:
    return shapely.MultiPolygon([polygon])


POINT, LINE, POLYGON, MULTIPOINT, MULTILINE, MULTIPOLYGON = range(1, 7)
Vertices = Sequence[tuple[float, float]]


def raw(kind: int, *parts: Vertices) -> str:
    """EWKB written byte by byte: shapely has scruples that a hostile client has not."""

    def header(kind: int, *, with_srid: bool) -> bytes:
        return struct.pack("<BII", 1, kind | 0x20000000, 4326) if with_srid else struct.pack("<BI", 1, kind)

    def vertices(part: Vertices, *, counted: bool = True) -> bytes:
        body = b"".join(struct.pack("<dd", *vertex) for vertex in part)
        return struct.pack("<I", len(part)) + body if counted else body

    if kind == POINT:
        body = vertices(parts[0], counted=False)
    elif kind == LINE:
        body = vertices(parts[0])
    elif kind == POLYGON:
        body = struct.pack("<I", len(parts)) + b"".join(map(vertices, parts))
    elif kind == MULTIPOLYGON:
        one = header(POLYGON, with_srid=False) + struct.pack("<I", len(parts)) + b"".join(map(vertices, parts))
        body = struct.pack("<I", 1) + one
    else:
        inner = {MULTIPOINT: POINT, MULTILINE: LINE}[kind]
        body = struct.pack("<I", len(parts)) + b"".join(
            header(inner, with_srid=False) + vertices(part, counted=inner == LINE) for part in parts
        )
    return (header(kind, with_srid=True) + body).hex()


def square_with(x: float, y: float, *, position: int = 2) -> list[tuple[float, float]]:
    """A square's ring of which one vertex lies somewhere else."""
    corners = [(111.0, 40.0), (111.1, 40.0), (111.1, 40.1), (111.0, 40.1)]
    corners[position] = (x, y)
    return [*corners, corners[0]]


HOLE_WITH_NAN = [(111.001, 40.001), (NAN, 40.002), (111.002, 40.002), (111.001, 40.001)]
UNSOUND: dict[str, str] = {
    "NaN": raw(MULTIPOLYGON, square_with(NAN, 40.1)),
    "NaN first and last": raw(MULTIPOLYGON, square_with(NAN, NAN, position=0)),
    "NaN in a hole": raw(MULTIPOLYGON, square_with(111.1, 40.1), HOLE_WITH_NAN),
    "infinity": raw(MULTIPOLYGON, square_with(INFINITY, 40.1)),
    "minus infinity": raw(MULTIPOLYGON, square_with(111.0, -INFINITY)),
    "1e308": raw(MULTIPOLYGON, square_with(1e308, 40.1)),
    "empty": ewkb(shapely.MultiPolygon()),
    "no SRID": ewkb(multi(EDGE), 0),
    "metres": ewkb(multi(EDGE), 3857),
    "three dimensions": ewkb(shapely.force_3d(multi(EDGE), 12.0)),
    "bow tie": ewkb(multi(shapely.Polygon([(111, 40), (111.1, 40.1), (111.1, 40), (111, 40.1), (111, 40)]))),
    "no area": ewkb(multi(shapely.Polygon([(111, 40), (111.1, 40.1), (111, 40)]))),
    "a line": ewkb(shapely.LineString([(111, 40), (111.1, 40)])),
    "a collection": ewkb(shapely.GeometryCollection([EDGE])),
    "east of the globe": ewkb(multi(shapely.box(179, 40, 181, 41))),
    "swapped axes": ewkb(multi(shapely.box(40, 111, 40.1, 111.1))),
    "overlapping parts": ewkb(shapely.MultiPolygon([EDGE, cell_polygon(0)])),
}
UNSOUND_BARRIERS: dict[str, str] = {
    "line with NaN": raw(LINE, [(111, 40), (NAN, 40.1), (111.2, 40)]),
    "line to infinity": raw(LINE, [(111, 40), (111.1, INFINITY)]),
    "second part with NaN": raw(MULTILINE, [(111, 40), (111.1, 40)], [(112, 40), (NAN, NAN)]),
    "point with NaN": raw(POINT, [(NAN, 40)]),
    "empty point": ewkb(shapely.Point()),
    "points to infinity": raw(MULTIPOINT, [(111, 40)], [(111, INFINITY)]),
    "beyond the pole": raw(LINE, [(111, 40), (111, 91)]),
    "line without length": raw(LINE, [(111, 40), (111, 40)]),
}


@pytest.fixture(scope="module")
def built(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """The town without an edition; tests leave it as they found it."""
    with clone(cluster, template_database) as url:
        database = Database(url)
        with database.transaction() as connection:
            build(connection)
        yield database
        database.close()


@pytest.fixture
def owner(built: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of everything; what it does is undone."""
    with psycopg.connect(built.url) as connection:
        yield connection
        connection.rollback()


def broken(database: Database, deed: Callable[[Connection], object]) -> set[str]:
    """The laws that refuse a deed at its commit; a deed that none refuses is undone."""
    try:
        with database.transaction() as connection:
            deed(connection)
            connection.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))
            connection.rollback()
    except RefusedData as refusal:
        with pytest.raises(RefusedData), database.transaction() as connection:
            deed(connection)  # and not only when asked: the commit itself refuses
        return {finding.rule for finding in refusal.findings}
    return set()


class TestShapes:
    @pytest.mark.parametrize("what", [what for what in UNSOUND if what != "no SRID"])
    def test_an_unsound_polygon_is_refused(self, owner: psycopg.Connection, what: str) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            owner.execute("INSERT INTO gisgrid.buildings (code, geom) VALUES ('b', %s)", (UNSOUND[what],))
        assert refusal.value.sqlstate in {"23514", "22023"}  # our CHECK, or PostGIS's own type modifier

    def test_a_shape_without_srid_takes_that_of_its_column(self, owner: psycopg.Connection) -> None:
        """So PostGIS does before any CHECK; nothing without SRID is ever stored."""
        row = owner.execute(
            "INSERT INTO gisgrid.buildings (code, geom) VALUES ('b', %s) RETURNING ST_SRID(geom)", (UNSOUND["no SRID"],)
        ).fetchone()
        assert row == (4326,)

    @pytest.mark.parametrize("what", UNSOUND)
    def test_it_is_our_check_that_refuses_it(self, owner: psycopg.Connection, what: str) -> None:
        answer = owner.execute("SELECT gisgrid.is_sound(%s, 'MULTIPOLYGON')", (UNSOUND[what],)).fetchone()
        assert answer == (False,)

    @pytest.mark.parametrize("what", UNSOUND_BARRIERS)
    def test_unsound_lines_and_points_are_refused(self, owner: psycopg.Connection, what: str) -> None:
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute(
                "INSERT INTO gisgrid.barriers (kind, geom) VALUES ('crossing', %s)", (UNSOUND_BARRIERS[what],)
            )

    @pytest.mark.parametrize(
        "words", ["CIRCULARSTRING(111 40, 111.1 40.1, 111.2 40)", "LINESTRING M (111 40 1, 111.1 40 2)"]
    )
    def test_curves_and_measures_are_refused(self, owner: psycopg.Connection, words: str) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            owner.execute(
                "INSERT INTO gisgrid.barriers (kind, geom) VALUES ('wall', ST_GeomFromText(%s, 4326))", (words,)
            )
        assert refusal.value.sqlstate in {"23514", "22023"}

    def test_only_a_crossing_may_be_a_point(self, owner: psycopg.Connection) -> None:
        point = ewkb(shapely.Point(111, 40))
        owner.execute("INSERT INTO gisgrid.barriers (kind, geom) VALUES ('crossing', %s)", (point,))
        with pytest.raises(psycopg.errors.CheckViolation):
            owner.execute("INSERT INTO gisgrid.barriers (kind, geom) VALUES ('wall', %s)", (point,))

    def test_the_same_barrier_is_known_again(self, owner: psycopg.Connection) -> None:
        line = ewkb(shapely.LineString([(111, 40), (111.1, 40)]))
        insert = "INSERT INTO gisgrid.barriers (kind, name, geom) VALUES (%s, %s, %s)"
        owner.execute(insert, ("wall", None, line))
        owner.execute(insert, ("street", None, line))
        owner.execute(insert, ("wall", "城墙", line))
        with pytest.raises(psycopg.errors.UniqueViolation):
            owner.execute(insert, ("wall", None, line))

    @given(x=st.floats(width=64), y=st.floats(width=64), position=st.integers(0, 3))
    @settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    def test_what_is_sound_is_finite_valid_and_on_the_globe(
        self, owner: psycopg.Connection, x: float, y: float, position: int
    ) -> None:
        """The CHECK against shapely, on a square of which one vertex has any numbers a float can hold."""
        ring = square_with(x, y, position=position)
        row = owner.execute("SELECT gisgrid.is_sound(%s, 'POLYGON')", (raw(POLYGON, ring),)).fetchone()
        on_globe = math.isfinite(x) and math.isfinite(y) and abs(x) <= 180 and abs(y) <= 90
        assert row == (on_globe and bool(shapely.is_valid(shapely.Polygon(ring))),)


# ---- an edition as a whole ---------------------------------------------------------------------------------------


def columns() -> Polygons:
    """The sound edition: grids 1, 2, 3 are the three columns."""
    return {n + 1: shapely.union_all([cell_polygon(2 * n), cell_polygon(2 * n + 1)]) for n in range(3)}


def insert_raw(connection: Connection, polygons: Polygons, **changes: object) -> None:
    """Write an edition as a careless or hostile program would: plain INSERTs, no check of its own."""
    plan = save_plan(connection)
    edition = connection.execute(
        text(
            "INSERT INTO gisgrid.editions (community_code, plan_id, valid, published_by)"
            " VALUES (:community, :plan, tstzrange(now(), NULL), 'somebody') RETURNING id"
        ),
        {"community": COMMUNITY, "plan": int(plan.id)},
    ).scalar_one()
    numbers = sorted(polygons)
    for number in numbers:
        connection.execute(
            text("INSERT INTO gisgrid.grid_codes VALUES (:code, :community, :number, :edition, NULL)"),
            {"code": code(number), "community": COMMUNITY, "number": number, "edition": edition},
        )
    # Buildings go where they stand; grids beyond the third hold none.
    homes = {name: code(n // 2 + 1) for n, name in enumerate(("s1", "n1", "s2", "n2", "s3", "n3"))}
    homes |= changes.get("homes", {})  # type: ignore[call-overload]  # a dict of the test's own
    homes = {building: grid for building, grid in homes.items() if grid is not None}
    per_grid = {grid: sum(1 for home in homes.values() if home == grid) for grid in map(code, numbers)}
    copy_rows(
        connection,
        EDITION_GRIDS,
        ("edition_id", "code", "name", "kind", "households", "buildings", "area_m2", "geom"),
        [
            (
                edition,
                code(n),
                f"第{n}网格",
                "residential" if per_grid[code(n)] else "dedicated",
                200 * per_grid[code(n)] + int(changes.get("surplus", 0)),  # type: ignore[call-overload]  # an int
                per_grid[code(n)],
                1.0,
                polygons[n],
            )
            for n in numbers
        ],
    )
    copy_rows(
        connection,
        EDITION_BUILDINGS,
        ("edition_id", "building_code", "grid_code", "households"),
        [(edition, building, grid, 200) for building, grid in homes.items() if grid in per_grid],
    )


def with_vertex(polygon: shapely.Polygon, x: float, y: float) -> shapely.Polygon:
    """The same ground with one more vertex on its edge."""
    ring = list(polygon.exterior.coords)
    for index, (start, end) in enumerate(itertools.pairwise(ring)):
        if shapely.LineString([start, end]).distance(shapely.Point(x, y)) < 1e-12:
            return shapely.Polygon([*ring[: index + 1], (x, y), *ring[index + 1 :]])
    raise AssertionError("the vertex is not on the edge")


def moved(polygon: shapely.Polygon, x: float, y: float, dx: float, dy: float = 0.0) -> shapely.Polygon:
    """The polygon with its vertex at (x, y) moved by so much."""
    return shapely.Polygon([(a + dx, b + dy) if (a, b) == (x, y) else (a, b) for a, b in polygon.exterior.coords])


def change(number: int, how: Callable[[shapely.Polygon], shapely.Geometry]) -> Callable[[Polygons], Polygons]:
    return lambda polygons: {**polygons, number: how(polygons[number])}


NO_HOMES = dict.fromkeys(("s1", "n1", "s2", "n2", "s3", "n3"))
MIDDLE = shapely.box(111.0005, 40.0005, 111.0008, 40.0008)
TILING_FAULTS: dict[str, tuple[Callable[[Polygons], Polygons], set[str]]] = {
    "a grid twice": (lambda p: {**p, 4: p[2]}, {"grids_overlap"}),
    "a grid twice, the other way round": (lambda p: {**p, 4: p[2].reverse()}, {"grids_overlap"}),
    "a grid twice with other vertices": (
        lambda p: {**p, 4: with_vertex(with_vertex(p[2], 111.002, 40.001), 111.004, 40.001)},
        {"grids_overlap"},
    ),
    "the whole community once more": (lambda p: {**p, 4: EDGE}, {"area_differs"}),
    "the whole community once more, its edge cut finer": (
        lambda p: {**p, 4: with_vertex(with_vertex(EDGE, 111.001, 40.0), 111.003, 40.004)},
        {"area_differs"},
    ),
    "a grid inside another": (lambda p: {**p, 4: MIDDLE}, {"border_not_shared"}),
    "a grid over two others": (
        lambda p: {**p, 4: shapely.box(111.001, 40.001, 111.003, 40.003)},
        {"border_not_shared"},
    ),
    "a triangle over the edge's middle": (
        lambda p: {**p, 4: shapely.Polygon([(111.0, 40.0), (111.006, 40.0), (111.0, 40.004)])},
        {"border_not_shared", "area_differs"},
    ),
    "a grid missing": (lambda p: {n: p[n] for n in (1, 3)}, {"border_not_shared"}),
    "the last grid missing": (lambda p: {n: p[n] for n in (1, 2)}, {"border_not_shared", "community_uncovered"}),
    "a hole that nothing fills": (change(1, lambda g: g - MIDDLE), {"border_not_shared"}),
    "a corner cut off": (
        change(3, lambda g: g - shapely.Polygon([(111.006, 40.004), (111.005, 40.004), (111.006, 40.003)])),
        {"border_not_shared", "community_uncovered"},
    ),
    "a notch in the community's edge": (
        change(1, lambda g: g - shapely.Polygon([(111.0, 40.001), (111.0005, 40.002), (111.0, 40.003)])),
        {"border_not_shared"},
    ),
    "a sliver of 11 cm between two grids": (
        change(1, lambda g: moved(g, 111.002, 40.004, -1e-6)),
        {"border_not_shared"},
    ),
    "an overlap of 0.1 mm": (change(1, lambda g: moved(g, 111.002, 40.004, 1e-9)), {"border_not_shared"}),
    "a vertex that only one neighbour has": (
        change(1, lambda g: with_vertex(g, 111.002, 40.001)),
        {"border_not_shared"},
    ),
    "beyond the community": (
        change(3, lambda g: shapely.union(g, shapely.box(111.006, 40.0, 111.007, 40.004))),
        {"border_not_shared"},
    ),
    "5 mm beyond the community": (change(3, lambda g: moved(g, 111.006, 40.004, 5e-8)), {"border_not_shared"}),
    "a gap and an overlap of the same area": (
        lambda p: {**p, 1: moved(p[1], 111.002, 40.004, 1e-5), 2: moved(p[2], 111.004, 40.0, -1e-5)},
        {"border_not_shared"},
    ),
    "all in another place": (
        lambda p: {n: shapely.affinity.translate(g, 0.5) for n, g in p.items()},
        {"border_not_shared", "community_uncovered", "area_differs"},
    ),
}


class TestTiling:
    def test_the_sound_edition_passes(self, built: Database) -> None:
        assert broken(built, lambda connection: insert_raw(connection, columns())) == set()

    @pytest.mark.parametrize("what", TILING_FAULTS)
    def test_a_fault_is_refused(self, built: Database, what: str) -> None:
        spoil, expected = TILING_FAULTS[what]
        assert expected <= broken(built, lambda connection: insert_raw(connection, spoil(columns())))

    def test_nothing_of_a_refused_edition_is_left(self, built: Database) -> None:
        with pytest.raises(RefusedData), built.transaction() as connection:
            insert_raw(connection, TILING_FAULTS["a grid missing"][0](columns()))
        with built.transaction() as connection:
            assert editions.version(connection) == 0
            assert editions.coverage(connection) == []
            assert editions.used_codes(connection, COMMUNITY) == frozenset()

    def test_a_vertex_on_the_communitys_edge_is_no_fault(self, built: Database) -> None:
        """A border that ends on a straight edge of the community adds a vertex there, up to 1 mm off the line."""
        west, middle, east = columns().values()
        off = {
            1: with_vertex(west, 111.0, 40.001),
            2: middle,
            3: moved(with_vertex(east, 111.006, 40.001), 111.006, 40.001, 1e-8),
        }
        assert broken(built, lambda connection: insert_raw(connection, off)) == set()

    def test_the_finding_says_where_and_what_to_do(self, built: Database) -> None:
        with pytest.raises(RefusedData, match="border_not_shared") as refusal, built.transaction() as connection:
            insert_raw(connection, TILING_FAULTS["a grid inside another"][0](columns()))
        (finding,) = [f for f in refusal.value.findings if f.rule == "border_not_shared"]
        assert finding.codes == (code(4),)
        assert finding.geometry is not None
        assert finding.geometry.distance(MIDDLE) < 1e-9
        assert "repair the plan" in finding.message
        assert "请修复方案" in finding.message_zh

    def test_parts_and_holes(self, built: Database) -> None:
        """Two parts with a hole each; one part drawn twice instead of both once has the same area."""
        ring = shapely.box(111, 40, 111.003, 40.003) - shapely.box(111.001, 40.001, 111.002, 40.002)
        island = shapely.box(111.01, 40, 111.013, 40.003) - shapely.box(111.011, 40.001, 111.012, 40.002)

        def draw(grids: Polygons) -> set[str]:
            def deed(connection: Connection) -> None:
                connection.execute(text("DELETE FROM gisgrid.buildings"))
                connection.execute(
                    text("UPDATE gisgrid.divisions SET geom = :geom WHERE code = :code"),
                    {"geom": ewkb(shapely.MultiPolygon([ring, island])), "code": COMMUNITY},
                )
                insert_raw(connection, grids, homes=NO_HOMES)

            return broken(built, deed)

        assert draw({1: ring, 2: island}) == set()
        assert draw({1: island, 2: island}) != set()
        assert draw({1: island}) != set()
        assert draw({1: shapely.box(111, 40, 111.003, 40.003), 2: island}) != set()

    @given(
        cuts=st.lists(st.integers(1, 599), min_size=1, max_size=6, unique=True),
        victim=st.integers(0, 5),
        shift=st.sampled_from([-3e-7, -2e-9, 2e-9, 3e-7]),
    )
    @settings(max_examples=12, deadline=None)
    def test_moving_an_inner_border_of_one_grid_is_found(
        self, built: Database, cuts: list[int], victim: int, shift: float
    ) -> None:
        """Whatever strips the community is cut into, they pass as they are, and not with one border moved."""
        at = [111.0, *(round(111.0 + cut * 1e-5, 9) for cut in sorted(cuts)), 111.006]
        strips = [shapely.box(west, 40.0, east, 40.004) for west, east in itertools.pairwise(at)]
        number = victim % (len(strips) - 1)
        spoilt = list(strips)
        spoilt[number] = shapely.box(at[number], 40.0, at[number + 1] + shift, 40.004)
        assert self._faults(built, strips) == set()
        assert self._faults(built, spoilt) != set()

    @staticmethod
    def _faults(database: Database, pieces: Sequence[shapely.Polygon]) -> set[str]:
        query = text("SELECT rule FROM gisgrid.tiling_faults((SELECT max(id) FROM gisgrid.editions))")
        with database.transaction() as connection:
            insert_raw(connection, dict(enumerate(pieces, start=1)), homes=NO_HOMES)
            rules = set(connection.execute(query).scalars())
            connection.rollback()
        return rules


def reshape(connection: Connection, building: str, shape: shapely.Polygon) -> None:
    connection.execute(
        text("UPDATE gisgrid.buildings SET geom = :geom WHERE code = :code"),
        {"geom": ewkb(shapely.MultiPolygon([shape])), "code": building},
    )


class TestBuildings:
    @pytest.mark.parametrize(
        ("homes", "rule"),
        [
            ({"n2": None}, "building_without_grid"),
            ({"ghost": code(1)}, "building_of_another_community"),
            ({"n2": code(1)}, "building_cut"),
        ],
        ids=["one without a grid", "one of nowhere", "one in a grid where it does not stand"],
    )
    def test_each_in_the_grid_where_it_stands(self, built: Database, homes: dict[str, str | None], rule: str) -> None:
        assert rule in broken(built, lambda connection: insert_raw(connection, columns(), homes=homes))

    def test_none_in_two_grids(self, built: Database) -> None:
        with built.transaction() as connection:
            insert_raw(connection, columns())
            with pytest.raises(DBAPIError, match="edition_buildings_pkey"):
                connection.execute(
                    text(
                        "INSERT INTO gisgrid.edition_buildings SELECT edition_id, 'n2', :code, 200"
                        " FROM gisgrid.edition_grids LIMIT 1"
                    ),
                    {"code": code(1)},
                )
            connection.rollback()

    @pytest.mark.parametrize(("reach_m", "passes"), [(0.0, True), (0.03, True), (0.20, False), (20.0, False)])
    def test_a_wall_may_stand_on_a_border_but_not_cross_it(self, built: Database, reach_m: float, passes: bool) -> None:
        east = 111.002 + reach_m / 85_270  # metres a degree of longitude at 40.001° N

        def deed(connection: Connection) -> None:
            reshape(connection, "s1", shapely.box(111.0015, 40.0008, east, 40.0012))
            insert_raw(connection, columns())

        assert broken(built, deed) == (set() if passes else {"building_cut"})

    @pytest.mark.parametrize(("west", "passes"), [(111.0018, False), (111.0006, True)])
    def test_a_neighbours_building_that_reaches_in_is_not_cut_either(
        self, built: Database, west: float, passes: bool
    ) -> None:
        def deed(connection: Connection) -> None:
            shape = shapely.MultiPolygon([shapely.box(west, 40.0038, west + 0.0004, 40.0045)])
            copy_rows(connection, BUILDINGS, ("code", "geom"), [("foreign", shape)])
            insert_raw(connection, columns())

        assert broken(built, deed) == (set() if passes else {"building_cut"})

    def test_one_across_the_communitys_edge_is_no_fault(self, built: Database) -> None:
        def deed(connection: Connection) -> None:
            reshape(connection, "s1", shapely.box(110.9996, 40.0008, 111.0006, 40.0012))
            insert_raw(connection, columns())

        assert broken(built, deed) == set()

    def test_one_that_stands_far_away_is_not_in_the_grid(self, built: Database) -> None:
        def deed(connection: Connection) -> None:
            reshape(connection, "s1", shapely.box(112.0, 40.0, 112.001, 40.001))
            insert_raw(connection, columns())

        assert broken(built, deed) == {"building_cut"}

    def test_tallies_are_the_sums(self, built: Database) -> None:
        assert broken(built, lambda connection: insert_raw(connection, columns(), surplus=1)) == {"tallies_differ"}

    def test_households_are_those_of_the_buildings(self, built: Database) -> None:
        def deed(connection: Connection) -> None:
            connection.execute(text("UPDATE gisgrid.buildings SET households = 199 WHERE code = 'n3'"))
            insert_raw(connection, columns())

        assert broken(built, deed) == {"households_differ"}


class TestBand:
    @pytest.mark.parametrize(
        ("rule", "number", "passes"),
        [
            (None, 0, False),
            ("grid_above_band", 2, True),
            ("grid_above_band", 1, False),
            ("grid_below_band", 2, False),
        ],
    )
    def test_a_grid_outside_stands_only_with_its_acceptance(
        self, built: Database, rule: str | None, number: int, passes: bool
    ) -> None:
        def deed(connection: Connection) -> None:
            merged = {1: columns()[1], 2: shapely.union_all([columns()[2], columns()[3]])}
            insert_raw(connection, merged, homes={"s3": code(2), "n3": code(2)})
            if rule is not None:
                connection.execute(
                    text(
                        "INSERT INTO gisgrid.edition_acceptances (edition_id, rule, grid_code, accepted_by, finding)"
                        " SELECT max(id), :rule, :code, 'r', '{}' FROM gisgrid.editions"
                    ),
                    {"rule": rule, "code": code(number)},
                )

        assert broken(built, deed) == (set() if passes else {"grid_above_band"})


# ---- what is frozen ----------------------------------------------------------------------------------------------


FROZEN = (
    "audit",
    "edition_acceptances",
    "edition_buildings",
    "edition_grids",
    "editions",
    "grid_codes",
    "grid_lineage",
    "report_assignments",
    "report_events",
    "reports",
)


@pytest.fixture(scope="module")
def published(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """The town with two editions, a report and its history; tests leave it as they found it."""
    with clone(cluster, template_database) as url:
        database = Database(url)
        with database.transaction() as connection:
            build(connection)
            first = publish(connection, save_plan(connection))
        with database.transaction() as connection:
            again = save_plan(connection)
            links = [Lineage(code(3), code(4), 400)]
            publish(connection, again, {"A": 1, "B": 2, "C": 4}, replaces=first.id, lineage=links)
            insert_report(connection, first.id)
        yield database
        database.close()


def insert_report(connection: Connection, edition: str) -> None:
    report = connection.execute(
        text(
            "INSERT INTO gisgrid.reports (source, external_id, body_sha256, geom)"
            " VALUES ('12345', '1', sha256(''), ST_Point(111.001, 40.001, 4326)) RETURNING id"
        )
    ).scalar_one()
    connection.execute(
        text(
            "INSERT INTO gisgrid.report_assignments (report_id, sequence, grid_code, edition_id, method)"
            " VALUES (:report, 1, :grid, :edition, 'inside')"
        ),
        {"report": report, "grid": code(1), "edition": int(edition)},
    )
    connection.execute(
        text("INSERT INTO gisgrid.report_events (report_id, type) VALUES (:report, 'received')"), {"report": report}
    )


@pytest.fixture
def lord(published: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of everything; what it does is undone."""
    with psycopg.connect(published.url) as connection:
        yield connection
        connection.rollback()


# Rows that would be right but for coming after the edition was judged.
LATE_ROWS = {
    "edition_grids": """
        SELECT max(edition_id), '990101001001003', 'x', 'dedicated', 0, 0, 1, (array_agg(geom))[1]
        FROM gisgrid.edition_grids""",
    "edition_buildings": "SELECT id, 'late', '990101001001001', 0 FROM gisgrid.editions",
    "edition_acceptances": """
        (edition_id, rule, accepted_by, finding)
        SELECT id, 'x', 'r', '{}' FROM gisgrid.editions""",
    "grid_lineage": "SELECT id, '990101001001001', '990101001001002', 0 FROM gisgrid.editions",
    "grid_codes": "SELECT '990101001001009', '990101001001', 9, max(id), NULL FROM gisgrid.editions",
}


class TestFrozen:
    @pytest.mark.parametrize("table", FROZEN)
    @pytest.mark.parametrize("deed", ["DELETE FROM gisgrid.{}", "TRUNCATE gisgrid.{} CASCADE"])
    def test_nobody_removes_rows(self, published: Database, lord: psycopg.Connection, table: str, deed: str) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(deed.format(table))
        assert refusal.value.sqlstate == "GG002"
        assert "append-only" in str(refusal.value)
        with pytest.raises((DBAPIError, Conflict)), published.transaction() as connection:
            connection.execute(text(deed.format(table)))

    @pytest.mark.parametrize(
        ("table", "change"),
        [
            ("audit", "actor = 'somebody else'"),
            ("edition_acceptances", "rule = 'x'"),
            ("edition_buildings", "grid_code = '990101001001002'"),
            ("edition_grids", "name = 'x'"),
            ("edition_grids", "geom = geom"),
            ("editions", "published_by = 'x'"),
            ("editions", "sealed = false"),
            ("editions", "valid = tstzrange('2020-01-01', NULL)"),
            ("grid_codes", "first_edition_id = first_edition_id + 1"),
            ("grid_lineage", "households = 0"),
            ("report_assignments", "grid_code = '990101001001002'"),
            ("report_events", "note = 'x'"),
            ("reports", "text = 'x'"),
            ("reports", "geom = ST_Point(111.002, 40.001, 4326)"),
        ],
    )
    def test_nobody_changes_rows(self, published: Database, lord: psycopg.Connection, table: str, change: str) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(f"UPDATE gisgrid.{table} SET {change}")
        assert refusal.value.sqlstate == "GG002"
        with pytest.raises((DBAPIError, Conflict)), published.transaction() as connection:
            connection.execute(text(f"UPDATE gisgrid.{table} SET {change}"))

    def test_the_state_of_a_report_may_change(self, published: Database) -> None:
        with published.transaction() as connection:
            changed = connection.execute(text("UPDATE gisgrid.reports SET state = 'closed'"))
            assert changed.rowcount == 1
            connection.rollback()

    @pytest.mark.parametrize("table", LATE_ROWS)
    def test_nothing_is_added_to_a_sealed_edition(
        self, published: Database, lord: psycopg.Connection, table: str
    ) -> None:
        row = f"{table} {LATE_ROWS[table]}"
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(f"INSERT INTO gisgrid.{row}")
        assert refusal.value.sqlstate == "GG002"
        assert "sealed" in str(refusal.value)
        with pytest.raises((Conflict, DBAPIError)), published.transaction() as connection:
            connection.execute(text(f"INSERT INTO gisgrid.{row}"))

    def test_the_seal_cannot_be_set_beforehand(self, built: Database) -> None:
        def deed(connection: Connection) -> None:
            plan = save_plan(connection)
            connection.execute(
                text(
                    "INSERT INTO gisgrid.editions (community_code, plan_id, valid, published_by, sealed)"
                    " VALUES (:community, :plan, tstzrange(now(), NULL), 'x', true)"
                ),
                {"community": COMMUNITY, "plan": int(plan.id)},
            )

        assert "edition_without_ground" in broken(built, deed)

    def test_an_edition_is_not_ended_without_another(self, published: Database) -> None:
        end = text(
            "UPDATE gisgrid.editions SET valid = tstzrange(lower(valid), clock_timestamp()) WHERE upper_inf(valid)"
        )
        assert broken(published, lambda connection: connection.execute(end)) == {"edition_without_successor"}

    def test_an_edition_that_has_ended_stays_so(self, lord: psycopg.Connection) -> None:
        with pytest.raises(psycopg.Error, match="only once"):
            lord.execute(
                "UPDATE gisgrid.editions SET valid = tstzrange(lower(valid), upper(valid) - interval '1 microsecond')"
                " WHERE NOT upper_inf(valid)"
            )

    def test_a_sealed_edition_retires_no_more_codes(self, lord: psycopg.Connection) -> None:
        with pytest.raises(psycopg.Error, match="retires no more codes"):
            lord.execute(
                "UPDATE gisgrid.grid_codes SET retired_edition_id = (SELECT max(id) FROM gisgrid.editions)"
                " WHERE number = 1"
            )

    def test_a_retired_code_stays_retired(self, lord: psycopg.Connection) -> None:
        with pytest.raises(psycopg.Error, match="was retired"):
            lord.execute("UPDATE gisgrid.grid_codes SET retired_edition_id = NULL WHERE number = 3")


PERIODS = {
    "NULL": "NULL",
    "empty": "'empty'",
    "endless past": "tstzrange(NULL, now())",
    "minus infinity": "tstzrange('-infinity', NULL)",
    "infinity": "tstzrange(now(), 'infinity')",
    "closed": "tstzrange(now(), now() + interval '1 day', '[]')",
    "open": "tstzrange(now(), NULL, '()')",
}


class TestPeriods:
    @pytest.mark.parametrize("what", PERIODS)
    def test_a_period_that_could_hide_an_overlap_is_refused(self, built: Database, what: str) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            with pytest.raises(DBAPIError) as refusal:
                connection.execute(
                    text(
                        "INSERT INTO gisgrid.editions (community_code, plan_id, valid, published_by)"
                        f" VALUES (:community, :plan, {PERIODS[what]}, 'x')"
                    ),
                    {"community": COMMUNITY, "plan": int(plan.id)},
                )
            connection.rollback()
        assert "valid" in str(refusal.value.orig)

    def test_two_editions_at_one_instant_are_a_conflict(self, published: Database) -> None:
        with pytest.raises(Conflict, match="Another edition"), published.transaction() as connection:
            insert_raw(connection, {n + 4: g for n, g in columns().items()})


def test_a_restored_database_keeps_every_law(published: Database, empty_database_url: str, tmp_path: Path) -> None:
    backup.backup(published.url, tmp_path / "town.dump")
    backup.restore(empty_database_url, tmp_path / "town.dump")
    with psycopg.connect(empty_database_url) as owner, pytest.raises(psycopg.Error) as refusal:
        owner.execute("DELETE FROM gisgrid.edition_grids")
    assert refusal.value.sqlstate == "GG002"
    with closing(Database(empty_database_url)) as restored:
        check_restored(restored)


def check_restored(restored: Database) -> None:
    with restored.transaction() as connection:
        assert [row.code for row in editions.coverage(connection)] == [code(1), code(2), code(4)]
        assert editions.grid_of_building(connection, "n3") == (code(4), "2")
    with restored.transaction() as connection, pytest.raises(DBAPIError, match="permission denied"):
        connection.execute(text("UPDATE gisgrid.audit SET actor = 'x'"))
    with restored.transaction() as connection:
        plan = save_plan(connection, drawing({"A": (0, 2, 4), "B": (1, 3, 5)}))
        with pytest.raises(RefusedData, match="600"):
            publish(connection, plan, {"A": 5, "B": 6}, replaces="2", lineage=heirs())
        connection.rollback()


def heirs() -> list[Lineage]:
    return [Lineage(code(old), code(5), 200) for old in (1, 2, 4)]


def test_footprints_are_drawn_in_by_five_centimetres(owner: psycopg.Connection) -> None:
    """Measured in metres of the zone, which the law itself does not use."""
    row = owner.execute(
        "SELECT ST_Distance(ST_Boundary(ST_Transform(%(shape)s::geometry, 4546)),"
        " ST_Transform(gisgrid.shrunk(%(shape)s, 0.05), 4546))",
        {"shape": ewkb(footprint(0))},
    ).fetchone()
    assert row is not None
    assert row[0] == pytest.approx(0.05, rel=0.01)
