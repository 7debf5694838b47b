"""A small place for the maps: two communities of three by two grids, with names nobody should be able to give."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime

import pytest
from shapely import LineString, Point, box
from shapely.geometry.base import BaseGeometry

from gisgrid.maps.content import MapCommunity, MapData
from gisgrid.model import Barrier, Building, Division, Edition, Estate, Grid, Post, Site

SIDE = 0.004  # degrees; one grid is about 350 m wide
WEST, SOUTH = 116.0, 37.3
NOW = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
HOSTILE = (
    "{{7*7}}<img src=x onerror=alert(1)>",
    "${alert(1)}",
    "</script><script>alert(1)</script>",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    '"><svg onload=alert(1)>',
    "<!--<script>'\\u003cb\\u003e&lt;b&gt;",
)


def cell(column: int, row: int) -> BaseGeometry:
    """Return a grid's square; row 0 is the southern one."""
    west, south = WEST + column * SIDE, SOUTH + row * SIDE
    return box(west, south, west + SIDE, south + SIDE)


def make_grid(community: str, number: int, shape: BaseGeometry, households: int, name: str | None = None) -> Grid:
    return Grid(
        key=str(number),
        kind="dedicated" if households == 0 else "residential",
        name=name,
        code=f"{community}{number:03d}",
        households=households,
        buildings=(f"B{community[-1]}{number}",),
        cells=(number,),
        geometry=shape,
        area_m2=123_456.0,
    )


def make_community(code: str, name: str, column: int, counts: tuple[int, ...]) -> MapCommunity:
    """Return a community of three columns and two rows of grids, from the south-west."""
    places = [(column + number % 3, number // 3) for number in range(6)]
    grids = tuple(
        make_grid(code, number, cell(*places[number - 1]), households)
        for number, households in enumerate(counts, start=1)
    )
    edition = Edition(id=f"{code[-1]}7", community=code, plan="1", valid_from=NOW, valid_to=None, grids=grids)
    outline = box(WEST + column * SIDE, SOUTH, WEST + (column + 3) * SIDE, SOUTH + 2 * SIDE)
    buildings = tuple(
        Building(
            code=grid.buildings[0],
            geometry=Point(grid.geometry.centroid.x + SIDE / 4, grid.geometry.centroid.y).buffer(SIDE / 8, quad_segs=1),
            name=f"{grid.key}号楼",
            address=f"{name}{grid.key}号楼",
            households=grid.households,
        )
        for grid in grids
    )
    return MapCommunity(
        division=Division(code, name, "community", "990101001", outline),
        edition=edition,
        buildings=buildings,
        posts=(
            Post(f"{code}001", "网格长", "示例长", "000-0101", NOW, None),
            Post(f"{code}001", "网格员", "示例员", "000-0102 转 3", None, None),
            Post(f"{code}001", "网格员", "前任员", "000-0999", None, NOW),
        ),
        sites=(Site(f"S{code[-1]}", "service_centre", "示例服务中心", Point(grids[4].geometry.centroid)),),
        barriers=(
            Barrier("main_road", LineString([(WEST, SOUTH + SIDE), (WEST + 6 * SIDE, SOUTH + SIDE)]), "人民路"),
            Barrier("crossing", Point(WEST + SIDE, SOUTH + SIDE), "天桥"),
        ),
        estates=(
            Estate(f"E{code[-1]}", f"{name}花园", "old", "示例物业公司", cell(column, 0).union(cell(column + 1, 0))),
        ),
    )


@pytest.fixture
def place() -> MapData:
    """A street of two communities side by side."""
    communities = (
        make_community("990101001001", "东村社区", 0, (401, 402, 403, 404, 0, 3)),
        make_community("990101001002", "西村社区", 3, (351, 352, 353, 354, 355, 356)),
    )
    street = Division("990101001", "示例街道", "street", "990101", box(WEST, SOUTH, WEST + 6 * SIDE, SOUTH + 2 * SIDE))
    return MapData(street, communities, NOW, (Division("990101", "示例区", "district"),))


@pytest.fixture
def hostile_place(place: MapData) -> MapData:
    """The same street with a hostile name in every slot that a person can type in."""

    def rename(community: MapCommunity, first: int) -> MapCommunity:
        names = [HOSTILE[(first + shift) % len(HOSTILE)] for shift in range(6)]
        assert community.edition is not None
        grids = tuple(
            dataclasses.replace(grid, name=name) for grid, name in zip(community.edition.grids, names, strict=True)
        )
        return dataclasses.replace(
            community,
            division=dataclasses.replace(community.division, name=names[0]),
            edition=dataclasses.replace(community.edition, grids=grids),
            buildings=tuple(
                dataclasses.replace(building, name=name, address=name)
                for building, name in zip(community.buildings, names, strict=True)
            ),
            posts=tuple(Post(grid.code or "", name, name, name) for grid, name in zip(grids, names[::-1], strict=True)),
            estates=tuple(
                dataclasses.replace(estate, name=names[3], property_company=names[4]) for estate in community.estates
            ),
            sites=tuple(dataclasses.replace(site, name=names[1]) for site in community.sites),
            barriers=tuple(dataclasses.replace(barrier, name=names[2]) for barrier in community.barriers),
        )

    return MapData(
        dataclasses.replace(place.division, name=HOSTILE[0]),
        tuple(rename(community, shift) for shift, community in enumerate(place.communities)),
        NOW,
        (dataclasses.replace(place.path[0], name=HOSTILE[2]),),
        approval_number=HOSTILE[4],
    )
