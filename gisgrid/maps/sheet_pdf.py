"""Pages as PDF, and as PNG made from it.

Room: maps. In: pages of marks, a type face. Out: bytes. The only file that knows fpdf2 and pdfium.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import Final

import shapely
from fpdf import FPDF
from fpdf.enums import TextMode
from fpdf.fonts import TTFFont
from shapely import Geometry

from gisgrid.maps.marks import Area, Line, Mark, SheetPage, Text
from gisgrid.maps.type_face import TypeFace

POINTS_PER_MM: Final = 72 / 25.4
PNG_DOTS_PER_INCH: Final = 200
_FAMILY: Final = "sheet"
_HALO_SHARE: Final = 0.16


def write_pdf(
    pages: Sequence[SheetPage], face: TypeFace, *, progress: Callable[[int, int], None] | None = None
) -> bytes:
    """Return a PDF with these pages, their size exact, their texts searchable."""
    document = FPDF(unit="mm")
    document.set_auto_page_break(False)
    document.set_margin(0)
    document.set_creator("gisgrid")
    document.set_title(pages[0].title if pages else "gisgrid")
    document.add_font(_FAMILY, fname=str(face.path))
    for number, page in enumerate(pages, start=1):
        document.add_page(orientation="portrait", format=(page.width_mm, page.height_mm))
        for mark in page.marks:
            _draw(document, mark, face)
        if progress is not None:
            progress(number, len(pages))
    content = bytes(document.output())
    for font in document.fonts.values():
        if isinstance(font, TTFFont):
            font.close()
    return content


def write_png(page: SheetPage, face: TypeFace) -> bytes:
    """Return a picture of one page at 200 dots an inch."""
    import pypdfium2  # noqa: PLC0415  only pictures need it

    document = pypdfium2.PdfDocument(write_pdf([page], face))
    try:
        bitmap = document[0].render(scale=PNG_DOTS_PER_INCH / 72)
        file = io.BytesIO()
        bitmap.to_pil().save(file, "PNG", optimize=False, dpi=(PNG_DOTS_PER_INCH, PNG_DOTS_PER_INCH))
    finally:
        document.close()
    return file.getvalue()


def _draw(document: FPDF, mark: Mark, face: TypeFace) -> None:
    match mark:
        case Area():
            _draw_area(document, mark)
        case Line():
            document.set_draw_color(mark.stroke)
            document.set_line_width(mark.width_mm)
            document.set_dash_pattern(*((mark.dash_mm, mark.dash_mm) if mark.dash_mm else (0, 0)))
            document.polyline([(float(x), float(y)) for x, y in mark.points])
            document.set_dash_pattern()
        case Text():
            _draw_text(document, mark, face)


def _draw_area(document: FPDF, area: Area) -> None:
    """Draw every ring in one path, so that holes stay open (even-odd)."""
    with document.drawing_context() as graphics:
        from fpdf.drawing import PaintedPath  # noqa: PLC0415  beside its use

        path = PaintedPath()
        path.style.fill_color = area.fill
        path.style.stroke_color = area.stroke
        path.style.stroke_width = area.width_mm
        path.style.stroke_join_style = "round"
        path.style.intersection_rule = "evenodd"
        path.style.auto_close = True
        for ring in rings(area.shape):
            start, *others = ring
            path.move_to(*start)
            for point in others:
                path.line_to(*point)
            path.close()
        graphics.add_item(path)


def rings(shape: Geometry) -> list[list[tuple[float, float]]]:
    """Return the rings of a polygon or several without their closing points, outer and inner alike."""
    return [
        [(float(x), float(y)) for x, y in shapely.get_coordinates(ring)[:-1]]
        for part in shapely.get_parts(shape)
        for ring in (part.exterior, *part.interiors)
    ]


def _draw_text(document: FPDF, text: Text, face: TypeFace) -> None:
    words = face.shown(text.text)
    width = face.width(words, text.height_mm)
    x = text.x - {"start": 0.0, "middle": width / 2, "end": width}[text.anchor]
    document.set_font(_FAMILY, size=text.height_mm * POINTS_PER_MM)
    with document.local_context():
        if text.turned:
            with document.rotation(text.turned, text.x, text.y):
                _set(document, text, words, x)
        else:
            _set(document, text, words, x)


def _set(document: FPDF, text: Text, words: str, x: float) -> None:
    """Set the words; bold is their own outline, as one font file has one weight."""
    document.set_text_color(text.colour)
    if text.halo is not None:
        document.set_draw_color(text.halo)
        document.set_line_width(text.height_mm * _HALO_SHARE)
        document.text_mode = TextMode.STROKE
        document.text(x, text.y, words)
    document.text_mode = TextMode.FILL_STROKE if text.bold else TextMode.FILL
    document.set_draw_color(text.colour)
    document.set_line_width(text.height_mm * 0.03)
    document.text(x, text.y, words)
    document.text_mode = TextMode.FILL
