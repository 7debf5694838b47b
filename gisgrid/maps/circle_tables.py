"""The service circle as tables: a line for each grid, a line for each service centre.

Room: maps. In: a `ServiceCircle`. Out: `Table`s with Chinese headings, for the ledger and for CSV.
"""

from __future__ import annotations

from typing import Final

from gisgrid.maps.workbook import Table, Value
from gisgrid.model.circles import ServiceCircle

MEASURED: Final = {
    "streets": "沿已导入的街道步行路径量算",
    "straight": "未导入街道，按直线距离量算",
    "both": "沿已导入的街道步行路径量算，附近无街道的楼栋按直线距离量算",
}
"""What the measured way means, in a sentence for people."""


def circle_table(circle: ServiceCircle) -> Table:
    """Return 服务圈: the share of each grid's households within reach of a service centre, and the sum."""
    headings = ("社区", "网格", "网格编码", "户数", "圈内户数", "圈外户数", "覆盖率（%）", "最远距离（米）",
                "最近服务中心", "沿街量算户数")  # fmt: skip
    centres = {centre.code: centre.name for centre in circle.centres}
    rows: list[list[Value]] = [
        [circle.communities.get(grid.community, grid.community), grid.name, grid.code, grid.households, grid.within,
         grid.households - grid.within, _percent(grid.share), _farthest(grid.farthest_m, grid.households),
         centres.get(grid.centre or ""), grid.walked]
        for grid in circle.grids
    ]  # fmt: skip
    share = circle.within / circle.households if circle.households else None
    total: list[Value] = [
        "合计", None, len(rows), circle.households, circle.within, circle.households - circle.within, _percent(share),
    ]  # fmt: skip
    note = f"距服务中心{circle.reach_m:g}米以内为圈内，按户计算；{MEASURED[circle.measured]}。"
    return Table("15分钟服务圈", headings, rows, total, note)


def centre_table(circle: ServiceCircle) -> Table:
    """Return 服务中心: the service centres of the division and around it, and what is to be said of them."""
    headings = ("服务中心", "编码", "所在社区", "面积（平方米）", "说明")
    told: dict[str, list[str]] = {}
    for finding in circle.findings:
        for code in finding.codes:
            told.setdefault(code, []).append(finding.message_zh)
    rows: list[list[Value]] = [
        [centre.name, centre.code, circle.communities.get(centre.community or "", "辖区外"), centre.area_m2,
         "".join(told.get(centre.code, ()))]
        for centre in circle.centres
    ]  # fmt: skip
    with_centre = {centre.community for centre in circle.centres}
    rows += [
        ["无", None, name, None, "".join(told.get(code, ()))]
        for code, name in circle.communities.items()
        if code not in with_centre
    ]
    return Table("服务中心", headings, rows)


def _percent(share: float | None) -> Value:
    return None if share is None else round(100 * share, 1)


def _farthest(farthest_m: float | None, households: int) -> Value:
    """Return the longest way; a word where some have no way to any centre, nothing where nobody lives."""
    return farthest_m if farthest_m is not None else "路径未知" if households else None
