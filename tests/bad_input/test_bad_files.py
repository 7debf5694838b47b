"""Bad files, one of each kind: one clear sentence with the remedy, exit status 1 or 2, the database as it was.

The files are real ones, written here; the command line reads them as it would for a user.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import openpyxl
import pyogrio
import pytest
import shapely
from sqlalchemy import text

from gisgrid import cli
from gisgrid.geometry.crs import from_wgs84
from gisgrid.store.database import Database

SQUARE = shapely.box(115.0, 37.0, 115.001, 37.001)
TOWN = f'code,wkt\nB1,"{SQUARE.wkt}"\n'
TABLES = (
    "divisions",
    "estates",
    "buildings",
    "aliases",
    "households",
    "barriers",
    "ties",
    "sites",
    "posts",
    "categories",
    "reports",
)


@dataclass(frozen=True)
class Told:
    """What the command line answered: its status and its JSON document."""

    status: int
    document: dict[str, Any]

    @property
    def rules(self) -> list[str]:
        return [finding["rule"] for finding in self.document["findings"]]

    @property
    def sentences(self) -> str:
        return " ".join([self.document.get("message", ""), *(each["message"] for each in self.document["findings"])])


@pytest.fixture
def gisgrid(
    database_url: str, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> Callable[..., Told]:
    """Run `gisgrid import … --json` on a database of this test."""
    monkeypatch.setenv("GISGRID_DATABASE_URL", database_url)

    def run(*arguments: str | Path) -> Told:
        capfdbinary.readouterr()
        status = 0
        try:
            cli.main(["import", *map(str, arguments), "--json"])
        except SystemExit as end:
            status = int(end.code or 0)
        return Told(status, json.loads(capfdbinary.readouterr().out))

    return run


def stored(database: Database) -> dict[str, int]:
    """How many rows every table of imported layers has."""
    with database.transaction() as connection:
        return {
            table: connection.execute(text(f"SELECT count(*) FROM gisgrid.{table}")).scalar_one() for table in TABLES
        }


def vector(folder: Path, name: str, *shapes: shapely.Geometry, crs: str | None = "EPSG:4326", **columns: Any) -> Path:
    rows = {"code": [f"B{n}" for n in range(1, len(shapes) + 1)], **columns}
    pyogrio.write_dataframe(geopandas.GeoDataFrame(rows, geometry=list(shapes), crs=crs), folder / name)
    return folder / name


def table(folder: Path, content: str | bytes, name: str = "rows.csv") -> Path:
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder / name


def swapped(shape: shapely.Geometry) -> shapely.Geometry:
    return shapely.transform(shape, lambda xy: xy[:, ::-1])


def no_crs(folder: Path) -> tuple[Any, ...]:
    path = vector(folder, "rows.shp", SQUARE)
    path.with_suffix(".prj").unlink(missing_ok=True)
    return "buildings", path


def swapped_axes(folder: Path) -> tuple[Any, ...]:
    return "buildings", vector(folder, "rows.gpkg", SQUARE, swapped(SQUARE))


def metres_as_degrees(folder: Path) -> tuple[Any, ...]:
    metres = shapely.transform(SQUARE, lambda xy: xy * 0 + 500_000 + xy)
    return "buildings", vector(folder, "rows.gpkg", metres)


def bow_tie_without_area(folder: Path) -> tuple[Any, ...]:
    return (
        "buildings",
        table(folder, 'code,wkt\nB1,"POLYGON ((115 37, 115.1 37.1, 115.2 37.2, 115 37))"\n'),
        "--crs=wgs84",
    )


def empty_geometry(folder: Path) -> tuple[Any, ...]:
    return "buildings", vector(folder, "rows.gpkg", SQUARE, shapely.Polygon())


def not_finite(folder: Path) -> tuple[Any, ...]:
    return (
        "buildings",
        table(folder, 'code,wkt\nB1,"POLYGON ((115 37, NaN 37, 115.1 37.1, 115 37))"\n'),
        "--crs=wgs84",
    )


def lines_for_buildings(folder: Path) -> tuple[Any, ...]:
    return "buildings", vector(folder, "rows.gpkg", shapely.LineString([(115, 37), (116, 38)]))


def duplicate_codes(folder: Path) -> tuple[Any, ...]:
    return "categories", table(folder, "code,name\n01,a\n02,b\n01,c\n")


def households_of_unknown_buildings(folder: Path) -> tuple[Any, ...]:
    return "households", table(folder, "code,building,size\nH1,B1,3\nH2,B9,3\n")


def negative_counts(folder: Path) -> tuple[Any, ...]:
    return "buildings", vector(folder, "rows.gpkg", SQUARE, households=[-4])


def truncated_shapefile(folder: Path) -> tuple[Any, ...]:
    path = vector(folder, "rows.shp", *[SQUARE] * 20)
    os.truncate(path, path.stat().st_size - 400)
    return "buildings", path


def shapefile_without_its_table(folder: Path) -> tuple[Any, ...]:
    path = vector(folder, "rows.shp", SQUARE)
    path.with_suffix(".dbf").unlink()
    return "buildings", path


def truncated_geopackage(folder: Path) -> tuple[Any, ...]:
    path = vector(folder, "rows.gpkg", *[SQUARE] * 20)
    os.truncate(path, path.stat().st_size // 2)
    return "buildings", path


def truncated_geojson(folder: Path) -> tuple[Any, ...]:
    path = vector(folder, "rows.geojson", *[SQUARE] * 20)
    os.truncate(path, path.stat().st_size // 2)
    return "buildings", path


def headings_that_say_nothing(folder: Path) -> tuple[Any, ...]:
    book = openpyxl.Workbook()
    for row in (["楼栋台账", None, None], ["甲", "乙", "丙"], ["B1", 6, 40]):
        book.active.append(row)
    book.active.merge_cells("A1:C1")
    book.save(folder / "rows.xlsx")
    return "households", folder / "rows.xlsx"


def vrt_in_disguise(folder: Path) -> tuple[Any, ...]:
    secret = vector(folder, "secret.gpkg", SQUARE)
    layer = f'<OGRVRTLayer name="secret"><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>'
    return "buildings", table(folder, f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>", "rows.geojson")


def vrt_inside_geojson(folder: Path) -> tuple[Any, ...]:
    secret = vector(folder, "secret.gpkg", SQUARE)
    layer = f"<OGRVRTLayer name='secret'><SrcDataSource>{secret}</SrcDataSource></OGRVRTLayer>"
    inside = f"<OGRVRTDataSource>{layer}</OGRVRTDataSource>"
    return "buildings", table(
        folder, json.dumps({"type": "FeatureCollection", "x": inside, "features": []}), "rows.json"
    )


def unknown_crs(folder: Path) -> tuple[Any, ...]:
    return "buildings", vector(folder, "rows.gpkg", SQUARE), "--crs=mars2000"


def unknown_column(folder: Path) -> tuple[Any, ...]:
    return "buildings", vector(folder, "rows.gpkg", SQUARE), "--columns=floors=storeys"


def unknown_layer(folder: Path) -> tuple[Any, ...]:
    return "houses", table(folder, "code\n1\n")


def absent_file(folder: Path) -> tuple[Any, ...]:
    return "buildings", folder / "absent.gpkg"


def no_extract(folder: Path) -> tuple[Any, ...]:
    return "osm", table(folder, b"\x00\x00", "town.osm.pbf")


BAD: list[tuple[Callable[[Path], tuple[Any, ...]], int, str]] = [
    (no_crs, 2, "does not say in which coordinate system .* declare it with --crs"),
    (swapped_axes, 1, "longitude and latitude swapped.* x is always longitude"),
    (metres_as_degrees, 1, "projected metres, but wgs84 means degrees; declare the true system with --crs"),
    (bow_tie_without_area, 1, "cannot be used: it has no area. Draw it again"),
    (empty_geometry, 1, "no geometry, or an empty one; draw it, or delete the row"),
    (not_finite, 1, "not a finite number .*; correct it"),
    (lines_for_buildings, 1, "it is a LineString, not a polygon. Draw it again"),
    (duplicate_codes, 1, "code “01” stands on lines 2 and 4; give each row one of its own"),
    (households_of_unknown_buildings, 1, "no building “B9”; import the building first"),
    (negative_counts, 1, "households is -4; it cannot be below zero: correct it"),
    (truncated_shapefile, 1, "rows.shp is truncated: its header promises .*; copy or export it again"),
    (shapefile_without_its_table, 1, "lacks its companion rows.dbf; put it beside it"),
    (truncated_geopackage, 1, "rows.gpkg is truncated: .*; copy it again"),
    (truncated_geojson, 1, "rows.geojson cannot be read .*export it again"),
    (headings_that_say_nothing, 1, "needs code, building, .* Found: 甲, 乙, 丙. Name the columns with --columns"),
    (vrt_in_disguise, 1, "does not begin like a .geojson file"),
    (vrt_inside_geojson, 1, "needs code"),
    (unknown_crs, 2, "'mars2000' is not known; known are wgs84"),
    (unknown_column, 2, "no column 'storeys'. Its columns: code"),
    (unknown_layer, 2, "no layer 'houses'; there are divisions"),
    (absent_file, 1, "no file absent.gpkg .*; check the path"),
    (no_extract, 1, "cannot be read as an OpenStreetMap file .*; download or extract it again"),
]


@pytest.mark.parametrize(("make", "status", "sentence"), BAD, ids=[make.__name__ for make, _, _ in BAD])
def test_a_bad_file_is_refused_in_one_sentence_and_changes_nothing(
    make: Callable[[Path], tuple[Any, ...]],
    status: int,
    sentence: str,
    tmp_path: Path,
    gisgrid: Callable[..., Told],
    database: Database,
) -> None:
    gisgrid("buildings", table(tmp_path, TOWN, "town.csv"), "--crs=wgs84")
    before = stored(database)
    assert before["buildings"] == 1
    told = gisgrid(*make(tmp_path))
    assert told.status == status
    assert told.document["error"]
    assert _says(told, sentence), told.sentences
    assert stored(database) == before


def _says(told: Told, sentence: str) -> bool:
    return re.search(sentence, told.sentences, re.DOTALL) is not None


def test_gcj02_declared_as_wgs84_is_loaded_with_a_warning_that_names_the_remedy(
    tmp_path: Path, gisgrid: Callable[..., Told], database: Database
) -> None:
    community = shapely.box(115.0, 37.0, 115.006, 37.006)
    gisgrid("divisions", table(tmp_path, f'code,name,wkt\n990101001001,社区,"{community.wkt}"\n'), "--crs=wgs84")
    inside = [shapely.box(115 + n / 2000, 37.003, 115.0002 + n / 2000, 37.0032) for n in range(1, 9)]
    moved = [shapely.transform(each, lambda xy: _columns(from_wgs84(xy[:, 0], xy[:, 1], "gcj02"))) for each in inside]
    told = gisgrid("buildings", vector(tmp_path, "moved.gpkg", *moved))
    assert told.status == 0
    assert "likely_other_system" in told.rules
    assert "if they are GCJ-02" in told.sentences
    assert "--crs gcj02" in told.sentences
    right = gisgrid("buildings", tmp_path / "moved.gpkg", "--crs=gcj02")
    assert right.status == 0
    assert (right.document["updated"], "likely_other_system" in right.rules) == (8, False)


def _columns(pair: tuple[Any, Any]) -> Any:
    return np.column_stack(pair)


@pytest.mark.parametrize(
    ("name", "rule"),
    [("bow_tie", "geometry_repaired"), ("heights", "flattened"), ("many_parts", None)],
)
def test_geometry_that_can_be_made_sound_is_and_says_so(
    name: str, rule: str | None, tmp_path: Path, gisgrid: Callable[..., Told], database: Database
) -> None:
    shapes = {
        "bow_tie": shapely.Polygon([(115, 37), (115.001, 37.001), (115.001, 37), (115, 37.001)]),
        "heights": shapely.force_3d(SQUARE, 7.0),
        "many_parts": shapely.MultiPolygon([SQUARE, shapely.box(115.002, 37, 115.003, 37.001)]),
    }
    told = gisgrid("buildings", vector(tmp_path, "rows.gpkg", shapes[name], households=[4]))
    assert told.status == 0
    assert told.rules[: 1 if rule else 0] == ([rule] if rule else [])
    with database.transaction() as connection:
        parts = connection.execute(text("SELECT ST_NumGeometries(geom), ST_NDims(geom) FROM gisgrid.buildings")).one()
    assert tuple(parts) == ({"bow_tie": 2, "heights": 1, "many_parts": 2}[name], 2)


def test_a_gbk_file_is_read_as_what_it_is(tmp_path: Path, gisgrid: Callable[..., Told], database: Database) -> None:
    told = gisgrid("categories", table(tmp_path, "编码,名称\n01,环境卫生\n02,市政设施\n".encode("gbk")))
    assert (told.status, told.document["inserted"]) == (0, 2)
    assert "read_as_gb18030" in told.rules
    with database.transaction() as connection:
        names = connection.execute(text("SELECT name FROM gisgrid.categories ORDER BY code")).scalars().all()
    assert names == ["环境卫生", "市政设施"]


def test_rejects_take_the_bad_rows_and_the_good_ones_are_loaded(
    tmp_path: Path, gisgrid: Callable[..., Told], database: Database
) -> None:
    gisgrid("buildings", table(tmp_path, TOWN, "town.csv"), "--crs=wgs84")
    path = table(tmp_path, "code,building,size,姓名\nH1,B1,3,张三\nH2,B9,2,李四\nH3,B1,-1,王五\nH4,B1,,赵六\n")
    out = tmp_path / "bad.csv"
    told = gisgrid("households", path, f"--rejects={out}")
    assert (told.status, told.document["inserted"], told.document["rejected"]) == (1, 2, 2)
    written = out.read_text(encoding="utf-8-sig")
    assert [name for name in ("张三", "李四", "王五", "赵六") if name in written] == []
    assert "no building “B9”" in written
    assert "below zero" in written
    assert stored(database)["households"] == 2


def test_a_record_that_claims_two_thousand_million_corners_is_refused(
    tmp_path: Path, gisgrid: Callable[..., Told], database: Database
) -> None:
    path = vector(tmp_path, "rows.shp", *[SQUARE] * 5)
    content = bytearray(path.read_bytes())
    content[100 + 8 + 36 + 4 : 100 + 8 + 36 + 8] = struct.pack("<i", 0x7FFFFFF0)  # corners of the first polygon
    path.write_bytes(content)
    assert gisgrid("buildings", path).status == 1
    assert stored(database)["buildings"] == 0


def test_rejects_that_cannot_be_written_are_refused_before_anything_is_loaded(
    tmp_path: Path, gisgrid: Callable[..., Told], database: Database
) -> None:
    told = gisgrid("categories", table(tmp_path, "code,name\n01,噪声\n"), "--rejects", tmp_path / "absent" / "bad.csv")
    assert (told.status, told.document["error"]) == (2, "usage")
    assert "its folder does not exist" in told.document["message"]
    assert stored(database)["categories"] == 0


def test_ordinates_that_are_not_finite_are_told_in_our_words_only(
    tmp_path: Path, gisgrid: Callable[..., Told], database: Database
) -> None:
    ring = [["NaN", 37.0], [115.001, 37.0], [115.001, 37.001], ["NaN", 37.0]]
    feature = {
        "type": "Feature",
        "properties": {"code": "B1"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    collection = json.dumps({"type": "FeatureCollection", "features": [feature]}).replace('"NaN"', "NaN")
    told = gisgrid("buildings", table(tmp_path, collection, "rows.geojson"))
    assert told.status == 1
    assert "geometry_missing" in told.rules
    assert stored(database)["buildings"] == 0


def test_an_alias_of_nothing_is_refused_with_its_line(
    tmp_path: Path, gisgrid: Callable[..., Told], database: Database
) -> None:
    gisgrid("estates", table(tmp_path, "code,name\nE1,龙凤嘉苑\n", "estates.csv"))
    told = gisgrid("aliases", table(tmp_path, "alias,code\n老厂,E1\n新厂,E9\n", "aliases.csv"))
    assert told.status == 1
    assert [(f["rule"], f["line"]) for f in told.document["findings"]] == [("unknown_place", 3)]
    assert stored(database)["aliases"] == 0
