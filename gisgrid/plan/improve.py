"""The search for a good plan of one zone: several annealed plans, laid over each other again and again.

Room: plan. In: a zone (`Network`), the number of parts, rules, a seed and a budget in iterations (never seconds: the
same seed gives the same plan on every machine). Out: labels, every part connected, and how far they are off the band.
Imports numpy and the modules of `plan` below it.

Ties make the landscape rugged: which estates share a grid is settled while the annealing is hot, and one annealing
settles it well in one half of the zone and badly in another. So a pool of annealed plans is kept. Of two of them, what
both keep together becomes one unit (`plan.overlay`); the zone of some dozens of units that is left is annealed hot in
a few milliseconds, polished as a whole, and replaces the worse of the two if it is better.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, NamedTuple

import numpy as np

from gisgrid.model import Effort
from gisgrid.plan.anneal import Schedule, anneal
from gisgrid.plan.chance import Chance, chance_of, choose
from gisgrid.plan.construct import carry_over, construct
from gisgrid.plan.graph import Integers
from gisgrid.plan.objective import LOCK_COST, Network, Rules, full_cost, off_band
from gisgrid.plan.overlay import agreed, contracted


class Course(NamedTuple):
    """The course of one annealing.

    Attributes
    ----------
    rounds
        The temperature falls and the penalty swings once a round.
    moves_per_unit, trees_per_part
        Small moves and tree recombinations proposed in a round, for each unit and for each part.
    hottest, coolest
        Temperature of the first and of the last round, in cost.
    """

    rounds: int
    moves_per_unit: float
    trees_per_part: float
    hottest: float
    coolest: float


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may go on, in iterations.

    Attributes
    ----------
    plans
        Plans that are annealed from nothing (in a redraw: from the present grids).
    overlays
        How often two plans of the pool are laid over each other.
    more
        Further overlays while no plan is in band.
    first, overlay, polish
        The courses of a first plan, of the contracted zone, and of the whole zone after it.
    patience
        So many overlays in a row that come no nearer to the band, and the search ends: where large buildings stand
        close, most zones have no plan in band at all.
    """

    plans: int
    overlays: int
    more: int
    first: Course
    overlay: Course
    polish: Course
    patience: int = 12

    def brief(self) -> Budget:
        """Return the budget of a second thought: another number of grids, where the best one gave no plan in band."""
        return dataclasses.replace(
            self, plans=max(2, self.plans // 3), overlays=self.overlays // 3, more=self.more // 6
        )


_HOT: Final = Course(60, 4.0, 8.0, 500.0, 2.0)
_LAID: Final = Course(30, 8.0, 10.0, 300.0, 2.0)
_POLISH: Final = Course(20, 4.0, 8.0, 40.0, 1.0)

BUDGETS: Final[Mapping[Effort, Budget]] = MappingProxyType(
    {
        "draft": Budget(5, 10, 30, _HOT._replace(rounds=40), _LAID, Course(10, 4.0, 6.0, 8.0, 1.0)),
        "normal": Budget(10, 30, 60, _HOT, _LAID, _POLISH),
        "thorough": Budget(16, 80, 160, Course(60, 6.0, 10.0, 500.0, 2.0), _LAID._replace(rounds=40), _POLISH),
    }
)
"""About 0.5, 1.5 and 4 seconds for a community of 450 buildings (docs/benchmarks.md)."""

FRESH_EVERY: Final = 10
"""Every so many overlays the second plan is a new one, annealed from nothing, so that the pool does not run dry."""

ALONE: Final = 3
"""So many fresh plans in a row that lead to the one plan of the pool, and the search ends: small zones agree soon."""

WARM: Final = (3.0, 12.0, 40.0)
"""Hottest temperatures of a redraw, in turn: near the present grids first. Where a moved household costs more than
`WARM_MOVE`, they and the penalty grow with it."""

WARM_MOVE: Final = 4.0

PENALTY_START: Final = 4.0
PENALTY_RISE: Final = 1.08
PENALTY_FALL: Final = 1.05
ROUNDS_OF_SWING: Final = 160.0
"""In so many rounds the penalty of a household out of band rises or falls by these factors, each to that power."""


@dataclass(frozen=True, slots=True)
class Found:
    """The best plan of a search.

    Attributes
    ----------
    labels, parts
        The part of each unit, 0 to `parts` - 1.
    off
        Households outside the band, in sum.
    cost
        What was minimised.
    starts
        How many plans were annealed and laid over each other to find it.
    home
        In a redraw the part that each unit would stay in, -1 for none; else None.
    """

    labels: Integers
    parts: int
    off: int
    cost: float
    starts: int = 1
    home: Integers | None = None

    @property
    def score(self) -> tuple[int, float]:
        """What plans are compared by: nearest to the band first, then the cheapest."""
        return self.off, self.cost

    def better_than(self, other: Found | None) -> bool:
        """Return whether this plan is nearer to the band, or as near and cheaper."""
        return other is None or self.score < other.score


Watch = Callable[[Found], bool]
"""Is shown the best plan after every annealing; answers whether the search shall go on."""


def improve(
    network: Network,
    parts: int,
    rules: Rules,
    seed: tuple[int, ...],
    budget: Budget,
    watch: Watch | None = None,
    begin: Integers | None = None,
) -> Found:
    """Return the best plan of a zone with so many parts: in band if the search finds one, else nearest to it.

    Parameters
    ----------
    network
        A connected zone. Where `home` is set, the search starts from the present grids and a moved household costs.
    parts
        Number of grids, 1 to the number of units.
    rules
        The household band and the pull to its target.
    seed
        Whole numbers from 0; same seed, same zone: same plan, bit for bit, unless `watch` ends the search early.
    budget
        How long to search.
    watch
        Sees progress and may end the search; the best plan so far is returned.
    begin
        A plan that the search may begin from, every part connected; the answer is never worse. Where it is given,
        homes are numbered as its parts are.
    """
    chance = chance_of(*seed)
    if np.any(network.home >= 0) and begin is None:
        begin, home = carry_over(network, parts, rules, chance)
        network = at_home(network, home)
    if parts == 1:
        found = judged(network, np.zeros(len(network.households), dtype=np.int64), 1, rules)
    else:
        found = _Search(network, parts, rules, chance, budget, watch).run(begin)
    return dataclasses.replace(found, home=network.home if np.any(network.home >= 0) else None)


def at_home(network: Network, home: Integers | None) -> Network:
    """Return the zone with homes numbered anew; units without one cost nothing to move."""
    if home is None:
        return network
    return network._replace(home=home, stay=np.where(home >= 0, network.stay, 0.0))


def judged(network: Network, labels: Integers, parts: int, rules: Rules) -> Found:
    """Return the labels with their scores, counted from nothing."""
    return Found(
        labels.copy(), parts, off_band(network, labels, parts, rules), full_cost(network, labels, parts, rules)
    )


def annealed(
    network: Network, begin: Found, rules: Rules, course: Course, chance: Chance, strain: float = 1.0
) -> Found:
    """Return the best plan of one annealing that begins with a plan; of that one only the labels count.

    Parameters
    ----------
    network, rules, chance
        The zone, the band with its pull, the random numbers.
    begin
        Every part connected.
    course
        How long and how hot.
    strain
        What the penalty of a household out of band is multiplied by at first.
    """
    swing = ROUNDS_OF_SWING / course.rounds
    schedule = Schedule(
        course.rounds,
        max(64, round(course.moves_per_unit * len(network.households))),
        max(8, round(course.trees_per_part * begin.parts)),
        course.hottest,
        _rounded((course.coolest / course.hottest) ** (1.0 / course.rounds)),
        PENALTY_START * strain,
        _rounded(PENALTY_RISE**swing),
        _rounded(PENALTY_FALL**-swing),
    )
    labels, off, cost = anneal(network, begin.labels, begin.parts, rules, schedule, chance)
    return Found(labels, begin.parts, off, cost)


class _Search:
    """A pool of plans of one zone and how it grows better."""

    def __init__(
        self, network: Network, parts: int, rules: Rules, chance: Chance, budget: Budget, watch: Watch | None
    ) -> None:
        self.network = network
        self.parts = parts
        self.rules = rules
        self.chance = chance
        self.budget = budget
        self.watch = watch
        self.present: Integers | None = None
        self.pool: list[Found] = []
        self.best: Found | None = None
        self.starts = 0
        self.strain = 1.0
        if np.any(network.home >= 0):
            costs = network.stay[network.stay < LOCK_COST] / np.maximum(network.households[network.stay < LOCK_COST], 1)
            self.strain = max(1.0, float(costs.max(initial=0.0)) / WARM_MOVE)

    def run(self, begin: Integers | None) -> Found:
        """Return the best plan when the budget is used up, the pool agrees, or the watch says so."""
        if begin is not None:
            self.note(judged(self.network, begin, self.parts, self.rules))
            if np.any(self.network.home >= 0):
                self.present = begin
        going = True
        while going and self.starts < self.budget.plans:
            going = self.note(self._first())
        laid, alone, idle = 0, 0, 0
        while going and alone < ALONE and idle < self.budget.patience and laid < self._overlays():
            fresh = laid % FRESH_EVERY == FRESH_EVERY - 1 or len(self.pool) < 2
            before = self._off()
            going = self._laid_over(fresh=fresh)
            alone = alone + 1 if len(self.pool) < 2 else 0
            idle = idle + 1 if 0 < self._off() == before else 0
            laid += 1
        if self.best is None:
            raise AssertionError("a budget has at least one plan")
        return Found(self.best.labels, self.parts, self.best.off, self.best.cost, self.starts)

    def _off(self) -> int:
        """Return how many households the best plan so far leaves out of band."""
        return 0 if self.best is None else self.best.off

    def _overlays(self) -> int:
        """Return how many overlays the search is worth as things stand."""
        return self.budget.overlays + (self.budget.more if self._off() > 0 else 0)

    def note(self, found: Found) -> bool:
        """Put a plan into the pool unless its like is there; return whether the search shall go on."""
        if all(found.score != other.score for other in self.pool):
            self.pool.append(found)
        if found.better_than(self.best):
            self.best = found
        return self.watch is None or self.best is None or self.watch(self.best)

    def _first(self) -> Found:
        """Return a plan annealed from nothing, or in a redraw from the present grids."""
        course = self.budget.first
        if self.present is None:
            labels = construct(self.network, self.parts, self.rules, self.chance)
        else:
            labels = self.present
            course = course._replace(hottest=WARM[self.starts % len(WARM)] * self.strain, coolest=1.0)
        return self._annealed(self.network, labels, course)

    def _annealed(self, network: Network, labels: Integers, course: Course) -> Found:
        """Return the best plan of one annealing."""
        self.starts += 1
        return annealed(network, Found(labels, self.parts, 0, 0.0), self.rules, course, self.chance, self.strain)

    def _laid_over(self, *, fresh: bool) -> bool:
        """Lay two plans of the pool over each other, or one over a fresh one; return whether to go on."""
        one = choose(self.chance, len(self.pool))
        if fresh:
            second = self._first()
        else:
            other = choose(self.chance, len(self.pool) - 1)
            second = self.pool[other + (other >= one)]
        first = self.pool[one]
        better, worse = (second, first) if second.better_than(first) else (first, second)
        blocks = agreed(self.network, better.labels, worse.labels)
        zone = contracted(self.network, blocks)
        labels = np.zeros(len(zone.households), dtype=np.int64)
        labels[blocks] = better.labels
        laid = self._annealed(zone, labels, self.budget.overlay)
        child = self._annealed(self.network, laid.labels[blocks], self.budget.polish)
        # The child begins as the better one and so is never dearer; it takes the place of the worse, or of a fresh
        # plan's only parent in the pool.
        if all(child.score != plan.score for plan in self.pool):
            gone = worse if any(plan is worse for plan in self.pool) else better
            self.pool = [plan for plan in self.pool if plan is not gone]
        return self.note(child)


def _rounded(factor: float) -> float:
    """Return the factor with six digits, so that no machine's power function shows."""
    return round(factor * 1e6) / 1e6
