"""The wall sheet of a division, from the database to the file.

Room: the corridor, below `workflow`. In: a `Database`, a division's code, a format. Out: the bytes of a PDF, PNG or
SVG file. Must not import a web framework, SQL or settings.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, get_args

from gisgrid.errors import UsageError
from gisgrid.mapping import read_map_data
from gisgrid.maps.sheet_pdf import write_pdf, write_png
from gisgrid.maps.sheet_svg import write_svg
from gisgrid.maps.type_face import TypeFace
from gisgrid.maps.wall_sheet import wall_pages
from gisgrid.store.database import Database

SheetFormat = Literal["pdf", "png", "svg"]
FORMATS: Final[tuple[str, ...]] = get_args(SheetFormat)


def draw_sheet(
    database: Database,
    code: str,
    form: SheetFormat = "pdf",
    *,
    font: Path | None = None,
    approval_number: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> bytes:
    """Return the wall sheet of a community on A3, or of a street or district the atlas with its index page.

    Parameters
    ----------
    form
        PNG and SVG hold one page: that of a community.
    font
        A font file with Chinese characters; by default the first known one of this machine.
    progress
        Told of pages done and pages in all.

    Raises
    ------
    NotFound
        No division has this code.
    UsageError
        No font, nothing to draw, or several pages in a format that holds one.
    """
    face = TypeFace.of(font)
    with database.transaction() as connection:
        data = read_map_data(connection, code, approval_number=approval_number)
    pages = wall_pages(data, face)
    if form == "pdf":
        return write_pdf(pages, face, progress=progress)
    if len(pages) > 1:
        raise UsageError(
            f"{data.division.name} takes {len(pages)} pages, and a {form.upper()} file holds one; write a PDF."
        )
    return write_png(pages[0], face) if form == "png" else write_svg(pages[0], face).encode()
