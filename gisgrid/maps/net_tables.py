"""The second nets against the grids as a table, for the ledger and for CSV.

Room: maps. In: a `NetMatch`. Out: a `Table` with Chinese headings.
"""

from __future__ import annotations

from gisgrid.maps.workbook import Table
from gisgrid.model.nets import NETS, RELATIONS, NetMatch


def net_table(match: NetMatch) -> Table:
    """Return 多网核对: each grid and area that have buildings in common, and how they lie to each other."""
    headings = ("网", "网格编码", "片区编码", "片区名称", "共有楼栋", "共有户数", "关系")
    mismatches = len(match.findings)
    note = f"按楼栋核对，不符{mismatches}处。" if match.nets else "未导入其他网格（gisgrid import nets FILE）。"
    return Table(
        "多网核对",
        headings,
        [
            [NETS.get(pair.share.net, pair.share.net), pair.share.grid, pair.share.area, pair.share.area_name,
             pair.share.buildings, pair.share.households, RELATIONS[pair.relation]]
            for pair in match.pairs
        ],
        None,
        note,
    )  # fmt: skip
