"""The layer of grids on a folium map of one's own, and both maps in a notebook's frame: a browser without network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import folium
import pytest

from gisgrid.maps.content import MapData
from gisgrid.maps.frame import Verbatim
from gisgrid.maps.grid_layer import GridLayer
from gisgrid.maps.resources import leaflet
from gisgrid.maps.staff_map import StaffMap

from .conftest import HOSTILE, SIDE, SOUTH, WEST

pytestmark = pytest.mark.browser


def own_map() -> folium.Map:
    """Return a plain folium map whose Leaflet stands in the page, because there is no network to fetch it from."""
    here = folium.Map(location=(SOUTH + SIDE, WEST + 3 * SIDE), zoom_start=15, tiles=None)
    here.default_js, here.default_css = [], []
    here.get_root().header.add_child(Verbatim(f"<style>{leaflet().style}</style>"), name="leaflet_style")
    here.get_root().header.add_child(Verbatim(f"<script>{leaflet().script}</script>"), name="leaflet_script")
    return here


@pytest.fixture(scope="module")
def open_text(browser: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Open an HTML text with the network off; returns the page and the faults that it told of."""
    file = tmp_path_factory.mktemp("layer") / "map.html"
    context = browser.new_context(viewport={"width": 1200, "height": 800}, offline=True)

    def open_(html: str) -> tuple[Any, list[str]]:
        file.write_text(html, encoding="utf-8")
        page, faults = context.new_page(), []
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("dialog", lambda dialog: (faults.append(dialog.message), dialog.dismiss()))
        page.goto(file.as_uri())
        return page, faults

    yield open_
    context.close()


def click(page: Any, of_map: str, lon: float, lat: float) -> None:
    at = page.evaluate(f"([lon, lat]) => {of_map}.latLngToContainerPoint([lat, lon])", [lon, lat])
    page.mouse.click(at["x"], at["y"])


def test_it_lives_on_a_map_of_ones_own_beside_what_else_folium_draws(hostile_place: MapData, open_text: Any) -> None:
    here = own_map()
    layer = GridLayer(hostile_place, phones=True).add_to(here)
    folium.Marker((SOUTH, WEST)).add_to(here)
    folium.LayerControl(collapsed=False).add_to(here)
    here.fit_bounds(layer.get_bounds())
    page, faults = open_text(here.get_root().render())
    assert page.locator("canvas.grid-canvas").count() == 1
    click(page, here.get_name(), WEST + 0.15 * SIDE, SOUTH + 0.15 * SIDE)
    assert page.locator(".leaflet-popup h2").text_content() == HOSTILE[0]
    assert page.locator(".leaflet-popup .gisgrid-card img, .leaflet-popup .gisgrid-card svg").count() == 0
    page.locator(".leaflet-control-layers-overlays input").uncheck()
    assert page.locator("canvas.grid-canvas").count() == 0
    assert page.locator(".gisgrid-switches").count() == 0
    assert [fault for fault in faults if "alert" in fault or "gisgrid" in fault] == []


def test_two_layers_of_one_map_do_not_meet(place: MapData, open_text: Any) -> None:
    here = own_map()
    east = MapData(place.division, place.communities[1:], place.drawn_at)
    west = MapData(place.division, place.communities[:1], place.drawn_at)
    for data in (east, west):
        GridLayer(data).add_to(here)
    html = here.get_root().render()
    assert html.count("openPopup") == 1 + leaflet().script.count("openPopup")  # scripts stand there once
    page, faults = open_text(html)
    assert page.locator("canvas.grid-canvas").count() == 2
    assert faults == []


@pytest.mark.parametrize("kind", ["staff map", "layer"])
def test_it_shows_in_a_notebook(kind: str, place: MapData, open_text: Any) -> None:
    shown = StaffMap(place, audience="internal") if kind == "staff map" else own_map()
    if isinstance(shown, StaffMap):
        folium.Marker((SOUTH + SIDE, WEST + SIDE), tooltip="folium").add_to(shown)  # what is added later runs too
    else:
        GridLayer(place).add_to(shown)
    page, faults = open_text(f"<!DOCTYPE html><title>notebook</title>{shown._repr_html_()}")
    frame = page.frame_locator("iframe")
    frame.locator("canvas.grid-canvas").wait_for(timeout=5_000)
    if isinstance(shown, StaffMap):
        frame.locator("html[data-ready]").wait_for(timeout=5_000)
        frame.locator(".list td a").nth(3).click()
        assert frame.locator(".leaflet-marker-icon").count() == 1
    assert faults == []


def test_the_map_is_one_of_folium_and_is_saved_by_it(place: MapData, tmp_path: Path) -> None:
    made = StaffMap(place)
    assert isinstance(made, folium.Map)
    made.save(str(tmp_path / "map.html"))
    saved = (tmp_path / "map.html").read_text(encoding="utf-8")
    assert saved.rstrip() == made.get_root().render().rstrip()
    assert "<link" not in saved
    assert " src=" not in saved.replace(leaflet().script, "")


def test_a_staff_map_is_drawn_once_when_it_opens(place: MapData, browser: Any, tmp_path: Path) -> None:
    file = tmp_path / "map.html"
    StaffMap(place).save(str(file))
    with browser.new_context(viewport={"width": 1366, "height": 768}, offline=True) as context:
        page = context.new_page()
        page.add_init_script(
            "window.drawn = 0; const set = CanvasRenderingContext2D.prototype.setTransform;"
            "CanvasRenderingContext2D.prototype.setTransform = function (...to) { drawn += 1; set.apply(this, to); };"
        )
        page.goto(file.as_uri())
        page.wait_for_selector("html[data-ready]", timeout=10_000)
        assert page.evaluate("drawn") == 1
