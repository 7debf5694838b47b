"""What stands on the ground: divisions, estates, buildings, barriers, ties, sites.

Room: the words. In: nothing. Out: frozen values; a noun that several rooms share stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

from shapely import Geometry

DivisionLevel = Literal["district", "street", "community"]
EstateType = Literal["commercial", "old", "unit", "resettlement", "bungalow", "village"]
BarrierKind = Literal["main_road", "railway", "river", "wall", "street", "crossing"]
HouseholdMeasure = Literal["resident", "registered", "dwelling"]
HouseholdSource = Literal["declared", "counted", "estimated"]
TieKind = Literal["estate", "gate", "steward", "origin", "imported"]
CoordinateSystem = Literal["wgs84", "cgcs2000", "gcj02", "bd09"]
LayerName = Literal[
    "divisions",
    "barriers",
    "estates",
    "buildings",
    "aliases",
    "households",
    "ties",
    "grids",
    "sites",
    "nets",
    "posts",
    "categories",
    "limits",
    "holidays",
    "reports",
]
LEVELS: Final[tuple[DivisionLevel, ...]] = ("district", "street", "community")
CODE_WIDTH: Final[Mapping[DivisionLevel, int]] = MappingProxyType({"district": 6, "street": 9, "community": 12})
ESTATE_TYPES: Final[Mapping[EstateType, str]] = MappingProxyType(
    {
        "commercial": "商品住宅",
        "old": "老旧小区",
        "unit": "单位住宅",
        "resettlement": "安置(公租)",
        "bungalow": "街巷平房",
        "village": "城中村",
    }
)
BARRIER_KINDS: Final[Mapping[BarrierKind, str]] = MappingProxyType(
    {
        "main_road": "主干道",
        "railway": "铁路",
        "river": "河流",
        "wall": "围墙",
        "street": "街巷",  # grid borders like to follow it, but may cross it
        "crossing": "通道",  # bridge, underpass or gate: joins what a barrier parts
    }
)
HARD_BARRIERS: Final[frozenset[BarrierKind]] = frozenset({"main_road", "railway", "river", "wall"})
DEDICATED_SITE_KINDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "mall": "商场",
        "market": "市场",
        "school": "学校",
        "hospital": "医院",
        "park": "公园",
        "office": "写字楼",
        "administrative": "行政中心",
        "industrial_park": "产业园区",
    }
)
HOUSEHOLD_MEASURES: Final[Mapping[HouseholdMeasure, str]] = MappingProxyType(
    {"resident": "常住户", "registered": "户籍户", "dwelling": "住宅套数"}
)


@dataclass(frozen=True, slots=True)
class Division:
    """A node of the tree district 区县 > street 街道 > community 社区, with its 6-, 9- or 12-digit code."""

    code: str
    name: str
    level: DivisionLevel
    parent: str | None = None
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Estate:
    """A residential compound (小区); it need not equal a grid."""

    code: str
    name: str
    type: EstateType | None = None
    property_company: str | None = None
    geometry: Geometry | None = None


@dataclass(frozen=True, slots=True)
class Building:
    """A building (楼栋): its footprint and how many households live in it.

    `households` is 0 where nobody lives; `household_source` says whether the count was declared with the building,
    counted from household rows, or estimated from floors and footprint.
    """

    code: str
    geometry: Geometry
    name: str | None = None
    estate: str | None = None
    address: str | None = None
    floors: int | None = None
    height_m: float | None = None
    households: int = 0
    household_source: HouseholdSource = "declared"
    household_measure: HouseholdMeasure = "resident"
    use: str | None = None
    community: str | None = None


@dataclass(frozen=True, slots=True)
class Barrier:
    """A line that a grid should not cross (分界线), or a `street` that borders like to follow, or a `crossing`."""

    kind: BarrierKind
    geometry: Geometry
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Tie:
    """A weighted link (邻里关系) between two buildings whose households know each other."""

    a: str
    b: str
    weight: float = 1.0
    kind: TieKind = "imported"


@dataclass(frozen=True, slots=True)
class Site:
    """A service point, resource, demand or project on the map; dedicated ground forms grids of its own."""

    code: str
    kind: str
    name: str
    geometry: Geometry
    area_m2: float | None = None
