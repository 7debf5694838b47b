"""The planner's page on the real service and database: undo a thousand deep after a reload, and suggestions.

Undo is timed twice: until the page has painted it, which it does before the service has answered, and until it is
saved. Suggestions are timed from the click to the choices on the page.
"""

from __future__ import annotations

import shutil
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from api.access import SESSION_COOKIE
from api.main import create_app
from api.server import OPTIONS
from bench import edits
from gisgrid import workflow
from gisgrid.model import DrawSettings, Plan
from gisgrid.plan.operations import Assign, Merge
from gisgrid.settings import Settings
from gisgrid.store import keys, migrations, plans
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database, copy_rows
from gisgrid.store.tables import DIVISIONS

BUILDINGS, DEPTH, UNDOS = 484, 1_000, 12
COMMUNITY, PASSWORD = f"{edits.STREET}001", "correct horse battery"
UNDO = """
async (count) => {
    const { editor, canvas } = window.gisgridPage, found = { painted: [], saved: [], moved: 0 };
    const pause = () => new Promise((done) => setTimeout(done, 4));
    for (let i = 0; i < count; i += 1) {
        const before = editor.view.of.slice(), begun = performance.now();
        editor.undo();
        canvas.flush();
        found.painted.push(performance.now() - begun);
        found.moved += editor.view.of.some((slot, cell) => slot !== before[cell]) ? 1 : 0;
        while (editor.outbox.length || editor.busy) await pause();
        found.saved.push(performance.now() - begun);
    }
    return found;
}
"""
SUGGEST = """
async (name) => {
    const page = window.gisgridPage, begun = performance.now();
    page.show("suggest");
    [...document.querySelectorAll("#tab button")].find((each) => each.textContent === name).click();
    do {
        await new Promise((done) => requestAnimationFrame(done));
    } while (document.querySelector("#tab [role=status]"));
    return [performance.now() - begun, document.querySelectorAll("#tab .choice").length];
}
"""


def measure(browser: Any) -> dict[str, Any]:
    """Return the figures in milliseconds, of a community of 484 buildings."""
    with database_of_its_own() as (database, home):
        plan, large = _plan(database)
        with serving(Settings(database.url, home)) as url:
            page = _signed_in(browser, database, url, plan)
            found = page.evaluate(UNDO, UNDOS)
            assert found["moved"] == UNDOS, "the page knew every step"
            page.evaluate("(key) => gisgridPage.choose(gisgridPage.editor.view.slotOf(key))", large)
            split = [page.evaluate(SUGGEST, "拆分") for _ in range(3)]
            page.evaluate("() => gisgridPage.choose(null)")
            balance = [page.evaluate(SUGGEST, "均衡") for _ in range(2)]
            page.context.close()
    return {
        "undo_painted_ms": round(statistics.median(found["painted"]), 1),
        "undo_saved_ms": round(statistics.median(found["saved"]), 1),
        "split_ms": [round(ms) for ms, _ in split],
        "balance_ms": [round(ms) for ms, _ in balance],
        "choices": [count for _, count in (*split, *balance)],
    }


@contextmanager
def database_of_its_own() -> Iterator[tuple[Database, Path]]:
    """Give a database in a private cluster, and its folder; both are gone when the block ends."""
    home = Path(tempfile.mkdtemp(prefix="gisgrid-bench-"))
    home.chmod(0o711)
    cluster = Cluster(home)
    try:
        cluster.start()
        migrations.upgrade(cluster.url)
        database = Database(cluster.url)
        yield database, home
        database.close()
    finally:
        cluster.stop(force=True)
        shutil.rmtree(home)


def _plan(database: Database) -> tuple[str, str]:
    """Draw a plan, merge two of its grids, put a thousand edits on its stack; return its id and the large grid."""
    with database.transaction() as connection:
        copy_rows(connection, DIVISIONS, ("code", "name", "level"), [(edits.STREET, "合成街道", "street")])
    edits.build(database, COMMUNITY, BUILDINGS)
    plan = workflow.draw_plans(database, [COMMUNITY], DrawSettings(effort="draft"))[0].plan
    large = _merged(database, plan)
    edits.deepen(database, plan.id, DEPTH - UNDOS)
    for turn in range(UNDOS):
        with database.transaction() as connection:
            grids = plans.get(connection, plan.id).grids
        other = next(grid for grid in grids if grid.key != large)
        to = next(grid.key for grid in grids if grid.key not in {large, other.key})
        workflow.edit_plan(database, plan.id, Assign(to, other.buildings[turn : turn + 1]), actor="bench (user)")
    return plan.id, large


def _merged(database: Database, plan: Plan) -> str:
    """Merge the first grid with one that it borders on, and return the key of what comes out, too large for a grid."""
    first, *others = plan.grids
    near = next(grid for grid in others if first.geometry.intersection(grid.geometry).length > 0)
    done = workflow.edit_plan(database, plan.id, Merge((first.key, near.key)), actor="bench (user)")
    return max(done.changed, key=lambda grid: grid.households).key


@contextmanager
def serving(settings: Settings) -> Iterator[str]:
    """Serve the app until the block ends; gives its address."""
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(create_app(settings), **OPTIONS, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    try:
        while not server.started and thread.is_alive():
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)
        listening.close()


def _signed_in(browser: Any, database: Database, url: str, plan: str) -> Any:
    """Return the editor of the plan, opened and loaded anew."""
    with database.transaction() as connection:
        keys.add_user(connection, name="bench", password=PASSWORD, role="planner", scope=None, actor="bench")
        opened = keys.open_session(connection, name="bench", password=PASSWORD)
    assert opened is not None
    context = browser.new_context(viewport={"width": 1366, "height": 768}, base_url=url)
    context.add_cookies([{"name": SESSION_COOKIE, "value": opened[0], "url": url}])
    page = context.new_page()
    page.goto(f"/planner/{plan}")
    page.wait_for_selector("html[data-ready]")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    return page
