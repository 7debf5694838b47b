"""A plan's journal: what is written is what was answered, whole or not at all; undo at any depth; never rewritten."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from town import build, clone, code, drawing, save_plan

from gisgrid import editing, workflow
from gisgrid.editing import EditedPlan
from gisgrid.errors import DatabaseUnavailable, LockedGround, NothingToUndo, StaleRevision
from gisgrid.model import Band, DrawSettings, Locks, Plan
from gisgrid.plan.operations import Arrange, Assign, Merge, Operation, Rename, SetKind, SetLocks
from gisgrid.sheets import PlanSheets
from gisgrid.store import migrations, plans
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Database

SETTINGS = DrawSettings(Band(200, 600, 400))


@pytest.fixture(scope="module")
def town(cluster: Cluster, template_database: str) -> Iterator[Database]:
    """The town; each test has a plan of its own in it."""
    with clone(cluster, template_database) as url, closing(Database(url)) as database:
        with database.transaction() as connection:
            build(connection)
        yield database


@pytest.fixture
def plan(town: Database) -> Plan:
    """A draft whose grids are the three columns."""
    with town.transaction() as connection:
        return save_plan(connection, dataclasses.replace(drawing(), settings=SETTINGS))


def stored(database: Database, plan: Plan) -> Plan:
    with database.transaction() as connection:
        return plans.get(connection, plan.id)


def content(plan: Plan) -> tuple[Any, ...]:
    """The plan but for what counts up."""
    return plan.grids, plan.locks, plan.tessellation, tuple(grid.geometry.wkb for grid in plan.grids)


STEPS: tuple[Operation, ...] = (
    Assign("B", ("n1",)),
    Rename("B", "榕树网格"),
    SetLocks(True, ("A",), ("n3",)),
    Assign("new", ("n2",)),
    SetKind("C", "dedicated"),
    SetLocks(False, ("A",), ("n3",)),
    Arrange((Assign("new-1", ("s1", "n1")), Assign("A", ("n3",), (4,)))),
    Merge(("B", "A")),
)


def test_what_is_written_is_what_was_answered_and_undo_brings_it_back(town: Database, plan: Plan) -> None:
    sheets = PlanSheets()
    states: list[tuple[Any, ...]] = []
    for number, step in enumerate(STEPS, start=1):
        states.append(content(stored(town, plan)))
        done = workflow.edit_plan(town, plan.id, step, actor="甲", revision=number, sheets=sheets)
        kept = stored(town, plan)
        assert (kept.revision, kept.grids, kept.locks) == (number + 1, done.edited.grids, done.locks)
        assert kept.findings == done.edited.findings
        assert {grid.key for grid in done.changed} <= {grid.key for grid in kept.grids}
        assert workflow.check_plan(town, plan.id).findings == kept.findings  # checked from nothing
    last = content(stored(town, plan))
    for state in reversed(states):
        done = workflow.undo_edit(town, plan.id, actor="乙")  # read anew each time, as another process would
        assert content(stored(town, plan)) == state
    assert (done.undo, done.redo and done.redo.actor) == (None, "甲")
    with pytest.raises(NothingToUndo):
        workflow.undo_edit(town, plan.id, actor="乙", sheets=sheets)
    for _ in STEPS:
        workflow.redo_edit(town, plan.id, actor="乙", sheets=sheets)
    assert content(stored(town, plan)) == last
    history = workflow.edits_since(town, plan.id)
    assert [line.revision for line in history.edits] == list(range(2, 2 + 3 * len(STEPS)))
    assert [line.change for line in history.edits[: len(STEPS)]] == [
        line.change for line in history.edits[-len(STEPS) :]
    ]


def test_undo_goes_as_deep_as_there_are_edits(town: Database, plan: Plan) -> None:
    sheets, first = PlanSheets(), content(plan)
    for number in range(60):
        building = ("n1", "n2", "s3")[number % 3]
        home = next(g.key for g in stored(town, plan).grids if building in g.buildings) if number % 20 == 0 else ""
        step: Operation = (
            Assign({"A": "B", "B": "C", "C": "A"}[home], (building,)) if home else Rename("B", f"第{number}名")
        )
        workflow.edit_plan(town, plan.id, step, actor="甲", sheets=sheets)
    for _ in range(60):
        done = workflow.undo_edit(town, plan.id, actor="甲", sheets=sheets)
    assert done.undo is None
    assert content(stored(town, plan)) == first


def test_undo_and_redo_in_any_order_follow_two_stacks(town: Database, plan: Plan) -> None:
    def name() -> str | None:
        return stored(town, plan).grids[0].name

    done: EditedPlan | None = None
    names, undone = ["甲"], list[str]()
    workflow.edit_plan(town, plan.id, Rename("A", "甲"), actor="甲")
    for number, deed in enumerate("eeuueuruueuurrrurue"):
        if deed == "e":
            names.append(f"名{number}")
            undone.clear()
            done = workflow.edit_plan(town, plan.id, Rename("A", names[-1]), actor="甲")
        elif deed == "u" and names:
            undone.append(names.pop())
            done = workflow.undo_edit(town, plan.id, actor="甲")
        elif deed == "r" and undone:
            names.append(undone.pop())
            done = workflow.redo_edit(town, plan.id, actor="甲")
        assert done is not None
        assert name() == (names[-1] if names else None)
        assert (done.undo and done.undo.op["name"]) == (names[-1] if names else None)
        assert (done.redo and done.redo.op["name"]) == (undone[-1] if undone else None)


def test_an_edit_that_is_cut_off_leaves_nothing(town: Database, plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets = PlanSheets()
    workflow.edit_plan(town, plan.id, Rename("A", "甲"), actor="甲", sheets=sheets)
    before = stored(town, plan)
    written = editing._written

    def killed(connection: Any, *rest: Any) -> EditedPlan:
        done = written(connection, *rest)
        process = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        with psycopg.connect(town.url, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))
        return done

    monkeypatch.setattr(editing, "_written", killed)
    with pytest.raises(DatabaseUnavailable):
        workflow.edit_plan(town, plan.id, Assign("B", ("n1",)), actor="甲", sheets=sheets)
    monkeypatch.undo()
    assert stored(town, plan) == before
    done = workflow.edit_plan(town, plan.id, Assign("C", ("n1",)), actor="甲", revision=before.revision, sheets=sheets)
    assert stored(town, plan).grids == done.edited.grids


def test_only_the_revision_that_was_read_is_edited(town: Database, plan: Plan) -> None:
    with pytest.raises(StaleRevision, match="revision 1, not 7") as stale:
        workflow.edit_plan(town, plan.id, Rename("A", "甲"), actor="甲", revision=7)
    assert stale.value.revision == 1


def test_locks_of_a_draw_are_locks_of_its_plan(town: Database) -> None:
    settings = dataclasses.replace(SETTINGS, locked_buildings=("n1",))
    with town.transaction() as connection:
        drawn = save_plan(connection, dataclasses.replace(drawing(), settings=settings))
    assert drawn.locks.buildings == ("n1",)
    with pytest.raises(LockedGround, match="building n1"):
        workflow.edit_plan(town, drawn.id, Assign("B", ("n1",)), actor="甲")


def test_plans_of_before_the_journal_get_the_locks_of_their_draw(town: Database) -> None:
    script = Path(migrations.__file__).parent / "versions" / "schema_0010" / "tables.sql"
    update = next(each for each in script.read_text(encoding="utf-8").split(";") if "UPDATE gisgrid.plans" in each)
    settings = dataclasses.replace(SETTINGS, locked_grids=(code(2), code(9)), locked_buildings=("n3", "n1"))
    drawn = dataclasses.replace(drawing(), settings=settings)
    grids = [dataclasses.replace(grid, code=code(number)) for number, grid in enumerate(drawn.grids, start=1)]
    with town.transaction() as connection:
        old = save_plan(connection, dataclasses.replace(drawn, grids=tuple(grids)))
        plain = save_plan(connection)
        connection.execute(text("UPDATE gisgrid.plans SET locked_grids = '{}', locked_buildings = '{}'"))
        connection.exec_driver_sql(update)
        assert plans.get(connection, old.id).locks == old.locks == Locks(("B",), ("n1", "n3"))
        assert plans.get(connection, plain.id).locks == Locks()
        connection.rollback()


ROW = (
    "INSERT INTO gisgrid.plan_revisions (plan_id, revision, action, edit, below, undo_to, redo_to, actor, op, change)"
    " VALUES ({plan}, {row}, 'x', {op}, '{{}}')"
)


@pytest.mark.parametrize(
    ("row", "op", "law"),
    [
        ("1, 'edit', 1, NULL, 1, NULL", "'{}'", "revision"),
        ("2, 'move', 2, NULL, 2, NULL", "NULL", "action"),
        ("2, 'edit', 2, NULL, 2, NULL", "NULL", "op"),
        ("2, 'edit', 2, NULL, NULL, NULL", "'{}'", "stacks"),
        ("2, 'edit', 2, NULL, 2, 2", "'{}'", "stacks"),
        ("2, 'undo', 2, NULL, NULL, 2", "NULL", "stacks"),
        ("2, 'edit', 2, 2, 2, NULL", "'{}'", "below"),
        ("3, 'undo', 2, NULL, NULL, 3", "NULL", "fkey"),
    ],
)
def test_the_database_refuses_what_is_no_line_of_a_journal(
    town: Database, plan: Plan, row: str, op: str, law: str
) -> None:
    with pytest.raises(DBAPIError) as refusal, town.transaction() as connection:
        connection.execute(text(ROW.format(plan=plan.id, row=row, op=op).replace(":", "\\:")))
    assert law in str(refusal.value.orig)
