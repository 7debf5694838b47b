"""The planner's page opens a plan and shows it: map, table, findings; to those who may not draw it is read-only."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest
from served_town import EAST, WEST

from api import planner_assets
from api.planner_pages import POLICY
from bench.editor.contrast import faint_inks, faint_texts
from gisgrid.store import editions, plans

from .conftest import Desk

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def plan(desk: Desk) -> str:
    return desk.draft()


@pytest.fixture(scope="module")
def page(desk: Desk, plan: str) -> Any:
    return desk.open(desk.sign_in("王规划"), plan)


def test_the_list_leads_to_the_plans_within_reach(desk: Desk, plan: str) -> None:
    page = desk.sign_in("王规划").new_page()
    answer = page.goto("/planner/")
    assert answer.headers["content-security-policy"] == POLICY
    assert page.locator("tbody tr").count() == 1, "the planner's street has one community"
    assert WEST in page.content()
    assert EAST not in page.content()
    page.click(f"a[href='/planner/{plan}']")
    page.wait_for_selector("html[data-ready]")
    reader = desk.sign_in("赵审核").new_page()
    reader.goto("/planner/")
    assert reader.locator("tbody button").count() == 0, "who decides does not draw"


def test_every_grid_has_a_row_with_its_households_and_buildings(desk: Desk, plan: str, page: Any) -> None:
    with desk.service.database.transaction() as connection:
        drawn = plans.get(connection, plan)
    rows = page.locator("#grids tbody tr[data-key]")
    assert rows.count() == len(drawn.grids)
    for grid in drawn.grids:
        text = page.locator(f"#grids tr[data-key='{grid.key}']").inner_text()
        assert str(grid.households) in text
        assert str(len(grid.buildings)) in text
    assert f"{sum(grid.households for grid in drawn.grids)}户" in page.locator("#grids tr.sum").inner_text()


def test_the_counts_of_the_page_are_those_of_the_server(desk: Desk, plan: str, page: Any) -> None:
    with desk.service.database.transaction() as connection:
        drawn = plans.get(connection, plan)
        cells, _ = plans.cells_and_borders(connection, plan)
    told = page.evaluate(
        """() => {
            const { editor: { view }, board } = window.gisgridPage;
            const sorted = (slot) => view.cellsOf(slot).sort((a, b) => a - b);
            return {
                cells: Object.fromEntries(view.present().map((slot) => [view.slots[slot].key, sorted(slot)])),
                pieces: view.present().map((slot) => view.pieces(slot).length),
                under: [...board.cells.centres.keys()].filter((i) => i % 2 === 0)
                    .map((i) => window.gisgridPage.picker.cellAt(board.cells.centres[i], board.cells.centres[i + 1])),
            };
        }"""
    )
    assert told["cells"] == {grid.key: sorted(grid.cells) for grid in drawn.grids}
    assert set(told["pieces"]) == {1}
    inside = [cell.number for cell in cells if cell.geometry.contains(cell.geometry.centroid)]
    assert [told["under"][number] for number in inside] == inside, "the centre of a cell lies in that cell"


def test_the_map_shows_the_colours_of_the_grids(page: Any) -> None:
    shown = page.evaluate(
        """() => {
            const { canvas, editor: { view }, board } = window.gisgridPage, { centres } = board.cells;
            const ground = document.querySelector("canvas.ground"), found = [];
            const pen = new OffscreenCanvas(ground.width, ground.height).getContext("2d", { willReadFrequently: true });
            pen.drawImage(ground, 0, 0);
            for (const slot of view.present()) {
                const cell = view.cellsOf(slot)[0], { scale, left, top } = canvas.view;
                const [west, north] = board.cells.boxes.slice(4 * cell); // near a corner, beside the building
                const x = 0.15 * centres[2 * cell] + 0.85 * west, y = 0.15 * centres[2 * cell + 1] + 0.85 * north;
                const at = [Math.round(x * scale - left), Math.round(y * scale - top)];
                const [r, g, b, a] = pen.getImageData(...at, 1, 1).data;
                found.push([r, g, b, a].join(","));
            }
            return found;
        }"""
    )
    assert all(colour.endswith(",255") for colour in shown), "the ground is painted"
    assert len(set(shown)) == len(shown), "neighbours differ"


def test_who_may_not_draw_reads_only_and_is_told_why(desk: Desk, plan: str) -> None:
    page = desk.open(desk.sign_in("赵审核"), plan)
    assert "只读" in page.locator("#readonly").inner_text()
    assert page.locator("#tools button[data-tool=brush]").is_disabled()
    page.click("#language")
    assert "Read only" in page.locator("#readonly").inner_text()
    assert page.locator("html").get_attribute("lang") == "en"


def test_a_curtain_shows_the_edition_in_the_colours_and_numbers_of_the_plan(desk: Desk, plan: str, at: Any) -> None:
    page = desk.open(desk.sign_in("王规划"), plan)
    with desk.service.database.transaction() as connection:
        in_force = editions.list_editions(connection, WEST)[0].plan
    page.click("#tab-compare")
    page.wait_for_function("() => document.querySelectorAll('#tab option').length > 1")
    page.select_option("#tab select", index=1)
    curtain = page.wait_for_selector("#curtain")
    assert page.locator("#curtain span").all_inner_texts()[0] == "本方案"
    told = page.evaluate(
        """async (edition) => {
            const { editor: { view, board: { buildings } }, tabs } = window.gisgridPage;
            const { answer, curtain } = tabs.find(([name]) => name === "compare")[2];
            const { board, state } = curtain.canvas.scene;
            const module = document.querySelector("[href$='/curtain.js']").href;
            const other = await (await fetch(`/v1/plans/${edition}/board`)).json();
            const alone = (await import(module)).counterpart(other, [], view).state;
            const moved = buildings.code.indexOf(answer.moves[0].buildings[0]);
            const shown = (held, ground, at) => held.slots[held.of[ground.buildings.cell[at]]];
            return {
                same: buildings.code.map((code) => {
                    const here = shown(view, { buildings }, buildings.code.indexOf(code));
                    const there = shown(state, board, board.positionOf.get(code));
                    return [code, here.key === there.key, here.colour === there.colour];
                }),
                moves: answer.moves.flatMap((move) => move.buildings),
                letters: alone.slots.map((grid) => grid.key),
                clashes: alone.slots.filter((grid, slot) =>
                    alone.neighboursOf(slot).some((other) => alone.slots[other].colour === grid.colour)).length,
                moved,
            };
        }""",
        in_force,
    )
    listed = page.locator("#tab li b").all_inner_texts()
    assert all(re.fullmatch(r"0\d → 0\d", each) for each in listed), "grids are told by the numbers on the map"
    moves = set(told["moves"])
    assert moves
    assert all((key, colour) == ((code not in moves),) * 2 for code, key, colour in told["same"]), told["same"]
    assert told["letters"] == ["A", "B"], "a grid that answers none here bears no number of a grid here"
    assert told["clashes"] == 0
    x, y = at(page, told["moved"])
    sides = []
    for key in ("Home", "End"):
        curtain.press(key)
        sides.append(page.screenshot(clip={"x": x - 40, "y": y - 40, "width": 80, "height": 80}))
    assert sides[0] != sides[1], "the other division lies right of the curtain only"
    page.mouse.move(*at(page, 0))
    assert curtain.get_attribute("aria-valuenow") == "100"
    page.click("#tab button[aria-pressed=true]")
    assert page.locator("#curtain").count() == 0
    after = page.screenshot(clip={"x": x - 40, "y": y - 40, "width": 80, "height": 80})
    assert after == sides[1], "and then all is the plan's own again"
    page.close()


def test_every_text_can_be_read(desk: Desk, plan: str, page: Any) -> None:
    found = faint_inks(page)
    for language in range(2):
        for tab in page.locator("#tabs button").evaluate_all("(all) => all.map((each) => each.id)"):
            page.click(f"#{tab}")
            found += [f"{tab} {language}: {each}" for each in faint_texts(page)]
        page.click("#language")
    page.click("#tools button[data-tool=brush]")
    page.evaluate("() => gisgridPage.card([{ text: '07: 385 → 512', bad: true }], { clientX: 300, clientY: 300 })")
    found += faint_texts(page)
    page.evaluate("() => gisgridPage.card(null)")
    assert found == []
    title = page.locator("#title")
    title.evaluate("(title) => { title.style.color = '#98a4af'; }")
    assert len(faint_texts(page)) == 1, "what is faint would be found"
    title.evaluate("(title) => { title.style.color = ''; }")


def test_names_that_are_scripts_stay_names(page: Any, at: Any) -> None:
    page.mouse.move(*at(page, 0))
    page.wait_for_function("() => document.getElementById('hover').textContent")
    assert "<img src=x onerror=alert(1)>" in page.locator("#hover").inner_text()
    assert page.locator("img, svg[onload]").count() == 0


def test_script_style_and_leaflet_stay_small() -> None:
    names = [*planner_assets.modules_of("main.js"), "main.js", "leaflet.css", "editor.css"]
    files = [planner_assets.assets()[name] for name in names]
    assert len(set(names)) == len(names) > 20
    assert sum(len(file.content) for file in files) <= 240_000
    assert sum(len(file.zipped) for file in files) <= 80_000


def test_the_page_asks_for_all_it_needs_at_once_and_keeps_it(desk: Desk, plan: str) -> None:
    context = desk.sign_in("王规划")
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"/planner/{plan}")
    page.wait_for_selector("html[data-ready]")
    told = page.content()
    scripts = [url for url in asked if url.endswith(".js")]
    assert [url for url in scripts if url.removeprefix(desk.service.url) not in told] == [], "each stands in the page"
    assert len(scripts) == len(set(scripts))
    assert sum(url.endswith("/board") for url in asked) == 1, "the board is asked for once, ahead of the scripts"
    assert asked.index(f"{desk.service.url}/v1/plans/{plan}/board") < asked.index(scripts[-1])
    page.reload()
    page.wait_for_selector("html[data-ready]")
    sent = page.evaluate(
        "() => performance.getEntriesByType('resource')"
        ".filter((each) => each.name.includes('/assets/') && each.transferSize).length"
    )
    assert sent == 0, "what is kept is not even asked for again"


def test_files_and_boards_come_zipped_and_only_where_they_should(desk: Desk, plan: str) -> None:
    planner = desk.service.client("planner", WEST[:9])
    address = desk.service.url + planner_assets.address("main.js")
    script = httpx.get(address)
    assert script.headers["content-encoding"] == "gzip"
    assert "immutable" in script.headers["cache-control"]
    assert httpx.get(address, headers={"Accept-Encoding": "identity"}).text == script.text
    other = httpx.get(f"{desk.service.url}/planner/assets/another-version/main.js")
    assert (other.text, other.headers["cache-control"]) == (script.text, "no-cache")
    for name in ("..%2Faccess.py", "editor.html", "access.py", "__init__.py", "main.js%00"):
        assert httpx.get(f"{address.removesuffix('main.js')}{name}").status_code == 404
    board = planner.get(f"/v1/plans/{plan}/board")
    assert board.status_code == 200
    assert board.headers["etag"] == '"1"'
    document = board.json()
    assert (document["plan"], document["caller"]["may_edit"], document["caller"]["may_decide"]) == (plan, True, False)
    assert "000-0001" not in board.text, "the duty phone is not needed here"
    assert planner.get(f"/v1/plans/{desk.draft(EAST)}/board").status_code == 403
    assert desk.service.client("dispatch").get(f"/v1/plans/{plan}/board").status_code == 403
    assert httpx.get(f"{desk.service.url}/planner/{plan}").status_code == 303
