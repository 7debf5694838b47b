"""Ground of a plan divided anew: into so many grids in several different ways, or near to how it is.

Room: plan. In: a `PlanBoard` and units of it. Out: divisions as labels. Imports `plan.improve`, `plan.alternatives` and
the modules below them.

Different ways are asked for: other weights, other seeds, and pairs that an earlier way parted made dearer to part.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from gisgrid.model import Weights
from gisgrid.plan.alternatives import Alternatives, Move
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.graph import Flags, Floats, Integers
from gisgrid.plan.improve import BUDGETS, Budget, improve
from gisgrid.plan.objective import Network, Present, network_of, parting_costs, stepped

MORE_TRIES: Final = 6
"""So many searches in all look for different ways to divide a ground."""

BALANCE_PULL: Final = 8.0
"""In a balance a household off the target costs so many times as much as in a draw: that is what was asked for."""

MANNERS: Final = ((2.0, BALANCE_PULL), (1.0, 32.0), (0.25, 64.0), (0.25, 128.0))
"""Of the searches of a balance: the cost of a household that moves, and so many times the pull to the target. Few moves
first, then ever more even grids, at last at the price of borders and estates."""

BRIEF: Final = BUDGETS["draft"].brief()


@dataclass(frozen=True)
class Ground:
    """Units of a plan that are divided together.

    Attributes
    ----------
    units
        Their positions in the board, ascending.
    grids
        The grids they lie in now, ascending.
    """

    board: PlanBoard
    units: Integers
    grids: Integers

    @classmethod
    def of(cls, board: PlanBoard, inside: Flags) -> Ground:
        """Return the ground of the units inside."""
        units = np.flatnonzero(inside)
        return cls(board, units, np.unique(board.labels[units]))

    @property
    def present(self) -> Integers:
        """The present grid of each unit, numbered from 0."""
        return np.searchsorted(self.grids, self.board.labels[self.units])

    def network(self, weights: Weights, present: Present | None = None) -> Network:
        """Return the ground for the search."""
        board = self.board
        parting = parting_costs(board.graph, board.passable, weights)
        return network_of(board.graph, self.units, board.passable, parting, present, weights=weights, band=board.band)

    def laid(self, division: Integers) -> Integers:
        """Return the plan's labels with the ground in parts, named so that fewest households move."""
        board, present = self.board, self.present
        stayers = np.zeros((int(division.max()) + 1, len(self.grids)))
        np.add.at(stayers, (division, present), board.network.households[self.units] + 1e-3)
        parts, grids = linear_sum_assignment(stayers, maximize=True)
        label = np.arange(len(board.keys), len(board.keys) + len(stayers))
        label[parts] = self.grids[grids]
        labels = board.labels.copy()
        labels[self.units] = label[division]
        return labels


def divided(ground: Ground, parts: int, seed: int, wanted: int, budget: Budget | None = None) -> Iterator[Integers]:
    """Yield divisions of a ground into so many parts, as different as a few searches find, at most `MORE_TRIES`.

    Parameters
    ----------
    ground
        One connected piece.
    parts
        2 to the number of units.
    seed
        Same seed, same divisions.
    wanted
        After so many different ones the search ends.
    budget
        Of each search.
    """
    weights = ground.board.settings.weights
    manners = (
        weights,
        dataclasses.replace(weights, border=4.0 * weights.border),
        dataclasses.replace(weights, border=2.0 * weights.border, street=weights.street / 4.0),
    )
    seen: set[bytes] = set()
    dearer: set[int] = set()
    for turn in range(MORE_TRIES):
        network = _with_dearer(ground.network(manners[turn % len(manners)]), dearer)
        rules = ground.board.rules
        found = improve(network, parts, rules, (seed, parts, turn), budget or BRIEF)
        likeness = found.labels.tobytes()
        dearer |= _parted(network, found.labels)
        if likeness not in seen:
            seen.add(likeness)
            yield found.labels
        if len(seen) >= wanted and turn >= len(manners) - 1:
            return


def _keys(network: Network) -> Integers:
    """Return one number for each link, the same in every network of the ground."""
    count = len(network.households)
    return np.repeat(np.arange(count), np.diff(network.first_link)) * count + network.links


def _parted(network: Network, labels: Integers) -> set[int]:
    """Return the links that a division parts."""
    tails = np.repeat(np.arange(len(labels)), np.diff(network.first_link))
    return set(_keys(network)[labels[tails] != labels[network.links]].tolist())


def _with_dearer(network: Network, dearer: set[int]) -> Network:
    """Return the network with twice the cost of parting these links."""
    chosen = np.isin(_keys(network), sorted(dearer)) & (network.costs > 0.0)
    return network._replace(costs=np.where(chosen, 2.0 * network.costs, network.costs))


def balanced(ground: Ground, seed: Sequence[int], budget: Budget | None = None) -> Iterator[Integers]:
    """Yield divisions of a ground into as many parts as it has grids, one for each of `MANNERS`.

    Parameters
    ----------
    ground
        Whole grids, each in one piece, open to each other.
    seed
        Whole numbers; same seed, same divisions.
    budget
        Of each search.
    """
    board = ground.board
    present = Present(ground.present, board.locked[ground.units])
    for turn, (weight, times) in enumerate(MANNERS):
        rules = board.rules._replace(pull=stepped(times * board.rules.pull))
        weights = dataclasses.replace(board.settings.weights, move=weight)
        network = ground.network(weights, present)
        found = improve(network, len(ground.grids), rules, (*seed, turn), budget or BRIEF)
        yield found.labels


def shortest(board: PlanBoard, grounds: Sequence[Ground], most: int, times: float) -> Integers:
    """Return labels after the best single moves between neighbours, one after the other.

    A move is taken where it brings most nearer to the band a household moved, then where it makes the plan cheaper;
    no building moves twice and no grid falls apart.

    Parameters
    ----------
    board, grounds
        The plan, and what may change.
    most
        So many households move at most.
    times
        So many times the draw's pull to the target is what even grids are worth.
    """
    board = dataclasses.replace(board, labels=board.labels.copy())
    inside = np.zeros(len(board.labels), dtype=np.bool_)
    for ground in grounds:
        inside[ground.units] = True
    moved, still = 0, inside & ~board.locked
    while (move := _best_move(board, still, most - moved, times)) is not None:
        moved += int(board.network.households[move.unit])
        still[move.unit] = False
        labels = board.labels.copy()
        labels[move.unit] = move.other
        board = dataclasses.replace(board, labels=labels)
    return board.labels


def _best_move(board: PlanBoard, still: Flags, most: int, times: float) -> Move | None:
    """Return the best move of one unit that may still move, None where no move helps."""
    alternatives = Alternatives(board, pull=times * board.rules.pull)
    moves = [
        move
        for grid in np.unique(board.labels[still]).tolist()
        for move in alternatives.moves(grid)
        if still[move.unit]
        and still[board.labels == move.other].any()
        and board.network.households[move.unit] <= most
        and (move.off, move.cost) < (0, 0.0)
    ]
    worth = {move: _worth(move, board.network.households) for move in moves}
    for move in sorted(moves, key=lambda each: (worth[each], each.unit, each.other)):
        if alternatives.pieces_without(move.unit) == 1:
            return move
    return None


def _worth(move: Move, households: Integers | Floats) -> tuple[float, float]:
    """Return how much nearer to the band a household's move brings the plan, and how much cheaper it makes it."""
    count = float(households[move.unit])
    return move.off / count, move.cost / count
