"""The invented street 柳河街道 on the drawing board: lines, quarters, buildings and sites, in metres before the bend.

In: a seed. Out: one `Town`. Every figure of the place (how many buildings, floors, households) stands in this file.
Standard library only; `generate.py` turns it into files.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from coordinates import Point, smooth

DISTRICT, STREET = "990101", "990101001"
COMMUNITIES = {"990101001001": "柳岸社区", "990101001002": "站前社区", "990101001003": "新安社区"}
WEST, SOUTH, EAST = COMMUNITIES

Box = tuple[float, float, float, float]  # west, south, east, north


@dataclass(frozen=True)
class Line:
    """A barrier, a street, or (one point) a crossing."""

    kind: str
    name: str
    points: list[Point]


@dataclass(frozen=True)
class Estate:
    """A residential compound and the rectangle it stands in."""

    code: str
    name: str
    type: str
    company: str | None
    box: Box


@dataclass(frozen=True)
class Building:
    """A building: the corners of its footprint around its centre, and what the register says of it.

    `households` None: the register leaves it open (household rows or an estimate say it).
    """

    code: str
    community: str
    centre: Point
    outline: list[Point]
    name: str
    address: str
    floors: int
    use: str
    households: int | None
    estate: str | None = None


@dataclass(frozen=True)
class Site:
    """Dedicated ground or a service point: a rectangle, or a point where the box has no size."""

    code: str
    kind: str
    name: str
    box: Box


@dataclass(frozen=True)
class Tie:
    """Two buildings whose households know each other."""

    a: str
    b: str
    weight: float
    kind: str


@dataclass
class Town:
    """Everything on the drawing board."""

    lines: list[Line] = field(default_factory=list)
    estates: list[Estate] = field(default_factory=list)
    buildings: list[Building] = field(default_factory=list)
    sites: list[Site] = field(default_factory=list)
    ties: list[Tie] = field(default_factory=list)
    true_households: dict[str, int] = field(default_factory=dict)  # of buildings whose register leaves it open


def rectangle(width: float, depth: float) -> list[Point]:
    """Return the corners of a rectangle around its centre, anticlockwise."""
    w, d = width / 2, depth / 2
    return [(-w, -d), (w, -d), (w, d), (-w, d)]


def l_shape(width: float, depth: float, wing: float) -> list[Point]:
    """Return the corners of an L whose wings are `wing` wide, around the centre of its box."""
    w, d = width / 2, depth / 2
    return [(-w, -d), (w, -d), (w, -d + wing), (-w + wing, -d + wing), (-w + wing, d), (-w, d)]


def tower(width: float, depth: float) -> list[Point]:
    """Return the corners of a tower block whose four corners are cut back, as point blocks are built."""
    w, d, cut = width / 2, depth / 2, 4.0
    south = [(-w + cut, -d), (w - cut, -d), (w - cut, -d + cut), (w, -d + cut)]
    north = [(w, d - cut), (w - cut, d - cut), (w - cut, d), (-w + cut, d)]
    return [*south, *north, (-w + cut, d - cut), (-w, d - cut), (-w, -d + cut), (-w + cut, -d + cut)]


def lattice(box: Box, columns: int, rows: int) -> Iterator[Point]:
    """Yield the centres of columns × rows equal lots of the box, from the north-west row by row, as houses count."""
    west, south, east, north = box
    for row in range(rows):
        for column in range(columns):
            yield (
                west + (column + 0.5) * (east - west) / columns,
                north - (row + 0.5) * (north - south) / rows,
            )


def at_x(path: list[Point], x: float) -> Point:
    """Return the point of a west-east path at this x."""
    for (x1, y1), (x2, y2) in pairwise(path):
        if x1 <= x <= x2:
            return x, y1 + (y2 - y1) * (x - x1) / (x2 - x1)
    raise ValueError(f"The path does not reach x = {x}.")


RIVER = smooth(
    [
        *((-462, 662), (-446, 540), (-412, 420), (-420, 310), (-444, 200), (-432, 100)),
        *((-408, 0), (-386, -120), (-398, -250), (-424, -400), (-414, -520), (-432, -662)),
    ]
)
RAILWAY = smooth([(-900, -372), (-500, -396), (-100, -419), (300, -443), (900, -479)])
RAIL_AT_AVENUE = at_x(RAILWAY, 100.0)
RAIL_AT_EAST = at_x(RAILWAY, 800.0)
PEOPLES_ROAD = [(float(x), 0.0) for x in sorted({*range(-850, 851, 50), -830, 815})]
AVENUE = sorted([(100.0, float(y)) for y in range(-680, 681, 40)] + [RAIL_AT_AVENUE], key=lambda point: -point[1])

LINES = [
    Line("main_road", "人民路", PEOPLES_ROAD),
    Line("main_road", "建设大街", AVENUE),
    Line("railway", "东线铁路", RAILWAY),
    Line("river", "柳河", RIVER),
    Line("street", "柳岸街", [(x, 310.0) for x in (-840, -620, -500, -420, -300, -160, -30, 100)]),
    Line("street", "学府路", [(-160.0, y) for y in (0, 100, 200, 310)]),
    Line("street", "柳巷", [(-620.0, y) for y in (0, 80, 155, 230, 310)]),
    Line("street", "柳巷一条", [(x, 230.0) for x in (-800, -700, -620, -530, -455)]),
    Line("street", "柳巷二条", [(x, 155.0) for x in (-800, -700, -620, -530, -455)]),
    Line("street", "柳巷三条", [(x, 80.0) for x in (-800, -700, -620, -530, -450)]),
    Line("street", "车站街", [(x, -215.0) for x in (-830, -600, -393, -270, -150, -20, 100)]),
    Line("street", "和平路", [(-150.0, y) for y in (0, -100, -215)]),
    Line("wall", "站前花园东墙", [(-150.0, y) for y in (-215, -300, -416)]),
    Line("street", "铁西路", [(x, -535.0) for x in (-414, -250, -80, 100)]),
    Line("street", "安居街", [(x, 310.0) for x in (100, 250, 450, 620, 800)]),
    Line("street", "新安路", [(450.0, y) for y in (640, 450, 310, 150, 0, -150, -300, -452)]),
    Line("street", "东方街", [(x, -225.0) for x in (450, 620, 800)]),
    Line("crossing", "柳岸街桥", [(-420.0, 310.0)]),
    Line("crossing", "车站街桥", [(-393.6, -215.0)]),
    Line("crossing", "铁西路涵洞", [(-20.0, -424.0)]),
    Line("crossing", "站前花园东门", [(-150.0, -300.0)]),
    Line("crossing", "人民路天桥", [(450.0, 0.0)]),
]

# Outer edge of the street, corner by corner from the north-west; the inner edges are 人民路, 建设大街 and the railway.
NORTH_EDGE = [(-815, 628), (-640, 640), (-456, 632), (-250, 642), (-60, 634), (100, 640)]
NORTH_EDGE_EAST = [(100, 640), (280, 646), (450, 640), (640, 634), (805, 625)]
EAST_EDGE = [(805, 625), (812, 450), (800, 310), (806, 120), (815, 0), (808, -225), (800, -300)]
WEST_EDGE = [(-830, 0), (-822, 155), (-836, 310), (-815, 628)]
WEST_EDGE_SOUTH = [(-815, -640), (-828, -500), (-820, -380), (-834, -215), (-830, 0)]
SOUTH_EDGE = [(-815, -640), (-600, -652), (-430, -646), (-200, -655), (100, -640)]


def community_outlines() -> dict[str, list[Point]]:
    """Return the ring of each community; neighbours share the very points of the road or railway between them."""
    road = [point for point in PEOPLES_ROAD if -830 <= point[0] <= 100]
    avenue_north = [point for point in AVENUE if 0 <= point[1] <= 640]
    avenue_south = [point for point in AVENUE if -640 <= point[1] <= 0]
    avenue_east = [point for point in AVENUE if RAIL_AT_AVENUE[1] <= point[1] <= 640]
    rail = [RAIL_AT_AVENUE, *(point for point in RAILWAY if 100 < point[0] < 800), RAIL_AT_EAST]
    return {
        WEST: [*road[::-1], *WEST_EDGE[1:], *NORTH_EDGE[1:], *avenue_north[1:-1]],
        SOUTH: [*road, *avenue_south[1:], *SOUTH_EDGE[-2::-1], *WEST_EDGE_SOUTH[1:-1]],
        EAST: [*avenue_east, *rail[1:], *EAST_EDGE[::-1], *NORTH_EDGE_EAST[-2:0:-1]],
    }


ESTATES = [
    Estate("E101", "琅园小区", "commercial", "示例物业甲公司", (-372, 328, 82, 618)),
    Estate("E102", "文化里", "old", None, (-390, 14, -172, 298)),
    Estate("E103", "机修厂宿舍", "unit", "示例物业乙公司", (-800, 325, -612, 618)),
    Estate("E104", "柳巷平房", "bungalow", None, (-800, 12, -462, 298)),
    Estate("E201", "河湾里", "old", None, (-800, -203, -412, -14)),
    Estate("E202", "站前花园", "commercial", "示例物业甲公司", (-374, -402, -158, -14)),
    Estate("E203", "小柳庄", "village", None, (-142, -404, 12, -226)),
    Estate("E204", "铁路新村", "unit", "示例物业丙公司", (-396, -636, 86, -446)),
    Estate("E301", "凤鸣嘉苑", "commercial", "示例物业丁公司", (116, 326, 436, 622)),
    Estate("E302", "新安家园", "resettlement", "示例物业乙公司", (464, 326, 784, 616)),
    Estate("E303", "新安公寓", "resettlement", "示例物业乙公司", (116, 150, 280, 296)),
    Estate("E304", "新安北里", "old", None, (464, 16, 784, 296)),
    Estate("E305", "东方新城", "commercial", None, (116, -424, 434, -18)),
]

SITES = [
    Site("S101", "school", "柳岸小学", (-142, 150, -14, 298)),
    Site("S102", "park", "柳河公园", (-596, 326, -462, 616)),
    Site("S201", "mall", "站前商场", (-132, -200, 2, -16)),
    Site("S301", "administrative", "柳河街道办事处", (470, -210, 540, -160)),  # 3,500 m²: too small for its own grid
    Site("C101", "service_centre", "柳岸社区党群服务中心", (-36, 60, -36, 60)),
    Site("C201", "service_centre", "站前社区党群服务中心", (-250, -208, -250, -208)),
    Site("C301", "service_centre", "新安社区党群服务中心", (340, 60, 340, 60)),
    Site("R101", "resource", "柳岸社区老年食堂", (-60, 40, -60, 40)),
    Site("R301", "resource", "新安儿童之家", (390, 230, 390, 230)),
    Site("D102", "demand", "文化里加装电梯需求", (-280, 160, -280, 160)),
    Site("D203", "demand", "小柳庄下水改造需求", (-66, -320, -66, -320)),
    Site("P104", "project", "柳巷路灯改造项目", (-620, 155, -620, 155)),
    Site("P302", "project", "新安家园充电棚项目", (620, 470, 620, 470)),
]


def slabs(
    estate: Estate, community: str, street: str, lots: list[Point], counts: list[tuple[int, int | None]]
) -> list[Building]:
    """Return slab blocks on the lots; `counts` gives floors and households one by one."""
    return [
        Building(
            code=f"{estate.code}-{number:02d}",
            community=community,
            centre=lot,
            outline=rectangle(52.0, 12.0) if floors < 9 else rectangle(62.0, 13.5),
            name=f"{number}号楼",
            address=f"{street}{estate.name}{number}号楼",
            floors=floors,
            use="residential",
            households=households,
            estate=estate.code,
        )
        for number, (lot, (floors, households)) in enumerate(zip(lots, counts, strict=True), start=1)
    ]


def houses(
    estate: Estate, community: str, lots: list[Point], chance: random.Random, counts: list[int]
) -> list[Building]:
    """Return small houses, a little askew and of uneven size, one household count each."""
    buildings = []
    for number, (lot, households) in enumerate(zip(lots, counts, strict=True), start=1):
        west, north = chance.uniform(-0.9, 0.9), chance.uniform(-0.8, 0.8)
        width, depth = chance.uniform(9.0, 11.5), chance.uniform(9.5, 12.0)
        buildings.append(
            Building(
                code=f"{estate.code}-{number:03d}",
                community=community,
                centre=(lot[0] + west, lot[1] + north),
                outline=l_shape(width, depth, 5.0) if chance.random() < 0.25 else rectangle(width, depth),
                name=f"{number}号",
                address=f"{estate.name}{number}号",
                floors=1 if estate.type == "bungalow" else chance.choice((2, 3, 3, 4)),
                use="residential",
                households=households,
                estate=estate.code,
            )
        )
    return buildings


def spread(total: int, parts: int, chance: random.Random, step: int = 1) -> list[int]:
    """Return `parts` counts that sum to `total` exactly and differ a little."""
    counts = [total // parts + (1 if part < total % parts else 0) for part in range(parts)]
    for _ in range(parts):
        a, b = chance.randrange(parts), chance.randrange(parts)
        if a != b and counts[a] > step:
            counts[a] -= step
            counts[b] += step
    return counts


def _west(town: Town, chance: random.Random, estates: dict[str, Estate]) -> None:
    """柳岸社区: the community whose households are counted one by one, so the register leaves them open."""
    lots = [lot for index, lot in enumerate(lattice((-372, 328, 82, 618), 5, 4)) if index not in (7, 12)]
    garden = slabs(estates["E101"], WEST, "柳岸街", lots, [(6, 48)] * 11 + [(7, 56)] * 7)
    old = slabs(estates["E102"], WEST, "学府路", list(lattice((-390, 14, -172, 298), 3, 3)), [(6, 36)] * 9)
    unit = slabs(estates["E103"], WEST, "柳岸街", list(lattice((-800, 325, -612, 618), 2, 4)), [(6, 48)] * 8)
    quarter = [
        lot
        for south in (16, 87, 162, 237)
        for half in ((-798, -628), (-612, -462 if south > 200 else -468))
        for lot in lattice((half[0], south, half[1], south + 58), 10, 2)
    ]
    lanes = houses(estates["E104"], WEST, quarter, chance, spread(320, len(quarter), chance))
    for building in (*garden, *old, *unit, *lanes):
        town.true_households[building.code] = building.households or 0
        town.buildings.append(_left_open(building))
    for number, lot in enumerate(lattice((-148, 12, 88, 52), 4, 1), start=1):
        shop = _other(f"N1-{number:02d}", WEST, lot, rectangle(44, 13), (f"人民路{2 * number}号", 4, "mixed"), 24)
        town.true_households[shop.code] = 24
        town.buildings.append(_left_open(shop))
    town.buildings += [
        _other("N1-11", WEST, (-92, 262), l_shape(70, 44, 14), ("柳岸小学教学楼", 4, "school"), 0),
        _other("N1-12", WEST, (-50, 205), rectangle(30, 18), ("柳岸小学体育馆", 2, "school"), 0),
        _other("N1-13", WEST, (-120, 200), rectangle(12, 40), ("柳岸小学实验楼", 3, "school"), 0),
        _other("N1-14", WEST, (-560, 560), rectangle(12, 12), ("柳河公园观柳亭", 1, "park"), 0),
        _other("N1-15", WEST, (-520, 380), rectangle(26, 9), ("柳河公园茶室", 1, "park"), 0),
        _other("N1-16", WEST, (-190.7, 509.3), rectangle(24, 16), ("琅园小区会所", 2, "service"), 0),
        _other("N1-17", WEST, (46, 245), l_shape(56, 40, 15), ("柳岸幼儿园", 3, "kindergarten"), 0),
        _other("N1-18", WEST, (-36, 92), rectangle(40, 14), ("柳岸社区党群服务中心", 2, "service"), 0),
        _other("N1-19", WEST, (56, 130), rectangle(30, 46), ("建设大街菜店", 2, "commercial"), 0),
    ]


def _south(town: Town, chance: random.Random, estates: dict[str, Estate]) -> None:
    """站前社区: counts declared with each building; a river, a railway and a wall cut it into pieces."""
    bend_lots = list(lattice((-800, -203, -412, -14), 5, 2))
    town.buildings += slabs(estates["E201"], SOUTH, "车站街", bend_lots, [(6, 36)] * 10)
    garden = [*lattice((-374, -203, -158, -14), 2, 3), *lattice((-374, -404, -158, -228), 2, 3)]
    town.buildings += slabs(estates["E202"], SOUTH, "车站街", garden, [(9, 60)] * 12)
    village = list(lattice((-142, -404, 12, -226), 8, 10))
    town.buildings += houses(estates["E203"], SOUTH, village, chance, spread(360, 80, chance, step=2))
    rail = [*lattice((-396, -529, 86, -448), 4, 1), *lattice((-396, -636, 86, -541), 4, 1)]
    town.buildings += slabs(estates["E204"], SOUTH, "铁西路", rail, [(7, 42)] * 8)
    for number, lot in enumerate(lattice((-800, -372, -560, -232), 5, 4), start=1):
        address = f"河湾平房{number}号"
        town.buildings.append(_other(f"N2-{number:02d}", SOUTH, lot, rectangle(11, 9), (address, 1, "residential"), 2))
    town.buildings += [
        _other("N2-31", SOUTH, (-65, -110), l_shape(104, 120, 44), ("站前商场", 5, "mall"), 0),
        _other("N2-32", SOUTH, (-25, -62), rectangle(30, 36), ("站前商场影院", 3, "mall"), 0),
        _other("N2-33", SOUTH, (54, -392), rectangle(58, 16), ("柳河站", 2, "station"), 0),
        _other("N2-34", SOUTH, (56, -255), rectangle(40, 22), ("站前旅馆", 6, "hotel"), 0),
        _other("N2-35", SOUTH, (52, -110), l_shape(46, 60, 16), ("站前办公楼", 6, "office"), 0),
        _other("N2-36", SOUTH, (-480, -300), rectangle(70, 36), ("河湾仓库", 1, "industrial"), 0),
        _other("N2-37", SOUTH, (-700, -520), rectangle(60, 12), ("河西一号温室", 1, "agricultural"), 0),
        _other("N2-38", SOUTH, (-700, -560), rectangle(60, 12), ("河西二号温室", 1, "agricultural"), 0),
    ]


def _east(town: Town, estates: dict[str, Estate]) -> None:
    """新安社区: towers, one of them alone above the band; and a new estate of which only the floors are known."""
    phoenix = [(170, 570), (276, 570), (382, 570), (222, 400), (332, 400)]
    for number, (lot, households) in enumerate(zip(phoenix, (164, 165, 165, 165, 165), strict=True), start=1):
        town.buildings.append(_tower(estates["E301"], number, lot, "安居街", (33, households)))
    for number, lot in enumerate(lattice((470, 340, 780, 610), 2, 2), start=1):
        town.buildings.append(_tower(estates["E302"], number, lot, "安居街", (26, 104)))
    town.buildings.append(_tower(estates["E303"], 1, (198, 222), "建设大街", (33, 528)))
    north = list(lattice((464, 16, 784, 296), 4, 3))[:10]
    town.buildings += slabs(estates["E304"], EAST, "新安路", north, [(6, 36)] * 10)
    new = list(lattice((116, -424, 434, -18), 2, 5))
    for building in slabs(estates["E305"], EAST, "新安路", new, [(10, None)] * 10):
        town.buildings.append(building)
    town.buildings += [
        _other("N3-01", EAST, (270, 30), rectangle(80, 16), ("人民路101号商铺", 2, "commercial"), 0),
        _other("N3-02", EAST, (390, 235), l_shape(50, 42, 15), ("新安幼儿园", 3, "kindergarten"), 0),
        _other("N3-03", EAST, (350, 72), rectangle(44, 15), ("新安社区党群服务中心", 2, "service"), 0),
        _other("N3-04", EAST, (505, -186), rectangle(52, 18), ("柳河街道办事处", 5, "office"), 0),
        _other("N3-05", EAST, (640, -100), rectangle(110, 60), ("东方物流仓库", 1, "industrial"), 0),
        _other("N3-06", EAST, (730, -180), rectangle(60, 30), ("东方物流车库", 1, "industrial"), 0),
        _other("N3-07", EAST, (560, -320), l_shape(80, 60, 22), ("东方修理厂", 2, "industrial"), 0),
        _other("N3-08", EAST, (700, -350), rectangle(50, 40), ("东方泵站", 1, "utility"), 0),
    ]


def _tower(estate: Estate, number: int, lot: Point, street: str, count: tuple[int, int]) -> Building:
    floors, households = count
    return Building(
        code=f"{estate.code}-{number:02d}",
        community=EAST,
        centre=lot,
        outline=tower(64.0, 26.0) if households > 500 else tower(38.0, 24.0),
        name=f"{number}号楼",
        address=f"{street}{estate.name}{number}号楼",
        floors=floors,
        use="residential",
        households=households,
        estate=estate.code,
    )


def _other(
    code: str, community: str, lot: Point, outline: list[Point], what: tuple[str, int, str], households: int
) -> Building:
    """Return a building outside the estates; `what` is its name, floors and use."""
    name, floors, use = what
    return Building(code, community, lot, outline, name, name, floors, use, households)


def _left_open(building: Building) -> Building:
    return Building(**{**vars(building), "households": None})


def _ties(town: Town) -> None:
    """Links beyond the common estate: the same gate, the same building steward, the same origin."""
    gates = {"E101": (1, 9, 10, 18), "E301": (1, 3, 4, 5)}
    for estate, (a, b, c, d) in gates.items():
        for first, last in ((a, b), (c, d)):
            members = [f"{estate}-{number:02d}" for number in range(first, last + 1)]
            town.ties += [Tie(x, y, 2.0, "gate") for x, y in pairwise(members)]
    for start in range(1, 161, 10):  # one building steward looks after ten houses in a row
        members = [f"E104-{number:03d}" for number in range(start, start + 10)]
        town.ties += [Tie(x, y, 3.0, "steward") for x, y in pairwise(members)]
    for a, b in (("01", "02"), ("01", "03"), ("02", "04"), ("03", "04")):  # resettled together from one village
        town.ties.append(Tie(f"E302-{a}", f"E302-{b}", 4.0, "origin"))
    workers = [f"E204-{number:02d}" for number in range(1, 9)]  # one work unit
    town.ties += [Tie(a, b, 2.0, "origin") for a, b in pairwise(workers)]


def build_town(seed: int) -> Town:
    """Return the town; the seed moves only the small things: how the houses stand, who has one household more."""
    chance = random.Random(seed)
    estates = {estate.code: estate for estate in ESTATES}
    town = Town(lines=LINES, estates=ESTATES, sites=SITES)
    _west(town, chance, estates)
    _south(town, chance, estates)
    _east(town, estates)
    _ties(town)
    return town
