"""The figures of an internal map: on the page for staff, nowhere for the public."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest

from gisgrid.maps.content import MapData
from gisgrid.maps.figure_layers import CircleLayer, LoadLayer, NetLayer, OverdueLayer, RankingLayer
from gisgrid.maps.lattice import Lattice
from gisgrid.maps.staff_map import render_staff_map
from gisgrid.model import Estate, GridLoad
from gisgrid.model.circles import CircleCentre, CircleGrid, ServiceCircle
from gisgrid.model.nets import NetArea, NetMatch, NetPair, NetShare
from gisgrid.model.rankings import EstateCount, Quarter, RankedEstate, Ranking

from .conftest import HOSTILE, SIDE, SOUTH, WEST, cell
from .test_staff_map_browser import click, pixel, visit

__all__ = ["visit"]

FIRST, SECOND = "990101001001001", "990101001001002"


def with_figures(place: MapData, name: str = "琅园小区") -> MapData:
    """The street with all figures: grid 1 within the circle, overdue, cut by a beat; an estate in grid 2."""
    grids = (
        CircleGrid(FIRST, "第1网格", "990101001001", 401, 401, 401, 321.5, "S1"),
        CircleGrid(SECOND, "第2网格", "990101001001", 402, 0, 402, None, None),
    )
    centre = CircleCentre("S1", name, "990101001001", 300.0, cell(1, 1).centroid)
    estate = Estate("E1", name, "old", name, cell(1, 0))
    ranked = RankedEstate(estate, 402, EstateCount(8, 4, 1, 1), 2.49, 3, -2)
    share = NetShare(FIRST, "police", "P1", name, 3, 90)
    loads = {FIRST: GridLoad(12, 5, 2), SECOND: GridLoad(3, 0, 0)}
    layers = (
        CircleLayer(ServiceCircle(1000.0, {}, grids, (centre,), 0, ())),
        LoadLayer(loads, 90),
        OverdueLayer(loads),
        RankingLayer(Ranking(Quarter(2026, 3), (ranked,), ()), (estate,)),
        NetLayer(
            (NetArea("police", "P1", name, cell(0, 0)),), NetMatch(("police",), (NetPair(share, "crossing"),), ())
        ),
    )
    return dataclasses.replace(place, layers=layers)


def test_the_public_gets_none_of_them(place: MapData) -> None:
    data = with_figures(place, "机密小区")
    for layer in data.layers:
        assert layer.document(Lattice(WEST, SOUTH), "public") is None, layer.key
        assert layer.document(Lattice(WEST, SOUTH), "internal") is not None, layer.key
    html = render_staff_map(data, audience="public")
    assert "机密小区" not in html
    assert "choropleth" not in html
    assert "机密小区" in render_staff_map(data, audience="internal")


def test_where_nothing_was_counted_there_is_no_layer() -> None:
    empty = (
        CircleLayer(ServiceCircle(1000.0, {}, (), (), 0, ())),
        LoadLayer({}, 90),
        OverdueLayer({FIRST: GridLoad(3, 1, 0)}),
        RankingLayer(Ranking(Quarter(2026, 3), (), ()), ()),
        NetLayer((), NetMatch((), (), ())),
    )
    assert [layer.document(Lattice(WEST, SOUTH), "internal") for layer in empty] == [None] * 5


def test_a_circle_is_round_on_the_ground() -> None:
    circle = ServiceCircle(1000.0, {}, (), (CircleCentre("S1", "甲", None, None, cell(1, 1).centroid),), 0, ())
    document = CircleLayer(circle).document(Lattice(WEST, SOUTH), "internal")
    assert document is not None
    assert json.loads(json.dumps(document))["reach"] == 1000


@pytest.mark.browser
def test_each_is_switched_on_and_told_on_the_card(place: MapData, visit: Any) -> None:
    page = visit(with_figures(place, HOSTILE[0]))
    corner = (WEST + 0.12 * SIDE, SOUTH + 0.12 * SIDE)
    colours = {"": pixel(page, *corner)}
    page.locator(".gisgrid-switches summary").click()
    for key in ("circle", "load", "overdue", "ranking", "nets"):
        tick = page.locator(f".gisgrid-switches input[name={key}]")
        assert not tick.is_checked(), f"{key} is shown without being asked for"
        tick.check()
        colours[key] = pixel(page, *corner)  # in grid 1; the estate lies in grid 2
        legend = page.locator("#legend").inner_text()
        tick.uncheck()
        assert {"circle": "全部在圈内", "load": "诉求", "overdue": "逾期", "ranking": "2026Q3", "nets": "与网格不符"}[
            key
        ] in legend
    assert len(set(colours.values())) == len(colours)
    for key in ("circle", "load", "ranking", "nets"):
        page.locator(f".gisgrid-switches input[name={key}]").check()
    page.locator(".gisgrid-switches summary").click()
    click(page, WEST + 0.2 * SIDE, SOUTH + 0.2 * SIDE)
    told = page.locator("#card").inner_text()
    for words in ("401 / 401 (100%)", "322 m", "12 (90 d)", f"{HOSTILE[0]} · 3栋 · 相互切割"):
        assert words in told
    click(page, WEST + 1.2 * SIDE, SOUTH + 0.2 * SIDE)
    assert "3 (下降2位)" in page.locator("#card").inner_text()
    assert "路径未知" in page.locator("#card").inner_text()
