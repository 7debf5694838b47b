"""CP-SAT (ortools): the exact model of a zone, on one worker.

In: a zone. Out: plans offered to a `Best`, and what was proved of the zone. A variable says that a unit is in a grid,
another that a pair is parted. Connected grids are asked for lazily: of a solution in pieces each smaller piece gets the
cut "a unit of it and one of the rest are in one grid only with a unit of those that part them", and the model is solved
again, so an optimum in one piece is the zone's optimum and an infeasible model means that the zone has no plan.
"""

from __future__ import annotations

import threading
import time

import numpy as np
from ortools.sat.python import cp_model

from bench.planning.instances import MAXIMUM, MINIMUM
from bench.planning.zones import Best, Zone, alarm

POLL_S = 0.02


class _Model:
    """The model of one zone: `inside[unit][grid]` and the cuts so far."""

    def __init__(self, zone: Zone) -> None:
        self.zone = zone
        self.model = cp_model.CpModel()
        units, parts = range(len(zone)), range(zone.parts)
        self.inside = [[self.model.new_bool_var("") for _ in parts] for _ in units]
        for row in self.inside:
            self.model.add_exactly_one(row)
        for part in parts:
            load = sum(int(zone.households[unit]) * self.inside[unit][part] for unit in units)
            self.model.add_linear_constraint(load, MINIMUM, MAXIMUM)
        # Grids have no names: the n-th largest building is in one of the first n.
        for place, unit in enumerate(np.argsort(-zone.households, kind="stable")[: zone.parts].tolist()):
            for part in range(place + 1, zone.parts):
                self.model.add(self.inside[unit][part] == 0)
        self.near: list[set[int]] = [set() for _ in units]
        for i, j in zone.borders.tolist():
            self.near[i].add(j)
            self.near[j].add(i)
        for unit in units:  # too small for a grid of its own: a neighbour comes along
            if zone.households[unit] < MINIMUM:
                for part in parts:
                    self.model.add(
                        self.inside[unit][part] <= sum(self.inside[j][part] for j in sorted(self.near[unit]))
                    )
        self.model.minimize(self._cost())

    def _cost(self) -> cp_model.LinearExpr:
        costs: dict[tuple[int, int], int] = {}
        for pairs, values in ((self.zone.borders, self.zone.border_costs), (self.zone.ties, self.zone.tie_costs)):
            for (i, j), value in zip(pairs.tolist(), values.tolist(), strict=True):
                costs[i, j] = costs.get((i, j), 0) + value
        parted = []
        for i, j in costs:
            apart = self.model.new_bool_var("")
            for part in range(self.zone.parts):
                self.model.add(apart >= self.inside[i][part] - self.inside[j][part])
                self.model.add(apart >= self.inside[j][part] - self.inside[i][part])
            parted.append(apart)
        return cp_model.LinearExpr.weighted_sum(parted, list(costs.values()))

    def cut(self, labels: np.ndarray) -> bool:
        """Forbid the pieces of a solution; return whether there were any."""
        count, piece = self.zone.pieces(labels)
        if count == len(np.unique(labels)):
            return False
        sizes = np.bincount(piece)
        for part in np.unique(labels):
            pieces = np.unique(piece[labels == part])
            largest = pieces[np.argmax(sizes[pieces])]
            for small in pieces[pieces != largest]:
                self._separate(np.flatnonzero(piece == small).tolist(), np.flatnonzero(piece == largest).tolist())
        return True

    def _separate(self, small: list[int], large: list[int]) -> None:
        """Ask for a unit of the way between two pieces wherever a unit of each is in one grid."""
        around = set().union(*(self.near[unit] for unit in small)) - set(small)
        beyond, stack = set(large), list(large)
        while stack:
            for other in self.near[stack.pop()] - around - beyond:
                beyond.add(other)
                stack.append(other)
        way = sorted(unit for unit in around if self.near[unit] & beyond)
        heaviest = [max(piece, key=lambda unit: int(self.zone.households[unit])) for piece in (small, large)]
        for part in range(self.zone.parts):
            here, there = (self.inside[unit][part] for unit in heaviest)
            self.model.add(here + there - 1 <= sum(self.inside[unit][part] for unit in way))

    def hint(self, labels: np.ndarray) -> None:
        """Begin the next solve near a plan."""
        self.model.clear_hints()
        for unit, row in enumerate(self.inside):
            for part, variable in enumerate(row):
                self.model.add_hint(variable, bool(labels[unit] == part))


class _Watcher(cp_model.CpSolverSolutionCallback):
    """Offers every solution on the way, which may be in one piece where the last one is not."""

    def __init__(self, model: _Model, best: Best) -> None:
        super().__init__()
        self.model, self.best = model, best

    def on_solution_callback(self) -> None:
        """Offer the solution."""
        rows = [[self.boolean_value(variable) for variable in row] for row in self.model.inside]
        self.best.offer(np.argmax(rows, axis=1))


def cp_sat(best: Best, seed: int, end: float) -> None:
    """Solve, cut, and solve again until the optimum is proved or the CPU seconds are used."""
    model = None
    with alarm(end):
        model = _Model(best.zone)
    while model is not None and time.process_time() < end:
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        solver.parameters.random_seed = seed
        status = _solve(solver, model, best, end)
        if status == cp_model.INFEASIBLE:
            best.proof = "infeasible"
            return
        if status not in {cp_model.OPTIMAL, cp_model.FEASIBLE}:
            return
        labels = np.argmax([[solver.boolean_value(variable) for variable in row] for row in model.inside], axis=1)
        best.offer(labels)
        if not model.cut(labels):
            best.proof = "optimal" if status == cp_model.OPTIMAL else ""
            return
        model.hint(labels)


def _solve(solver: cp_model.CpSolver, model: _Model, best: Best, end: float) -> cp_model.CpSolverStatus:
    """Solve until the process has used its CPU seconds: the solver's own limit is on the wall."""
    done = threading.Event()

    def watch() -> None:
        while not done.wait(POLL_S):
            if time.process_time() >= end:
                solver.stop_search()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        return solver.solve(model.model, _Watcher(model, best))
    finally:
        done.set()
        watcher.join()
