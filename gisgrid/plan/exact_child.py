"""Solves the exact model of one zone in a process of its own, which may be killed.

Room: plan. In: the JSON of `exact.py` on stdin. Out: JSON on stdout. Run by `exact`, never imported: the only file that
imports ortools, which shares no process with other solvers and may take more memory than there is.

CP-SAT cannot add constraints while it searches. So it is asked again and again: a plan with a torn grid gives cuts that
forbid it, and the search starts anew with them, from the best connected plan so far. Effort is counted in CP-SAT's
deterministic time, with one worker and a fixed seed: the same zone gives the same answer.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import math
import resource
import sys
from collections.abc import Sequence
from typing import Any, Final

from gisgrid.plan.exact_cuts import Cut, Zone, apart, broken_cuts, first_cuts, glued

MEMORY_BYTES: Final = 6 * 1024**3

try:
    from ortools.sat.python import cp_model
except ImportError:
    json.dump("absent", sys.stdout)
    sys.exit(0)


class Model:
    """The exact model of a zone: which part each unit is in, what that costs, and the cuts so far."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.parts: int = task["parts"]
        self.goal: str = task["goal"]
        slack: int = task["slack"]
        self.minimum, self.maximum = task["minimum"] - slack, task["maximum"] + slack
        neighbours = [set(others) for others in task["neighbours"]]
        costs = {(a, b): cost for a, b, cost in task["costs"]}
        self.zone, self.place = glued(Zone(task["households"], neighbours, costs, self.minimum))
        self.units = range(len(self.zone.households))
        self.named = sorted({home for home, stay in zip(task["home"], task["stay"], strict=True) if stay > 0})
        self.model = cp_model.CpModel()
        self.inside = [self._memberships() for _ in self.units]
        self.cuts: set[Cut] = set()
        self.leading = self._ordered_parts()
        self.outside: list[Any] = []
        self.loads = self._loads(task)
        self.terms: list[tuple[int, Any]] = [(1, off) for off in self.outside]
        self.constant = 0
        if self.goal == "feasible":
            # Short borders lead the search to compact grids, which are seldom torn.
            self._parting({(a, b): 1 for a in self.units for b in self.zone.neighbours[a] if a < b})
        if self.goal == "best":
            self._parting(self.zone.costs)
            self._staying(task)
            self._estates(task)
            self._pull(task)
        self.step = math.gcd(*(weight for weight, _ in self.terms)) or 1
        self.cost = sum(weight // self.step * term for weight, term in self.terms)
        if self.terms:
            self.model.minimize(self.cost)
        self.add(first_cuts(self.zone))

    def _memberships(self) -> list[Any]:
        """Return for each part whether a unit is in it; with two parts one variable says both."""
        if self.parts == 2:
            second = self.model.new_bool_var("")
            return [~second, second]
        inside = [self.model.new_bool_var("") for _ in range(self.parts)]
        self.model.add_exactly_one(inside)
        return inside

    def _ordered_parts(self) -> list[int]:
        """Forbid plans that differ in the numbers of parts alone; return the units that lead the first parts.

        Units of which no two fit into one grid lead the first parts, and the others are numbered by their first unit,
        the largest first. Parts that are somebody's home keep their number.
        """
        households = self.zone.households
        order = sorted(self.units, key=lambda unit: (-households[unit], unit))
        leading = [] if self.named else apart(households, self.maximum)[: self.parts]
        for part, unit in enumerate(leading):
            self.model.add_bool_or([self.inside[unit][part]])
        self.order = [unit for unit in order if unit not in set(leading)]
        self.free = [part for part in range(len(leading), self.parts) if part not in self.named]
        for before, part in itertools.pairwise(self.free):
            for at, unit in enumerate(self.order):
                earlier = [self.inside[other][before] for other in self.order[:at]]
                self.model.add_bool_or([~self.inside[unit][part], *earlier])
        return leading

    def _loads(self, task: dict[str, Any]) -> list[Any]:
        """Keep each part's households in the band, or count how far they are outside."""
        loads: list[Any] = []
        total = sum(self.zone.households)
        for part in range(self.parts):
            load = self.model.new_int_var(max(self.minimum, 0), min(max(self.maximum, 0), total), "")
            pairs = zip(self.zone.households, self.inside, strict=True)
            self.model.add(load == sum(count * inside[part] for count, inside in pairs))
            self.model.add_bool_or([inside[part] for inside in self.inside])
            loads.append(load)
            if self.goal == "least_violation":
                off = self.model.new_int_var(0, max(total, task["minimum"]), "")
                self.model.add(off >= task["minimum"] - load)
                self.model.add(off >= load - task["maximum"])
                self.outside.append(off)
        return loads

    def _parting(self, costs: dict[tuple[int, int], int]) -> None:
        """Count what it costs to part the pairs that lie in different parts."""
        for (a, b), cost in sorted(costs.items()):
            if cost == 0:
                continue
            parted = self.model.new_bool_var("")
            for one, other in zip(self.inside[a], self.inside[b], strict=True):
                if cost > 0:
                    self.model.add_bool_or([parted, ~one, other])
                    self.model.add_bool_or([parted, one, ~other])
                else:
                    self.model.add_bool_or([~parted, ~one, ~other])
            self.terms.append((cost, parted))

    def _staying(self, task: dict[str, Any]) -> None:
        """Count what it costs to move units from home; a home that is gone costs the same in every plan."""
        for place, home, stay in zip(self.place, task["home"], task["stay"], strict=True):
            if stay > 0 and home < self.parts:
                self.terms.append((stay, ~self.inside[place][home]))
            elif stay > 0:
                self.constant += stay

    def _estates(self, task: dict[str, Any]) -> None:
        """Count the further parts that an estate lies in; each lies in one, which costs nothing."""
        for number, cost in enumerate(task["estate_costs"]):
            members = {
                place for place, estate in zip(self.place, task["estate"], strict=True) if estate == number and cost
            }
            if len(members) < 2:
                continue
            reach = [self.model.new_bool_var("") for _ in range(self.parts)]
            for part, there in enumerate(reach):
                for unit in sorted(members):
                    self.model.add_implication(self.inside[unit][part], there)
                self.terms.append((cost, there))
            self.model.add_bool_or(reach)
            self.constant -= cost

    def _pull(self, task: dict[str, Any]) -> None:
        """Count how far the loads are from the target."""
        for load in self.loads if task["pull"] else ():
            away = self.model.new_int_var(0, sum(self.zone.households) + task["target"], "")
            self.model.add(away >= load - task["target"])
            self.model.add(away >= task["target"] - load)
            self.terms.append((task["pull"], away))

    def add(self, cuts: Sequence[Cut]) -> None:
        """Add cuts, for every part."""
        for cut in cuts:
            if cut in self.cuts:
                continue
            self.cuts.add(cut)
            for part in range(self.parts):
                absent = [~self.inside[unit][part] for unit in (cut.unit, cut.other) if unit >= 0]
                self.model.add_bool_or(absent + [self.inside[unit][part] for unit in sorted(cut.through)])

    def begin_from(self, labels: Sequence[int]) -> None:
        """Give a plan of the glued units to the search to begin from, with its parts numbered as the model does."""
        number = {labels[unit]: part for part, unit in enumerate(self.leading)}
        number |= {part: part for part in self.named if part < self.parts}
        spare = iter(self.free)
        for unit in self.order:
            if labels[unit] not in number:
                number[labels[unit]] = next(spare)
        self.model.clear_hints()  # type: ignore[no-untyped-call]  # ortools annotates it in part
        for unit in self.units:
            for part in range(1, self.parts) if self.parts == 2 else range(self.parts):
                self.model.add_hint(self.inside[unit][part], int(number[labels[unit]] == part))


class Watch(cp_model.CpSolverSolutionCallback):
    """Looks at each plan that the search finds: keeps the connected ones, ends the search at a torn one."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.watched = model
        self.labels: list[int] | None = None
        self.cost = 0
        self.broken: list[Cut] = []

    def on_solution_callback(self) -> None:
        """Keep the plan or the cuts that it breaks."""
        inside = self.watched.inside
        labels = [next(part for part, at in enumerate(parts) if self.boolean_value(at)) for parts in inside]
        self.broken = broken_cuts(self.watched.zone, labels, self.watched.parts)
        if not self.broken:
            self.labels, self.cost = labels, round(self.objective_value) if self.watched.terms else 0
        if self.broken or self.watched.goal == "feasible" or not self.watched.terms:
            self.stop_search()


def solved(task: dict[str, Any]) -> dict[str, Any]:
    """Return the answer for a task of `exact.py`.

    Raises
    ------
    RuntimeError
        CP-SAT calls the model invalid: a fault of this file.
    """
    model = Model(task)
    best: list[int] | None = None
    cost, spent, bound = 0, 0.0, None
    if task["warm"] is not None:
        best, cost = _of_glued(model, task["warm"]), (task["warm_cost"] - model.constant) // model.step
    while True:
        if best is not None:
            model.model.add(model.cost <= cost - 1)
            model.begin_from(best)
        solver, watch = _solver(task["effort"] - spent), Watch(model)
        status = solver.solve(model.model, watch)
        if status == cp_model.MODEL_INVALID:
            raise RuntimeError(f"CP-SAT calls the model invalid: {model.model.validate()}")
        spent += solver.response_proto.deterministic_time
        if watch.labels is not None:
            best, cost = watch.labels, watch.cost
        if status == cp_model.INFEASIBLE or (status == cp_model.OPTIMAL and not watch.broken):
            return _answer(model, "infeasible" if best is None else "optimal", best, cost, spent)
        if best is not None and (model.goal == "feasible" or not model.terms):
            return _answer(model, "optimal", best, cost, spent)
        if model.terms:
            lowest = math.ceil(solver.best_objective_bound - 1e-6)
            bound = lowest if bound is None else max(bound, lowest)
        if spent >= task["effort"] or status == cp_model.UNKNOWN:
            return _answer(model, "unknown" if best is None else "feasible", best, bound, spent)
        model.add(watch.broken)


def _solver(effort: float) -> cp_model.CpSolver:
    """Return the solver: one worker, a fixed seed, strong linear relaxations, a limit of deterministic seconds."""
    solver = cp_model.CpSolver()
    solver.parameters.num_workers = 1
    solver.parameters.random_seed = 1
    solver.parameters.interleave_search = False
    solver.parameters.linearization_level = 2
    solver.parameters.max_deterministic_time = max(effort, 1e-3)
    return solver


def _of_glued(model: Model, labels: Sequence[int]) -> list[int]:
    """Return the labels of the glued units of a plan that keeps them together."""
    found = [0] * len(model.units)
    for place, label in zip(model.place, labels, strict=True):
        found[place] = label
    return found


def _answer(model: Model, status: str, labels: list[int] | None, bound: int | None, spent: float) -> dict[str, Any]:
    """Return the answer in the units of the task."""
    return {
        "status": status,
        "labels": None if labels is None else [labels[place] for place in model.place],
        "bound": None if bound is None else bound * model.step + model.constant,
        "spent": spent,
    }


def main() -> None:
    """Read tasks, write the answers, up to the first plan of those that ask for any plan.

    Effort that a task leaves over goes to the next.
    """
    with contextlib.suppress(ValueError, OSError):  # macOS knows the limit and refuses to set it
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    answers: list[dict[str, Any]] = []
    spare = 0.0
    for task in json.load(sys.stdin):
        task["effort"] += spare
        answers.append(solved(task))
        spare = max(task["effort"] - answers[-1]["spent"], 0.0)
        if task["goal"] == "feasible" and answers[-1]["labels"] is not None:
            break
    json.dump(answers, sys.stdout)


if __name__ == "__main__":
    main()
