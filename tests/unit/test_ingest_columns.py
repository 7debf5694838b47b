"""Headings of files and the columns that they mean."""

from __future__ import annotations

import typing

import pytest

from gisgrid.errors import RefusedData, UsageError
from gisgrid.ingest.columns import match_columns, plain, require_columns
from gisgrid.ingest.forms import LAYERS
from gisgrid.model import LayerName

BUILDINGS = LAYERS["buildings"]


def test_every_layer_of_the_contract_has_a_form() -> None:
    assert set(LAYERS) == set(typing.get_args(LayerName))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_no_spelling_means_two_columns_of_one_layer(layer: typing.Any) -> None:
    spellings = [plain(each) for column in layer.columns for each in (column.name, *column.aliases)]
    assert len(spellings) == len(set(spellings))


def test_our_own_names_go_before_aliases() -> None:
    matched, findings = match_columns(BUILDINGS, ["编码", "code", "户数"], {})
    assert matched == {"code": "code", "households": "户数"}
    assert [finding.rule for finding in findings] == ["columns_read"]
    assert "households ← 户数" in findings[0].message


def test_a_declared_heading_goes_before_all() -> None:
    matched, _ = match_columns(BUILDINGS, ["code", "BUILDING_ID", "Height M"], {"code": "building_id"})
    assert matched == {"code": "BUILDING_ID", "height_m": "Height M"}


def test_units_in_brackets_do_not_matter() -> None:
    assert match_columns(BUILDINGS, ["楼栋编码", "建筑高度（米）"], {})[0] == {
        "code": "楼栋编码",
        "height_m": "建筑高度（米）",
    }


def test_a_heading_that_the_file_has_not_is_refused_with_those_it_has() -> None:
    with pytest.raises(UsageError, match=r"no column 'storeys'.*Its columns: code, levels"):
        match_columns(BUILDINGS, ["code", "levels"], {"floors": "storeys"})


def test_a_column_that_the_layer_has_not_is_refused_with_those_it_has() -> None:
    with pytest.raises(UsageError, match=r"no column 'storeys'; it has code, name, estate"):
        match_columns(BUILDINGS, ["code", "levels"], {"storeys": "levels"})


def test_missing_columns_are_one_finding_that_lists_what_was_found() -> None:
    with pytest.raises(RefusedData) as refusal:
        require_columns(BUILDINGS, {}, ["id", "层高"], has_geometry=True)
    (finding,) = refusal.value.findings
    assert finding.rule == "missing_columns"
    assert "needs code" in finding.message
    assert "Found: id, 层高" in finding.message
    assert "--columns code=<heading>" in finding.message


def test_a_file_of_persons_without_headings_is_not_quoted() -> None:
    with pytest.raises(RefusedData) as refusal:
        require_columns(LAYERS["households"], {}, ["H1", "110105194912310021"], has_geometry=False)
    assert "110105194912310021" not in str(refusal.value) + str(refusal.value.findings)
