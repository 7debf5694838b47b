"""Explanations: the reason that the figures give, in a sentence that names buildings, grids and households."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import pytest

from gisgrid.errors import Conflict
from gisgrid.model import Band, DrawSettings, Estate, Finding, Tie, Weights
from gisgrid.plan.explain import explain_sheet
from gisgrid.plan.sheet import Sheet
from tests.draw import Sketch, drawn


def explained(
    sketch: Sketch,
    *,
    estates: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
    ties: tuple[Tie, ...] = (),
    settings: DrawSettings | None = None,
) -> dict[str, Finding]:
    """The explanations by grid or estate; `estates` and `names` are by building."""
    buildings = tuple(
        dataclasses.replace(each, estate=(estates or {}).get(each.code), name=(names or {}).get(each.code))
        for each in sketch.inputs.buildings
    )
    inputs = dataclasses.replace(
        sketch.inputs, buildings=buildings, ties=ties, estates=(Estate("E1", "榕树苑"), Estate("E2", "海棠里"))
    )
    sheet = Sheet.of(sketch.grids, (sketch.cells, sketch.borders), inputs, settings or DrawSettings())
    return {finding.codes[0]: finding for finding in explain_sheet(sheet)}


def test_a_building_stays_because_the_neighbour_would_hold_too_many() -> None:
    found = explained(drawn("AAABBB", households="130 130 130 160 160 160"), names={"B002": "3号楼"})["A"]
    assert found.rule == "grid_explained"
    assert found.severity == "info"
    assert (
        "3号楼 is in grid A and not in grid B because grid B would hold 610 households (at most 500)" in found.message
    )
    assert "3号楼划入网格A而未划入网格B，因为划入后网格B将有610户，超过上限500户" in found.message_zh
    assert (found.values["reason"], found.values["building"], found.values["other"]) == ("above", "3号楼", "B")


def test_a_building_stays_because_too_few_would_be_left() -> None:
    found = explained(drawn("AAABBB", households="130 110 110 100 100 100"))["A"]
    assert found.values["reason"] == "below"
    assert "grid A would be left with 240 households (at least 300)" in found.message


def test_a_building_stays_because_its_grid_would_fall_apart() -> None:
    found = explained(drawn("AAA\nBBB", households="150 10 150 100 100 100"), ties=(Tie("B001", "B004", 9000.0),))["A"]
    assert found.values["reason"] == "apart"
    assert "grid A would fall into 2 pieces without it" in found.message


def test_a_building_stays_with_those_it_knows() -> None:
    ties = (Tie("B001", "B002", 5.0), Tie("B002", "B003", 2.0))
    found = explained(drawn("AAABBB", households="150 150 50 150 150 100"), ties=ties)["A"]
    assert found.values["reason"] == "ties"
    assert "would cut neighbours' ties of weight 5 and bring together only 2" in found.message
    assert found.values["ties_kept"] == pytest.approx(5 / 7, abs=1e-4)


def test_a_building_stays_so_that_its_estate_is_not_cut() -> None:
    found = explained(
        drawn("AAABBB", households="150 150 50 150 150 100"),
        estates={"B001": "E1", "B002": "E1"},
        settings=DrawSettings(weights=Weights(tie=0.0)),
    )["A"]
    assert found.values["reason"] == "estates"
    assert "that would cut estate 榕树苑" in found.message
    assert "has 1 of its 1 estates whole" in found.message


def test_a_better_place_is_said_plainly() -> None:
    found = explained(drawn("AAABBB", households="150 150 60 150 150 50"), ties=(Tie("B002", "B003", 4.0),))["A"]
    assert found.values["reason"] == "better_ties"
    assert "moving B002 from grid A to grid B would be possible and better" in found.message
    assert "bring together neighbours' ties of weight 4 and cut only 0" in found.message
    assert "可将B002由网格A划入网格B，方案更优" in found.message_zh


def test_a_locked_building_is_no_alternative() -> None:
    sketch = drawn("AAABBB", households="150 150 60 150 150 50")
    settings = DrawSettings(locked_buildings=("B002",))
    assert explained(sketch, ties=(Tie("B002", "B003", 4.0),), settings=settings)["A"].values["building"] is None


def test_towers_enclaves_and_dedicated_ground_have_sentences_of_their_own() -> None:
    found = explained(drawn("T|AA", households={"T": 640, "A": 200}))
    assert "B000 alone holds 640 households" in found["T"].message
    assert found["A"].values["reason"] == "closed_in"
    sketch = drawn("AAD", households={"A": 200, "D": 0})
    grids = tuple(dataclasses.replace(g, kind="dedicated" if g.key == "D" else "residential") for g in sketch.grids)
    found = explained(dataclasses.replace(sketch, grids=grids))
    assert found["D"].rule == "dedicated_explained"
    assert "1600" not in found["A"].message
    assert found["A"].values["reason"] == "closed_in"


def test_a_grid_alone_borders_nothing() -> None:
    found = explained(drawn("AAA"))["A"]
    assert "it borders no other grid" in found.message
    assert "不与其他网格相邻" in found.message_zh


def test_a_plan_without_cells_cannot_be_explained() -> None:
    sketch = drawn("AB")
    bare = dataclasses.replace(sketch, grids=tuple(dataclasses.replace(grid, cells=()) for grid in sketch.grids))
    with pytest.raises(Conflict, match="repair it first"):
        explained(bare)


# ---- estates in several grids ----------------------------------------------------------------------------------


def of_estate(picture: str, households: str, members: str, **more: object) -> Finding:
    """The explanation of estate E1, whose buildings are those marked `x` in `members`."""
    sketch = drawn(picture, households=households)
    marks = "".join(members.split())
    estates = {f"B{number:03d}": "E1" for number, mark in enumerate(marks) if mark == "x"}
    return explained(sketch, estates=estates, **more)["E1"]  # type: ignore[arg-type]  # passed on as given


def test_an_estate_larger_than_a_grid() -> None:
    found = of_estate("AABB", "200 200 200 200", "xxxx")
    assert found.values["reason"] == "larger_than_a_grid"
    assert "Estate 榕树苑 (800 households) lies in grid A (400) and grid B (400)" in found.message
    assert "takes at least 2 grids" in found.message
    assert "小区榕树苑（800户）分属网格A（400户）、网格B（400户）；单个网格上限500户，至少需2个网格" in found.message_zh


def test_an_estate_with_a_tower() -> None:
    assert "B000 alone holds 640" in of_estate("TAA", "640 200 200", "xx.").message


def test_an_estate_whose_parts_do_not_touch() -> None:
    found = of_estate("AABB", "100 190 190 150", "x..x")
    assert found.values["reason"] == "ground_between"
    assert (
        "a grid with it whole would hold at least 630 households with the 380 that live between them" in found.message
    )


def test_little_ground_between_its_parts_keeps_no_estate_apart() -> None:
    assert of_estate("AABBB", "100 150 90 150 150", "x.x..").values["reason"] != "ground_between"


def test_an_estate_on_both_sides_of_a_barrier() -> None:
    settings = DrawSettings(cross_barriers=False)
    assert of_estate("AA|BB", "200 200 200 200", ".xx.", settings=settings).values["reason"] == "parted"


def test_an_estate_that_would_fill_a_grid_beyond_the_band() -> None:
    found = of_estate("AAABBB", "150 150 150 100 150 150", "..xx..")
    assert found.values["reason"] == "above"
    assert "with all 250 of its households grid A would hold 550 (at most 500)" in found.message


def test_an_estate_whose_smaller_part_is_needed_where_it_is() -> None:
    found = of_estate("AABBB", "150 150 100 110 110", ".xx..")
    assert found.values["reason"] == "below"
    assert "moving B002 (100 households) to grid A would leave grid B with 220 (at least 300)" in found.message


def test_an_estate_whose_part_holds_a_grid_together() -> None:
    found = of_estate("BAB\nBBB\nBAB", "90 150 90 90 60 90 90 150 90", ".x. .x. .x.")
    assert found.values["reason"] == "apart"


def test_an_estate_that_could_be_whole_is_said_to_be_so() -> None:
    found = of_estate("AAABBB", "150 150 60 60 150 150", "..xx..")
    assert found.values["reason"] == "could_be_whole"
    assert "it could be whole and the plan better for it: move B003 (60 households) to grid A" in found.message
    assert "请将B003（60户）划入网格A" in found.message_zh


def test_an_estate_that_would_be_whole_at_a_price() -> None:
    ties = (Tie("B001", "B002", 90.0), Tie("B003", "B004", 80.0))
    found = of_estate("AAABBB", "150 150 60 60 150 150", "..xx..", ties=ties)
    assert found.values["reason"] == "dearer"
    assert "would be possible but would cut neighbours' ties of weight" in found.message


def test_a_locked_part_of_an_estate_stays() -> None:
    settings = DrawSettings(locked_buildings=("B002", "B003"))
    assert of_estate("AAABBB", "150 150 60 60 150 150", "..xx..", settings=settings).values["reason"] == "locked"


def test_other_bands_are_named() -> None:
    settings = DrawSettings(band=Band(100, 240, 170))
    assert "(100 to 240 are wanted)" in explained(drawn("AABB"), settings=settings)["A"].message
