"""What is counted of estates: in a real PostGIS, by buildings, by points, by the city's quarter."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text
from town import COMMUNITY, build, footprint, publish, save_plan

from gisgrid import cli, filing, handling
from gisgrid.directory import GridDirectory
from gisgrid.model import Report, ReportEventRequest
from gisgrid.model.rankings import Quarter
from gisgrid.rankings import read_ranking
from gisgrid.store import rankings
from gisgrid.store.database import Database
from gisgrid.store.tables import BUILDINGS, ESTATES

NOW = datetime(2026, 11, 20, 4, tzinfo=UTC)
IN_Q3 = datetime(2026, 9, 30, 15, 59, tzinfo=UTC)
IN_Q4 = IN_Q3 + timedelta(minutes=1)


@pytest.fixture
def town(database: Database) -> Database:
    """Estate E1 is the building s1, E2 is s2 and has an area that also holds n2, E3 is n3 without households."""
    with database.transaction() as connection:
        build(connection)
        publish(connection, save_plan(connection))
        area = footprint(2).union(footprint(3)).convex_hull.wkt.replace("POLYGON ", "MULTIPOLYGON (") + ")"
        for estate, building, geom in (("E1", "s1", None), ("E2", "s2", f"SRID=4326;{area}"), ("E3", "n3", None)):
            connection.execute(insert(ESTATES).values(code=estate, name=f"{estate}小区", geom=geom))
            connection.execute(BUILDINGS.update().where(BUILDINGS.c.code == building).values(estate_code=estate))
        connection.execute(BUILDINGS.update().where(BUILDINGS.c.code == "n3").values(households=0))
    return database


def file(database: Database, number: int, at: datetime, **place: object) -> str:
    report = Report("12345", f"A-{number}", text="路灯不亮", reported_at=at, **place)  # type: ignore[arg-type]
    directory = GridDirectory(database, nearest_tolerance_m=0.0)
    return filing.file_report(database, directory, report, actor="hotline").record.id


def set_due(database: Database, report: str, due: datetime) -> None:
    with database.transaction() as connection:
        connection.execute(
            text("UPDATE gisgrid.reports SET close_due = :due WHERE id = :id"), {"due": due, "id": report}
        )


def close(database: Database, report: str, *events: str) -> None:
    directory = GridDirectory(database, nearest_tolerance_m=0.0)
    for event in events:
        request = ReportEventRequest(event, "办理")  # type: ignore[arg-type]  # one of the types
        handling.handle_report(database, directory, report, request, actor="clerk")


def test_reports_are_counted_where_they_belong_and_judged_by_their_limit(
    town: Database, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    today = datetime.now(UTC)
    file(town, 1, IN_Q3, building_code="s1")  # without a limit: nobody can say whether it is late
    on_point = {"lon": 111.001, "lat": 40.001, "crs": "wgs84"}
    late = file(town, 2, IN_Q3, **on_point)  # its point lies on s1
    set_due(town, late, today - timedelta(days=1))
    in_time = file(town, 3, IN_Q3, lon=111.003, lat=40.002, crs="wgs84")  # in the area of E2, on no building
    close(town, in_time, "accept", "close", "reopen", "close")
    set_due(town, in_time, today + timedelta(days=1))
    file(town, 4, IN_Q4, building_code="s1")
    file(town, 5, IN_Q3, building_code="n3")
    file(town, 6, IN_Q3, building_code="n1")  # in a grid, in no estate
    with town.transaction() as connection:
        ranking = read_ranking(connection, COMMUNITY, NOW)
        counted = rankings.counts(connection, Quarter(2026, 3), ["E1", "E2", "E3"], [COMMUNITY], today)
    found = {code: (each.reports, each.due, each.late, each.reopened) for code, each in counted.estates.items()}
    assert found == {"E1": (2, 1, 1, 0), "E2": (1, 1, 0, 1), "E3": (1, 0, 0, 0)}
    assert counted.elsewhere == 1
    assert ranking.quarter == Quarter(2026, 3)
    assert [(each.estate.code, each.place) for each in ranking.estates] == [("E1", 1), ("E2", 1), ("E3", None)]
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)
    with pytest.raises(SystemExit) as ended:
        cli.main(["ranking", COMMUNITY, "--quarter", "2026q4", "--json"])
    assert not ended.value.code
    told = json.loads(capsys.readouterr().out)
    assert [(row["code"], row["reports"], row["place"], row["change"]) for row in told["estates"]][:2] == [
        ("E2", 0, 1, 0), ("E1", 1, 2, 0),
    ]  # fmt: skip
    for arguments, sentence in ((["2199Q1"], "has not begun"), (["spring"], "is no quarter")):
        with pytest.raises(SystemExit) as refused:
            cli.main(["ranking", COMMUNITY, "--quarter", *arguments])
        assert refused.value.code == 2
        assert sentence in capsys.readouterr().err
