"""What stands around the map of a printed sheet: title, table, north arrow, scale bar, footer.

Room: maps. In: `MapData`, frames in millimetres. Out: marks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely
from shapely import Geometry

from gisgrid.maps.content import MapCommunity, MapData, grid_name, posts_on_duty
from gisgrid.maps.marks import Anchor, Area, Line, Mark, Text
from gisgrid.maps.type_face import TypeFace
from gisgrid.model import BARRIER_KINDS, HOUSEHOLD_MEASURES, BarrierKind, Post

INK: Final = "#1b2733"
SOFT: Final = "#53606c"
RULE: Final = "#aab4bd"
GRID_BORDER: Final = "#b3261e"
FOOTER: Final = "界线仅供网格管理使用"

_TEXT_MM: Final = 3.2
_LEAST_TEXT_MM: Final = 2.0
_ROUND_METRES: Final = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)


@dataclass(frozen=True, slots=True)
class Frame:
    """A rectangle on the page, millimetres from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """How wide it is."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """How high it is."""
        return self.bottom - self.top

    @property
    def middle(self) -> tuple[float, float]:
        """The point in its middle."""
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    @property
    def box(self) -> Geometry:
        """The rectangle as a polygon."""
        return shapely.box(self.left, self.top, self.right, self.bottom)

    def shrunk(self, by: float) -> Frame:
        """Return the frame with a margin inside."""
        return Frame(self.left + by, self.top + by, self.right - by, self.bottom - by)


def title(data: MapData, words: str, above: str) -> list[Mark]:
    """Return the heading: what the sheet is of, what stands above it, and the day that it shows."""
    return [
        Text(10.0, 17.0, words, 9.0, bold=True),
        Text(410.0, 12.0, above, 4.0, "end", SOFT),
        Text(410.0, 19.0, f"制图日期 {data.date(data.drawn_at)}", 4.0, "end", SOFT),
    ]


def north_arrow(frame: Frame) -> list[Mark]:
    """Return an arrow to the north (the page is not turned) in the upper right corner of the map."""
    x, top = frame.right - 10.0, frame.top + 6.0
    return [
        Area(shapely.Polygon([(x, top), (x + 3.5, top + 12), (x, top + 9)]), INK, INK, 0.2),
        Area(shapely.Polygon([(x, top), (x - 3.5, top + 12), (x, top + 9)]), "#ffffff", INK, 0.2),
        Text(x, top + 17.0, "北 N", 3.6, "middle", bold=True, halo="#ffffff"),
    ]


def scale_bar(frame: Frame, denominator: int) -> list[Mark]:
    """Return a bar of a round length near 50 mm, with the scale in figures."""
    metres = max((each for each in _ROUND_METRES if each * 1000 / denominator <= 60), default=_ROUND_METRES[0])
    length = metres * 1000 / denominator
    left, y = frame.left + 6.0, frame.bottom - 6.0
    marks: list[Mark] = [Area(shapely.box(left - 3, y - 9, left + length + 16, y + 3.5), "#ffffff", None)]
    for part in range(4):
        box = shapely.box(left + length * part / 4, y - 1.5, left + length * (part + 1) / 4, y)
        marks.append(Area(box, INK if part % 2 == 0 else "#ffffff", INK, 0.15))
    marks += [
        Text(left, y - 3.0, "0", 2.8, "middle"),
        Text(left + length, y - 3.0, f"{metres} 米", 2.8, "middle"),
        Text(left + length / 2, y - 5.0, f"1:{denominator:,}", 3.6, "middle", bold=True),
    ]
    return marks


def footer(data: MapData, community: MapCommunity | None, denominator: int) -> list[Mark]:
    """Return the lines below the table: edition, scale, measure, what the borders are for."""
    told = [FOOTER, f"比例尺 1:{denominator:,}（A3 原大打印，勿缩放）"]
    if community is not None and community.edition is not None:
        edition = community.edition
        told.insert(0, f"版本 {edition.id}，{data.date(edition.valid_from)} 起施行")
    if data.approval_number:
        told.append(f"审图号 {data.approval_number}")
    return [Text(308.0, 264.0 + 5.2 * row, line, 3.2, colour=SOFT) for row, line in enumerate(told)]


def legend(lines: Mapping[BarrierKind, tuple[str, float, float | None]]) -> list[Mark]:
    """Return what the lines of the map mean: those of borders always, others where the map has them."""
    entries: list[tuple[str, str, float, float | None]] = [
        ("社区界", INK, 0.9, None),
        ("网格界", GRID_BORDER, 0.55, None),
        *((BARRIER_KINDS[kind], *style) for kind, style in lines.items()),
    ]
    marks: list[Mark] = []
    for number, (words, stroke, width, dash) in enumerate(entries):
        x, y = 308.0 + 34.0 * (number % 3), 244.0 + 6.0 * (number // 3)
        marks.append(Line(np.array([(x, y), (x + 10.0, y)]), stroke, width, dash))
        marks.append(Text(x + 12.0, y + 1.1, words, 3.0, colour=SOFT))
    return marks


def grid_table(data: MapData, community: MapCommunity, frame: Frame, face: TypeFace) -> list[Mark]:
    """Return the table of the grids with households, buildings and workers."""
    duty = posts_on_duty(community, data.drawn_at)
    measures = {building.household_measure for building in community.buildings} or {"resident"}
    measure = "、".join(text for code, text in HOUSEHOLD_MEASURES.items() if code in measures)
    grids = community.edition.grids if community.edition is not None else ()
    rows = [
        (grid_name(grid), str(grid.households), str(len(grid.buildings)), _contacts(duty.get(grid.code or "", [])))
        for grid in grids
    ]
    rows.append(
        ("合计", str(sum(grid.households for grid in grids)), str(sum(len(grid.buildings) for grid in grids)), "")
    )
    return [
        Text(frame.left, frame.top - 2.0, f"户数口径：{measure}", 2.8, colour=SOFT),
        *_table(("网格", "户数", "楼栋", "网格员"), rows, (30.0, 15.0, 13.0, 44.0), {1, 2}, frame, face),
    ]


def index_table(drawn: Sequence[MapCommunity], frame: Frame, face: TypeFace) -> list[Mark]:
    """Return the table of the communities with their pages."""
    rows = [
        (
            str(page),
            community.division.name,
            str(len(community.edition.grids)) if community.edition is not None else "未发布",
            str(sum(grid.households for grid in community.edition.grids)) if community.edition is not None else "",
        )
        for page, community in enumerate(drawn, start=2)
    ]
    return list(_table(("页", "社区", "网格", "户数"), rows, (12.0, 54.0, 16.0, 20.0), {2, 3}, frame, face))


def _contacts(posts: Sequence[Post]) -> str:
    return "、".join(post.name for post in posts[:3])


def _table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    widths: Sequence[float],
    figures: Set[int],
    frame: Frame,
    face: TypeFace,
) -> Iterator[Mark]:
    """Yield a ruled table; rows become lower and the type smaller until all fit, and the last says what is left out.

    Parameters
    ----------
    widths
        Of the columns, mm.
    figures
        Positions of the columns that hold figures: they end at one line.
    """
    room = frame.height / (len(rows) + 1)
    row_mm = float(np.clip(room, _LEAST_TEXT_MM * 1.5, _TEXT_MM * 2))
    fitting = int(frame.height / row_mm + 1e-9) - 1
    if len(rows) > fitting:
        left_out = len(rows) - fitting + 1
        rows = [*rows[: fitting - 1], ("…", f"另有 {left_out} 行", "", "")]
    type_mm = min(_TEXT_MM, row_mm / 1.5)
    edges = [frame.left]
    for width in widths:
        edges.append(edges[-1] + width)
    for number, row in enumerate([headings, *rows]):
        top = frame.top + number * row_mm
        if number == 0:
            yield Area(shapely.box(edges[0], top, edges[-1], top + row_mm), "#dde8f3")
        for column, words in enumerate(row):
            anchor: Anchor = "end" if column in figures else "start"
            x = edges[column + 1] - 1.2 if column in figures else edges[column] + 1.2
            yield Text(x, top + row_mm * 0.68, _fitted(words, widths[column] - 2.4, type_mm, face), type_mm, anchor,
                       bold=number == 0)  # fmt: skip
        yield Line(np.array([(edges[0], top + row_mm), (edges[-1], top + row_mm)]), RULE, 0.15)


def _fitted(words: str, width_mm: float, height_mm: float, face: TypeFace) -> str:
    """Return the words, shortened with … where they are too wide."""
    shown = face.shown(words)
    if face.width(shown, height_mm) <= width_mm:
        return shown
    while shown and face.width(shown + "…", height_mm) > width_mm:
        shown = shown[:-1]
    return shown + "…"
