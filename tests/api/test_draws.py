"""Draws of many communities: the same plans wherever they are drawn, three choices, locks, deadlines, Ctrl-C."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence

import pytest
from served_town import EAST, WEST
from typer.testing import CliRunner

from gisgrid import cli, drawing, spreading, workflow
from gisgrid.cli import output
from gisgrid.errors import Conflict, NotFound, Unavailable, UsageError
from gisgrid.model import Band, DrawSettings, Plan
from gisgrid.store import plans
from gisgrid.store.database import Database
from gisgrid.workflow import DrawInterrupted, DrawnPlan, Spread

QUICK = DrawSettings(effort="draft")
REDRAW = DrawSettings(effort="draft", keep_current=True)
BOTH = [EAST, WEST]


def division(plan: Plan) -> list[tuple[str, ...]]:
    return [grid.buildings for grid in plan.grids]


def divisions(drawn: list[DrawnPlan]) -> list[tuple[str, list[tuple[str, ...]]]]:
    return [(each.plan.community, division(each.plan)) for each in drawn]


def count_of_plans(database: Database) -> int:
    with database.transaction() as connection:
        return len(plans.list_plans(connection))


def test_two_processes_draw_what_one_draws_in_the_order_of_the_codes(town: Database) -> None:
    seen: list[tuple[int, int]] = []
    one = workflow.draw_plans(town, BOTH, QUICK, progress=lambda done, total: seen.append((done, total)))
    two = workflow.draw_plans(town, BOTH, QUICK, spread=Spread(jobs=2))
    assert divisions(one) == divisions(two)
    assert [each.plan.community for each in one] == BOTH
    assert seen == [(1, 2), (2, 2)]
    assert all(each.seconds > 0.0 and each.choice is None for each in (*one, *two))


def test_the_figures_compare_with_the_edition_in_force(town: Database) -> None:
    (same,) = workflow.draw_plans(town, [WEST], REDRAW)
    assert same.figures.households_moved == 0
    (smaller,) = workflow.draw_plans(town, [WEST], DrawSettings(Band(100, 200, 160), effort="draft"))
    assert smaller.figures.households_moved is not None
    assert smaller.figures.households_moved > 0
    assert smaller.proof.startswith(("no better found in ", "proven best"))
    told = {finding.rule for finding in smaller.plan.findings}
    assert told & {"zone_searched", "zone_proven_best"}


def test_what_is_known_of_zones_survives_a_check_of_the_stored_plan(town: Database) -> None:
    (drawn,) = workflow.draw_plans(town, [WEST], QUICK)
    checked = workflow.check_plan(town, drawn.plan.id)
    assert checked.findings == drawn.plan.findings
    with town.transaction() as connection:
        connection.exec_driver_sql(f"UPDATE gisgrid.buildings SET households = 41 WHERE code = '{WEST}-00'")
    rules = {finding.rule for finding in workflow.check_plan(town, drawn.plan.id).findings}
    assert "households_changed" in rules
    assert not rules & {"zone_searched", "zone_proven_best"}


class TestChoices:
    def test_three_plans_lie_between_few_moves_and_a_good_cut(self, town: Database) -> None:
        with town.transaction() as connection:  # the west side of WEST grows, so that somebody must move
            connection.exec_driver_sql(
                f"UPDATE gisgrid.buildings SET households = 75 WHERE code BETWEEN '{WEST}-00' AND '{WEST}-03'"
            )
        drawn = workflow.draw_plans(town, BOTH, REDRAW, choices=True)
        assert [(each.plan.community, each.choice) for each in drawn] == [
            (code, choice) for code in BOTH for choice in ("fewest moves", "middle", "best cut")
        ]
        moved = [each.figures.households_moved or 0 for each in drawn if each.plan.community == WEST]
        assert moved == sorted(moved)
        weights = [each.plan.settings.weights.move for each in drawn[:3]]
        assert weights == sorted(weights, reverse=True)
        assert weights[1] == REDRAW.weights.move

    def test_they_need_a_redraw_and_an_edition(self, town: Database) -> None:
        with pytest.raises(UsageError, match="--keep-current"):
            workflow.draw_plans(town, [WEST], QUICK, choices=True)

    def test_without_an_edition_nobody_can_move(self, database: Database, town: Database) -> None:
        with town.transaction() as connection:
            rows = connection.exec_driver_sql("SELECT count(*) FROM gisgrid.editions").scalar_one()
        assert rows == 2
        with pytest.raises(NotFound):
            workflow.draw_plans(database, [WEST], REDRAW, choices=True)


class TestLocks:
    def test_a_lock_concerns_the_community_that_it_names_something_in(self, town: Database) -> None:
        settings = DrawSettings(
            Band(100, 200, 160), effort="draft", locked_grids=(f"{WEST}001",), locked_buildings=(f"{EAST}-03",)
        )
        east, west = workflow.draw_plans(town, BOTH, settings)
        assert east.plan.settings.locked_grids == ()
        assert east.plan.settings.locked_buildings == (f"{EAST}-03",)
        assert west.plan.settings.locked_grids == (f"{WEST}001",)
        kept = next(grid for grid in west.plan.grids if grid.code == f"{WEST}001")
        with town.transaction() as connection:
            first = next(each for each in plans.list_plans(connection, WEST) if each.state == "published")
            in_force = next(g for g in plans.get(connection, first.id).grids if g.code == f"{WEST}001")
        assert kept.buildings == in_force.buildings

    def test_a_lock_on_nothing_is_refused_before_anything_is_drawn(self, town: Database) -> None:
        before = count_of_plans(town)
        with pytest.raises(UsageError, match=r"'990101009001' names nothing in force"):
            workflow.draw_plans(town, BOTH, DrawSettings(locked_grids=("990101009001",)))
        assert count_of_plans(town) == before


def test_a_deadline_ends_a_thorough_draw(town: Database) -> None:
    deadline = drawing.Deadline(0.05)
    assert not deadline()
    time.sleep(0.06)
    assert deadline()
    begin = time.monotonic()
    (drawn,) = workflow.draw_plans(town, [WEST], DrawSettings(effort="thorough"), spread=Spread(seconds=0.1))
    assert time.monotonic() - begin < 5.0
    assert sum(grid.households for grid in drawn.plan.grids) == 24 * 40


class TestInterrupt:
    def test_the_plans_that_are_saved_stay(self, town: Database) -> None:
        before = count_of_plans(town)

        def interrupt(done: int, total: int) -> None:
            raise KeyboardInterrupt

        for jobs in (1, 2):
            with pytest.raises(DrawInterrupted) as stopped:
                workflow.draw_plans(town, BOTH, QUICK, spread=Spread(jobs=jobs), progress=interrupt)
            assert (len(stopped.value.drawn), stopped.value.wanted) == (1, 2)
        assert count_of_plans(town) == before + 2

    def test_the_command_line_says_what_is_saved_and_exits_130(self, town: Database) -> None:
        """A real process, a real SIGINT, as soon as the first plan is there; the second takes a minute."""
        before = count_of_plans(town)
        arguments = ["draw", "--all", "--jobs", "1", "--effort", "draft", "--json"]
        program = SLOW_SECOND.format(arguments=arguments)
        with subprocess.Popen(
            [sys.executable, "-c", program],
            env={**os.environ, "GISGRID_DATABASE_URL": town.url},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            deadline = time.monotonic() + 100
            while count_of_plans(town) == before and process.poll() is None and time.monotonic() < deadline:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
        assert process.returncode == 130, err
        assert "interrupted: 1 of 2 plans are saved and stay" in err.replace("\n", " ")
        assert len(json.loads(out)) == 1
        assert count_of_plans(town) == before + 1


SLOW_SECOND = """
import signal, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts what runs in the background without it
from gisgrid import cli, drawing

quick = drawing._draw
done = []

def slow(task):
    if done:
        time.sleep(60)
    done.append(task)
    return quick(task)

drawing._draw = slow
cli.main({arguments})
"""


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, town: Database):  # type: ignore[no-untyped-def]
    monkeypatch.setenv("GISGRID_DATABASE_URL", town.url)

    def invoke(*arguments: str):  # type: ignore[no-untyped-def]
        return CliRunner().invoke(cli.command_line(list(arguments)), arguments)

    return invoke


@pytest.fixture
def tables(monkeypatch: pytest.MonkeyPatch) -> list[list[list[str]]]:
    """The tables that are printed: lines of texts, the heading first."""
    printed: list[list[list[str]]] = []

    def keep(columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None) -> None:
        printed.append([list(columns), *([str(value) for value in row] for row in rows)])

    monkeypatch.setattr(output, "print_table", keep)
    return printed


class TestCommandLine:
    def test_the_table_and_the_json_carry_the_same_figures(self, run, tables) -> None:  # type: ignore[no-untyped-def]
        done = run("draw", WEST, "--effort", "draft", "--keep-current")
        assert done.exit_code == 0, done.output
        ((heading, row),) = tables
        shown = dict(zip(heading, row, strict=True))
        assert list(shown) == ["community", "plan", "grids", "in band", "households", "estates split", "ties kept",
                               "moved", "compactness", "on streets", "proof", "seconds"]  # fmt: skip
        (document,) = json.loads(run("draw", WEST, "--effort", "draft", "--keep-current", "--json").stdout)
        figures = document["figures"]
        assert shown["moved"] == str(figures["households_moved"]) == "0"
        assert shown["in band"] == f"{figures['in_band']}/{figures['residential']}"
        assert shown["proof"] == document["proof"]
        assert document["seconds"] > 0.0

    def test_choices_are_named_in_the_table(self, run, tables) -> None:  # type: ignore[no-untyped-def]
        assert run("draw", WEST, "--effort", "draft", "--keep-current", "--choices").exit_code == 0
        (rows,) = tables
        assert [row[2] for row in rows] == ["choice", "fewest moves", "middle", "best cut"]

    def test_every_option_reaches_the_plan(self, run, town: Database) -> None:  # type: ignore[no-untyped-def]
        done = run(
            "draw", WEST, "--json", "--effort", "draft", "--grids", "2", "--weight", "tie=20", "--weight", "street=0",
            "--lock-building", f"{WEST}-03", "--villages", "--seconds", "30", "--seed", "4",
            "--no-cross-barriers", "--dedicated-area", "500",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        (document,) = json.loads(done.stdout)
        with town.transaction() as connection:
            settings = plans.get(connection, document["plan"]).settings
        assert (settings.grids, settings.effort, settings.villages, settings.seed) == (2, "draft", True, 4)
        assert (settings.weights.tie, settings.weights.street, settings.weights.estate) == (20.0, 0.0, 200.0)
        assert settings.locked_buildings == (f"{WEST}-03",)
        assert (settings.cross_barriers, settings.dedicated_area_m2) == (False, 500.0)

    def test_micro_grids_are_drawn_kept_and_printed(  # type: ignore[no-untyped-def]
        self, run, tables, town: Database
    ) -> None:
        (document,) = json.loads(run("draw", WEST, "--effort", "draft", "--json").stdout)
        plan = document["plan"]
        done = run("micro", plan, "--min", "70", "--max", "130", "--target", "90")
        assert done.exit_code == 0, done.output
        (rows,) = tables
        assert rows[0] == ["grid", "micro grid", "households", "buildings", "area_m2"]
        assert sum(int(row[2]) for row in rows[1:]) == 24 * 40
        kept = workflow.micro_grids_of(town, plan)
        assert [(m.grid, m.number, m.households) for m in kept.micro_grids] == [
            (row[0], int(row[1]), int(row[2])) for row in rows[1:]
        ]
        shown = json.loads(run("micro", plan, "--json").stdout)
        assert (shown["plan"], shown["community"], shown["band"]["max"]) == (plan, WEST, 80)
        assert workflow.micro_grids_of(town, plan).band == Band(50, 80, 65)

    def test_micro_grids_of_a_published_plan_are_refused(self, run, town: Database) -> None:  # type: ignore[no-untyped-def]
        with town.transaction() as connection:
            published = next(each for each in plans.list_plans(connection, WEST) if each.state == "published")
        refused = run("micro", published.id)
        assert isinstance(refused.exception, Conflict)
        assert "stay as they are" in str(refused.exception)


HAS_DASK = importlib.util.find_spec("distributed") is not None


class TestDask:
    @pytest.mark.skipif(not HAS_DASK, reason="Dask is not installed: pip install 'gisgrid[dask]'")
    @pytest.mark.filterwarnings("default")  # Dask warns of its own dependencies
    def test_a_cluster_draws_the_same_plans(self, town: Database) -> None:
        distributed = importlib.import_module("distributed")
        here = workflow.draw_plans(town, BOTH, QUICK)
        options = {"processes": False, "threads_per_worker": 1, "dashboard_address": None}
        with distributed.LocalCluster(n_workers=2, **options) as cluster:
            there = workflow.draw_plans(town, BOTH, QUICK, spread=Spread(dask=cluster.scheduler_address))
        assert divisions(there) == divisions(here)

    @pytest.mark.skipif(not HAS_DASK, reason="Dask is not installed: pip install 'gisgrid[dask]'")
    @pytest.mark.filterwarnings("default")
    @pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
    def test_an_address_where_none_answers_is_told(
        self, town: Database, monkeypatch: pytest.MonkeyPatch, address: str
    ) -> None:
        monkeypatch.setattr(spreading, "_PATIENCE", "1s")
        with pytest.raises(Unavailable, match="No Dask scheduler answers"):
            workflow.draw_plans(town, BOTH, QUICK, spread=Spread(dask=address))

    def test_without_dask_it_says_how_to_install_it(self, town: Database, monkeypatch: pytest.MonkeyPatch) -> None:
        def absent(name: str) -> object:
            raise ImportError(name)

        monkeypatch.setattr(spreading, "import_module", absent)
        with pytest.raises(UsageError, match=r"pip install 'gisgrid\[dask\]'"):
            workflow.draw_plans(town, BOTH, QUICK, spread=Spread(dask="tcp://127.0.0.1:8786"))
