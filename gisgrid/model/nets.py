"""The second net (另一张网): police beats, monitoring grids … over the same ground, and how they lie to the grids.

Room: the words. In: nothing. Out: frozen dataclasses. Geometry is WGS-84.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from shapely import Geometry

from gisgrid.model.findings import Finding

NETS: Final[Mapping[str, str]] = MappingProxyType({"police": "警务网格", "monitoring": "监测网格"})
"""The nets that have a word of ours; a file may name others."""

Relation = Literal["same", "grid_inside", "area_inside", "crossing", "outside"]
RELATIONS: Final[Mapping[Relation, str]] = MappingProxyType(
    {
        "same": "一致",
        "grid_inside": "网格在片区内",
        "area_inside": "片区在网格内",
        "crossing": "相互切割",
        "outside": "未纳入",
    }
)


@dataclass(frozen=True, slots=True)
class NetArea:
    """One area of a second net, with its ground."""

    net: str
    code: str
    name: str | None
    geometry: Geometry


@dataclass(frozen=True, slots=True)
class NetShare:
    """The buildings that a grid and an area of a second net have in common; `area` is None for those in no area."""

    grid: str
    net: str
    area: str | None
    area_name: str | None
    buildings: int
    households: int


@dataclass(frozen=True, slots=True)
class NetPair:
    """A grid and an area that have buildings in common, and how they lie to each other, judged by their buildings."""

    share: NetShare
    relation: Relation


@dataclass(frozen=True, slots=True)
class NetMatch:
    """How the second nets lie to the grids of a division.

    Attributes
    ----------
    nets
        Which nets have buildings of the division in their areas.
    pairs
        In order of net, grid and area.
    findings
        One for each mismatch.
    """

    nets: tuple[str, ...]
    pairs: tuple[NetPair, ...]
    findings: tuple[Finding, ...]
