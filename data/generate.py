"""Write the sample: the invented street 柳河街道, as the files that a city would hand over (合成数据, synthetic).

`python data/generate.py [FOLDER]` writes the same bytes every time. No person, telephone number or company in it is
real, and no code of it is in use (no province begins with 99).

In: the seed below. Out: the files listed in README.md. Standard library and openpyxl; nothing of `gisgrid`.
"""

from __future__ import annotations

import csv
import io
import json
import math
import random
import re
import sys
import zipfile
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from coordinates import Point, bearing, bend, place, place_path, to_gcj02, to_lon_lat
from openpyxl import Workbook
from stream import CATEGORIES, report_rows, wrong_system_rows
from town import COMMUNITIES, DISTRICT, SOUTH, STREET, WEST, Building, Site, Town, build_town, community_outlines

SEED = 990101
NOTE = "合成数据 synthetic: an invented place; no person, company or telephone number in it is real"
Feature = dict[str, Any]


def feature(kind: str, coordinates: object, properties: dict[str, object]) -> Feature:
    """Return one GeoJSON feature."""
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def write_geojson(path: Path, features: Iterable[Feature]) -> None:
    """Write a FeatureCollection, one feature a line, so that a change of the sample reads well in a diff."""
    lines = [json.dumps(item, ensure_ascii=False, separators=(",", ":")) for item in features]
    head = {"type": "FeatureCollection", "name": path.stem, "note": NOTE}
    opening = json.dumps(head, ensure_ascii=False)[:-1]
    path.write_text(opening + ', "features": [\n' + ",\n".join(lines) + "\n]}\n", encoding="utf-8", newline="\n")


def write_csv(path: Path, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file in UTF-8."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(heading)
        writer.writerows(rows)


def write_xlsx(path: Path, title: str, heading: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a workbook of one sheet, without the time of writing that a workbook usually carries."""
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = title
    for row in (heading, *rows):
        sheet.append(list(row))
    for column, _ in enumerate(heading):
        sheet.column_dimensions[chr(ord("A") + column)].width = 18
    sheet.freeze_panes = "A2"
    stream = io.BytesIO()
    workbook.save(stream)
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as target:
        for name in sorted(source.namelist()):
            content = source.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", b"2026-01-01T00:00:00Z", content)
            target.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content)


def closed(points: Sequence[Point]) -> list[list[Point]]:
    """Return the coordinates of a polygon without holes: its ring, anticlockwise and closed."""
    area = sum(a[0] * b[1] - b[0] * a[1] for a, b in zip(points, [*points[1:], points[0]], strict=True))
    ring = list(points) if area > 0 else list(points)[::-1]
    return [[*ring, ring[0]]]


def box_ring(box: tuple[float, float, float, float], spacing: float = 40.0) -> list[Point]:
    """Return the ring of a rectangle with points every 40 m at most, so that it bends with the town."""
    west, south, east, north = box
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    ring = []
    for (x1, y1), (x2, y2) in pairwise(corners):
        pieces = max(1, math.ceil(math.hypot(x2 - x1, y2 - y1) / spacing))
        ring += [(x1 + (x2 - x1) * piece / pieces, y1 + (y2 - y1) * piece / pieces) for piece in range(pieces)]
    return place_path(ring)


def footprint(building: Building) -> list[Point]:
    """Return the corners of a building where it stands: its centre bends with the town, its walls stay straight."""
    x, y = bend(*building.centre)
    turn = bearing(*building.centre)
    return [
        to_lon_lat(x + a * math.cos(turn) - b * math.sin(turn), y + a * math.sin(turn) + b * math.cos(turn))
        for a, b in building.outline
    ]


def write_divisions(folder: Path) -> None:
    """Write district, street and communities; the street is the three communities' common outline."""
    outlines = {code: place_path(ring) for code, ring in community_outlines().items()}
    district = place_path([(-2600, -2100), (2300, -2400), (2900, 300), (2100, 2300), (-900, 2600), (-2800, 1500)])
    divisions = [
        (DISTRICT, "合成示例区", "district", None, district),
        (STREET, "柳河街道", "street", DISTRICT, outer_ring(outlines.values())),
        *((code, name, "community", STREET, outlines[code]) for code, name in COMMUNITIES.items()),
    ]
    write_geojson(
        folder / "divisions.geojson",
        [
            feature("Polygon", closed(ring), {"code": code, "name": name, "level": level, "parent": parent})
            for code, name, level, parent, ring in divisions
        ],
    )


def outer_ring(rings: Iterable[Sequence[Point]]) -> list[Point]:
    """Return the outline of rings that share their inner borders point for point: the edges that have no twin."""
    edges: set[tuple[Point, Point]] = set()
    for ring in rings:
        (points,) = closed(ring)
        for a, b in pairwise(points):
            if (b, a) in edges:
                edges.remove((b, a))
            else:
                edges.add((a, b))
    following = dict(edges)
    start = min(following)
    outline = [start]
    while (point := following[outline[-1]]) != start:
        outline.append(point)
    return outline


def write_ground(folder: Path, town: Town) -> None:
    """Write barriers, estates and sites."""
    barriers = []
    for line in town.lines:
        path = place_path(line.points)
        kind, coordinates = ("Point", path[0]) if len(path) == 1 else ("LineString", path)
        barriers.append(feature(kind, coordinates, {"kind": line.kind, "name": line.name}))
    write_geojson(folder / "barriers.geojson", barriers)
    estates = []
    for estate in town.estates:
        properties = {"code": estate.code, "name": estate.name, "type": estate.type, "property_company": estate.company}
        estates.append(feature("Polygon", closed(box_ring(estate.box)), properties))
    write_geojson(folder / "estates.geojson", estates)
    areas = [site for site in town.sites if site.box[0] < site.box[2]]
    write_geojson(
        folder / "dedicated_sites.geojson",
        [
            feature("Polygon", closed(box_ring(site.box)), {"code": site.code, "kind": site.kind, "name": site.name})
            for site in areas
        ],
    )
    points = [site for site in town.sites if site not in areas]
    heading = ("code", "kind", "name", "area_m2", "lon", "lat")
    write_csv(folder / "service_sites_gcj02.csv", heading, map(site_row, points))


def site_row(site: Site) -> tuple[object, ...]:
    """Return a service point as picked on a GCJ-02 map; a service centre says its floor area."""
    lon, lat = to_gcj02(*place(site.box[0], site.box[1]))
    return site.code, site.kind, site.name, 420 if site.kind == "service_centre" else None, lon, lat


def write_buildings(folder: Path, town: Town) -> None:
    """Write the buildings, the new estate apart (only its floors are known), and the household rows of 柳岸社区."""
    known, new = [], []
    for building in town.buildings:
        properties: dict[str, object] = {
            "code": building.code,
            "name": building.name,
            "estate": building.estate,
            "address": building.address,
            "floors": building.floors,
            "height_m": round(building.floors * 3.0, 1),
            "use": building.use,
        }
        if building.estate == "E305":
            new.append(feature("Polygon", closed(footprint(building)), properties))
        else:
            properties["households"] = building.households
            known.append(feature("Polygon", closed(footprint(building)), properties))
    write_geojson(folder / "buildings.geojson", known)
    write_geojson(folder / "buildings_new_estate.geojson", new)
    chance = random.Random(SEED + 1)
    rows = [
        (f"{code}-H{number:03d}", code, chance.choice((1, 1, 2, 2, 2, 3, 3, 4, 5)))
        for code, count in town.true_households.items()
        for number in range(1, count + 1)
    ]
    write_csv(folder / "households.csv", ("code", "building", "size"), rows)
    ties = [(tie.a, tie.b, tie.weight, tie.kind) for tie in town.ties]
    write_csv(folder / "ties.csv", ("a", "b", "weight", "kind"), ties)


def write_posts(folder: Path) -> None:
    """Write the workers' posts; they name grids as the first edition numbers them, so they are imported after it."""
    stems = "甲乙丙"
    digits = "一二三四五六"
    rows: list[tuple[object, ...]] = []
    for index, community in enumerate(COMMUNITIES):
        for number in range(1, 7):  # so many each community surely has, however it is drawn
            grid = f"{community}{number:03d}"
            mark = f"{stems[index]}{digits[number - 1]}"
            phone = f"000-5550{index + 1}{number}"
            rows.append((grid, "网格长", f"网格长{mark}", f"{phone}1", "2026-01-01", None))
            rows.append((grid, "网格员", f"网格员{mark}", f"{phone}2", "2026-01-01", None))
            rows.append((grid, "片警", f"片警{stems[index]}", f"000-5550{index + 1}90", "2026-01-01", None))
    rows.append((f"{WEST}001", "网格员", "网格员甲一（前任）", "000-55501190", "2025-01-01", "2025-12-31"))
    rows.append((f"{SOUTH}001", "联户长", "联户长乙一", "000-55502180", "2026-01-01", None))
    write_xlsx(folder / "posts.xlsx", "网格岗位", ("grid", "role", "name", "duty_phone", "from", "to"), rows)


def write_reports(folder: Path, town: Town) -> None:
    """Write the categories, the stream of reports, and the batch whose sender declares the wrong system."""
    write_csv(folder / "categories.csv", ("code", "name", "parent"), CATEGORIES)
    heading = ("source", "external_id", "category", "text", "lon", "lat", "crs", "accuracy_m")
    heading += ("address", "building_code", "target", "reported_at")
    write_csv(folder / "reports.csv", heading, report_rows(town, random.Random(SEED + 2)))
    write_csv(folder / "reports_wrong_crs.csv", heading, wrong_system_rows(town, random.Random(SEED + 3)))


def main(folder: Path) -> None:
    """Write every file of the sample into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    town = build_town(SEED)
    write_divisions(folder)
    write_ground(folder, town)
    write_buildings(folder, town)
    write_posts(folder)
    write_reports(folder, town)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
