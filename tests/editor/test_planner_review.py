"""The end of a planner's day: two planners at once, submit, refused one's own approval, approve, publish, locate."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import shapely
from served_town import WEST, box
from sqlalchemy import text

from gisgrid import workflow
from gisgrid.store import plans

from .conftest import HOSTILE, Desk
from .test_planner_day import code, edge_of, keys, pair, saved, shown, stored, stroke

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def plan(desk: Desk) -> str:
    return desk.draft(keep=True)


@pytest.fixture(scope="module")
def page(desk: Desk, plan: str) -> Any:
    return desk.open(desk.sign_in("王规划"), plan)


def paint(page: Any, at: Any, target: str, buildings: list[int], *, release: bool = True) -> None:
    page.click(f"#grids tr[data-key='{target}']")
    page.click("#tools button[data-tool=brush]")
    stroke(page, at, buildings, release=release)


def confirm(page: Any, name: str, *, accept: bool = False) -> None:
    page.click("#tab-review")
    page.locator("#tab").get_by_role("button", name=name, exact=True).click()
    if accept:
        page.locator("dialog input[type=checkbox]").check()
    page.locator("dialog").get_by_role("button", name=name, exact=True).click()


def test_two_planners_merge_by_building_and_are_asked_about_the_same_building_only(
    desk: Desk, plan: str, page: Any, at: Any
) -> None:
    other = desk.open(desk.sign_in("李规划"), plan)
    target, source = pair(page)
    building = edge_of(page, source, target)
    before = shown(page)
    theirs = next(int(c[-2:]) for c, key in before.items() if key == source and int(c[-2:]) != building)
    page.evaluate(
        "() => { window.gisgridPage.editor.clashing = []; }"
    )  # holds what is painted here, as a slow line would
    paint(page, at, target, [building], release=False)
    page.mouse.up()
    other.locator("#map").focus()
    other.keyboard.press("n")
    other.click("#tools button[data-tool=brush]")
    other.mouse.move(*at(other, building))
    other.mouse.down()
    other.mouse.move(*at(other, theirs), steps=6)
    other.mouse.up()
    saved(other)
    page.evaluate("() => { const { editor } = window.gisgridPage; editor.clashing = null; editor.pump(); }")
    page.wait_for_selector("dialog.ask label")
    asked = page.locator("dialog.ask label")
    assert asked.count() == 1, "only the building that both meant"
    assert f"西街{building}号" in asked.inner_text()
    assert "李规划" in asked.inner_text()
    page.locator("dialog.ask").get_by_role("button", name="按勾选").click()
    saved(page)
    now = stored(desk, plan)
    assert now[code(building)] == target, "mine, as ticked"
    assert now[code(theirs)] not in {target, source}, "theirs, merged without a word"
    revision = page.evaluate("() => window.gisgridPage.editor.confirmed.revision")
    other.wait_for_function("(least) => window.gisgridPage.editor.confirmed.revision >= least", arg=revision)
    assert shown(other) == shown(page) == now
    other.close()
    for _ in range(2):
        page.click("#undo")
        saved(page)
    assert stored(desk, plan) == before


def test_a_plan_is_submitted_approved_by_another_published_and_looked_up(
    desk: Desk, plan: str, page: Any, at: Any
) -> None:
    target, source = pair(page)
    building = edge_of(page, source, target)
    paint(page, at, target, [building])
    confirm(page, "提交审核")
    page.wait_for_selector("#readonly:not([hidden])")
    assert "审核中" in page.locator("#readonly").inner_text()
    assert page.locator("#tools button[data-tool=brush]").is_disabled()
    with desk.service.database.transaction() as connection:
        connection.execute(text("UPDATE gisgrid.users SET role = 'admin' WHERE name = '王规划'"))
    page.reload()
    page.wait_for_selector("html[data-ready]")
    confirm(page, "批准")
    page.wait_for_selector("#notice.fault")
    assert "cannot approve it too" in page.locator("#notice").inner_text()
    reviewer = desk.open(desk.sign_in("赵审核"), plan)
    confirm(reviewer, "批准")
    reviewer.wait_for_function("() => document.getElementById('state')?.textContent === '已批准'")
    confirm(reviewer, "发布")
    reviewer.wait_for_selector("#notice.fault")
    assert "stand against publishing" in reviewer.locator("#notice").inner_text(), "a grid of 520 is not accepted yet"
    confirm(reviewer, "发布", accept=True)
    reviewer.wait_for_function("() => document.getElementById('state')?.textContent === '已发布'")
    with desk.service.database.transaction() as connection:
        held = {code_: grid for grid in plans.get(connection, plan).grids for code_ in grid.buildings}
    lon, lat = page.evaluate(
        """async (building) => {
            const { toDegrees } = await import(document.querySelector("[href$='/board.js']").href);
            return toDegrees(...window.gisgridPage.board.buildings.centres.slice(2 * building, 2 * building + 2));
        }""",
        building,
    )
    client = desk.service.client("dispatch")
    wanted, deadline = held[code(building)].code, time.monotonic() + 5
    while time.monotonic() < deadline:
        answer = client.get("/v1/locate", params={"lon": lon, "lat": lat, "crs": "wgs84"}).json()
        if answer["grid"]["code"] == wanted:
            break
    assert answer["grid"]["code"] == wanted, "the moved building is in its new grid"
    assert answer["grid"]["community"]["code"] == WEST


@pytest.fixture(scope="module")
def second(desk: Desk) -> tuple[str, Any, Any]:
    """Another draft, open at the planner's desk and on the reviewer's phone."""
    plan = workflow.draft_plan(desk.service.database, WEST, "edition").id
    phone = desk.sign_in("赵审核", width=390, height=844)
    return plan, desk.open(desk.sign_in("王规划"), plan), desk.open(phone, plan)


def test_comments_are_pinned_answered_from_a_phone_and_outlive_their_grid(
    desk: Desk, second: tuple[str, Any, Any]
) -> None:
    plan, page, phone = second
    one, two = keys(page)[:2]
    page.click(f"#grids tr[data-key='{one}']")
    page.click("#tab-comments")
    page.get_by_role("button", name="写意见").click()
    page.locator("dialog textarea").fill(f"{HOSTILE[0]}\n北门归谁？")
    page.locator("dialog").get_by_role("button", name="发送").click()
    page.wait_for_selector(".pin")
    told = desk.service.client("reviewer").post(f"/v1/plans/{plan}/comments", json={"words": "这格呢", "grid": two})
    assert told.status_code == 201
    phone.evaluate("() => window.gisgridPage.comments.read()")
    phone.click("#tab-comments")
    assert phone.locator("#tab .thread").first.inner_text().startswith(f"1　网格0{one}")
    assert f"{HOSTILE[0]}\n北门归谁？" in phone.locator("#tab .thread .told").first.inner_text()
    phone.get_by_role("button", name="回复").first.click()
    phone.locator("dialog textarea").fill("归这边")
    phone.locator("dialog").get_by_role("button", name="发送").click()
    phone.wait_for_function("() => document.querySelectorAll('#tab .thread .told').length === 3")
    page.evaluate("() => window.gisgridPage.comments.read()")
    assert page.locator(".pin").all_inner_texts() == ["1", "2"]
    page.evaluate("(grids) => window.gisgridPage.editor.operate({ op: 'merge', grids })", [one, two])
    saved(page)
    assert page.locator(".pin.gone").count() == 1, "the pin of the grid that ended stays where it was"
    assert page.locator("#tab .thread").filter(has_text="已不存在").count() == 1
    page.locator(".pin.gone").click()
    assert page.evaluate("() => document.activeElement.innerText").count("已不存在") == 1
    page.click("#undo")
    saved(page)
    assert page.locator(".pin.gone").count() == 0
    phone.get_by_role("button", name="解决").first.click()
    phone.wait_for_selector("#tab .thread.done")
    assert phone.locator(".pin.done").count() == phone.locator("#tab-comments").filter(has_text="意见 1").count() == 1
    assert page.locator("img").count() == phone.locator("img").count() == 0


def test_a_grid_gets_its_name_and_kind_from_its_row(desk: Desk, second: tuple[str, Any, Any]) -> None:
    plan, page, _ = second
    key = keys(page)[0]
    row = page.locator(f"#grids tr[data-key='{key}']")
    before = row.inner_text()
    row.locator("button.label").click()
    page.locator("dialog input").fill(HOSTILE[0])
    page.locator("dialog select").select_option("dedicated")
    page.locator("dialog").get_by_role("button", name="确定").click()
    saved(page)
    assert f"专属 {HOSTILE[0]}" in row.inner_text()
    with desk.service.database.transaction() as connection:
        grid = next(each for each in plans.get(connection, plan).grids if each.key == key)
    assert (grid.name, grid.kind) == (HOSTILE[0], "dedicated")
    for _ in range(2):
        page.click("#undo")
        saved(page)
    assert row.inner_text() == before


def test_a_plan_comes_back_with_the_reason_and_is_taken_up_again(second: tuple[str, Any, Any]) -> None:
    _, page, reviewer = second
    confirm(page, "提交审核")
    page.wait_for_selector("#readonly:not([hidden])")
    why = f"{HOSTILE[0]}\n北门归03网格"
    reviewer.wait_for_function("() => document.getElementById('state').textContent === '审核中'")
    confirm(reviewer, "退回")
    reviewer.wait_for_selector("#notice.fault")
    assert "理由" in reviewer.locator("#notice").inner_text(), "without a reason nothing is sent back"
    reviewer.locator("#tab").get_by_role("button", name="退回", exact=True).click()
    reviewer.locator("dialog textarea").fill(why)
    reviewer.locator("dialog").get_by_role("button", name="退回", exact=True).click()
    page.wait_for_function("() => document.getElementById('readonly').textContent.includes('赵审核退回：')")
    assert HOSTILE[0] in page.locator("#readonly").inner_text(), "shown as it was written, without a reload"
    confirm(page, "继续修改")
    page.wait_for_function("() => document.getElementById('state')?.textContent === '草稿'")
    page.wait_for_selector("#tab .returned")
    assert page.locator("#tab .returned").inner_text().endswith(why)
    assert page.locator("#tools button[data-tool=brush]").is_enabled()
    told = page.locator("#tab ul").first.locator("li").all_inner_texts()
    assert [line.split()[0] for line in told] == ["审核中", "已退回", "草稿"]
    assert page.locator("img").count() == 0


def test_a_publication_is_announced_for_a_day_and_withdrawn(desk: Desk, second: tuple[str, Any, Any]) -> None:
    plan, page, reviewer = second
    workflow.submit_plan(desk.service.database, plan, actor="王规划 (user)")
    workflow.approve_plan(desk.service.database, plan, actor="赵审核 (user)")
    reviewer.wait_for_function("() => document.getElementById('state').textContent === '已批准'")
    reviewer.click("#tab-review")
    reviewer.locator("#tab").get_by_role("button", name="发布", exact=True).click()
    reviewer.locator("dialog input[type=datetime-local]").fill("2199-01-01T08:00")
    for exception in reviewer.locator("dialog input[type=checkbox]").all():
        exception.check()
    reviewer.locator("dialog").get_by_role("button", name="发布", exact=True).click()
    reviewer.wait_for_selector("#tab .returned")
    assert reviewer.locator("#tab .returned").inner_text() == "将于 2199-01-01 08:00 生效"
    assert reviewer.locator("#state").inner_text() == "已批准"
    page.goto("/planner/")
    assert "2199-01-01 起生效" in page.locator("body").inner_text()
    confirm(reviewer, "撤回发布")
    reviewer.wait_for_function("() => document.querySelector('#tab ul li:last-child b')?.textContent === '撤回发布'")
    assert reviewer.locator("#tab .returned").count() == 0
    assert reviewer.locator("#tab").get_by_role("button", name="发布", exact=True).is_visible()


def test_drawn_grids_are_looked_at_repair_by_repair_and_taken(desk: Desk, tmp_path: Path) -> None:
    page = desk.open(desk.sign_in("李规划"), workflow.draft_plan(desk.service.database, WEST, "edition").id)
    page.click("#tab-review")
    page.get_by_role("button", name="导入手绘网格").click()
    drawn = {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "properties": {"name": name}, "geometry": shapely.geometry.mapping(shape)}
            for name, shape in ((HOSTILE[0], box(0, 0, 2.1, 3)), ("东", box(2.0, 0, 1.97, 3)))
        ],
    }
    (tmp_path / "drawn.geojson").write_text("{", "utf-8")
    page.locator("#tab input[type=file]").set_input_files(tmp_path / "drawn.geojson")
    page.get_by_role("button", name="查看修补").click()
    page.wait_for_selector("#tab .bad")
    (tmp_path / "drawn.geojson").write_text(json.dumps(drawn), "utf-8")
    page.locator("#tab input[type=file]").set_input_files([])
    page.locator("#tab input[type=file]").set_input_files(tmp_path / "drawn.geojson")
    page.get_by_role("button", name="查看修补").click()
    page.wait_for_selector("#tab .repairs li[data-rule=repaired_overlap]")
    assert page.locator("#tab .bad").count() == 0
    assert "2个网格，2处修补" in page.locator("#tab").inner_text(), "the sum is no repair of its own"
    zoom = page.evaluate("() => window.gisgridPage.map.getZoom()")
    page.locator("#tab li[data-rule=repaired_overlap]").get_by_role("button", name="定位").first.click()
    assert page.evaluate("() => window.gisgridPage.map.getZoom()") != zoom, "the place is shown"
    assert page.locator("#tab .repairs").is_visible()
    old = page.url
    page.get_by_role("button", name="采用，存为新草案").click()
    page.wait_for_function("(old) => location.href !== old", arg=old)
    page.wait_for_selector("html[data-ready]")
    assert HOSTILE[0] in page.locator("#grids").inner_text()
    assert page.locator("img").count() == 0
    page.close()


def test_an_old_edition_becomes_a_draft_and_a_session_that_ended_keeps_the_words(
    desk: Desk, second: tuple[str, Any, Any]
) -> None:
    plan, page, _ = second
    page.goto(f"/planner/{plan}")
    page.wait_for_selector("html[data-ready]")
    page.click("#tab-review")
    oldest = page.locator("#tab li").filter(has_text="版本").last
    assert "test" in oldest.inner_text(), "who published it"
    oldest.get_by_role("button", name="恢复为新草案").click()
    page.locator("dialog").get_by_role("button", name="恢复", exact=True).click()
    page.wait_for_function("(old) => !location.pathname.endsWith(`/${old}`)", arg=plan)
    page.wait_for_selector("html[data-ready]")
    assert page.locator("#state").inner_text() == "草稿"
    page.context.clear_cookies()
    page.click("#tab-comments")
    for sent in (True, False):
        page.get_by_role("button", name="写意见").click()
        words = page.locator("dialog textarea")
        if sent:
            words.fill("东门归谁？")
            page.locator("dialog").get_by_role("button", name="发送").click()
            page.wait_for_selector("#notice.fault")
    assert words.input_value() == "东门归谁？", "kept"
    assert "登录已失效" in page.locator("#notice").inner_text()
    assert page.locator("#saved a").get_attribute("href").startswith("/login?next=%2Fplanner%2F")
