"""The search for a good plan of one zone: several starts, each annealed over contiguous plans.

Room: plan. In: a zone (`Network`), the number of parts, the band, a seed and a budget in iterations (never seconds:
the same seed gives the same plan on every machine). Out: labels, every part connected, and how far they are off the
band. Imports numpy and the modules of `plan` below it.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from gisgrid.model import Band
from gisgrid.plan.construct import Stream, carry_over, construct
from gisgrid.plan.graph import Floats, Integers
from gisgrid.plan.moves import RANDOMS_PER_MOVE, State, state_of, sweep
from gisgrid.plan.objective import Network, Rules, full_cost, off_band
from gisgrid.plan.trees import RANDOMS_PER_TREE, recombine

EXPONENTIALS: Final[Floats] = np.array(
    [round(-math.log((step + 0.5) / 4096.0) * 1024.0) / 1024.0 for step in range(4096)]
)
"""Quantiles of the exponential distribution, rounded so that no machine's logarithm shows."""


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a search may go on, in iterations.

    Attributes
    ----------
    starts
        Starts that are always made; the best plan of all of them is kept.
    more_starts
        Further starts while no plan is in band.
    patience
        So many further starts in a row that come no nearer to the band, and the search gives up: of communities with
        many large buildings most zones have no plan in band at all.
    rounds
        Rounds of a start; the temperature falls and the penalty swings once a round.
    moves_per_unit
        Small moves proposed in a round for each unit of the zone.
    trees_per_part
        Tree recombinations proposed in a round for each grid.
    """

    starts: int = 3
    more_starts: int = 12
    patience: int = 3
    rounds: int = 160
    moves_per_unit: float = 15.0
    trees_per_part: float = 1.0

    def brief(self) -> Budget:
        """Return the budget of a second thought: another number of grids, where the best one gave no plan in band."""
        return dataclasses.replace(self, starts=1, more_starts=1)


@dataclass(frozen=True, slots=True)
class Found:
    """The best plan of a search: labels, households outside the band in sum, and the cost that was minimised."""

    labels: Integers
    parts: int
    off: int
    cost: float

    def better_than(self, other: Found | None) -> bool:
        """Return whether this plan is nearer to the band, or as near and cheaper."""
        return other is None or (self.off, self.cost) < (other.off, other.cost)


HOTTEST: Final = 60.0
"""Temperature of the first round, in cost."""

COOLEST: Final = 1.0
"""Temperature of the last round but the final descent."""

PLAIN_PERCENT: Final = 15
PLAIN_PERCENT_LATER: Final = 60
"""Share of plain spanning trees in the ordinary starts, and in those made because no plan was in band yet."""

WARM: Final = 3.0
"""Temperature at which a redraw starts from the present grids."""

PENALTY_START: Final = 4.0
PENALTY_LEAST: Final = 0.25
PENALTY_MOST: Final = 4000.0
"""Cost of a household out of band: where it starts, and between which figures it swings."""


def improve(network: Network, parts: int, band: Band, seed: tuple[int, ...], budget: Budget) -> Found:
    """Return the best plan of a zone with so many parts: in band if the search finds one, else nearest to it.

    Parameters
    ----------
    network
        A connected zone. Where `home` is set, the search starts from the present grids and a moved household costs.
    parts
        Number of grids, 1 to the number of units.
    band
        The household band.
    seed
        Whole numbers from 0; same seed, same zone: same plan, bit for bit.
    budget
        How long to search.
    """
    if parts == 1:
        return _found(network, np.zeros(len(network.households), dtype=np.int64), 1, band)
    redraw = bool(np.any(network.home >= 0))
    best: Found | None = None
    idle = 0
    for number in range(budget.starts + budget.more_starts):
        later = number >= budget.starts
        if later and best is not None and (best.off == 0 or idle >= budget.patience):
            break
        stream = Stream(*seed, number)
        zone = network
        if redraw:
            labels, home = carry_over(network, parts, band, stream)
            zone = network._replace(home=home, stay=np.where(home >= 0, network.stay, 0.0))
        else:
            labels = construct(network, parts, band, stream)
        rules = Rules.of(band, PLAIN_PERCENT_LATER if later else PLAIN_PERCENT)
        start = _Start(_found(zone, labels, parts, band), rules, WARM if redraw and not later else HOTTEST)
        found = _anneal(zone, start, band, stream, budget)
        idle = 0 if best is None or found.off < best.off else idle + 1
        if found.better_than(best):
            best = found
    if best is None:
        raise AssertionError("a budget has at least one start")
    return best


def _found(network: Network, labels: Integers, parts: int, band: Band) -> Found:
    """Return the labels with their scores, counted from nothing."""
    return Found(labels.copy(), parts, off_band(network, labels, parts, band), full_cost(network, labels, parts, band))


@dataclass(frozen=True, slots=True)
class _Start:
    """Where an annealing begins: the plan, the rules of the loops and the temperature."""

    first: Found
    rules: Rules
    temperature: float


def _anneal(network: Network, start: _Start, band: Band, stream: Stream, budget: Budget) -> Found:
    """Return the best plan seen while the temperature falls from the hottest and the penalty swings.

    The penalty for a household out of band grows by 8 % after a round out of band and falls by 5 % after one in band:
    against a penalty that only rises this solves far more tight zones.
    """
    best, rules, temperature = start.first, start.rules, start.temperature
    parts = best.parts
    state = state_of(network, best.labels, parts)
    moves = max(64, round(budget.moves_per_unit * len(network.households)))
    trees = max(8, round(budget.trees_per_part * parts))
    cooling = (COOLEST / temperature) ** (1.0 / budget.rounds)
    cooling = round(cooling * 1e6) / 1e6
    penalty = PENALTY_START
    for turn in range(budget.rounds + 2):
        if turn >= budget.rounds:
            temperature = 0.0
        sweep(network, state, rules, penalty, temperature, stream.block(moves, RANDOMS_PER_MOVE), EXPONENTIALS)
        recombine(network, state, rules, penalty, temperature, stream.block(trees, RANDOMS_PER_TREE), EXPONENTIALS)
        best = _noted(network, state, best, band)
        off = _off(state, band)
        penalty = min(penalty * 1.08, PENALTY_MOST) if off else max(penalty / 1.05, PENALTY_LEAST)
        temperature *= cooling
    return best


def _off(state: State, band: Band) -> int:
    """Return by how many households the state lies outside the band, in sum."""
    return int(np.maximum(np.maximum(band.minimum - state.loads, state.loads - band.maximum), 0).sum())


def _noted(network: Network, state: State, best: Found, band: Band) -> Found:
    """Return the better of the best plan so far and the present state."""
    off = _off(state, band)
    if off > best.off:
        return best
    found = Found(state.labels.copy(), len(state.loads), off, full_cost(network, state.labels, len(state.loads), band))
    return found if found.better_than(best) else best
