"""A plan laid out on its cells: what checks, tallies and edits look things up in.

Room: plan. In: grids, cells, borders, the inputs of the community. Out: index-aligned arrays over them.
Imports the geometry room, `plan.graph` and `plan.ground`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import shapely

from gisgrid.errors import NotFound, UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.geometry.coverage import TOLERANCE_DEGREES, cut_footprints, dissolve, partition_faults
from gisgrid.geometry.place import Place
from gisgrid.model import Building, Cell, CellBorder, CommunityInputs, DrawSettings, Grid, Locks, ZoneProof
from gisgrid.plan.graph import Borders, Graph, Integers, Ties
from gisgrid.plan.ground import graph_of

_OF_GROUND: Final = ("place", "buildings", "cell_households", "cell_of_building", "graph", "ties")
"""What is worked out of the ground alone: it holds for every plan on the same cells."""


@dataclass(frozen=True)
class Sheet:
    """Grids on the cells of a community; a plan that was drawn by hand may have no cells.

    Attributes
    ----------
    grids, cells, inputs, settings
        As given.
    borders
        The borders of cells as arrays; `a` and `b` are positions in `cells`.
    proofs
        What was found of the zones when the plan was drawn; whether a proof still holds, `plan.check_proof` says.
    locks
        What stays where it is.
    sound
        Whether the ground is known to be sound (`examined`): then no division of its cells has a gap, an overlap or a
        border through a building, and checks need not look for them again.
    """

    grids: tuple[Grid, ...]
    cells: tuple[Cell, ...]
    borders: Borders
    inputs: CommunityInputs
    settings: DrawSettings
    proofs: tuple[ZoneProof, ...] = ()
    locks: Locks = dataclasses.field(default_factory=Locks)
    sound: bool = False

    @classmethod
    def of(
        cls,
        grids: Sequence[Grid],
        ground: tuple[Sequence[Cell], Sequence[CellBorder]],
        inputs: CommunityInputs,
        settings: DrawSettings,
        proofs: tuple[ZoneProof, ...] = (),
        locks: Locks | None = None,
    ) -> Sheet:
        """Return the sheet of a plan; `ground` is its cells, numbered from 0, and their borders.

        Without `locks` it has those that its draw was asked for.

        Raises
        ------
        UsageError
            The cells are not numbered from 0, or the community has no polygon.
        """
        cells = tuple(sorted(ground[0], key=lambda cell: cell.number))
        if [cell.number for cell in cells] != list(range(len(cells))):
            raise UsageError("The cells of a plan are numbered from 0 without gaps; read them again from the store.")
        if inputs.community.geometry is None:
            raise UsageError(f"Community {inputs.community.code} has no polygon; import its boundary first.")
        borders = ground[1]
        return cls(
            tuple(grids),
            cells,
            Borders.of(
                [border.a for border in borders],
                [border.b for border in borders],
                [border.length_m for border in borders],
                [border.barrier_m for border in borders],
                [border.street_m for border in borders],
            ),
            inputs,
            settings,
            proofs,
            Locks.of_draw(grids, settings) if locks is None else locks,
        )

    def with_grids(self, grids: Sequence[Grid], locks: Locks | None = None) -> Sheet:
        """Return the sheet of another plan on the same ground; what is known of the ground is not worked out again."""
        return self._on_ground(grids=tuple(grids), locks=self.locks if locks is None else locks)

    def with_proofs(self, proofs: tuple[ZoneProof, ...]) -> Sheet:
        """Return the same sheet with these proofs."""
        other = self._on_ground(proofs=proofs)
        vars(other).update({name: value for name, value in vars(self).items() if name not in vars(other)})
        return other

    def _on_ground(self, **changes: Any) -> Sheet:
        """Return the sheet with other fields, and with what is known of its ground."""
        other = dataclasses.replace(self, **changes)
        known = vars(self)
        vars(other).update({name: known[name] for name in _OF_GROUND if name in known})
        return other

    def examined(self) -> Sheet:
        """Return the sheet with what can be known of its ground once and for all: whether it is `sound`.

        It is where the cells tile the community, no border of theirs cuts a building, and the grids are exact unions.
        """
        cells = [cell.geometry for cell in self.cells]
        if not cells or partition_faults(cells, self.inputs.community.geometry, tolerance=TOLERANCE_DEGREES):
            return self
        footprints = [building.geometry for building in self.inputs.buildings] + list(self.inputs.foreign_footprints)
        place = self.place
        cut = cut_footprints(place.to_metres(footprints), place.to_metres(cells), place.community_m)
        labels, unions = dissolve(cells, self.grid_of_cell)
        united = dict(zip(labels.tolist(), shapely.normalize(unions), strict=True))
        exact = all(
            position in united and shapely.equals_exact(shapely.normalize(grid.geometry), united[position], 0.0)
            for position, grid in enumerate(self.grids)
        )
        return self._on_ground(sound=not len(cut) and exact)

    @cached_property
    def tiled(self) -> bool:
        """Whether the plan is known to tile the community: its ground is sound, and each cell is in one grid."""
        return (
            self.sound
            and bool((self.grid_of_cell >= 0).all())
            and (sum(len(grid.cells) for grid in self.grids) == len(self.cells))
        )

    def cell_borders(self) -> list[CellBorder]:
        """Return the borders of the cells, one value each."""
        columns = (getattr(self.borders, name).tolist() for name in ("a", "b", "length_m", "barrier_m", "street_m"))
        return [CellBorder(*row) for row in zip(*columns, strict=True)]

    @property
    def has_cells(self) -> bool:
        """Whether the grids are made of cells; those of a plan that was drawn by hand may not be."""
        return bool(self.cells) and (not self.grids or any(grid.cells for grid in self.grids))

    @property
    def drawn_only(self) -> bool:
        """Whether the grids are polygons as somebody drew them, on ground that has cells: repair lays them on these."""
        return bool(self.cells) and not self.has_cells

    @cached_property
    def place(self) -> Place:
        """The community's way between degrees and metres."""
        return Place.of(self.inputs.community.geometry)

    @cached_property
    def buildings(self) -> dict[str, Building]:
        """The community's buildings of today by code."""
        return {building.code: building for building in self.inputs.buildings}

    @cached_property
    def cell_of_building(self) -> dict[str, int]:
        """The cell of each building that stood when the ground was cut."""
        return {code: cell.number for cell in self.cells for code in cell.buildings}

    @cached_property
    def grid_of_cell(self) -> Integers:
        """The position of the grid of each cell, -1 for a cell in none."""
        grid = np.full(len(self.cells), -1, dtype=np.int64)
        for position, each in enumerate(self.grids):
            grid[list(each.cells)] = position
        return grid

    @cached_property
    def grid_of_building(self) -> dict[str, int]:
        """The position of the grid of each building that the grids name."""
        return {code: position for position, grid in enumerate(self.grids) for code in grid.buildings}

    @cached_property
    def households(self) -> Integers:
        """Households of each grid, by the buildings of today."""
        return np.array(
            [
                sum(self.buildings[code].households for code in set(grid.buildings) & self.buildings.keys())
                for grid in self.grids
            ],
            dtype=np.int64,
        )

    @cached_property
    def cell_households(self) -> Integers:
        """Households of each cell, by the buildings of today."""
        return np.array(
            [
                sum(self.buildings[code].households for code in cell.buildings if code in self.buildings)
                for cell in self.cells
            ],
            dtype=np.int64,
        )

    @cached_property
    def zone_of_cell(self) -> Integers:
        """The zone of each cell: ground that could be divided anew together.

        Cells of residential grids are in one zone where they are adjacent or already in one grid. Dedicated ground
        and each cell above the band (a tower) are zones of their own.
        """
        grid = self.grid_of_cell
        kinds = np.array([each.kind == "dedicated" for each in self.grids] + [False])
        aside = kinds[grid] | (self.cell_households > self.settings.band.maximum)
        a, b = self.borders.a, self.borders.b
        passable = self.borders.adjacent | (self.borders.touching & (grid[a] == grid[b]) & (grid[a] >= 0))
        passable &= ~aside[a] & ~aside[b]
        return components(len(self.cells), a[passable], b[passable])

    @cached_property
    def ties(self) -> Ties:
        """The ties between cells, by number of cell."""
        graph, order = self.graph
        return Ties(order[graph.ties.a], order[graph.ties.b], graph.ties.weight)

    @cached_property
    def graph(self) -> tuple[Graph, Integers]:
        """The building graph of the cells, and the cell of each of its units."""
        return graph_of(self.inputs, self.cells, self.borders, self.place)

    def position(self, key: str) -> int:
        """Return the position of the grid with this key.

        Raises
        ------
        NotFound
            There is none.
        """
        for position, grid in enumerate(self.grids):
            if grid.key == key:
                return position
        keys = ", ".join(grid.key for grid in self.grids)
        raise NotFound(f"The plan has no grid {key!r}; its grids are {keys}.")

    def names(self, position: int) -> tuple[str, ...]:
        """Return what a grid is called in findings: its key, and its code if it continues one."""
        grid = self.grids[position]
        return (grid.key,) if grid.code is None else (grid.key, grid.code)
