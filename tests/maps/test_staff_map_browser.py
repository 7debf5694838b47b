"""The staff map in a real browser with the network off: drawn, clickable, and deaf to hostile names."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pypdfium2
import pytest

from gisgrid.maps.content import MapCommunity, MapData
from gisgrid.maps.staff_map import StaffMap, render_staff_map
from gisgrid.maps.style import PALETTE
from gisgrid.model import Post

from .conftest import HOSTILE, SIDE, SOUTH, WEST

pytestmark = pytest.mark.browser
ODD = (
    "正常\u202e转向的名字",
    "\u2067未合上的隔离\u2066\u2066",
    "\u2069\u2069先合上\u202d",
    "响铃\x07退格\x08转义\x1b[31m",
    "\u200b\ufeff零宽\u2028换行\u0085",
    "مرحبا 网格 𠮷野家 \U0001f3e0",
)


@dataclass
class Visit:
    """An open page and what it did that it should not."""

    page: Any
    requests: list[str] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


@pytest.fixture
def visit(browser: Any, tmp_path: Path) -> Iterator[Any]:
    """Open a map from a file, with the network off, and watch it; fails at the end if anything went out or wrong."""
    visits: list[Visit] = []
    contexts = []

    def open_map(
        data: MapData | StaffMap,
        *,
        audience: str = "internal",
        hash_: str = "",
        script: bool = True,
        phones: bool = False,
    ) -> Any:
        file = tmp_path / "map.html"
        html = data.get_root().render() if isinstance(data, StaffMap) else None
        file.write_text(html or render_staff_map(data, audience=audience, phones=phones), encoding="utf-8")
        context = browser.new_context(viewport={"width": 1366, "height": 768}, offline=True, java_script_enabled=script)
        contexts.append(context)
        seen = Visit(context.new_page())
        visits.append(seen)
        seen.page.on("request", lambda request: seen.requests.append(request.url))
        seen.page.on("pageerror", lambda error: seen.trouble.append(str(error)))
        seen.page.on("console", lambda message: seen.trouble.append(message.text))
        seen.page.on("dialog", lambda dialog: (seen.trouble.append(f"dialog {dialog.message}"), dialog.dismiss()))
        seen.page.goto(f"{file.as_uri()}{hash_}")
        if script:
            seen.page.wait_for_selector("html[data-ready]", timeout=10_000)
        return seen.page

    yield open_map
    for seen in visits:
        seen.page.wait_for_timeout(100)
        assert [url for url in seen.requests if not url.startswith("file://")] == []
        assert len(seen.requests) == 1
        assert seen.trouble == []
    for context in contexts:
        context.close()


def pixel(page: Any, lon: float, lat: float) -> str:
    """Return the colour of the canvas at a place, as #rrggbb."""
    return page.evaluate(
        """([lon, lat]) => {
            const canvas = document.querySelector("canvas.grid-canvas");
            const at = map_staff.latLngToLayerPoint([lat, lon]).subtract(canvas._leaflet_pos);
            const one = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
            one.drawImage(canvas, -Math.floor(at.x * devicePixelRatio), -Math.floor(at.y * devicePixelRatio));
            const [r, g, b] = one.getImageData(0, 0, 1, 1).data;
            return "#" + [r, g, b].map((value) => value.toString(16).padStart(2, "0")).join("");
        }""",
        [lon, lat],
    )


def click(page: Any, lon: float, lat: float) -> None:
    x, y = page.evaluate(
        """([lon, lat]) => {
            const frame = document.getElementById("map_staff").getBoundingClientRect();
            const at = map_staff.latLngToContainerPoint([lat, lon]);
            return [frame.left + at.x, frame.top + at.y];
        }""",
        [lon, lat],
    )
    page.mouse.click(x, y)


def test_every_grid_is_painted_and_neighbours_differ(place: MapData, visit: Any) -> None:
    page = visit(place)
    corner = 0.12 * SIDE  # away from borders, labels and the main road
    colours = {
        (column, row): pixel(
            page, WEST + column * SIDE + corner, SOUTH + row * SIDE + (corner if row == 0 else SIDE - corner)
        )
        for column in range(6)
        for row in range(2)
        if (column, row) != (1, 1)  # dedicated: hatched
    }
    assert set(colours.values()) <= set(PALETTE)
    for (column, row), colour in colours.items():
        assert colour != colours.get((column + 1, row))
        assert colour != colours.get((column, row + 1))


def test_a_click_opens_the_grids_card_with_its_contacts(place: MapData, visit: Any) -> None:
    page = visit(place, phones=True)
    click(page, WEST + 0.2 * SIDE, SOUTH + 0.2 * SIDE)
    card = page.locator("#card")
    assert card.locator("h2").inner_text() == "第1网格"
    assert "990101001001001" in card.inner_text()
    assert "401" in card.inner_text()
    assert card.locator("a").first.get_attribute("href") == "tel:0000102,3"  # the extension after a pause
    assert page.locator("tr.chosen td a").inner_text() == "第1网格"
    assert page.evaluate("location.hash") == "#990101001001001"


def test_a_click_outside_closes_the_card(place: MapData, visit: Any) -> None:
    page = visit(place, hash_="#990101001001001")
    click(page, WEST + SIDE, SOUTH - 0.3 * SIDE)
    assert page.locator("#card h2").count() == 0


def test_a_building_answers_when_zoomed_in(place: MapData, visit: Any) -> None:
    page = visit(place)
    centre = (WEST + 0.75 * SIDE, SOUTH + 0.5 * SIDE)
    page.evaluate("([lon, lat]) => map_staff.setView([lat, lon], 17, { animate: false })", list(centre))
    click(page, *centre)
    text = page.locator("#card").inner_text()
    assert "1号楼" in text
    assert "东村社区1号楼" in text
    assert "第1网格" in text
    assert "401" in text


def test_the_public_card_of_a_building_has_no_households(place: MapData, visit: Any) -> None:
    page = visit(place, audience="public")
    centre = (WEST + 0.75 * SIDE, SOUTH + 0.5 * SIDE)
    page.evaluate("([lon, lat]) => map_staff.setView([lat, lon], 17, { animate: false })", list(centre))
    click(page, *centre)
    text = page.locator("#card").inner_text()
    assert "1号楼" in text
    assert "户数" not in text


def test_a_link_with_a_code_opens_that_grid(place: MapData, visit: Any) -> None:
    page = visit(place, hash_="#990101001002004")
    assert page.locator("#card .code").inner_text() == "990101001002004"
    page.evaluate("location.hash = '#990101001002999'")
    page.wait_for_function("document.querySelector('#card').textContent.includes('990101001002999')")
    page.evaluate("location.hash = '#%E0%A4%A'")  # not decodable
    page.wait_for_function("document.querySelector('#card').textContent.includes('%E0%A4%A')")


def test_english_and_back(place: MapData, visit: Any) -> None:
    page = visit(place, hash_="#990101001001001")
    page.click("#language")
    assert page.locator("#card h2").inner_text() == "Grid 1"
    assert "Borders are for grid management only" in page.locator("footer").inner_text()
    assert page.evaluate("document.documentElement.lang") == "en"
    page.click("#language")
    assert page.locator("#card h2").inner_text() == "第1网格"
    assert "界线仅供网格管理使用" in page.locator("footer").inner_text()


def test_hostile_names_are_shown_as_they_are(hostile_place: MapData, visit: Any) -> None:
    page = visit(hostile_place)
    page.click(".gisgrid-switches summary")
    page.check("input[name=estates]")
    page.click(".gisgrid-switches summary")
    rows = page.locator(".list td a")
    assert [rows.nth(index).text_content() for index in range(6)] == list(HOSTILE)
    for index, name in enumerate(HOSTILE):
        click(page, WEST + (index % 3 + 0.15) * SIDE, SOUTH + (index // 3 + 0.15) * SIDE)
        assert page.locator("#card h2").text_content() == name
        assert HOSTILE[::-1][index] in (page.locator("#card .contacts").text_content() or "")
    assert page.title() == f"{HOSTILE[0]} 网格图"
    assert HOSTILE[4] in (page.locator("footer").text_content() or "")
    page.evaluate("map_staff.setZoom(18, { animate: false })")
    assert page.locator("img, svg").count() == 0
    page.click("#language")


def test_layers_are_switched_on_and_off(place: MapData, visit: Any) -> None:
    page = visit(place)
    assert page.locator(".gisgrid-switches span").all_inner_texts() == [""] * 4  # folded
    page.click(".gisgrid-switches summary")
    names = page.locator(".gisgrid-switches span").all_inner_texts()
    assert names == ["分界线和街巷", "小区", "楼栋轮廓", "服务点"]
    road, estate = (WEST + 0.9 * SIDE, SOUTH + SIDE), (WEST + 0.12 * SIDE, SOUTH + 0.12 * SIDE)
    before = pixel(page, *road), pixel(page, *estate)
    legend = page.locator("#legend").inner_text()
    assert "主干道" in legend
    assert "小区" not in legend
    page.uncheck("input[name=lines]")
    page.check("input[name=estates]")
    assert pixel(page, *road) != before[0]
    assert pixel(page, *estate) != before[1]
    assert "主干道" not in page.locator("#legend").inner_text()
    assert "小区" in page.locator("#legend").inner_text()
    page.check("input[name=lines]")
    page.uncheck("input[name=estates]")
    assert (pixel(page, *road), pixel(page, *estate)) == before


def test_a_place_tells_its_estate(place: MapData, visit: Any) -> None:
    page = visit(place)
    click(page, WEST + 0.2 * SIDE, SOUTH + 0.2 * SIDE)
    text = page.locator("#card dl").inner_text()
    assert "东村社区花园" in text
    assert "老旧小区" in text
    assert "示例物业公司" in text
    click(page, WEST + 2.5 * SIDE, SOUTH + 0.2 * SIDE)
    assert "花园" not in page.locator("#card").inner_text()
    page.fill("#search", "西村社区花园")
    page.keyboard.press("Enter")
    assert page.locator("#card h2").inner_text() == "西村社区花园"


def test_names_that_turn_the_text_or_cannot_be_seen_stay_what_they_are(place: MapData, visit: Any) -> None:
    """Bidirectional overrides, open isolates, control characters: as written, and nothing beside them is turned."""
    first = place.communities[0]
    grids = tuple(dataclasses.replace(grid, name=name) for grid, name in zip(first.edition.grids, ODD, strict=True))
    posts = tuple(Post(grid.code, "网格员", name, None, None, None) for grid, name in zip(grids, ODD, strict=True))
    houses = tuple(
        dataclasses.replace(each, name=name, address=name) for each, name in zip(first.buildings, ODD, strict=True)
    )
    odd = MapCommunity(
        dataclasses.replace(first.division, name=ODD[0]),
        dataclasses.replace(first.edition, grids=grids),
        houses,
        posts,
        estates=(dataclasses.replace(first.estates[0], name=ODD[1], property_company=ODD[2]),),
    )
    street = dataclasses.replace(place.division, name=ODD[0])
    page = visit(dataclasses.replace(place, division=street, communities=(odd,), path=()))
    assert page.locator(".list td a").all_text_contents() == list(ODD)
    for index, name in enumerate(ODD):
        click(page, WEST + (index % 3 + 0.15) * SIDE, SOUTH + (index // 3 + 0.15) * SIDE)
        assert page.locator("#card h2").text_content() == name
        assert name in page.locator("#card .contacts span").all_text_contents()
    click(page, WEST + 0.15 * SIDE, SOUTH + 0.15 * SIDE)
    assert {ODD[1], ODD[2]} <= set(page.locator("#card dd").all_text_contents())
    for name, after in (("h1 bdi", "h1 span"), ("caption bdi", "caption span >> nth=0")):
        left, right = page.locator(name).first.bounding_box(), page.locator(after).first.bounding_box()
        assert left["x"] + left["width"] <= right["x"] + 1
    page.evaluate("map_staff.setZoom(18, { animate: false })")


def test_without_script_the_table_of_grids_is_there(place: MapData, visit: Any) -> None:
    page = visit(place, script=False)
    assert page.locator("table").first.is_visible()
    assert page.locator(".list td a").count() == 12
    assert not page.locator("#map_staff").is_visible()


def test_the_policy_stops_what_script_in_the_page_would_fetch(place: MapData, browser: Any, tmp_path: Path) -> None:
    """Even if a name ever came to run: nothing leaves. Asked with the network on, of a server that counts."""
    hits: list[str] = []

    class Counting(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Counting) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/"
        file = tmp_path / "map.html"
        page_text = render_staff_map(place, audience="internal")
        attack = f"const i = new Image(); i.src = '{url}'; fetch('{url}').catch(() => 0);"

        def attempt(html: str) -> int:
            file.write_text(html, encoding="utf-8")
            with browser.new_context() as context:
                page = context.new_page()
                page.goto(file.as_uri())
                page.evaluate(attack)
                page.wait_for_timeout(300)
            return len(hits)

        assert attempt(page_text) == 0
        assert (
            attempt(page_text.replace("default-src 'none'", "default-src *").replace("img-src data:", "img-src *")) > 0
        )
        server.shutdown()


def test_search_finds_grids_buildings_and_contacts(place: MapData, visit: Any) -> None:
    page = visit(place)
    page.fill("#search", "西村 ３号楼")  # full-width digit
    page.keyboard.press("Enter")
    assert page.locator("#card h2").inner_text() == "3号楼"
    assert page.evaluate("location.hash") == "#990101001002003"
    page.fill("#search", "示例员")
    assert page.locator("#found button").all_inner_texts() == ["第1网格 · 东村社区", "第1网格 · 西村社区"]
    page.locator("#found button").nth(1).click()
    assert page.locator("#card .code").inner_text() == "990101001002001"
    page.fill("#search", "没有这样的地方")
    assert page.locator("#found").inner_text() == "没有找到"


def test_search_shows_hostile_names_as_they_are(hostile_place: MapData, visit: Any) -> None:
    page = visit(hostile_place)
    page.fill("#search", HOSTILE[2])
    labels = page.locator("#found button").all_text_contents()
    assert HOSTILE[2] in labels
    assert page.locator("#found button").first.locator("*:not(bdi)").count() == 0
    assert page.locator("#found bdi *").count() == 0


def test_on_paper_the_map_fills_a_page_and_the_tables_of_all_grids_stand_behind_it(place: MapData, visit: Any) -> None:
    page = visit(place)
    with pypdfium2.PdfDocument(page.pdf(prefer_css_page_size=True)) as printed:
        width, height = printed[0].get_size()
        assert (round(width / 72 * 25.4), round(height / 72 * 25.4)) == (420, 297)
        assert len(printed) == 2
        first, second = (printed[number].get_textpage().get_text_bounded() for number in range(2))
        assert "2026-11-22" in first  # Chromium's own text of Chinese has holes
        assert all(str(households) in second for households in (401, 402, 351, 356))
        colours = printed[0].render(scale=0.5).to_pil().convert("RGB").getcolors(1_000_000)
    painted = sum(count for count, colour in colours if "#{:02x}{:02x}{:02x}".format(*colour) in PALETTE)
    assert painted > 0.2 * (0.5 * width) * (0.5 * height)
    assert page.evaluate("document.documentElement.className") == "js"
