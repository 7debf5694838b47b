"""Places for the benchmark of the staff map: a made-up community and district, and the real footprints of two places.

The made-up ground is a warped lattice whose borders wind between its nodes (about 60 vertices a grid), with rows of
footprints of four and six corners. Real places: Nanshan's buildings with the stand-in communities of
`bench.places` as grids, and every building of an OpenStreetMap extract of Liechtenstein under one grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray

from bench.places import nanshan_divisions
from gisgrid.maps.content import MapCommunity, MapData, grid_name
from gisgrid.maps.style import PALETTE, colour_positions
from gisgrid.model import Building, Division, Edition, Grid, Post

NOW = datetime(2026, 11, 28, tzinfo=UTC)
WEST, SOUTH, STEP = 111.60, 40.75, 0.004
BENDS = 14
"""Vertices of a border between two nodes."""


@dataclass(frozen=True, slots=True)
class Size:
    """How many grids east and north, how many of a row one community has, and how many buildings in all."""

    columns: int
    rows: int
    of_community: int
    buildings: int


COMMUNITY = Size(17, 1, 17, 450)
DISTRICT = Size(34, 33, 17, 30_000)


def made_up(size: Size) -> MapData:
    """Return a made-up place of this size."""
    cells = [(row, column) for row in range(size.rows) for column in range(size.columns)]
    counts = np.diff(np.linspace(0, size.buildings, len(cells) + 1).astype(int))
    communities = []
    for first in range(0, len(cells), size.of_community):
        number = first // size.of_community + 1
        code = f"150105{number // 10 + 1:03d}{number:03d}"
        members = cells[first : first + size.of_community]
        houses = [
            _houses(f"B{first + i:05d}", cell, int(counts[first + i]), f"第{number}社区示例街{first + i + 1}号")
            for i, cell in enumerate(members)
        ]
        grids = [
            _grid(code, i + 1, _outline(*cell), held)
            for i, (cell, held) in enumerate(zip(members, houses, strict=True))
        ]
        communities.append(_community(code, f"示例第{number}社区", grids, [each for held in houses for each in held]))
    whole = shapely.coverage_union_all([each.division.geometry for each in communities])
    return MapData(Division("150105", "示例区", "district", None, whole), tuple(communities), NOW)


def _node(x: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """Return the lattice warped, with borders that wind."""
    wind = 0.06 * np.sin(2 * np.pi * 3 * (x + y)) * np.sin(np.pi * x) * np.sin(np.pi * y)
    lon = WEST + STEP * (x + 0.2 * np.sin(0.9 * y) + wind + 0.05 * np.sin(9 * y))
    lat = SOUTH + 0.75 * STEP * (y + 0.2 * np.sin(0.7 * x) + 0.05 * np.sin(11 * x))
    return np.round(np.column_stack([lon, lat]), 9)


def _outline(row: int, column: int) -> shapely.Polygon:
    along = np.arange(BENDS + 1) / (BENDS + 1)
    still = np.zeros(BENDS + 1)
    x = column + np.concatenate([along, still + 1, 1 - along, still])
    y = row + np.concatenate([still, along, still + 1, 1 - along])
    return shapely.Polygon(_node(np.round(x, 9), np.round(y, 9)))


def _houses(key: str, cell: tuple[int, int], count: int, address: str) -> list[Building]:
    row, column = cell
    houses = []
    for i in range(count):
        x, y = column + 0.15 + 0.12 * (i % 6), row + 0.15 + 0.13 * (i // 6)
        width, depth = 0.075 + 0.01 * (i % 3), 0.035 + 0.01 * (i % 2)
        corners = [(0, 0), (width, 0), (width, depth), (0, depth)]
        if i % 4 == 0:
            corners = [(0, 0), (width, 0), (width, depth), (width / 2, depth), (width / 2, 2 * depth), (0, 2 * depth)]
        turned = shapely.affinity.rotate(shapely.Polygon(corners), 4 * np.sin(row + 2 * column), origin=(0, 0))
        xy = shapely.get_coordinates(turned) + np.array([x, y])
        shape = shapely.Polygon(_node(xy[:, 0], xy[:, 1]))
        shape = shape if shape.is_valid else shape.convex_hull  # the warp folds one of a hundred
        houses.append(Building(f"{key}-{i + 1}", shape, f"{i + 1}号楼", address=f"{address}{i + 1}号楼", households=15))
    return houses


def _grid(community: str, number: int, outline: Any, buildings: Sequence[Building]) -> Grid:
    return Grid(
        str(number), "residential", None, f"{community}{number:03d}", sum(each.households for each in buildings),
        tuple(each.code for each in buildings), (number,), outline, 123_456.0,
    )  # fmt: skip


def _community(code: str, name: str, grids: Sequence[Grid], buildings: Sequence[Building]) -> MapCommunity:
    outline = shapely.coverage_union_all([grid.geometry for grid in grids])
    edition = Edition(code[-4:], code, "1", NOW, None, tuple(grids))
    posts = [
        Post(grid.code or "", "网格员", f"示例{int(code[-3:])}员{i}", f"000-555{int(code[-3:]):02d}{i:02d}", None, None)
        for i, grid in enumerate(grids)
    ]
    return MapCommunity(Division(code, name, "community", code[:9], outline), edition, tuple(buildings), tuple(posts))


def frames(data: MapData) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return grids and buildings as the GeoDataFrames that a user of folium starts from."""
    grids = [grid for each in data.communities if each.edition is not None for grid in each.edition.grids]
    post = {each.grid: each for community in data.communities for each in community.posts}
    colours = colour_positions([grid.geometry for grid in grids])
    rows = [
        {
            "code": grid.code, "name": grid_name(grid), "households": grid.households, "buildings": len(grid.buildings),
            "contact": post[grid.code].name if grid.code in post else None,
            "phone": post[grid.code].duty_phone if grid.code in post else None,
            "colour": PALETTE[colour], "geometry": grid.geometry,
        }
        for grid, colour in zip(grids, colours, strict=True)
    ]  # fmt: skip
    houses = [
        {"name": each.name, "address": each.address, "households": each.households, "geometry": each.geometry}
        for community in data.communities
        for each in community.buildings
    ]
    return gpd.GeoDataFrame(rows, crs="EPSG:4326"), gpd.GeoDataFrame(houses, crs="EPSG:4326")


def nanshan(data: Path) -> MapData:
    """Return the buildings of Nanshan under its 20 stand-in communities, each one grid."""
    buildings = gpd.read_file(data / "shenzhen_nanshan.gpkg", layer="buildings").to_crs("EPSG:4326")
    divisions = nanshan_divisions(data, buildings)
    places = divisions[divisions["level"] == "community"].reset_index(drop=True)
    owner = places.sindex.nearest(buildings.representative_point(), return_all=False)[1]
    communities = []
    for i, place in places.iterrows():
        held = [
            Building(
                f"B{row.building_id}",
                row.geometry,
                f"{n + 1}号楼",
                address=f"{place['name']}{n + 1}号楼",
                households=15,
            )
            for n, row in enumerate(buildings[owner == i].itertuples())
        ]
        grid = _grid(place["code"], 1, place.geometry, held)
        communities.append(_community(place["code"], place["name"], [grid], held))
    whole = shapely.union_all(places.geometry.to_numpy())
    return MapData(Division("440305", "南山区", "district", None, whole), tuple(communities), NOW)


def liechtenstein(data: Path) -> MapData:
    """Return every building of the extract of Liechtenstein under one grid around them all."""
    read = gpd.read_file(
        data / "liechtenstein.osm.pbf", layer="multipolygons", where="building IS NOT NULL", engine="pyogrio"
    )
    names = [name if isinstance(name, str) else None for name in read["name"]]
    pairs = enumerate(zip(read.geometry, names, strict=True))
    held = [Building(f"B{n}", shape, name, households=1) for n, (shape, name) in pairs]
    hull = shapely.convex_hull(shapely.union_all(shapely.box(*read.total_bounds)))
    community = _community("990000001155", "Liechtenstein", [_grid("990000001155", 1, hull, held)], held)
    return MapData(Division("990000", "Liechtenstein", "district", None, hull), (community,), NOW)
