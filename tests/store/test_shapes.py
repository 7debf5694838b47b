"""What shapes the database refuses: each geometry column, whoever writes to it."""

from __future__ import annotations

import math
import struct
from collections.abc import Sequence

import psycopg
import pytest
import shapely
import shapely.affinity
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from town import (
    EDGE,
    cell_polygon,
    ewkb,
)

NAN, INFINITY = math.nan, math.inf


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
