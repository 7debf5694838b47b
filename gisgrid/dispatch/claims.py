"""The grid that a sender claims for a report: compared with the evidence, and never followed by itself.

Room `dispatch`, pure. In: the claimed code, what became of that grid, the assignment by the evidence. Out: findings.
Imports the nouns only.

A claim comes from a drop-down list that nobody compares with the place, and orders bounce for it (属地不符). So a
building or a point decides; a claim that differs is a finding on the report, and a claim alone is a candidate for
whoever works through the list of unplaced reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from gisgrid.model import Assignment, Finding, Rule

DISAGREES: Final = Rule(
    "report_grid_disagrees",
    "warning",
    "The sender claims grid {claimed}, but the {evidence} lies in grid {grid}, which was followed. "
    "Check the place with the sender before it is returned.",
    "来源方称属于网格{claimed}，而{evidence_zh}位于网格{grid}，已按后者落格；请与来源方核实位置，以免退单。",
)
CLAIMED_ONLY: Final = Rule(
    "report_grid_claimed",
    "warning",
    "The sender claims grid {claimed}, and no usable place in the report proves it, so it was not followed. "
    "Confirm the place and reassign the report{candidates}.",
    "来源方称属于网格{claimed}，但诉求中没有可用的位置佐证，未按其落格；请核实后改派{candidates_zh}。",
)
ENDED: Final = Rule(
    "report_grid_ended",
    "warning",
    "Grid {claimed}, which the sender claims, has ended; its ground went to {successors}. "
    "Send the source the codes that are in force.",
    "来源方所称网格{claimed}已停用，其范围现属{successors_zh}；请向来源方提供现行网格编码。",
)
UNKNOWN: Final = Rule(
    "report_grid_unknown",
    "warning",
    "Grid {claimed}, which the sender claims, has never existed; send the source the codes that are in force.",
    "来源方所称网格{claimed}从未存在；请向来源方提供现行网格编码。",
)


def claim_findings(claimed: str, successors: Mapping[str, Sequence[str]], assignment: Assignment) -> list[Finding]:
    """Return what is to be said of a claimed grid; nothing where the evidence agrees with it.

    Parameters
    ----------
    claimed
        The grid that the sender names.
    successors
        For each grid that ever was: the grids in force that its ground went to, itself where it is in force.
    assignment
        The grid by the evidence. On a border both sides agree with it.
    """
    if claimed not in successors:
        return [UNKNOWN.finding(codes=[claimed], claimed=claimed)]
    heirs = list(successors[claimed])
    findings = []
    if heirs != [claimed]:
        findings.append(
            ENDED.finding(
                codes=[claimed, *heirs],
                claimed=claimed,
                successors=", ".join(heirs) or "no grid in force",
                successors_zh="网格" + "、".join(heirs) if heirs else "现行网格之外",
            )
        )
    if assignment.grid is None:
        others = "" if heirs == [claimed] or not heirs else ", ".join(heirs)
        findings.append(
            CLAIMED_ONLY.finding(
                codes=heirs or [claimed],
                claimed=claimed,
                candidates=f" to one of {others}" if others else "",
                candidates_zh=f"至{others}之一" if others else "",
            )
        )
    elif _possible(assignment).isdisjoint(heirs):
        named = assignment.method == "building"
        findings.append(
            DISAGREES.finding(
                codes=[claimed, assignment.grid],
                claimed=claimed,
                grid=assignment.grid,
                evidence="building" if named else "point",
                evidence_zh="楼栋" if named else "坐标点",
            )
        )
    return findings


def _possible(assignment: Assignment) -> set[str | None]:
    """Return the grids that the evidence allows: the assigned one, and across a border that the point lies on."""
    on_border = assignment.method == "border"
    across = {each.code for each in assignment.neighbours if on_border and each.distance_m == 0.0}
    return {assignment.grid, *across}
