"""The laws that the database keeps, in words: its refusals become findings.

Room: store. In: a psycopg error whose state is one of ours. Out: `RefusedData` or `Conflict` from `errors`.
Must not import any other room.

The laws themselves are SQL, in the migrations; the names of the rules here are the names there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import psycopg
import shapely

from gisgrid.errors import Conflict, GisgridError, RefusedData
from gisgrid.model import Finding, Rule

EDITION_LAW: Final = "GG001"
APPEND_ONLY: Final = "GG002"

_RULES: Final[Mapping[str, Rule]] = {
    rule.name: rule
    for rule in (
        Rule(
            "edition_without_ground",
            "error",
            "Community {community} has no polygon, or the edition has no grid; import the boundary and draw again.",
            "社区{community}没有边界，或该版本没有网格，请导入边界后重新划分。",
        ),
        Rule(
            "edition_out_of_turn",
            "error",
            "The edition of community {community} does not begin where its predecessor ends; publish it again.",
            "社区{community}的新版本没有紧接上一版本生效，请重新发布。",
        ),
        Rule(
            "edition_without_successor",
            "error",
            "The edition of community {community} would end with none after it; publish the next one instead.",
            "社区{community}的版本失效后没有后续版本，请直接发布新版本。",
        ),
        Rule(
            "grids_overlap",
            "error",
            "Grids {grids} share ground along {edges} edge(s), the first near {lon}, {lat}; repair the plan.",
            "网格{grids}在{edges}条边上重叠（首处约{lon}, {lat}），请修复方案。",
        ),
        Rule(
            "border_not_shared",
            "error",
            "The borders of grids {grids} leave a gap, an overlap or the community at {points} point(s), the first "
            "near {lon}, {lat}; repair the plan, or draw again if the community's boundary changed.",
            "网格{grids}的边界在{points}处有缝隙、重叠或超出社区（首处约{lon}, {lat}），"
            "请修复方案；社区边界有变的请重新划分。",
        ),
        Rule(
            "community_uncovered",
            "error",
            "{corners} corner(s) of the community's boundary lie in no grid, the first near {lon}, {lat}; draw again "
            "with the present boundary.",
            "社区边界有{corners}个拐点不在任何网格内（首处约{lon}, {lat}），请按现有边界重新划分。",
        ),
        Rule(
            "area_differs",
            "error",
            "The grids hold {percent} % more ground than part {part} of the community (negative: less); draw again.",
            "网格面积与社区第{part}部分相差{percent}%（负数为不足），请重新划分。",
        ),
        Rule(
            "building_without_grid",
            "error",
            "{buildings} building(s) of the community are in no grid, the first {first}; draw again.",
            "社区有{buildings}栋楼不属于任何网格（首个{first}），请重新划分。",
        ),
        Rule(
            "building_of_another_community",
            "error",
            "{buildings} building(s) of the edition are not in the community any more, the first {first}; draw again.",
            "版本中有{buildings}栋楼（首个{first}）不在或已不在本社区，请重新划分。",
        ),
        Rule(
            "building_cut",
            "error",
            "A grid border cuts {buildings} building(s), or they stand in another grid than their own, the first "
            "{first}; move the border to a wall or draw again.",
            "网格边界穿过{buildings}栋楼，或楼栋落在别的网格（首个{first}），请调整边界或重新划分。",
        ),
        Rule(
            "households_differ",
            "error",
            "The edition counts other households than {buildings} building(s) hold, the first {first}; publish again.",
            "版本的户数与{buildings}栋楼（首个{first}）现有户数不符，请重新发布。",
        ),
        Rule(
            "tallies_differ",
            "error",
            "The tallies of grid(s) {codes} are not the sums of their buildings; publish again.",
            "网格{codes}的户数或楼栋数与其楼栋合计不符，请重新发布。",
        ),
        Rule(
            "grid_below_band",
            "error",
            "Grid {grid} has {households} households, fewer than {minimum}; join it to a neighbour, or have a reviewer "
            "accept it on publishing.",
            "网格{grid}有{households}户，少于{minimum}户，请与相邻网格合并，或由审核人在发布时确认。",
        ),
        Rule(
            "grid_above_band",
            "error",
            "Grid {grid} has {households} households, more than {maximum}; split it, or have a reviewer accept it on "
            "publishing.",
            "网格{grid}有{households}户，多于{maximum}户，请拆分，或由审核人在发布时确认。",
        ),
        Rule(
            "code_reused",
            "error",
            "Grid code(s) {codes} were given up before and cannot be given again; number the grids again.",
            "网格编码{codes}已停用，不能再次使用，请重新编号。",
        ),
        Rule(
            "code_of_another_community",
            "error",
            "Grid code(s) {codes} belong to another community; number the grids again.",
            "网格编码{codes}属于其他社区，请重新编号。",
        ),
        Rule(
            "code_not_retired",
            "error",
            "Grid code(s) {codes} end with the old edition but were not retired; publish again.",
            "网格编码{codes}随旧版本失效但未停用，请重新发布。",
        ),
        Rule(
            "lineage_unfounded",
            "error",
            "The lineage names {codes}, which this edition does not retire, or a child that it does not have; number "
            "the grids again.",
            "沿革涉及的{codes}未被本版本停用，或其后继网格不在本版本中，请重新编号。",
        ),
        Rule(
            "lineage_missing",
            "error",
            "Nothing says what became of the retired grid code(s) {codes}; number the grids again.",
            "停用的网格编码{codes}没有沿革记录，请重新编号。",
        ),
    )
}


def refusal(error: psycopg.Error) -> GisgridError | None:
    """Return what the caller is told when the database kept a law, or None when the error is none of ours."""
    sentence = error.diag.message_primary or str(error)
    if error.sqlstate == APPEND_ONLY:
        return Conflict(sentence)
    if error.sqlstate == EDITION_LAW:
        found = tuple(_finding(fault) for fault in json.loads(error.diag.message_detail or "[]"))
        return RefusedData(f"{sentence} {' '.join(finding.message for finding in found[:1])}", found)
    return None


def _finding(fault: Mapping[str, Any]) -> Finding:
    """Return the finding of one fault as the database reports it: rule, codes, figures."""
    codes = [str(code) for code in fault["codes"] or ()]
    figures = dict(fault["figures"])
    geometry = shapely.Point(figures["lon"], figures["lat"]) if "lon" in figures else None
    words = {"codes": _listed(codes), "grids": _listed(codes), "first": codes[0] if codes else "", **figures}
    rule = _RULES[fault["rule"]]
    return Finding(
        rule=rule.name,
        severity=rule.severity,
        message=rule.en.format_map(words),
        message_zh=rule.zh.format_map(words),
        codes=tuple(codes),
        values=figures,
        geometry=geometry,
    )


def _listed(codes: list[str]) -> str:
    """Return the codes as a list that stays readable: the first five and how many more."""
    more = f" … (+{len(codes) - 5})" if len(codes) > 5 else ""
    return ", ".join(codes[:5]) + more
