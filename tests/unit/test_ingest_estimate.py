"""Households from floors and footprint."""

from __future__ import annotations

import numpy as np
import pyproj
import pytest
import shapely

from gisgrid.ingest.estimate import estimate_households, footprint_m2, is_lived_in

NAN = float("nan")


@pytest.mark.parametrize("lat", [0.0, 22.5, 47.1, -60.0])
def test_footprints_are_true_to_a_hundred_thousandth(lat: float) -> None:
    footprint = shapely.box(113.9, lat, 113.9005, lat + 0.0003)
    true, _ = pyproj.Geod(ellps="WGS84").geometry_area_perimeter(footprint)
    assert footprint_m2([footprint])[0] == pytest.approx(abs(true), rel=1e-5)


def test_holes_are_no_floor() -> None:
    ring = shapely.box(113.9, 22.5, 113.901, 22.501)
    court = shapely.Polygon(ring.exterior, [shapely.box(113.9002, 22.5002, 113.9008, 22.5008).exterior])
    whole, around = footprint_m2([ring, court])
    assert around == pytest.approx(whole * (1 - 0.36), rel=1e-6)


@pytest.mark.parametrize(
    ("area_m2", "floors", "height_m", "lived_in", "households"),
    [
        (600.0, 6.0, NAN, True, 36),
        (600.0, 6.0, 99.0, True, 36),  # floors go before the height
        (500.0, NAN, 54.0, True, 90),
        (130.0, NAN, NAN, True, 1),
        (60.0, 1.0, NAN, True, 1),  # at least one where people live
        (15.0, 1.0, NAN, True, 0),  # a shed
        (600.0, 0.0, NAN, True, 0),  # no floor above ground
        (600.0, 6.0, NAN, False, 0),
    ],
)
def test_households_by_floors_and_footprint(
    area_m2: float, floors: float, height_m: float, lived_in: bool, households: int
) -> None:
    found = estimate_households(np.array([area_m2]), np.array([floors]), np.array([height_m]), np.array([lived_in]))
    assert found.tolist() == [households]


def test_smaller_dwellings_are_more_households() -> None:
    one = np.array([1200.0]), np.array([5.0]), np.array([NAN]), np.array([True])
    assert estimate_households(*one, 60.0).tolist() == [100]
    assert estimate_households(*one, 120.0).tolist() == [50]


@pytest.mark.parametrize(
    ("use", "answer"), [(None, True), ("residential", True), ("住宅", True), ("School", False), ("车库", False)]
)
def test_who_lives_where(use: str | None, answer: bool) -> None:
    assert is_lived_in(use) is answer
