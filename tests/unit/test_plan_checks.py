"""The four checks: each finding is drawn once, with its reason, and a good plan has no error."""

from __future__ import annotations

import dataclasses

import pytest
import shapely

from gisgrid.model import Band, Building, DrawSettings, Estate, Finding, Grid, Rule
from gisgrid.plan import check_boundary, check_coverage, check_locks, check_proof, check_size
from gisgrid.plan.checks import ACCEPTABLE, CHECK_NAMES, CHECK_OF_RULE, check_plan
from tests.draw import LAT, LAT_STEP, LON, LON_STEP, Sketch, drawn


def check(sketch: Sketch, grids: tuple[Grid, ...] | None = None, **settings: object) -> list[Finding]:
    drawing = sketch.drawing(DrawSettings(**settings))  # type: ignore[arg-type]  # named as the settings are
    if grids is not None:
        drawing = dataclasses.replace(drawing, grids=grids)
    return list(check_plan(drawing, sketch.cells, sketch.borders, sketch.inputs))


def errors(findings: list[Finding]) -> list[str]:
    return [finding.rule for finding in findings if finding.severity == "error"]


def only(findings: list[Finding], rule: str) -> Finding:
    (finding,) = [finding for finding in findings if finding.rule == rule]
    return finding


def replaced(sketch: Sketch, key: str, **changes: object) -> tuple[Grid, ...]:
    return tuple(dataclasses.replace(g, **changes) if g.key == key else g for g in sketch.grids)  # type: ignore[arg-type]


GOOD = drawn("AABB\nAABB")


def test_a_good_plan_has_no_error_and_no_warning() -> None:
    findings = check(GOOD)
    assert {finding.severity for finding in findings} <= {"info"}
    assert only(findings, "borders_on_lines").values["border_m"] == 80.0


def test_every_rule_belongs_to_one_of_the_four_checks() -> None:
    modules = (check_boundary, check_coverage, check_locks, check_proof, check_size)
    rules = {value.name for module in modules for value in vars(module).values() if isinstance(value, Rule)}
    assert rules == set(CHECK_OF_RULE)
    assert set(CHECK_OF_RULE.values()) == set(CHECK_NAMES)
    assert set(CHECK_OF_RULE) >= ACCEPTABLE


def test_errors_come_first() -> None:
    order = [finding.severity for finding in check(drawn("ABBB\nABBB"))]
    assert order == sorted(order, key=["error", "warning", "info"].index)


# ---- right size --------------------------------------------------------------------------------------------------


def test_a_tower_alone_above_the_band_is_named() -> None:
    finding = only(check(drawn("TAAA", households={"T": 528, "A": 120})), "grid_above_band")
    assert finding.values["reason"] == "one_building"
    assert "B000" in finding.message
    assert "528" in finding.message
    assert "28" in finding.message_zh
    assert finding.codes == ("T",)
    assert finding.geometry is not None


def test_a_grid_that_could_give_buildings_away_is_the_planners_work() -> None:
    findings = check(drawn("AAAAAABB", households=90))
    assert only(findings, "grid_above_band").values["reason"] == "search"
    assert only(findings, "grid_below_band").values["reason"] == "search"


def test_a_zone_that_no_number_of_grids_fits_is_said_with_its_figure() -> None:
    finding = only(check(drawn("AAAAA|BBBB", households={"A": 110, "B": 100})), "grid_above_band")
    assert finding.values["reason"] == "no_count"
    assert "550" in finding.message


def test_ground_closed_in_by_barriers_says_so() -> None:
    finding = only(check(drawn("AAAA|B", households={"A": 100, "B": 60})), "grid_below_band")
    assert finding.values["reason"] == "closed_in"
    assert "40 m of its 40 m" in finding.message


def test_an_enclave_says_so() -> None:
    finding = only(check(drawn("AAAA.B", households={"A": 100, "B": 60})), "grid_below_band")
    assert finding.values["reason"] == "enclave"


def test_a_community_below_the_band_says_so() -> None:
    finding = only(check(drawn("AA", households=100)), "grid_below_band")
    assert finding.values["reason"] == "whole_community"


def test_the_band_is_a_setting() -> None:
    assert errors(check(drawn("AABB", households=130), band=Band(240, 560, 400))) == []


def test_a_dedicated_grid_is_exempt_from_the_band() -> None:
    sketch = drawn("AAAAM", households={"A": 100, "M": 3})
    findings = check(sketch, replaced(sketch, "M", kind="dedicated"))
    assert errors(findings) == []
    assert only(findings, "dedicated_with_households").values["households"] == 3


def test_counts_that_changed_since_the_plan_was_saved_are_found() -> None:
    finding = only(check(GOOD, replaced(GOOD, "A", households=390)), "households_changed")
    assert (finding.values["before"], finding.values["households"]) == (390, 400)


def with_buildings(sketch: Sketch, **changes: object) -> Sketch:
    buildings = tuple(dataclasses.replace(b, **changes) for b in sketch.inputs.buildings)  # type: ignore[arg-type]
    return dataclasses.replace(sketch, inputs=dataclasses.replace(sketch.inputs, buildings=buildings))


def test_estimated_counts_and_another_measure_are_said() -> None:
    assert only(check(with_buildings(GOOD, household_source="estimated")), "households_estimated").values == {
        "households": 800,
        "buildings": 8,
    }
    finding = only(check(with_buildings(GOOD, household_measure="registered")), "measure_differs")
    assert "户籍户" in finding.message_zh


# ---- clear boundary ----------------------------------------------------------------------------------------------


def test_a_grid_in_two_pieces_is_an_error() -> None:
    finding = only(check(drawn("ABBA", households=150)), "grid_not_connected")
    assert finding.values["pieces"] == 2
    assert finding.severity == "error"


def test_cells_that_meet_in_a_point_are_not_connected() -> None:
    assert "grid_not_connected" in errors(check(drawn("AB\nBA", households=200)))


def test_a_grid_over_a_barrier_is_a_warning_with_the_smaller_side() -> None:
    finding = only(check(drawn("AAA|A", households="100 100 100 60")), "barrier_crossed")
    assert (finding.severity, finding.values["households"], finding.values["barrier_m"]) == ("warning", 60, 40.0)


def test_empty_ground_over_a_barrier_is_only_told() -> None:
    findings = check(drawn("AAA|A", households="100 100 150 0"))
    assert only(findings, "empty_ground_joined").severity == "info"
    assert "barrier_crossed" not in [finding.rule for finding in findings]


def test_a_barrier_with_a_way_round_inside_the_grid_is_not_crossed() -> None:
    assert "barrier_crossed" not in [f.rule for f in check(drawn("A|A\nAA", households=100))]


def with_estate(sketch: Sketch, cells: list[int]) -> Sketch:
    buildings = tuple(
        dataclasses.replace(b, estate="E1") if i in cells else b for i, b in enumerate(sketch.inputs.buildings)
    )
    inputs = dataclasses.replace(sketch.inputs, buildings=buildings, estates=(Estate("E1", "琅琊小区"),))
    return dataclasses.replace(sketch, inputs=inputs)


def test_an_estate_that_would_fit_into_one_grid_but_is_split_is_a_warning() -> None:
    finding = only(check(with_estate(GOOD, [1, 2, 5])), "estate_split")
    assert (finding.codes, finding.values["households"]) == (("E1",), 300)
    assert "琅琊小区" in finding.message_zh


def test_an_estate_larger_than_a_grid_is_only_told() -> None:
    assert only(check(with_estate(GOOD, list(range(8)))), "estate_divided").severity == "info"


def test_a_straggling_grid_is_a_warning() -> None:
    line = "A" * 24
    findings = check(drawn(f"{line}\n{'B' * 24}", households=20))
    assert [f.values["grid"] for f in findings if f.rule == "straggling_grid"] == ["A", "B"]


def test_a_cut_building_is_named() -> None:
    wide = shapely.box(LON + 1.5 * LON_STEP, LAT - 0.8 * LAT_STEP, LON + 2.5 * LON_STEP, LAT - 0.2 * LAT_STEP)
    inputs = GOOD.inputs
    buildings = tuple(b if b.code != "B001" else dataclasses.replace(b, geometry=wide) for b in inputs.buildings)
    cut = dataclasses.replace(GOOD, inputs=dataclasses.replace(inputs, buildings=buildings))
    finding = only(check(cut), "building_cut")
    assert finding.codes == ("B001",)
    assert finding.geometry == wide


def test_a_neighbours_building_that_reaches_in_is_not_cut_either() -> None:
    over = shapely.box(LON + 1.8 * LON_STEP, LAT - 0.1 * LAT_STEP, LON + 2.2 * LON_STEP, LAT + 0.5 * LAT_STEP)
    reaching = dataclasses.replace(GOOD, inputs=dataclasses.replace(GOOD.inputs, foreign_footprints=(over,)))
    assert only(check(reaching), "neighbours_building_cut").geometry == over


# ---- seamless, full coverage -------------------------------------------------------------------------------------


def test_an_empty_plan_is_an_error() -> None:
    assert errors(check(GOOD, ())) == ["plan_empty"]


def test_ground_and_buildings_in_no_grid_are_errors() -> None:
    findings = check(GOOD, GOOD.grids[:1])
    assert only(findings, "ground_without_grid").values["area_m2"] > 6000.0
    assert only(findings, "cells_without_grid").values["count"] == 4
    assert [f.codes for f in findings if f.rule == "building_without_grid"] == [
        ("B002",),
        ("B003",),
        ("B006",),
        ("B007",),
    ]


def test_overlapping_grids_are_an_error_with_the_area() -> None:
    larger = shapely.union_all([GOOD.grid("A").geometry, GOOD.cells[2].geometry])
    finding = only(check(GOOD, replaced(GOOD, "A", geometry=larger)), "grids_overlap")
    assert finding.codes == ("A", "B")
    assert finding.values["area_m2"] > 1500.0


def test_a_grid_over_the_communitys_edge_is_an_error() -> None:
    west, south, east, north = GOOD.grid("A").geometry.bounds
    findings = check(GOOD, replaced(GOOD, "A", geometry=shapely.box(west - LON_STEP, south, east, north)))
    assert "grid_outside_community" in errors(findings)


def test_a_border_with_a_vertex_on_one_side_only_is_an_error() -> None:
    middle = (round(LON + 2 * LON_STEP + 3e-8, 9), round(LAT - LAT_STEP, 9))
    ring = list(GOOD.grid("A").geometry.exterior.coords)
    at = max(range(len(ring) - 1), key=lambda i: ring[i][0] + ring[i + 1][0])
    bent = shapely.Polygon([*ring[: at + 1], middle, *ring[at + 1 :]])
    assert errors(check(GOOD, replaced(GOOD, "A", geometry=bent)))


def test_an_invalid_outline_is_an_error_with_the_reason() -> None:
    bow = shapely.Polygon([(LON, LAT), (LON + LON_STEP, LAT - LAT_STEP), (LON + LON_STEP, LAT), (LON, LAT - LAT_STEP)])
    finding = only(check(GOOD, replaced(GOOD, "A", geometry=bow)), "grid_invalid")
    assert "Self-intersection" in finding.message


def test_a_building_in_two_grids_is_an_error() -> None:
    grids = replaced(GOOD, "A", buildings=(*GOOD.grid("A").buildings, "B002"), cells=(*GOOD.grid("A").cells, 2))
    findings = check(GOOD, grids)
    assert only(findings, "building_in_two_grids").values["grids"] == "A, B"
    assert only(findings, "cell_in_two_grids").values["cell"] == 2


def test_a_building_that_is_gone_is_an_error() -> None:
    inputs = dataclasses.replace(GOOD.inputs, buildings=GOOD.inputs.buildings[1:])
    finding = only(check(dataclasses.replace(GOOD, inputs=inputs)), "building_gone")
    assert finding.codes == ("B000", "A")


def test_a_new_building_belongs_to_no_grid_until_the_plan_is_drawn_again() -> None:
    new = Building("B900", GOOD.inputs.buildings[0].geometry, households=12)
    inputs = dataclasses.replace(GOOD.inputs, buildings=(*GOOD.inputs.buildings, new))
    assert only(check(dataclasses.replace(GOOD, inputs=inputs)), "building_without_grid").codes == ("B900",)


def test_a_plan_drawn_by_hand_is_checked_without_cells() -> None:
    grids = tuple(dataclasses.replace(grid, cells=()) for grid in GOOD.grids)
    drawing = dataclasses.replace(GOOD.drawing(), grids=grids, cells=(), borders=())
    findings = check_plan(drawing, (), (), GOOD.inputs)
    assert errors(list(findings)) == []


@pytest.mark.parametrize("name", ["{0.__class__}", "{households}", "%s", "{{7*7}}"])
def test_names_in_findings_are_never_read_as_templates(name: str) -> None:
    sketch = with_estate(GOOD, [1, 2])
    inputs = dataclasses.replace(sketch.inputs, estates=(Estate("E1", name),))
    assert name in only(check(dataclasses.replace(sketch, inputs=inputs)), "estate_split").message
