"""Grids drawn elsewhere, sent by a page: every repair told beforehand, kept whole or not at all, bounded."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import shapely
from served_town import EAST, STREETS, WEST, Service, box

from gisgrid import uploading
from gisgrid.ingest.vector import Limits

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
WEST_HALF, EAST_HALF = box(-0.05, 0, 2.1, 3), box(2.0, 0, 1.97, 3)
"""Over WEST's western edge, doubled by 0.05 steps (4 m) where they meet, 0.03 steps short of its eastern edge."""


def geojson(*shapes: shapely.Geometry, name: str = "网格") -> bytes:
    features = [
        {"type": "Feature", "properties": {"name": f"{name}{at}"}, "geometry": shapely.geometry.mapping(shape)}
        for at, shape in enumerate(shapes)
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}).encode()


def send(client: httpx.Client, content: bytes, **query: object) -> httpx.Response:
    params = {"community": WEST, "name": "手绘 <b>.geojson", **query}
    headers = {"Content-Type": "application/octet-stream"}
    return client.post("/v1/plans/import", params=params, content=content, headers=headers)  # type: ignore[arg-type]  # of the test


def listed(client: httpx.Client) -> list[str]:
    return [each["plan"] for each in client.get("/v1/plans").json()["plans"]]


def test_every_repair_is_told_before_anything_is_kept(shared_service: Service) -> None:
    client = shared_service.client("planner", STREETS[0])
    content = geojson(WEST_HALF, EAST_HALF, box(4.5, 0, 1, 1))
    before = listed(client)
    seen = send(client, content, dry_run="true")
    assert seen.status_code == 200, seen.text
    looked = seen.json()
    assert (looked["plan"], looked["drawing"], listed(client)) == (None, None, before), "nothing written"
    told = ("repaired_overlap", "repaired_gap", "repaired_outside")
    assert set(told) <= {each["rule"] for each in looked["changes"]}
    assert all(each["geometry"] for each in looked["changes"] if each["rule"] in told)
    assert looked["moved_m2"] > 0
    assert [(each["rule"], each["values"]) for each in looked["remarks"]] == [("grids_left_out", {"count": 1})]
    kept = send(client, content)
    assert kept.status_code == 201, kept.text
    document = kept.json()
    assert {**document, "plan": None, "drawing": None} == looked, "what was looked at is what is kept"
    assert kept.headers["location"] == f"/v1/plans/{document['plan']}"
    plan = client.get(kept.headers["location"]).json()
    assert (plan["community"], plan["state"], len(plan["grids"])) == (WEST, "draft", 2)
    assert len(listed(client)) == len(before) + 2, "the drawing as it came, and its repair"


def test_a_shapefile_comes_zipped_and_says_its_system(shared_service: Service, tmp_path: Path) -> None:
    import geopandas  # noqa: PLC0415 - only here

    frame = geopandas.GeoDataFrame({"name": ["甲", "乙"]}, geometry=[WEST_HALF, EAST_HALF], crs=4326).to_crs(4547)
    frame.to_file(tmp_path / "drawn.shp", encoding="utf-8")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for part in tmp_path.glob("drawn.*"):
            archive.write(part, part.name)
    seen = send(shared_service.client("planner"), packed.getvalue(), name="drawn.zip", dry_run="true")
    assert seen.status_code == 200, seen.text
    assert [grid["name"] for grid in seen.json()["grids"]] == ["甲", "乙"]


@pytest.mark.parametrize(
    ("content", "query", "status", "code"),
    [
        (geojson(WEST_HALF), {"name": "drawn.exe"}, 422, "unreadable_file"),
        (geojson(WEST_HALF), {"name": "../../etc/passwd"}, 422, "unreadable_file"),
        (geojson(WEST_HALF), {"name": ""}, 422, "invalid_parameters"),
        (geojson(WEST_HALF), {"crs": "epsg:4326"}, 422, "invalid_parameters"),
        (geojson(WEST_HALF), {"dry_run": "1"}, 422, "invalid_parameters"),
        (geojson(WEST_HALF), {"community": "990101009009"}, 404, "not_found"),
        (geojson(box(4.5, 0, 1, 1)), {}, 409, "refused_data"),
        (geojson(shapely.Point(111.7, 40.8)), {}, 409, "refused_data"),
        (geojson(), {}, 409, "refused_data"),
        (b"{", {}, 422, "unreadable_file"),
        (b"PK", {"name": "drawn.zip"}, 422, "unreadable_file"),
        (b"", {"name": "drawn.gpkg"}, 422, "unreadable_file"),
    ],
)
def test_a_file_that_cannot_be_used_is_a_problem_and_leaves_nothing(
    shared_service: Service, problem: Problem, content: bytes, query: dict[str, object], status: int, code: str
) -> None:
    client = shared_service.client("planner")
    before = listed(client)
    problem(send(client, content, **query), status, code)
    assert listed(client) == before


def test_size_scope_and_type_are_bounded(
    shared_service: Service, problem: Problem, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = shared_service.client("planner", STREETS[0])
    problem(send(client, geojson(WEST_HALF), community=EAST), 403, "forbidden")
    problem(client.post(f"/v1/plans/import?community={WEST}&name=a.geojson", json={}), 415, "unsupported_media_type")
    monkeypatch.setattr(uploading, "VERTICES_LIMIT", 8)
    problem(send(client, geojson(WEST_HALF, EAST_HALF)), 409, "refused_data")
    monkeypatch.setattr(uploading, "LIMITS", Limits(unzipped=2**20))
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in ("a.shp", "a.dbf"):
            archive.writestr(part, bytes(2**20))
    refused = problem(send(client, bomb.getvalue(), name="bomb.zip"), 422, "unreadable_file")
    assert "unpacks to more than 1 MB" in str(refused["detail"])
