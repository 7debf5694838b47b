"""Plans drawn from letters: one letter a cell, equal letters a grid, `|` and `-` barriers.

    AAB
    --
    CC|B

Every character but ` |+-.` is a cell, a square of 40 m with one building of 20 m in its middle; equal letters form a
grid. A `.` is ground outside the community. `|` between two cells is a barrier between them; a line of `-` between
two lines of cells puts a barrier above the cell of that column (any other character but `|` and `+` leaves that place
open). `|` and `+` take no column. Rows run from north to south.

Lengths and areas are nominal metres; coordinates are WGS-84 on a lattice where neighbours share their vertices.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import shapely

from gisgrid.geometry.coverage import dissolve
from gisgrid.model import (
    Barrier,
    Building,
    Cell,
    CellBorder,
    CommunityInputs,
    Division,
    Drawing,
    DrawSettings,
    Grid,
)
from gisgrid.plan.graph import Borders, Graph, Ties, Units, canonical

SIDE_M = 40.0
LON, LAT = 111.7, 40.8
LON_STEP, LAT_STEP = 0.0005, 0.0004
COMMUNITY = "150105001001"


@dataclass(frozen=True)
class Sketch:
    """What a picture says: the community's inputs, cells and borders, and the grids of its letters."""

    inputs: CommunityInputs
    cells: tuple[Cell, ...]
    borders: tuple[CellBorder, ...]
    grids: tuple[Grid, ...]

    @property
    def households(self) -> dict[str, int]:
        """Households of each building."""
        return {building.code: building.households for building in self.inputs.buildings}

    def grid(self, key: str) -> Grid:
        """The grid of a letter."""
        return next(grid for grid in self.grids if grid.key == key)

    def graph(self, ties: Sequence[tuple[int, int, float]] = ()) -> Graph:
        """The building graph of the cells; `ties` name cells by number."""
        table = np.array(ties, dtype=float).reshape(-1, 3)
        units = Units.of(
            [cell.buildings[0] if cell.buildings else "" for cell in self.cells],
            [cell.households for cell in self.cells],
            [cell.area_m2 for cell in self.cells],
            [_corner(cell) for cell in self.cells],
        )
        borders = Borders.of(
            [border.a for border in self.borders],
            [border.b for border in self.borders],
            [border.length_m for border in self.borders],
            [border.barrier_m for border in self.borders],
        )
        return canonical(units, borders, Ties.of(table[:, 0].astype(int), table[:, 1].astype(int), table[:, 2]))[0]

    def drawing(self, settings: DrawSettings | None = None) -> Drawing:
        """The picture as a drawing, with no findings."""
        return Drawing(self.inputs.community.code, settings or DrawSettings(), self.cells, self.borders, self.grids, ())


def drawn(text: str, households: int | Mapping[str, int] | str = 100) -> Sketch:
    """Return the sketch of a picture.

    Parameters
    ----------
    text
        The picture; indentation and empty lines do not count.
    households
        For every cell the same; by letter (each cell of that letter); or a picture of whole numbers, one a cell.
    """
    places, barriers = _read(text)
    counts = _counts(list(places.values()), households)
    cells, buildings = [], []
    for number, place in enumerate(places):
        code = f"B{number:03d}"
        square = _square(place, 0.0)
        buildings.append(Building(code, _square(place, 0.25), households=counts[number], community=COMMUNITY))
        cells.append(Cell(number, (code,), counts[number], square, SIDE_M * SIDE_M))
    borders, lines = _borders(list(places), barriers)
    outline = shapely.coverage_union_all([cell.geometry for cell in cells])
    community = Division(COMMUNITY, "字母社区", "community", COMMUNITY[:9], outline)
    inputs = CommunityInputs(community, tuple(buildings), barriers=tuple(Barrier("wall", line) for line in lines))
    return Sketch(inputs, tuple(cells), tuple(borders), _grids(list(places.values()), cells))


def _read(text: str) -> tuple[dict[tuple[int, int], str], set[frozenset[tuple[int, int]]]]:
    """Return the letter of each place (row, column) and the pairs of places with a barrier between."""
    places: dict[tuple[int, int], str] = {}
    barriers: set[frozenset[tuple[int, int]]] = set()
    row, above = -1, ""
    for line in (line.strip() for line in text.splitlines()):
        if not line:
            continue
        if "-" in line:
            above = line.replace("|", "").replace("+", "")
            continue
        row += 1
        column = 0
        for character in line:
            if character in "|+":
                barriers.add(frozenset({(row, column - 1), (row, column)}))
                continue
            if character != ".":
                places[row, column] = character
            if column < len(above) and above[column] == "-":
                barriers.add(frozenset({(row - 1, column), (row, column)}))
            column += 1
        above = ""
    return places, barriers


def _counts(letters: Sequence[str], households: int | Mapping[str, int] | str) -> list[int]:
    """Return the households of each cell."""
    if isinstance(households, int):
        return [households] * len(letters)
    if isinstance(households, str):
        counts = [int(word) for word in households.split()]
        assert len(counts) == len(letters), "one number a cell"
        return counts
    return [households[letter] for letter in letters]


def _square(place: tuple[int, int], inset: float) -> shapely.Polygon:
    """Return the square of a place, inset by a share of its side."""
    row, column = place
    west, east = column + inset, column + 1 - inset
    south, north = -row - 1 + inset, -row - inset
    corners = [(west, south), (east, south), (east, north), (west, north)]
    return shapely.Polygon([(round(LON + x * LON_STEP, 9), round(LAT + y * LAT_STEP, 9)) for x, y in corners])


def _borders(
    places: Sequence[tuple[int, int]], barriers: set[frozenset[tuple[int, int]]]
) -> tuple[list[CellBorder], list[shapely.LineString]]:
    """Return the borders of neighbouring squares, and the barriers as lines."""
    number = {place: i for i, place in enumerate(places)}
    borders, lines = [], []
    for (row, column), a in number.items():
        for other in ((row, column + 1), (row + 1, column)):
            if other in number:
                barred = frozenset({(row, column), other}) in barriers
                borders.append(CellBorder(a, number[other], SIDE_M, SIDE_M if barred else 0.0))
                if barred:
                    lines.append(shapely.intersection(_square((row, column), 0.0), _square(other, 0.0)))
    return sorted(borders, key=lambda border: (border.a, border.b)), lines


def _grids(letters: Sequence[str], cells: Sequence[Cell]) -> tuple[Grid, ...]:
    """Return one grid a letter, in order of the letters."""
    keys = sorted(set(letters))
    labels = [keys.index(letter) for letter in letters]
    polygons = dissolve([cell.geometry for cell in cells], labels)[1]
    grids = []
    for label, (key, polygon) in enumerate(zip(keys, polygons, strict=True)):
        members = [cell for cell, at in zip(cells, labels, strict=True) if at == label]
        grids.append(
            Grid(
                key=key,
                kind="residential",
                name=None,
                code=None,
                households=sum(cell.households for cell in members),
                buildings=tuple(code for cell in members for code in cell.buildings),
                cells=tuple(cell.number for cell in members),
                geometry=polygon,
                area_m2=sum(cell.area_m2 for cell in members),
            )
        )
    return tuple(grids)


def _corner(cell: Cell) -> tuple[float, float]:
    """Return the south-west corner in nominal metres."""
    west, south = cell.geometry.bounds[:2]
    return round((west - LON) / LON_STEP) * SIDE_M, round((south - LAT) / LAT_STEP) * SIDE_M
