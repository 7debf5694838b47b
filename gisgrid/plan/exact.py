"""The exact model of small zones: a best plan with a proof, a plan in band, or the proof that there is none.

Room: plan. In: a zone (`Network`), a number of parts, the band, an effort. Out: an `ExactAnswer`. Imports numpy and the
modules of `plan` below it. The solver (CP-SAT of ortools, an optional extra) runs in a process of its own,
`exact_child.py`: a crash there, or all memory taken, is the answer `unknown` here. Labels that come back are checked
here from nothing.

Effort is counted in deterministic seconds, about as long as seconds of one processor: the same zone with the same
effort gets the same answer on every machine with the same ortools. A limit of wall time, far above it, only ends a
child that hangs.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np

from gisgrid.errors import UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.model import Band
from gisgrid.plan.counts import fitting_counts
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.objective import STEP, Network, cut_cost, off_band

Status = Literal["optimal", "infeasible", "feasible", "unknown", "absent"]
Goal = Literal["best", "feasible", "least_violation"]

CHILD: Final = (sys.executable, "-m", "gisgrid.plan.exact_child")
"""The command that solves."""

WALL_PER_EFFORT: Final = 20.0
WALL_SECONDS: Final = 60.0
"""Wall time after which a child is ended: for each second of effort, and on top."""


@dataclass(frozen=True, slots=True)
class ExactAnswer:
    """What the exact model says of a zone.

    Attributes
    ----------
    status
        `optimal`: the labels are a best plan, proven. `infeasible`: proven that there is no plan. `feasible`: the
        labels are a plan; the goal `feasible` never says more. `unknown`: the effort did not suffice, or the child
        died. `absent`: ortools is not installed, and arithmetic alone does not settle it.
    labels
        The part of each unit, 0 to `parts` - 1; None without a plan. A sound warm plan is kept, whatever the status.
    cost
        What the goal minimises, of the labels; for `feasible` the cost of the goal `best`. Infinite without labels.
    bound
        No plan costs less; infinite if there is none, minus infinity if nothing is known.
    """

    status: Status
    labels: Integers | None = None
    cost: float = math.inf
    bound: float = -math.inf


def solve(
    network: Network,
    parts: int,
    band: Band,
    *,
    effort: float = 10.0,
    warm: Integers | None = None,
    goal: Goal = "best",
    pull: float = 0.0,
) -> ExactAnswer:
    """Return what the exact model finds for a zone with so many parts.

    Parameters
    ----------
    network
        The zone; every cost in it a multiple of 1/64.
    parts
        Number of grids, from 1.
    band
        The household band.
    effort
        Deterministic seconds that the solver may take.
    warm
        A plan to begin from; one that is torn, or for `best` and `feasible` out of band, is not used.
    goal
        `best`: the least cost of all plans in band. `feasible`: any plan in band. `least_violation`: the connected
        plan with the least households out of band in sum.
    pull
        For `best`, the cost of each household that a part is off the target; a multiple of 1/64.

    Raises
    ------
    UsageError
        A cost is no multiple of 1/64, or the number of parts is below 1.
    """
    if parts < 1:
        raise UsageError(f"A zone cannot have {parts} grids; give a number from 1.")
    if parts > len(network.households) or (goal != "least_violation" and _no_arithmetic(network, parts, band)):
        return ExactAnswer("infeasible", bound=math.inf)
    known = None if warm is None else _checked(network, parts, band, np.asarray(warm, dtype=np.int64), goal)
    if known is not None and goal == "feasible":
        return ExactAnswer("feasible", known, _cost(network, parts, band, known, "best", pull))
    task = _task(network, parts, band, goal, pull) | {"effort": float(effort)}
    if known is not None:
        worth = _cost(network, parts, band, known, goal, pull)
        task |= {"warm": known.tolist(), "warm_cost": _steps(worth)}
        if goal == "least_violation":
            task |= {"slack": int(worth), "warm_cost": int(worth)}
    (said,) = _asked([task], WALL_SECONDS + WALL_PER_EFFORT * effort)
    return _believed(network, parts, band, known, said, (goal, pull))


def prove_infeasible(network: Network, band: Band, effort: float = 10.0) -> ExactAnswer:
    """Return `infeasible` if it is proven that no number of grids gives the zone a plan in band.

    Else `feasible` with a plan, as soon as one number of grids has one; `unknown` where the effort did not suffice;
    `absent` without ortools where arithmetic does not settle it.

    Parameters
    ----------
    network
        The zone.
    band
        The household band.
    effort
        Deterministic seconds, for all numbers of grids together.
    """
    return first_plan([(network, band)], effort)[0]


def first_plan(questions: Sequence[tuple[Network, Band]], effort: float = 10.0) -> list[ExactAnswer]:
    """Return the answers of `prove_infeasible` to several questions, by one child, up to the first that has a plan.

    Parameters
    ----------
    questions
        Zones and bands.
    effort
        Deterministic seconds for all together; what an early one leaves over goes to the next.

    Returns
    -------
    list of ExactAnswer
        One for each question; after the first plan nothing was tried, and the answer is `unknown`.
    """
    counts = [fitting_counts(int(network.households.sum()), band) for network, band in questions]
    asked = [
        (number, count, _task(network, count, band, "feasible", 0.0))
        for number, (network, band) in enumerate(questions)
        for count in counts[number]
        if count <= len(network.households) and not _no_arithmetic(network, count, band)
    ]
    for _, _, task in asked:
        task["effort"] = effort / len(asked)
    said = _asked([task for _, _, task in asked], WALL_SECONDS + WALL_PER_EFFORT * effort)
    answers: list[list[ExactAnswer]] = [[] for _ in questions]
    for (number, count, _), words in zip(asked, said, strict=True):
        network, band = questions[number]
        answers[number].append(_believed(network, count, band, None, words, ("feasible", 0.0)))
    return [_summed_up(each) for each in answers]


def _summed_up(answers: list[ExactAnswer]) -> ExactAnswer:
    """Return the answer for all numbers of grids together."""
    for answer in answers:
        if answer.status in {"feasible", "absent"}:
            return answer
    proven = all(answer.status == "infeasible" for answer in answers)
    return ExactAnswer("infeasible", bound=math.inf) if proven else ExactAnswer("unknown")


def _no_arithmetic(network: Network, parts: int, band: Band) -> bool:
    """Return whether the figures alone forbid a plan: the sum, or a building above the band."""
    total, largest = int(network.households.sum()), int(network.households.max(initial=0))
    return not parts * band.minimum <= total <= parts * band.maximum or largest > band.maximum


def _task(network: Network, parts: int, band: Band, goal: Goal, pull: float) -> dict[str, Any]:
    """Return the zone as plain lists, costs in whole steps of 1/64."""
    ends = np.repeat(np.arange(len(network.households)), np.diff(network.first_link))
    once = ends < network.links
    pairs = zip(ends[once].tolist(), network.links[once].tolist(), _whole(network.costs[once]), strict=True)
    total = int(network.households.sum())
    return {
        "goal": goal,
        "parts": parts,
        "minimum": band.minimum,
        "maximum": band.maximum,
        "target": band.target,
        "slack": total + band.minimum if goal == "least_violation" else 0,
        "households": network.households.tolist(),
        "neighbours": [near.tolist() for near in np.split(network.neighbours, network.first[1:-1])],
        "costs": list(pairs),
        "home": network.home.tolist(),
        "stay": _whole(np.where(network.home >= 0, network.stay, 0.0)) if goal == "best" else [0] * len(network.home),
        "estate": network.estate.tolist(),
        "estate_costs": _whole(network.estate_costs),
        "pull": _steps(pull),
        "warm": None,
        "warm_cost": 0,
    }


def _whole(costs: Floats) -> list[int]:
    """Return costs in whole steps of 1/64."""
    return [_steps(cost) for cost in costs.tolist()]


def _steps(cost: float) -> int:
    """Return a cost in steps of 1/64."""
    steps = round(cost * STEP)
    if steps != cost * STEP:
        raise UsageError(f"The cost {cost} is no multiple of 1/{STEP:.0f}; round costs before the exact model.")
    return steps


def _asked(tasks: list[dict[str, Any]], seconds: float) -> list[dict[str, Any]]:
    """Return what the child says to each task; what it did not say in time is `unknown`."""
    if not tasks:
        return []
    try:
        done = subprocess.run(  # noqa: S603  our own module, without arguments
            CHILD, input=json.dumps(tasks).encode(), capture_output=True, timeout=seconds, check=False
        )
        said = json.loads(done.stdout) if done.returncode == 0 else []
    except (subprocess.TimeoutExpired, OSError, ValueError):
        said = []
    if said == "absent":
        return [{"status": "absent"}] * len(tasks)
    words = [word for word in said if isinstance(word, dict)] if isinstance(said, list) else []
    return (words + [{"status": "unknown"}] * len(tasks))[: len(tasks)]


def _believed(
    network: Network, parts: int, band: Band, known: Integers | None, said: dict[str, Any], aim: tuple[Goal, float]
) -> ExactAnswer:
    """Return the child's answer as far as it holds: labels are checked, their cost is counted again."""
    goal, pull = aim
    status = said.get("status")
    if status == "infeasible" and known is None:
        return ExactAnswer("infeasible", bound=math.inf)
    labels = known
    if isinstance(said.get("labels"), list):
        labels = _checked(network, parts, band, _integers(said["labels"]), goal)
    if labels is None or status not in {"optimal", "feasible"}:
        missing: Status = "absent" if status == "absent" else "unknown"
        cost = math.inf if known is None else _cost(network, parts, band, known, goal, pull)
        return ExactAnswer(missing, known, cost)
    cost = _cost(network, parts, band, labels, "best" if goal == "feasible" else goal, pull)
    if goal == "feasible":
        return ExactAnswer("feasible", labels, cost)
    scale = 1.0 if goal == "least_violation" else STEP
    bound = said["bound"] / scale if isinstance(said.get("bound"), int) else -math.inf
    return ExactAnswer("optimal" if status == "optimal" and bound == cost else "feasible", labels, cost, bound)


def _integers(labels: list[Any]) -> Integers:
    """Return labels as an array; anything that is no whole number makes them empty, which no plan is."""
    sound = all(isinstance(label, int) for label in labels)
    return np.array(labels if sound else [], dtype=np.int64)


def _checked(network: Network, parts: int, band: Band, labels: Integers, goal: Goal) -> Integers | None:
    """Return the labels if they are a plan: every part there, connected and, but for `least_violation`, in band."""
    if labels.shape != network.households.shape or not np.array_equal(np.unique(labels), np.arange(parts)):
        return None
    same = labels[network.tails] == labels[network.neighbours]
    torn = int(components(len(labels), network.tails[same], network.neighbours[same]).max()) + 1 != parts
    if torn or (goal != "least_violation" and off_band(network, labels, parts, band) > 0):
        return None
    return labels


def _cost(network: Network, parts: int, band: Band, labels: Integers, goal: Goal, pull: float) -> float:
    """Return what the goal minimises: households out of band, or the cost of the plan."""
    if goal == "least_violation":
        return float(off_band(network, labels, parts, band))
    loads = np.bincount(labels, weights=network.households, minlength=parts)
    moved = float(network.stay[(network.home >= 0) & (network.home != labels)].sum())
    further = 0.0
    for number, cost in enumerate(network.estate_costs.tolist()):
        further += cost * max(len(np.unique(labels[network.estate == number])) - 1, 0)
    pulled = pull * float(np.abs(loads - band.target).sum())
    return cut_cost(network, labels) + moved + further + pulled
