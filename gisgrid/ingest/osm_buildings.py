"""The buildings of an OpenStreetMap extract: each once, with its households estimated.

Room: ingest. In: areas tagged as buildings. Out: a frame as `read_layer` gives it, and findings. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray

from gisgrid.ingest import estimate, osm_tags
from gisgrid.ingest.forms import LAYERS
from gisgrid.ingest.osm_tags import Tags
from gisgrid.ingest.places import stored_geometry
from gisgrid.ingest.rows import RowFindings
from gisgrid.model import Finding, HouseholdMeasure, Rule

OUTLINES_ONCE = Rule(
    "outlines_once",
    "info",
    "{count} ways are only the outline of a building that a relation describes, and count once: {first}.",
    "{count} 条闭合线只是某关系建筑的外轮廓，已合并为一栋：{first}。",
)
OSM_HOUSEHOLDS = Rule(
    "osm_households_estimated",
    "info",
    "{households} households were estimated for {count} buildings at {dwelling_m2:g} m² of gross floor area a "
    "dwelling; {defaults} of them name no floors and got the default of their type. "
    "Import real counts when you have them.",
    "按每套建筑面积 {dwelling_m2:g} 平方米为 {count} 栋楼估算了 {households} 户；"
    "其中 {defaults} 栋没有层数，按类型取默认值。如有真实户数请导入。",
)


def buildings_of(
    areas: Sequence[tuple[str, Tags, shapely.Geometry]],
    outer_ways: Collection[int],
    dwelling_m2: float,
    measure: HouseholdMeasure,
) -> tuple[geopandas.GeoDataFrame, list[Finding]]:
    """Return the frame of buildings with estimated households, in the order of their codes, and what is to be told.

    Parameters
    ----------
    areas
        Code, tags and polygon of everything that is tagged as a building.
    outer_ways
        Ways that are the outline of a building relation.
    dwelling_m2
        Gross floor area a dwelling.
    measure
        Which households the estimate stands for.
    """
    outlines = [code for code, _, _ in areas if _is_only_an_outline(code, outer_ways)]
    taken = sorted((each for each in areas if each[0] not in outlines), key=lambda each: each[0])
    shapes = np.array([shape for _, _, shape in taken], dtype=object)
    rows = RowFindings(np.arange(1, len(taken) + 1))
    shapes = stored_geometry(shapes, LAYERS["buildings"], "wgs84", rows, {})
    kept = np.flatnonzero(~rows.bad).tolist()
    tags = [taken[row][1] for row in kept]
    footprints = estimate.footprint_m2(shapes[kept])
    households, defaults = _households(tags, footprints, dwelling_m2)
    columns: dict[str, Any] = {
        "code": [taken[row][0] for row in kept],
        "name": [cleaned_text(each.get("name")) for each in tags],
        "estate": [None] * len(kept),
        "address": [cleaned_text(osm_tags.building_address(each)) for each in tags],
        "floors": [osm_tags.floors(each) for each in tags],
        "height_m": [osm_tags.height_m(each) for each in tags],
        "households": households.tolist(),
        "use": [cleaned_text(osm_tags.building_use(each)) for each in tags],
        "household_source": ["estimated"] * len(kept),
        "household_measure": [measure] * len(kept),
    }
    frame = frame_of(columns, shapes[kept])
    once = [OUTLINES_ONCE.finding(codes=outlines, count=len(outlines), first=first_of(outlines))]
    findings = [
        *rows.findings(),
        *(once if outlines else ()),
        OSM_HOUSEHOLDS.finding(
            households=int(households.sum()), count=len(kept), dwelling_m2=float(dwelling_m2), defaults=defaults
        ),
    ]
    return frame, findings


def _is_only_an_outline(code: str, outlines: Collection[int]) -> bool:
    """Return whether an area is the outer way of a multipolygon that is the building itself."""
    return code.startswith("osm:w") and int(code[5:]) in outlines


def _households(tags: Sequence[Tags], areas: NDArray[np.float64], dwelling_m2: float) -> tuple[NDArray[np.int64], int]:
    """Return the households of each building, and how many lived-in ones got the floors of their type."""
    uses = [osm_tags.building_use(each) for each in tags]
    lived_in = np.array([osm_tags.lived_in(use, area) for use, area in zip(uses, areas, strict=True)], dtype=bool)
    floors = np.array([osm_tags.floors(each) for each in tags], dtype=float)
    heights = np.array([osm_tags.height_m(each) for each in tags], dtype=float)
    unknown = np.isnan(floors) & np.isnan(heights)
    floors[unknown] = [osm_tags.DEFAULT_FLOORS.get(use or "", 1.0) for use, at in zip(uses, unknown, strict=True) if at]
    households = estimate.estimate_households(areas, floors, heights, lived_in, dwelling_m2)
    one_home = np.array([use in osm_tags.ONE_HOME for use in uses], dtype=bool)
    return np.where(one_home & (households > 0), 1, households), int((unknown & lived_in & ~one_home).sum())


def frame_of(columns: Mapping[str, Sequence[Any]], shapes: NDArray[np.object_]) -> geopandas.GeoDataFrame:
    """Return columns of Python values, `line` and geometry as a frame like those of `read_layer`."""
    frame = pd.DataFrame({name: pd.Series(list(values), dtype=object) for name, values in columns.items()})
    frame["line"] = np.arange(1, len(frame) + 1)
    return geopandas.GeoDataFrame(frame, geometry=geopandas.GeoSeries(shapes, crs="EPSG:4326", index=frame.index))


def cleaned_text(text: str | None) -> str | None:
    """Return a tag's text without control characters and at most 200 characters long, None where nothing is left."""
    cleaned = " ".join("".join(each if each.isprintable() else " " for each in text or "").split())
    return cleaned[:200] or None


def first_of(names: Sequence[str]) -> str:
    """Return the first five names, as a sentence about many shows them."""
    return ", ".join(names[:5]) + (" …" if len(names) > 5 else "")
