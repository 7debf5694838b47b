"""A made-up community, packed as the service packs a plan: a warped lattice of cells with a footprint each.

In: how many buildings. Out: the document of `/v1/plans/{id}/board`, and the same ground as GeoJSON for a peer.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
import shapely.affinity

from gisgrid.maps.planner_board import BoardBorders, BoardContent, board_document
from gisgrid.model import Building, CommunityInputs, Division, Grid

LON, LAT, STEP = 111.70, 40.80, 0.0004


@dataclass(frozen=True)
class Town:
    """The plan's document; cells and buildings as GeoJSON, numbered from 0, with the grid of each."""

    document: dict[str, Any]
    cells: str
    buildings: str


def made_up(count: int) -> Town:
    """Return a plan of so many buildings on a warped lattice, 26 to a grid and more."""
    columns = math.ceil(math.sqrt(count * 1.3))
    rows = math.ceil(count / columns)
    x, y = np.meshgrid(np.arange(columns + 1), np.arange(rows + 1))
    lon = LON + STEP * (x + 0.25 * np.sin(0.7 * y))
    lat = LAT + 0.75 * STEP * (y + 0.25 * np.sin(0.9 * x))
    nodes = np.round(np.dstack([lon, lat]), 9)
    places = [(row, column) for row in range(rows) for column in range(columns)]
    cells = [shapely.Polygon([nodes[r, c], nodes[r, c + 1], nodes[r + 1, c + 1], nodes[r + 1, c]]) for r, c in places]
    footprints = [shapely.affinity.scale(cell, 0.5, 0.4) for cell in cells]
    block = max(1, round(math.sqrt(len(cells) / 17 if len(cells) <= 3_000 else 176)))
    group = np.array([(r // block) * math.ceil(columns / block) + c // block for r, c in places])
    households = np.full(len(cells), 15, dtype=np.int64)
    buildings = tuple(
        Building(f"B{n:05d}", shape, address=f"示例街{n}号", households=15) for n, shape in enumerate(footprints)
    )
    outline = shapely.coverage_union_all(cells)
    inputs = CommunityInputs(Division("150105001001", "示例社区", "community", "150105001", outline), buildings)
    grids = [Grid(str(k + 1), "residential", None, None, 0, (), (), outline, 0.0) for k in range(int(group.max()) + 1)]
    number = np.arange(len(cells)).reshape(rows, columns)
    a = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    b = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    length = np.full(len(a), 30.0)
    borders = BoardBorders(a, b, length, np.zeros(len(a)), np.ones(len(a), dtype=np.bool_))
    board = board_document(
        BoardContent(inputs, grids, cells, households, group, {f"B{n:05d}": n for n in range(len(cells))}, borders)
    )
    caller = {"actor": "bench (user)", "may_edit": True, "may_decide": False}
    settings = {"min": 300, "max": 500, "target": 400}
    document = {
        "plan": "1", "community": "150105001001", "state": "draft", "revision": 1, "settings": settings, "findings": [],
        "name": "示例社区", "path": [], "caller": caller, "tessellation": "1", "undo": None, "redo": None,
        "board": board,
    }  # fmt: skip
    return Town(document, _geojson(cells, group), _geojson(footprints, group))


def _geojson(shapes: list[shapely.Polygon], group: np.ndarray[Any, Any]) -> str:
    features = [
        {"type": "Feature", "id": n, "properties": {"grid": int(grid)}, "geometry": shapely.geometry.mapping(shape)}
        for n, (shape, grid) in enumerate(zip(shapes, group, strict=True))
    ]
    return json.dumps({"type": "FeatureCollection", "features": features}, separators=(",", ":"))
