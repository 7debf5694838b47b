"""One page as SVG, in millimetres, without anything from elsewhere.

Room: maps. In: a page of marks, a type face. Out: text. Everything that a person typed is escaped.
"""

from __future__ import annotations

from html import escape
from typing import Final

from gisgrid.maps.marks import Area, Line, Mark, SheetPage, Text
from gisgrid.maps.sheet_pdf import rings
from gisgrid.maps.type_face import TypeFace

FAMILIES: Final = "'Noto Sans CJK SC', 'Source Han Sans SC', 'Microsoft YaHei', 'PingFang SC', sans-serif"


def write_svg(page: SheetPage, face: TypeFace) -> str:
    """Return the page as an SVG document whose user unit is the millimetre."""
    marks = "\n".join(_element(mark, face) for mark in page.marks)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{page.width_mm}mm" height="{page.height_mm}mm"'
        f' viewBox="0 0 {page.width_mm} {page.height_mm}" font-family="{escape(FAMILIES)}">\n'
        f"<title>{escape(face.shown(page.title))}</title>\n{marks}\n</svg>\n"
    )


def _element(mark: Mark, face: TypeFace) -> str:
    match mark:
        case Area():
            path = "".join(f"M{' '.join(f'{x:.3f},{y:.3f}' for x, y in ring)}Z" for ring in rings(mark.shape))
            return (
                f'<path d="{path}" fill="{mark.fill or "none"}" stroke="{mark.stroke or "none"}"'
                f' stroke-width="{mark.width_mm}" stroke-linejoin="round" fill-rule="evenodd"/>'
            )
        case Line():
            points = " ".join(f"{x:.3f},{y:.3f}" for x, y in mark.points)
            dash = f' stroke-dasharray="{mark.dash_mm}"' if mark.dash_mm else ""
            return (
                f'<polyline points="{points}" fill="none" stroke="{mark.stroke}" stroke-width="{mark.width_mm}"{dash}/>'
            )
        case Text():
            halo = (
                f' stroke="{mark.halo}" stroke-width="{mark.height_mm * 0.16:.3f}" paint-order="stroke"'
                if mark.halo
                else ""
            )
            turned = f' transform="rotate({-mark.turned:.2f} {mark.x:.3f} {mark.y:.3f})"' if mark.turned else ""
            return (
                f'<text x="{mark.x:.3f}" y="{mark.y:.3f}" font-size="{mark.height_mm}" fill="{mark.colour}"'
                f' text-anchor="{mark.anchor}"{" font-weight=" + chr(34) + "bold" + chr(34) if mark.bold else ""}'
                f"{halo}{turned}>{escape(face.shown(mark.text))}</text>"
            )
