"""A report finds its grid, and whatever speaks against the answer is a finding on it."""

from __future__ import annotations

import dataclasses

import pytest
import shapely

from gisgrid.dispatch.assignment import BuildingGrid, Placement, place_report
from gisgrid.dispatch.states import state_when_filed
from gisgrid.errors import MissingCrs
from gisgrid.geometry.crs import from_wgs84
from gisgrid.lookup.index import PointIndex
from gisgrid.model import Assignment, Location, Report

WEST, EAST = "990101001001001", "990101001001002"
INDEX = PointIndex(
    [WEST, EAST], [shapely.box(111.70, 40.80, 111.71, 40.81), shapely.box(111.71, 40.80, 111.72, 40.81)], ["7", "7"]
)
BUILDINGS = {
    "B1": BuildingGrid(WEST, "7"),
    "B2": BuildingGrid(EAST, "7"),
    "B3": BuildingGrid(None, None),
}
IN_WEST = Report("12345", "1", lon=111.705, lat=40.805, crs="wgs84")


def locate(lon: float, lat: float) -> Location:
    return INDEX.locate(lon, lat, nearest_tolerance_m=20)


def placed(report: Report) -> Placement:
    return place_report(report, locate=locate, buildings=BUILDINGS)


def rules(placement: Placement) -> list[str]:
    return [finding.rule for finding in placement.assignment.findings]


def test_a_point_in_a_grid_is_assigned_with_its_evidence() -> None:
    placement = placed(IN_WEST)
    expected = locate(111.705, 40.805)
    assert placement.point == (111.705, 40.805)
    assert placement.assignment == Assignment(
        WEST, "inside", "7", expected.border_distance_m, expected.neighbours, findings=()
    )
    assert state_when_filed(placement.assignment) == "assigned"


@pytest.mark.parametrize("crs", ["gcj02", "bd09", "cgcs2000"])
def test_a_declared_system_is_converted_before_the_lookup(crs: str) -> None:
    x, y = from_wgs84([111.7099], [40.805], crs)  # some metres from the border: a wrong system would cross it
    placement = placed(dataclasses.replace(IN_WEST, lon=float(x[0]), lat=float(y[0]), crs=crs))
    assert placement.point == pytest.approx((111.7099, 40.805), abs=1e-8)
    assert (placement.assignment.grid, placement.assignment.method) == (WEST, "inside")
    assert rules(placement) == []


def test_coordinates_without_a_declared_system_are_refused() -> None:
    with pytest.raises(MissingCrs):
        placed(dataclasses.replace(IN_WEST, crs=None))


def test_a_known_building_decides_and_an_agreeing_point_adds_the_distance() -> None:
    alone = placed(Report("12345", "1", building_code="B1")).assignment
    assert (alone.grid, alone.method, alone.edition, alone.border_distance_m) == (WEST, "building", "7", None)
    with_point = placed(dataclasses.replace(IN_WEST, building_code="B1"))
    assert with_point.assignment.method == "building"
    assert with_point.assignment.border_distance_m == locate(111.705, 40.805).border_distance_m
    assert rules(with_point) == []


def test_a_point_that_disagrees_with_the_building_is_a_finding_and_the_building_is_followed() -> None:
    placement = placed(dataclasses.replace(IN_WEST, building_code="B2"))
    assert (placement.assignment.grid, placement.assignment.method) == (EAST, "building")
    assert rules(placement) == ["report_point_disagrees_with_building"]
    finding = placement.assignment.findings[0]
    assert finding.codes == ("B2", EAST, WEST)
    assert WEST in finding.message
    assert WEST in finding.message_zh


def test_a_point_outside_every_grid_disagrees_with_the_building_too() -> None:
    placement = placed(Report("12345", "1", lon=113.0, lat=40.0, crs="wgs84", building_code="B2"))
    assert placement.assignment.grid == EAST
    assert rules(placement) == ["report_point_disagrees_with_building"]
    assert "outside every grid" in placement.assignment.findings[0].message


def test_a_point_on_the_border_agrees_with_the_buildings_of_both_sides() -> None:
    for building in ("B1", "B2"):
        report = Report("12345", "1", lon=111.71, lat=40.805, crs="wgs84", building_code=building)
        assert rules(placed(report)) == []


def test_an_unknown_building_falls_back_on_the_point_and_says_so() -> None:
    placement = placed(dataclasses.replace(IN_WEST, building_code="B9"))
    assert (placement.assignment.grid, placement.assignment.method) == (WEST, "inside")
    assert rules(placement) == ["report_building_unknown"]


@pytest.mark.parametrize(
    ("report", "expected"),
    [
        (Report("12345", "1", text="路灯不亮"), ["report_without_place"]),
        (Report("12345", "1", building_code="B9"), ["report_building_unknown"]),
        (Report("12345", "1", building_code="B3"), ["report_building_without_grid"]),
        (Report("12345", "1", lon=113.0, lat=40.0, crs="wgs84"), ["report_outside"]),
        (
            Report("12345", "1", lon=40.805, lat=111.705, crs="wgs84"),
            ["report_coordinates_unusable", "report_coordinates_swapped"],
        ),
        (Report("12345", "1", lon=500_000.0, lat=4_500_000.0, crs="wgs84"), ["report_coordinates_unusable"]),
        (Report("12345", "1", lon=111.7, crs="wgs84"), ["report_coordinates_unusable"]),
    ],
)
def test_no_place_or_one_outside_stays_unplaced_with_the_reason(report: Report, expected: list[str]) -> None:
    placement = placed(report)
    assert (placement.assignment.grid, placement.assignment.method) == (None, "unplaced")
    assert state_when_filed(placement.assignment) == "unplaced"
    assert rules(placement) == expected
    for finding in placement.assignment.findings:
        assert finding.severity == "warning"
        assert "{" not in finding.message + finding.message_zh


@pytest.mark.parametrize(("meant", "declared"), [("gcj02", "wgs84"), ("bd09", "cgcs2000"), ("wgs84", "gcj02")])
def test_a_wrongly_declared_system_is_named_as_a_hint_and_never_followed(meant: str, declared: str) -> None:
    # GCJ-02 and BD-09 shift to the east: a corner of the town that the wrong reading pushes out of it.
    corner = (111.7001, 40.8001) if meant == "wgs84" else (111.7199, 40.8099)
    x, y = from_wgs84([corner[0]], [corner[1]], meant)
    report = Report("amap", "1", lon=float(x[0]), lat=float(y[0]), crs=declared)
    placement = placed(report)
    assert placement.assignment.method == "unplaced"
    hints = [f for f in placement.assignment.findings if f.rule == "report_system_doubtful"]
    assert meant in [hint.values["fitting"] for hint in hints]
    assert declared not in [hint.values["fitting"] for hint in hints]


def test_an_error_that_reaches_over_the_border_names_the_grids_it_may_be() -> None:
    near_the_border = dataclasses.replace(IN_WEST, lon=111.7099, accuracy_m=50.0)
    placement = placed(near_the_border)
    assert placement.assignment.grid == WEST
    assert rules(placement) == ["report_accuracy_reaches_neighbours"]
    assert placement.assignment.findings[0].codes == (EAST,)
    assert rules(placed(dataclasses.replace(near_the_border, accuracy_m=5.0))) == []


def test_text_of_the_sender_is_never_read_as_a_template() -> None:
    report = Report("{source.__class__}", "1", lon=40.805, lat=111.705, crs="wgs84")
    swapped = placed(report).assignment.findings[-1]
    assert "{source.__class__}" in swapped.message


SUCCESSORS = {
    WEST: [WEST],
    EAST: [EAST],
    "990101001001007": [WEST],
    "990101001001008": [EAST, WEST],
    "990101001001009": [],
}


def claimed(report: Report, grid: str) -> Placement:
    return place_report(
        dataclasses.replace(report, grid_code=grid), locate=locate, buildings=BUILDINGS, successors=SUCCESSORS
    )


@pytest.mark.parametrize(
    ("report", "grid"),
    [
        (IN_WEST, WEST),
        (dataclasses.replace(IN_WEST, lon=111.71), WEST),
        (dataclasses.replace(IN_WEST, lon=111.71), EAST),
        (Report("12345", "1", building_code="B2"), EAST),
    ],
    ids=["inside", "border", "across the border", "building"],
)
def test_a_claimed_grid_that_agrees_is_no_finding(report: Report, grid: str) -> None:
    assert claimed(report, grid) == placed(report)
    assert rules(claimed(report, grid)) == []


@pytest.mark.parametrize("report", [IN_WEST, Report("12345", "1", building_code="B1")], ids=["point", "building"])
def test_the_evidence_is_followed_and_a_claim_that_differs_is_named(report: Report) -> None:
    placement = claimed(report, EAST)
    assert placement.assignment.grid == WEST
    finding = placement.assignment.findings[0]
    assert (finding.rule, finding.severity, finding.codes) == ("report_grid_disagrees", "warning", (EAST, WEST))
    for sentence in (finding.message, finding.message_zh):
        assert EAST in sentence
        assert WEST in sentence


@pytest.mark.parametrize(
    "report",
    [Report("12345", "1", text="路灯不亮"), Report("12345", "1", lon=113.0, lat=40.0, crs="wgs84")],
    ids=["no place", "outside"],
)
def test_a_claim_alone_is_a_candidate_and_never_an_assignment(report: Report) -> None:
    placement = claimed(report, WEST)
    assert (placement.assignment.grid, placement.assignment.method) == (None, "unplaced")
    assert rules(placement) == [*rules(placed(report)), "report_grid_claimed"]
    assert placement.assignment.findings[-1].codes == (WEST,)


@pytest.mark.parametrize(
    ("grid", "expected"),
    [
        ("990101001001007", ["report_grid_ended"]),
        ("990101001001008", ["report_grid_ended"]),
        ("990101001001009", ["report_grid_ended", "report_grid_disagrees"]),
        ("990101001001999", ["report_grid_unknown"]),
    ],
)
def test_a_claimed_grid_that_ended_names_its_successors_and_one_of_them_agrees(grid: str, expected: list[str]) -> None:
    placement = claimed(IN_WEST, grid)
    assert placement.assignment.grid == WEST
    assert rules(placement) == expected
    assert placement.assignment.findings[0].codes == (grid, *SUCCESSORS.get(grid, []))


def test_the_successors_of_a_claim_alone_are_the_candidates() -> None:
    placement = claimed(Report("12345", "1", text="路灯不亮"), "990101001001008")
    assert rules(placement) == ["report_without_place", "report_grid_ended", "report_grid_claimed"]
    assert placement.assignment.findings[-1].codes == (EAST, WEST)
    assert f"{EAST}, {WEST}" in placement.assignment.findings[-1].message
