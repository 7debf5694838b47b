"""Choices that a planner picks from: different divisions of the same ground, scored alike, the best first.

Room: plan. In: a `PlanBoard` and labels that a search found. Out: `Suggestions`. Imports `plan.board`, `plan.effect`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from gisgrid.model import Finding, Rule
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.effect import Effect
from gisgrid.plan.graph import Integers

Operation = Literal["split", "merge", "balance"]

CHOICES: Final = 3
"""So many different choices are offered at most."""

GRID_SETTLED: Final = Rule(
    "grid_settled",
    "warning",
    "Grid {grid} is {reason_en} and takes no part; choose another grid, or {remedy_en}.",
    "网格{grid}{reason_zh}，不参与调整；请选择其他网格，或{remedy_zh}。",
)
GRID_IN_PIECES: Final = Rule(
    "grid_in_pieces",
    "warning",
    "Grid {grid} lies in {pieces} pieces; assign the smaller ones to the grids around them first.",
    "网格{grid}由{pieces}块互不相连的地块组成；请先将较小地块划入周边网格。",
)


@dataclass(frozen=True, slots=True)
class CellMove:
    """Cells that go to another grid of the plan, and the buildings on them; `begins` where that grid is new."""

    cells: tuple[int, ...]
    buildings: tuple[str, ...]
    households: int
    to_key: str
    begins: bool


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One choice: what moves, and what becomes of the plan."""

    op: Operation
    moves: tuple[CellMove, ...]
    effect: Effect


@dataclass(frozen=True, slots=True)
class Suggestions:
    """The choices, the best first, and the rules in the way where there is none or a poor one."""

    op: Operation
    choices: tuple[Suggestion, ...]
    findings: tuple[Finding, ...]


class Choices:
    """Collects different divisions that are better than the present plan, or no worse in the band; locks hold.

    Parameters
    ----------
    board
        The plan as it is.
    op
        What is suggested; a balance must be nearer to the band than the present plan, cheaper or more even; a split or
        merge no farther from the band.
    pull
        Cost of a household off the target that choices are compared by; by default as in a draw.
    most
        Choices that move more households are left out.

    Attributes
    ----------
    nearest_beyond
        The fewest households that a choice moves which was left out for moving too many.
    locks_in_the_way
        Whether a choice was left out because a locked building would leave its grid.
    """

    def __init__(self, board: PlanBoard, op: Operation, pull: float | None = None, most: int | None = None) -> None:
        self.board = board
        self.op = op
        self.pull = pull
        self.most = most
        self.nearest_beyond: int | None = None
        self.locks_in_the_way = False
        self._present = self._score(board.labels)
        self._found: dict[bytes, tuple[tuple[int, float, int], Integers]] = {}
        self._seen = {self._likeness(board.labels)}

    @property
    def count(self) -> int:
        """How many different choices there are so far."""
        return len(self._found)

    def add(self, labels: Integers) -> None:
        """Take a division in unless its like is there or it does not help."""
        board, likeness = self.board, self._likeness(labels)
        if likeness in self._seen:
            return
        self._seen.add(likeness)
        if board.locked[labels != board.labels].any():
            self.locks_in_the_way = True
            return
        moved = int(board.network.households[labels != board.labels].sum())
        score = self._score(labels)
        if not self._helps(labels, score):
            return
        if self.most is not None and moved > self.most:
            self.nearest_beyond = min(moved, self.nearest_beyond or moved)
            return
        self._found[likeness] = ((*score, moved), labels)

    def _score(self, labels: Integers) -> tuple[int, float]:
        """Return what choices are compared by: nearest to the band first, then the cheapest."""
        return self.board.off_band(labels), self.board.cost(labels, self.pull)

    def _helps(self, labels: Integers, score: tuple[int, float]) -> bool:
        """Return whether a division is worth offering."""
        if self.op != "balance" or score[0] != self._present[0]:
            return score[0] <= self._present[0]
        return score[1] < self._present[1] or self._unevenness(labels) < self._unevenness(self.board.labels)

    def _unevenness(self, labels: Integers) -> float:
        """Return by how many households the residential grids are off the target, in sum."""
        return self.board.cost_shares(labels, 1.0).balance

    def best(self, findings: Sequence[Finding]) -> Suggestions:
        """Return the best of the choices with what stands in the way."""
        ranked = sorted(self._found.items(), key=lambda item: (item[1][0], item[0]))
        choices = tuple(
            Suggestion(self.op, self._moves(labels), self.board.effect(labels)) for _, (_, labels) in ranked[:CHOICES]
        )
        return Suggestions(self.op, choices, tuple(findings))

    def _likeness(self, labels: Integers) -> bytes:
        """Return what is equal for divisions that keep the same households together, whatever the labels."""
        lived_in = labels[self.board.network.households > 0]
        _, first, inverse = np.unique(lived_in, return_index=True, return_inverse=True)
        return first[inverse].astype(np.int64).tobytes()

    def _moves(self, labels: Integers) -> tuple[CellMove, ...]:
        """Return what goes where, in an order in which it can be done: a grid that gives up all it had is filled first.

        Divisions are named so that fewest households move, so what fills such a grid comes from none of its like.
        """
        board = self.board
        buildings: dict[int, list[str]] = {}
        for code, unit in board.unit_of_building.items():
            if labels[unit] != board.labels[unit]:
                buildings.setdefault(int(labels[unit]), []).append(code)
        moved = labels != board.labels
        kept = set(board.labels[~moved].tolist())
        return tuple(
            CellMove(
                cells=tuple(sorted(board.cells[moved & (labels == grid)].tolist())),
                buildings=tuple(sorted(buildings.get(grid, []))),
                households=int(board.network.households[moved & (labels == grid)].sum()),
                to_key=board.key_of(grid),
                begins=grid >= len(board.keys),
            )
            for grid in sorted(np.unique(labels[moved]).tolist(), key=lambda grid: (grid in kept, grid))
        )


def settled(board: PlanBoard, grids: Sequence[int]) -> Finding | None:
    """Return why one of the grids takes no part: dedicated, locked or in pieces; None where all may change."""
    for grid in grids:
        key = board.keys[grid]
        pieces = int(board.counts.pieces[grid])
        if not board.residential[grid]:
            return GRID_SETTLED.finding(
                codes=board.names[grid],
                grid=key,
                reason_en="dedicated ground",
                reason_zh="为专属网格",
                remedy_en="make it residential",
                remedy_zh="将其改为居民网格",
            )
        if board.locked_grids[grid]:
            return GRID_SETTLED.finding(
                codes=board.names[grid],
                grid=key,
                reason_en="locked",
                reason_zh="已锁定",
                remedy_en="take the lock away",
                remedy_zh="解除锁定",
            )
        if pieces != 1:
            return GRID_IN_PIECES.finding(codes=board.names[grid], grid=key, pieces=pieces)
    return None


def beside(board: PlanBoard, grid: int) -> list[int]:
    """Return the grids that a grid could reach into, in order."""
    borders = board.graph.borders
    one, two = board.labels[borders.a[board.passable]], board.labels[borders.b[board.passable]]
    near = np.unique(np.concatenate([two[one == grid], one[two == grid]]))
    return [int(other) for other in near if other >= 0 and other != grid]
