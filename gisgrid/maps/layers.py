"""What can be switched on a map: buildings, estates, lines, sites; each one class here and one script of the page.

Room: maps. In: nouns of `gisgrid.model`. Out: the part of the page's data that the script `page/layer_KEY.js` draws.
Must not import a library of drawing.

A further layer is a class with the two members of `MapLayer`, put into `MapData.layers`, and the script of its key,
which calls `gisgrid.addLayer` (`page/layers.js` says what with). Nothing else has to know it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import shapely

from gisgrid.maps.packing import packed, packed_texts
from gisgrid.model import ESTATE_TYPES, Barrier, Building, Estate, Site

if TYPE_CHECKING:
    from gisgrid.maps.content import Audience, MapCommunity
    from gisgrid.maps.lattice import Lattice


@dataclass(frozen=True, slots=True)
class BuildingLayer:
    """Footprints with name and address; households of each for the internal audience.

    Attributes
    ----------
    grid
        Position on the map of the grid of each building, by code.
    """

    key: ClassVar[str] = "buildings"
    buildings: Sequence[Building]
    grid: Mapping[str, int]

    def document(self, lattice: Lattice, audience: Audience) -> dict[str, Any] | None:
        """Return columns of shape, name, address and, if internal, households; None if there is no building.

        They come grid by grid, so that the page draws those of one grid together: `counts` says how many stand in each
        of `grids`, -1 for none.
        """
        if not self.buildings:
            return None
        ordered = sorted(self.buildings, key=lambda each: self.grid.get(each.code, -1))
        held, counts = np.unique([self.grid.get(each.code, -1) for each in ordered], return_counts=True)
        document: dict[str, Any] = {
            "grids": packed(held),
            "counts": packed(counts),
            "shapes": lattice.shapes([each.geometry for each in ordered]),
            "name": packed_texts(each.name for each in ordered),
            "address": packed_texts(each.address for each in ordered),
        }
        if audience == "internal":
            document["households"] = packed([each.households for each in ordered])
        return document


@dataclass(frozen=True, slots=True)
class EstateLayer:
    """Compounds (小区) with their type and property company."""

    key: ClassVar[str] = "estates"
    estates: Sequence[Estate]

    def document(self, lattice: Lattice, audience: Audience) -> list[dict[str, Any]] | None:  # noqa: ARG002
        """Return every estate that has an area, once; None if there is none. Any audience may see all of it."""
        rows = [
            {
                "name": each.name,
                "type": ESTATE_TYPES[each.type] if each.type else None,
                "company": each.property_company,
                "shape": lattice.polygons(each.geometry),
                "label": lattice.label(each.geometry),
            }
            for each in {each.code: each for each in self.estates}.values()
            if each.geometry is not None and shapely.area(each.geometry) > 0
        ]
        return rows or None


@dataclass(frozen=True, slots=True)
class LineLayer:
    """Barriers (分界线) and streets."""

    key: ClassVar[str] = "lines"
    barriers: Sequence[Barrier]

    def document(self, lattice: Lattice, audience: Audience) -> list[dict[str, Any]] | None:  # noqa: ARG002
        """Return every line once; None if there is none. Crossings join, they are not drawn."""
        once = {(each.kind, each.geometry.wkb): each for each in self.barriers if each.kind != "crossing"}
        return [
            {"kind": each.kind, "name": each.name, "paths": lattice.lines(each.geometry)} for each in once.values()
        ] or None


@dataclass(frozen=True, slots=True)
class SiteLayer:
    """Service centres and other sites (服务点、资源)."""

    key: ClassVar[str] = "sites"
    sites: Sequence[Site]

    def document(self, lattice: Lattice, audience: Audience) -> list[dict[str, Any]] | None:  # noqa: ARG002
        """Return every site once, also one on the border of two communities; None if there is none."""
        return [
            {"kind": each.kind, "name": each.name, "at": lattice.path(shapely.point_on_surface(each.geometry))}
            for each in {each.code: each for each in self.sites}.values()
        ] or None


def layers_of(communities: Sequence[MapCommunity]) -> list[LineLayer | EstateLayer | BuildingLayer | SiteLayer]:
    """Return the layers that every map has, from the lowest on."""
    published = [grid for each in communities if each.edition is not None for grid in each.edition.grids]
    position = {building: index for index, grid in enumerate(published) for building in grid.buildings}
    return [
        LineLayer([line for each in communities for line in each.barriers]),
        EstateLayer([estate for each in communities for estate in each.estates]),
        BuildingLayer([building for each in communities for building in each.buildings], position),
        SiteLayer([site for each in communities for site in each.sites]),
    ]
