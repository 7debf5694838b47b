"""Time limits from the imported tables to the answer on the wire, and the list of what is overdue."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from served_town import Service
from sqlalchemy import text

from gisgrid import importing
from gisgrid.errors import RefusedData
from gisgrid.model import LayerName
from gisgrid.store.database import Database

IN_WEST = {"lon": 111.7012, "lat": 40.8012, "crs": "wgs84"}
CATEGORIES = "编码,名称,上级\n01,环境卫生,\n0101,暴露垃圾,01\n"
LIMITS = "事项编码,紧急程度,接单时限,办结时限,单位\n01,,2,24,小时\n01,紧急,1,4,小时\n02,,,3,工作日\n"
HOLIDAYS = "日期,类型,名称\n2026-05-01,节假日,劳动节\n2026/5/9,调休,\n"


def load(database: Database, folder: Path, layer: LayerName, content: str) -> importing.Imported:
    path = folder / f"{layer}.csv"
    path.write_text(content, encoding="utf-8")
    return importing.import_layer(database, importing.ImportRequest(layer=layer, path=path))


@pytest.fixture
def limited(service: Service, tmp_path: Path) -> Service:
    """The town with categories, limits and holidays, imported twice."""
    for _ in range(2):
        for layer, content in (("categories", CATEGORIES), ("limits", LIMITS), ("holidays", HOLIDAYS)):
            load(service.database, tmp_path, layer, content)  # type: ignore[arg-type]
    return service


def hours(document: dict[str, dict[str, str | None]], name: str) -> float | None:
    """The hours from now until the report is due."""
    due = document["due"][name]
    return None if due is None else round((datetime.fromisoformat(due) - datetime.now(UTC)) / timedelta(hours=1), 1)


def test_a_report_tells_until_when_it_is_due(limited: Service) -> None:
    client = limited.client("dispatch")

    def filed(number: int, **more: object) -> dict:
        answer = client.post("/v1/reports", json={"source": "s", "external_id": f"A-{number}", **IN_WEST, **more})
        return answer.json()

    below, urgent = filed(1, category="0101"), filed(2, category="0101", urgency="紧急")
    none, days = filed(3, category="09"), filed(4, category="02")
    assert (hours(below, "accept"), hours(below, "close")) == (2.0, 24.0)
    assert (hours(urgent, "accept"), hours(urgent, "close")) == (1.0, 4.0)
    assert none["due"] == {"accept": None, "close": None}
    assert days["due"]["accept"] is None
    assert days["due"]["close"].endswith("10:00:00+00:00")  # 18:00 in China
    events = f"/v1/reports/{urgent['id']}/events"
    for event in ({"type": "close"}, {"type": "reopen"}):
        last = client.post(events, json=event).json()
    assert last["due"] != urgent["due"]  # the clock begins anew
    assert last["history"][-1]["details"]["due"] == last["due"]
    again = filed(2, category="0101", urgency="紧急")
    assert again["due"] == urgent["due"]  # the first answer


def test_the_overdue_list(limited: Service) -> None:
    client = limited.client("dispatch")
    ids = [
        client.post("/v1/reports", json={"source": "s", "external_id": str(n), "category": "01", **IN_WEST}).json()[
            "id"
        ]
        for n in range(4)
    ]
    unlimited = client.post("/v1/reports", json={"source": "s", "external_id": "9", **IN_WEST}).json()["id"]

    def listed(answer: str) -> list[str]:
        return [each["id"] for each in client.get("/v1/reports", params={"overdue": answer}).json()["reports"]]

    assert (listed("true"), listed("false")) == ([], [*ids, unlimited])
    with limited.database.transaction() as connection:  # three hours go by for the first three
        connection.execute(
            text(
                "UPDATE gisgrid.reports SET accept_due = accept_due - interval '3 hours'"
                " WHERE external_id IN ('0', '1', '2')"
            )
        )
    assert listed("true") == ids[:3]
    client.post(f"/v1/reports/{ids[0]}/events", json={"type": "accept"})
    client.post(f"/v1/reports/{ids[1]}/events", json={"type": "reassign", "note": "重新落格"})
    assert (listed("true"), listed("false")) == ([ids[2]], [ids[0], ids[1], ids[3], unlimited])


def test_importing_again_changes_nothing_and_bad_rows_are_named(limited: Service, tmp_path: Path) -> None:
    again = load(limited.database, tmp_path, "limits", LIMITS)
    assert (again.inserted, again.updated, again.unchanged) == (0, 0, 3)
    assert load(limited.database, tmp_path, "holidays", HOLIDAYS).unchanged == 2
    with limited.database.transaction() as connection:
        days = connection.execute(text("SELECT date::text, kind FROM gisgrid.holidays ORDER BY date")).all()
    assert [tuple(day) for day in days] == [("2026-05-01", "holiday"), ("2026-05-09", "workday")]
    for bad, rule in (
        ("category,close_within,unit\n01,0,hours\n", "not_positive"),
        ("category,close_within,unit\n01,3,weeks\n", "not_a_choice"),
        ("category,close_within,unit\n01,3,hours\n01,4,hours\n", "duplicate_key"),
    ):
        with pytest.raises(RefusedData) as refusal:
            load(limited.database, tmp_path, "limits", bad)
        assert refusal.value.findings[0].line == 2, rule
