"""A map's content as the data block of its page: short, and safe to stand inside HTML.

Room: maps. In: `MapData`. Out: a JSON text of columns (`packing`) whose shapes are whole numbers (`lattice`). Must not
import a library of drawing.

What the public may not see is left out here and in the layers, not hidden on the page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import shapely

from gisgrid.errors import UsageError
from gisgrid.geometry.arcs import arcs_of
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
from gisgrid.maps.packing import packed, packed_texts, steps
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
    duty = {code: posts for each in data.communities for code, posts in posts_on_duty(each, data.drawn_at).items()}
    base = () if data.base_map is None else (data.base_map,)
    shown = (*base, *data.layers, *layers_of(data.communities))
    layers = {each.key: each.document(lattice, audience) for each in shown}
    grids = [grid for _, grid in published]
    colours = colour_positions([grid.geometry for grid in grids]) if data.colours is None else data.colours
    return {
        "origin": [lattice.lon, lattice.lat],
        "palette": PALETTE,
        "internal": audience == "internal",
        "communities": [_community(data, community, lattice) for community in data.communities],
        "grids": _grids(grids, colours, lattice, audience)
        | _posts([duty.get(grid.code or "", []) for grid in grids], phones=phones)
        | {"community": packed([position for position, _ in published])},
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
    """Return what the page says of a community; its outline only where no grids draw it."""
    division, edition = community.division, community.edition
    outline = division.geometry
    return {
        "code": division.code,
        "name": division.name,
        "shape": lattice.polygons(outline) if outline is not None and edition is None else [],
        "label": lattice.label(outline) if outline is not None else None,
        "edition": edition.id if edition else None,
        "since": data.date(edition.valid_from) if edition else None,
    }


def _grids(grids: Sequence[Grid], colours: Sequence[int], lattice: Lattice, audience: Audience) -> Document:
    """Return the grids in columns, their borders once (`geometry.arcs`)."""
    arcs = arcs_of([grid.geometry for grid in grids])
    return {
        "arcs": {"sizes": packed(arcs.sizes), "steps": packed(steps(lattice.places(arcs.points), arcs.sizes))},
        "references": packed(arcs.references),
        "ring_sizes": packed(arcs.ring_sizes),
        "rings": packed(arcs.rings),
        "label": lattice.labels([grid.geometry for grid in grids]),
        "colour": packed(colours),
        "code": packed_texts(grid.code or grid.key for grid in grids),
        "number": packed_texts(map(grid_number, grids)),
        # The page says 第N网格 or Grid N by itself.
        "name": packed_texts(grid.name if grid.name != default_name(grid) else None for grid in grids),
        "dedicated": packed([grid.kind == "dedicated" for grid in grids]),
        "households": packed_texts(shown_count(grid.households, audience) for grid in grids),
        "buildings": packed([len(grid.buildings) for grid in grids]),
        "hectares": packed([round(grid.area_m2 / 1_000) for grid in grids]),  # tenths
    }


def _posts(posts: Sequence[Sequence[Post]], *, phones: bool) -> Document:
    """Return the posts of each grid in columns, with duty phones where they are asked for."""
    flat = [post for held in posts for post in held]
    return {
        "posts": packed([len(held) for held in posts]),
        "role": packed_texts(post.role for post in flat),
        "worker": packed_texts(post.name for post in flat),
        "phone": packed_texts(post.duty_phone for post in flat) if phones else None,
    }
