"""Wall sheets: processor time and bytes of one community on A3 and of the atlas of a district, from values in memory.

`python -m bench.wall_sheet [--rounds 5]`

A made-up community of 16 grids and 450 buildings, and a district of 66 communities, 1,122 grids and 30,000 buildings
(`bench/staff_map_places.py`). Every file is read back with PDFium: pages, their size in millimetres, and whether the
name of the first community is found in the text.
"""

from __future__ import annotations

import argparse
import statistics
import time

import pypdfium2

from bench.staff_map_places import DISTRICT, Size, made_up
from gisgrid.maps.content import MapData
from gisgrid.maps.sheet_pdf import write_pdf, write_png
from gisgrid.maps.type_face import TypeFace
from gisgrid.maps.wall_sheet import wall_pages

SQUARE = Size(4, 4, 16, 450)
POINTS_A_MM = 72 / 25.4


def measure(name: str, data: MapData, face: TypeFace, rounds: int) -> None:
    """Write the PDF some times, read it back, print a line."""
    laid, written, content = [], [], b""
    for _ in range(rounds):
        begun = time.process_time()
        pages = wall_pages(data, face)
        between = time.process_time()
        content = write_pdf(pages, face)
        laid.append(between - begun)
        written.append(time.process_time() - between)
    document = pypdfium2.PdfDocument(content)
    size = {tuple(round(side / POINTS_A_MM, 2) for side in page.get_size()) for page in document}
    text = document[len(document) - 1].get_textpage().get_text_range()
    found = data.communities[-1].division.name in text
    print(
        f"{name}: {len(document)} pages of {sorted(size)} mm, laid out in {statistics.median(laid):.2f} CPU s, written "
        f"in {statistics.median(written):.2f}, {len(content) / 1e6:.2f} MB; name found in the text of the last: {found}"
    )


def main() -> None:
    """Measure the sheet, its picture and the atlas."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    face = TypeFace.of(None)
    community = made_up(SQUARE)
    measure("community", community, face, rounds)
    begun = time.process_time()
    picture = write_png(wall_pages(community, face)[0], face)
    print(f"the same as PNG: {time.process_time() - begun:.2f} CPU s, {len(picture) / 1e6:.2f} MB")
    measure("atlas", made_up(DISTRICT), face, max(1, rounds // 3))


if __name__ == "__main__":
    main()
