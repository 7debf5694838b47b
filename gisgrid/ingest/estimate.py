"""How many households a building holds, from its floors and its footprint.

Room: ingest. In: footprints in WGS-84, floors, heights, uses. Out: whole numbers of households, marked `estimated` by
the caller. Imports numpy, pyproj and shapely only.

Formula: households = round(footprint in m² × floors ÷ m² of gross floor area a dwelling), at least 1 for a building
that is lived in. Floors that are not known are height ÷ 3 m, rounded, at least 1. The divisor counts *gross* floor
area, with stairs, walls and lifts: 100 m² is the default, the size of an ordinary flat in a Chinese estate (settable,
because it ranges from 60 m² in 老旧小区 to 140 m² in new estates).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STOREY_M: Final = 3.0
DWELLING_M2: Final = 100.0
SMALLEST_HOME_M2: Final = 20.0
"""A footprint below this on one floor is a shed, a kiosk, a bicycle stand: nobody's home."""

_NOT_LIVED_IN_WORDS: Final = """
    garage garages carport shed hut roof ruins construction service substation electricity transformer_tower bunker
    industrial warehouse factory manufacture hangar storage_tank silo digester works water_tower tower gatehouse toilets
    farm_auxiliary barn stable sty cowshed greenhouse greenhouse_horticulture livestock slurry_tank
    school kindergarten university college public civic government museum fire_station library
    office commercial retail supermarket kiosk mall market hotel
    church chapel cathedral mosque temple shrine synagogue religious
    hospital clinic train_station transportation parking bridge grandstand stadium sports_hall sports_centre pavilion
    学校 幼儿园 办公 商业 商场 商铺 工业 厂房 仓库 医院 酒店 宾馆 车库 车棚 公厕 配电房 门卫 寺庙 体育 文化 公共
"""
NOT_LIVED_IN: Final = frozenset(_NOT_LIVED_IN_WORDS.split())
"""Uses (OSM `building=*` and Chinese words) of buildings without households."""


def is_lived_in(use: str | None) -> bool:
    """Return whether households may live in a building of this use; an unknown use says nothing against it."""
    return use is None or use.casefold() not in NOT_LIVED_IN


def footprint_m2(footprints: Sequence[shapely.Geometry] | NDArray[np.object_]) -> Floats:
    """Return the areas in m² of WGS-84 polygons, on a plane through each one's middle.

    Parameters
    ----------
    footprints
        Polygons in degrees, n of them.

    Returns
    -------
    ndarray
        n areas: degrees scaled by the radii of curvature of the WGS-84 ellipsoid at the polygon's middle (meridian
        M = a(1-e²)/w³, prime vertical N = a/w, w² = 1 - e² sin² φ); true to 1e-5 for a building.
    """
    shapes = np.asarray(footprints, dtype=object)
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    middle = np.radians((bounds[:, 1] + bounds[:, 3]) / 2.0)
    ellipsoid = pyproj.Geod(ellps="WGS84")
    w2 = 1.0 - ellipsoid.es * np.sin(middle) ** 2
    north = ellipsoid.a * (1.0 - ellipsoid.es) / w2**1.5
    east = ellipsoid.a / np.sqrt(w2) * np.cos(middle)
    areas: Floats = shapely.area(shapes) * np.radians(1.0) ** 2 * north * east
    return areas


def estimate_households(
    area_m2: Floats, floors: Floats, height_m: Floats, lived_in: NDArray[np.bool_], dwelling_m2: float = DWELLING_M2
) -> NDArray[np.int64]:
    """Return the households of buildings by their gross floor area.

    Parameters
    ----------
    area_m2
        Footprints, n of them.
    floors, height_m
        NaN where not known; floors go before the height; a building of which neither is known counts one floor.
    lived_in
        Whether households may live there.
    dwelling_m2
        Gross floor area a dwelling.

    Returns
    -------
    ndarray
        n whole numbers; 0 where nobody lives, at least 1 elsewhere.

    Examples
    --------
    A slab of six floors on 600 m², and a tower of 54 m on 500 m²:

    >>> estimate_households(np.array([600.0, 500.0]), np.array([6.0, np.nan]), np.array([np.nan, 54.0]),
    ...                     np.array([True, True])).tolist()
    [36, 90]
    """
    storeys = np.where(np.isnan(floors), np.maximum(np.round(height_m / STOREY_M), 1.0), floors)
    storeys = np.where(np.isnan(storeys), 1.0, storeys)
    gross = area_m2 * storeys
    homes = lived_in & (gross >= SMALLEST_HOME_M2) & (storeys > 0)
    return np.where(homes, np.maximum(np.round(gross / dwelling_m2), 1.0), 0.0).astype(np.int64)
