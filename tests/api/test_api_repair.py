"""Grids drawn by hand: a file becomes a draft for each community, its repair one that can be edited and published."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import shapely
from served_town import EAST, WEST, Service, box

from gisgrid import importing, repairing, workflow
from gisgrid.errors import Conflict, RefusedData, UnreadableFile, UsageError
from gisgrid.importing import Imported, ImportRequest
from gisgrid.store import plans
from gisgrid.store.database import Database

Problem = Callable[[httpx.Response, int, str], dict[str, object]]

WEST_HALF, EAST_HALF = box(-0.05, 0, 2.1, 3), box(2.0, 0, 1.97, 3)
"""Of WEST: over its western edge, doubled by 0.05 steps (4 m) where they meet, 0.03 steps short of its eastern edge."""
OVER_EAST = box(4.0, 0, 4.0, 3.02)


def layer(
    folder: Path, *rows: tuple[str | None, str | None, str | None, shapely.Geometry], suffix: str = "csv"
) -> Path:
    """A file of grids: code, name, kind, polygon."""
    path = folder / f"grids.{suffix}"
    if suffix == "csv":
        lines = [f'{code or ""},{name or ""},{kind or ""},"{shape.wkt}"' for code, name, kind, shape in rows]
        path.write_text("\n".join(["编码,网格名称,类型,wkt", *lines]), "utf-8")
        return path
    features = [
        {"type": "Feature", "properties": {"code": code, "name": name, "kind": kind},
         "geometry": shapely.geometry.mapping(shape)}
        for code, name, kind, shape in rows
    ]  # fmt: skip
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
    return path


def load(database: Database, path: Path, **options: object) -> Imported:
    return importing.import_layer(database, ImportRequest("grids", path, crs="wgs84", **options))  # type: ignore[arg-type]  # of the test


def told(imported: Imported) -> dict[str, list[dict[str, object]]]:
    """The values of each finding, by rule."""
    found: dict[str, list[dict[str, object]]] = {}
    for finding in imported.findings:
        found.setdefault(finding.rule, []).append(dict(finding.values))
    return found


@pytest.fixture(scope="module")
def drawing(shared_service: Service, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The plan that a file of WEST and EAST made of WEST."""
    path = layer(
        tmp_path_factory.mktemp("drawn"),
        (f"{WEST}077", "河西网格", "居民", WEST_HALF),
        (None, "河东网格", None, EAST_HALF),
        (None, None, "专属", OVER_EAST),
        suffix="geojson",
    )
    imported = load(shared_service.database, path)
    assert (imported.inserted, imported.unchanged, imported.rejected) == (3, 0, 0)
    drafted = {str(each["community"]): str(each["plan"]) for each in told(imported)["grids_drafted"]}
    assert set(drafted) == {WEST, EAST}
    again = load(shared_service.database, path)
    assert (again.inserted, again.unchanged) == (0, 3)
    assert {str(each["plan"]) for each in told(again)["grids_known"]} == set(drafted.values())
    return drafted[WEST]


@pytest.fixture
def planner(shared_service: Service) -> httpx.Client:
    return shared_service.client("planner")


def test_a_drawing_stays_as_it_is_and_says_what_to_do(planner: httpx.Client, drawing: str, problem: Problem) -> None:
    plan = planner.get(f"/v1/plans/{drawing}").json()
    assert [(grid["name"], grid["code"], grid["kind"]) for grid in plan["grids"]] == [
        ("河西网格", f"{WEST}077", "residential"),
        ("河东网格", None, "residential"),
    ]
    rules = [finding["rule"] for finding in plan["findings"]]
    assert rules[0] == "plan_without_cells"
    assert {"grids_overlap", "ground_without_grid", "grid_outside_community"} == set(rules[1:])
    shapes = planner.get(f"/v1/plans/{drawing}/grids").json()["features"]
    assert shapely.from_geojson(json.dumps(shapes[0]["geometry"])).equals(WEST_HALF)
    stroke = planner.post(
        f"/v1/plans/{drawing}/edits", json={"op": "assign", "cells": [0], "to": "2"}, headers={"If-Match": "1"}
    )
    problem(stroke, 409, "conflict")


def test_a_repair_is_seen_before_it_is_made_and_then_lies_on_cells(
    shared_service: Service, planner: httpx.Client, drawing: str, problem: Problem
) -> None:
    before = planner.get("/v1/plans").json()
    seen = planner.post(f"/v1/plans/{drawing}/repair", json={"dry_run": True})
    assert (seen.status_code, seen.json()["plan"]) == (200, None)
    assert planner.get("/v1/plans").json() == before
    made = planner.post(f"/v1/plans/{drawing}/repair")
    assert made.status_code == 201
    document = made.json()
    assert {**document, "plan": None} == seen.json()
    assert made.headers["location"] == f"/v1/plans/{document['plan']}"

    total, *changes = document["changes"]
    assert total["rule"] == "repaired_total"
    assert {change["rule"] for change in changes} == {"repaired_overlap", "repaired_gap", "repaired_outside"}
    assert all(change["geometry"]["type"] in {"Polygon", "MultiPolygon"} and change["codes"] for change in changes)
    assert sum(change["values"]["area_m2"] for change in changes) == pytest.approx(document["moved_m2"], abs=0.05)
    assert document["moved_m2"] == pytest.approx((0.05 + 0.05 + 0.03) * 3 * 84.3 * 111.04, rel=0.02)

    plan = planner.get(made.headers["location"]).json()
    assert {"plan_without_cells", "grids_overlap", "ground_without_grid"}.isdisjoint(
        finding["rule"] for finding in plan["findings"]
    )
    assert [f for f in plan["findings"] if f["rule"].startswith("repaired_")] == document["changes"]
    assert sum(grid["households"] for grid in plan["grids"]) == 24 * 40
    assert [(grid["name"], grid["code"]) for grid in plan["grids"]] != []
    buildings = planner.get(f"{made.headers['location']}/buildings").json()["features"]
    assert {each["properties"]["grid"] for each in buildings} == {"1", "2"}
    problem(planner.post(f"{made.headers['location']}/repair"), 409, "conflict")

    stroke = planner.post(
        f"{made.headers['location']}/edits",
        json={"op": "assign", "buildings": [f"{WEST}-02"], "to": "2"},
        headers={"If-Match": "1"},
    )
    assert stroke.status_code == 200, stroke.text
    undone = planner.post(f"{made.headers['location']}/undo", headers={"If-Match": stroke.headers["etag"]})
    assert undone.status_code == 200, undone.text
    edition = workflow.publish_plan(
        shared_service.database, document["plan"], accept=("all",), actor="test", from_draft=True
    )
    assert len(edition.grids) == 2


def test_who_may_repair(shared_service: Service, drawing: str, problem: Problem) -> None:
    for role in ("viewer", "dispatch", "reviewer"):
        problem(shared_service.client(role).post(f"/v1/plans/{drawing}/repair"), 403, "forbidden")
    planner = shared_service.client("planner")
    problem(planner.post(f"/v1/plans/{drawing}/repair", json={"dry_run": "yes"}), 422, "invalid_body")
    problem(planner.post("/v1/plans/999999/repair"), 404, "not_found")


def test_bad_grids_are_refused_or_set_apart_with_the_line(town: Database, tmp_path: Path) -> None:
    point, bow = shapely.Point(111.701, 40.801), shapely.Polygon([(111.7, 40.8), (111.702, 40.802), (111.702, 40.8),
                                                                  (111.7, 40.802)])  # fmt: skip
    rows = [
        (None, "好", None, WEST_HALF),
        (None, "点", None, point),
        (None, "远", None, shapely.box(10, 10, 10.01, 10.01)),
        ("12", "短码", None, EAST_HALF),
        (f"{WEST}005", "重复一", None, EAST_HALF),
        (f"{WEST}005", "重复二", None, EAST_HALF),
        (None, "类型", "公园", EAST_HALF),
        (None, "蝴蝶结", None, bow),
    ]
    path = layer(tmp_path, *rows)  # type: ignore[arg-type]  # rows of four
    with pytest.raises(RefusedData, match="5 rows of"):
        load(town, path)
    with town.transaction() as connection:
        assert plans.drawn_drafts(connection, WEST) == []
    imported = load(town, path, rejects=tmp_path / "bad.csv")
    assert (imported.inserted, imported.rejected) == (2, 6)
    errors = {(finding.line, finding.rule) for finding in imported.findings if finding.severity == "error"}
    assert errors == {
        (3, "geometry_refused"),
        (4, "grid_in_no_community"),
        (5, "grid_code_width"),
        (6, "duplicate_key"),
        (7, "duplicate_key"),
        (8, "unknown_choice"),
    }
    assert "geometry_repaired" in told(imported), "a bow-tie becomes two triangles, and is told"


def test_codes_that_cannot_go_on_are_left_and_told(town: Database, tmp_path: Path) -> None:
    path = layer(tmp_path, (f"{EAST}009", "别处", None, WEST_HALF), (f"{WEST}001", "在用", None, EAST_HALF))
    imported = load(town, path)
    assert told(imported)["grid_code_elsewhere"] == [{"code": f"{EAST}009", "community": WEST}]
    with town.transaction() as connection:
        (plan,) = plans.drawn_drafts(connection, WEST)
    assert [grid.code for grid in plan.grids] == [None, f"{WEST}001"]


def test_a_dry_run_an_empty_file_and_a_plan_that_was_drawn_by_the_search(town: Database, tmp_path: Path) -> None:
    assert load(town, layer(tmp_path, (None, None, None, WEST_HALF)), dry_run=True).inserted == 1
    with town.transaction() as connection:
        assert plans.drawn_drafts(connection, WEST) == []
    assert told(load(town, layer(tmp_path)))["no_rows"] == [{}]
    (tmp_path / "grids.geojson").write_text("", "utf-8")
    with pytest.raises(UnreadableFile):
        load(town, tmp_path / "grids.geojson")
    with pytest.raises(UsageError, match="--crs"):
        importing.import_layer(town, ImportRequest("grids", layer(tmp_path, (None, None, None, WEST_HALF))))
    published = workflow.list_plans(town, WEST)[0].id
    with pytest.raises(Conflict, match="lies on cells already"):
        repairing.repair_plan(town, published)
