"""The ranking of estates as a table, for the ledger and for CSV.

Room: maps. In: a `Ranking`. Out: a `Table` with Chinese headings.
"""

from __future__ import annotations

from gisgrid.maps.workbook import Table, Value
from gisgrid.model import ESTATE_TYPES
from gisgrid.model.rankings import RankedEstate, Ranking


def ranking_table(ranking: Ranking) -> Table:
    """Return 小区红黑榜: the estates in order of their places, what was counted, and how the place changed."""
    headings = ("名次", "较上季度", "小区", "小区编码", "类型", "物业公司", "户数", "诉求件数", "百户诉求",
                "应办结", "按期办结率（%）", "重开件数", "百户得分")  # fmt: skip
    told = "".join(finding.message_zh for finding in ranking.findings)
    rule = "得分低者在前：诉求每件1分，逾期再加1分，重开再加1分，按每百户折算；得分相同名次并列。"
    note = f"{ranking.quarter}，{rule}{told}"
    return Table("小区红黑榜", headings, [_row(each) for each in ranking.estates], None, note)


def change_words(each: RankedEstate) -> str | None:
    """Return the change of an estate's place in words; None where there is none to tell."""
    if each.change is None:
        return None
    return "持平" if each.change == 0 else f"{'上升' if each.change > 0 else '下降'}{abs(each.change)}位"


def _row(each: RankedEstate) -> list[Value]:
    estate, count = each.estate, each.count
    return [
        each.place if each.place is not None else "不排名", change_words(each), estate.name, estate.code,
        ESTATE_TYPES[estate.type] if estate.type else None, estate.property_company, each.households, count.reports,
        _rounded(each.per_100), count.due, None if count.on_time is None else round(100 * count.on_time, 1),
        count.reopened, _rounded(each.points),
    ]  # fmt: skip


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
