"""A small town that is drawn and published by the product itself, and a real server over it."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx
import shapely
import uvicorn

from api.main import create_app
from api.server import OPTIONS
from gisgrid import workflow
from gisgrid.model import DrawSettings, Role
from gisgrid.settings import Settings
from gisgrid.store import keys
from gisgrid.store.database import Database
from gisgrid.store.tables import BUILDINGS, DIVISIONS, POSTS

STREETS = ("990101001", "990101002")
WEST, EAST = "990101001001", "990101002001"
"""Two communities side by side under two streets; WEST holds 111.700-111.704 E, EAST 111.704-111.708 E."""
STEP = 0.001
ORIGIN = (111.700, 40.800)


def box(column: float, row: float, width: float, height: float) -> shapely.Polygon:
    west, south = ORIGIN[0] + column * STEP, ORIGIN[1] + row * STEP
    return shapely.box(west, south, west + width * STEP, south + height * STEP).normalize()


def build_town(database: Database) -> None:
    with database.transaction() as connection:
        rows = [("990101", "合成区", "district", None, None)]
        for street, community, column, name in ((STREETS[0], WEST, 0, "西"), (STREETS[1], EAST, 4, "东")):
            ground = shapely.MultiPolygon([box(column, 0, 4, 3)])
            rows += [
                (street, f"{name}街道", "street", "990101", None),
                (community, f"{name}社区", "community", street, ground),
            ]
        for code, name, level, parent, ground in rows:
            geom = None if ground is None else f"SRID=4326;{ground.wkt}"
            connection.execute(
                DIVISIONS.insert().values(code=code, name=name, level=level, parent_code=parent, geom=geom)
            )
        for community, column in ((WEST, 0), (EAST, 4)):
            for number in range(24):
                footprint = shapely.MultiPolygon(
                    [box(column + number % 6 * 0.65 + 0.1, number // 6 * 0.7 + 0.1, 0.4, 0.4)]
                )
                connection.execute(
                    BUILDINGS.insert().values(
                        code=f"{community}-{number:02}",
                        households=40,
                        community_code=community,
                        geom=f"SRID=4326;{footprint.wkt}",
                    )
                )
    for community in (WEST, EAST):
        drawn = workflow.draw_plans(database, [community], DrawSettings())[0]
        workflow.publish_plan(database, plan_id(drawn), actor="test", from_draft=True)
    with database.transaction() as connection:
        for code in (f"{WEST}001", f"{EAST}001"):
            connection.execute(
                POSTS.insert().values(grid_code=code, role="网格员", name="网格员甲一", duty_phone="000-0001")
            )


def plan_id(drawn: object) -> str:
    return getattr(drawn, "plan", drawn).id  # type: ignore[no-any-return, attr-defined]  # a plan or its summary


@dataclass
class Service:
    """A running server over a database, and clients that hold keys."""

    url: str
    database: Database
    clients: list[httpx.Client] = field(default_factory=list)

    def client(self, role: Role | None = None, scope: str | None = None, **options: object) -> httpx.Client:
        headers = {}
        if role is not None:
            with self.database.transaction() as connection:
                _, secret = keys.create_key(connection, name=f"{role} {scope}", role=role, scope=scope, actor="test")
            headers["Authorization"] = f"Bearer {secret}"
        client = httpx.Client(base_url=self.url, headers=headers, timeout=60, **options)
        self.clients.append(client)
        return client


@contextmanager
def serving(settings: Settings, database: Database) -> Iterator[Service]:
    """Serve the app by uvicorn on a free port of this machine."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(create_app(settings), **OPTIONS, log_level="critical"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    service = Service(f"http://127.0.0.1:{port}", database)
    try:
        deadline = time.monotonic() + 120  # a crowded machine compiles for a while
        while not server.started and thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert server.started, "the server did not start"
        yield service
    finally:
        for client in service.clients:
            client.close()
        server.should_exit = True
        thread.join(30)
        listening.close()
