"""A year of change: plans in force no longer fit, and the redraw should move few households.

In: communities. Out: a table of methods. The cells stay as they are, so change is modelled in households alone: every
count drifts; one building of each zone is cleared (its unit stays, with 0 households); the nearest empty unit (a shed,
a shop, an empty house) becomes a tower of 100 to 300 households, and in some zones another empty unit does, too. About
one grid in seven leaves the band. Ties stay: newcomers know nobody yet. Only households that lived there before and
still do can move, so a new tower's do not count.
"""

from __future__ import annotations

import dataclasses
import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from bench.planning.instances import MAXIMUM, Community, grid_count
from bench.planning.report import markdown, percent, share
from bench.planning.run import dismiss, hire
from bench.planning.scorer import Score, households_moved, score
from bench.planning.workers import OURS, Task, Worker

DRIFT = 0.01
"""Standard deviation of a year's change of a building's households, as a share."""
SECOND_TOWER = 0.1
"""How often a zone gets a second tower."""
PRESENT_SECONDS = 5.0
MOVE_COSTS = (56.0, 3.5, 0.4375)
"""J a moved household: fewest moves, the middle, the best cut, as `gisgrid draw --choices` offers them."""

TRIES = 100


@dataclass(frozen=True, slots=True)
class Changed:
    """A community a year later, and the households of each unit that lived there before and still do."""

    community: Community
    stayed: list[int]


@dataclass(frozen=True, slots=True)
class Outcome:
    """One redraw: its score, households that moved and that could, and J over that of gisgrid from scratch."""

    score: Score
    moved: int
    stayed: int
    over: float | None


def change(community: Community, seed: int) -> Changed:
    """Return the community after a year.

    Parameters
    ----------
    community
        The instance.
    seed
        Of the change. A year after which no number of grids fits a zone is passed over.
    """
    zones = np.array(community.zone)
    for attempt in range(TRIES):
        random = np.random.default_rng((zlib.crc32(community.id.encode()), seed, attempt))
        households = [_drifted(random, count) for count in community.households]
        for zone in range(max(community.zone) + 1):
            _rebuild(random, community, households, np.flatnonzero(zones == zone).tolist())
        loads = np.bincount(zones[zones >= 0], weights=np.array(households)[zones >= 0])
        if all(grid_count(int(load)) for load in loads):
            stayed = [min(pair) for pair in zip(households, community.households, strict=True)]
            return Changed(dataclasses.replace(community, households=households), stayed)
    raise ValueError(f"{community.id}: no year of change leaves every zone a number of grids")


def _drifted(random: np.random.Generator, households: int) -> int:
    if not 0 < households <= MAXIMUM:
        return households
    return min(MAXIMUM, max(1, round(households * (1 + DRIFT * random.standard_normal()))))


def _rebuild(random: np.random.Generator, community: Community, households: list[int], units: list[int]) -> None:
    """Clear a building of a zone; raise a tower on the nearest empty unit and, at times, another one anywhere."""
    empty = [unit for unit in units if not households[unit]]
    lived = [unit for unit in units if households[unit] >= 24] or [unit for unit in units if households[unit]]
    cleared = lived[int(random.integers(len(lived)))]
    households[cleared] = 0
    if not empty:
        return
    x, y = community.x, community.y
    towers = {min(empty, key=lambda unit: math.hypot(x[unit] - x[cleared], y[unit] - y[cleared]))}
    if random.random() < SECOND_TOWER:
        towers.add(empty[int(random.integers(len(empty)))])
    for unit in sorted(towers):
        households[unit] = int(random.integers(100, 301, 2).min())


def redraws(communities: Sequence[Community], seeds: int, seconds: float) -> str:
    """Return the table of all methods over communities and seeds.

    Parameters
    ----------
    communities
        Instances; their present plans are gisgrid's at 5 CPU seconds.
    seeds
        Years of change for each community.
    seconds
        CPU seconds for each redraw.
    """
    crew = hire([OURS, "metis"])
    outcomes: dict[str, list[Outcome]] = {}
    left = grids = 0
    for community in communities:
        present = crew[OURS].draw(Task(community, 0, PRESENT_SECONDS)).labels
        for seed in range(seeds):
            changed = change(community, seed)
            now = score(changed.community, present)
            left, grids = left + now.grids - now.in_band, grids + now.grids
            for name, outcome in _all_ways(changed, present, seed, seconds, crew).items():
                outcomes.setdefault(name, []).append(outcome)
    dismiss(crew)
    rows = [_row(name, found) for name, found in outcomes.items()]
    heads = ("method", "in order again", "in pieces", "households moved: total · median · p90", "J over from scratch")
    return f"{left} of {grids} grids left the band.\n\n{markdown(heads, rows)}"


def _all_ways(
    changed: Changed, present: list[int], seed: int, seconds: float, crew: dict[str, Worker]
) -> dict[str, Outcome]:
    here = changed.community
    task = Task(here, seed, seconds)
    plans = {"present plan": present, "ours, from scratch": crew[OURS].draw(task).labels}
    for cost in MOVE_COSTS:
        warm = dataclasses.replace(task, present=present, move_cost=cost)
        plans[f"ours, warm, {cost:g} J a household"] = crew[OURS].draw(warm).labels
    if "metis" in crew:
        plans["METIS, from scratch"] = crew["metis"].draw(task).labels
    scratch = score(here, plans["ours, from scratch"])
    outcomes = {}
    for name, labels in plans.items():
        own = score(here, labels)
        both = in_order(own) and in_order(scratch)
        moved = households_moved(here, present, labels, changed.stayed)
        outcomes[name] = Outcome(own, moved, sum(changed.stayed), own.cost / max(scratch.cost, 1) - 1 if both else None)
    return outcomes


def in_order(own: Score) -> bool:
    """Return whether all grids are in band and in one piece; a redraw may keep the number of grids that there are."""
    return own.in_band == own.grids and not (own.pieces or own.unassigned or own.twice)


def _row(name: str, outcomes: list[Outcome]) -> list[str]:
    total = sum(outcome.moved for outcome in outcomes) / sum(outcome.stayed for outcome in outcomes)
    moved = [outcome.moved / outcome.stayed for outcome in outcomes]
    over = [outcome.over for outcome in outcomes if outcome.over is not None]
    return [
        name,
        f"{sum(in_order(outcome.score) for outcome in outcomes)}/{len(outcomes)}",
        str(sum(outcome.score.pieces for outcome in outcomes)),
        " · ".join(share(value, 1) for value in (total, median(moved), np.quantile(moved, 0.9))),
        percent(median(over)) if over else "-",
    ]
