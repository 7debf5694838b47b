"""The ledger of a district of 1,122 grids and 30,000 buildings: seconds and bytes, from values in memory to the file.

python bench/workbook.py [--grids N] [--buildings N] [--rounds N]
"""

from __future__ import annotations

import argparse
import io
import statistics
import sys
import time
from datetime import UTC, datetime

import openpyxl
import shapely

from gisgrid.ledgers import told_abuttals
from gisgrid.maps.ledger import render_ledger
from gisgrid.model import CoverageRow, Division, Estate, Post
from gisgrid.model.ledger import BuildingLine, LedgerData

NOW = datetime(2026, 11, 27, tzinfo=UTC)
PER_COMMUNITY = 17
STEP = 0.002


def made_up(grids: int, buildings: int) -> LedgerData:
    """Return a district of square grids, seventeen a community in a row, with a named road beside each row."""
    lines, homes, chains, communities, roads = [], [], {}, {}, {}
    for number in range(grids):
        row, column = divmod(number, PER_COMMUNITY)
        code = f"990101{row // 1000 + 1:03}{row % 1000:03}"
        south, west = 30 + row * STEP, 116 + column * STEP
        if code not in communities:
            edge = shapely.box(116, south, 116 + PER_COMMUNITY * STEP, south + STEP)
            communities[code] = Division(code, f"第{row}社区", "community", geometry=edge)
            chains[code] = (Division("990101", "合成区", "district"), communities[code])
            roads[code] = [(f"{row}号路", shapely.LineString([(115.99, south), (116.1, south)]))]
        ground = shapely.segmentize(shapely.box(west, south, west + STEP, south + STEP), STEP / 15)
        lines.append(
            CoverageRow(
                f"{code}{column + 1:03}",
                f"第{column + 1}网格",
                "residential",
                400,
                27,
                4e4,
                code,
                "1",
                NOW,
                None,
                ground,
            )
        )
    for number in range(buildings):
        grid = lines[number * grids // buildings]
        homes.append(
            BuildingLine(
                grid.community, f"B{number:06}", f"{number % 40}号楼", f"试验路{number}号", 6, 15, "declared",
                "resident", "住宅", f"E{number // 40:04}", grid.code,
            )
        )  # fmt: skip
    return LedgerData(
        division=Division("990101", "合成区", "district"),
        chains=chains,
        grids=tuple(lines),
        buildings=tuple(homes),
        estates=tuple(
            Estate(f"E{number:04}", f"试验小区{number}", "old", "试验物业") for number in range(buildings // 40)
        ),
        posts={line.code: (Post(line.code, "网格员", "甲一", "000-0001"),) for line in lines},
        lineage=(),
        findings=(),
        residents={},
        abuttals=told_abuttals(communities, lines, roads),
        drawn_at=NOW,
    )


def main() -> None:
    """Measure, read the file back, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--grids", type=int, default=1122)
    parser.add_argument("--buildings", type=int, default=30_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    told, written, content = [], [], b""
    for _ in range(options.rounds):
        begun = time.process_time()
        data = made_up(options.grids, options.buildings)
        between = time.process_time()
        content = render_ledger(data)
        told.append(between - begun)
        written.append(time.process_time() - between)
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True)
    rows = sum(1 for _ in book["楼栋台账"].iter_rows(max_col=1))
    print(
        f"{options.grids} grids, {options.buildings} buildings: made up with 四至 {statistics.median(told):.1f} CPU s,"
        f" workbook {statistics.median(written):.1f} CPU s, {len(content) / 1e6:.2f} MB, {rows} rows of buildings"
    )
    if rows != options.buildings + 2:
        sys.exit(f"the workbook holds {rows} rows of buildings, not {options.buildings + 2}")


if __name__ == "__main__":
    main()
