"""The ledger 一账: a workbook of grids, workers, buildings, estates, changes, findings, and the chain check.

Room: maps. In: `LedgerData`. Out: the bytes of an XLSX file with Chinese headings. Every count is computed from the
lines themselves; the measure of 户 is said beside it. Must not import the store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Final

from gisgrid.maps.circle_tables import centre_table, circle_table
from gisgrid.maps.content import CHINA_TIME
from gisgrid.maps.net_tables import net_table
from gisgrid.maps.ranking_tables import ranking_table
from gisgrid.maps.workbook import Table, Value, write_workbook
from gisgrid.model import ESTATE_TYPES, HOUSEHOLD_MEASURES, CoverageRow, Post
from gisgrid.model.ledger import BuildingLine, LedgerData

HEAD_ROLE: Final = "网格长"
WORKER_ROLE: Final = "网格员"
_KINDS: Final = {"residential": "居民网格", "dedicated": "专属网格"}
_SEVERITIES: Final = {"error": "错误", "warning": "提醒", "info": "说明"}
_SOURCES: Final = {"declared": "申报", "counted": "逐户登记", "estimated": "估算"}
_NAMED_EXCEPTIONS: Final = 20
"""So many codes of what is missing stand in a cell of the chain check; the others are counted."""


def render_ledger(data: LedgerData) -> bytes:
    """Return the ledger of a division as an XLSX file."""
    return write_workbook(ledger_tables(data), title=f"{data.division.name} 网格台账")


def ledger_tables(data: LedgerData) -> list[Table]:
    """Return the tables of the ledger, in the order of its sheets."""
    pages = _Pages(data)
    return [
        pages.cover(),
        pages.grids(),
        pages.workers(),
        pages.buildings(),
        pages.estates(),
        pages.changes(),
        pages.findings(),
        pages.chain(),
        *(() if data.circle is None else (circle_table(data.circle), centre_table(data.circle))),
        *(() if data.ranking is None else (ranking_table(data.ranking),)),
        *(() if data.nets is None else (net_table(data.nets),)),
    ]


class _Pages:
    """The tables of one ledger, with what several of them look up."""

    def __init__(self, data: LedgerData) -> None:
        self._data = data
        self._grid = {grid.code: grid for grid in data.grids}
        self._estate = {estate.code: estate for estate in data.estates}
        self._in_grid: dict[str, list[BuildingLine]] = defaultdict(list)
        self._in_community: dict[str, list[BuildingLine]] = defaultdict(list)
        for building in data.buildings:
            self._in_community[building.community].append(building)
            if building.grid is not None:
                self._in_grid[building.grid].append(building)
        self._grids_of: dict[str, list[CoverageRow]] = defaultdict(list)
        for grid in data.grids:
            self._grids_of[grid.community].append(grid)
        self._measure = measure(data.buildings)

    def cover(self) -> Table:
        """说明: say what the workbook is of, and what its figures mean."""
        data = self._data
        begins = sorted({_day(grid.valid_from) for grid in data.grids})
        rows: list[list[Value]] = [
            ["行政区划", data.division.name],
            ["区划代码", data.division.code],
            ["社区数", len(data.chains)],
            ["网格数", len(data.grids)],
            ["楼栋数", len(data.buildings)],
            ["户数", sum(building.households for building in data.buildings)],
            ["户数口径", self._measure],
            ["其中估算户数", sum(b.households for b in data.buildings if b.household_source == "estimated")],
            ["版本生效日期", "、".join(map(str, begins)) or "尚无生效版本"],
            ["制表日期", _day(data.drawn_at)],
            ["说明", "界线仅供网格管理使用。各项数目均由楼栋、网格逐条计算。"],
        ]
        return Table("说明", ("项目", "内容"), rows)

    def grids(self) -> Table:
        """网格情况表: list the grids."""
        households = f"户数（{self._measure}）"
        headings = ("区县", "街道", "社区", "网格名称", "网格编码", "性质", "东至", "南至", "西至", "北至",
                    households, "楼栋数", "面积（平方米）", HEAD_ROLE, WORKER_ROLE, "其他岗位", "生效日期")  # fmt: skip
        rows = [list(self._grid_row(grid)) for grid in self._data.grids]
        total: list[Value] = [
            "合计", None, None, None, len(rows), *[None] * 5,
            sum(self._households(grid.code) for grid in self._data.grids),
            sum(len(self._in_grid[grid.code]) for grid in self._data.grids),
            round(sum(grid.area_m2 for grid in self._data.grids), 1),
        ]  # fmt: skip
        return Table("网格情况表", headings, rows, total)

    def _grid_row(self, grid: CoverageRow) -> Iterator[Value]:
        posts = self._data.posts.get(grid.code, ())
        yield from self._names(grid.community)
        yield from (grid.name, grid.code, _KINDS[grid.kind])
        yield from self._data.abuttals.get(grid.code, ("", "", "", ""))
        yield self._households(grid.code)
        yield len(self._in_grid[grid.code])
        yield round(grid.area_m2, 1)
        yield _held(posts, HEAD_ROLE)
        yield _held(posts, WORKER_ROLE)
        yield "、".join(f"{post.role} {post.name}" for post in posts if post.role not in {HEAD_ROLE, WORKER_ROLE})
        yield _day(grid.valid_from)

    def workers(self) -> Table:
        """网格员台账: list the posts on duty."""
        headings = ("街道", "社区", "网格", "网格编码", "角色", "姓名", "值班电话", "起", "止")
        rows: list[list[Value]] = [
            [*self._names(grid.community)[1:], grid.name, grid.code, post.role, post.name, post.duty_phone,
             _day_or_none(post.valid_from), _day_or_none(post.valid_to)]
            for grid in self._data.grids
            for post in self._data.posts.get(grid.code, ())
        ]  # fmt: skip
        return Table("网格员台账", headings, rows)

    def buildings(self) -> Table:
        """楼栋台账: list the buildings."""
        headings = ("社区", "小区", "楼栋名称", "楼栋编码", "地址", "层数", f"户数（{self._measure}）", "户数来源",
                    "用途", "网格", "网格编码")  # fmt: skip
        rows: list[list[Value]] = []
        for building in self._data.buildings:
            grid = self._grid.get(building.grid or "")
            estate = self._estate.get(building.estate or "")
            rows.append(
                [self._names(building.community)[2], estate.name if estate else None, building.name, building.code,
                 building.address, building.floors, building.households, _SOURCES[building.household_source],
                 building.use, "未入网格" if grid is None else grid.name, building.grid]
            )  # fmt: skip
        total = ["合计", None, None, len(rows), None, None, sum(b.households for b in self._data.buildings)]
        return Table("楼栋台账", headings, rows, total)

    def estates(self) -> Table:
        """小区台账: list the estates, with the grids that they lie in."""
        members: dict[str, list[BuildingLine]] = defaultdict(list)
        for building in self._data.buildings:
            if building.estate is not None:
                members[building.estate].append(building)
        headings = ("小区名称", "小区编码", "类型", "物业公司", "楼栋数", f"户数（{self._measure}）", "所在网格数",
                    "所在网格")  # fmt: skip
        rows: list[list[Value]] = []
        for estate in self._data.estates:
            grids = sorted({building.grid for building in members[estate.code] if building.grid is not None})
            rows.append(
                [estate.name, estate.code, ESTATE_TYPES[estate.type] if estate.type else None, estate.property_company,
                 len(members[estate.code]), sum(building.households for building in members[estate.code]), len(grids),
                 "、".join(self._grid_name(code) for code in grids)]
            )  # fmt: skip
        total: list[Value] = ["合计", len(rows), None, None, sum(len(members[e.code]) for e in self._data.estates),
                 sum(b.households for e in self._data.estates for b in members[e.code])]  # fmt: skip
        return Table("小区台账", headings, rows, total)

    def changes(self) -> Table:
        """变更记录: tell what became of every retired grid."""
        headings = ("变更日期", "社区", "原网格编码", "现网格编码", "转入户数", "版本", "发布人")
        rows: list[list[Value]] = [
            [_day(line.changed_at), self._names(line.community)[2], line.parent, line.child, line.households,
             line.edition, line.published_by]
            for line in self._data.lineage
        ]  # fmt: skip
        return Table("变更记录", headings, rows)

    def findings(self) -> Table:
        """检查结果: list the findings of the plans in force, and who accepted what."""
        headings = ("社区", "级别", "规则", "检查结果", "涉及编码", "接受人")
        rows: list[list[Value]] = [
            [self._names(line.community)[2], _SEVERITIES[line.severity], line.rule, line.sentence,
             "、".join(line.codes), line.accepted_by]
            for line in self._data.findings
        ]  # fmt: skip
        return Table("检查结果", headings, rows)

    def chain(self) -> Table:
        """链条核对 人进户、户进房、房进网格、网格进图: count what should be in, what is, and name what is not."""
        headings = ("街道", "社区", "环节", "应进", "已进", "未进", "未进清单与说明")
        rows: list[list[Value]] = []
        for community in self._data.chains:
            for link, wanted, inside, told in self._links(community):
                rows.append([*self._names(community)[1:], link, wanted, inside, wanted - inside, told])
        return Table("链条核对", headings, rows)

    def _links(self, community: str) -> Iterator[tuple[str, int, int, str]]:
        """Yield the four links of the chain of one community: name, what should be in, what is in, and a sentence."""
        residents = self._data.residents.get(community)
        buildings = self._in_community[community]
        if residents is None:
            yield "人进户", 0, 0, "未登记逐户人数"
        else:
            told = f"登记 {residents.people} 人；未填人数的户计为未进"
            yield "人进户", residents.households, residents.with_size, told
        households = sum(building.households for building in buildings)
        registered = sum(b.households for b in buildings if b.household_source == "counted")
        bare = [b.code for b in buildings if b.households and b.household_source != "counted"]
        yield "户进房", households, registered, _listed(bare, "仅有户数、未逐户登记的楼栋")
        outside = [building.code for building in buildings if building.grid is None]
        yield "房进网格", len(buildings), len(buildings) - len(outside), _listed(outside, "未入网格的楼栋")
        grids = self._grids_of[community]
        blank = [grid.code for grid in grids if grid.geometry is None or grid.geometry.is_empty]
        yield "网格进图", len(grids), len(grids) - len(blank), "" if grids else "尚无生效版本"

    def _households(self, grid: str) -> int:
        return sum(building.households for building in self._in_grid[grid])

    def _grid_name(self, code: str) -> str:
        grid = self._grid.get(code)
        return code if grid is None else f"{grid.name}（{code}）"

    def _names(self, community: str) -> tuple[str, str, str]:
        """Return the names of district, street and community; empty where the chain does not know one."""
        names = {division.level: division.name for division in self._data.chains[community]}
        return names.get("district", ""), names.get("street", ""), names.get("community", "")


def measure(buildings: Iterable[BuildingLine]) -> str:
    """Return the measure of 户 that the buildings were counted in; several where they differ."""
    used = {building.household_measure for building in buildings}
    return (
        "、".join(text for code, text in HOUSEHOLD_MEASURES.items() if code in used) or HOUSEHOLD_MEASURES["resident"]
    )


def _held(posts: Sequence[Post], role: str) -> str:
    return "、".join(post.name for post in posts if post.role == role)


def _listed(codes: Sequence[str], what: str) -> str:
    """Return a sentence with the first codes and how many there are; empty where there is none."""
    if not codes:
        return ""
    more = f" 等 {len(codes)} 栋" if len(codes) > _NAMED_EXCEPTIONS else ""
    return f"{what}：{'、'.join(codes[:_NAMED_EXCEPTIONS])}{more}"


def _day(moment: datetime) -> date:
    return moment.astimezone(CHINA_TIME).date()


def _day_or_none(moment: datetime | None) -> date | None:
    return None if moment is None else _day(moment)
