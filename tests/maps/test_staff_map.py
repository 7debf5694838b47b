"""The staff map as text: nothing from outside, nothing of a user in a template, nothing private for the public."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest
import shapely

from gisgrid.errors import Unavailable, UsageError
from gisgrid.maps import grid_layer, resources
from gisgrid.maps.content import MapCommunity, MapData
from gisgrid.maps.grid_layer import SCRIPTS
from gisgrid.maps.lattice import Lattice
from gisgrid.maps.packing import packed
from gisgrid.maps.staff_map import PAGE_SCRIPTS, render_staff_map
from gisgrid.model import Division

from . import unpacking
from .conftest import NOW
from .unpacking import block


def without_code(html: str) -> str:
    """Return the page without scripts, styles and data: what is read as HTML."""
    return re.sub(r"<(script|style)\b.*?</\1>", "", html, flags=re.DOTALL)


def test_the_page_links_to_nothing(place: MapData) -> None:
    html = without_code(render_staff_map(place, audience="internal"))
    assert not re.search(r"<(link|img|iframe|object|embed|base)\b", html)
    assert not re.search(r"\b(src|srcset|action|style|on\w+)=", html)
    assert all(target.startswith("#") for target in re.findall(r'href="([^"]*)"', html))


def test_the_policy_allows_the_scripts_and_styles_of_the_page_and_nothing_else(place: MapData) -> None:
    html = render_staff_map(place, audience="internal")
    (policy,) = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]*)"', html)
    directives = {part.split()[0]: part.split()[1:] for part in policy.split("; ")}
    for tag in ("script", "style"):
        texts = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        sums = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in texts]
        assert directives.pop(f"{tag}-src") == [f"'sha256-{value}'" for value in sums]
        assert texts
    assert directives == {
        "default-src": ["'none'"],
        "img-src": ["data:"],
        "base-uri": ["'none'"],
        "form-action": ["'none'"],
    }
    assert html.index("Content-Security-Policy") < html.index("<style>") < html.index("<script>")


def test_the_same_data_make_the_same_page(place: MapData) -> None:
    assert render_staff_map(place, audience="internal") == render_staff_map(place, audience="internal")


def test_no_text_of_a_user_is_read_as_a_template_or_as_html(hostile_place: MapData) -> None:
    html = render_staff_map(hostile_place, audience="internal")
    document = block(html)
    names = {grid.name for community in hostile_place.communities for grid in community.edition.grids}
    assert {grid["name"] for grid in unpacking.grids(document)} == names
    assert {building["name"] for building in unpacking.buildings(document)} == names
    read = without_code(html)
    assert "{{7*7}}&lt;img src=x onerror=alert(1)&gt;" in read
    assert not re.search(r"<(img|svg)\b", read)
    layers, others = 4, 3  # Leaflet, the data, the start
    assert html.count("<script") == len(SCRIPTS) + len(PAGE_SCRIPTS) + layers + others


def test_shapes_of_the_data_block_are_the_shapes_to_a_millionth_of_a_degree(place: MapData) -> None:
    document = block(render_staff_map(place, audience="internal"))
    grids = [grid for community in place.communities for grid in community.edition.grids]
    for drawn, grid in zip(unpacking.grids(document), grids, strict=True):
        (ring,) = drawn["rings"]
        assert shapely.hausdorff_distance(shapely.Polygon(ring).exterior, grid.geometry.exterior) < 1e-6
        assert grid.geometry.contains(shapely.Point(drawn["label"]))
    buildings = [building for community in place.communities for building in community.buildings]
    for drawn, building in zip(unpacking.buildings(document), buildings, strict=True):
        assert shapely.hausdorff_distance(shapely.Polygon(drawn["rings"][0]), building.geometry) < 1e-6


def test_holes_and_parts_stay(place: MapData) -> None:
    first = place.communities[0]
    ring = shapely.box(116.0, 37.3, 116.004, 37.304) - shapely.box(116.001, 37.301, 116.002, 37.302)
    grids = (dataclasses.replace(first.edition.grids[0], geometry=ring), *first.edition.grids[1:])
    holed = dataclasses.replace(first, edition=dataclasses.replace(first.edition, grids=grids))
    document = block(render_staff_map(dataclasses.replace(place, communities=(holed,)), audience="internal"))
    assert len(unpacking.grids(document)[0]["rings"]) == 2


def test_the_public_sees_no_household_figure_of_a_building_and_no_small_count(place: MapData) -> None:
    html = render_staff_map(place, audience="public")
    document = block(html)
    assert all("households" not in building for building in unpacking.buildings(document))
    assert [grid["households"] for grid in unpacking.grids(document)[:6]] == ["401", "402", "403", "404", "0", "<5"]
    assert "<td>&lt;5<td>" in html
    assert "1613 户" not in html  # the total would give the banded count away
    assert "2121 户" in html  # the other community has no small count
    assert "内部使用" not in html


def test_the_internal_map_shows_them(place: MapData) -> None:
    html = render_staff_map(place, audience="internal")
    assert [building["households"] for building in unpacking.buildings(block(html))[:6]] == [401, 402, 403, 404, 0, 3]
    assert "1613 户" in html
    assert "内部使用" in html


def test_only_posts_on_duty_are_shown_and_the_grid_worker_first(place: MapData) -> None:
    document = block(render_staff_map(place, audience="public", phones=True))
    posts = [("网格员", "示例员", "000-0102 转 3"), ("网格长", "示例长", "000-0101")]
    assert unpacking.grids(document)[0]["posts"] == posts
    earlier = dataclasses.replace(place, drawn_at=NOW - timedelta(days=1))
    document = block(render_staff_map(earlier, audience="public"))
    assert [name for _, name, _ in unpacking.grids(document)[0]["posts"]] == ["前任员", "示例员"]


def test_phones_are_in_the_file_only_when_they_are_asked_for(place: MapData) -> None:
    html = render_staff_map(place, audience="internal")
    assert "示例员" in html
    assert "000-0101" not in html
    assert "000-0102" not in html
    assert "000-0102 转 3" in without_code(render_staff_map(place, audience="public", phones=True))


def test_a_layer_of_someone_elses_is_drawn_by_the_script_of_its_key(
    place: MapData, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Lamps:
        key = "lamps"

        def document(self, lattice: Lattice, audience: str) -> list[str] | None:
            return [lattice.path(shapely.Point(116.001, 37.301))] if audience == "internal" else None

    monkeypatch.setattr(grid_layer, "page_file", lambda name: f"/* {name} */")
    with_lamps = dataclasses.replace(place, layers=(Lamps(),))
    html = render_staff_map(with_lamps, audience="internal")
    assert block(html)["layers"]["lamps"] == [packed([1_000, 1_000])]
    assert html.index("layers.js") < html.index("layer_lamps.js") < html.index("ground.js")
    assert "lamps" not in render_staff_map(with_lamps, audience="public")


def test_estates_come_with_type_and_company(place: MapData) -> None:
    estates = block(render_staff_map(place, audience="public"))["layers"]["estates"]
    assert [(each["name"], each["type"], each["company"]) for each in estates] == [
        ("东村社区花园", "老旧小区", "示例物业公司"),
        ("西村社区花园", "老旧小区", "示例物业公司"),
    ]


def test_lines_and_sites_shared_by_communities_come_once_and_crossings_not_at_all(place: MapData) -> None:
    document = block(render_staff_map(place, audience="internal"))
    assert [line["kind"] for line in document["layers"]["lines"]] == ["main_road"]
    assert len(document["layers"]["sites"]) == 2


def test_dates_are_those_of_the_maps_time_zone(place: MapData) -> None:
    late = NOW.replace(hour=20)  # already the next day in China
    html = render_staff_map(dataclasses.replace(place, drawn_at=late), audience="internal")
    assert "制图日期 2026-11-23" in html


def test_an_approval_number_stands_in_the_footer(place: MapData) -> None:
    html = render_staff_map(dataclasses.replace(place, approval_number="示例S(2026)001号"), audience="public")
    assert "示例S(2026)001号" in html
    assert "界线仅供网格管理使用" in html


def test_a_community_without_an_edition_is_an_outline(place: MapData) -> None:
    bare = dataclasses.replace(place.communities[0], edition=None)
    html = render_staff_map(dataclasses.replace(place, communities=(bare,)), audience="internal")
    assert "尚未发布网格" in html
    document = block(html)
    assert unpacking.grids(document) == []
    assert [building["grid"] for building in unpacking.buildings(document)] == [-1] * 6


def test_nothing_to_draw_is_refused_with_the_remedy() -> None:
    bare = Division("990101001001", "无图社区", "community")
    with pytest.raises(UsageError, match="import divisions"):
        render_staff_map(MapData(bare, (MapCommunity(bare, None),), NOW), audience="internal")


def test_a_package_that_was_not_built_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(resources.resources, "files", lambda package: tmp_path)
    resources.leaflet.cache_clear()
    try:
        with pytest.raises(Unavailable, match="pip install -e"):
            resources.leaflet()
    finally:
        resources.leaflet.cache_clear()


def test_the_default_name_is_left_to_the_page_which_knows_two_languages(place: MapData) -> None:
    first = place.communities[0]
    names = ("第1网格", "文化里网格")
    grids = tuple(
        dataclasses.replace(grid, name=name) for grid, name in zip(first.edition.grids[:2], names, strict=True)
    )
    named = dataclasses.replace(first, edition=dataclasses.replace(first.edition, grids=grids))
    html = render_staff_map(dataclasses.replace(place, communities=(named,)), audience="internal")
    assert [grid["name"] for grid in unpacking.grids(block(html))] == [None, "文化里网格"]
    assert ">第1网格</a>" in html
