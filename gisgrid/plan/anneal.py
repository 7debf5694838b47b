"""One annealing of a zone over contiguous plans, in one compiled loop.

Room: plan. In: a zone (`Network`), a first plan, rules, a schedule in iterations, a stream of random numbers.
Out: the best plan seen. Imports numpy and the modules of `plan` below it.

Small moves and tree recombinations take turns while the temperature falls from round to round. A household out of band
costs a penalty that swings: it grows after a round out of band and falls after one in band, which solves far more tight
zones than a penalty that only rises.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from gisgrid.plan.chance import Chance
from gisgrid.plan.compiled import compiled
from gisgrid.plan.graph import Integers
from gisgrid.plan.moves import sweep
from gisgrid.plan.objective import Level, Network, Rules
from gisgrid.plan.state import off_band, state_of
from gisgrid.plan.trees import recombine

PENALTY_LEAST: Final = 0.25
PENALTY_MOST: Final = 4000.0
"""Cost of a household out of band: between which figures it swings."""

SLICES: Final = 4
"""In so many slices small moves and recombinations take turns within a round."""


class Schedule(NamedTuple):
    """How long an annealing goes on and how hot it is.

    Attributes
    ----------
    rounds
        The temperature falls once a round; two rounds at temperature zero follow.
    moves, trees
        Small moves and tree recombinations proposed in a round.
    hottest, cooling
        Temperature of the first round in cost, and what it is multiplied by after each.
    penalty, rise, fall
        Cost of a household out of band at first, and what it is multiplied by after a round out of band and in band.
    """

    rounds: int
    moves: int
    trees: int
    hottest: float
    cooling: float
    penalty: float
    rise: float
    fall: float


@compiled
def anneal(
    network: Network, labels: Integers, parts: int, rules: Rules, schedule: Schedule, chance: Chance
) -> tuple[Integers, int, float]:
    """Return the best plan seen, its households out of band and its cost; nearest to the band first, then cheapest.

    Parameters
    ----------
    network
        A connected zone.
    labels
        The first plan: labels 0 to `parts` - 1, every part connected. Not changed.
    parts, rules, schedule, chance
        Number of parts, the band and its pull, the length of the search, the random numbers.
    """
    state = state_of(network, labels, parts, rules)
    best, best_off, best_cost = labels.copy(), off_band(state, rules), state.cost[0]
    temperature, penalty = schedule.hottest, schedule.penalty
    for turn in range(schedule.rounds + 2):
        if turn >= schedule.rounds:
            temperature = 0.0
        level = Level(penalty, temperature)
        for _ in range(SLICES):
            sweep(network, state, rules, level, schedule.moves // SLICES, chance)
            recombine(network, state, rules, level, schedule.trees // SLICES, chance)
            off = off_band(state, rules)
            if off < best_off or (off == best_off and state.cost[0] < best_cost):
                best[:] = state.labels
                best_off, best_cost = off, state.cost[0]
        penalty = min(penalty * schedule.rise, PENALTY_MOST) if off > 0 else max(penalty * schedule.fall, PENALTY_LEAST)
        temperature *= schedule.cooling
    return best, best_off, best_cost
