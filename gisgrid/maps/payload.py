"""A map's content as the data block of its page: short, and safe to stand inside HTML.

Room: maps. In: `MapData`. Out: a JSON text whose shapes are whole numbers (`lattice`). Must not import a library of
drawing.

What the public may not see is left out here and in the layers, not hidden on the page.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import shapely

from gisgrid.errors import UsageError
from gisgrid.maps.content import (
    Audience,
    MapCommunity,
    MapData,
    default_name,
    grid_number,
    posts_on_duty,
    shown_count,
)
from gisgrid.maps.lattice import Lattice
from gisgrid.maps.layers import layers_of
from gisgrid.maps.style import PALETTE, colour_positions
from gisgrid.model import Grid, Post

Document = dict[str, Any]
Bounds = tuple[float, float, float, float]


def map_document(data: MapData, audience: Audience, *, phones: bool) -> Document:
    """Return everything that the page draws of a division: its communities, grids and layers.

    Raises
    ------
    UsageError
        The division has neither a polygon nor a community with one: there is nothing to draw.
    """
    west, south, *_ = map_bounds(data)
    lattice = Lattice(west, south)
    published = [
        (position, grid)
        for position, community in enumerate(data.communities)
        for grid in (community.edition.grids if community.edition else ())
    ]
    colours = colour_positions([grid.geometry for _, grid in published])
    duty = {code: posts for each in data.communities for code, posts in posts_on_duty(each, data.drawn_at).items()}
    layers = {each.key: each.document(lattice, audience) for each in (*layers_of(data.communities), *data.layers)}
    return {
        "origin": [lattice.lon, lattice.lat],
        "palette": PALETTE,
        "internal": audience == "internal",
        "communities": [_community(data, community, lattice) for community in data.communities],
        "grids": [
            _grid(grid, lattice, audience, _posts(duty.get(grid.code or "", []), phones=phones))
            | {"community": position, "colour": colour}
            for (position, grid), colour in zip(published, colours, strict=True)
        ],
        "layers": {key: document for key, document in layers.items() if document is not None},
    }


def map_bounds(data: MapData) -> Bounds:
    """Return west, south, east, north of all that a map shows.

    Raises
    ------
    UsageError
        The division has neither a polygon nor a community with one.
    """
    shapes = [each.division.geometry for each in data.communities if each.division.geometry is not None]
    shapes += [data.division.geometry] if data.division.geometry is not None and not shapes else []
    if not shapes:
        raise UsageError(
            f"Division {data.division.code} has no polygon and no community with one, so there is nothing to draw; "
            "import boundaries: gisgrid import divisions FILE."
        )
    west, south, east, north = shapely.total_bounds(shapes)
    return float(west), float(south), float(east), float(north)


def data_block(document: Document) -> str:
    """Return the document as JSON text without `<`, `>` or `&`, so that no name can end the block that it stands in."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _community(data: MapData, community: MapCommunity, lattice: Lattice) -> Document:
    division, edition = community.division, community.edition
    return {
        "code": division.code,
        "name": division.name,
        "shape": lattice.polygons(division.geometry) if division.geometry is not None else [],
        "label": lattice.label(division.geometry) if division.geometry is not None else None,
        "edition": edition.id if edition else None,
        "since": data.date(edition.valid_from) if edition else None,
    }


def _grid(grid: Grid, lattice: Lattice, audience: Audience, posts: list[list[str | None]]) -> Document:
    return {
        "code": grid.code or grid.key,
        "number": grid_number(grid),
        "name": grid.name if grid.name != default_name(grid) else None,  # the page says 第N网格 or Grid N by itself
        "dedicated": grid.kind == "dedicated",
        "households": shown_count(grid.households, audience),
        "buildings": len(grid.buildings),
        "area": round(grid.area_m2),
        "shape": lattice.polygons(grid.geometry),
        "label": lattice.label(grid.geometry),
        "posts": posts,
    }


def _posts(posts: Iterable[Post], *, phones: bool) -> list[list[str | None]]:
    """Return role and name of each post, and its duty phone where it is asked for."""
    return [[post.role, post.name, *([post.duty_phone] if phones else [])] for post in posts]
