"""`GET /v1/sources` over a real server: a source that declares the wrong system is found by the buildings."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import numpy as np
import shapely
from served_town import WEST, Service
from sqlalchemy import text

from api import schemas
from gisgrid.geometry.crs import from_wgs84

Problem = Callable[[httpx.Response, int, str], dict[str, object]]


def test_a_source_that_sends_another_system_than_it_declares_has_a_finding(service: Service) -> None:
    client = service.client("dispatch")
    with service.database.transaction() as connection:
        rows = connection.execute(text("SELECT public.ST_AsBinary(geom) FROM gisgrid.buildings")).scalars()
        footprints = shapely.from_wkb([bytes(row) for row in rows])
    random = np.random.default_rng(7)
    corners = shapely.bounds(footprints[random.integers(0, len(footprints), 200)])
    x, y = random.uniform(corners[:, :2], corners[:, 2:]).T
    amap = from_wgs84(x, y, "gcj02")
    for source, declared in (("honest", "gcj02"), ("mistaken", "wgs84")):
        batch = [
            {"source": source, "external_id": str(n), "lon": float(lon), "lat": float(lat), "crs": declared}
            for n, (lon, lat) in enumerate(zip(*amap, strict=True))
        ]
        assert client.post("/v1/reports/batch", json=batch).status_code == 200
    client.post("/v1/reports", json={"source": "voice", "external_id": "1", "text": "路灯不亮"})

    answer = client.get("/v1/sources", params={"days": 1})
    schemas.SourceList.model_validate_json(answer.content)
    found = {each["source"]: each for each in answer.json()["sources"]}
    assert list(found) == ["honest", "mistaken", "voice"]
    assert [found["honest"]["reports"], found["honest"]["findings"]] == [200, []]
    assert found["honest"]["fits"]["gcj02"]["share"] == 1.0
    finding = found["mistaken"]["findings"][0]
    assert (finding["rule"], finding["values"]["fitting"]) == ("source_datum_doubtful", "gcj02")
    assert (found["voice"]["crs"], found["voice"]["places"], found["voice"]["unplaced"]) == (None, None, 1)


def test_sources_are_the_whole_services_matter(shared_service: Service, problem: Problem) -> None:
    problem(shared_service.client("dispatch", WEST).get("/v1/sources"), 403, "forbidden")
    problem(shared_service.client("planner").get("/v1/sources"), 403, "forbidden")
    problem(shared_service.client("dispatch").get("/v1/sources", params={"days": 0}), 422, "invalid_parameters")
    assert shared_service.client("admin").get("/v1/sources").json()["sources"] == []
