"""Advice on a plan: why it is as it is, what an edit would do, how it could be split, merged or balanced.

Room: the corridor, below `workflow`. In: a `Database`, a plan's id, what is asked. Out: findings, previews and
suggestions; nothing is changed. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from gisgrid.errors import UsageError
from gisgrid.model import Finding
from gisgrid.plan.board import PlanBoard
from gisgrid.plan.explain import explain_board
from gisgrid.plan.preview import Preview, preview
from gisgrid.sheets import PlanSheets
from gisgrid.store.database import Database
from gisgrid.store.plan_versions import PlanVersion, plan_version

if TYPE_CHECKING:
    from gisgrid.plan.choices import Suggestions

KEPT_BOARDS: Final = 16
"""Boards of so many plan revisions are kept; one of a large community takes about 2 MB."""


@dataclass(frozen=True, slots=True)
class Explained:
    """A plan's explanations, with the revision that they are about."""

    plan: str
    community: str
    revision: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Previewed:
    """What an edit of a plan would do, with the revision that it was looked at in."""

    plan: str
    community: str
    revision: int
    preview: Preview


@dataclass(frozen=True, slots=True)
class Request:
    """What is to be suggested.

    Attributes
    ----------
    op
        `split` and `merge` are about one grid, `balance` about several, or all where none is named.
    grids
        Keys of grids of the plan.
    most_households
        In a balance no choice moves more.
    seed
        Same seed, same plan: same suggestions.
    """

    op: Literal["split", "merge", "balance"]
    grids: tuple[str, ...] = ()
    most_households: int = 100
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Suggested:
    """Suggestions for a plan, with the revision that they are about."""

    plan: str
    community: str
    revision: int
    suggestions: Suggestions


class PlanBoards:
    """The boards of the last plan revisions that were asked for, in memory; several threads may ask at once.

    A board is used only while the plan's revision, the imported layers and the community's edition are those that it
    was built from: that is read from the database each time.

    Parameters
    ----------
    database
        Where the plans are.
    most
        So many boards are kept; the one unused for longest goes first.
    sheets
        Where the plans that are being edited are kept already.
    """

    def __init__(self, database: Database, most: int = KEPT_BOARDS, sheets: PlanSheets | None = None) -> None:
        self._database = database
        self._most = most
        self._sheets = sheets or PlanSheets(most=1)
        self._boards: OrderedDict[PlanVersion, PlanBoard] = OrderedDict()
        self._lock = threading.Lock()
        self._building: dict[PlanVersion, threading.Lock] = {}

    def board(self, plan_id: str) -> tuple[PlanVersion, PlanBoard]:
        """Return the board of a plan as it is now, and its version.

        Raises
        ------
        NotFound
            There is no plan of this id.
        Conflict
            The plan has no cells.
        """
        with self._database.transaction() as connection:
            version = plan_version(connection, plan_id)
        board = self._kept(version)
        if board is not None:
            return version, board
        with self._lock:
            turn = self._building.setdefault(version, threading.Lock())
        try:
            with turn:  # one thread builds, the others find it built
                board = self._kept(version)
                return (version, board) if board is not None else self._built(plan_id)
        finally:
            with self._lock:
                self._building.pop(version, None)

    def preview(self, plan_id: str, buildings: Sequence[str], to: str) -> Previewed:
        """Return what assigning these buildings to a grid, or to a `new` one, would do.

        Raises
        ------
        NotFound
            An unknown plan, building or grid.
        UsageError
            No building was named.
        Conflict
            The plan has no cells.
        """
        version, board = self.board(plan_id)
        return Previewed(
            str(version.plan), version.community, version.revision, preview(board, to, buildings=buildings)
        )

    def explain(self, plan_id: str) -> Explained:
        """Return why each grid and each estate in several grids is as it is; raises as `board` does."""
        version, board = self.board(plan_id)
        return Explained(str(version.plan), version.community, version.revision, explain_board(board))

    def _kept(self, version: PlanVersion) -> PlanBoard | None:
        with self._lock:
            board = self._boards.get(version)
            if board is not None:
                self._boards.move_to_end(version)
            return board

    def _built(self, plan_id: str) -> tuple[PlanVersion, PlanBoard]:
        """Return the board built from one state of the database, kept for the next who asks."""
        with self._database.transaction() as connection:
            version, laid = self._sheets.laid(connection, plan_id)
        board = PlanBoard.of(laid.sheet)
        with self._lock:
            self._boards[version] = board
            while len(self._boards) > self._most:
                self._boards.popitem(last=False)
        return version, board


def explain_plan(database: Database, plan_id: str) -> Explained:
    """Return why each grid and each estate in several grids of a plan is as it is.

    Raises
    ------
    NotFound
        There is no plan of this id.
    Conflict
        The plan has no cells.
    """
    return PlanBoards(database, most=1).explain(plan_id)


def suggest(database: Database, plan_id: str, request: Request, sheets: PlanSheets | None = None) -> Suggested:
    """Return up to three ways to split, merge or balance grids of a plan, or the rules in the way.

    Parameters
    ----------
    request
        What is to be suggested.
    sheets
        Where plans are kept in memory.

    Raises
    ------
    NotFound
        An unknown plan or grid.
    UsageError
        A split or merge names no grid, or several.
    Conflict
        The plan has no cells.
    """
    from gisgrid.plan import suggest as ways  # noqa: PLC0415 - compiled loops take a second to load

    if request.op != "balance" and len(request.grids) != 1:
        raise UsageError(f"A {request.op} is about one grid; name the key of one, as the plan's grids show it.")
    with database.transaction() as connection:
        version, laid = (sheets or PlanSheets(most=1)).laid(connection, plan_id)
    sheet = laid.sheet
    if request.op == "split":
        found = ways.suggest_split(sheet, request.grids[0], request.seed)
    elif request.op == "merge":
        found = ways.suggest_merge(sheet, request.grids[0], request.seed)
    else:
        found = ways.suggest_balance(sheet, request.grids or None, request.most_households, request.seed)
    return Suggested(str(version.plan), version.community, version.revision, found)
