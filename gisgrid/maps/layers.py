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

import shapely

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

    def document(self, lattice: Lattice, audience: Audience) -> list[Any] | None:
        """Return grid, shape, name, address and, if internal, households of each building; None if there is none."""
        rows = []
        for each in self.buildings:
            row = [self.grid.get(each.code), lattice.polygons(each.geometry), each.name, each.address]
            rows.append([*row, each.households] if audience == "internal" else row)
        return rows or None


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
