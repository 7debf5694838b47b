"""Foreign geometry: what is left as it is, what is repaired, what is refused, each with its words."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from shapely import LineString, Polygon

from gisgrid.geometry import repair
from gisgrid.geometry.repair import GeometryKind, Verdict, clean

with np.errstate(invalid="ignore"):  # numpy tells of the NaN that is meant
    NOT_A_NUMBER = LineString([(0, 0), (1, math.nan)])

BOW_TIE = "POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))"


def cleaned(wkt: str | shapely.Geometry | None, kind: GeometryKind = "polygon") -> tuple[shapely.Geometry, Verdict]:
    geometry = shapely.from_wkt(wkt) if isinstance(wkt, str) else wkt
    (result,), (verdict,) = clean([geometry], kind)
    return result, verdict


@pytest.mark.parametrize(
    ("wkt", "kind"),
    [
        ("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (1 1, 1 2, 2 2, 2 1, 1 1))", "polygon"),
        ("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 6, 5 5)))", "polygon"),
        ("LINESTRING (0 0, 1 1)", "line"),
        ("MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", "line_or_point"),
        ("POINT (0 0)", "line_or_point"),
        ("POINT (0 0)", "polygon_or_point"),
        ("POINT (0 0)", "point"),
    ],
)
def test_sound_geometry_stays_as_it_is(wkt: str, kind: GeometryKind) -> None:
    result, verdict = cleaned(wkt, kind)
    assert (result.wkt, verdict) == (wkt, Verdict("ok"))


def test_none_stays_none() -> None:
    assert cleaned(None) == (None, Verdict("ok"))
    assert clean([], "polygon")[1] == []


def test_heights_and_repeated_vertices_are_dropped_in_silence() -> None:
    result, verdict = cleaned("POLYGON Z ((0 0 5, 1 0 5, 1 0 5, 1 1 5, 0 0 5))")
    assert (result.wkt, verdict.outcome) == ("POLYGON ((0 0, 1 0, 1 1, 0 0))", "ok")


def test_a_bow_tie_becomes_two_triangles_and_the_sentence_says_where() -> None:
    result, verdict = cleaned(BOW_TIE)
    assert (result.geom_type, result.area, result.is_valid) == ("MultiPolygon", 0.5, True)
    assert verdict == Verdict(
        "changed", "its outline crosses itself near 0.500000 0.500000", "边界自相交，位于 0.500000 0.500000 附近", 1.0
    )


def test_the_change_of_area_is_told() -> None:
    # A hole outside its shell becomes a part of its own: 16 as drawn less 0.5, 16.5 repaired.
    result, verdict = cleaned("POLYGON ((0 0, 4 0, 4 4, 0 4, 0 0), (5 5, 6 5, 6 6, 5 5))")
    assert result.area == pytest.approx(16.5)
    assert verdict.area_change == pytest.approx((16.5 - 15.5) / 16.5)
    assert verdict.reason.startswith("a hole lies outside the outline")


def test_repaired_vertices_lie_on_the_lattice_of_nine_decimals_and_stay_valid_there() -> None:
    crossing = Polygon([(113.9, 22.5), (113.9007, 22.5003), (113.9001, 22.5007), (113.9006, 22.5), (113.9, 22.5005)])
    result, verdict = cleaned(crossing)
    xy = shapely.get_coordinates(result)
    assert verdict.outcome == "changed"
    assert result.is_valid
    assert (xy == np.round(xy, 9)).all()


def test_of_a_collection_the_parts_of_the_kind_are_kept() -> None:
    mixed = "GEOMETRYCOLLECTION (POLYGON ((0 0, 1 0, 1 1, 0 0)), GEOMETRYCOLLECTION (POINT (3 3)))"
    result, verdict = cleaned(mixed)
    assert (result.wkt, verdict.outcome) == ("POLYGON ((0 0, 1 0, 1 1, 0 0))", "changed")
    assert "left out" in verdict.reason


def test_parts_of_a_line_without_length_are_left_out() -> None:
    result, verdict = cleaned("MULTILINESTRING ((0 0, 1 1), (2 2, 2 2))", "line")
    assert (result.length, verdict.outcome) == (math.sqrt(2), "changed")


@pytest.mark.parametrize(
    ("given", "kind", "word", "chinese"),
    [
        ("POLYGON EMPTY", "polygon", "empty", "空"),
        ("POLYGON ((0 0, 1 0, 2 0, 0 0))", "polygon", "nothing with an area", "面积为零"),
        ("LINESTRING (1 1, 1 1)", "line", "no length", "长度为零"),
        ("POINT (1 1)", "polygon", "it is a Point, not a polygon", "应为面"),
        ("POLYGON ((0 0, 1 0, 1 1, 0 0))", "line_or_point", "not a line or a point", "应为线或点"),
        ("MULTIPOINT ((1 1), (2 2))", "point", "2 points", "2 个点"),
        (NOT_A_NUMBER, "line", "not a finite number", "有限数值"),
        (Polygon([(0, 0), (math.inf, 0), (1, 1)]), "polygon", "not a finite number", "有限数值"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(
    given: str | shapely.Geometry, kind: GeometryKind, word: str, chinese: str
) -> None:
    result, verdict = cleaned(given, kind)
    assert (result, verdict.outcome) == (None, "refused")
    assert word in verdict.reason
    assert chinese in verdict.reason_zh


def test_too_many_vertices_are_refused() -> None:
    circle = shapely.Point(0, 0).buffer(1, quad_segs=100)
    (result,), (verdict,) = clean([circle], "polygon", most_vertices=400)
    assert (result, verdict.outcome) == (None, "refused")
    assert verdict.reason == "it has 401 vertices, more than the 400 that are read"


def tangle(vertices: int) -> Polygon:
    """Return a ring that crosses itself nearly everywhere."""
    return Polygon(np.random.default_rng(0).random((vertices, 2)))


def test_a_tangled_polygon_is_repaired_in_a_process_of_its_own_and_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    assert repair.LIGHT_VERTICES < 305
    apart, verdict = cleaned(tangle(305))
    assert verdict.outcome == "changed"
    monkeypatch.setattr(repair, "LIGHT_VERTICES", 10_000)
    here, _ = cleaned(tangle(305))
    assert apart.equals_exact(here, 0.0)


def test_a_polygon_that_no_time_suffices_for_is_refused_and_the_others_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    # Two thousand vertices take GEOS more than a minute.
    monkeypatch.setattr(repair, "CHILD_SECONDS", 1.5)
    (first, tangled, last), verdicts = clean(
        [shapely.from_wkt(BOW_TIE), tangle(2000), shapely.box(0, 0, 1, 1)], "polygon"
    )
    assert tangled is None
    assert first.area == 0.5
    assert last.equals(shapely.box(0, 0, 1, 1))
    assert [verdict.outcome for verdict in verdicts] == ["changed", "refused", "ok"]
    assert "too tangled" in verdicts[1].reason


def test_when_the_time_of_the_call_is_used_up_no_process_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repair, "CALL_SECONDS", 0.0)
    assert cleaned(tangle(400))[1].outcome == "refused"
