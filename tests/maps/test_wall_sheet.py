"""The wall sheet: its size and scale, its texts, its numbers on free spots; and no text that does harm."""

from __future__ import annotations

import dataclasses
import io
import xml.etree.ElementTree as ET
from pathlib import Path

import pypdfium2
import pytest
import shapely
from fontTools import subset
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.errors import UsageError
from gisgrid.geometry.place import Place
from gisgrid.maps import type_face
from gisgrid.maps.content import MapData
from gisgrid.maps.marks import Area, Text
from gisgrid.maps.sheet_furniture import GRID_BORDER, Frame
from gisgrid.maps.sheet_pdf import write_pdf, write_png
from gisgrid.maps.sheet_svg import write_svg
from gisgrid.maps.type_face import STAND_IN, TypeFace
from gisgrid.maps.wall_sheet import MAP, SCALES, fitting_scale, wall_pages

from .conftest import HOSTILE

A3_POINTS = (420 / 25.4 * 72, 297 / 25.4 * 72)


@pytest.fixture(scope="module")
def face() -> TypeFace:
    return TypeFace.of()


@pytest.fixture
def community(place: MapData) -> MapData:
    """One community of the street, small enough for a large scale."""
    first = place.communities[0]
    path = (*place.path, place.division)
    return dataclasses.replace(place, division=first.division, communities=(first,), path=path)


def test_the_page_is_a3_and_its_texts_are_found(community: MapData, face: TypeFace) -> None:
    content = write_pdf(wall_pages(community, face), face)
    assert len(content) < 1_000_000
    document = pypdfium2.PdfDocument(content)
    assert len(document) == 1
    assert document[0].get_size() == pytest.approx(A3_POINTS, abs=0.01)
    words = document[0].get_textpage().get_text_range()
    for told in (
        "东村社区 网格图",
        "示例区 › 示例街道",
        "第1网格",
        "示例长",
        "合计",
        "1613",
        "界线仅供网格管理使用",
        "人民路",
        "北 N",
    ):
        assert told in words
    assert "前任员" not in words, "a post that has ended is told"
    assert "000-0101" not in words, "a phone number is printed that nobody asked for"
    document.close()


def test_the_scale_is_true(community: MapData, face: TypeFace) -> None:
    page = wall_pages(community, face)[0]
    outline = community.communities[0].division.geometry
    metres = Place.of(outline).community_m.bounds
    drawn = max(
        (mark.shape for mark in page.marks if isinstance(mark, Area) and mark.width_mm == 0.9), key=shapely.area
    ).bounds  # fmt: skip
    denominator = int(
        next(m.text for m in page.marks if isinstance(m, Text) and m.text.startswith("1:"))[2:].replace(",", "")
    )
    for low, high in ((0, 2), (1, 3)):
        assert (drawn[high] - drawn[low]) * denominator / 1000 == pytest.approx(metres[high] - metres[low], rel=0.005)
    assert shapely.contains(MAP.box, shapely.box(*drawn))


@given(st.floats(1, 900), st.floats(1, 750))
def test_the_largest_scale_that_fits_is_taken(width_m: float, height_m: float) -> None:
    frame = Frame(0, 0, 300, 250)
    denominator = fitting_scale(width_m, height_m, frame, SCALES)
    fits = [each for each in SCALES if width_m * 1000 / each <= 300 and height_m * 1000 / each <= 250]
    assert denominator == fits[0]


def test_every_grid_has_its_number_on_its_own_ground_beside_the_buildings(community: MapData, face: TypeFace) -> None:
    page = wall_pages(community, face)[0]
    grids = [mark.shape for mark in page.marks if isinstance(mark, Area) and mark.stroke == GRID_BORDER]
    labels = [mark for mark in page.marks if isinstance(mark, Text) and mark.colour == GRID_BORDER]
    footprints = [mark.shape for mark in page.marks if isinstance(mark, Area) and mark.width_mm == 0.12]
    assert [label.text for label in labels] == ["1", "2", "3", "4", "5", "6"]
    for label, grid in zip(labels, grids, strict=True):
        middle = shapely.Point(label.x, label.y - label.height_mm * 0.36)
        assert shapely.contains(grid, middle)
        assert not any(shapely.contains(footprint, middle) for footprint in footprints)


def test_the_number_of_a_building_stands_inside_an_l_shape(community: MapData, face: TypeFace) -> None:
    first = community.communities[0]
    west, south, _, _ = first.division.geometry.bounds
    arm = shapely.Polygon([(0, 0), (10, 0), (10, 2), (2, 2), (2, 10), (0, 10)])
    shape = shapely.transform(arm, lambda xy: xy * 1e-4 + (west + 2e-4, south + 2e-4))
    assert not shapely.contains(shape, shape.centroid)
    building = dataclasses.replace(first.buildings[0], geometry=shape, name="7")
    page = wall_pages(
        dataclasses.replace(community, communities=(dataclasses.replace(first, buildings=(building,)),)), face
    )[0]
    number = next(mark for mark in page.marks if isinstance(mark, Text) and mark.text == "7")
    footprint = next(mark.shape for mark in page.marks if isinstance(mark, Area) and mark.width_mm == 0.12)
    assert shapely.contains(footprint, shapely.Point(number.x, number.y - number.height_mm * 0.36))


def test_an_atlas_has_an_index_page_that_names_the_pages(place: MapData, face: TypeFace) -> None:
    told: list[tuple[int, int]] = []
    document = pypdfium2.PdfDocument(
        write_pdf(wall_pages(place, face), face, progress=lambda done, total: told.append((done, total)))
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    index = document[0].get_textpage().get_text_range()
    assert "示例街道 网格图册" in index
    for page, community in enumerate(place.communities, start=2):
        assert community.division.name in index
        assert f"{community.division.name} 网格图" in document[page - 1].get_textpage().get_text_range()
    document.close()


def test_hostile_names_are_shown_as_written_and_nothing_else(hostile_place: MapData, face: TypeFace) -> None:
    pages = wall_pages(hostile_place, face)
    for page in pages:
        tree = ET.fromstring(write_svg(page, face))
        assert {element.tag.partition("}")[2] for element in tree.iter()} <= {
            "svg",
            "title",
            "path",
            "polyline",
            "text",
        }
        assert not any(name.startswith("on") or "href" in name for element in tree.iter() for name in element.attrib)
    document = pypdfium2.PdfDocument(write_pdf(pages, face))
    assert HOSTILE[1] in document[1].get_textpage().get_text_range()
    document.close()


def test_a_character_that_cannot_be_printed_has_a_stand_in(face: TypeFace) -> None:
    assert face.shown("甲\x00乙\u202e丙\U0010fffd") == f"甲{STAND_IN}乙{STAND_IN}丙{STAND_IN}"


def test_a_picture_of_the_page_has_its_colours(community: MapData, face: TypeFace) -> None:
    page = wall_pages(community, face)[0]
    content = write_png(page, face)
    assert content.startswith(b"\x89PNG")
    from PIL import Image  # noqa: PLC0415  pypdfium2 brings it

    picture = Image.open(io.BytesIO(content)).convert("RGB")
    assert picture.size == (3308, 2339)
    colours = {colour for _, colour in picture.getcolors(maxcolors=2**24) or ()}
    fills = {mark.fill for mark in page.marks if isinstance(mark, Area) and mark.fill}
    for fill in fills - {None}:
        assert tuple(bytes.fromhex(fill[1:])) in colours


def test_without_a_font_it_says_which_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(type_face, "CANDIDATES", ())
    with pytest.raises(UsageError, match="fonts-noto-cjk"):
        TypeFace.of()
    broken = tmp_path / "broken.ttf"
    broken.write_bytes(b"no font")
    with pytest.raises(UsageError, match=r"broken\.ttf cannot be read"):
        TypeFace.of(broken)


def test_a_font_without_chinese_is_refused(face: TypeFace, tmp_path: Path) -> None:
    latin = subset.load_font(str(face.path), subset.Options(font_number=0))
    cut = subset.Subsetter()
    cut.populate(text="grid 0123456789")
    cut.subset(latin)
    latin.save(tmp_path / "latin.otf")
    latin.close()
    with pytest.raises(UsageError, match="has no character"):
        TypeFace.of(tmp_path / "latin.otf")


def test_a_division_without_polygons_is_refused(place: MapData, face: TypeFace) -> None:
    bare = tuple(
        dataclasses.replace(each, division=dataclasses.replace(each.division, geometry=None))
        for each in place.communities
    )
    with pytest.raises(UsageError, match="nothing to print"):
        wall_pages(dataclasses.replace(place, communities=bare), face)
