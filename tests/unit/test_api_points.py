"""Points in JSON, CSV and Arrow: what is read as what was meant, and what is refused with its row."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from starlette.requests import Request

from api.bodies import accepted_type, parse_json
from api.errors import BadRequest
from api.points import POINT_TYPES, Points, _checked_points, _plain_points, read_points_json
from api.points_arrow import read_points_arrow
from api.points_csv import read_points_csv


class Members(list[tuple[str, Any]]):
    """The members of a JSON object, of which two may have one name."""


COORDINATES = st.floats(-180, 180, allow_nan=False) | st.integers(-90, 90)
NAMES = st.text(st.sampled_from('ab:"\\{é'), max_size=3)
VALUES = st.recursive(
    st.none() | st.integers(0, 9) | st.text(st.sampled_from('a:"\\{,'), max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(NAMES, inner), max_size=3).map(Members),
    max_leaves=8,
)


def as_json(value: Any, escape: Callable[[str], str]) -> str:
    if isinstance(value, Members):
        return "{" + ",".join(f"{escape(name)}:{as_json(each, escape)}" for name, each in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(as_json(each, escape) for each in value) + "]"
    return escape(value) if isinstance(value, str) else json.dumps(value)


def repeats_a_name(value: Any) -> bool:
    if isinstance(value, Members):
        names = [name for name, _ in value]
        return len(set(names)) < len(names) or any(repeats_a_name(each) for _, each in value)
    return isinstance(value, list) and any(repeats_a_name(each) for each in value)


def escaped(text: str) -> str:
    return '"' + "".join(f"\\u{ord(character):04x}" for character in text) + '"'


@given(VALUES | st.lists(st.tuples(NAMES, VALUES), max_size=4).map(Members), st.sampled_from((json.dumps, escaped)))
def test_a_body_is_refused_exactly_where_a_name_stands_twice(value: Any, escape: Callable[[str], str]) -> None:
    body = as_json(value, escape).encode()
    if repeats_a_name(value):
        with pytest.raises(BadRequest, match="a name stands twice"):
            parse_json(body)
    else:
        assert parse_json(body) == json.loads(body)


@given(st.lists(st.tuples(COORDINATES, COORDINATES), max_size=20))
def test_the_three_forms_mean_the_same_points(pairs: list[tuple[float, float]]) -> None:
    rows = "".join(f"7,{x:.12f},{y:.12f}\r\n" for x, y in pairs)
    lon, lat = ([float(f"{pair[axis]:.12f}") for pair in pairs] for axis in (0, 1))
    forms = (
        read_points_json(json.dumps({"crs": "gcj02", "points": list(zip(lon, lat, strict=True))}).encode(), None, None),
        read_points_csv(f"id,lon,lat\r\n{rows}".encode(), "gcj02", None),
        read_points_arrow(stream({"lat": lat, "id": ["7"] * len(lat), "lon": lon}), "gcj02", None),
    )
    for points in forms:
        assert (points.lon.tolist(), points.lat.tolist(), points.crs) == (lon, lat, "gcj02")


SOUND_NUMBERS = ("0", "-0.0", "1e5", "-1E-7", "111.70123", "1e999", "18446744073709551616", "7" * 30, "1", "2")
NO_NUMBERS = ("01", ".5", "1.", "-", "1-2", "NaN", "null", "true", '"1"', "[1]", "{}")
NUMBERS = st.sampled_from((*SOUND_NUMBERS, *NO_NUMBERS))
SPACES = st.sampled_from(("", "", " ", "\r\n\t", "\f", "\u3000"))
MEMBERS = st.sampled_from(
    ('"crs":"wgs84"', '"crs" : "gcj02"', '"crs":"\\u0077"', '"at":null', '"x":1', "POINTS", "POINTS")
)


@example([["1"]], ['"crs":"wgs84"', "POINTS"], "", "")
@example([["1", "2", "1"], ["2"]], ["POINTS", '"crs":"wgs84"'], "", "")
@given(st.lists(st.lists(NUMBERS, min_size=1, max_size=3), max_size=4), st.lists(MEMBERS, max_size=3), SPACES, SPACES)
def test_points_read_without_lists_are_those_read_with_them(
    rows: list[list[str]], members: list[str], between: str, around: str
) -> None:
    points = f",{between}".join(f"[{f'{between},'.join(row)}{between}]" for row in rows)
    text = "{" + f",{around}".join(members).replace("POINTS", f'"points":{around}[{points}{around}]') + "}" + around
    plain = _plain_points(text.encode())
    if plain is None:
        return
    checked = _checked_points(text.encode())
    assert (plain.lon.tolist(), plain.lat.tolist()) == (checked.lon.tolist(), checked.lat.tolist())
    assert (plain.crs, plain.at) == (checked.crs, checked.at)


@pytest.mark.parametrize(
    "body",
    [
        b'{"crs":"wgs84","points":[[1,2]]}',
        b'{"points": [[1.5, -2.25], [3e1, 4]], "crs": "bd09"}\n',
        b'{ "crs" : "gcj02" ,\r\n\t"points" : [ [ 1 , 2 ] , [ 3 , 4 ] ] }',
    ],
)
def test_bodies_as_programs_write_them_are_read_without_lists(body: bytes) -> None:
    assert _plain_points(body) is not None


def stream(columns: dict[str, Any], batches: int = 1, **options: Any) -> bytes:
    table = pa.table({
        name: values if isinstance(values, pa.Array) else pa.array(values, pa.float64() if name in "lonlatxy" else None)
        for name, values in columns.items()
    })  # fmt: skip
    written = pa.BufferOutputStream()
    with pa.ipc.new_stream(written, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as out:
        for _ in range(batches):
            out.write_table(table)
    return written.getvalue().to_pybytes()  # type: ignore[no-any-return]


def refusal(read: Callable[..., Points], body: bytes, status: int, code: str = "invalid_body") -> BadRequest:
    with pytest.raises(BadRequest) as refused:
        read(body, "wgs84", None)
    assert (refused.value.status_code, refused.value.code) == (status, code), refused.value.detail
    assert len(refused.value.detail) > 20
    return refused.value


def test_csv_is_read_as_text_for_text() -> None:
    body = '\ufeff编号,x,y,备注\n007,111.70,40.80,"一、""二"",\n三"\n\n008,+1.5e2,-1,\n'.encode()
    points = read_points_csv(body, None, None)
    assert points.lon.tolist() == [111.7, 150.0]
    assert points.columns is not None
    assert points.columns.to_pydict() == {
        "编号": ["007", "008"], "x": ["111.70", "+1.5e2"], "y": ["40.80", "-1"], "备注": ['一、"二",\n三', ""],
    }  # fmt: skip


@pytest.mark.parametrize("body", [b"lon,lat", b"lon,lat\n", b"lon,lat\r\n\r\n", b"\xef\xbb\xbflon,lat\n"])
def test_csv_may_have_no_rows(body: bytes) -> None:
    assert len(read_points_csv(body, None, None).lon) == 0


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        (b"lon,lat\n1,2\n1,nan\nx,2\n1,\n", [1, 2, 3]),
        (b"lon,lat\n 1,2\n1_0,2\ninf,2\n1e999,2\n", [0, 1, 2, 3]),
        (b"lon,lat\n1\n1,2,3\n", [0, 1]),
        (b'lon,lat\n1,2\n"1,2\n', [1]),
        ("lon,lat\n１,2\n".encode(), [0]),
    ],
)
def test_csv_names_the_rows_that_are_no_points(body: bytes, rows: list[int]) -> None:
    faults = refusal(read_points_csv, body, 422).faults
    assert [fault["pointer"] for fault in faults] == [f"/rows/{row}" for row in rows]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "invalid_body"),
        (b"\n1,2\n", 422, "invalid_body"),
        (b"a,b\n1,2\n", 422, "invalid_body"),
        (b"lon,lat,lon\n1,2,3\n", 422, "invalid_body"),
        (b"lon,lat,grid_code\n1,2,3\n", 422, "invalid_body"),
        (b"lon,lat" + b"," * 200 + b"\n", 422, "invalid_body"),
        (b"lon,lat" + b"x" * 100_000 + b"\n", 422, "invalid_body"),
        (b"lon,lat\n" + b"1,2\n" * 100_001, 422, "invalid_body"),
        (b"lon,lat\n\xc8\xcb,2\n", 400, "bad_csv"),
        ("经度,纬度\n1,2\n".encode("gb18030"), 400, "bad_csv"),
        (b"lon,lat\n1\x00,2\n", 400, "bad_csv"),
        (b'"lon,lat\n1,2\n', 400, "bad_csv"),
        (stream({"lon": [1], "lat": [2]}), 400, "bad_csv"),
    ],
)
def test_what_is_no_csv_of_points_is_refused(body: bytes, status: int, code: str) -> None:
    refusal(read_points_csv, body, status, code)


def test_at_most_a_hundred_faulty_rows_are_named() -> None:
    assert len(refusal(read_points_csv, b"lon,lat\n" + b"a,b\n" * 1_000, 422).faults) == 100


@pytest.mark.parametrize(
    ("columns", "options"),
    [
        ({"lon": [1.0]}, {}),
        ({"lon": pa.array([1], pa.int64()), "lat": [1]}, {}),
        ({"lon": pa.array(["1"]), "lat": [1]}, {}),
        ({"lon": pa.array([[1.0]]), "lat": [1]}, {}),
        ({"lon": pa.array([1.0]).dictionary_encode(), "lat": [1]}, {}),
        ({"lon": [1.0] * 100_001, "lat": [1.0] * 100_001}, {}),
        ({"lon": np.zeros(50_000), "lat": np.zeros(50_000)}, {"compression": "zstd"}),
        ({"lon": np.zeros(50_000), "lat": np.zeros(50_000)}, {"compression": "lz4"}),
        ({**{f"c{k}": [1] for k in range(200)}, "lon": [1], "lat": [1]}, {}),
    ],
)
def test_an_arrow_stream_of_other_columns_or_compressed_is_refused(
    columns: dict[str, Any], options: dict[str, Any]
) -> None:
    refusal(read_points_arrow, stream(columns, **options), 422)


def test_arrow_names_the_rows_without_a_value_over_all_batches() -> None:
    body = stream({"lon": [1.0, None], "lat": [1.0, 2.0]}, batches=3)
    assert [fault["pointer"] for fault in refusal(read_points_arrow, body, 422).faults] == [
        "/rows/1",
        "/rows/3",
        "/rows/5",
    ]
    refusal(read_points_arrow, stream({"lon": [1.0], "lat": [1.0]}, batches=1_001), 422)


def test_arrow_reads_no_other_column_and_needs_no_row() -> None:
    words = pa.array(["a", "b"] * 50).dictionary_encode()
    points = read_points_arrow(
        stream({"lon": np.arange(100.0), "w": words, "lat": np.zeros(100)}, batches=2), None, None
    )
    assert points.lon.tolist() == [*range(100), *range(100)]
    assert len(read_points_arrow(stream({"x": [], "y": []}), None, None).lon) == 0


def test_a_damaged_arrow_stream_is_refused_or_read_and_never_trusted() -> None:
    whole = stream({"lon": np.zeros(64), "lat": np.zeros(64), "w": ["a"] * 64}, batches=2)
    for end in range(0, len(whole) - 9, 7):
        assert outcome(whole[:end]) in ("bad_arrow", 0, 64, 128)  # cut between two batches, it is whole
    chance = np.random.default_rng(3)
    claims = [struct.pack("<i", value) for value in (0, 1, -1, 2**31 - 1, -(2**31), 8, 2**20)]
    for _ in range(3_000):
        damaged = bytearray(whole)
        for _ in range(chance.integers(1, 4)):
            at = int(chance.integers(0, len(whole) // 4)) * 4
            damaged[at : at + 4] = claims[chance.integers(len(claims))]
        assert outcome(bytes(damaged)) in ("bad_arrow", "invalid_body", *range(129))


def outcome(body: bytes) -> str | int:
    try:
        points = read_points_arrow(body, None, None)
    except BadRequest as refused:
        return refused.code
    assert len(points.lon) == len(points.lat)
    return len(points.lon)


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        (None, "text/csv"),
        ("*/*", "text/csv"),
        ("text/*;q=0.5", "text/csv"),
        ("application/json", "application/json"),
        ("application/json;q=0.2, text/csv;q=0.9", "text/csv"),
        ("text/html, application/vnd.apache.arrow.stream", "application/vnd.apache.arrow.stream"),
        ("text/html, */*;q=0.1", "text/csv"),
        ("application/json;q=high", "application/json"),
        ("text/html", ""),
        ("text/csv;q=0", ""),
        ("", ""),
    ],
)
def test_accept_chooses_the_form_of_the_answer(accept: str | None, answered: str) -> None:
    headers = [] if accept is None else [(b"accept", accept.encode())]
    request = Request({"type": "http", "headers": headers})
    if answered:
        assert accepted_type(request, POINT_TYPES, "text/csv") == answered
    else:
        with pytest.raises(BadRequest) as refused:
            accepted_type(request, POINT_TYPES, "text/csv")
        assert refused.value.code == "not_acceptable"
