"""What a map shows: a division, its communities with their editions, buildings, posts, sites and lines.

Room: maps. In: nouns of `gisgrid.model`, as the store returns them (WGS-84). Out: one frozen `MapData` that every
picture is drawn from. Must not import a library of drawing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from typing import Any, ClassVar, Final, Literal, Protocol

from gisgrid.maps.base_map import BaseMap
from gisgrid.maps.lattice import Lattice
from gisgrid.model import Barrier, Building, Division, Edition, Estate, Grid, Post, Site

Audience = Literal["public", "internal"]

CHINA_TIME: Final = timezone(timedelta(hours=8))
SMALL_COUNT: Final = 5
"""Counts below it are banded for the public, so that no single household is found by its number."""
CONTACT_ROLES: Final = ("网格员", "网格长")
"""Whose name stands on the grid itself, in this order; the others stand on its card."""


class MapLayer(Protocol):
    """Something that can be switched on a map; `layers` says how one is added."""

    key: ClassVar[str]
    """Names its part of the page's data and the script that draws it, `page/layer_KEY.js`."""

    def document(self, lattice: Lattice, audience: Audience) -> Any | None:
        """Return what that script draws, as JSON, without what the audience may not see; None if there is nothing."""


@dataclass(frozen=True, slots=True)
class MapCommunity:
    """One community of the map.

    Attributes
    ----------
    edition
        The edition in force with its grids, or None where nothing is published yet: then only the outline is shown.
    buildings
        Its buildings; which grid one stands in is read from the edition's grids.
    posts
        The posts of its grids; those not on duty at the map's date are left out.
    """

    division: Division
    edition: Edition | None
    buildings: tuple[Building, ...] = ()
    posts: tuple[Post, ...] = ()
    sites: tuple[Site, ...] = ()
    barriers: tuple[Barrier, ...] = ()
    estates: tuple[Estate, ...] = ()


@dataclass(frozen=True, slots=True)
class MapData:
    """Everything that a map of one division shows.

    Attributes
    ----------
    division
        The district, street or community that the map is of.
    path
        Its parents, from the top.
    drawn_at
        The instant that the map shows; it also decides who is on duty.
    approval_number
        The map approval number (审图号) that a printed or public map must carry, if there is one.
    base_map
        Tiles under the staff map, if any.
    layers
        What the staff map shows besides buildings, estates, lines and sites, which come with the communities.
    colours
        Palette positions of the grids, in order; None has them chosen.
    subject
        What is shown, in words, where that is not the editions in force.
    time_zone
        In which dates are written.
    """

    division: Division
    communities: tuple[MapCommunity, ...]
    drawn_at: datetime
    path: tuple[Division, ...] = ()
    approval_number: str | None = None
    time_zone: tzinfo = CHINA_TIME
    layers: tuple[MapLayer, ...] = ()
    colours: tuple[int, ...] | None = None
    subject: str | None = None
    base_map: BaseMap | None = None

    def date(self, moment: datetime) -> str:
        """Return the day of an instant in the map's time zone, as 2026-11-22."""
        return moment.astimezone(self.time_zone).date().isoformat()


def grid_number(grid: Grid) -> str:
    """Return the grid's number inside its community without leading zeros; the plan's key where it has no code."""
    return str(int(grid.code[-3:])) if grid.code else grid.key


def default_name(grid: Grid) -> str:
    """Return the name that a grid has until somebody gives it another: 第N网格."""
    return f"第{grid_number(grid)}网格"


def grid_name(grid: Grid) -> str:
    """Return the grid's name, the default one where it was given none."""
    return grid.name or default_name(grid)


def shown_count(count: int, audience: Audience) -> str:
    """Return a household count as the audience may see it: small ones are banded for the public."""
    return f"<{SMALL_COUNT}" if audience == "public" and 0 < count < SMALL_COUNT else str(count)


def posts_on_duty(community: MapCommunity, moment: datetime) -> dict[str, list[Post]]:
    """Return the posts of each grid on duty at the moment, those named on the grid first."""
    duty: dict[str, list[Post]] = {}
    for post in community.posts:
        begun = post.valid_from is None or post.valid_from <= moment
        if begun and (post.valid_to is None or moment < post.valid_to):
            duty.setdefault(post.grid, []).append(post)
    return {grid: contacts_first(posts) for grid, posts in duty.items()}


def contacts_first(posts: Iterable[Post]) -> list[Post]:
    """Return posts in the order in which a map names them: those of `CONTACT_ROLES` first."""
    rank = {role: position for position, role in enumerate(CONTACT_ROLES)}
    return sorted(posts, key=lambda post: (rank.get(post.role, len(rank)), post.role, post.name))
