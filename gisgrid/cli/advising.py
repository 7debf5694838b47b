"""`gisgrid explain, suggest`: why a plan is as it is, and how it could be better.

Room: the command line. In: plan ids, keys of grids. Out: tables or JSON; nothing is changed.
"""

from __future__ import annotations

from typing import Annotated, Literal

import typer

from api import advice_documents
from gisgrid import advising
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.plan.choices import Suggestion
from gisgrid.plan.effect import GridFigures

PlanArgument = Annotated[str, typer.Argument(metavar="PLAN", help="The plan's id, as `draw` and `plans` print it.")]


def explain(plan: PlanArgument, as_json: output.JsonOption = False) -> None:
    """Tell why each grid, and each estate in several grids, is as it is."""
    with opened_database() as database:
        explained = advising.explain_plan(database, plan)
    if as_json:
        output.print_json(advice_documents.explanations(explained))
        return
    output.print_table(
        ("subject", "explanation", "说明"),
        [(finding.codes[0], finding.message, finding.message_zh) for finding in explained.findings],
        title=f"Plan {explained.plan} of {explained.community}, revision {explained.revision}",
    )


def suggest(
    plan: PlanArgument,
    op: Annotated[Literal["split", "merge", "balance"], typer.Argument(metavar="split|merge|balance",
                                                                        help="What is to be suggested.")],
    grid: Annotated[list[str] | None, typer.Option(metavar="KEY", help="The grid; for a balance several, one for it "
                                                   "and its neighbours, none for all.")] = None,
    households: Annotated[int, typer.Option(min=1, help="Most households that a balance moves.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="The same seed suggests the same.")] = 0,
    as_json: output.JsonOption = False,
) -> None:  # fmt: skip
    """Suggest up to three ways to split, merge or balance grids of a plan, the best first."""
    request = advising.Request(op, tuple(dict.fromkeys(grid or ())), households, seed)
    with opened_database() as database:
        suggested = advising.suggest(database, plan, request)
    if as_json:
        output.print_json(advice_documents.suggestions(suggested))
        return
    output.print_findings(suggested.suggestions.findings)
    choices = suggested.suggestions.choices
    output.print_table(
        ("choice", "grid", "before", "after", "in band", "buildings", "ties kept", "on lines"),
        [
            (number, change.key, _households(change.before), _households(change.after), *_shares(change.after))
            for number, choice in enumerate(choices, start=1)
            for change in choice.effect.grids
        ],
        title=f"{len(choices)} choices to {op} in plan {suggested.plan} of {suggested.community}",
    )
    output.print_table(
        ("choice", "moves to", "buildings", "households", "estates split", "ties kept", "cost change"),
        [
            (number, move.to_key, " ".join(move.buildings), move.households, *_whole(choice))
            for number, choice in enumerate(choices, start=1)
            for move in choice.moves
        ],
    )


def _households(figures: GridFigures | None) -> int | None:
    return None if figures is None else figures.households


def _shares(figures: GridFigures | None) -> tuple[str, int | None, str, str]:
    """Return whether a grid is in band, its buildings, and its shares of ties kept and of border on lines."""
    if figures is None:
        return "", None, "", ""
    band = "yes" if figures.in_band else "no"
    return band, figures.buildings, f"{figures.ties_kept:.0%}", f"{figures.line_share:.0%}"


def _whole(choice: Suggestion) -> tuple[int, str, float]:
    """Return the figures of the whole plan after a choice."""
    return choice.effect.estates_split, f"{choice.effect.ties_kept:.0%}", round(choice.effect.cost_change, 1)
