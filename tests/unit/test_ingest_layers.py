"""A file becomes a layer: good rows, bad rows with reasons, findings with lines."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import struct
import zipfile
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pyogrio
import pytest
import shapely

from gisgrid.errors import MissingCrs, RefusedData, UnknownCrs, UnreadableFile, UsageError
from gisgrid.geometry.crs import from_wgs84
from gisgrid.ingest.read import ReadLayer, ReadOptions, read_layer
from gisgrid.model import LayerName, Rule

SQUARE = "POLYGON ((113.9 22.5, 113.901 22.5, 113.901 22.501, 113.9 22.501, 113.9 22.5))"


def csv(folder: Path, text: str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def geojson(folder: Path, *features: tuple[dict[str, Any], dict[str, Any] | None], name: str = "rows.geojson") -> Path:
    path = folder / name
    made = [{"type": "Feature", "properties": p, "geometry": g} for p, g in features]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": made}))
    return path


def polygon(*points: tuple[float, ...]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": [[*points, points[0]]]}


GOOD = polygon((113.9, 22.5), (113.901, 22.5), (113.901, 22.501), (113.9, 22.501))


def told(read: ReadLayer) -> list[tuple[str, str, int | None]]:
    return [(finding.rule, finding.severity, finding.line) for finding in read.findings]


def test_the_frame_has_the_contracts_columns_and_python_values(tmp_path: Path) -> None:
    path = csv(tmp_path, f'code,floors,wkt,foo\nB1,6,"{SQUARE}",x\nB2,,"{SQUARE}",y\n')
    read = read_layer(path, "buildings", crs="wgs84")
    assert list(read.frame.columns) == [
        *("code", "name", "estate", "address", "floors", "height_m", "households", "use"),
        *("household_source", "household_measure", "line", "geometry"),
    ]
    assert read.frame["floors"].tolist() == [6, None]
    assert isinstance(read.frame["floors"].iloc[0], int)
    assert read.frame["line"].tolist() == [2, 3]
    assert isinstance(read.frame, geopandas.GeoDataFrame)
    assert read.frame.crs.to_epsg() == 4326
    assert (read.rows, read.crs) == (2, "wgs84")


def test_bad_rows_come_back_as_they_were_with_their_reasons(tmp_path: Path) -> None:
    path = csv(tmp_path, f'编码,层数,wkt,电话\nB1,-6,"{SQUARE}",138\nB2,6,"{SQUARE}",139\n,x,POLYGON (1,140\n')
    read = read_layer(path, "buildings", crs="wgs84")
    assert read.frame["code"].tolist() == ["B2"]
    assert told(read)[-4:] == [
        ("negative", "error", 2),
        ("missing_value", "error", 4),
        ("not_a_number", "error", 4),
        ("bad_wkt", "error", 4),
    ]
    rejected = read.rejected
    assert list(rejected.columns) == ["line", "reason", "编码", "层数", "wkt"]  # no column that is not ours
    assert rejected["line"].tolist() == [2, 4]
    assert rejected["层数"].tolist() == ["-6", "x"]
    assert "below zero" in rejected["reason"].iloc[0]


def test_a_household_files_other_columns_leave_no_trace(tmp_path: Path) -> None:
    path = csv(tmp_path, "code,building,size,姓名,身份证\nH1,B1,-3,张三,110105194912310021\n13800138000,B1,2,李四,x\n")
    read = read_layer(path, "households")
    trace = str(read.findings) + read.rejected.to_csv() + str(read.frame.to_csv())
    assert [name for name in ("张三", "李四", "110105194912310021", "姓名", "13800138000") if name in trace] == []
    assert list(read.rejected.columns) == ["line", "reason", "code", "building", "size"]
    assert len(read.rejected) == 2


def test_both_rows_of_a_code_are_refused_and_name_each_other(tmp_path: Path) -> None:
    read = read_layer(csv(tmp_path, "code,name\n01,a\n02,b\n01,c\n"), "categories")
    assert read.frame["code"].tolist() == ["02"]
    assert told(read) == [("duplicate_key", "error", 2), ("duplicate_key", "error", 4)]
    assert all("lines 2 and 4" in finding.message for finding in read.findings)


def test_rows_refused_later_join_the_rejects_as_they_came(tmp_path: Path) -> None:
    read = read_layer(csv(tmp_path, "编码,楼栋,人数,姓名\nH1,B1,3,a\nH2,B9,2,b\nH3,B1,-1,c\n"), "households")
    late = Rule("unknown_building", "error", "There is no building.", "没有楼栋。").finding(line=3, codes=("B9",))
    soft = Rule("noted", "warning", "Noted.", "已记录。").finding(line=2)
    after = read.reject([late, soft])
    assert after.frame["code"].tolist() == ["H1"]
    assert list(after.rejected.columns) == ["line", "reason", "编码", "楼栋", "人数"]
    assert after.rejected[["line", "编码", "楼栋"]].values.tolist() == [[3, "H2", "B9"], [4, "H3", "B1"]]
    assert after.rejected["reason"].iloc[0] == "There is no building."
    assert after.findings == (*read.findings, late, soft)
    assert read.frame["code"].tolist() == ["H1", "H2"]  # the one before is as it was


def test_a_tie_and_its_mirror_are_one_tie_twice(tmp_path: Path) -> None:
    read = read_layer(csv(tmp_path, "a,b,kind\nB2,B1,gate\nB1,B2,同门\nB1,B2,origin\n"), "ties")
    assert told(read) == [("duplicate_key", "error", 2), ("duplicate_key", "error", 3)]
    assert read.frame[["a", "b", "weight", "kind"]].values.tolist() == [["B1", "B2", 1.0, "origin"]]


def test_ties_that_join_nothing(tmp_path: Path) -> None:
    read = read_layer(csv(tmp_path, "a,b,weight\nB1,B1,1\nB1,B2,0\n"), "ties")
    assert told(read) == [("same_building", "error", 2), ("not_positive", "error", 3)]


def test_codes_padded_to_twelve_digits_are_shortened_and_levels_known_by_them(tmp_path: Path) -> None:
    text = (
        "code,name,parent_code\n150105000000,赛罕区,150100000000\n150105001000,街道,150105000000\n150105001001,社区,\n"
    )
    read = read_layer(csv(tmp_path, text), "divisions")
    assert read.frame[["code", "level", "parent"]].values.tolist() == [
        ["150105", "district", None],
        ["150105001", "street", "150105"],
        ["150105001001", "community", None],
    ]


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("15010500100,a,community,", "wrong_width"),
        ("15010500100A,a,community,", "wrong_width"),
        ("150105001,a,社区,", "level_mismatch"),
        ("150105001001,a,community,150105001001", "own_parent"),
        ("150105001001,a,city,", "unknown_choice"),
        ("150105001001,,community,", "missing_value"),
    ],
)
def test_divisions_that_cannot_be(tmp_path: Path, row: str, rule: str) -> None:
    read = read_layer(csv(tmp_path, f"code,name,level,parent\n{row}\n"), "divisions")
    assert [each[0] for each in told(read)] == [rule]
    assert not len(read.frame)


@pytest.mark.parametrize(
    ("row", "rule"),
    [
        ("99010100100100,网格员,甲,,", "grid_code_width"),
        ("990101001001001,网格员,甲,2026-02-01,2026-01-01", "ends_before_start"),
        ("990101001001001,网格员,甲,bald,", "not_a_time"),
    ],
)
def test_posts_that_cannot_be(tmp_path: Path, row: str, rule: str) -> None:
    read = read_layer(csv(tmp_path, f"grid,role,name,from,to\n{row}\n"), "posts")
    assert [each[0] for each in told(read)] == [rule]


def test_without_a_system_coordinates_are_refused(tmp_path: Path) -> None:
    path = csv(tmp_path, f'code,wkt\nB1,"{SQUARE}"\n')
    with pytest.raises(MissingCrs, match="declare it with --crs"):
        read_layer(path, "buildings")
    with pytest.raises(UnknownCrs):
        read_layer(path, "buildings", crs="mars2000")


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "EPSG:4547", "cgcs2000", "EPSG:3857"])
def test_every_system_comes_back_to_the_same_place(tmp_path: Path, crs: str) -> None:
    square = shapely.from_wkt(SQUARE)
    moved = shapely.transform(square, lambda xy: np.column_stack(from_wgs84(xy[:, 0], xy[:, 1], crs)))
    read = read_layer(csv(tmp_path, f'code,wkt\nB1,"{moved.wkt}"\n'), "buildings", crs=crs)
    assert read.frame.geometry[0].equals_exact(square, 2e-9)
    assert [each for each in told(read) if each[0] != "households_unknown"] == []


def test_points_of_two_columns(tmp_path: Path) -> None:
    text = "code,kind,name,经度,纬度\nS1,学校,a,113.9,22.5\nS2,学校,b,113.9,\nS3,学校,c,,\n"
    read = read_layer(csv(tmp_path, text), "sites", crs="wgs84")
    assert read.frame.geometry[0].wkt == "POINT (113.9 22.5)"
    assert told(read)[1:] == [("not_a_number", "error", 3), ("geometry_missing", "error", 4)]


@pytest.mark.parametrize(
    ("wkt", "crs", "rule"),
    [
        ("POINT (22.5 113.9)", "wgs84", "axes_swapped"),
        ("POINT (38456789 2492345)", "wgs84", "metres_as_degrees"),
        ("POINT (113.9 22.5)", "EPSG:4547", "degrees_as_metres"),
        ("POINT (200 95)", "wgs84", "out_of_range"),
        ("POINT (1e30 1e30)", "EPSG:4547", "out_of_range"),
        ("POINT (NaN 22.5)", "wgs84", "not_finite"),
        ("POINT (inf 22.5)", "wgs84", "not_finite"),
        ("POINT EMPTY", "wgs84", "geometry_missing"),
        ("LINESTRING (113.9 22.5, 114 22.6)", "wgs84", "geometry_refused"),
        ("POLYGON ((113 22, 114 23, 113 22))", "wgs84", "geometry_refused"),
        ("POLYGON ((113 22, 114 23, 115 24, 113 22))", "wgs84", "geometry_refused"),
        ("GEOMETRYCOLLECTION (GEOMETRYCOLLECTION (POINT (1 2)))", "wgs84", "bad_wkt"),
        ("not wkt", "wgs84", "bad_wkt"),
        ("CIRCULARSTRING (0 0, 1 1, 2 0)", "wgs84", "bad_wkt"),
    ],
)
def test_places_that_cannot_be(tmp_path: Path, wkt: str, crs: str, rule: str) -> None:
    path = csv(tmp_path, f'code,kind,name,wkt\nS1,school,a,"{wkt}"\nS2,school,b,"{_good(crs)}"\n')
    read = read_layer(path, "sites", crs=crs)
    assert told(read) == [(rule, "error", 2)]
    assert read.frame["code"].tolist() == ["S2"]


def _good(crs: str) -> str:
    x, y = from_wgs84(113.9, 22.5, crs)
    return f"POINT ({x} {y})"


def test_the_wrong_zone_is_a_warning(tmp_path: Path) -> None:
    path = csv(tmp_path, f'code,kind,name,wkt\nS1,school,a,"{_good("EPSG:4547")}"\n')
    read = read_layer(path, "sites", crs="EPSG:4539")
    assert told(read) == [("outside_area_of_use", "warning", 2)]


def test_a_bow_tie_is_repaired_with_a_warning_and_heights_are_dropped(tmp_path: Path) -> None:
    bowtie = polygon((113.9, 22.5), (113.901, 22.501), (113.901, 22.5), (113.9, 22.501))
    high = polygon((113.9, 22.5, 5.0), (113.901, 22.5, 5.0), (113.901, 22.501, 5.0))
    read = read_layer(
        geojson(tmp_path, ({"code": "E1", "name": "a"}, bowtie), ({"code": "E2", "name": "b"}, high)), "estates"
    )
    assert told(read) == [("flattened", "info", None), ("geometry_repaired", "warning", 1)]
    assert shapely.is_valid(read.frame.geometry).all()
    assert not shapely.has_z(read.frame.geometry).any()


def test_only_crossings_are_points(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [113.9, 22.5]}
    line = {"type": "LineString", "coordinates": [[113.9, 22.5], [113.91, 22.5]]}
    path = geojson(
        tmp_path,
        ({"kind": "crossing"}, point),
        ({"kind": "river"}, point),
        ({"kind": "river"}, line),
        ({"kind": "河"}, line),
    )
    read = read_layer(path, "barriers")
    assert told(read) == [("only_crossings_are_points", "error", 2), ("unknown_choice", "error", 4)]
    assert read.frame["kind"].tolist() == ["crossing", "river"]


def test_missing_geometry_is_a_fault_only_where_it_is_needed(tmp_path: Path) -> None:
    rows = geojson(tmp_path, ({"code": "E1", "name": "a"}, None), ({"code": "E2", "name": "b"}, GOOD))
    assert read_layer(rows, "estates").findings == ()
    assert told(read_layer(rows, "buildings"))[-1] == ("geometry_missing", "error", 1)


def test_the_declared_system_goes_before_the_files_own_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "rows.gpkg"
    pyogrio.write_dataframe(
        geopandas.GeoDataFrame({"code": ["E1"], "name": ["a"]}, geometry=[shapely.from_wkt(SQUARE)], crs=4326), path
    )
    assert read_layer(path, "estates").findings == ()
    assert read_layer(path, "estates", crs="gcj02").findings == ()  # no file can say GCJ-02
    contradicted = read_layer(path, "estates", crs="EPSG:4610")
    assert told(contradicted) == [("crs_contradicts_file", "warning", None)]
    assert contradicted.crs == "EPSG:4610"


FORMATS = [f"rows.{suffix}" for suffix in ("shp", "gpkg", "geojson", "fgb", "kml", "tab", "mif", "gml", "geojsonl")]


def test_a_drawing_of_lines_by_layer(tmp_path: Path) -> None:
    line = shapely.LineString([(500_000, 2_490_000), (500_100, 2_490_000)])
    rows = geopandas.GeoDataFrame({"Layer": ["river", "RIVER"]}, geometry=[line, line.buffer(1).exterior], crs=4547)
    pyogrio.write_dataframe(rows, tmp_path / "town.dxf", driver="DXF")
    with pytest.raises(MissingCrs):
        read_layer(tmp_path / "town.dxf", "barriers", columns={"kind": "Layer"})
    read = read_layer(tmp_path / "town.dxf", "barriers", columns={"kind": "Layer"}, crs="EPSG:4547")
    assert read.frame["kind"].tolist() == ["river", "river"]
    assert read.frame.geometry[0].coords[0] == pytest.approx((114.0, 22.5073), abs=1e-3)


@pytest.mark.parametrize("name", FORMATS)
def test_every_named_format_is_read(tmp_path: Path, name: str) -> None:
    drivers = {".kml": "KML", ".tab": "MapInfo File", ".gml": "GML", ".geojsonl": "GeoJSONSeq", ".mif": "MapInfo File"}
    square = shapely.from_wkt(SQUARE)
    rows = geopandas.GeoDataFrame({"code": ["0101"], "title": ["琅园"]}, geometry=[square], crs=4326)
    pyogrio.write_dataframe(rows, tmp_path / name, driver=drivers.get(Path(name).suffix))
    read = read_layer(tmp_path / name, "estates", columns={"name": "title"})
    assert read.frame[["code", "name"]].values.tolist() == [["0101", "琅园"]]
    assert read.frame.geometry[0].symmetric_difference(square).area < 1e-12
    assert read.crs == "wgs84"


def test_a_shapefile_of_gbk_texts_without_cpg_in_a_zip(tmp_path: Path) -> None:
    rows = geopandas.GeoDataFrame({"code": ["01"], "name": ["琅园小区"]}, geometry=[shapely.from_wkt(SQUARE)], crs=4547)
    pyogrio.write_dataframe(rows, tmp_path / "estates.shp", encoding="GB18030")
    (tmp_path / "estates.cpg").unlink()
    archive = tmp_path / "estates.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        for part in tmp_path.glob("estates.*"):
            if part != archive:
                zipped.write(part, f"folder/{part.name}")
    read = read_layer(archive, "estates", crs="wgs84")
    assert read.frame["name"].tolist() == ["琅园小区"]
    assert "texts_read_as_gb18030" in [finding.rule for finding in read.findings]


def test_which_layer_of_a_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "town.gpkg"
    rows = geopandas.GeoDataFrame({"code": ["E1"], "name": ["a"]}, geometry=[shapely.from_wkt(SQUARE)], crs=4326)
    pyogrio.write_dataframe(rows, path, layer="first")
    pyogrio.write_dataframe(rows.assign(code=["E2"]), path, layer="Estates", append=True)
    assert read_layer(path, "estates").frame["code"].tolist() == ["E2"]
    assert read_layer(Path(f"{path}|layername=first"), "estates").frame["code"].tolist() == ["E1"]
    with pytest.raises(UsageError, match=r"several layers \(first, Estates\)"):
        read_layer(path, "divisions")


def test_curves_are_made_straight_and_told(tmp_path: Path) -> None:
    path = tmp_path / "curve.gml"
    path.write_text(
        """<?xml version="1.0" encoding="utf-8"?>
<ogr:FeatureCollection xmlns:ogr="http://ogr.maptools.org/" xmlns:gml="http://www.opengis.net/gml/3.2" gml:id="c">
<ogr:featureMember><ogr:rows gml:id="r.0"><ogr:geometryProperty>
<gml:Curve gml:id="g" srsName="EPSG:4326"><gml:segments><gml:ArcString>
<gml:posList>113.9 22.5 113.901 22.501 113.902 22.5</gml:posList></gml:ArcString></gml:segments></gml:Curve>
</ogr:geometryProperty><ogr:kind>river</ogr:kind></ogr:rows></ogr:featureMember></ogr:FeatureCollection>"""
    )
    read = read_layer(path, "barriers")
    assert len(read.frame.geometry[0].coords) > 10
    assert "curves_linearised" in [finding.rule for finding in read.findings]


def test_curves_of_a_geopackage_are_told_too(tmp_path: Path) -> None:
    path = tmp_path / "curve.gpkg"
    rows = geopandas.GeoDataFrame({"code": ["E1"], "name": ["a"]}, geometry=[shapely.from_wkt(SQUARE)], crs=4326)
    pyogrio.write_dataframe(rows, path, layer="estates")
    _bend(path)
    read = read_layer(path, "estates")
    assert len(read.frame.geometry[0].exterior.coords) > 20
    assert "curves_linearised" in [finding.rule for finding in read.findings]


def _bend(path: Path) -> None:
    """Put a circle in place of the square: a CURVEPOLYGON of one CIRCULARSTRING, in the package's own encoding."""
    corners = [(113.9, 22.5), (113.905, 22.505), (113.91, 22.5), (113.905, 22.495), (113.9, 22.5)]
    ring = struct.pack("<BII", 1, 8, len(corners)) + b"".join(struct.pack("<dd", *corner) for corner in corners)
    blob = b"GP\x00\x01" + struct.pack("<i", 4326) + struct.pack("<BII", 1, 10, 1) + ring
    with contextlib.closing(sqlite3.connect(path)) as package:
        for (trigger,) in package.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            package.execute(f'DROP TRIGGER "{trigger}"')
        package.execute("UPDATE estates SET geom = ?", (blob,))
        package.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
        package.commit()


def test_missing_household_counts_are_told_or_estimated(tmp_path: Path) -> None:
    rows = "code,floors,height_m,households,use,wkt\n" + "".join(
        f'{code},{floors},{height},{count},{use},"{SQUARE}"\n'
        for code, floors, height, count, use in (
            ("B1", "6", "", "", ""),
            ("B2", "", "18", "", ""),
            ("B3", "", "", "", ""),
            ("B4", "6", "", "7", ""),
            ("B5", "6", "", "", "school"),
        )
    )
    path = csv(tmp_path, rows)
    plain = read_layer(path, "buildings", crs="wgs84")
    assert told(plain) == [("households_unknown", "warning", 2)]
    assert plain.frame["household_source"].tolist() == [None, None, None, "declared", None]
    estimated = read_layer(path, "buildings", crs="wgs84", options=ReadOptions(dwelling_m2=100.0))
    assert [each[0] for each in told(estimated)] == ["households_estimated", "floors_unknown"]
    counts = estimated.frame["households"].tolist()
    area = 102.9 * 110.8  # metres of 0.001 degrees at 22.5 N
    assert counts[0] == counts[1] == pytest.approx(area * 6 / 100, rel=0.01)
    assert counts[2] == pytest.approx(area / 100, abs=1)
    assert counts[3:] == [7, 0]
    assert estimated.frame["household_source"].tolist() == ["estimated"] * 3 + ["declared", "estimated"]
    with pytest.raises(UsageError, match="not above zero"):
        read_layer(path, "buildings", crs="wgs84", options=ReadOptions(dwelling_m2=0.0))


def test_reports_keep_their_raw_coordinates_and_may_have_none(tmp_path: Path) -> None:
    text = (
        "external_id,lon,lat,crs,reported_at,紧急程度,网格编码\n"
        "R1,113.9,22.5,高德,2026-03-01 08:30,特急,440305001001003\nR2,,,,,,\nR3,113.91,22.51,bd09,,,\n"
    )
    read = read_layer(csv(tmp_path, text, "12345.csv"), "reports")
    assert read.frame[["source", "external_id", "lon", "lat", "crs"]].values.tolist() == [
        ["12345", "R1", 113.9, 22.5, "gcj02"],
        ["12345", "R2", None, None, None],
        ["12345", "R3", 113.91, 22.51, "bd09"],
    ]
    assert read.frame["reported_at"].iloc[0].isoformat() == "2026-03-01T08:30:00+08:00"
    assert read.frame[["urgency", "grid_code"]].iloc[0].tolist() == ["特急", "440305001001003"]
    assert [each[0] for each in told(read)] == ["columns_read", "coarse_coordinates", "source_from_file_name"]


@pytest.mark.parametrize(
    ("cells", "rule"),
    [
        ("22.5,113.9,wgs84", "axes_swapped"),
        ("500000,2490000,wgs84", "metres_as_degrees"),
        ("113.9,,wgs84", "half_a_place"),
        ("113.9,22.5,", "crs_not_declared"),
        ("113.9,22.5,wgs72", "unknown_choice"),
        ("nan,22.5,wgs84", "not_a_number"),
    ],
)
def test_reports_at_no_place_of_the_earth(tmp_path: Path, cells: str, rule: str) -> None:
    read = read_layer(csv(tmp_path, f"source,external_id,lon,lat,crs\na,R1,{cells}\n"), "reports")
    assert rule in [each[0] for each in told(read)]
    assert len(read.rejected) == 1


def test_reports_in_a_projected_system_are_kept_as_wgs84(tmp_path: Path) -> None:
    x, y = from_wgs84(113.9123, 22.5123, "EPSG:4547")
    read = read_layer(csv(tmp_path, f"source,external_id,lon,lat\na,R1,{x},{y}\n"), "reports", crs="EPSG:4547")
    assert read.frame[["lon", "lat", "crs"]].values.tolist() == [
        [pytest.approx(113.9123), pytest.approx(22.5123), "wgs84"]
    ]


def test_report_coordinates_without_any_system_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingCrs, match="add a column crs"):
        read_layer(csv(tmp_path, "external_id,lon,lat\nR1,113.9,22.5\n"), "reports")


@pytest.mark.parametrize(
    ("layer", "name", "error", "words"),
    [
        ("houses", "rows.csv", UsageError, "There is no layer 'houses'; there are divisions"),
        ("categories", "absent.csv", UnreadableFile, "There is no file absent.csv"),
        ("categories", "rows.doc", UnreadableFile, "not of a format that gisgrid reads"),
        ("buildings", "rows.csv", RefusedData, "needs geometry"),
    ],
)
def test_calls_that_are_wrong(tmp_path: Path, layer: LayerName, name: str, error: type[Exception], words: str) -> None:
    path = tmp_path / name
    if name != "absent.csv":
        csv(tmp_path, "code,name\n1,a\n", name)
    with pytest.raises(error, match=words):
        read_layer(path, layer)


def test_progress_ends_at_the_last_row(tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    read_layer(
        csv(tmp_path, "code,name\n1,a\n2,b\n"), "categories", progress=lambda done, total: steps.append((done, total))
    )
    assert steps[0] == (0, 2)
    assert steps[-1] == (2, 2)


def test_nanshan_is_read_in_seconds_and_its_defects_are_told(shared_data: Path) -> None:
    path = shared_data / "shenzhen_nanshan.gpkg"
    options = ReadOptions(dwelling_m2=100.0)
    read = read_layer(path, "buildings", columns={"code": "building_id"}, options=options)
    assert (read.rows, len(read.frame)) == (5438, 5438)
    assert sum(finding.rule == "geometry_repaired" for finding in read.findings) == 3
    roads = read_layer(Path(f"{path}|layername=roads"), "barriers", columns={"kind": "highway"})
    kinds = roads.frame["kind"].value_counts().to_dict()
    main_roads = 32 + 44 + 2 + 7  # primary, secondary, trunk and its links
    assert kinds == {"main_road": main_roads, "street": 272 - main_roads}


def test_the_countrys_codes_are_read_with_their_tree(shared_data: Path) -> None:
    read = read_layer(shared_data / "division_codes.csv", "divisions")
    assert read.frame["level"].value_counts().to_dict() == {"community": 906, "street": 85, "district": 8}
    assert read.frame["parent"].isna().sum() == 8
    assert set(read.frame["parent"].dropna()) <= set(read.frame["code"])


def test_baltimores_reports_are_all_kept_and_the_dirty_ones_told(shared_data: Path) -> None:
    columns = {"external_id": "SRRecordID", "category": "SRType", "address": "Address", "reported_at": "CreatedDate"}
    read = read_layer(
        shared_data / "reports_baltimore_311.csv",
        "reports",
        crs="wgs84",
        columns=columns,
        options=ReadOptions(zone="America/New_York"),
    )
    assert (read.rows, len(read.frame)) == (10_000, 10_000)
    coarse = next(finding for finding in read.findings if finding.rule == "coarse_coordinates")
    assert coarse.values["count"] == 892
    assert read.frame["lon"].isna().sum() == 590
    assert read.frame["reported_at"].iloc[0].isoformat() == "2018-04-12T11:11:26-04:00"
