"""What is known of zones: told in words, kept with the plan, and dropped as soon as it does not hold any more."""

from __future__ import annotations

import dataclasses
import json

from gisgrid.model import Band, Drawing, DrawSettings, Finding, Plan, ZoneProof
from gisgrid.plan import edits
from gisgrid.plan.check_proof import holds, proof_words, proofs_in
from gisgrid.plan.checks import check_plan
from gisgrid.plan.sheet import Sheet
from tests.draw import Sketch, drawn

TOWN = drawn("AABBCC\nAABBCC")
A, B, C = (TOWN.grid(key).buildings for key in "ABC")


def sheet(sketch: Sketch, *proofs: ZoneProof, **settings: object) -> Sheet:
    asked = DrawSettings(**settings)  # type: ignore[arg-type]  # named as the settings are
    return Sheet.of(sketch.grids, (sketch.cells, sketch.borders), sketch.inputs, asked, tuple(proofs))


def findings(sketch: Sketch, *proofs: ZoneProof) -> dict[str, Finding]:
    drawing = dataclasses.replace(sketch.drawing(), proofs=tuple(proofs))
    return {each.rule: each for each in check_plan(drawing, sketch.cells, sketch.borders, sketch.inputs)}


def stored(drawing: Drawing, found: tuple[Finding, ...]) -> Plan:
    """The plan as it comes back from the database: its findings went through JSON."""
    kept = tuple(dataclasses.replace(each, values=json.loads(json.dumps(dict(each.values)))) for each in found)
    return Plan("1", drawing.community, "draft", 1, drawing.settings, drawing.grids, kept)


def test_zones_of_a_kind_are_told_together_with_their_figures() -> None:
    found = findings(TOWN, ZoneProof("best", (A, B), 5), ZoneProof("none_better", (C, ("X",)), 7))
    assert "800 households in 1 zone(s) into 2 grids is proven best" in found["zone_proven_best"].message
    assert found["zone_proven_best"].values["starts"] == 5
    assert "zone_searched" not in found  # no grid of the plan is what that proof speaks of
    two = findings(TOWN, ZoneProof("none_better", (A, B), 5), ZoneProof("none_better", (C, A), 7))
    assert "in 2 zone(s) into 4 grids was found in 12 starts" in two["zone_searched"].message
    assert "搜索12次" in two["zone_searched"].message_zh


def test_a_zone_of_one_grid_leaves_nothing_to_tell() -> None:
    assert "zone_proven_best" not in findings(TOWN, ZoneProof("best", (A,), 1))


IMPOSSIBLE = drawn("ABC", households={"A": 280, "B": 290, "C": 330})
PROOF = ZoneProof(
    "impossible", (("B000",), ("B001",), ("B002",)), 9, ("B002", "B001", "B000"), Band(280, 520, 400), ("B002",), 2
)


def test_an_impossible_zone_names_its_buildings_and_every_way_out() -> None:
    told = findings(IMPOSSIBLE, PROOF)["zone_impossible"]
    assert told.severity == "warning"
    assert "with 900 households has no plan in 300 to 500, proven" in told.message
    assert "no grid can hold two of B002 (330), B001 (290), B000 (280)" in told.message
    assert "with 280 to 520 households there, or with building B002 entered by its entrances (divided into 2)" in (
        told.message
    )
    assert "280至520户" in told.message_zh
    assert "B002按单元拆分录入（每栋分为2部分）" in told.message_zh
    assert set(told.codes) == {"B000", "B001", "B002"}
    bare = findings(IMPOSSIBLE, dataclasses.replace(PROOF, culprits=(), band=None, divide=(), entrances=0))
    assert "Neither a band wider by a quarter" in bare["zone_impossible"].message
    untried = findings(IMPOSSIBLE, dataclasses.replace(PROOF, band=None, divide=(), entrances=0, tried=False))
    assert "was not looked for; draw with effort `thorough`" in untried["zone_impossible"].message
    assert "未逐项试算" in untried["zone_impossible"].message_zh


def test_a_grid_in_an_impossible_zone_gives_the_proof_as_its_reason() -> None:
    assert findings(IMPOSSIBLE, PROOF)["grid_below_band"].values["reason"] == "proven_impossible"
    assert findings(IMPOSSIBLE)["grid_below_band"].values["reason"] == "search"


def test_a_check_of_the_stored_plan_says_the_same_again() -> None:
    drawing = dataclasses.replace(IMPOSSIBLE.drawing(), proofs=(PROOF,))
    first = check_plan(drawing, IMPOSSIBLE.cells, IMPOSSIBLE.borders, IMPOSSIBLE.inputs)
    plan = stored(drawing, first)
    assert proofs_in(plan.findings) == (PROOF,)
    assert check_plan(plan, IMPOSSIBLE.cells, IMPOSSIBLE.borders, IMPOSSIBLE.inputs) == first


def test_households_that_change_end_a_proof_of_their_zone_alone() -> None:
    def with_households(code: str) -> Sketch:
        buildings = tuple(
            dataclasses.replace(each, households=99) if each.code == code else each for each in TOWN.inputs.buildings
        )
        return dataclasses.replace(TOWN, inputs=dataclasses.replace(TOWN.inputs, buildings=buildings))

    for kind in ("best", "none_better", "impossible", "no_count"):
        proof = ZoneProof(kind, (A, B))  # type: ignore[arg-type]  # each is a kind
        assert holds(sheet(TOWN), proof)
        assert not holds(sheet(with_households(A[0])), proof)
        assert holds(sheet(with_households(C[0])), proof)


def test_a_building_that_came_since_ends_every_proof() -> None:
    new = dataclasses.replace(TOWN.inputs.buildings[0], code="NEW")
    grown = dataclasses.replace(TOWN.inputs, buildings=(*TOWN.inputs.buildings, new))
    assert not holds(sheet(dataclasses.replace(TOWN, inputs=grown)), ZoneProof("impossible", (A,)))


def test_an_edit_ends_what_was_known_of_the_division_but_not_what_is_impossible() -> None:
    best, never = ZoneProof("best", (A, B)), ZoneProof("impossible", (A, B))
    edited = edits.assign(sheet(TOWN, best, never), [A[1]], "B")
    rules = {finding.rule for finding in edited.findings}
    assert "zone_impossible" in rules
    assert "zone_proven_best" not in rules
    elsewhere = edits.rename(sheet(TOWN, best), "C", "东院")
    assert "zone_proven_best" in {finding.rule for finding in elsewhere.findings}


def test_the_words_for_a_table() -> None:
    assert proof_words([ZoneProof("impossible", (A,))]) == "proven impossible"
    assert proof_words([ZoneProof("best", (A,)), ZoneProof("none_better", (B,), 4)]) == "no better found in 4 starts"
    assert proof_words([ZoneProof("best", (A,))]) == "proven best"
