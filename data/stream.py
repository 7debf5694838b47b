"""The stream of reports of the sample: right ones in four coordinate systems, and wrong ones on purpose.

In: the town and a chance of its own. Out: rows for `reports.csv` and `reports_wrong_crs.csv`. README.md says,
group by group, what is wrong and what gisgrid answers. Standard library only.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from coordinates import Point, place, to_bd09, to_gcj02
from town import EAST, Building, Town

CATEGORIES = [
    ("01", "环境卫生", None),
    ("0101", "暴露垃圾", "01"),
    ("0102", "积存渣土", "01"),
    ("0103", "垃圾桶满溢", "01"),
    ("02", "公用设施", None),
    ("0201", "路灯不亮", "02"),
    ("0202", "井盖缺损", "02"),
    ("0203", "供水管漏水", "02"),
    ("03", "物业服务", None),
    ("0301", "电梯故障", "03"),
    ("0302", "楼道堆物", "03"),
    ("0303", "小区停车", "03"),
    ("04", "矛盾纠纷", None),
    ("0401", "邻里噪声", "04"),
    ("0402", "楼上漏水", "04"),
    ("05", "公共安全", None),
    ("0501", "飞线充电", "05"),
    ("0502", "消防通道被占", "05"),
    ("06", "关爱服务", None),
    ("0601", "独居老人探访", "06"),
    ("0602", "政策咨询", "06"),
]
TOPICS = {code: name for code, name, parent in CATEGORIES if parent}
# Which system each source delivers: the phone's own position, the map picker of an app, two vendors' maps.
SOURCES = {"sst": "wgs84", "12345": "gcj02", "wx": "gcj02", "bd": "bd09", "xc": "cgcs2000"}
START = datetime(2026, 9, 1, 0, 0, tzinfo=UTC)
Row = tuple[object, ...]


@dataclass(frozen=True)
class Spot:
    """Where a report is about: a point of the drawing board and the building nearest in the sender's mind."""

    point: Point
    building: Building


def declare(point: Point, system: str) -> Point:
    """Return longitude and latitude of a point of the drawing board, in the system."""
    lon, lat = place(*point)
    if system == "gcj02":
        return to_gcj02(lon, lat)
    return to_bd09(lon, lat) if system == "bd09" else (lon, lat)


def _spot(buildings: list[Building], chance: random.Random) -> Spot:
    """Return a spot in front of a building, more often a large one."""
    weights = [1.0 + 0.05 * (building.households or 20) for building in buildings]
    (building,) = chance.choices(buildings, weights)
    x, y = building.centre
    return Spot((x + chance.uniform(-16, 16), y - chance.uniform(8, 20)), building)


def _text(topic: str, spot: Spot) -> str:
    return f"{spot.building.address}附近反映{TOPICS[topic]}，请处理（合成数据）"


def _row(source: str, number: int, spot: Spot, chance: random.Random) -> list[object]:
    """Return a right report of that source, column by column."""
    system = SOURCES[source]
    topic = chance.choice(sorted(TOPICS))
    lon, lat = declare(spot.point, system)
    minutes = chance.randrange(80 * 24 * 60)
    target = "property" if topic.startswith("03") else "grid"
    accuracy = chance.choice((5, 10, 20, 35)) if source in {"sst", "wx"} else None
    reported = (START + timedelta(minutes=minutes)).isoformat()
    address = spot.building.address if source == "12345" else None
    identity: list[object] = [source, f"{source}-2026-{number:05d}", topic, _text(topic, spot)]
    return [*identity, lon, lat, system, accuracy, address, None, target, reported]


def report_rows(town: Town, chance: random.Random) -> Iterator[Row]:
    """Yield 360 right reports, then the groups of wrong ones (README.md, "Wrong on purpose")."""
    right = [
        _row(source, number, _spot(town.buildings, chance), chance) for number in range(1, 73) for source in SOURCES
    ]
    right.sort(key=lambda row: str(row[-1]))
    yield from map(tuple, right)
    yield from map(tuple, right[100:105])  # sent a second time, word for word
    for row in right[200:202]:  # the same number again with another text
        yield (*row[:3], "同一编号，内容被改过（合成数据）", *row[4:])
    groups = (
        _swapped,
        _outside,
        _without_place,
        _known_building,
        _unknown_building,
        _without_system,
        _unknown_category,
    )
    for offset, group in enumerate(groups):
        for number, row in enumerate(group(town, chance), start=1):
            row[1] = f"{row[0]}-2026-9{offset}{number:03d}"
            yield tuple(row)


def _fresh(town: Town, chance: random.Random, source: str, count: int) -> list[list[object]]:
    return [_row(source, 0, _spot(town.buildings, chance), chance) for _ in range(count)]


def _swapped(town: Town, chance: random.Random) -> Iterator[list[object]]:
    for row in _fresh(town, chance, "sst", 6):
        row[4], row[5] = row[5], row[4]
        yield row


def _outside(town: Town, chance: random.Random) -> Iterator[list[object]]:
    for row in _fresh(town, chance, "wx", 8):
        row[4], row[5] = declare((chance.uniform(1300, 2000), chance.uniform(-900, 900)), "gcj02")
        row[3] = "街道以外的位置（合成数据）"
        yield row


def _without_place(town: Town, chance: random.Random) -> Iterator[list[object]]:
    for row in _fresh(town, chance, "12345", 8):
        row[4:8] = [None, None, None, None]
        yield row


def _known_building(town: Town, chance: random.Random) -> Iterator[list[object]]:
    residential = [building for building in town.buildings if building.use == "residential"]
    for row in _fresh(town, chance, "12345", 6):
        building = chance.choice(residential)
        row[3] = f"{building.address}，来电未留位置（合成数据）"
        row[4:10] = [None, None, None, None, building.address, building.code]
        yield row


def _unknown_building(town: Town, chance: random.Random) -> Iterator[list[object]]:
    for number, row in enumerate(_fresh(town, chance, "12345", 4), start=1):
        row[4:10] = [None, None, None, None, None, f"E999-{number:02d}"]
        yield row


def _without_system(town: Town, chance: random.Random) -> Iterator[list[object]]:
    for row in _fresh(town, chance, "xc", 3):
        row[6] = None
        yield row


def _unknown_category(town: Town, chance: random.Random) -> Iterator[list[object]]:
    for row in _fresh(town, chance, "sst", 2):
        row[2] = "9999"
        yield row


def wrong_system_rows(town: Town, chance: random.Random) -> Iterator[Row]:
    """Yield a vendor's batch that is GCJ-02 and says WGS-84: about 510 m too far east, out of the street."""
    eastern = [building for building in town.buildings if building.community == EAST and building.centre[0] > 400]
    for number in range(1, 25):
        row = _row("sst", number, _spot(eastern, chance), chance)
        row[0], row[1], row[7] = "vendor", f"vendor-2026-{number:05d}", None
        row[4], row[5] = to_gcj02(float(str(row[4])), float(str(row[5])))
        yield tuple(row)
