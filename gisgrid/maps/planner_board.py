"""A plan as the data of the planner's page: one short document of columns, from which the page needs nothing more.

Room: maps. In: `BoardContent`. Out: plain values. Shapes are whole numbers of a ten-millionth of a degree (1 cm), each
vertex as the step from the one before; a border between two cells is there once (`geometry.arcs`), so that a page which
paints 30,000 cells reads half of the vertices and cannot show a gap. Must not import a library of drawing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gisgrid.geometry.arcs import arcs_of
from gisgrid.maps.content import contacts_first
from gisgrid.model import CommunityInputs, Grid, Post

STEPS_PER_DEGREE: Final = 10_000_000
Document = dict[str, Any]
Coordinates = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BoardBorders:
    """Which cells share a border: positions of both, its metres, and whether one can step across."""

    a: Integers
    b: Integers
    length_m: NDArray[np.float64]
    line_m: NDArray[np.float64]
    """Metres of it on a street or barrier."""
    passable: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class BoardContent:
    """What the planner's page shows of a plan.

    Attributes
    ----------
    cells
        Ground of each cell, in order of their numbers, WGS-84.
    households
        Households of each cell by the buildings of today.
    grid_of_cell
        Position in `grids` of the grid of each cell, -1 for none.
    cell_of_building
        The cell of each building, by code.
    posts
        On duty now, by code of the grid in force.
    locked_grids, locked_buildings
        Keys of grids and codes of buildings that may not be moved.
    """

    inputs: CommunityInputs
    grids: Sequence[Grid]
    cells: Sequence[shapely.Geometry]
    households: Integers
    grid_of_cell: Integers
    cell_of_building: Mapping[str, int]
    borders: BoardBorders
    posts: Mapping[str, Sequence[Post]] = field(default_factory=dict)
    locked_grids: frozenset[str] = frozenset()
    locked_buildings: frozenset[str] = frozenset()


def board_document(content: BoardContent) -> Document:
    """Return everything that the page draws and counts with, in columns; positions count from 0, -1 is none."""
    outline = content.inputs.community.geometry
    origin = np.asarray(shapely.bounds(outline)[:2], dtype=np.float64)
    return {
        "origin": origin.tolist(),
        "steps_per_degree": STEPS_PER_DEGREE,
        "outline": _shapes([outline], origin),
        "cells": _cells(content, origin),
        "borders": _borders(content.borders),
        "buildings": _buildings(content, origin),
        "estates": [[each.code, each.name, each.type] for each in content.inputs.estates],
        "lines": _lines(content.inputs, origin),
        "grids": [_grid(grid, content) for grid in content.grids],
        "edition": _edition(content),
    }


def _cells(content: BoardContent, origin: Coordinates) -> Document:
    arcs = arcs_of(content.cells)
    return {
        "arcs": {"sizes": arcs.sizes.tolist(), "steps": _steps(arcs.points, arcs.sizes, origin)},
        "references": arcs.references.tolist(),
        "ring_sizes": arcs.ring_sizes.tolist(),
        "rings": arcs.rings.tolist(),
        "households": content.households.tolist(),
        "grid": content.grid_of_cell.tolist(),
    }


def _borders(borders: BoardBorders) -> Document:
    return {
        "a": borders.a.tolist(),
        "b": borders.b.tolist(),
        "length": np.rint(borders.length_m).astype(np.int64).tolist(),
        "line": np.rint(borders.line_m).astype(np.int64).tolist(),
        "passable": borders.passable.astype(np.int64).tolist(),
    }


def _buildings(content: BoardContent, origin: Coordinates) -> Document:
    """Return the buildings of today; one that was imported after the cells were made has the cell -1."""
    buildings = content.inputs.buildings
    estate = {each.code: position for position, each in enumerate(content.inputs.estates)}
    current = content.inputs.current
    held = {} if current is None else {code: i for i, grid in enumerate(current.grids) for code in grid.buildings}
    return {
        "code": [each.code for each in buildings],
        "cell": [content.cell_of_building.get(each.code, -1) for each in buildings],
        "households": [each.households for each in buildings],
        "estate": [estate.get(each.estate or "", -1) for each in buildings],
        "name": [each.name for each in buildings],
        "address": [each.address for each in buildings],
        "edition": [held.get(each.code, -1) for each in buildings],
        "locked": [i for i, each in enumerate(buildings) if each.code in content.locked_buildings],
        "shapes": _shapes([each.geometry for each in buildings], origin),
    }


def _grid(grid: Grid, content: BoardContent) -> Document:
    return {
        "key": grid.key,
        "code": grid.code,
        "name": grid.name,
        "kind": grid.kind,
        "locked": grid.key in content.locked_grids,
    }


def _edition(content: BoardContent) -> Document | None:
    """Return the edition in force with its grids; of who serves them the role and name, no phone."""
    current = content.inputs.current
    if current is None:
        return None
    return {
        "id": current.id,
        "valid_from": current.valid_from.isoformat(),
        "grids": [
            {
                "code": grid.code,
                "name": grid.name,
                "households": grid.households,
                "buildings": len(grid.buildings),
                "posts": [[post.role, post.name] for post in contacts_first(content.posts.get(grid.code or "", ()))],
            }
            for grid in current.grids
        ],
    }


def _lines(inputs: CommunityInputs, origin: Coordinates) -> list[Document]:
    """Return barriers and streets; crossings join, they are not drawn."""
    lines = []
    for barrier in inputs.barriers:
        parts = [] if barrier.kind == "crossing" else shapely.get_parts(barrier.geometry).tolist()
        paths = [part for part in parts if part.geom_type in {"LineString", "LinearRing"}]
        if paths:
            xy, owner = shapely.get_coordinates(paths, return_index=True)
            sizes = np.bincount(owner, minlength=len(paths))
            lines.append(
                {
                    "kind": barrier.kind,
                    "name": barrier.name,
                    "sizes": sizes.tolist(),
                    "steps": _steps(xy, sizes, origin),
                }
            )
    return lines


def _shapes(areas: Sequence[shapely.Geometry | None], origin: Coordinates) -> Document:
    """Return areas as rings without their closing vertex: how many rings each has, how many vertices each of them."""
    shapes = np.asarray(areas, dtype=object)
    parts, owner = shapely.get_parts(shapes, return_index=True)
    polygonal = shapely.get_type_id(parts) == shapely.GeometryType.POLYGON
    parts, owner = parts[polygonal], owner[polygonal]
    rings, part = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    closing = np.append(ring[1:] != ring[:-1], True) if len(ring) else np.zeros(0, dtype=np.bool_)
    sizes = np.bincount(ring[~closing], minlength=len(rings))
    return {
        "rings": np.bincount(owner[part], minlength=len(shapes)).tolist(),
        "sizes": sizes.tolist(),
        "steps": _steps(xy[~closing], sizes, origin),
    }


def _steps(points: Coordinates, sizes: Integers, origin: Coordinates) -> list[int]:
    """Return the vertices of lines, one line after the other: the first from the origin, others from the one before."""
    places = np.rint((points - origin) * STEPS_PER_DEGREE).astype(np.int64)
    steps = np.diff(places, axis=0, prepend=np.zeros((1, 2), dtype=np.int64)) if len(places) else places
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]]) if len(sizes) else np.zeros(0, dtype=np.int64)
    first = first[np.asarray(sizes) > 0].astype(np.int64)
    steps[first] = places[first]
    flat: list[int] = steps.ravel().tolist()
    return flat
