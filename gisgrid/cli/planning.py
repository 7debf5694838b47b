"""`gisgrid draw, micro, plans, check, compare, submit, approve, publish`: the life of a plan.

Room: the command line. In: codes, plan ids, options. Out: tables or JSON.
"""

from __future__ import annotations

import dataclasses
import getpass
import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from api import documents
from gisgrid import comparing, wire, workflow
from gisgrid.cli import draw_options, output
from gisgrid.cli.lookup import instant
from gisgrid.cli.opening import opened_database
from gisgrid.errors import UsageError
from gisgrid.model import MICRO_BAND, DrawSettings, Edition, Effort, Finding, Plan, ScheduledPublication
from gisgrid.settings import Settings
from gisgrid.store.database import Database
from gisgrid.workflow import DrawInterrupted, DrawnPlan, Spread

_FIGURES: Final = ("grids", "in band", "households", "estates split", "ties kept", "moved", "compactness", "on streets",
                   "proof", "seconds")  # fmt: skip
_LISTED: Final = ("id", "community", "state", "revision", "grids", "households", "errors", "warnings",
           "scheduled_for")  # fmt: skip

PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, as `draw` and `plans` print it.")]


def actor() -> str:
    """Return who is at the keyboard, for the audit log: whoever runs the command line holds the machine."""
    return f"command line ({getpass.getuser()})"


def draw(
    codes: Annotated[list[str] | None, typer.Argument(metavar="CODE", help="Communities, streets, districts.")]
    = None,
    everything: Annotated[bool, typer.Option("--all", help="Every community that has buildings.")] = False,
    minimum: Annotated[int, typer.Option("--min", min=1, help="Fewest households in a residential grid.")] = 300,
    maximum: Annotated[int, typer.Option("--max", min=1, help="Most households in a residential grid.")] = 500,
    target: Annotated[int, typer.Option(min=1, help="Households that a grid should have.")] = 400,
    grids: Annotated[str, typer.Option(metavar="target|fewest|N", help="How many grids in a community.")] = "target",
    seed: Annotated[int, typer.Option(min=0, help="The same seed draws the same plan.")] = 0,
    effort: Annotated[Effort, typer.Option(help="How long to search.")] = "normal",
    prove: Annotated[bool, typer.Option("--prove", help="Prove small zones the best.")] = False,
    seconds: Annotated[float | None, typer.Option(min=0.1, help="So long at most for each community; the best plan "
                                                  "so far is taken.")] = None,
    weight: Annotated[list[str] | None, typer.Option(metavar="NAME=VALUE", help="What is avoided, and how much: "
                                                     f"{', '.join(draw_options.WEIGHTS)}.")] = None,
    keep_current: Annotated[bool, typer.Option(help="Start from the edition in force; move few households.")] = False,
    choices: Annotated[bool, typer.Option("--choices", help="With --keep-current: three plans, from fewest moves to "
                                          "the best cut.")] = False,
    lock_grid: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A grid in force that stays.")] = None,
    lock_building: Annotated[list[str] | None, typer.Option(metavar="CODE", help="A building that stays in its "
                                                            "grid in force.")] = None,
    cross_barriers: Annotated[bool, typer.Option(help="An enclave below the band joins over its cheapest barrier, or "
                                                 "stays.")] = True,
    dedicated_area_m2: Annotated[float, typer.Option("--dedicated-area", min=0.0, metavar="M2",
                                                     help="Smaller dedicated ground stays in the grid around "
                                                          "it.")] = 8000.0,
    villages: Annotated[bool, typer.Option("--villages", help="One estate (natural village) = one grid.")] = False,
    jobs: Annotated[int, typer.Option(min=1, help="Processes side by side; all cores by default.",
                                      show_default=False)] = os.cpu_count() or 1,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Draw over the cluster of this Dask "
                                             "scheduler.")] = None,
    as_json: output.JsonOption = False,
) -> None:  # fmt: skip
    """Draw one draft plan per community and print their ids and figures."""
    if bool(codes) == everything:
        raise UsageError("Name the communities to draw, or --all for every one: gisgrid draw 990101001001.")
    settings = DrawSettings(
        band=draw_options.band(minimum, maximum, target),
        seed=seed,
        cross_barriers=cross_barriers,
        dedicated_area_m2=dedicated_area_m2,
        keep_current=keep_current,
        weights=draw_options.weights(weight or ()),
        grids=draw_options.grid_count(grids),
        effort=effort,
        prove=prove,
        locked_grids=tuple(lock_grid or ()),
        locked_buildings=tuple(lock_building or ()),
        villages=villages,
    )
    interrupted = None
    with opened_database() as database:
        named = workflow.communities_with_buildings(database) if everything else list(codes or ())
        try:
            drawn = draw_with_progress(database, named, settings, Spread(jobs, dask, seconds), choices=choices)
        except DrawInterrupted as interrupt:
            interrupted, drawn = interrupt, list(interrupt.drawn)
    if as_json:
        output.print_json([_drawn_document(each) for each in drawn])
    else:
        print_drawn(drawn)
    if interrupted is not None:
        output.talk.print(
            f"interrupted: {len(drawn)} of {interrupted.wanted} plans are saved and stay; nothing half done was kept."
        )
        raise typer.Exit(130)


def draw_with_progress(
    database: Database, codes: Sequence[str], settings: DrawSettings, spread: Spread, *, choices: bool = False
) -> list[DrawnPlan]:
    """Return the plans of the communities, drawn under a progress bar; the loops are compiled first where needed."""
    if spread.dask is None:
        compile_loops()
    with output.progress_bar() as bar:
        task = bar.add_task("draw", total=None)
        return workflow.draw_plans(
            database,
            codes,
            settings,
            spread=spread,
            choices=choices,
            progress=lambda done, total: bar.update(task, completed=done, total=total),
        )


def compile_loops() -> None:
    """Load the planner's compiled loops, and say so where they are compiled first: the only time that anybody waits."""
    from gisgrid.plan import warming  # noqa: PLC0415 - loads numba, which only drawing needs

    if not warming.is_warm():
        output.talk.print("Compiling the planner's loops, once after an installation: about half a minute …")
    warming.warm()


def micro(
    plan: PlanArgument,
    minimum: Annotated[int, typer.Option("--min", min=1, help="Fewest households in a micro grid.")]
    = MICRO_BAND.minimum,
    maximum: Annotated[int, typer.Option("--max", min=1, help="Most households in a micro grid.")]
    = MICRO_BAND.maximum,
    target: Annotated[int, typer.Option(min=1, help="Households that a micro grid should have.")]
    = MICRO_BAND.target,
    as_json: output.JsonOption = False,
) -> None:  # fmt: skip
    """Divide the residential grids of a plan into micro grids (微网格), which are kept with the plan."""
    band = draw_options.band(minimum, maximum, target)
    compile_loops()
    with opened_database() as database:
        drawn = workflow.draw_micro_grids(database, plan, band)
    if as_json:
        output.print_json(documents.micro_drawing(drawn))
        return
    output.print_findings(drawn.findings)
    output.print_table(
        ("grid", "micro grid", "households", "buildings", "area_m2"),
        [(m.grid, m.number, m.households, len(m.buildings), round(m.area_m2)) for m in drawn.micro_grids],
        title=f"Micro grids of plan {drawn.plan}, {band.minimum} to {band.maximum} households",
    )


def plans(
    code: Annotated[str | None, typer.Argument(help="A division; all plans without it.")] = None,
    as_json: output.JsonOption = False,
) -> None:
    """List plans, newest first."""
    with opened_database() as database:
        listed = workflow.list_plans(database, code)
    rows = [
        {**{field: getattr(each, field) for field in _LISTED}, "scheduled_for": wire.instant(each.scheduled_for)}
        for each in listed
    ]
    if as_json:
        output.print_json([{"plan": row.pop("id"), **row} for row in rows])
    else:
        output.print_table(("plan", *_LISTED[1:]), [tuple(row.values()) for row in rows])


def check(plan: PlanArgument, as_json: output.JsonOption = False) -> None:
    """Check a plan by the four checks; exit status 1 where something stands against publishing."""
    with opened_database() as database:
        checked = workflow.check_plan(database, plan)
    if as_json:
        output.print_json(wire.plan(checked))
    else:
        output.print_findings(checked.findings)
        output.print_table(
            ("grid", "code", "kind", "households", "buildings", "area_m2"),
            [(g.key, g.code, g.kind, g.households, len(g.buildings), round(g.area_m2)) for g in checked.grids],
        )
    _exit_by(checked.findings)


def compare(
    plan: Annotated[str, typer.Argument(metavar="PLAN", help="A plan's id, or edition: and an edition's id.")],
    other: Annotated[str, typer.Argument(metavar="PLAN", help="The plan or edition to compare with.")],
    out: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="Write the map of who moves to this HTML file."),
    ] = None,
    as_json: output.JsonOption = False,
) -> None:
    """Print who moves between two plans or editions: buildings, households, from grid, to grid; or draw it."""
    if out is not None:
        if out.suffix.lower() not in {".html", ".htm"}:
            raise UsageError(f"The map is an HTML file; name it so: -o {out.with_suffix('.html').name}.")
        output.require_writable(out, option="--output")
    with opened_database() as database:
        if out is None:
            comparison = comparing.compare_plans(database, plan, other)
        else:
            comparison, page = comparing.draw_comparison(database, plan, other)
            output.write_whole(out, page)
        with database.transaction() as connection:
            community = comparing.community_of(connection, plan)
    if as_json:
        drawn = {} if out is None else {"path": str(out)}
        found = documents.comparison(comparison)
        output.print_json({"community": community, "plan": plan, "with": other, **drawn, **found})
        return
    output.print_table(
        ("from", "to", "buildings", "households"),
        [(move.before, move.after, len(move.buildings), move.households) for move in comparison.moves],
        title=f"{comparison.households_moved} of {comparison.households} households change grid",
    )


def submit(plan: PlanArgument, as_json: output.JsonOption = False) -> None:
    """Submit a draft for approval."""
    with opened_database() as database:
        _print_plan(workflow.submit_plan(database, plan, actor=actor()), as_json=as_json)


def approve(plan: PlanArgument, as_json: output.JsonOption = False) -> None:
    """Approve a submitted plan."""
    with opened_database() as database:
        _print_plan(workflow.approve_plan(database, plan, actor=actor(), four_eyes=False), as_json=as_json)


def publish(
    plan: Annotated[list[str], typer.Argument(metavar="PLAN", help="One plan, or several, one after the other.")],
    accept: Annotated[list[str] | None, typer.Option(metavar="RULE:GRID|all",
                                                     help="Accept a finding; may be given several times.")] = None,
    valid_from: Annotated[str | None, typer.Option(metavar="TIME", help="Come into force at this future time, RFC "
                                                   "3339, by the running service; now by default.")] = None,
    as_json: output.JsonOption = False,
) -> None:  # fmt: skip
    """Publish a plan: its grids are in force from this instant, or from a future one on."""
    begin = instant(valid_from, "--valid-from")
    published = []
    with opened_database() as database:
        if begin is not None:
            _schedule(database, plan, begin, tuple(accept or ()), as_json=as_json)
            return
        for each in plan:
            edition = workflow.publish_plan(database, each, accept=tuple(accept or ()), actor=actor(), from_draft=True)
            output.talk.print(f"plan {each} is in force as edition {edition.id} of {edition.community}")
            published.append(edition)
        moved = workflow.move_reports(database, nearest_tolerance_m=Settings.from_environment().nearest_tolerance_m)
        if moved:
            output.talk.print(f"{moved} open report(s) moved to the grids in force")
    if as_json:
        editions = [_edition_document(edition) for edition in published]
        output.print_json(editions[0] if len(plan) == 1 else editions)
        return
    for edition in published:
        _print_edition(edition)


def withdraw(plan: PlanArgument, as_json: output.JsonOption = False) -> None:
    """Withdraw a plan that is scheduled to come into force: it is approved as before."""
    with opened_database() as database:
        withdrawn = workflow.withdraw_plan(database, plan, actor=actor())
    _print_scheduled([withdrawn], as_json=as_json)


def _schedule(
    database: Database, plan_ids: Sequence[str], begin: datetime, accept: Sequence[str], *, as_json: bool
) -> None:
    scheduled = [
        workflow.schedule_plan(database, each, valid_from=begin, accept=accept, actor=actor()) for each in plan_ids
    ]
    output.talk.print("gisgrid serve puts it in force at that time; if none runs then, at its next start")
    _print_scheduled(scheduled, as_json=as_json)


def _print_scheduled(scheduled: Sequence[ScheduledPublication], *, as_json: bool) -> None:
    if as_json:
        listed = [documents.scheduled_publication(each) for each in scheduled]
        output.print_json(listed[0] if len(listed) == 1 else listed)
        return
    output.print_table(
        ("community", "plan", "in force from", "by"),
        [(each.community, each.plan, wire.instant(each.valid_from), each.actor) for each in scheduled],
    )


def _print_edition(edition: Edition) -> None:
    output.print_table(
        ("code", "name", "kind", "households", "buildings"),
        [(g.code, g.name, g.kind, g.households, len(g.buildings)) for g in edition.grids],
        title=f"Edition {edition.id} of {edition.community}, in force from {wire.instant(edition.valid_from)}",
    )


def _edition_document(edition: Edition) -> dict[str, Any]:
    return {
        "community": edition.community,
        "plan": edition.plan,
        "edition": wire.edition(edition),
        "grids": [wire.grid(grid) for grid in edition.grids],
    }


def print_drawn(drawn: Sequence[DrawnPlan]) -> None:
    """Print the plans of a draw as one table, and what stands against them."""
    output.print_findings([finding for each in drawn for finding in each.plan.findings if finding.severity == "error"])
    chosen = any(each.choice is not None for each in drawn)
    output.print_table(
        ("community", "plan", *(("choice",) if chosen else ()), *_FIGURES),
        [(each.plan.community, each.plan.id, *((each.choice,) if chosen else ()), *_figures(each)) for each in drawn],
        title="Drawn",
    )


def _figures(each: DrawnPlan) -> tuple[Any, ...]:
    """Return the figures of a plan as they stand in the table."""
    figures = each.figures
    return (
        figures.grids,
        f"{figures.in_band}/{figures.residential}",
        figures.households,
        figures.estates_split,
        f"{figures.ties_kept:.0%}",
        "–" if figures.households_moved is None else figures.households_moved,
        f"{figures.compactness:.2f}",
        f"{figures.line_share:.0%}",
        each.proof,
        f"{each.seconds:.1f}",
    )


def _drawn_document(each: DrawnPlan) -> dict[str, Any]:
    """Return a drawn plan as plain values: its figures and findings."""
    plan = each.plan
    return {
        "community": plan.community,
        "plan": plan.id,
        "state": plan.state,
        **({"choice": each.choice} if each.choice is not None else {}),
        "figures": dataclasses.asdict(each.figures),
        "proof": each.proof,
        "seconds": each.seconds,
        "findings": wire.findings(plan.findings),
    }


def _print_plan(plan: Plan, *, as_json: bool) -> None:
    if as_json:
        output.print_json({"community": plan.community, "plan": plan.id, "state": plan.state})
    else:
        output.print_table(("community", "plan", "state"), [(plan.community, plan.id, plan.state)])


def _exit_by(findings: Sequence[Finding]) -> None:
    if any(finding.severity == "error" for finding in findings):
        raise typer.Exit(1)
