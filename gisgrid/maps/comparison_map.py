"""Two divisions of a community on one map: who moves, from which grid to which.

Room: maps. In: both divisions, what `plan.compare` found, the community's inputs. Out: `MapData` with two layers, and
the list of moves. Must not import a library of drawing.

The map is that of the second division. A grid that answers one of the first has that one's number and colour, so that
nothing jumps between the two; what is new is called so. Colours are chosen on both divisions at once: neighbours in
either differ.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar

import shapely

from gisgrid.maps.content import MapCommunity, MapData, grid_name, grid_number
from gisgrid.maps.style import PALETTE, colour_positions
from gisgrid.maps.workbook import Table, Value
from gisgrid.model import Building, CommunityInputs, Division, Edition, Grid

if TYPE_CHECKING:
    from gisgrid.maps.content import Audience
    from gisgrid.maps.lattice import Lattice

NEW, GONE, NOWHERE = "新建楼栋", "已拆除", "未划入"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two divisions: a plan or an edition, its title, and since when it is as it is."""

    title: str
    community: str
    grids: tuple[Grid, ...]
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Moves:
    """Who moves, with names as people read them.

    Attributes
    ----------
    before, after
        The grids of both sides as they are shown, in their order.
    colours
        Palette positions of the grids before, then of those after.
    same
        Which grids before have the very same ground after.
    origin
        Position of the grid before of each building that changes grid.
    told
        From where to where such a building goes, in words.
    rows
        From, to, buildings, households, most households first.
    """

    before: tuple[Grid, ...]
    after: tuple[Grid, ...]
    colours: tuple[int, ...]
    same: tuple[bool, ...]
    origin: Mapping[str, int]
    told: Mapping[str, str]
    rows: tuple[tuple[str, str, int, int], ...]


@dataclass(frozen=True, slots=True)
class MoveLayer:
    """The buildings that change grid, in the colour of the grid that they leave, and the borders before."""

    key: ClassVar[str] = "moves"
    moves: Moves
    buildings: Sequence[Building]

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:
        """Return the grids before that are not as they were, and the moved buildings; nothing for the public."""
        if audience != "internal":
            return None
        return {
            "grids": [
                each
                for each, is_same in zip(_grids_before(self.moves, lattice), self.moves.same, strict=True)
                if not is_same
            ],
            "buildings": [
                {
                    "colour": PALETTE[self.moves.colours[self.moves.origin[each.code]]],
                    "told": self.moves.told[each.code],
                    "shape": lattice.polygons(each.geometry),
                }
                for each in self.buildings
                if each.code in self.moves.origin
            ],
        }


@dataclass(frozen=True, slots=True)
class BeforeLayer:
    """The grids before, in their colours: switched on and off, the two divisions alternate."""

    key: ClassVar[str] = "before"
    moves: Moves

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:
        """Return colour and shape of the grids before; nothing for the public."""
        if audience != "internal":
            return None
        return {"grids": _grids_before(self.moves, lattice)}


def find_moves(
    before: Sequence[Grid], after: Sequence[Grid], matched: Mapping[str, str], households: Mapping[str, int]
) -> Moves:
    """Return who moves between two divisions, as a map tells it.

    Parameters
    ----------
    matched
        The grids that answer each other, from name before to name after (code, else key), as `plan.compare` matches.
    households
        Of each building.
    """
    place = {grid.code or grid.key: position for position, grid in enumerate(before)}
    partner = {new: place[old] for old, new in matched.items()}
    answers = [partner.get(grid.code or grid.key) for grid in after]
    shown_before = tuple(dataclasses.replace(grid, key=grid_number(grid), code=None) for grid in before)
    numbers = iter(range(1, len(after) + 1))
    shown_after = tuple(
        _as_new(grid, next(numbers))
        if answer is None
        else dataclasses.replace(grid, key=shown_before[answer].key, code=None)
        for grid, answer in zip(after, answers, strict=True)
    )
    old = {building: position for position, grid in enumerate(before) for building in grid.buildings}
    new = {building: position for position, grid in enumerate(after) for building in grid.buildings}
    origin, told, sums = {}, {}, dict[tuple[str, str], list[int]]()
    for building in sorted(old.keys() | new.keys()):
        start, end = old.get(building), new.get(building)
        if end is not None and start is not None and answers[end] == start:
            continue
        source = NEW if start is None else grid_name(shown_before[start])
        goal = grid_name(shown_after[end]) if end is not None else NOWHERE if building in households else GONE
        counted = sums.setdefault((source, goal), [0, 0])
        counted[0] += 1
        counted[1] += households.get(building, 0)
        told[building] = f"{source} → {goal}"
        if start is not None:
            origin[building] = start
    answered = {answer: grid.geometry for grid, answer in zip(after, answers, strict=True) if answer is not None}
    same = tuple(n in answered and grid.geometry.equals(answered[n]) for n, grid in enumerate(before))
    rows = [(*way, buildings, count) for way, (buildings, count) in sums.items()]
    rows.sort(key=lambda row: (-row[3], -row[2], row[0], row[1]))
    return Moves(shown_before, shown_after, _colours(before, after, answers), same, origin, told, tuple(rows))


def comparison_data(
    inputs: CommunityInputs, path: Sequence[Division], before: Side, after: Side, moves: Moves, now: datetime
) -> MapData:
    """Return the map of the second division with the moves from the first one."""
    edition = Edition(after.title, after.community, "", after.since or now, None, moves.after)
    community = MapCommunity(
        inputs.community,
        edition,
        buildings=inputs.buildings,
        sites=inputs.sites,
        barriers=inputs.barriers,
        estates=inputs.estates,
    )
    return MapData(
        division=inputs.community,
        communities=(community,),
        drawn_at=now,
        path=tuple(path),
        layers=(BeforeLayer(moves), MoveLayer(moves, inputs.buildings)),
        colours=moves.colours[len(moves.before) :],
        subject=f"{before.title} → {after.title}",
    )


def move_table(moves: Moves) -> Table:
    """Return 谁变动: from, to, buildings and households of each move, and the sums."""
    rows = moves.rows
    total: list[Value] = ["合计", None, sum(row[2] for row in moves.rows), sum(row[3] for row in moves.rows)]
    return Table("谁变动" if rows else "谁变动：无", ("从", "到", "楼栋", "户数"), rows, total if rows else None)


def _grids_before(moves: Moves, lattice: Lattice) -> list[dict[str, Any]]:
    return [
        {"colour": PALETTE[colour], "shape": lattice.polygons(grid.geometry)}
        for grid, colour in zip(moves.before, moves.colours, strict=False)  # those of the grids after follow
    ]


def _as_new(grid: Grid, number: int) -> Grid:
    return dataclasses.replace(grid, key=f"新{number}", code=None, name=grid.name or f"新增第{number}网格")


def _colours(before: Sequence[Grid], after: Sequence[Grid], answers: Sequence[int | None]) -> tuple[int, ...]:
    """Return palette positions of all grids: those that answer each other share one, neighbours of either differ."""
    grounds = [grid.geometry for grid in before]
    node = []
    for grid, answer in zip(after, answers, strict=True):
        if answer is None:
            node.append(len(grounds))
            grounds.append(grid.geometry)
        else:
            node.append(answer)
            grounds[answer] = shapely.union(grounds[answer], grid.geometry)
    chosen = colour_positions(grounds)
    return (*chosen[: len(before)], *(chosen[each] for each in node))
