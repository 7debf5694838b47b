"""One cell becomes one value, or a fault with its remedy."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from gisgrid.ingest import times, values
from gisgrid.ingest.forms import LAYERS, Column
from gisgrid.ingest.times import day_comes_first, read_time
from gisgrid.ingest.values import READERS, BadCell

SHANGHAI = ZoneInfo("Asia/Shanghai")
CODE = Column("code", "code", longest=20)
COUNT = Column("floors", "count", most=300)
NUMBER = Column("height_m", "number", most=1000)
ESTATE_TYPE = LAYERS["estates"].column("type")
BARRIER_KIND = LAYERS["barriers"].column("kind")
SITE_KIND = LAYERS["sites"].column("kind")


@pytest.mark.parametrize(
    ("cell", "column", "value"),
    [
        ("0101", CODE, "0101"),
        ("  E101-01 ", CODE, "E101-01"),
        ("１２－３", CODE, "12-3"),
        (150105001001, CODE, "150105001001"),
        (12.0, CODE, "12"),
        ("12", COUNT, 12),
        ("12.0", COUNT, 12),
        ("１２", COUNT, 12),
        (0, COUNT, 0),
        ("18.5", NUMBER, 18.5),
        ("1e2", NUMBER, 100.0),
        ("老旧小区", ESTATE_TYPE, "old"),
        ("安置(公租)", ESTATE_TYPE, "resettlement"),
        ("Commercial ", ESTATE_TYPE, "commercial"),
        ("主干道", BARRIER_KIND, "main_road"),
        ("motorway_link", BARRIER_KIND, "main_road"),
        ("residential", BARRIER_KIND, "street"),
        ("学校", SITE_KIND, "school"),
        ("快递柜", SITE_KIND, "快递柜"),
    ],
)
def test_cells_that_are_read(cell: Any, column: Column, value: Any) -> None:
    read = READERS[column.kind](cell, column)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("cell", "column", "rule"),
    [
        ("12.0", CODE, values.CODE_WITH_POINT),
        ("1.50105E+11", CODE, values.CODE_WITH_POINT),
        (12.5, CODE, values.CODE_WITH_POINT),
        (1.5010500100100312e17, CODE, values.DIGITS_LOST),
        ("x" * 21, CODE, values.TOO_LONG),
        ("a\x00b", CODE, values.CONTROL_CHARACTER),
        ("a\x1bb", CODE, values.CONTROL_CHARACTER),
        ("a\ud800b", CODE, values.CONTROL_CHARACTER),
        ("-3", COUNT, values.NEGATIVE),
        ("2.5", COUNT, values.NOT_WHOLE),
        ("6层", COUNT, values.NOT_A_NUMBER),
        ("1,200", COUNT, values.NOT_A_NUMBER),
        ("113_5", NUMBER, values.NOT_A_NUMBER),
        ("nan", NUMBER, values.NOT_A_NUMBER),
        ("inf", NUMBER, values.NOT_A_NUMBER),
        ("1e999", NUMBER, values.NOT_A_NUMBER),
        (float("inf"), NUMBER, values.NOT_A_NUMBER),
        (True, COUNT, values.NOT_A_NUMBER),
        ("301", COUNT, values.TOO_LARGE),
        ("豪宅", ESTATE_TYPE, values.UNKNOWN_CHOICE),
    ],
)
def test_cells_that_are_not(cell: Any, column: Column, rule: Any) -> None:
    with pytest.raises(BadCell) as fault:
        READERS[column.kind](cell, column)
    assert fault.value.rule is rule
    finding = rule.finding(field=column.name, line=2, **fault.value.values)
    assert "{" not in finding.message + finding.message_zh


def test_an_unknown_choice_lists_ours() -> None:
    with pytest.raises(BadCell) as fault:
        READERS["choice"]("豪宅", ESTATE_TYPE)
    assert fault.value.values["choices"] == "commercial, old, unit, resettlement, bungalow, village"


@pytest.mark.parametrize("number", ["11010519491231002X", "110105194912310021", "13800138000"])
def test_personal_numbers_are_refused_and_not_repeated(number: str) -> None:
    column = LAYERS["households"].column("code")
    with pytest.raises(BadCell) as fault:
        READERS[column.kind](number, column)
    finding = fault.value.rule.finding(field="code", line=2, **fault.value.values)
    assert finding.rule == "personal_number"
    assert number not in finding.message + finding.message_zh + str(finding.values)


def test_line_breaks_in_a_text_become_one_blank() -> None:
    assert READERS["text"]("人民路\n 12号　院", Column("address", "text")) == "人民路 12号 院"


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2026-03-01", datetime(2026, 3, 1, tzinfo=SHANGHAI)),
        ("2026/3/1 8:30", datetime(2026, 3, 1, 8, 30, tzinfo=SHANGHAI)),
        ("2026.3.1", datetime(2026, 3, 1, tzinfo=SHANGHAI)),
        ("2026年3月1日", datetime(2026, 3, 1, tzinfo=SHANGHAI)),
        ("2026年3月1日 8时30分", datetime(2026, 3, 1, 8, 30, tzinfo=SHANGHAI)),
        ("2026-03-01T08:30:00+00:00", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01T08:30:00Z", datetime(2026, 3, 1, 8, 30, tzinfo=UTC)),
        ("2026-03-01 08:30:15.250", datetime(2026, 3, 1, 8, 30, 15, 250000, tzinfo=SHANGHAI)),
        (date(2026, 3, 1), datetime(2026, 3, 1, tzinfo=SHANGHAI)),
        (datetime(2026, 3, 1, 8, 30), datetime(2026, 3, 1, 8, 30, tzinfo=SHANGHAI)),  # noqa: DTZ001  as openpyxl gives
    ],
)
def test_times_that_are_read(cell: Any, instant: datetime) -> None:
    assert read_time(cell, SHANGHAI, day_first=None) == instant


@pytest.mark.parametrize(
    ("cell", "day_first", "instant"),
    [
        ("04/12/2018 11:11:26 AM", False, datetime(2018, 4, 12, 11, 11, 26, tzinfo=UTC)),
        ("04/12/2018 12:05:00 AM", False, datetime(2018, 4, 12, 0, 5, tzinfo=UTC)),
        ("04/12/2018 12:05:00 PM", False, datetime(2018, 4, 12, 12, 5, tzinfo=UTC)),
        ("04/12/2018 9:05 pm", True, datetime(2018, 12, 4, 21, 5, tzinfo=UTC)),
        ("12/12/2018", None, datetime(2018, 12, 12, tzinfo=UTC)),
    ],
)
def test_days_and_months_by_the_order_of_the_column(cell: str, day_first: bool | None, instant: datetime) -> None:
    assert read_time(cell, ZoneInfo("UTC"), day_first=day_first) == instant


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        ("gestern", times.NOT_A_TIME),
        ("2026-02-30", times.NOT_A_TIME),
        ("2026-03-01 25:00", times.NOT_A_TIME),
        ("13/13/2018", times.AMBIGUOUS_DAY),
        ("04/12/2018 13:00:00 PM", times.AMBIGUOUS_DAY),
        ("20260301", times.NOT_A_TIME),
    ],
)
def test_times_that_are_not(cell: str, rule: Any) -> None:
    with pytest.raises(BadCell) as fault:
        read_time(cell, SHANGHAI, day_first=None if rule is times.AMBIGUOUS_DAY else False)
    assert fault.value.rule in (rule, times.NOT_A_TIME)


@pytest.mark.parametrize(
    ("cells", "answer"),
    [
        (["04/12/2018", "04/30/2018"], False),
        (["04/12/2018", "30/04/2018"], True),
        (["04/12/2018", "05/06/2018"], None),
        (["04/30/2018", "30/04/2018"], None),
        (["2018-04-12", None, 7], None),
    ],
)
def test_whether_the_day_comes_first_is_read_from_the_column(cells: list[Any], answer: bool | None) -> None:
    assert day_comes_first(cells) is answer
