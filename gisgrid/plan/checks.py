"""The four checks that every plan is judged by: clear boundary, right size, seamless, full coverage.

Room: plan. In: a plan or drawing, its cells and borders, the community's inputs of today. Out: findings, errors first.
Imports `plan.sheet` and the modules of checks; no database.

A new check is one function that takes a `Sheet` and returns findings, called from `boundary_findings`,
`size_findings` or `coverage_findings`, and its rule in `CHECK_OF_RULE`. Beside the four stand the locks (`check_locks`)
and what is known of the zones (`check_proof`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final, Literal

from gisgrid.model import Cell, CellBorder, CommunityInputs, Drawing, Finding, Plan
from gisgrid.plan import check_boundary, check_coverage, check_locks, check_proof, check_size
from gisgrid.plan.sheet import Sheet

CheckName = Literal["clear_boundary", "right_size", "seamless", "full_coverage"]

CHECK_NAMES: Final[Mapping[CheckName, str]] = MappingProxyType(
    {"clear_boundary": "边界清晰", "right_size": "规模适度", "seamless": "无缝管理", "full_coverage": "全面覆盖"}
)

ACCEPTABLE: Final = frozenset({"grid_above_band", "grid_below_band"})
"""Errors that a reviewer may accept at publication; all others are breaches of the invariants."""

CHECK_OF_RULE: Final[Mapping[str, CheckName]] = MappingProxyType(
    {
        "grid_not_connected": "clear_boundary",
        "building_cut": "clear_boundary",
        "neighbours_building_cut": "clear_boundary",
        "barrier_crossed": "clear_boundary",
        "empty_ground_joined": "clear_boundary",
        "estate_split": "clear_boundary",
        "estate_divided": "clear_boundary",
        "straggling_grid": "clear_boundary",
        "borders_on_lines": "clear_boundary",
        "grid_above_band": "right_size",
        "grid_below_band": "right_size",
        "households_changed": "right_size",
        "households_estimated": "right_size",
        "measure_differs": "right_size",
        "dedicated_with_households": "right_size",
        "zone_proven_best": "right_size",
        "zone_searched": "right_size",
        "zone_impossible": "right_size",
        "lock_not_kept": "clear_boundary",
        "grid_invalid": "seamless",
        "grids_overlap": "seamless",
        "borders_unmatched": "seamless",
        "cell_in_two_grids": "seamless",
        "building_in_two_grids": "seamless",
        "plan_empty": "full_coverage",
        "plan_without_cells": "full_coverage",
        "ground_without_grid": "full_coverage",
        "grid_outside_community": "full_coverage",
        "cells_without_grid": "full_coverage",
        "building_without_grid": "full_coverage",
        "building_gone": "full_coverage",
    }
)

REPAIR_RULES: Final = frozenset(
    {
        "repaired_total",
        "repaired_overlap",
        "repaired_gap",
        "repaired_outside",
        "repaired_building",
        "repaired_sliver",
        "repaired_detached",
        "grid_fell_away",
    }
)
"""What a repair changed (`plan.repairing`): it stays told until the plan is edited."""

_SEVERITIES: Final = ("error", "warning", "info")


def check_plan(
    plan: Plan | Drawing, cells: Sequence[Cell], borders: Sequence[CellBorder], inputs: CommunityInputs
) -> tuple[Finding, ...]:
    """Return everything that speaks against a plan or is worth knowing, errors first.

    Parameters
    ----------
    plan
        A stored plan, or a drawing that is about to be.
    cells, borders
        The ground it was drawn on.
    inputs
        The community as it is today.
    """
    proofs = plan.proofs if isinstance(plan, Drawing) else check_proof.proofs_in(plan.findings)
    found = findings_of(Sheet.of(plan.grids, (cells, borders), inputs, plan.settings, proofs))
    told = [finding for finding in plan.findings if finding.rule in REPAIR_RULES]
    return tuple(sorted((*found, *told), key=lambda finding: _SEVERITIES.index(finding.severity)))


def findings_of(sheet: Sheet) -> tuple[Finding, ...]:
    """Return the findings of a sheet, errors first, in a fixed order."""
    found = check_coverage.coverage_findings(sheet)
    if sheet.grids and not sheet.drawn_only:  # who lives where, and where borders run, is known by cells
        found += check_size.size_findings(sheet)
        found += check_boundary.boundary_findings(sheet)
        found += check_locks.lock_findings(sheet)
        found += check_proof.proof_findings(sheet)
    return tuple(sorted(found, key=lambda finding: _SEVERITIES.index(finding.severity)))
