"""What the tags of an OpenStreetMap object mean here: which barrier it is, what a building is used for, how high.

Room: ingest. In: tags as a mapping. Out: words of ours. Pure; knows no file and no geometry.
Source of the tags' meaning: the OpenStreetMap wiki, "Map features".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from gisgrid.ingest.estimate import is_lived_in
from gisgrid.model import BarrierKind

Tags = Mapping[str, str]

MAIN_ROADS: Final = frozenset({"motorway", "trunk", "primary", "secondary", "motorway_link", "trunk_link"})
STREETS: Final = frozenset(
    {"tertiary", "unclassified", "residential", "living_street", "pedestrian", "road", "primary_link", "secondary_link",
     "tertiary_link"}
)  # fmt: skip
"""Streets that borders may follow. Not `service` and `track`: yards and fields would fall to pieces."""

PASSABLE: Final = frozenset(
    {*MAIN_ROADS, *STREETS, "service", "track", "footway", "path", "cycleway", "steps", "bridleway"}
) - {"motorway", "motorway_link"}
"""Ways on which somebody gets from one side to the other."""

RAILWAYS: Final = frozenset({"rail", "light_rail", "narrow_gauge"})
WATERWAYS: Final = frozenset({"river", "canal"})
WALLS: Final = frozenset({"city_wall", "wall"})

DEFAULT_FLOORS: Final[Mapping[str, float]] = {
    "apartments": 4.0,
    "dormitory": 4.0,
    "residential": 2.0,
    "terrace": 2.0,
    "house": 2.0,
    "detached": 2.0,
    "semidetached_house": 2.0,
}
"""Floors of a building that names none, by its type; every other type counts one floor."""

ONE_HOME: Final = frozenset(
    {"house", "detached", "semidetached_house", "bungalow", "cabin", "farm", "villa", "allotment_house"}
)
"""Types that house one household, whatever their size."""

SMALLEST_UNNAMED_M2: Final = 50.0
"""A `building=yes` below this footprint is taken for an outbuilding."""

_PUBLIC_WORDS: Final = """
    place_of_worship school kindergarten childcare university college hospital clinic townhall fire_station police
    public_building community_centre library theatre cinema marketplace bus_station parking bicycle_parking fuel
    car_wash shelter toilets scout_hut bank post_office courthouse prison recycling waste_transfer_station monastery
"""
_PUBLIC_AMENITIES: Final = frozenset(_PUBLIC_WORDS.split())
_OFF: Final = frozenset({"no", "proposed", "construction", "abandoned", "razed", "demolished", "disused"})


def barrier_kind(tags: Tags) -> BarrierKind | None:
    """Return which barrier a way is, or None where it is none.

    What runs in a tunnel parts nobody; what is abandoned or not yet built neither.
    """
    if is_underground(tags):
        return None
    highway = tags.get("highway")
    side_track = tags.get("service") in ("spur", "yard", "siding")
    found: dict[BarrierKind, bool] = {
        "railway": tags.get("railway") in RAILWAYS and not side_track,
        "main_road": highway in MAIN_ROADS,
        "street": highway in STREETS,
        "river": tags.get("waterway") in WATERWAYS,
        "wall": tags.get("barrier") in WALLS,
    }
    return next((kind for kind, applies in found.items() if applies), None)


def is_underground(tags: Tags) -> bool:
    """Return whether a way runs in a tunnel or culvert."""
    return tags.get("tunnel", "no") not in ("no", "building_passage")


def is_raised(tags: Tags) -> bool:
    """Return whether a way runs on a bridge."""
    return tags.get("bridge", "no") not in _OFF


def is_passable(tags: Tags) -> bool:
    """Return whether people move along a way; private and forbidden ways do not count."""
    return tags.get("highway") in PASSABLE and tags.get("access") not in ("no", "private")


def is_building(tags: Tags) -> bool:
    """Return whether an area is a building that stands; parts of buildings (`building:part`) are none."""
    return tags.get("building", "no") not in _OFF and tags.get("location") not in ("underground", "underwater")


def building_use(tags: Tags) -> str | None:
    """Return what a building is used for in OpenStreetMap's words, or None where nobody said (`building=yes`)."""
    kind = tags.get("building", "yes")
    if kind != "yes":
        return kind
    amenity = tags.get("amenity")
    if amenity in _PUBLIC_AMENITIES:
        return "public"
    if "man_made" in tags or "power" in tags or "aeroway" in tags:
        return "service"
    if "office" in tags:
        return "office"
    if tags.get("tourism") in ("hotel", "museum", "motel", "hostel"):
        return "hotel"
    return None


def lived_in(use: str | None, area_m2: float) -> bool:
    """Return whether households are estimated for a building of this use and footprint."""
    if use is None:
        return area_m2 >= SMALLEST_UNNAMED_M2
    return is_lived_in(use)


def building_address(tags: Tags) -> str | None:
    """Return the address as it is written on the spot: street and number, or place and number."""
    street = tags.get("addr:street") or tags.get("addr:place")
    parts = [part for part in (street, tags.get("addr:housenumber")) if part]
    return " ".join(parts) or None


def floors(tags: Tags) -> int | None:
    """Return `building:levels`, half floors rounded up; None where it is no number from 1 to 200."""
    number = _number(tags.get("building:levels"))
    if number is None or not 0 < number <= 200:
        return None
    return int(number) + (not number.is_integer())


def height_m(tags: Tags) -> float | None:
    """Return `height` in metres; None where it is no height from 1 to 900 m."""
    number = _number(tags.get("height") or tags.get("building:height"))
    return number if number is not None and 1 <= number <= 900 else None


def _number(text: str | None) -> float | None:
    """Return the number that a tag begins with, its unit being metres or none."""
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*m?\s*", text or "")
    return float(found.group(1).replace(",", ".")) if found else None


def division_code(tags: Tags, relation: int) -> str:
    """Return a boundary's own 12-digit code where it carries one, else `99` and the relation's number in 10 digits.

    No Chinese province has the code 99, so that the two can never meet.
    """
    for key in ("ref:CN", "ref:cn", "china:code", "ref"):
        if re.fullmatch(r"\d{12}", tags.get(key, "")):
            return tags[key]
    return f"99{relation:010d}"
