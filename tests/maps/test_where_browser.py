"""Which grid am I in? Answered by the page alone: its formulae are the service's, its answer is the grid's card."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gisgrid.geometry import crs
from gisgrid.maps.staff_map import render_staff_map

from .conftest import SIDE, SOUTH, WEST

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def context(browser: Any) -> Iterator[Any]:
    with browser.new_context(viewport={"width": 1366, "height": 768}, offline=True) as context:
        yield context


@pytest.fixture
def page(context: Any, place: Any, tmp_path: Path) -> Iterator[Any]:
    file = tmp_path / "map.html"
    file.write_text(render_staff_map(place, audience="public"), encoding="utf-8")
    page = context.new_page()
    page.goto(file.as_uri())
    page.wait_for_selector("html[data-ready]", timeout=10_000)
    page.click("#where summary")
    yield page
    page.close()


def ask(page: Any, text: str, system: str) -> str:
    page.fill("#coordinates", text)
    page.select_option("#system", system)
    page.click("#place button")
    return str(page.locator("#told").inner_text())


def test_the_formulae_are_those_of_the_service_within_a_centimetre(page: Any) -> None:
    random = np.random.default_rng(7)
    lon = np.concatenate([random.uniform(73, 135, 500), random.uniform(-179, 179, 40), [72.004, 137.8347, 0]])
    lat = np.concatenate([random.uniform(3.5, 53.5, 500), random.uniform(-80, 80, 40), [0.8293, 55.8271, 0]])
    for system in ("wgs84", "cgcs2000", "gcj02", "bd09"):
        x, y = crs.to_wgs84(lon, lat, system)
        found = np.array(
            page.evaluate(
                "([places, system]) => places.map((place) => gisgrid.toWgs84(place, system))",
                [np.column_stack([lon, lat]).tolist(), system],
            )
        )
        assert crs.distance_m(x, y, found[:, 0], found[:, 1]).max() < 0.01
    x, y = crs.from_wgs84(lon, lat, "gcj02")
    there = np.array(page.evaluate("(places) => places.map(gisgrid.gcj02Of)", np.column_stack([lon, lat]).tolist()))
    assert crs.distance_m(x, y, there[:, 0], there[:, 1]).max() < 0.01


def test_pasted_coordinates_open_the_card_of_their_grid(page: Any) -> None:
    lon, lat = WEST + 1.5 * SIDE, SOUTH + 0.25 * SIDE  # a quarter of a grid above the southern border: 111 m
    for system in ("wgs84", "gcj02", "bd09"):
        (x,), (y,) = crs.from_wgs84([lon], [lat], system)
        told = ask(page, f"{x:.7f}，{y:.7f}", system)
        assert page.locator("#card .code").inner_text() == "990101001001002"
        assert "距网格边界约 111米" in told
        assert page.evaluate("location.hash") == "#990101001001002"
        ask(page, f"{WEST - 1}, {SOUTH}", "wgs84")  # elsewhere: the card is closed again


def test_a_place_outside_tells_the_nearest_grid(page: Any) -> None:
    told = ask(page, f"经度{WEST - 0.001}　纬度{SOUTH + 0.001}", "cgcs2000")
    assert told.startswith("不在任何网格内，最近的是 第1网格，约 89")
    assert page.locator("#card .code").count() == 0


def test_what_is_wrong_is_said_and_nothing_is_chosen(page: Any) -> None:
    for text, system, said in (
        ("116.001", "wgs84", "请写两个数"),
        ("116.001, 37.301, 5", "wgs84", "请写两个数"),
        ("<b>116</b>", "wgs84", "请写两个数"),
        ("37.301, 116.001", "wgs84", "经度在前"),
        ("116.001, 37.301", "", "请选择坐标系"),
    ):
        assert said in ask(page, text, system)
        assert page.locator("#card .code").count() == 0


def test_the_browsers_position_is_taken_with_its_accuracy_or_its_refusal_is_said(page: Any, context: Any) -> None:
    fake = (
        "(answer) => { navigator.geolocation.getCurrentPosition = (done, failed) => answer ? done(answer) : failed(); }"
    )
    page.evaluate(fake, None)
    page.click("#here")
    assert "请粘贴坐标" in page.locator("#told").inner_text()
    where = {"longitude": WEST + 4.5 * SIDE, "latitude": SOUTH + 0.5 * SIDE, "accuracy": 23}
    page.evaluate(fake, {"coords": where})
    page.click("#here")
    assert page.locator("#card .code").inner_text() == "990101001002002"
    assert "位置误差约 23米" in page.locator("#told").inner_text()
