"""Coordinate systems: names, the published reference points, the refusals and the zones."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.errors import BadCoordinate, MissingCrs, UnknownCrs
from gisgrid.geometry.crs import (
    distance_m,
    from_wgs84,
    geometries_to_wgs84,
    metric_crs,
    parse_crs,
    point_to_wgs84,
    require_lon_lat,
    to_wgs84,
)

ZONE_38_WKT = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_114E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],'
    'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",114.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("wgs84", "wgs84"),
        ("WGS-84", "wgs84"),
        ("EPSG:4326", "wgs84"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "wgs84"),
        ("cgcs2000", "cgcs2000"),
        ("epsg:4490", "cgcs2000"),
        ("GCJ-02", "gcj02"),
        ("bd-09", "bd09"),
        ("epsg:4547", "EPSG:4547"),
        (ZONE_38_WKT, "EPSG:4547"),
    ],
)
def test_a_coordinate_system_has_one_normal_form(text: str, normal: str) -> None:
    assert parse_crs(text) == normal


@pytest.mark.parametrize("nothing", [None, "", "  "])
def test_a_missing_system_is_refused_and_the_choice_is_listed(nothing: str | None) -> None:
    with pytest.raises(MissingCrs, match="wgs84, cgcs2000, gcj02, bd09"):
        parse_crs(nothing)


@pytest.mark.parametrize(
    "text", ["beijing54", "EPSG:999999", "EPSG:5773", "+proj=utm", "4326", "LOCAL_CS[", "x" * 90_000]
)
def test_an_unknown_system_is_refused_and_the_known_ones_are_listed(text: str) -> None:
    with pytest.raises(UnknownCrs, match=r"known are wgs84.*EPSG:n"):
        parse_crs(text)


def test_every_reference_point_is_met_within_its_tolerance_both_ways(shared_data: Path) -> None:
    compared = 0
    with (shared_data / "coordinate_reference.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 247
    for row in rows:
        wgs84, gcj02, bd09 = (_point(row, system) for system in ("wgs84", "gcj02", "bd09"))
        if wgs84 and gcj02 and row["tol_m_wgs_gcj"]:
            tolerance = float(row["tol_m_wgs_gcj"])
            assert _apart(from_wgs84(*wgs84, "gcj02"), gcj02) <= tolerance, row["id"]
            assert _apart(to_wgs84(*gcj02, "gcj02"), wgs84) <= tolerance, row["id"]
            compared += 1
        if gcj02 and bd09 and row["tol_m_gcj_bd"]:
            tolerance = float(row["tol_m_gcj_bd"])
            true = to_wgs84(*gcj02, "gcj02")
            assert _apart(from_wgs84(*true, "bd09"), bd09) <= tolerance, row["id"]
            assert _apart(to_wgs84(*bd09, "bd09"), true) <= tolerance, row["id"]
            compared += 1
    assert compared > 400


def _point(row: dict[str, str], system: str) -> tuple[float, float] | None:
    if not row[f"{system}_lon"]:
        return None
    return float(row[f"{system}_lon"]), float(row[f"{system}_lat"])


def _apart(a: tuple[np.ndarray, np.ndarray], b: tuple[np.ndarray | float, np.ndarray | float]) -> float:
    def whole_turn(degrees: np.ndarray | float) -> np.ndarray:
        return (np.asarray(degrees) + 180.0) % 360.0 - 180.0

    return float(distance_m(whole_turn(a[0]), a[1], whole_turn(b[0]), b[1]))


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_the_inverse_is_true_to_less_than_a_micrometre_where_one_step_errs_by_metres(system: str) -> None:
    lon, lat = np.meshgrid(np.linspace(74.0, 134.0, 61), np.linspace(18.0, 53.0, 36))
    x, y = from_wgs84(lon, lat, system)
    back = to_wgs84(x, y, system)
    assert float(np.max(distance_m(*back, lon, lat))) < 1e-6
    one_step = 2 * x - from_wgs84(x, y, system)[0], 2 * y - from_wgs84(x, y, system)[1]
    assert float(np.max(distance_m(*one_step, lon, lat))) > 0.1


@pytest.mark.parametrize("system", ["gcj02", "bd09"])
def test_a_point_is_the_same_to_the_last_bit_whatever_others_are_asked_with_it(system: str) -> None:
    rng = np.random.default_rng(7)
    lon, lat = rng.uniform(74.0, 134.0, 500), rng.uniform(4.0, 53.0, 500)
    together = np.stack(to_wgs84(lon, lat, system))
    alone = np.concatenate([np.stack(to_wgs84(lon[k : k + 1], lat[k : k + 1], system)) for k in range(500)], axis=1)
    np.testing.assert_array_equal(together, alone)


def test_the_shift_of_gcj02_at_nanshan_is_over_half_a_kilometre_far_out_of_any_grid() -> None:
    x, y = from_wgs84(113.93, 22.52, "gcj02")
    assert 550 < float(distance_m(113.93, 22.52, x, y)) < 650


def test_gcj02_is_the_identity_outside_the_box_of_china() -> None:
    assert from_wgs84(-104.9903, 39.7392, "gcj02") == (-104.9903, 39.7392)
    assert to_wgs84(153.0251, -27.4698, "gcj02") == (153.0251, -27.4698)


def test_not_finite_coordinates_stay_not_finite_and_disturb_no_other_point() -> None:
    lon, lat = to_wgs84([math.nan, 113.93486280306423, math.inf], [22.5, 22.51696312558689, 22.5], "gcj02")
    assert np.isfinite(lon).tolist() == [False, True, False]
    assert float(distance_m(lon[1], lat[1], 113.93, 22.52)) < 1e-6


def test_projected_coordinates_are_read_east_first_whatever_the_register_says() -> None:
    # EPSG:4547 declares northing before easting.
    lon, lat = to_wgs84(491_400.0, 2_491_900.0, "EPSG:4547")
    assert 113.9 < float(lon) < 113.95
    assert 22.5 < float(lat) < 22.55
    assert distance_m(lon, lat, *to_wgs84(*from_wgs84(lon, lat, "EPSG:4547"), "EPSG:4547")) < 1e-6


def test_geometries_come_out_flat_with_nine_decimals_and_none_stays_none() -> None:
    shapes = [shapely.from_wkt("POINT Z (491400 2491900 7)"), None]
    point, nothing = geometries_to_wgs84(shapes, "EPSG:4547")
    assert nothing is None
    assert not point.has_z
    assert point.x == round(point.x, 9)


@pytest.mark.parametrize(
    ("lon", "lat", "remedy"),
    [
        (math.nan, 22.5, "not finite"),
        (113.9, math.inf, "not finite"),
        (22.5, 113.9, "swapped"),
        (491_400.0, 2_491_900.0, "projected metres"),
        (181.0, 10.0, "out of range"),
        (-170.0, 95.0, "out of range"),
    ],
)
def test_what_is_no_longitude_and_latitude_is_refused_with_the_remedy(lon: float, lat: float, remedy: str) -> None:
    with pytest.raises(BadCoordinate, match=remedy):
        require_lon_lat([113.9, lon], [22.5, lat])


def test_the_refusal_names_the_position_of_the_point() -> None:
    with pytest.raises(BadCoordinate, match="Point 3"):
        require_lon_lat([113.9, 113.9, 22.5], [22.5, 22.5, 113.9])


@pytest.mark.parametrize(
    ("lon", "lat", "epsg", "central_meridian"),
    [
        (74.0, 39.5, 4534, 75),
        (106.82, 39.69, 4545, 108),
        (109.18, 27.81, 4545, 108),
        (111.70, 40.81, 4546, 111),
        (113.93, 22.52, 4547, 114),
        (117.31, 31.86, 4548, 117),
        (134.5, 48.3, 4554, 135),
    ],
)
def test_a_place_in_china_has_its_three_degree_zone(lon: float, lat: float, epsg: int, central_meridian: int) -> None:
    assert metric_crs(lon, lat) == f"EPSG:{epsg}"
    assert epsg == 4534 + (central_meridian - 75) // 3
    # On the central meridian the easting is 500,000 m, whatever the latitude.
    assert float(from_wgs84(float(central_meridian), lat, f"EPSG:{epsg}")[0]) == pytest.approx(500_000.0, abs=1e-6)


@pytest.mark.parametrize(
    ("lon", "lat", "crs"),
    [
        (9.52, 47.14, "EPSG:32632"),
        (-43.2, -22.9, "EPSG:32723"),
        (180.0, 1.0, "EPSG:32660"),
        (-180.0, 1.0, "EPSG:32601"),
    ],
)
def test_a_place_elsewhere_has_its_utm_zone(lon: float, lat: float, crs: str) -> None:
    assert metric_crs(lon, lat) == crs


def test_distances_are_geodesic_and_keep_the_shape_of_the_arrays() -> None:
    # One degree of longitude on the equator: 2 pi 6378137 m / 360.
    assert float(distance_m(0.0, 0.0, 1.0, 0.0)) == pytest.approx(2 * math.pi * 6378137.0 / 360.0, abs=1e-3)
    assert distance_m(np.zeros((2, 3)), 0.0, 1.0, 0.0).shape == (2, 3)


@given(st.floats(70, 140), st.floats(0, 57), st.sampled_from(["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4547"]))
def test_one_point_is_converted_to_the_very_bits_of_many(x: float, y: float, system: str) -> None:
    lon, lat = to_wgs84([x, 113.9], [y, 22.5], system)
    assert np.array_equal(point_to_wgs84(x, y, system), (lon[0], lat[0]), equal_nan=True)
