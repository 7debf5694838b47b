"""The planner's town, served once a module, and pages of it in a real browser that are watched for trouble."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import databases
import pytest
from served_town import EAST, STREETS, WEST, Service, build_town, serving

from api.access import SESSION_COOKIE
from gisgrid import workflow
from gisgrid.model import Band, DrawSettings, Role
from gisgrid.settings import Settings
from gisgrid.store import keys
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database
from gisgrid.store.tables import BUILDINGS, ESTATES

PASSWORD = "correct horse battery"
HOSTILE = (
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    '"><svg onload=alert(1)>',
    "${alert(1)}{{7*7}}",
)
USERS: dict[str, Role] = {"王规划": "planner", "李规划": "planner", "赵审核": "reviewer"}


@dataclass
class Desk:
    """The served town, and browsers of its planners."""

    service: Service
    browser: Any
    trouble: list[str] = field(default_factory=list)
    contexts: list[Any] = field(default_factory=list)

    def draft(self, community: str = WEST, *, keep: bool = False) -> str:
        """Draw a new draft and return its id: the grids in force, or four of which two fit together."""
        settings = DrawSettings(keep_current=True) if keep else DrawSettings(band=Band(120, 500, 240))
        return workflow.draw_plans(self.service.database, [community], settings)[0].plan.id

    def sign_in(self, name: str, *, width: int = 1366, height: int = 768) -> Any:
        """Return a new browser context in which this person is signed in."""
        with self.service.database.transaction() as connection:
            opened = keys.open_session(connection, name=name, password=PASSWORD)
        assert opened is not None
        context = self.browser.new_context(viewport={"width": width, "height": height}, base_url=self.service.url)
        context.add_cookies([{"name": SESSION_COOKIE, "value": opened[0], "url": self.service.url}])
        self.contexts.append(context)
        return context

    def open(self, context: Any, plan: str) -> Any:
        """Return the editor of a plan, ready, and watched."""
        page = context.new_page()
        page.on("pageerror", lambda error: self.trouble.append(str(error)))
        page.on("dialog", lambda dialog: (self.trouble.append(f"dialog {dialog.message}"), dialog.dismiss()))
        page.on("console", self._heard)
        page.goto(f"/planner/{plan}")
        page.wait_for_selector("html[data-ready]", timeout=15_000)
        return page

    def _heard(self, message: Any) -> None:
        """Note what the browser complains about; answers that the page deals with are no complaint."""
        if not message.text.startswith("Failed to load resource"):
            self.trouble.append(message.text)


@contextmanager
def _served(cluster: Cluster, template: str, home: Any) -> Iterator[Service]:
    name = f"desk_{uuid4().hex[:12]}"
    database = Database(databases.create(cluster, name, template))
    build_town(database)
    with database.transaction() as connection:
        for number, title in enumerate(HOSTILE[:2]):
            connection.execute(ESTATES.insert().values(code=f"E{number}", name=title))
        for number in range(24):
            values = {"address": f"西街{number}号", "name": HOSTILE[number % len(HOSTILE)]}
            if number in {0, 1, 6, 7}:
                values["estate_code"] = "E0"
            code = f"{WEST}-{number:02}"
            connection.execute(BUILDINGS.update().where(BUILDINGS.c.code == code).values(**values))
        for user, role in USERS.items():
            keys.add_user(connection, name=user, password=PASSWORD, role=role, scope=STREETS[0], actor="test")
    try:
        with serving(Settings(database.url, home), database) as service:
            yield service
    finally:
        database.close()
        databases.drop(cluster, name)


@pytest.fixture(scope="module")
def desk(
    cluster: Cluster, template_database: str, browser: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Desk]:
    """The town at the planners' disposal; nothing may have gone wrong in any page by the end."""
    with _served(cluster, template_database, tmp_path_factory.mktemp("home")) as service:
        desk = Desk(service, browser)
        yield desk
        for context in desk.contexts:
            context.close()
        assert desk.trouble == []


@pytest.fixture
def at() -> Callable[[Any, int], tuple[float, float]]:
    """Where a building of the community is on the screen, by its position."""

    def place(page: Any, building: int) -> tuple[float, float]:
        x, y = page.evaluate(
            """(building) => {
                const { map, board } = window.gisgridPage;
                const centre = board.buildings.centres.slice(2 * building, 2 * building + 2);
                const at = map.latLngToContainerPoint(map.unproject([...centre], 0));
                const frame = document.getElementById("map").getBoundingClientRect();
                return [at.x + frame.left, at.y + frame.top];
            }""",
            building,
        )
        return float(x), float(y)

    return place


__all__ = ["EAST", "STREETS", "WEST"]
