"""CSV files and workbooks as people save them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from gisgrid.errors import UnreadableFile, UsageError
from gisgrid.ingest.delimited import read_delimited
from gisgrid.ingest.forms import LAYERS
from gisgrid.ingest.read import ReadLayer, read_layer
from gisgrid.ingest.workbook import read_workbook
from gisgrid.model import LayerName

TEXT = "编码,名称\n0101,暴露垃圾\n0102,乱堆物料\n"


def written(folder: Path, content: bytes | str, name: str = "rows.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def workbook(folder: Path, *rows: list[Any], merge: tuple[str, ...] = (), title: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = title
    for row in rows:
        sheet.append(row)
    for each in merge:
        sheet.merge_cells(each)
    path = folder / "rows.xlsx"
    book.save(path)
    return path


def rules(read: ReadLayer) -> list[str]:
    return [finding.rule for finding in read.findings]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", []), ("utf-8-sig", []), ("utf-16", []), ("gbk", ["read_as_gb18030"]), ("gb18030", ["read_as_gb18030"])],
)
def test_encodings_are_recognised(tmp_path: Path, encoding: str, told: list[str]) -> None:
    table = read_delimited(written(tmp_path, TEXT.encode(encoding)))
    assert dict(table.cells) == {"编码": ("0101", "0102"), "名称": ("暴露垃圾", "乱堆物料")}
    assert [finding.rule for finding in table.findings] == told


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_delimiters_are_recognised(tmp_path: Path, delimiter: str) -> None:
    table = read_delimited(written(tmp_path, f"code{delimiter}name\r\n01{delimiter}a\r\n"))
    assert dict(table.cells) == {"code": ("01",), "name": ("a",)}


def test_a_broken_byte_in_utf8_is_not_taken_for_chinese_of_another_encoding(tmp_path: Path) -> None:
    content = (TEXT * 20).encode()
    broken = content[:-7] + b"\xff" + content[-7:]
    with pytest.raises(UnreadableFile, match=r"neither UTF-8 .* nor GB18030; save it as CSV in UTF-8"):
        read_delimited(written(tmp_path, broken))


def test_latin_letters_of_another_encoding_are_not_taken_for_chinese(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match="save it as CSV in UTF-8"):
        read_delimited(written(tmp_path, "code,name\n1,Zürich Fläsch\n".encode("latin-1")))


def test_lines_are_those_of_the_file_also_behind_cells_of_several_lines(tmp_path: Path) -> None:
    table = read_delimited(written(tmp_path, 'code,name\n1,"a\nb"\n\n2,c\n'))
    assert table.lines.tolist() == [2, 5]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ('code,name\n1,"a\n2,b\n', "close its quotation marks"),
        ("code,code\n1,2\n", "the heading 'code' twice"),
        (",,\n1,2,3\n", "empty first line"),
        ("", "is empty"),
        ("PK\x03\x04\x00\x00", "NUL bytes"),
    ],
)
def test_files_that_are_no_tables(tmp_path: Path, content: str, words: str) -> None:
    with pytest.raises(UnreadableFile, match=words):
        read_delimited(written(tmp_path, content))


def test_a_row_with_too_many_cells_is_bad_and_the_others_are_good(tmp_path: Path) -> None:
    read = read_layer(written(tmp_path, "code,name\n1,a,b,c\n2,b\n3\n"), "categories")
    assert read.frame["code"].tolist() == ["2"]
    assert [(finding.rule, finding.line) for finding in read.findings] == [("ragged_row", 2), ("ragged_row", 4)]
    assert "4 cells under 2 headings" in read.findings[0].message


def test_a_column_without_a_heading_is_not_read(tmp_path: Path) -> None:
    table = read_delimited(written(tmp_path, ",code,name\n0,1,a\n1,2,b\n"))  # as pandas writes its index
    assert dict(table.cells) == {"code": ("1", "2"), "name": ("a", "b")}


def test_empty_columns_at_the_end_are_no_columns(tmp_path: Path) -> None:
    table = read_delimited(written(tmp_path, "code,name,,\n1,a,,\n"))
    assert table.headings == ["code", "name"]
    assert not table.ragged


def test_a_workbook_with_a_title_and_two_rows_of_headings(tmp_path: Path) -> None:
    path = workbook(
        tmp_path,
        ["柳岸社区户台账（合成数据）", None, None, None],
        ["基本信息", None, "楼栋", "人口"],
        ["户编码", "备注", None, "人数"],
        ["H1", "x", "B1", 3],
        ["H2", None, "B1", 2],
        merge=("A1:D1", "A2:B2", "C2:C3"),
    )
    read = read_layer(path, "households")
    assert read.frame[["code", "building", "size", "line"]].values.tolist() == [["H1", "B1", 3, 4], ["H2", "B1", 2, 5]]
    assert "merged_headings" in rules(read)


def test_cells_merged_downwards_say_the_same_for_each_row(tmp_path: Path) -> None:
    path = workbook(
        tmp_path, ["code", "building", "size"], ["H1", "B1", 1], ["H2", None, 2], ["H3", "B2", 2], merge=("B2:B3",)
    )
    read = read_layer(path, "households")
    assert read.frame["building"].tolist() == ["B1", "B1", "B2"]
    assert rules(read) == ["merged_cells"]


def test_numbers_in_a_code_column_are_told_because_zeros_may_be_lost(tmp_path: Path) -> None:
    read = read_layer(workbook(tmp_path, ["code", "name"], [101, "a"], [102, "b"], ["0103", "c"]), "categories")
    assert read.frame["code"].tolist() == ["101", "102", "0103"]
    (finding,) = read.findings
    assert (finding.rule, finding.severity, finding.values["count"]) == ("numbers_as_codes", "warning", 2)


def test_a_formula_without_a_saved_result_is_told(tmp_path: Path) -> None:
    read = read_layer(workbook(tmp_path, ["code", "name"], ["1", "=A2"], ["2", "b"], ["3", "#N/A"]), "categories")
    assert read.frame["code"].tolist() == ["2"]
    assert [(finding.rule, finding.line) for finding in read.findings] == [
        ("formula_without_value", 2),
        ("cell_error", 4),
    ]
    assert read.rejected["name"].tolist() == ["=A2", "#N/A"]


def test_the_sheet_that_is_called_like_the_layer_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["说明"])
    book.active.append(["合成数据"])
    for title, code in (("楼栋", "B"), ("事项目录", "01")):
        sheet = book.create_sheet(title)
        sheet.append(["code", "name"])
        sheet.append([code, "a"])
    path = tmp_path / "rows.xlsx"
    book.save(path)
    assert read_layer(path, "categories").frame["code"].tolist() == ["01"]
    assert read_layer(Path(f"{path}|layername=楼栋"), "categories").frame["code"].tolist() == ["B"]
    with pytest.raises(UsageError, match="several sheets"):
        read_workbook(path, LAYERS["estates"], {}, None)
    with pytest.raises(UsageError, match="no sheet 'x'; it has Sheet, 楼栋, 事项目录"):
        read_workbook(path, LAYERS["estates"], {}, "x")


@pytest.mark.parametrize("name", ["rows.xlsx", "rows.xls"])
def test_what_is_no_workbook_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnreadableFile, match=r"save it (again )?as \.xlsx"):
        read_layer(written(tmp_path, "code,name\n1,a\n", name), "categories")


LAYER: LayerName = "categories"


def test_a_file_with_headings_only_is_a_warning(tmp_path: Path) -> None:
    read = read_layer(written(tmp_path, "code,name\n"), LAYER)
    assert (read.rows, len(read.frame), rules(read)) == (0, 0, ["no_rows"])
