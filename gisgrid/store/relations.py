"""What belongs to what on the ground: asked again after every import, written only where it changed.

Room: store. In: the tables of places. Out: findings about what does not fit. Must not import any other room.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisgrid.geometry.crs import from_wgs84, to_wgs84
from gisgrid.model import Finding, Rule
from gisgrid.store.database import Connection, named_query

Floats = NDArray[np.float64]
Reading = Callable[[Floats, Floats], tuple[Floats, Floats]]

BUILDINGS_IN_NO_COMMUNITY = Rule(
    "buildings_in_no_community",
    "warning",
    "{count} buildings lie in no community, first: {first}. No grid will hold them; import the community they belong "
    "to, or check their coordinate system.",
    "{count} 栋楼不在任何社区范围内，例如：{first}。它们不会进入任何网格；请导入所属社区，或检查坐标系。",
)
BUILDINGS_OVER_THE_EDGE = Rule(
    "buildings_over_the_edge",
    "info",
    "{count} buildings reach over the edge of their community, first: {first}. They belong to the one that holds their "
    "middle; check the boundary where that is wrong.",
    "{count} 栋楼跨越社区边界，例如：{first}。按其中心点归属；如有不符请核对边界。",
)
LIKELY_OTHER_SYSTEM = Rule(
    "likely_other_system",
    "warning",
    "Only {inside:.0%} of the {count} places lie in a community as declared ({declared}), but {fits:.0%} would if "
    "{hypothesis}. Import again with {remedy} if that is so.",
    "按声明的坐标系（{declared}），{count} 处位置中只有 {inside:.0%} 落在社区内；若{hypothesis_zh}，则有 {fits:.0%}。"
    "如属实，请用 {remedy} 重新导入。",
)

_SAMPLE: Final = 5000
_FEWEST_PLACES: Final = 5
_GOOD_ENOUGH: Final = 0.9
_CLEARLY_BETTER: Final = 0.1


def relate(connection: Connection) -> list[Finding]:
    """Return what does not fit after giving every division its parent, every building its community, estate and count.

    - A division without a parent gets the one that its code names, where that is imported.
    - A building belongs to the community that holds its point on surface (the smallest code where several do).
    - A building that names no estate gets the one whose polygon holds that point.
    - A building with household rows counts them.
    """
    for name in ("relate_parents", "relate_communities", "relate_estates", "relate_households"):
        connection.execute(named_query(name))
    return [
        *_summed_up(connection, "buildings_in_no_community", BUILDINGS_IN_NO_COMMUNITY),
        *_summed_up(connection, "buildings_over_the_edge", BUILDINGS_OVER_THE_EDGE),
    ]


def _summed_up(connection: Connection, query: str, rule: Rule) -> list[Finding]:
    """Return one finding about all buildings that a query names, or none."""
    codes = list(connection.execute(named_query(query)).scalars())
    if not codes:
        return []
    more = " …" if len(codes) > 5 else ""
    return [rule.finding(codes=codes[:100], count=len(codes), first=", ".join(codes[:5]) + more)]


def drift(connection: Connection, frame: pd.DataFrame, crs: str | None = "wgs84") -> list[Finding]:
    """Return a warning where the places of a frame fit the communities better in another coordinate system.

    GCJ-02 read as WGS-84 lies 420 to 640 m off in Chinese cities, inside the country and outside its own streets. The
    communities' own boundaries tell: each hypothesis is tried, and named when it puts 9 of 10 places inside and clearly
    more than the declaration does.

    Parameters
    ----------
    frame
        Rows with `geometry` in EPSG:4326, or `lon` and `lat` (degrees in the system that `crs`, or a column `crs`,
        declares).
    crs
        What was declared.
    """
    lon, lat, declared = _places(frame, crs or "wgs84")
    if len(lon) < _FEWEST_PLACES:
        return []
    step = max(1, len(lon) // _SAMPLE)
    lon, lat = lon[::step], lat[::step]
    inside = _share_inside(connection, lon, lat)
    if inside is None or inside >= _GOOD_ENOUGH:
        return []
    best = max(
        ((_share_inside(connection, *read(lon, lat)) or 0.0, words) for read, words in _hypotheses(declared)),
        key=lambda each: each[0],
    )
    fits, (hypothesis, hypothesis_zh, remedy) = best
    if fits < max(_GOOD_ENOUGH, inside + _CLEARLY_BETTER):
        return []
    finding = LIKELY_OTHER_SYSTEM.finding(
        field="crs",
        count=len(lon),
        inside=inside,
        fits=fits,
        declared=declared,
        hypothesis=hypothesis,
        hypothesis_zh=hypothesis_zh,
        remedy=remedy,
    )
    return [finding]


def _places(frame: pd.DataFrame, crs: str) -> tuple[Floats, Floats, str]:
    """Return WGS-84 longitudes and latitudes of the rows that have a place, and the system most of them declare."""
    if "geometry" in frame.columns:
        shapes = np.asarray(frame["geometry"].array, dtype=object)
        points = shapely.point_on_surface(shapes[~shapely.is_missing(shapes)])
        return shapely.get_x(points), shapely.get_y(points), crs
    placed = frame[frame["lon"].notna() & frame["lat"].notna()]
    systems = placed["crs"].fillna(crs) if "crs" in placed.columns else pd.Series(crs, index=placed.index)
    lon, lat = placed["lon"].to_numpy(dtype=float), placed["lat"].to_numpy(dtype=float)
    if not len(placed):
        return lon, lat, crs
    common = str(systems.mode().iloc[0])
    of_common = (systems == common).to_numpy()
    return (*to_wgs84(lon[of_common], lat[of_common], common), common)


def _hypotheses(declared: str) -> list[tuple[Reading, tuple[str, str, str]]]:
    """Return how the places would be read if another system was meant, and the words for it."""

    def undo(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        return from_wgs84(lon, lat, declared)

    readings: list[tuple[Reading, tuple[str, str, str]]] = []
    names: Mapping[str, tuple[str, str]] = {
        "wgs84": ("they are WGS-84", "它们是 WGS-84 坐标"),
        "gcj02": ("they are GCJ-02 (Amap, Tencent)", "它们是 GCJ-02（高德、腾讯）坐标"),
        "bd09": ("they are BD-09 (Baidu)", "它们是 BD-09（百度）坐标"),
    }
    for system, words in names.items():
        if system == declared or (system == "wgs84" and declared == "cgcs2000"):
            continue
        readings.append((lambda lon, lat, s=system: to_wgs84(*undo(lon, lat), s), (*words, f"--crs {system}")))  # type: ignore[misc]  # mypy cannot type a lambda's default
    swapped = ("longitude and latitude are swapped", "经纬度颠倒", "--columns lon=…,lat=… exchanged")
    readings.append((lambda lon, lat: undo(lon, lat)[::-1], swapped))
    return readings


def _share_inside(connection: Connection, lon: Any, lat: Any) -> float | None:
    """Return which share of the points lies in a community that is imported; None where none has a boundary."""
    lons, lats = np.asarray(lon, dtype=float), np.asarray(lat, dtype=float)
    good = np.isfinite(lons) & np.isfinite(lats) & (np.abs(lons) <= 180) & (np.abs(lats) <= 90)
    row = connection.execute(
        named_query("places_inside"), {"lons": lons[good].tolist(), "lats": lats[good].tolist()}
    ).one()
    return None if not row.communities else row.inside / len(lons)
