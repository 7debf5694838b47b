"""The sample is what its README says, and its generator writes it again byte for byte."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import pytest
import shapely
from openpyxl import load_workbook
from shapely.geometry import shape

from gisgrid import sample_data
from gisgrid.geometry import crs as crs_room

DATA = Path(__file__).resolve().parents[2] / "data"
METRES_PER_DEGREE = 111_000.0


def features(name: str) -> list[dict]:
    return json.loads((DATA / name).read_text(encoding="utf-8"))["features"]


def rows(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def communities() -> dict[str, shapely.Polygon]:
    divisions = features("divisions.geojson")
    return {
        item["properties"]["code"]: shape(item["geometry"])
        for item in divisions
        if item["properties"]["level"] == "community"
    }


@pytest.fixture(scope="module")
def households() -> dict[str, int]:
    """Households of each building as the import should come to know them."""
    counted = Counter(row["building"] for row in rows("households.csv"))
    known = {item["properties"]["code"]: item["properties"]["households"] for item in features("buildings.geojson")}
    return {code: counted[code] if count is None else count for code, count in known.items()}


def generate(folder: Path) -> None:
    subprocess.run([sys.executable, DATA / "generate.py", folder], check=True, timeout=60)


def test_the_generator_writes_the_committed_files(tmp_path: Path) -> None:
    generate(tmp_path)
    written = sorted(path.name for path in tmp_path.iterdir())
    committed = sorted(path.name for path in DATA.iterdir() if path.suffix in {".geojson", ".csv", ".xlsx"})
    assert written == committed
    for name in written:
        if name.endswith(".xlsx"):  # another openpyxl may pack the same cells in other bytes
            cells = [
                list(load_workbook(folder / name).active.iter_rows(values_only=True)) for folder in (tmp_path, DATA)
            ]
            assert cells[0] == cells[1], name
        else:
            assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes(), name


def test_a_workbook_carries_no_time_of_writing() -> None:
    with zipfile.ZipFile(DATA / "posts.xlsx") as workbook:
        assert {item.date_time for item in workbook.infolist()} == {(2026, 1, 1, 0, 0, 0)}
        assert b"2026-01-01T00:00:00Z" in workbook.read("docProps/core.xml")


def test_communities_tile_the_street(communities: dict[str, shapely.Polygon]) -> None:
    (street,) = (
        shape(item["geometry"]) for item in features("divisions.geojson") if item["properties"]["level"] == "street"
    )
    polygons = list(communities.values())
    assert shapely.coverage_is_valid(polygons)
    assert shapely.equals(shapely.coverage_union_all(polygons), street)


def test_buildings_stand_apart_inside_their_community(communities: dict[str, shapely.Polygon]) -> None:
    buildings = [*features("buildings.geojson"), *features("buildings_new_estate.geojson")]
    footprints = [shape(item["geometry"]) for item in buildings]
    assert len(buildings) == 384
    assert all(shapely.is_valid(footprints))
    pairs = shapely.STRtree(footprints).query(footprints, predicate="intersects")
    assert (pairs[0] == pairs[1]).all()
    for footprint in footprints:
        assert sum(community.contains(footprint) for community in communities.values()) == 1


def test_no_building_stands_on_a_barrier() -> None:
    footprints = shapely.STRtree([shape(item["geometry"]) for item in features("buildings.geojson")])
    lines = [shape(item["geometry"]) for item in features("barriers.geojson")]
    assert footprints.query(lines, predicate="dwithin", distance=2.0 / METRES_PER_DEGREE).size == 0


def test_household_figures_of_the_readme(communities: dict[str, shapely.Polygon], households: dict[str, int]) -> None:
    estates: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    for item in features("buildings.geojson"):
        code, estate = item["properties"]["code"], item["properties"]["estate"]
        estates[estate] += households[code]
        sizes[estate] += 1
        (community,) = (name for name, polygon in communities.items() if polygon.contains(shape(item["geometry"])))
        totals[community] += households[code]
    assert (sizes["E101"], estates["E101"]) == (18, 920)
    assert (sizes["E301"], estates["E301"]) == (5, 824)
    assert (sizes["E303"], estates["E303"]) == (1, 528)
    assert (sizes["E104"], estates["E104"]) == (160, 320)
    assert dict(totals) == {"990101001001": 2044, "990101001002": 1816, "990101001003": 2128}


def test_references_of_the_tables_exist(households: dict[str, int]) -> None:
    estates = {item["properties"]["code"] for item in features("estates.geojson")}
    assert {item["properties"]["estate"] for item in features("buildings.geojson")} - {None} <= estates
    assert {row["building"] for row in rows("households.csv")} <= households.keys()
    assert {row[end] for row in rows("ties.csv") for end in "ab"} <= households.keys()
    codes = [row["code"] for row in rows("households.csv")]
    assert len(codes) == len(set(codes))


def test_right_reports_fall_inside_the_street_in_every_system(communities: dict[str, shapely.Polygon]) -> None:
    street = shapely.coverage_union_all(list(communities.values()))
    right = rows("reports.csv")[:360]
    assert {row["crs"] for row in right} == {"wgs84", "gcj02", "bd09", "cgcs2000"}
    for row in right:
        lon, lat = crs_room.to_wgs84([float(row["lon"])], [float(row["lat"])], row["crs"])
        assert street.contains(shapely.Point(lon[0], lat[0])), row["external_id"]


def test_the_wrongly_declared_batch_lies_outside_and_fits_gcj02(communities: dict[str, shapely.Polygon]) -> None:
    street = shapely.coverage_union_all(list(communities.values()))
    inside = Counter()
    for row in rows("reports_wrong_crs.csv"):
        for system in ("wgs84", "gcj02"):
            lon, lat = crs_room.to_wgs84([float(row["lon"])], [float(row["lat"])], system)
            inside[system] += street.contains(shapely.Point(lon[0], lat[0]))
    assert inside["gcj02"] == 24
    assert inside["wgs84"] == 0


def test_every_file_of_the_sample_is_found() -> None:
    folder = sample_data.sample_folder()
    listed = (*sample_data.SAMPLE_LAYERS, sample_data.SAMPLE_POSTS, *sample_data.SAMPLE_REPORTS)
    assert {item.file_name for item in listed} == {
        path.name for path in folder.iterdir() if path.suffix in {".geojson", ".csv", ".xlsx"}
    }
