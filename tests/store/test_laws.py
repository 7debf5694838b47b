"""The laws that an edition is judged by as a whole, each proven by an attempt to break it with plain SQL."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence

import psycopg
import pytest
import shapely
import shapely.affinity
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from town import (
    COMMUNITY,
    EDGE,
    NO_HOMES,
    Polygons,
    broken,
    code,
    columns,
    ewkb,
    footprint,
    insert_raw,
)

from gisgrid.errors import RefusedData
from gisgrid.store import editions
from gisgrid.store.database import Connection, Database, copy_rows
from gisgrid.store.tables import BUILDINGS


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
    def test_the_sound_edition_passes(self, town: Database) -> None:
        assert broken(town, lambda connection: insert_raw(connection, columns())) == set()

    @pytest.mark.parametrize("what", TILING_FAULTS)
    def test_a_fault_is_refused(self, town: Database, what: str) -> None:
        spoil, expected = TILING_FAULTS[what]
        assert expected <= broken(town, lambda connection: insert_raw(connection, spoil(columns())))

    def test_nothing_of_a_refused_edition_is_left(self, town: Database) -> None:
        with pytest.raises(RefusedData), town.transaction() as connection:
            insert_raw(connection, TILING_FAULTS["a grid missing"][0](columns()))
        with town.transaction() as connection:
            assert editions.version(connection) == 0
            assert editions.coverage(connection) == []
            assert editions.used_codes(connection, COMMUNITY) == frozenset()

    def test_a_vertex_on_the_communitys_edge_is_no_fault(self, town: Database) -> None:
        """A border that ends on a straight edge of the community adds a vertex there, up to 1 mm off the line."""
        west, middle, east = columns().values()
        off = {
            1: with_vertex(west, 111.0, 40.001),
            2: middle,
            3: moved(with_vertex(east, 111.006, 40.001), 111.006, 40.001, 1e-8),
        }
        assert broken(town, lambda connection: insert_raw(connection, off)) == set()

    def test_the_finding_says_where_and_what_to_do(self, town: Database) -> None:
        with pytest.raises(RefusedData, match="border_not_shared") as refusal, town.transaction() as connection:
            insert_raw(connection, TILING_FAULTS["a grid inside another"][0](columns()))
        (finding,) = [f for f in refusal.value.findings if f.rule == "border_not_shared"]
        assert finding.codes == (code(4),)
        assert finding.geometry is not None
        assert finding.geometry.distance(MIDDLE) < 1e-9
        assert "repair the plan" in finding.message
        assert "请修复方案" in finding.message_zh

    def test_parts_and_holes(self, town: Database) -> None:
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

            return broken(town, deed)

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
        self, town: Database, cuts: list[int], victim: int, shift: float
    ) -> None:
        """Whatever strips the community is cut into, they pass as they are, and not with one border moved."""
        at = [111.0, *(round(111.0 + cut * 1e-5, 9) for cut in sorted(cuts)), 111.006]
        strips = [shapely.box(west, 40.0, east, 40.004) for west, east in itertools.pairwise(at)]
        number = victim % (len(strips) - 1)
        spoilt = list(strips)
        spoilt[number] = shapely.box(at[number], 40.0, at[number + 1] + shift, 40.004)
        assert self._faults(town, strips) == set()
        assert self._faults(town, spoilt) != set()

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
    def test_each_in_the_grid_where_it_stands(self, town: Database, homes: dict[str, str | None], rule: str) -> None:
        assert rule in broken(town, lambda connection: insert_raw(connection, columns(), homes=homes))

    def test_none_in_two_grids(self, town: Database) -> None:
        with town.transaction() as connection:
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
    def test_a_wall_may_stand_on_a_border_but_not_cross_it(self, town: Database, reach_m: float, passes: bool) -> None:
        east = 111.002 + reach_m / 85_270  # metres a degree of longitude at 40.001° N

        def deed(connection: Connection) -> None:
            reshape(connection, "s1", shapely.box(111.0015, 40.0008, east, 40.0012))
            insert_raw(connection, columns())

        assert broken(town, deed) == (set() if passes else {"building_cut"})

    @pytest.mark.parametrize(("west", "passes"), [(111.0018, False), (111.0006, True)])
    def test_a_neighbours_building_that_reaches_in_is_not_cut_either(
        self, town: Database, west: float, passes: bool
    ) -> None:
        def deed(connection: Connection) -> None:
            shape = shapely.MultiPolygon([shapely.box(west, 40.0038, west + 0.0004, 40.0045)])
            copy_rows(connection, BUILDINGS, ("code", "geom"), [("foreign", shape)])
            insert_raw(connection, columns())

        assert broken(town, deed) == (set() if passes else {"building_cut"})

    def test_one_across_the_communitys_edge_is_no_fault(self, town: Database) -> None:
        def deed(connection: Connection) -> None:
            reshape(connection, "s1", shapely.box(110.9996, 40.0008, 111.0006, 40.0012))
            insert_raw(connection, columns())

        assert broken(town, deed) == set()

    def test_one_that_stands_far_away_is_not_in_the_grid(self, town: Database) -> None:
        def deed(connection: Connection) -> None:
            reshape(connection, "s1", shapely.box(112.0, 40.0, 112.001, 40.001))
            insert_raw(connection, columns())

        assert broken(town, deed) == {"building_cut"}

    def test_tallies_are_the_sums(self, town: Database) -> None:
        assert broken(town, lambda connection: insert_raw(connection, columns(), surplus=1)) == {"tallies_differ"}

    def test_households_are_those_of_the_buildings(self, town: Database) -> None:
        def deed(connection: Connection) -> None:
            connection.execute(text("UPDATE gisgrid.buildings SET households = 199 WHERE code = 'n3'"))
            insert_raw(connection, columns())

        assert broken(town, deed) == {"households_differ"}


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
        self, town: Database, rule: str | None, number: int, passes: bool
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

        assert broken(town, deed) == (set() if passes else {"grid_above_band"})


def test_footprints_are_drawn_in_by_five_centimetres(owner: psycopg.Connection) -> None:
    """Measured in metres of the zone, which the law itself does not use."""
    row = owner.execute(
        "SELECT ST_Distance(ST_Boundary(ST_Transform(%(shape)s::geometry, 4546)),"
        " ST_Transform(gisgrid.shrunk(%(shape)s, 0.05), 4546))",
        {"shape": ewkb(footprint(0))},
    ).fetchone()
    assert row is not None
    assert row[0] == pytest.approx(0.05, rel=0.01)
