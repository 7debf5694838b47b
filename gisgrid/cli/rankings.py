"""`gisgrid ranking`: the places of estates in a quarter (红黑榜).

Room: the command line. In: a division code, a quarter. Out: a table, a CSV file, or JSON.
"""

from __future__ import annotations

from typing import Annotated, Any

import typer

from gisgrid import rankings, wire
from gisgrid.cli import output
from gisgrid.cli.opening import opened_database
from gisgrid.maps.ranking_tables import ranking_table
from gisgrid.model.rankings import Quarter, RankedEstate


def ranking(
    code: Annotated[str, typer.Argument(help="A community, street or district.")],
    quarter: Annotated[
        str | None, typer.Option(metavar="2026Q3", help="The last one that is over by default.", show_default=False)
    ] = None,
    csv: output.CsvOption = None,
    as_json: output.JsonOption = False,
) -> None:
    """Rank the estates of a quarter by reports, late ones and reopened ones per 100 households (红黑榜)."""
    wanted = None if quarter is None else Quarter.parse(quarter)
    output.require_csv(csv)
    with opened_database() as database:
        ranked = rankings.draw_ranking(database, code, wanted)
    output.write_csv(csv, ranking_table(ranked))
    if as_json:
        output.print_json(
            {
                "division": code,
                "quarter": str(ranked.quarter),
                "estates": [_document(each) for each in ranked.estates],
                "findings": wire.findings(ranked.findings),
            }
        )
        return
    output.print_findings(ranked.findings)
    output.print_table(
        ("place", "change", "estate", "households", "reports", "per 100", "on time", "reopened", "points"),
        [_line(each) for each in ranked.estates],
        title=f"Estates in {ranked.quarter}, fewest points per 100 households first",
    )


def _line(each: RankedEstate) -> tuple[Any, ...]:
    on_time = each.count.on_time
    return (
        "–" if each.place is None else each.place,
        "–" if each.change is None else f"{each.change:+d}" if each.change else "0",
        f"{each.estate.name} ({each.estate.code})",
        each.households,
        each.count.reports,
        "–" if each.per_100 is None else f"{each.per_100:.2f}",
        "–" if on_time is None else f"{on_time:.0%}",
        each.count.reopened,
        "–" if each.points is None else f"{each.points:.2f}",
    )


def _document(each: RankedEstate) -> dict[str, Any]:
    count = each.count
    return {
        "code": each.estate.code, "name": each.estate.name, "place": each.place, "change": each.change,
        "households": each.households, "reports": count.reports, "per_100": each.per_100, "due": count.due,
        "late": count.late, "on_time": count.on_time, "reopened": count.reopened, "points": each.points,
    }  # fmt: skip
