"""Tiles under the map: nothing is asked for until they are switched on, and on GCJ-02 the drawing is shifted."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gisgrid.errors import UsageError
from gisgrid.geometry import crs
from gisgrid.maps.base_map import BaseMap
from gisgrid.maps.content import MapData
from gisgrid.maps.staff_map import render_staff_map

from . import unpacking
from .conftest import HOSTILE, SIDE, SOUTH, WEST

URL = "https://t{s}.tiles.example/vec_w?z={z}&y={y}&x={x}&tk=key"
LAYER = "Object.entries(window).find(([name]) => name.startsWith('grid_layer_'))[1]"


def test_the_policy_names_the_hosts_of_the_tiles_and_no_other(place: MapData) -> None:
    tiled = dataclasses.replace(place, base_map=BaseMap(URL, credit=HOSTILE[4]))
    html = render_staff_map(tiled, audience="public")
    (images,) = re.findall(r"img-src ([^;]*);", html)
    assert images.split() == ["data:", *(f"https://t{n}.tiles.example" for n in range(8))]
    assert "<bdi>&quot;&gt;&lt;svg onload=alert(1)&gt;</bdi>" in html
    assert BaseMap("http://10.1.2.3:8080/{z}/{x}/{y}.png").hosts == ["http://10.1.2.3:8080"]


@pytest.mark.parametrize(
    "url",
    [
        "tiles.example/{z}/{x}/{y}",
        "https://tiles.example/{z}/{x}",
        "https://tiles.example'; script-src */{z}/{x}/{y}",
        "https://{x}.example/{z}/{x}/{y}",
        "javascript:alert(1)//{z}/{x}/{y}",
    ],
)
def test_what_is_no_address_of_tiles_is_refused(url: str) -> None:
    with pytest.raises(UsageError, match="no address of tiles"):
        BaseMap(url)


def test_tiles_in_another_system_are_refused() -> None:
    with pytest.raises(UsageError, match="not in 'bd09'"):
        BaseMap.configured(URL, "bd09", "")
    assert BaseMap.configured(None, "bd09", "") is None


@pytest.mark.browser
def test_tiles_come_when_they_are_switched_on_and_the_drawing_is_shifted_not_the_data(
    place: MapData, browser: Any, tmp_path: Path
) -> None:
    file = tmp_path / "map.html"
    html = render_staff_map(dataclasses.replace(place, base_map=BaseMap(URL, "gcj02")), audience="public")
    file.write_text(html, encoding="utf-8")
    (ring,) = unpacking.grids(unpacking.block(html))[0]["rings"]
    assert np.abs(ring - [WEST, SOUTH]).max() < SIDE + 1e-6
    asked: list[str] = []
    with browser.new_context(viewport={"width": 1366, "height": 768}) as context:
        page = context.new_page()
        page.route(re.compile("^http"), lambda route: (asked.append(route.request.url), route.abort()))
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=10_000)
        page.wait_for_timeout(200)
        assert asked == []
        x, y = page.evaluate(f"[...{LAYER}.content.grids[0].rings[0].slice(0, 2)]")
        lon, lat = (x / 256 - 0.5) * 360, np.degrees(np.arctan(np.sinh((0.5 - y / 256) * 2 * np.pi)))
        (gcj_lon,), (gcj_lat,) = crs.from_wgs84(ring[:1, 0], ring[:1, 1], "gcj02")
        assert crs.distance_m(lon, lat, gcj_lon, gcj_lat) < 0.01
        page.click(".gisgrid-switches summary")
        page.check("input[name=base]")
        page.wait_for_timeout(300)
        assert asked
        address = r"https://t[0-7]\.tiles\.example/vec_w\?z=\d+&y=\d+&x=\d+&tk=key"
        assert all(re.fullmatch(address, url) for url in asked)
        page.click("#where summary")
        page.fill("#coordinates", f"{WEST + 1.5 * SIDE}, {SOUTH + 0.25 * SIDE}")
        page.select_option("#system", "wgs84")
        page.click("#place button")
        assert page.locator("#card .code").inner_text() == "990101001001002"
