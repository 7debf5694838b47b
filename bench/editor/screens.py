"""The main states of the planner's page as pictures, to be looked at: the bundled street on the real service.

    python -m bench.editor.screens OUT [--states suggestion clash …]

Writes one PNG a state into the folder, and says of each which texts are faint (`contrast`) and what the browser
complained about. Everything is done by hand, as a planner does it: with the mouse, the keyboard and two browsers.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from api.access import SESSION_COOKIE
from bench.editor.contrast import faint_texts
from bench.editor.service import database_of_its_own, serving
from gisgrid import importing, workflow
from gisgrid.model import Band, DrawSettings, Role
from gisgrid.sample_data import SAMPLE_LAYERS, SAMPLE_POSTS, SampleLayer, sample_folder
from gisgrid.settings import Settings
from gisgrid.store import keys
from gisgrid.store.database import Database

PASSWORD = "correct horse battery"
USERS: dict[str, Role] = {"王规划": "planner", "李规划": "planner", "赵审核": "reviewer"}
DESK, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
WITHOUT_GPU = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
PLACES = """
(wanted) => {
    const { map, board: { borders, buildingsOfCell, cells }, editor: { view } } = window.gisgridPage;
    const frame = document.getElementById("map").getBoundingClientRect();
    const near = (cell) => [...borders.neighbour.slice(borders.start[cell], borders.start[cell + 1])];
    const place = (cell) => {
        const at = map.latLngToContainerPoint(map.unproject([cells.centres[2 * cell], cells.centres[2 * cell + 1]], 0));
        return [at.x + frame.left, at.y + frame.top];
    };
    const apart = (way, to) => {
        const from = view.of[way[0]], before = way.flatMap((cell) => view.move([cell], to));
        const pieces = view.pieces(from).length;
        for (const [cell, slot] of before) view.move([cell], slot);
        return pieces > 1;
    };
    for (let length = 1; length < 12; length += 1) {
        for (const cell of view.of.keys()) {
            const from = view.of[cell], way = [cell];
            if (from < 0 || !buildingsOfCell.of(cell).length) continue;
            const fresh = (other) => view.of[other] === from && !way.includes(other);
            for (const each of way) if (way.length < length) way.push(...near(each).filter(fresh));
            const to = near(cell).map((other) => view.of[other]).find((slot) => slot >= 0 && slot !== from);
            const least = wanted === "breaks" ? length : 4;
            if (to === undefined || way.length < least || way.length > length + 3) continue;
            if (apart(way, to) === (wanted === "breaks")) return { key: view.slots[to].key, way: way.map(place) };
        }
    }
    return null;
}
"""


@dataclass
class Album:
    """Where the pictures go, and what was noticed."""

    folder: Path
    complaints: list[str] = field(default_factory=list)

    def take(self, page: Any, name: str) -> None:
        """Write a picture, and say what is faint in it."""
        page.wait_for_timeout(400)
        page.screenshot(path=self.folder / f"{name}.png")
        faint = faint_texts(page)
        print(name, "· faint:", ", ".join(faint) or "none", "· complaints:", ", ".join(self.complaints) or "none")
        self.complaints.clear()

    def watch(self, page: Any) -> Any:
        """Note what goes wrong in a page; returns it."""
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page


@dataclass
class Desk:
    """The service, and its users' browsers."""

    browser: Any
    database: Database
    url: str
    album: Album

    def context(self, name: str, **options: Any) -> Any:
        """Return a browser in which this person is signed in."""
        with self.database.transaction() as connection:
            opened = keys.open_session(connection, name=name, password=PASSWORD)
        assert opened is not None
        context = self.browser.new_context(base_url=self.url, **{"viewport": DESK, **options})
        context.add_cookies([{"name": SESSION_COOKIE, "value": opened[0], "url": self.url}])
        return context

    def editor(self, context: Any, plan: str) -> Any:
        """Return the editor of a plan, ready."""
        page = self.album.watch(context.new_page())
        page.goto(f"/planner/{plan}")
        page.wait_for_selector("html[data-ready]")
        return page


def main() -> None:
    """Write the pictures of all states."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--states", nargs="+", default=[each.__name__ for each in (*OF_A_DRAFT, *OF_A_SUBMITTED)])
    arguments = parser.parse_args()
    folder, wanted = arguments.folder, set(arguments.states)
    folder.mkdir(parents=True, exist_ok=True)
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with database_of_its_own() as (database, home), serving(Settings(database.url, home)) as url:
        with database.transaction() as connection:
            for name, role in USERS.items():
                keys.add_user(connection, name=name, password=PASSWORD, role=role, scope=None, actor="bench")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=program, args=WITHOUT_GPU)
            desk = Desk(browser, database, url, Album(folder))
            page = desk.album.watch(desk.context("王规划").new_page())
            page.goto("/planner/")
            desk.album.take(page, "01-empty")
            draft, submitted = town(database, home)
            page.goto("/planner/")
            desk.album.take(page, "02-start")
            page.context.close()
            for shows, plan in ((OF_A_DRAFT, draft), (OF_A_SUBMITTED, submitted)):
                for show in (each for each in shows if each.__name__ in wanted):
                    show(desk, plan)
            browser.close()


def town(database: Database, home: Path) -> tuple[str, str]:
    """Import the bundled street, publish it, and return two drafts of its first community: one of them submitted."""
    _import(database, home, SAMPLE_LAYERS)
    codes = workflow.communities_with_buildings(database, without_edition=True)
    for drawn in workflow.draw_plans(database, codes, DrawSettings(effort="draft")):
        workflow.publish_plan(database, drawn.plan.id, accept=("all",), actor="bench", from_draft=True)
    _import(database, home, (SAMPLE_POSTS,))
    draft = workflow.draft_plan(database, codes[0], "edition").id
    other = workflow.draw_plans(database, codes[:1], DrawSettings(band=Band(250, 450, 350), effort="draft", seed=3))
    submitted = other[0].plan.id
    workflow.submit_plan(database, submitted, actor="王规划 (user)")
    return draft, submitted


def _import(database: Database, home: Path, layers: tuple[SampleLayer, ...]) -> None:
    for each in layers:
        request = importing.ImportRequest(
            layer=each.layer, path=sample_folder() / each.file_name, crs=each.crs,
            dwelling_m2=100.0 if each.estimate_households else None, rejects=home / f"{each.layer}.csv",
            nearest_tolerance_m=20.0,
        )  # fmt: skip
        importing.import_layer(database, request)


def _aim(page: Any, wanted: str = "moves") -> list[list[float]]:
    """Choose a target and the brush; returns the way of a stroke that moves buildings into it, or breaks a grid."""
    found = page.evaluate(PLACES, wanted)
    page.click(f"#grids tr[data-key='{found['key']}']")
    page.click("#tools button[data-tool=brush]")
    way: list[list[float]] = found["way"]
    return way


def _stroke(page: Any, way: list[list[float]], *, release: bool = True) -> None:
    page.mouse.move(*way[0])
    page.mouse.down()
    for x, y in way[1:]:
        page.mouse.move(x, y, steps=4)
    if release:
        page.mouse.up()


def _saved(page: Any) -> None:
    page.wait_for_function("() => !gisgridPage.editor.outbox.length && !gisgridPage.editor.busy")


def loading(desk: Desk, plan: str) -> None:
    page = desk.album.watch(desk.context("王规划").new_page())
    held: list[Callable[[], None]] = []
    page.route("**/board", lambda route: held.append(route.continue_))
    page.goto(f"/planner/{plan}", wait_until="commit")
    page.wait_for_selector("#loading")
    desk.album.take(page, "03-loading")
    page.context.close()


def painting(desk: Desk, plan: str) -> None:
    page = desk.editor(desk.context("王规划"), plan)
    _stroke(page, _aim(page), release=False)
    desk.album.take(page, "04-painting")
    page.keyboard.press("Escape")
    page.context.close()


def broken(desk: Desk, plan: str) -> None:
    page = desk.editor(desk.context("王规划"), plan)
    _stroke(page, _aim(page, "breaks"))
    _saved(page)
    page.click("#tab-findings")
    page.click("#problems")
    desk.album.take(page, "05-broken")
    page.click("#undo")
    _saved(page)
    page.context.close()


def suggestion(desk: Desk, plan: str) -> None:
    page = desk.editor(desk.context("王规划"), plan)
    _stroke(page, _aim(page))
    _saved(page)
    page.keyboard.press("Escape")
    page.click("#tab-suggest")
    page.get_by_role("button", name="均衡", exact=True).click()
    page.wait_for_selector("#tab .choice", timeout=60_000)
    page.locator("#tab .choice").first.get_by_role("button", name="在图上看").click()
    page.mouse.move(700, 700)
    desk.album.take(page, "06-suggestion")
    page.click("#undo")
    _saved(page)
    page.context.close()


def offline(desk: Desk, plan: str) -> None:
    context = desk.context("王规划")
    page = desk.editor(context, plan)
    way = _aim(page)
    context.set_offline(True)
    _stroke(page, way)
    page.wait_for_selector("#saved.away")
    desk.album.take(page, "07-offline")
    page.evaluate("() => localStorage.clear()")
    context.close()


def clash(desk: Desk, plan: str) -> None:
    context = desk.context("王规划")
    page, other = desk.editor(context, plan), desk.editor(desk.context("李规划"), plan)
    way = _aim(page)
    context.set_offline(True)
    _stroke(page, way)
    page.wait_for_selector("#saved.away")
    other.keyboard.press("n")
    other.click("#tools button[data-tool=brush]")
    held = page.evaluate("() => gisgridPage.editor.view.slots[gisgridPage.marks.target].key")
    for row in other.locator("#grids tr[data-key]").all():
        if row.get_attribute("data-key") != held:
            row.click()
            _stroke(other, way[:1])
            _saved(other)
            if other.evaluate("() => gisgridPage.editor.done.length"):
                break
    context.set_offline(False)
    page.wait_for_selector("dialog.ask", timeout=60_000)
    desk.album.take(page, "08-clash")
    context.close()
    other.context.close()


def compared(desk: Desk, plan: str) -> None:
    page = desk.editor(desk.context("王规划"), plan)
    page.click("#tab-compare")
    page.wait_for_function("() => document.querySelectorAll('#tab option').length > 1")
    page.select_option("#tab select", index=page.locator("#tab option").count() - 1)
    page.wait_for_selector("#curtain")
    desk.album.take(page, "09-compare")
    page.context.close()


def read_only(desk: Desk, plan: str) -> None:
    page = desk.editor(desk.context("王规划"), plan)
    page.click("#tab-changes")
    desk.album.take(page, "10-read-only")
    page.context.close()


def review(desk: Desk, plan: str) -> None:
    page = desk.editor(desk.context("赵审核"), plan)
    page.click("#tab-review")
    desk.album.take(page, "11-review")
    page.click("#language")
    desk.album.take(page, "11-review-english")
    page.context.close()


def phone(desk: Desk, plan: str) -> None:
    page = desk.editor(desk.context("赵审核", viewport=PHONE, is_mobile=True, has_touch=True), plan)
    desk.album.take(page, "12-phone")
    page.click("#tab-comments")
    desk.album.take(page, "12-phone-comments")
    page.context.close()


OF_A_DRAFT = (loading, painting, broken, suggestion, offline, compared, clash)
OF_A_SUBMITTED = (read_only, review, phone)

if __name__ == "__main__":
    main()
