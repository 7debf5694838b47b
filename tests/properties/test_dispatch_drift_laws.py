"""Laws of the drift watch, on towns drawn by chance: the true system is never accused, a wrong one is found."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.dispatch.drift import LEAST_PLACES, SYSTEMS, judge_source
from gisgrid.geometry.crs import from_wgs84
from gisgrid.model import CoordinateSystem

CENTRE = (113.93, 22.51)
METRE = 1.0 / 111_320.0
SEEDS = st.integers(0, 2**32 - 1)
DECLARED = st.sampled_from((*SYSTEMS, "cgcs2000"))

Floats = np.ndarray[Any, np.dtype[np.float64]]


def town(random: np.random.Generator) -> list[shapely.Polygon]:
    """Some 500 buildings of 10 to 40 m on 1.5 km, in no order, as grown towns are."""
    centres = CENTRE + random.uniform(-750, 750, (500, 2)) * METRE
    halves = random.uniform(5, 20, (500, 2)) * METRE
    return [shapely.box(*(c - h), *(c + h)) for c, h in zip(centres, halves, strict=True)]


def at_buildings(random: np.random.Generator, buildings: list[shapely.Polygon], number: int, noise_m: float) -> Floats:
    centres = shapely.get_coordinates(shapely.centroid(buildings))
    chosen = centres[random.integers(0, len(centres), number)]
    return chosen + random.normal(0, noise_m * METRE, (number, 2))  # type: ignore[no-any-return]  # numpy says Any


def sent(points: Floats, system: CoordinateSystem) -> tuple[Floats, Floats]:
    return from_wgs84(points[:, 0], points[:, 1], system)


@settings(max_examples=15, deadline=None)
@given(SEEDS, DECLARED, st.sampled_from([0.0, 5.0, 15.0, 40.0]), st.integers(60, 250))
def test_the_true_system_is_never_accused_by_points_at_buildings(
    seed: int, declared: CoordinateSystem, noise_m: float, number: int
) -> None:
    random = np.random.default_rng(seed)
    buildings = town(random)
    points = at_buildings(random, buildings, number, noise_m)
    assert judge_source(*sent(points, declared), declared, buildings).fitting is None


@settings(max_examples=15, deadline=None)
@given(SEEDS, DECLARED, st.floats(20.0, 900.0), st.booleans())
def test_the_true_system_is_never_accused_by_points_that_avoid_buildings(
    seed: int, declared: CoordinateSystem, spread_m: float, between: bool
) -> None:
    """A source of street lamps or of one park: no point of it touches a building, or it does by chance."""
    random = np.random.default_rng(seed)
    buildings = town(random)
    points = CENTRE + random.normal(0, spread_m * METRE, (250, 2))
    if between:
        tree = shapely.STRtree(buildings)
        points = np.delete(points, tree.query(shapely.points(points), predicate="intersects")[0], axis=0)
    assert judge_source(*sent(points, declared), declared, buildings).fitting is None


@settings(max_examples=15, deadline=None)
@given(SEEDS, DECLARED, st.sampled_from(SYSTEMS), st.sampled_from([0.0, 5.0, 10.0]))
def test_a_wrong_system_is_found_by_two_hundred_points(
    seed: int, declared: CoordinateSystem, true: CoordinateSystem, noise_m: float
) -> None:
    random = np.random.default_rng(seed)
    buildings = town(random)
    points = at_buildings(random, buildings, 200, noise_m)
    drift = judge_source(*sent(points, true), declared, buildings)
    same = true == {"cgcs2000": "wgs84"}.get(declared, declared)
    assert drift.fitting == (None if same else true)
    findings = drift.findings("小程序")
    assert [finding.rule for finding in findings] == ([] if same else ["source_datum_doubtful"])
    for finding in findings:
        assert true in finding.message
        assert declared in finding.message_zh


@pytest.mark.parametrize("number", [0, 1, LEAST_PLACES - 1])
def test_little_evidence_says_nothing(number: int) -> None:
    random = np.random.default_rng(1)
    buildings = town(random)
    points = at_buildings(random, buildings, number, 0.0)
    assert judge_source(*sent(points, "gcj02"), "wgs84", buildings).fitting is None
    assert judge_source(*sent(at_buildings(random, buildings, 200, 0.0), "gcj02"), "wgs84", []).fitting is None


def test_a_hundred_reports_from_one_gate_are_one_piece_of_evidence() -> None:
    random = np.random.default_rng(2)
    buildings = town(random)
    gates = at_buildings(random, buildings, 20, 0.0).repeat(100, axis=0)
    drift = judge_source(*sent(gates, "gcj02"), "wgs84", buildings)
    assert drift.places <= 20
    assert drift.fitting is None
