"""Micro grids are kept with their plan as they were drawn, go with a changed plan, and freeze with a published one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing

import psycopg
import pytest
import shapely
from sqlalchemy import text
from town import BUILDINGS_OF_CELLS, COMMUNITY, build, cell_polygon, clone, drawing, publish, save_plan

from gisgrid.errors import Conflict, NotFound
from gisgrid.model import Band, MicroDrawing, MicroGrid
from gisgrid.store import micro_grids, plans
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Connection, Database

BAND = Band(100, 250, 200, "dwelling")


def micro(grid: str, number: int, cells: Sequence[int]) -> MicroGrid:
    return MicroGrid(
        grid=grid,
        number=number,
        households=200 * len(cells),
        buildings=tuple(sorted(BUILDINGS_OF_CELLS[cell] for cell in cells)),
        cells=tuple(cells),
        geometry=shapely.union_all([cell_polygon(cell) for cell in cells]),
        area_m2=37_900.0 * len(cells),
    )


HALVES = tuple(micro("ABC"[cell // 2], cell % 2 + 1, [cell]) for cell in range(6))


@pytest.fixture(scope="module")
def empty(cluster: Cluster, template_database: str) -> Iterator[Database]:
    with clone(cluster, template_database) as url, closing(Database(url)) as database:
        yield database


@pytest.fixture
def connection(empty: Database) -> Iterator[Connection]:
    """A transaction in which the town is built; it is undone."""
    with empty.transaction(keep=False) as connection:
        build(connection)
        yield connection


def count(connection: Connection, table: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM gisgrid.{table}")).scalar_one())


class TestKeeping:
    def test_they_come_back_as_they_were(self, connection: Connection) -> None:
        plan = save_plan(connection)
        micro_grids.save(connection, plan.id, BAND, HALVES)
        kept = micro_grids.get(connection, plan.id)
        assert (kept.plan, kept.community, kept.band) == (plan.id, COMMUNITY, BAND)
        assert kept.micro_grids == HALVES
        for read, made in zip(kept.micro_grids, HALVES, strict=True):
            assert shapely.get_coordinates(read.geometry).tobytes() == shapely.get_coordinates(made.geometry).tobytes()

    def test_drawn_anew_they_replace_the_old_ones(self, connection: Connection) -> None:
        plan = save_plan(connection)
        micro_grids.save(connection, plan.id, BAND, HALVES)
        whole = (micro("A", 1, [0, 1]), micro("B", 1, [2, 3]), micro("C", 1, [4, 5]))
        micro_grids.save(connection, plan.id, Band(300, 500, 400), whole)
        assert micro_grids.get(connection, plan.id).micro_grids == whole
        assert (count(connection, "micro_drawings"), count(connection, "micro_grid_cells")) == (1, 6)

    def test_of_two_plans_each_keeps_its_own(self, connection: Connection) -> None:
        one, two = save_plan(connection), save_plan(connection)
        micro_grids.save(connection, one.id, BAND, HALVES)
        assert micro_grids.get(connection, two.id) == MicroDrawing(two.id, COMMUNITY, None)
        micro_grids.save(connection, two.id, BAND, HALVES[:2])
        assert len(micro_grids.get(connection, one.id).micro_grids) == 6

    def test_a_plan_that_is_none(self, connection: Connection) -> None:
        with pytest.raises(NotFound):
            micro_grids.get(connection, "999")
        with pytest.raises(NotFound):
            micro_grids.open_plan(connection, "x")


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE gisgrid.plan_cells SET grid_key = 'B' WHERE plan_id = :plan AND cell_number = 1",
        "DELETE FROM gisgrid.plan_cells WHERE plan_id = :plan AND cell_number = 1",
        "INSERT INTO gisgrid.plan_cells SELECT plan_id, 99, 'A' FROM gisgrid.plan_cells WHERE plan_id = :plan LIMIT 1",
    ],
)
def test_they_go_when_cells_of_their_plan_change_hands(connection: Connection, change: str) -> None:
    plan, other = save_plan(connection), save_plan(connection)
    for each in (plan, other):
        micro_grids.save(connection, each.id, BAND, HALVES)
    connection.execute(text(change), {"plan": int(plan.id)})
    assert micro_grids.get(connection, plan.id).micro_grids == ()
    assert len(micro_grids.get(connection, other.id).micro_grids) == 6


@pytest.fixture(scope="module")
def published(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """The town, published with its micro grids; tests leave it as they found it."""
    with clone(cluster, template_database) as url, closing(Database(url)) as database:
        with database.transaction() as connection:
            build(connection)
            plan = save_plan(connection)
            micro_grids.save(connection, plan.id, BAND, HALVES)
            publish(connection, plans.get(connection, plan.id))
        yield database


@pytest.fixture
def lord(published: Database) -> Iterator[psycopg.Connection]:
    """A connection as the owner of everything; what it does is undone."""
    with psycopg.connect(published.url) as connection:
        yield connection
        connection.rollback()


class TestFrozen:
    @pytest.mark.parametrize(
        "deed",
        [
            "DELETE FROM gisgrid.micro_drawings",
            "DELETE FROM gisgrid.micro_grids",
            "DELETE FROM gisgrid.micro_grid_cells",
            "UPDATE gisgrid.micro_drawings SET maximum = 300",
            "UPDATE gisgrid.micro_grids SET households = 1",
            "UPDATE gisgrid.micro_grids SET geom = geom",
            "UPDATE gisgrid.micro_grid_cells SET number = 1",
            "INSERT INTO gisgrid.micro_grids SELECT plan_id, 'A', 9, 0, 0, 1, geom FROM gisgrid.micro_grids LIMIT 1",
            "INSERT INTO gisgrid.micro_grid_cells SELECT plan_id, 99, 'A', 1 FROM gisgrid.micro_grids LIMIT 1",
            "UPDATE gisgrid.plan_cells SET grid_key = 'A'",
            "UPDATE gisgrid.plans SET state = 'draft'; DELETE FROM gisgrid.micro_grids",
        ],
    )
    def test_nobody_changes_those_of_a_published_plan(
        self, published: Database, lord: psycopg.Connection, deed: str
    ) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(deed)
        assert refusal.value.sqlstate == "GG002"
        assert "stay as they are; draw a new plan" in str(refusal.value)
        with pytest.raises(Conflict, match="stay as they are"), published.transaction() as connection:
            connection.execute(text(deed.rpartition("; ")[2]))

    @pytest.mark.parametrize("table", ["micro_drawings", "micro_grids", "micro_grid_cells"])
    def test_nobody_empties_the_tables(self, lord: psycopg.Connection, table: str) -> None:
        with pytest.raises(psycopg.Error) as refusal:
            lord.execute(f"TRUNCATE gisgrid.{table} CASCADE")
        assert refusal.value.sqlstate == "GG002"

    def test_none_are_moved_to_a_published_plan(self, published: Database, lord: psycopg.Connection) -> None:
        with published.transaction() as connection:
            fresh = save_plan(connection, drawing())
            micro_grids.save(connection, fresh.id, BAND, HALVES)
        try:
            with pytest.raises(psycopg.Error, match="Plan 1 is published"):
                lord.execute("UPDATE gisgrid.micro_drawings SET plan_id = 1 WHERE plan_id = %s", (int(fresh.id),))
        finally:
            with published.transaction() as connection:
                connection.execute(text("DELETE FROM gisgrid.micro_drawings WHERE plan_id = :p"), {"p": int(fresh.id)})

    def test_drawing_them_is_refused_in_words_and_reading_them_is_not(self, published: Database) -> None:
        with published.transaction() as connection:
            plan = plans.list_plans(connection, COMMUNITY)[-1]
            assert micro_grids.get(connection, plan.id).micro_grids == HALVES
            with pytest.raises(Conflict, match=f"Plan {plan.id} is published"):
                micro_grids.open_plan(connection, plan.id)
