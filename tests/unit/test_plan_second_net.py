"""A second net against the grids: whole grids in an area, whole areas in a grid, and what cuts what."""

from __future__ import annotations

from gisgrid.maps.net_tables import net_table
from gisgrid.model.nets import NetMatch, NetShare
from gisgrid.plan.second_net import match_nets


def share(grid: str, area: str | None, buildings: int, net: str = "police") -> NetShare:
    return NetShare(grid, net, area, None if area is None else f"{area}警区", buildings, 10 * buildings)


def relations(match: NetMatch) -> dict[tuple[str, str | None], str]:
    return {(pair.share.grid, pair.share.area): pair.relation for pair in match.pairs}


def test_what_holds_the_other_is_no_mismatch() -> None:
    """Two grids in a beat, two monitoring areas in a grid, an area that is a grid."""
    beats = match_nets([share("1", "P", 5), share("2", "P", 3)], {"1", "2"})
    assert relations(beats) == {("1", "P"): "grid_inside", ("2", "P"): "grid_inside"}
    small = match_nets([share("1", "A", 5), share("1", "B", 3), share("2", "C", 4)], {"1", "2"})
    assert relations(small) == {("1", "A"): "area_inside", ("1", "B"): "area_inside", ("2", "C"): "same"}
    assert beats.findings == small.findings == ()


def test_what_cuts_the_other_is_one_with_the_figures() -> None:
    found = match_nets([share("1", "P", 5), share("2", "P", 1), share("2", "Q", 4)], {"1", "2"})
    assert relations(found) == {("1", "P"): "grid_inside", ("2", "P"): "crossing", ("2", "Q"): "area_inside"}
    (finding,) = found.findings
    assert (finding.rule, finding.codes) == ("net_crosses_grid", ("2", "P"))
    assert "共有1栋10户，网格另有4栋在片区外，片区另有5栋在网格外" in finding.message_zh
    assert net_table(found).rows[1] == ["警务网格", "2", "P", "P警区", 1, 10, "相互切割"]


def test_a_grid_beyond_the_question_makes_its_neighbour_cut_all_the_same() -> None:
    found = match_nets([share("1", "P", 5), share("1", "Q", 1), share("9", "P", 2)], {"1"})
    assert relations(found) == {("1", "P"): "crossing", ("1", "Q"): "area_inside"}


def test_buildings_in_no_area_are_told_and_a_net_from_elsewhere_is_not_theirs() -> None:
    found = match_nets([share("1", "P", 5), share("1", None, 2), share("1", None, 7, "monitoring")], {"1"})
    assert found.nets == ("police",)
    assert relations(found) == {("1", None): "outside", ("1", "P"): "area_inside"}
    assert [finding.rule for finding in found.findings] == ["grid_outside_net"]
    assert "未导入" in str(net_table(match_nets([], {"1"})).note)
