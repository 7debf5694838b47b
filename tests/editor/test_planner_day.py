"""A planner's day in a real browser on the real server: paint, totals, a broken grid, undo, redo, suggestions."""

from __future__ import annotations

import re
from typing import Any

import pytest
from served_town import WEST

from gisgrid.store import plans

from .conftest import Desk

pytestmark = pytest.mark.browser

SAVED = re.compile("已保存")


@pytest.fixture(scope="module")
def plan(desk: Desk) -> str:
    return desk.draft()


@pytest.fixture(scope="module")
def context(desk: Desk) -> Any:
    return desk.sign_in("王规划")


@pytest.fixture(scope="module")
def page(desk: Desk, plan: str, context: Any) -> Any:
    return desk.open(context, plan)


def stored(desk: Desk, plan: str) -> dict[str, str]:
    """The grid of each building, as the database has it."""
    with desk.service.database.transaction() as connection:
        return {code: grid.key for grid in plans.get(connection, plan).grids for code in grid.buildings}


def shown(page: Any) -> dict[str, str]:
    """The grid of each building, as the page paints it."""
    return page.evaluate(  # type: ignore[no-any-return]
        """() => {
            const { board: { buildings }, editor: { view } } = window.gisgridPage;
            const holder = (at) => view.slots[view.of[buildings.cell[at]]].key;
            return Object.fromEntries(buildings.code.map((code, at) => [code, holder(at)]));
        }"""
    )


def settled(page: Any) -> None:
    """Wait for the next frame: what follows from a move is shown once a frame."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def saved(page: Any) -> None:
    page.wait_for_function(
        "() => !window.gisgridPage.editor.outbox.length && !window.gisgridPage.editor.busy", timeout=15_000
    )
    settled(page)


def stroke(page: Any, at: Any, buildings: list[int], *, release: bool = True) -> None:
    page.mouse.move(*at(page, buildings[0]))
    page.mouse.down()
    for building in buildings[1:]:
        page.mouse.move(*at(page, building), steps=3)
    settled(page)
    if release:
        page.mouse.up()
        saved(page)


def code(number: int) -> str:
    return f"{WEST}-{number:02}"


def edge_of(page: Any, key: str, other: str) -> int:
    """A building of one grid whose cell borders a cell of another, in no estate."""
    return page.evaluate(  # type: ignore[no-any-return]
        """([key, other]) => {
            const { board: { buildings, borders }, editor: { view } } = window.gisgridPage;
            const holder = (cell) => view.of[cell] >= 0 ? view.slots[view.of[cell]].key : null;
            const near = (cell) => [...borders.neighbour.slice(borders.start[cell], borders.start[cell + 1])];
            return buildings.code.findIndex((_, at) => holder(buildings.cell[at]) === key && buildings.estate[at] < 0
                && near(buildings.cell[at]).some((cell) => holder(cell) === other));
        }""",
        [key, other],
    )


def keys(page: Any) -> list[str]:
    return [row.get_attribute("data-key") for row in page.locator("#grids tr[data-key]").all()]


def pair(page: Any) -> tuple[str, str]:
    """A grid and a neighbour of it that has a building of no estate at their border."""
    for key in keys(page):
        for other in keys(page):
            if other != key and edge_of(page, other, key) >= 0:
                return key, other
    raise AssertionError("no two grids of the plan touch")


def test_a_stroke_shows_both_totals_and_is_on_the_server_when_let_go(desk: Desk, plan: str, page: Any, at: Any) -> None:
    target, source = pair(page)
    before = shown(page)
    building = edge_of(page, source, target)
    page.click(f"#grids tr[data-key='{target}']")
    page.keyboard.press("Escape")  # the target is let go …
    page.locator("#map").focus()
    page.keyboard.type(target)  # … and chosen again by its number
    page.keyboard.press("Enter")
    page.click("#tools button[data-tool=brush]")
    stroke(page, at, [building], release=False)
    card = page.locator("#card").inner_text()
    homes = {key: 40 * list(before.values()).count(key) for key in (target, source)}
    assert f"{target.zfill(2)}: {homes[target]} → {homes[target] + 40}" in card
    assert f"{source.zfill(2)}: {homes[source]} → {homes[source] - 40}" in card
    page.mouse.up()
    saved(page)
    assert stored(desk, plan) == shown(page) == before | {code(building): target}
    assert SAVED.search(page.locator("#saved").inner_text())


def test_escape_takes_the_stroke_back(desk: Desk, plan: str, page: Any, at: Any) -> None:
    before = shown(page)
    target, source = pair(page)
    page.click(f"#grids tr[data-key='{target}']")
    page.click("#tools button[data-tool=brush]")
    stroke(page, at, [edge_of(page, source, target)], release=False)
    assert shown(page) != before
    page.keyboard.press("Escape")
    page.mouse.up()
    assert shown(page) == before == stored(desk, plan)
    assert page.locator("#card").is_hidden()


def test_a_grid_that_falls_apart_is_hatched_listed_and_fixed_by_one_click(
    desk: Desk, plan: str, page: Any, at: Any
) -> None:
    target, _ = pair(page)
    page.click(f"#grids tr[data-key='{target}']")
    page.click("#tools button[data-tool=brush]")
    whole = shown(page)
    far = page.evaluate(
        """(key) => {
            const { board: { buildings }, editor: { view } } = window.gisgridPage, target = view.slotOf(key);
            return buildings.code.findIndex((_, at) => {
                const cell = buildings.cell[at], source = view.of[cell];
                if (source === target) return false;
                view.move([cell], target);
                const alone = view.pieces(target).length === 2 && view.pieces(source).length === 1;
                view.move([cell], source);
                return alone;
            });
        }""",
        target,
    )
    stroke(page, at, [far], release=False)
    assert "分成2块" in page.locator("#card").inner_text()
    page.mouse.up()
    saved(page)
    assert page.evaluate("() => window.gisgridPage.marks.broken.size") == 1
    page.wait_for_selector("#tab li[data-rule=grid_not_connected]")
    page.click("#tab li[data-rule=stray_piece] button.main")
    saved(page)
    assert stored(desk, plan) == shown(page) == whole
    page.wait_for_selector("#tab li[data-rule=stray_piece]", state="detached")


def test_undo_and_redo_outlive_a_reload_and_reach_another_browser(desk: Desk, plan: str, page: Any, at: Any) -> None:
    target, source = pair(page)
    page.click(f"#grids tr[data-key='{target}']")
    page.click("#tools button[data-tool=brush]")
    stroke(page, at, [edge_of(page, source, target)])
    now = shown(page)
    page.locator("#map").focus()
    page.keyboard.press("Control+z")
    undone = shown(page)
    assert undone != now, "painted at once, before the server has answered"
    saved(page)
    assert stored(desk, plan) == undone
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert shown(page) == undone
    of = "[...window.gisgridPage.editor.view.of]"
    before, painted = page.evaluate(f"() => [{of}, (document.getElementById('redo').click(), {of})]")
    assert painted != before, "a step of an earlier visit is painted at once too"
    saved(page)
    assert page.evaluate(f"() => {of}") == painted
    assert stored(desk, plan) == shown(page) == now
    other = desk.open(desk.sign_in("李规划"), plan)
    while other.locator("#undo").is_enabled():
        other.click("#undo")
        saved(other)
    revision = other.evaluate("() => window.gisgridPage.editor.confirmed.revision")
    page.wait_for_function("(least) => window.gisgridPage.editor.confirmed.revision >= least", arg=revision)
    assert "李规划 修改了方案，已合并" in page.locator("#notice").inner_text()
    assert shown(page) == shown(other) == stored(desk, plan)
    other.close()


def test_a_locked_grid_gives_nothing_away(desk: Desk, plan: str, page: Any, at: Any) -> None:
    target, source = pair(page)
    page.click(f"#grids tr[data-key='{source}'] button[aria-pressed]")
    saved(page)
    before = shown(page)
    page.click(f"#grids tr[data-key='{target}']")
    page.click("#tools button[data-tool=brush]")
    stroke(page, at, [edge_of(page, source, target)], release=False)
    assert "已锁定" in page.locator("#card").inner_text()
    page.mouse.up()
    assert shown(page) == before
    page.click(f"#grids tr[data-key='{source}'] button[aria-pressed]")
    saved(page)
    with desk.service.database.transaction() as connection:
        assert plans.get(connection, plan).locks.grids == ()


def test_a_merge_and_a_split_are_looked_at_and_taken(desk: Desk, plan: str, page: Any) -> None:
    first, *others = keys(page)
    page.click(f"#grids tr[data-key='{first}']")
    page.click("#tab-suggest")
    before = stored(desk, plan)
    page.get_by_role("button", name="合并", exact=True).click()
    page.wait_for_selector("#tab .choice")
    page.locator("#tab .choice").first.hover()
    assert page.evaluate("() => window.gisgridPage.marks.preview.size") > 0
    assert stored(desk, plan) == before, "a preview changes nothing"
    page.locator("#tab .choice button.main").first.click()
    saved(page)
    assert stored(desk, plan) == shown(page) != before
    left = keys(page)
    assert len(left) == len(others)
    page.click(f"#grids tr[data-key='{max(left, key=list(shown(page).values()).count)}']")
    page.get_by_role("button", name="拆分", exact=True).click()
    page.wait_for_selector("#tab .choice")
    page.locator("#tab .choice button.main").first.click()
    saved(page)
    assert stored(desk, plan) == shown(page)
    assert len(keys(page)) == len(left) + 1
    for _ in range(2):
        page.click("#undo")
    saved(page)
    assert stored(desk, plan) == shown(page) == before


def test_a_line_drawn_across_a_grid_splits_it_and_the_page_goes_on_with_the_new_cells(
    desk: Desk, plan: str, page: Any, at: Any
) -> None:
    key = keys(page)[0]
    held = [number for number in range(24) if shown(page)[code(number)] == key]
    page.click(f"#grids tr[data-key='{key}']")
    page.click("#tools button[data-tool=line]")
    places = [at(page, number) for number in held]
    middle = (max(x for x, _ in places) + min(x for x, _ in places)) / 2 + 3
    before = stored(desk, plan)
    page.mouse.click(middle, min(y for _, y in places) - 110)
    page.wait_for_timeout(500)  # two clicks, not one double click
    page.evaluate("() => { document.documentElement.dataset.ready = 'before'; }")
    page.mouse.dblclick(middle, max(y for _, y in places) + 110)
    page.wait_for_selector("html[data-ready=yes]", timeout=20_000)
    assert stored(desk, plan) == shown(page) != before
    assert page.locator(f"#grids tr[data-key='{key}']").get_attribute("aria-selected") == "true", "still the target"
    page.evaluate("() => { document.documentElement.dataset.ready = 'before'; }")
    page.click("#undo")
    page.wait_for_selector("html[data-ready=yes]", timeout=20_000)
    assert stored(desk, plan) == shown(page) == before


def test_who_changes_is_told_from_old_grid_to_new(desk: Desk, context: Any, at: Any) -> None:
    page = desk.open(context, desk.draft(keep=True))
    target, source = pair(page)
    page.click(f"#grids tr[data-key='{target}']")
    page.click("#tools button[data-tool=brush]")
    page.click("#tab-changes")
    assert "0栋" in page.locator("#tab").inner_text()
    stroke(page, at, [edge_of(page, source, target)])
    text = page.locator("#tab").inner_text()
    assert "1栋，40户" in text
    assert "网格员甲一" in text, "the worker of a grid in force"
    page.close()


def test_edits_of_an_offline_hour_arrive_later(desk: Desk, plan: str, page: Any, context: Any, at: Any) -> None:
    before = stored(desk, plan)
    target, source = pair(page)
    page.click(f"#grids tr[data-key='{target}']")
    page.click("#tools button[data-tool=brush]")
    context.set_offline(True)
    page.mouse.move(*at(page, edge_of(page, source, target)))
    page.mouse.down()
    page.mouse.up()
    page.wait_for_function("() => document.getElementById('saved').textContent.includes('离线：1处')")
    painted = shown(page)
    assert painted != before == stored(desk, plan)
    assert waiting(page, plan) == 1
    context.set_offline(False)
    saved(page)
    assert stored(desk, plan) == painted == shown(page)


def waiting(page: Any, plan: str) -> int:
    """How many edits the browser keeps for the plan, in all tabs together."""
    return page.evaluate(  # type: ignore[no-any-return]  a number, as the page says
        """(plan) => Object.keys(localStorage).filter((name) => name.startsWith(`gisgrid.edits.${plan}.`))
            .reduce((count, name) => count + JSON.parse(localStorage.getItem(name)).length, 0)""",
        plan,
    )


def test_two_tabs_offline_keep_their_edits_and_one_that_is_closed_leaves_them_to_the_other(
    desk: Desk, context: Any, at: Any
) -> None:
    plan = desk.draft()
    first = desk.open(context, plan)
    second = desk.open(context, plan)
    before = stored(desk, plan)
    target, source = pair(first)
    ours = edge_of(first, source, target)
    theirs = next(at for at, held in enumerate(shown(first).values()) if held == source and at != ours)
    context.set_offline(True)
    for page, building in ((first, ours), (second, theirs)):
        page.bring_to_front()
        page.click(f"#grids tr[data-key='{target}']")
        page.click("#tools button[data-tool=brush]")
        page.mouse.move(*at(page, building))
        page.mouse.down()
        page.mouse.up()
        page.wait_for_function("() => document.getElementById('saved').textContent.includes('离线：1处')")
    assert waiting(second, plan) == 2, "one tab has written over the other's edits"
    context.set_offline(False)
    first.goto("about:blank")
    first.close()
    second.reload()
    second.wait_for_selector("html[data-ready]", timeout=15_000)
    saved(second)
    after = stored(desk, plan)
    assert {each for each in after if after[each] != before[each]} == {code(ours), code(theirs)}
    assert waiting(second, plan) == 0
    second.close()
