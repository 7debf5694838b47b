"""`gisgrid assign` on a published town: a file's answers are those of the lookup, and nothing else of it changes."""

from __future__ import annotations

import csv
import importlib
import importlib.util
import io
import json
import pickle
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pyogrio.raw
import pytest
import shapely
from served_town import WEST, Service, plan_id

from gisgrid import cli, spreading, workflow
from gisgrid.assigning import AssignRequest, assign_file
from gisgrid.directory import GridDirectory
from gisgrid.errors import UnreadableFile
from gisgrid.geometry.crs import from_wgs84
from gisgrid.ingest import point_parquet
from gisgrid.model import DrawSettings
from gisgrid.store.database import Database

TOLERANCE_M = 20.0
ADDED = ["grid_code", "method", "border_distance_m"]
Points = list[tuple[float, float]]
Assign = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def assign(
    shared_service: Service, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Assign]:
    """Runs the verb as it is typed; returns exit status, the object of --json, and the talk."""
    monkeypatch.setenv("GISGRID_DATABASE_URL", shared_service.database.url)

    def run(*arguments: object) -> tuple[int, dict[str, Any], str]:
        with pytest.raises(SystemExit) as ended:
            cli.main(["assign", *map(str, arguments), "--json"])
        told = capfd.readouterr()
        document = json.loads(told.out) if told.out else {}
        return int(ended.value.code or 0), document, " ".join(told.err.split())

    return run


@pytest.fixture
def directory(shared_service: Service) -> GridDirectory:
    return GridDirectory(shared_service.database, nearest_tolerance_m=TOLERANCE_M)


@pytest.fixture
def places(shared_service: Service) -> Points:
    """Points scattered over the town and beyond it, and vertices and middles of the borders of its grids."""
    rng = np.random.default_rng(4)
    with shared_service.database.transaction() as connection:
        grids = GridDirectory(shared_service.database, nearest_tolerance_m=0).grids(connection)
    vertices = shapely.get_coordinates([row.geometry for row in grids.rows.values()])
    middles = (vertices[1:] + vertices[:-1]) / 2
    scattered = rng.uniform((111.6990, 40.7992), (111.7090, 40.8038), (150, 2))
    just_outside = rng.uniform((111.700, 40.7998), (111.708, 40.7999), (20, 2))
    chosen = np.concatenate([scattered, rng.choice(vertices, 20), rng.choice(middles, 20), just_outside])
    return [(float(x), float(y)) for x, y in rng.permutation(chosen)]


def told_by_lookup(directory: GridDirectory, points: Points, crs: str, at: datetime | None = None) -> list[Any]:
    """What `locate` says of each point, one by one."""
    answers = []
    for lon, lat in points:
        found = directory.locate(lon, lat, crs, at=at).location
        metres = found.border_distance_m
        answers.append((found.grid, found.method, None if metres is None else round(metres, 2)))
    return answers


def read_csv(path: Path, encoding: str = "utf-8") -> tuple[list[str], list[list[str]]]:
    rows = list(csv.reader(io.StringIO(path.read_text(encoding=encoding), newline="")))
    return rows[0], rows[1:]


def csv_of(path: Path, points: Points) -> Path:
    lines = [f"{k:06},{lon!r},{lat!r},诉求{k}" for k, (lon, lat) in enumerate(points)]
    path.write_text("\n".join(["id,lon,lat,text", *lines]) + "\n", encoding="utf-8")
    return path


def csv_answers(rows: list[list[str]]) -> list[Any]:
    return [(code or None, method, float(metres) if metres else None) for *_, code, method, metres in rows]


@pytest.mark.parametrize("crs", ["wgs84", "cgcs2000", "gcj02", "bd09", "EPSG:4546"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_file_is_answered_as_the_lookup_answers_point_by_point(
    assign: Assign, directory: GridDirectory, places: Points, tmp_path: Path, crs: str, kind: str
) -> None:
    x, y = from_wgs84(*np.transpose(places), crs)
    points = list(zip(x.tolist(), y.tolist(), strict=True))
    out = tmp_path / f"out.{kind}"
    if kind == "csv":
        status, document, _ = assign(csv_of(tmp_path / "in.csv", points), "-o", out, "--crs", crs)
        answers = csv_answers(read_csv(out)[1])
    else:
        pq.write_table(pa.table({"lon": x, "lat": y}), tmp_path / "in.parquet")
        status, document, _ = assign(tmp_path / "in.parquet", "-o", out, "--crs", crs)
        table = pq.read_table(out)
        assert table.schema.field("grid_code").type == pa.string()
        answers = list(zip(*(table[name].to_pylist() for name in ADDED), strict=True))
    assert answers == told_by_lookup(directory, points, crs)
    assert status == 0
    assert document["rows"] == len(points) == sum(document["methods"].values())
    if crs == "wgs84":  # the law is only worth something where every method occurs
        assert all(document["methods"][method] for method in ("inside", "border", "nearest", "outside"))


@pytest.mark.parametrize("rows_at_once", [1, 7, 64, 100_000])
def test_the_size_of_the_chunks_changes_no_byte(
    shared_service: Service,
    directory: GridDirectory,
    places: Points,
    tmp_path: Path,
    rows_at_once: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(point_parquet, "ROWS_OF_A_GROUP", 50)
    x, y = np.transpose(places)
    words = pa.array([f"{k % 5}" for k in range(len(x))]).dictionary_encode()
    pq.write_table(pa.table({"x": x, "y": y, "word": words}), tmp_path / "in.parquet", row_group_size=33)
    csv_of(tmp_path / "in.csv", places)
    for name in ("in.csv", "in.parquet"):
        written = []
        for rows in (rows_at_once, 100):
            out = tmp_path / f"out{rows}{Path(name).suffix}"
            request = AssignRequest(tmp_path / name, out, crs="gcj02", rows_at_once=rows)
            assign_file(shared_service.database, directory, request)
            written.append(out.read_bytes())
        assert written[0] == written[1]
    groups = pq.ParquetFile(tmp_path / "out100.parquet").metadata
    assert [groups.row_group(k).num_rows for k in range(groups.num_row_groups)] == [50, 50, 50, 50, 10]


def test_no_other_cell_of_a_csv_changes_by_a_byte(assign: Assign, tmp_path: Path) -> None:
    lines = [
        '\ufeff编号;"经度";纬度;"备注"\r\n',
        '007;111.7012;40.8012;"两行\r\n的""备注"""\r\n',
        "\r\n",
        "1e5;１１１．７０１２; 40.8012 ;'a'\r\n",
        '"0,10";112;41\r\n',
        "+1;111.7012;40.8012;末",
    ]
    (tmp_path / "in.csv").write_bytes("".join(lines).encode())
    status, document, _ = assign(tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--crs", "wgs84")
    assert status == 0
    assert document["methods"] == {"inside": 3, "border": 0, "nearest": 0, "outside": 1, "invalid": 0}
    written = (tmp_path / "out.csv").read_bytes().decode()
    head, first, blank, second, third, last = lines
    code, metres = written.splitlines()[-1].split(";")[4::2]
    answer = f";{code};inside;{metres}"
    assert code.startswith(WEST)
    assert written == (
        head.removesuffix("\r\n") + ";grid_code;method;border_distance_m\r\n"
        + first.removesuffix("\r\n") + answer + "\r\n"
        + blank
        + second.removesuffix("\r\n") + answer + "\r\n"
        + third.removesuffix("\r\n") + ";;;outside;\r\n"
        + last + answer + "\r\n"
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["gb18030", "utf-16", "utf-16-be"])
def test_a_csv_keeps_its_encoding(assign: Assign, tmp_path: Path, encoding: str) -> None:
    mark = "\ufeff" if encoding == "utf-16-be" else ""
    text = "编号,经度,纬度,备注\n001,111.7012,40.8012,新城社区的楼栋\n"
    (tmp_path / "in.csv").write_bytes((mark + text).encode(encoding))
    status, document, _ = assign(tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--crs", "wgs84")
    assert status == 0
    assert [each["rule"] for each in document["findings"]] == (["read_as_gb18030"] if encoding == "gb18030" else [])
    written = (tmp_path / "out.csv").read_bytes().decode(encoding).removeprefix(mark)
    assert written.startswith(
        "编号,经度,纬度,备注,grid_code,method,border_distance_m\n001,111.7012,40.8012,新城社区的楼栋,"
    )


BAD_PLACES = [",40.8", "111.7,", ",", "nan,40.8", "inf,40.8", "1e999,40.8", "a,40.8", "1_1,40", "40.8,111.7", "181,0"]


@pytest.mark.parametrize("rows_at_once", [1, 4, 1000])
def test_a_row_without_a_place_is_written_counted_and_told(
    shared_service: Service, directory: GridDirectory, tmp_path: Path, rows_at_once: int
) -> None:
    rows = [*BAD_PLACES, "111.7012,40.8012", "111.7012,40.8012,shifted", "112,41"]
    (tmp_path / "in.csv").write_text("lon,lat\n" + "\n".join(rows) + "\n")
    out = tmp_path / "out.csv"
    request = AssignRequest(tmp_path / "in.csv", out, crs="gcj02", rows_at_once=rows_at_once)
    assigned = assign_file(shared_service.database, directory, request)
    assert assigned.methods["invalid"] == len(BAD_PLACES) + 1
    assert assigned.rows == len(rows)
    finding = assigned.findings[0]
    assert (finding.rule, finding.severity, finding.line) == ("unusable_place", "error", 2)
    assert "11 without a usable place (lines 2, 3, 4, 5, 6 …)" in finding.message
    assert "11 行" in finding.message_zh
    written = out.read_text().splitlines()[1:]
    assert written[: len(BAD_PLACES)] == [f"{row},,invalid," for row in BAD_PLACES]
    assert written[-2] == "111.7012,40.8012,,invalid,,shifted"
    assert written[-1] == "112,41,,outside,"


def test_the_path_goes_to_stdout_and_the_rows_of_each_method_to_stderr(
    shared_service: Service, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("GISGRID_DATABASE_URL", shared_service.database.url)
    (tmp_path / "in.csv").write_text("lng,lat\n111.7012,40.8012\n112,41\n,\n")
    with pytest.raises(SystemExit) as ended:
        cli.main(["assign", str(tmp_path / "in.csv"), "-o", str(tmp_path / "out.csv"), "--crs", "wgs84"])
    told = capfd.readouterr()
    assert ended.value.code == 1
    assert told.out == f"{tmp_path / 'out.csv'}\n"
    assert "3 rows: 1 inside, 1 outside, 1 invalid" in told.err
    assert "line 4: 1 without a usable place (line 4)" in " ".join(told.err.split())


def test_one_invalid_row_is_the_exit_status_one_and_the_file_is_there(assign: Assign, tmp_path: Path) -> None:
    pq.write_table(
        pa.table({"x": ["111.7012", None, "40"], "y": [40.8012, 40.8, float("nan")]}), tmp_path / "in.parquet"
    )
    status, document, _ = assign(tmp_path / "in.parquet", "-o", tmp_path / "out.parquet", "--crs", "wgs84")
    assert status == 1
    assert document["methods"]["invalid"] == 2
    assert "(rows 2, 3)" in document["findings"][0]["message"]
    assert pq.read_table(tmp_path / "out.parquet")["method"].to_pylist() == ["inside", "invalid", "invalid"]


def test_other_columns_of_parquet_keep_type_value_and_metadata(assign: Assign, tmp_path: Path) -> None:
    table = pa.table(
        {
            "code": pa.array(["007", None]),
            "经度": pa.array([111.7012, 112.0], pa.float32()),
            "纬度": pa.array([40, None], pa.int64()),
            "when": pa.array([datetime(2026, 1, 1, tzinfo=UTC), None], pa.timestamp("us", "UTC")),
            "tags": pa.array([["a"], []], pa.list_(pa.string())),
            "kind": pa.array(["x", "y"]).dictionary_encode(),
        }
    ).replace_schema_metadata({"source": "12345"})
    pq.write_table(table, tmp_path / "in.parquet")
    assign(tmp_path / "in.parquet", "-o", tmp_path / "out.parquet", "--crs", "wgs84")
    written = pq.read_table(tmp_path / "out.parquet")
    assert written.column_names == [*table.column_names, *ADDED]
    assert written.select(table.column_names).equals(table)
    assert written.schema.metadata[b"source"] == b"12345"


@pytest.mark.parametrize("name", ["in.csv", "in.parquet"])
def test_a_file_without_rows_gets_the_columns(assign: Assign, tmp_path: Path, name: str) -> None:
    (tmp_path / "in.csv").write_text("lon,lat")
    pq.write_table(pa.table({"lon": pa.array([], pa.float64()), "lat": pa.array([], pa.float64())}),
                   tmp_path / "in.parquet")  # fmt: skip
    status, document, _ = assign(tmp_path / name, "-o", tmp_path / f"out_{name}", "--crs", "wgs84")
    assert (status, document["rows"]) == (0, 0)
    if name == "in.csv":
        assert (tmp_path / "out_in.csv").read_text() == "lon,lat,grid_code,method,border_distance_m\n"
    else:
        assert pq.read_table(tmp_path / "out_in.parquet").column_names == ["lon", "lat", *ADDED]


# ---- Layers ----------------------------------------------------------------------------------------------------------


def layer_of(path: Path, points: list[shapely.Geometry | None], crs: str = "EPSG:4326", **options: Any) -> Path:
    """A layer with a code, a date, a whole number that is missing once, and a time."""
    count = len(points)
    table = pa.table(
        {
            "code": [f"{k:03}" for k in range(count)],
            "opened": pa.array([datetime(2026, 1, 1 + k % 28, tzinfo=UTC).date() for k in range(count)], pa.date32()),
            "floors": pa.array([None, *range(1, count)], pa.int32()),
            "geom": pa.array([None if point is None else shapely.to_wkb(point) for point in points], pa.binary()),
        }
    )
    drivers = {".gpkg": "GPKG", ".geojson": "GeoJSON", ".fgb": "FlatGeobuf", ".shp": "ESRI Shapefile"}
    pyogrio.raw.write_arrow(
        table,
        path,
        layer="诉求",
        driver=drivers[path.suffix],
        geometry_name="geom",
        geometry_type="Unknown" if path.suffix != ".shp" else "Point",
        crs=crs,
        **options,
    )
    return path


def read_layer(path: Path) -> pa.Table:
    return pyogrio.raw.read_arrow(path)[1]


def points_in(table: pa.Table) -> Points:
    name = next(name for name in table.column_names if pa.types.is_binary(table[name].type))
    return [(point.x, point.y) for point in shapely.from_wkb(table[name].to_pylist())]


@pytest.mark.parametrize(
    ("source", "target"),
    [
        (".gpkg", ".gpkg"),
        (".geojson", ".geojson"),
        (".fgb", ".geojson"),
        (".shp", ".gpkg"),
    ],
)
def test_a_layer_keeps_its_features_fields_types_and_order(
    assign: Assign, directory: GridDirectory, places: Points, tmp_path: Path, source: str, target: str
) -> None:
    options = {"layer_options": {"SPATIAL_INDEX": "NO"}} if source == ".fgb" else {}
    given = layer_of(tmp_path / f"in{source}", [shapely.Point(place) for place in places], **options)
    status, document, talk = assign(given, "-o", tmp_path / f"out{target}")
    assert status == 0, talk
    assert document["crs"] == "wgs84"
    before, after = read_layer(given), read_layer(tmp_path / f"out{target}")
    for name in ("code", "opened", "floors"):
        assert after[name].to_pylist() == before[name].to_pylist()
    points = points_in(before)
    assert points_in(after) == points
    answers = list(zip(*(after[name].to_pylist() for name in ADDED), strict=True))
    assert answers == told_by_lookup(directory, points, "wgs84")


@pytest.mark.parametrize(("source", "target"), [(".gpkg", ".fgb"), (".fgb", ".gpkg")])
def test_a_format_that_would_change_a_time_is_refused(assign: Assign, tmp_path: Path, source: str, target: str) -> None:
    given = layer_of(tmp_path / f"in{source}", [shapely.Point(111.7012, 40.8012)])
    status, _, talk = assign(given, "-o", tmp_path / f"out{target}")
    assert status == 2
    assert "cannot hold the field opened as it is" in talk
    assert not (tmp_path / f"out{target}").exists()


def test_a_layer_in_metres_is_read_by_the_system_that_it_carries(
    assign: Assign, directory: GridDirectory, places: Points, tmp_path: Path
) -> None:
    x, y = from_wgs84(*np.transpose(places), "EPSG:4546")
    given = layer_of(tmp_path / "in.gpkg", list(shapely.points(x, y)), crs="EPSG:4546")
    status, document, _ = assign(given, "-o", tmp_path / "out.gpkg")
    assert (status, document["crs"]) == (0, "EPSG:4546")
    table = read_layer(tmp_path / "out.gpkg")
    answers = list(zip(*(table[name].to_pylist() for name in ADDED), strict=True))
    assert answers == told_by_lookup(directory, list(zip(x.tolist(), y.tolist(), strict=True)), "EPSG:4546")
    assert pyogrio.read_info(tmp_path / "out.gpkg")["crs"] == "EPSG:4546"


def test_one_layer_of_several_is_named(assign: Assign, tmp_path: Path) -> None:
    given = layer_of(tmp_path / "in.gpkg", [shapely.Point(111.7012, 40.8012)])
    pyogrio.raw.write_arrow(
        pyogrio.raw.read_arrow(given)[1], given, layer="other", geometry_name="geom", geometry_type="Point",
        crs="EPSG:4326", append=False,
    )  # fmt: skip
    status, _, talk = assign(given, "-o", tmp_path / "out.gpkg")
    assert status == 2
    assert "in.gpkg has the layers 诉求, other" in talk
    status, document, _ = assign(f"{given}|layername=诉求", "-o", tmp_path / "out.gpkg")
    assert (status, document["methods"]["inside"]) == (0, 1)
    assert [name for name, _ in pyogrio.list_layers(tmp_path / "out.gpkg")] == ["诉求"]


def test_a_feature_that_is_no_point_is_invalid(assign: Assign, tmp_path: Path) -> None:
    point = shapely.Point(111.7012, 40.8012)
    shapes = [point, None, shapely.Point(), shapely.box(111.701, 40.801, 111.702, 40.802), point]
    status, document, _ = assign(layer_of(tmp_path / "in.gpkg", shapes), "-o", tmp_path / "out.gpkg")
    assert status == 1
    assert "(features 2, 3, 4)" in document["findings"][0]["message"]
    assert read_layer(tmp_path / "out.gpkg")["method"].to_pylist() == ["inside", *["invalid"] * 3, "inside"]


def test_a_chinese_shapefile_that_names_no_encoding_keeps_its_texts(assign: Assign, tmp_path: Path) -> None:
    pyogrio.raw.write_arrow(
        pa.table({"地址": ["新城区的楼栋"], "geom": [shapely.to_wkb(shapely.Point(111.7012, 40.8012))]}),
        tmp_path / "in.shp", driver="ESRI Shapefile", geometry_name="geom", geometry_type="Point", crs="EPSG:4326",
        encoding="GBK",
    )  # fmt: skip
    (tmp_path / "in.cpg").unlink()
    status, document, talk = assign(tmp_path / "in.shp", "-o", tmp_path / "out.gpkg")
    assert status == 0, talk
    assert [each["rule"] for each in document["findings"]] == ["texts_read_as_gb18030"]
    assert read_layer(tmp_path / "out.gpkg")["地址"].to_pylist() == ["新城区的楼栋"]


# ---- Time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_each_row_is_answered_by_the_editions_of_its_time(
    town: Database, places: Points, tmp_path: Path, kind: str
) -> None:
    with town.transaction() as connection:
        first = max(
            row.valid_from for row in GridDirectory(town, nearest_tolerance_m=0).grids(connection).rows.values()
        )
    drawn = workflow.draw_plans(town, [WEST], DrawSettings(grids=3))[0]
    second = workflow.publish_plan(town, plan_id(drawn), actor="test", from_draft=True).valid_from
    assert first < second
    step = timedelta(microseconds=1)
    moments = [first - timedelta(days=1), second - step, second, second + timedelta(days=400)]
    times = [moments[k % len(moments)] for k in range(len(places))]
    directory = GridDirectory(town, nearest_tolerance_m=TOLERANCE_M)
    expected = [told_by_lookup(directory, [place], "wgs84", at=at)[0] for place, at in zip(places, times, strict=True)]
    out = tmp_path / f"out.{kind}"
    if kind == "csv":
        lines = [f"{lon!r},{lat!r},{at.isoformat()}" for (lon, lat), at in zip(places, times, strict=True)]
        (tmp_path / "in.csv").write_text("\n".join(["lon,lat,reported_at", *lines, "111.7012,40.8012,soon"]))
    else:
        x, y = np.transpose([*places, places[0]])
        pq.write_table(pa.table({"lon": x, "lat": y, "reported_at": [*times, None]}), tmp_path / "in.parquet")
    request = AssignRequest(tmp_path / f"in.{kind}", out, crs="wgs84", at="reported_at", rows_at_once=50)
    assigned = assign_file(town, directory, request)
    if kind == "csv":
        answers = csv_answers(read_csv(out)[1])
    else:
        table = pq.read_table(out)
        answers = list(zip(*(table[name].to_pylist() for name in ADDED), strict=True))
    assert answers == [*expected, (None, "invalid", None)]
    assert [(each.rule, each.field) for each in assigned.findings] == [("unusable_time", "reported_at")]
    by_moment = [{code for (code, *_), at in zip(answers, times, strict=False) if at == each} for each in moments]
    assert by_moment[0] == {None}
    assert by_moment[1] != by_moment[2] == by_moment[3]


def test_one_instant_holds_for_every_row(assign: Assign, tmp_path: Path) -> None:
    (tmp_path / "in.csv").write_text("lon,lat\n111.7012,40.8012\n")
    for at, method in (("2000-01-01T00:00:00+08:00", "outside"), ("2999-01-01", "inside")):
        assign(tmp_path / "in.csv", "-o", tmp_path / "out.csv", "--crs", "wgs84", "--at", at)
        assert read_csv(tmp_path / "out.csv")[1][0][3] == method


# ---- Refusals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "options", "status", "sentence"),
    [
        ("lon,lat\n1,2\n", (), 2, "does not say in which coordinate system"),
        ("lon,lat\n1,2\n", ("--crs", "mars"), 2, "'mars' is not known"),
        ("a,b\n1,2\n", ("--crs", "wgs84"), 2, "name its columns with --lon and --lat: a, b."),
        ("a,b\n1,2\n", ("--crs", "wgs84", "--lon", "a"), 2, "Only one of --lon and --lat"),
        ("a,b\n1,2\n", ("--crs", "wgs84", "--lon", "a", "--lat", "c"), 2, "--lat 'c' is no column of in.csv"),
        ("x,x,y\n1,2,3\n", ("--crs", "wgs84"), 2, "has the heading 'x' twice"),
        ("lon,lat,Method\n1,2,3\n", ("--crs", "wgs84"), 2, "already has the column Method"),
        ("lon,lat\n1,2\n", ("--crs", "wgs84", "--at", "when"), 2, "neither a time nor a column of in.csv"),
        ("", ("--crs", "wgs84"), 1, "has an empty first line"),
        ('lon,lat\n1,2\n3,"4\n', ("--crs", "wgs84"), 1, "the record that begins on line 3 cannot be read"),
        ("lon,lat\n1,2\n3,\0\n", ("--crs", "wgs84"), 1, "holds NUL bytes"),
        ("lon,lat\n1,2\n3,\udcff\n", ("--crs", "wgs84"), 1, "has bytes on line 3 that are not UTF-8"),
    ],
)
def test_what_cannot_be_assigned_is_refused_in_a_sentence_and_leaves_nothing(
    assign: Assign, tmp_path: Path, content: str, options: tuple[str, ...], status: int, sentence: str
) -> None:
    (tmp_path / "in.csv").write_bytes(content.encode("utf-8", "surrogateescape"))
    ended, _, talk = assign(tmp_path / "in.csv", "-o", tmp_path / "out.csv", *options)
    assert ended == status
    assert sentence in talk
    assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]


@pytest.mark.parametrize(
    ("out", "sentence"),
    [
        ("in.csv", "is the file that is read"),
        ("link.csv", "is the file that is read"),
        ("out.parquet", "give it an extension of CSV"),
        ("absent/out.csv", "its folder does not exist"),
    ],
)
def test_an_output_that_cannot_be_meant_is_refused(assign: Assign, tmp_path: Path, out: str, sentence: str) -> None:
    given = csv_of(tmp_path / "in.csv", [(111.7012, 40.8012)])
    before = given.read_bytes()
    (tmp_path / "link.csv").hardlink_to(given)
    status, _, talk = assign(given, "-o", tmp_path / out, "--crs", "wgs84")
    assert status == 2
    assert sentence in talk
    assert given.read_bytes() == before


def test_a_shapefile_is_not_written_for_it_would_cut_the_names(assign: Assign, tmp_path: Path) -> None:
    given = layer_of(tmp_path / "in.gpkg", [shapely.Point(111.7012, 40.8012)])
    status, _, talk = assign(given, "-o", tmp_path / "out.shp")
    assert status == 2
    assert ".gpkg" in talk


@pytest.mark.parametrize("name", ["in.gpkg", "in.parquet", "in.geojson"])
def test_a_damaged_file_leaves_nothing_and_an_older_output_stays(
    assign: Assign, tmp_path: Path, places: Points, name: str
) -> None:
    given, out = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    if name == "in.parquet":
        x, y = np.transpose(places)
        pq.write_table(pa.table({"lon": x, "lat": y}), given)
    else:
        layer_of(given, [shapely.Point(place) for place in places])
    content = given.read_bytes()
    given.write_bytes(content[: len(content) * 2 // 3])
    out.write_text("older")
    status, _, talk = assign(given, "-o", out, "--crs", "wgs84")
    assert status == 1, talk
    assert out.read_text() == "older"
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([name, out.name])


@pytest.mark.parametrize("name", ["in.csv", "in.parquet", "in.gpkg"])
def test_work_that_fails_in_the_middle_tells_its_own_fault_and_leaves_nothing(
    shared_service: Service, directory: GridDirectory, places: Points, tmp_path: Path, name: str
) -> None:
    given = tmp_path / name
    x, y = np.transpose(places)
    if name == "in.csv":
        csv_of(given, places)
    elif name == "in.parquet":
        pq.write_table(pa.table({"lon": x, "lat": y}), given)
    else:
        layer_of(given, list(shapely.points(x, y)))

    def interrupt(done: int, rows: int) -> None:
        if done >= 100:
            raise UnreadableFile(f"stopped after {done} rows")

    request = AssignRequest(given, tmp_path / f"out{given.suffix}", crs="wgs84", rows_at_once=50)
    with pytest.raises(UnreadableFile, match="stopped after 100 rows"):
        assign_file(shared_service.database, directory, request, progress=interrupt)
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="pip install 'gisgrid[dask]'")
@pytest.mark.filterwarnings("default")  # Dask warns of its own dependencies
@pytest.mark.parametrize("at", [None, "when"])
def test_a_cluster_gives_the_very_same_file(assign: Assign, places: Points, tmp_path: Path, at: str | None) -> None:
    distributed = importlib.import_module("distributed")
    lines = [f"{lon!r},{lat!r},202{k % 8}-01-01T00:00:00+08:00" for k, (lon, lat) in enumerate(places)]
    given = tmp_path / "in.csv"
    given.write_text("\n".join(["lon,lat,when", *lines, "x,1,", "500,1,"]) + "\n", encoding="utf-8")
    asked = [given, "--crs", "gcj02", *(["--at", at] if at else [])]
    here = assign(*asked, "-o", tmp_path / "here.csv")
    options = {"processes": False, "threads_per_worker": 1, "dashboard_address": None}
    with distributed.LocalCluster(n_workers=2, **options) as cluster:
        there = assign(*asked, "-o", tmp_path / "there.csv", "--dask", cluster.scheduler_address)
    assert (tmp_path / "there.csv").read_bytes() == (tmp_path / "here.csv").read_bytes()
    assert {**there[1], "path": ""} == {**here[1], "path": ""}
    assert there[0] == here[0] == 1  # two rows are no places


def test_an_address_where_no_scheduler_answers_is_told_and_nothing_is_written(
    assign: Assign, places: Points, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "_PATIENCE", "1s")
    out = tmp_path / "out.csv"
    status, _, talk = assign(csv_of(tmp_path / "in.csv", places), "-o", out, "--crs", "wgs84", "--dask", "nonsense")
    assert status != 0
    assert "Dask" in talk
    assert not out.exists()


def test_the_grids_travel_to_a_worker_and_answer_there_alike(directory: GridDirectory, places: Points) -> None:
    grids = directory.state().grids
    travelled = pickle.loads(pickle.dumps(grids))
    lon, lat = np.transpose(places)
    here, there = (each.assigner(TOLERANCE_M)(lon, lat) for each in (grids, travelled))
    assert (here.codes, here.methods) == (there.codes, there.methods)
    assert here.border_distances_m.tolist() == pytest.approx(there.border_distances_m.tolist(), abs=0, nan_ok=True)
