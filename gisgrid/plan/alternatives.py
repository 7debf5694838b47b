"""The building at a grid's edge that could as well lie next door, and why it does not: computed, never guessed.

Room: plan. In: a `PlanBoard`. Out: for each residential grid the nearest alternative with its `Reason`. Imports numpy,
`plan.board` and the modules below it.

Every building beside another residential grid is weighed: what the plan would cost with the building there. The
alternative of a grid is the one that would make the plan better, if there is one, else the one that would cost least;
what keeps it is the hard rule in the way (band, connection), else the largest share of the cost.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, NamedTuple

import numpy as np

from gisgrid.geometry.adjacency import components
from gisgrid.plan.board import NO_HOME, PlanBoard
from gisgrid.plan.graph import Floats, Integers

SHARES: Final = ("estates", "ties", "borders", "balance", "homes")
"""What a change of cost is made of, as attributes of `Move`."""


@dataclass(frozen=True, slots=True)
class Reason:
    """Why something is as it is: a name for programs, a clause for people."""

    name: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """A building, the neighbour it could lie in, why it does not; `better` where nothing speaks against it."""

    unit: int
    grid: int
    other: int
    reason: Reason
    better: bool


class Move(NamedTuple):
    """What one unit's move from its grid to a neighbour changes.

    Attributes
    ----------
    off
        Households out of band, in sum.
    ties, borders, estates, balance, homes
        Shares of the change of cost; the first is what is lost in ties less what is gained.
    """

    unit: int
    grid: int
    other: int
    off: int
    ties: float
    borders: float
    estates: float
    balance: float
    homes: float

    @property
    def cost(self) -> float:
        """The change of cost: below 0 the plan would be better."""
        return self.ties + self.borders + self.estates + self.balance + self.homes


class _Told(NamedTuple):
    """What a sentence about a move tells: the two grids, their households after it, ties, metres of border."""

    here: str
    there: str
    households: int
    left: int
    full: int
    lost: float
    gained: float
    metres: float
    street: float
    estate: str


class Alternatives:
    """Weighs the moves of single buildings between neighbouring residential grids of a plan.

    Parameters
    ----------
    board
        The plan.
    pull
        Cost of each household that a grid is off the target; by default as in a draw.
    """

    def __init__(self, board: PlanBoard, pull: float | None = None) -> None:
        self.board = board
        self.pull = board.rules.pull if pull is None else pull
        network, labels = board.network, board.labels
        count, grids = len(labels), len(board.keys)
        tails = np.repeat(np.arange(count), np.diff(network.first_link))
        ties = board.graph.ties
        ends = np.concatenate([ties.a, ties.b]), np.concatenate([ties.b, ties.a])
        self.links = _by_grid((count, grids), tails, labels[network.links], network.costs)
        self.ties = _by_grid((count, grids), ends[0], labels[ends[1]], np.tile(ties.weight, 2))
        near = labels[network.neighbours]
        self.near = _by_grid((count, grids), network.tails, near, np.ones(len(near))) > 0.0
        self.loads = board.counts.households[:grids]
        whole = network.estate >= 0
        self.held = _by_grid(
            (len(network.estate_costs), grids), network.estate[whole], labels[whole], np.ones(int(whole.sum()))
        )

    def of(self, grid: int) -> Alternative | None:
        """Return the nearest alternative of a grid, None where no building of it lies beside a residential grid."""
        moves = self.moves(grid)
        if not moves:
            return None
        gains = sorted(
            (move for move in moves if move.off < 0 or (move.off == 0 and move.cost < 0.0)),
            key=lambda move: (move.off, move.cost, move.unit),
        )
        for move in gains:
            if self.pieces_without(move.unit) <= 1:
                return Alternative(move.unit, grid, move.other, self._gain(move), better=True)
        nearest = min(moves, key=lambda move: (move.cost, move.unit, move.other))
        return Alternative(nearest.unit, grid, nearest.other, self._reason(nearest), better=False)

    def moves(self, grid: int) -> list[Move]:
        """Return the moves of each building of a grid to each residential grid beside it; what is locked stays."""
        board = self.board
        movable = (board.labels == grid) & (board.network.households > 0) & ~board.locked
        movable &= board.network.households <= board.band.maximum
        open_to = board.residential & ~board.locked_grids & (np.arange(len(board.keys)) != grid)
        units, others = np.nonzero(self.near & movable[:, None] & open_to[None, :])
        return [self.weighed(unit, other) for unit, other in zip(units.tolist(), others.tolist(), strict=True)]

    def weighed(self, unit: int, other: int) -> Move:
        """Return what the move of a unit to another grid changes."""
        board, network, target = self.board, self.board.network, self.board.band.target
        grid, households = int(board.labels[unit]), int(network.households[unit])
        before = [int(self.loads[grid]), int(self.loads[other])]
        after = [before[0] - households, before[1] + households]
        weight = board.settings.weights.tie
        ties = weight * float(self.ties[unit, grid] - self.ties[unit, other])
        cut = float(self.links[unit, grid] - self.links[unit, other])
        estates, estate = 0.0, int(network.estate[unit])
        if estate >= 0:
            further = int(self.held[estate, other] == 0) - int(self.held[estate, grid] == 1)
            estates = further * float(network.estate_costs[estate])
        balance = self.pull * (_distance(after, target) - _distance(before, target))
        home, homes = int(board.home[unit]), 0.0
        if home != NO_HOME:
            homes = float(board.stay[unit]) * (int(home != other) - int(home != grid))
        off = sum(self._off(load) for load in after) - sum(self._off(load) for load in before)
        return Move(unit, grid, other, off, ties, cut - ties, estates, balance, homes)

    def _off(self, households: int) -> int:
        band = self.board.band
        return max(band.minimum - households, households - band.maximum, 0)

    @cached_property
    def _pairs(self) -> tuple[Integers, Integers]:
        """The two ends of each border that a grid may reach over."""
        borders, passable = self.board.graph.borders, self.board.passable
        return borders.a[passable], borders.b[passable]

    def pieces_without(self, unit: int) -> int:
        """Return into how many pieces a unit's grid falls without it, 0 where nothing is left."""
        labels = self.board.labels
        a, b = self._pairs
        inside = labels == labels[unit]
        inside[unit] = False
        members = np.flatnonzero(inside)
        if not len(members):
            return 0
        local = np.full(len(labels), -1, dtype=np.int64)
        local[members] = np.arange(len(members))
        joined = inside[a] & inside[b]
        return int(components(len(members), local[a[joined]], local[b[joined]]).max()) + 1

    def _reason(self, move: Move) -> Reason:
        """Return what keeps a building where it is: a hard rule, else the largest share of the cost."""
        band, told = self.board.band, self._told(move)
        here, there = told.here, told.there
        if told.full > band.maximum and move.off >= 0:
            return Reason(
                "above",
                f"grid {there} would hold {told.full} households (at most {band.maximum})",
                f"划入后网格{there}将有{told.full}户，超过上限{band.maximum}户",
            )
        if told.left < band.minimum and move.off >= 0:
            return Reason(
                "below",
                f"grid {here} would be left with {told.left} households (at least {band.minimum})",
                f"划出后网格{here}仅剩{told.left}户，低于下限{band.minimum}户",
            )
        pieces = self.pieces_without(move.unit)
        if pieces > 1:
            return Reason(
                "apart", f"grid {here} would fall into {pieces} pieces without it", f"划出后网格{here}将分成{pieces}块"
            )
        return self._loss(move, told)

    def _loss(self, move: Move, told: _Told) -> Reason:
        """Return the largest share of what a move would cost."""
        name = max(SHARES, key=lambda share: getattr(move, share))
        if getattr(move, name) <= 0.0:
            return Reason("equal", "the plan would be no better for it", "调整后方案并无改善")
        match name:
            case "estates":
                return Reason(name, f"that would cut estate {told.estate}", f"这将拆分小区{told.estate}")
            case "ties":
                return Reason(
                    name,
                    f"that would cut neighbours' ties of weight {told.lost:g} and bring together only {told.gained:g}",
                    f"这将割断权重{told.lost:g}的邻里关系，仅换回{told.gained:g}",
                )
            case "borders":
                return Reason(
                    name,
                    f"the border would be {told.metres:.0f} m longer, metres along streets counted at "
                    f"{told.street:.0%}",
                    f"界线将延长{told.metres:.0f}米（沿街部分按{told.street:.0%}计）",
                )
            case "balance":
                return Reason(
                    name,
                    f"the two would hold {told.left} and {told.full} households, farther from {self.board.band.target}",
                    f"两格将为{told.left}户和{told.full}户，更偏离{self.board.band.target}户的目标",
                )
            case _:
                return Reason(
                    name,
                    f"its {told.households} households are in that grid today",
                    f"其{told.households}户现属该网格",
                )

    def _gain(self, move: Move) -> Reason:
        """Return what a move that nothing speaks against would bring."""
        band, told = self.board.band, self._told(move)
        if move.off < 0:
            return Reason(
                "band",
                f"the two would hold {told.left} and {told.full} households, nearer to the "
                f"{band.minimum} to {band.maximum} wanted",
                f"两格将为{told.left}户和{told.full}户，更接近{band.minimum}至{band.maximum}户的标准",
            )
        name = min(SHARES, key=lambda share: getattr(move, share))
        match name:
            case "estates":
                return Reason(
                    name, f"estate {told.estate} would lie in fewer grids", f"小区{told.estate}所跨网格将减少"
                )
            case "ties":
                return Reason(
                    name,
                    f"it would bring together neighbours' ties of weight {told.gained:g} and cut only {told.lost:g}",
                    f"可保留权重{told.gained:g}的邻里关系，仅割断{told.lost:g}",
                )
            case "borders":
                return Reason(
                    name,
                    f"the border would be {told.metres:.0f} m shorter, metres along streets counted at "
                    f"{told.street:.0%}",
                    f"界线可缩短{told.metres:.0f}米（沿街部分按{told.street:.0%}计）",
                )
            case "balance":
                return Reason(
                    name,
                    f"the two would hold {told.left} and {told.full} households, nearer to {band.target}",
                    f"两格将为{told.left}户和{told.full}户，更接近{band.target}户的目标",
                )
            case _:
                return Reason(
                    name,
                    f"its {told.households} households are in grid {told.there} today",
                    f"其{told.households}户现属网格{told.there}",
                )

    def _told(self, move: Move) -> _Told:
        """Return the figures that the sentences about a move are made of."""
        board, weights = self.board, self.board.settings.weights
        households = int(board.network.households[move.unit])
        return _Told(
            here=board.keys[move.grid],
            there=board.keys[move.other],
            households=households,
            left=int(self.loads[move.grid]) - households,
            full=int(self.loads[move.other]) + households,
            lost=float(self.ties[move.unit, move.grid]),
            gained=float(self.ties[move.unit, move.other]),
            metres=abs(move.borders) / weights.border if weights.border > 0.0 else 0.0,
            street=weights.street,
            estate=self.estate_name(move.unit),
        )

    def estate_name(self, unit: int) -> str:
        """Return the name of an estate that a unit's residents belong to, "" where there is none."""
        residents = self.board.residents
        estates = residents[residents[:, 1] == unit, 0]
        return self.board.estates[int(estates[0])][1] if len(estates) else ""


def _by_grid(shape: tuple[int, int], rows: Integers, grids: Integers, amounts: Floats) -> Floats:
    """Return the amounts summed by row and grid; what lies in no grid (-1) does not count."""
    inside = grids >= 0
    keys = rows[inside] * shape[1] + grids[inside]
    sums = np.bincount(keys, weights=amounts[inside], minlength=shape[0] * shape[1])
    return sums.reshape(shape).astype(np.float64)


def _distance(loads: list[int], target: int) -> int:
    """Return by how many households the loads are off the target, in sum."""
    return sum(abs(load - target) for load in loads)
