"""Ground cut by hand: a grid split along a drawn line, an area drawn by hand given to a grid.

Room: plan. In: a `Sheet` and what was drawn, longitude and latitude. Out: the plan on cells that are cut anew. Imports
the geometry room and the modules of `plan`; no database.

The border drawn goes round buildings, and where it runs along a border of cells it follows that (`geometry.recutting`).
Whole cells keep their numbers; what is cut off them has numbers after the last one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Final

import numpy as np
import shapely
from shapely import Geometry

from gisgrid.errors import Conflict, UsageError
from gisgrid.geometry.adjacency import components
from gisgrid.geometry.allotment import SLIVER_AREA_M2, SLIVER_WIDTH_M
from gisgrid.geometry.coverage import dissolve
from gisgrid.geometry.edges import directed_edges
from gisgrid.geometry.linework import REACH_M, Geometries, clip_lines, faces_within, led_on, line_parts, node
from gisgrid.geometry.recutting import Recut, recut
from gisgrid.model import Cell, Grid
from gisgrid.plan.edits import Edited, changed_keys, keys_of, next_key, relaid, require_cells
from gisgrid.plan.graph import Flags, Integers
from gisgrid.plan.ground import borders_of, obstacles_of
from gisgrid.plan.sheet import Sheet

MOST_VERTICES: Final = 2_000
"""A line or an area drawn by hand has no more vertices; a file is imported instead."""

_ON_LINE_M: Final = 0.01


def split_by_line(sheet: Sheet, key: str, line: Geometry) -> Edited:
    """Return the plan with a grid split along a line; the part with more households keeps the key.

    A line that ends inside the grid is led on to its border where that is within 20 m.

    Parameters
    ----------
    sheet
        The plan.
    key
        Key of a grid.
    line
        LineString, WGS-84, that crosses the grid once from border to border.

    Raises
    ------
    NotFound
        An unknown grid.
    UsageError
        The line does not part the grid in two; the sentence says what to draw.
    Conflict
        The plan has no cells, or the grid lies in pieces.
    LockedGround
        The grid is locked, or holds a locked building that would leave it.
    """
    require_cells(sheet)
    position = sheet.position(key)
    if sheet.grids[position].geometry.geom_type != "Polygon":
        raise Conflict(f"Grid {key} lies in pieces; assign the smaller pieces to other grids before splitting it.")
    _require_drawn(line, "LineString", "line")
    grid_m, line_m = sheet.place.to_metres([sheet.grids[position].geometry, line])
    return _since(sheet, split_off(*cut_anew(sheet, _left_of(line_m, grid_m, key)), key))


def annex(sheet: Sheet, key: str, area: Geometry) -> Edited:
    """Return the plan with the ground of an area in a grid; a grid left without cells ends.

    Parameters
    ----------
    sheet
        The plan.
    key
        Key of a grid.
    area
        Polygon or multipolygon, WGS-84; what lies outside the community counts for nothing.

    Raises
    ------
    NotFound
        An unknown grid.
    UsageError
        The area is no sound polygon, lies outside the community, or adds nothing to the grid.
    Conflict
        The plan has no cells.
    LockedGround
        The grid or one that loses ground is locked, or a locked building would leave its grid.
    """
    require_cells(sheet)
    grid = sheet.grids[sheet.position(key)]
    _require_drawn(area, "Polygon", "area")
    area_m, grid_m = sheet.place.to_metres([area, grid.geometry])
    area_m = area_m if area_m.is_valid else shapely.make_valid(area_m, method="structure")
    if not shapely.intersection(area_m, sheet.place.community_m).area > 0:
        raise UsageError("The area lies outside the community; draw it over the ground that the grid shall have.")
    cut, side = cut_anew(sheet, shapely.union(area_m, grid_m))  # with the grid's own ground, which need not be cut
    before = keys_of(cut)
    after = [key if within else old for old, within in zip(before, (side == 0).tolist(), strict=True)]
    if after == before:
        raise UsageError(
            f"The area adds nothing to grid {key}: it lies in the grid already, is narrower than {SLIVER_WIDTH_M:g} m "
            f"or smaller than {SLIVER_AREA_M2:g} m², or holds the smaller part of a building; draw it larger."
        )
    return _since(sheet, relaid(cut, after))


def cut_anew(sheet: Sheet, ground_m: Geometry) -> tuple[Sheet, Integers]:
    """Return the plan on cells that are cut along the outline of a ground, and the side of each: 0 is in the ground."""
    place, inputs = sheet.place, sheet.inputs
    cut = recut(
        place.to_metres([cell.geometry for cell in sheet.cells]),
        ground_m,
        place.to_metres([building.geometry for building in inputs.buildings]),
        obstacles_of(inputs, place),
    )
    return on_recut(sheet, cut).examined(), cut.side


def on_recut(sheet: Sheet, cut: Recut) -> Sheet:
    """Return the plan on cells cut anew: each piece is in the grid of the cell that it was cut from."""
    cells = _cells(sheet, cut)
    grid_of_cell = sheet.grid_of_cell[cut.parent]
    return dataclasses.replace(
        sheet,
        grids=tuple(_grid_on(grid, cells, np.flatnonzero(grid_of_cell == at)) for at, grid in enumerate(sheet.grids)),
        cells=cells,
        borders=borders_of(sheet.inputs, cut.cells, sheet.place),
        sound=False,
    )


def split_off(sheet: Sheet, side: Integers, key: str) -> Edited:
    """Return the plan with a grid parted into its two largest connected sides; the fuller one keeps the key.

    What a building or a bend of the line leaves detached from its side stays with the ground around it.

    Parameters
    ----------
    side
        For each cell its side of the line; those outside the grid do not count.
    """
    inside = sheet.grid_of_cell == sheet.position(key)
    main = _largest(sheet, inside, side)
    other = _largest(sheet, inside & ~main, np.zeros(len(side), dtype=np.int64))
    if not other.any():
        raise UsageError(
            f"The line cuts nothing off grid {key} but parts of buildings and slivers, and a building is never cut; "
            "draw it between the buildings."
        )
    households = sheet.cell_households
    leaving = other if households[other].sum() <= households[inside & ~other].sum() else inside & ~other
    keys, fresh = keys_of(sheet), next_key(sheet)
    for cell in np.flatnonzero(leaving).tolist():
        keys[cell] = fresh
    return relaid(sheet, keys)


def _since(sheet: Sheet, edited: Edited) -> Edited:
    """Return the edit with all grids that changed since the ground was cut: also those that only got a vertex more."""
    return dataclasses.replace(edited, changed=changed_keys(sheet, edited.sheet))


def _largest(sheet: Sheet, among: Flags, side: Integers) -> Flags:
    """Return which cells make the largest connected ground among these cells on one side."""
    a, b = sheet.borders.a, sheet.borders.b
    joined = sheet.borders.touching & among[a] & among[b] & (side[a] == side[b])
    piece = components(len(sheet.cells), a[joined], b[joined])
    held = np.bincount(piece, weights=np.where(among, [cell.area_m2 for cell in sheet.cells], 0.0))
    return np.asarray(among & (piece == int(held.argmax())), dtype=np.bool_)


def _require_drawn(drawn: Geometry, kind: str, word: str) -> None:
    """Refuse what is no line or area that somebody may have drawn."""
    if drawn.geom_type.removeprefix("Multi") != kind or drawn.is_empty:
        raise UsageError(f"The {word} is a {drawn.geom_type}; draw a {kind} in longitude and latitude.")
    count = int(shapely.get_num_coordinates(drawn))
    if count > MOST_VERTICES:
        raise UsageError(
            f"The {word} has {count:,} vertices, more than the {MOST_VERTICES:,} that are read; draw it coarser."
        )
    if not drawn.is_valid:
        raise UsageError(
            f"The {word} is not sound ({shapely.is_valid_reason(drawn)}); draw its outline without crossing itself."
        )


def _left_of(line_m: Geometry, grid_m: Geometry, key: str) -> Geometry:
    """Return the part of a grid to the left of a line across it.

    Raises
    ------
    UsageError
        The line does not part the grid in two.
    """
    edge = shapely.boundary([grid_m])
    noded = node(np.concatenate([line_parts(edge), clip_lines([line_m], grid_m)]))
    noded = node(np.concatenate([noded, led_on(noded, ())]))
    faces = faces_within(noded, grid_m)
    wide = faces[_is_wide(faces)]
    if len(wide) < 2:
        held = shapely.length(shapely.intersection(line_m, grid_m))
        if not held > 0:
            raise UsageError(f"The line does not touch grid {key}; draw it across the grid.")
        raise UsageError(
            f"The line does not part grid {key}: begin and end it outside the grid (an end inside is led on only "
            f"where the border lies within {REACH_M:g} m straight ahead), and cut off at least {SLIVER_AREA_M2:g} m²."
        )
    if len(wide) > 2:
        raise UsageError(
            f"The line cuts grid {key} into {len(wide)} parts; draw a line that crosses the grid once and not itself."
        )
    return wide[int(np.argmax([_leftness(face, line_m) for face in wide]))]


def _is_wide(faces: Geometries) -> Flags:
    """Return which faces are no slivers."""
    area = shapely.area(faces)
    return np.asarray((area >= SLIVER_AREA_M2) & (2.0 * area >= SLIVER_WIDTH_M * shapely.length(faces)))


def _leftness(face: Geometry, line_m: Geometry) -> float:
    """Return how many metres of the line have the face on their left, less those that have it on their right."""
    edges = directed_edges([face])
    on_line = shapely.dwithin(line_m, shapely.points((edges.start + edges.end) / 2.0), _ON_LINE_M)
    start, end = (shapely.line_locate_point(line_m, shapely.points(xy[on_line])) for xy in (edges.start, edges.end))
    return float((end - start).sum())


def _cells(sheet: Sheet, cut: Recut) -> tuple[Cell, ...]:
    """Return the cells cut anew as the model's nouns; those that no line touched are the very same."""
    count = len(sheet.cells)
    stored = [cell.geometry for cell in sheet.cells]
    same = shapely.equals_exact(shapely.normalize(sheet.place.to_metres(stored)), cut.cells[:count], 0.0)
    degrees = sheet.place.keeping(stored).to_degrees(cut.cells)
    areas = shapely.area(cut.cells)
    pieces = np.bincount(cut.parent, minlength=count)
    standing: list[list[str]] = [[] for _ in cut.cells]
    for cell in sheet.cells:
        own = np.flatnonzero(cut.parent == cell.number) if pieces[cell.number] > 1 else np.array([cell.number])
        for code in cell.buildings:
            standing[_home(sheet, cut, own, code)].append(code)
    cells = []
    for number, parent in enumerate(cut.parent.tolist()):
        old = sheet.cells[parent]
        if number < count and same[number]:
            cells.append(old)
            continue
        codes = tuple(standing[number])
        known = [sheet.buildings[code].households for code in codes if code in sheet.buildings]
        households = sum(known) if pieces[parent] > 1 else old.households
        area = round(float(areas[number]), 2)
        cells.append(Cell(number, codes, households, degrees[number], area, old.dedicated))
    return tuple(cells)


def _home(sheet: Sheet, cut: Recut, pieces: Integers, code: str) -> int:
    """Return which of the pieces of its cell a building stands on; one pulled down since, on the first."""
    if len(pieces) == 1 or code not in sheet.buildings:
        return int(pieces[0])
    footprint = sheet.place.to_metres([sheet.buildings[code].geometry])[0]
    sound = footprint if footprint.is_valid else shapely.make_valid(footprint, method="structure")
    held = shapely.area(shapely.intersection(cut.cells[pieces], sound))
    return int(pieces[int(np.argmax(np.round(held, 6)))])


def _grid_on(grid: Grid, cells: Sequence[Cell], numbers: Integers) -> Grid:
    """Return a grid on cells cut anew."""
    if not len(numbers):
        return grid
    held = [cells[number] for number in numbers.tolist()]
    polygon = dissolve([cell.geometry for cell in held], np.zeros(len(held), dtype=np.int64))[1][0]
    if shapely.equals_exact(shapely.normalize(polygon), shapely.normalize(grid.geometry), 0.0):
        polygon = grid.geometry
    area = round(sum(cell.area_m2 for cell in held), 2)
    return dataclasses.replace(grid, cells=tuple(numbers.tolist()), geometry=polygon, area_m2=area)
