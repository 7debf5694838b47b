"""What a report must be to be kept, and how a repeat is told from a change."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.dispatch.intake import TEXT_LIMITS, content_digest, field_faults, require_sound
from gisgrid.errors import UsageError
from gisgrid.model import Report

SOUND = Report(
    "12345", "A-1", category="0103", text="路灯不亮", lon=111.7, lat=40.8, crs="wgs84", accuracy_m=15.0,
    reported_at=datetime(2026, 5, 4, 0, 30, tzinfo=UTC),
)  # fmt: skip


def test_a_sound_report_has_no_fault() -> None:
    assert field_faults(SOUND) == ()
    require_sound(SOUND)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"source": ""}, "source"),
        ({"external_id": "  "}, "external_id"),
        ({"text": "a\x00b"}, "text"),
        ({"address": "\ud83d"}, "address"),
        ({"text": "x" * (TEXT_LIMITS["text"] + 1)}, "text"),
        ({"building_code": "x" * 101}, "building_code"),
        ({"urgency": "x" * 51}, "urgency"),
        ({"grid_code": "15010500100100"}, "grid_code"),
        ({"grid_code": "150105001001003\n"}, "grid_code"),
        ({"grid_code": "15010500100100３"}, "grid_code"),
        ({"grid_code": "x" * 1000}, "grid_code"),
        ({"lon": None}, "lon"),
        ({"lat": None}, "lat"),
        ({"crs": None}, "crs"),
        ({"lon": float("nan")}, "lon"),
        ({"lat": float("inf")}, "lat"),
        ({"accuracy_m": -1.0}, "accuracy_m"),
        ({"accuracy_m": 1e300}, "accuracy_m"),
        ({"accuracy_m": float("inf")}, "accuracy_m"),
        ({"reported_at": datetime(2026, 5, 4)}, "reported_at"),  # noqa: DTZ001 - the fault that is tested
        ({"reported_at": datetime(1, 1, 1, tzinfo=UTC)}, "reported_at"),
    ],
)
def test_each_fault_names_its_field_and_the_remedy(change: dict[str, object], field: str) -> None:
    report = dataclasses.replace(SOUND, **change)
    faults = field_faults(report)
    assert [fault.field for fault in faults] == [field]
    assert faults[0].message.startswith(field)
    with pytest.raises(UsageError, match=field):
        require_sound(report)


def test_coordinates_out_of_range_do_not_refuse_a_report() -> None:
    assert field_faults(dataclasses.replace(SOUND, lon=40.8, lat=111.7)) == ()


def test_the_same_content_has_the_same_digest_and_any_other_another() -> None:
    assert len(content_digest(SOUND)) == 32
    same_instant = SOUND.reported_at.astimezone(timezone(timedelta(hours=8)))  # type: ignore[union-attr]  # it is given above
    assert content_digest(dataclasses.replace(SOUND, reported_at=same_instant)) == content_digest(SOUND)
    changes = [
        {"source": "x"}, {"external_id": "x"}, {"category": None}, {"text": "x"}, {"lon": 111.8}, {"lat": 40.9},
        {"crs": "gcj02"}, {"accuracy_m": 16.0}, {"address": "x"}, {"building_code": "x"}, {"target": "property"},
        {"reported_at": None}, {"urgency": "急"}, {"grid_code": "150105001001003"},
    ]  # fmt: skip
    assert {next(iter(change)) for change in changes} == {field.name for field in dataclasses.fields(Report)}
    assert content_digest(SOUND).hex().startswith("98ac29901f1ae0e4"), "reports kept by earlier versions would differ"
    digests = {content_digest(dataclasses.replace(SOUND, **change)) for change in changes}
    assert len(digests | {content_digest(SOUND)}) == len(changes) + 1


@given(
    st.fixed_dictionaries(
        {"source": st.text(), "external_id": st.text()},
        optional={
            "text": st.none() | st.text(), "lon": st.floats(allow_nan=False), "lat": st.none() | st.floats(-90, 90),
            "accuracy_m": st.none() | st.floats(0, 1e6), "urgency": st.none() | st.text(),
        },
    )
)  # fmt: skip
def test_the_digest_is_that_of_the_content_as_json_with_sorted_names(content: dict[str, Any]) -> None:
    given = {name: value for name, value in {**content, "target": "grid"}.items() if value is not None}
    spelled = json.dumps(given, sort_keys=True, ensure_ascii=True)
    assert content_digest(Report(**content)) == hashlib.sha256(spelled.encode()).digest()
