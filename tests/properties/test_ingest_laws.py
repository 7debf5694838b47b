"""Laws of the import: whatever a file holds, every row is good or bad, and nothing but our own errors comes out."""

from __future__ import annotations

import contextlib
import csv
import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from gisgrid.errors import GisgridError
from gisgrid.ingest.delimited import decode
from gisgrid.ingest.forms import LAYERS
from gisgrid.ingest.read import read_layer
from gisgrid.model import LayerName

CELLS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(
        [
            *("", "B1", "B2", "12.0", "-1", "1e999", "nan", "NULL", "=1+1", "110105194912310021", "13800138000"),
            *("community", "street", "old", "river", "grid", "wgs84", "gcj02", "2026-03-01", "13/13/2018"),
            *("POINT (113 22)", "POINT (nan 1)", "POLYGON ((1 1, 2 2, 2 1, 1 1))", "POLYGON EMPTY", "113.9", "22.5"),
        ]
    ),
)


@st.composite
def tables(draw: st.DrawFn) -> tuple[LayerName, str]:
    """A layer and a CSV text with its headings, and rows of anything."""
    layer = draw(st.sampled_from(list(LAYERS.values())))
    headings = [column.name for column in layer.columns]
    if layer.geometry is not None and "lon" not in headings:
        headings.append("wkt")
    rows = draw(st.lists(st.lists(CELLS, min_size=len(headings), max_size=len(headings)), max_size=6))
    text = io.StringIO()
    csv.writer(text).writerows([headings, *rows])
    return layer.name, text.getvalue()


@settings(max_examples=150, deadline=None)
@given(tables())
def test_every_row_is_good_or_bad_and_the_bad_ones_say_why(table: tuple[LayerName, str]) -> None:
    layer, text = table
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.csv"
        path.write_bytes(text.encode("utf-8", "surrogatepass"))
        try:
            read = read_layer(path, layer, crs="wgs84")
        except GisgridError:
            return
    errors = {finding.line for finding in read.findings if finding.severity == "error"}
    assert len(read.frame) + len(read.rejected) == read.rows
    assert set(read.rejected["line"]) == errors
    assert set(read.frame["line"]).isdisjoint(errors)
    assert (read.rejected["reason"].str.len() > 0).all()
    assert all(finding.message and finding.message_zh for finding in read.findings)
    for column in LAYERS[layer].columns:
        if column.required:
            assert read.frame[column.name].notna().all()


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(LAYERS)), st.sampled_from(["rows.csv", "rows.xlsx"]), st.binary(max_size=300))
def test_any_bytes_are_a_table_or_one_of_our_errors(layer: LayerName, name: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        with contextlib.suppress(GisgridError):
            read_layer(path, layer, crs="wgs84")


CHINESE = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), min_size=4)


@given(st.text("柳岸社区居民委员会人民路号楼单元网格员户数编码名称,\n0123456789abc", min_size=1))
def test_everyday_chinese_in_gbk_is_read_as_itself(text: str) -> None:
    # A heading comes first in every file; a single 员 alone has the bytes of an Armenian letter in UTF-8.
    whole = "编码,名称\n" + text
    assert decode(whole.encode("gbk"), "x")[0] == whole


@given(CHINESE)
def test_utf8_is_never_taken_for_another_encoding(text: str) -> None:
    assert decode(text.encode("utf-8"), "x") == (text, [])
