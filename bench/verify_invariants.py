"""Verify the contract's invariants on the editions in force, with shapely and SQL alone.

It imports nothing of gisgrid: whoever does not trust gisgrid's own checks runs this one.

    python bench/verify_invariants.py postgresql://…            # exit status 1 if anything is broken

It prints one line a community and the sums: grids, buildings, households, overlapping pairs, gaps, area outside,
edges that are neither shared nor on the community's edge, footprints cut, codes broken, grids outside the band
without an accepted finding.
"""

from __future__ import annotations

import itertools
import math
import sys
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import numpy as np
import psycopg
import shapely
from pyproj import Transformer

TOLERANCE_M = 0.002  # the contract's tolerance for a border on the community's edge
INSET_M = 0.05  # a footprint shrunk by this much lies in exactly one grid


@dataclass
class Counts:
    """What one community's edition amounts to; every figure under `broken` has to be 0."""

    grids: int = 0
    buildings: int = 0
    households: int = 0
    outside_band_accepted: int = 0
    crossing_the_community_edge: int = 0
    missing_m2: float = 0.0
    outside_m2: float = 0.0
    broken: Counter[str] = field(default_factory=Counter)


def metres(geometries: np.ndarray, lon: float, lat: float) -> np.ndarray:
    """Return the geometries in metres, in a transverse Mercator centred on the place."""
    local = f"+proj=tmerc +lat_0={lat} +lon_0={lon} +k=1 +x_0=0 +y_0=0 +ellps=WGS84 +units=m"
    transformer = Transformer.from_crs("EPSG:4326", local, always_xy=True)
    return shapely.transform(geometries, lambda xy: np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))


def undirected_edges(polygon: shapely.Polygon) -> list[tuple[tuple[float, float], tuple[float, float]]]:
    """Return the edges of every ring as sorted pairs of the stored vertices."""
    edges = []
    for ring in [polygon.exterior, *polygon.interiors]:
        points = [tuple(p) for p in shapely.get_coordinates(ring)]
        edges += [(min(a, b), max(a, b)) for a, b in itertools.pairwise(points)]
    return edges


def verify_polygons(polygons: np.ndarray, community: shapely.Geometry, counts: Counts) -> np.ndarray:
    """Count breaches of invariants 1 and 3; return the polygons in metres."""
    counts.broken["not one valid polygon"] += int(
        (~shapely.is_valid(polygons) | (shapely.get_type_id(polygons) != 3)).sum()
    )
    centre = community.centroid
    polygons_m, community_m = metres(polygons, centre.x, centre.y), metres(np.array([community]), centre.x, centre.y)[0]
    tree = shapely.STRtree(polygons)
    a, b = tree.query(polygons, predicate="intersects")
    pairs = a < b
    interior = shapely.relate_pattern(polygons[a[pairs]], polygons[b[pairs]], "T********")
    counts.broken["overlapping pairs"] += int(interior.sum())
    # In degrees: a straight edge of the community is straight there, and slightly curved in any projection.
    union = shapely.unary_union(polygons)
    square_m = 111_320.0**2 * math.cos(math.radians(centre.y))
    missing = shapely.area(shapely.difference(community, union)) * square_m
    outside = shapely.area(shapely.difference(union, community)) * square_m
    counts.missing_m2 += missing
    counts.outside_m2 += outside
    sliver_m2 = shapely.length(community_m) * TOLERANCE_M
    counts.broken["communities with ground in no grid"] += int(missing > sliver_m2)
    counts.broken["communities with grids outside"] += int(outside > sliver_m2)
    seen = Counter(edge for polygon in polygons for edge in undirected_edges(polygon))
    counts.broken["edges in more than two grids"] += sum(1 for times in seen.values() if times > 2)
    lonely = shapely.linestrings([edge for edge, times in seen.items() if times == 1])
    tolerance = TOLERANCE_M / 111_320.0
    for place in (0.0, 0.5, 1.0):
        points = shapely.line_interpolate_point(lonely, place, normalized=True)
        off = shapely.distance(points, community.boundary) > tolerance
        counts.broken["edges neither shared nor on the community's edge"] += int(off.sum())
    return polygons_m


def verify_buildings(
    connection: psycopg.Connection,
    community: str,
    edition: int,
    codes: list[str],
    polygons_m: np.ndarray,
    outline: shapely.Geometry,
    counts: Counts,
) -> dict[str, int]:
    """Count breaches of invariant 2; return the households of each grid, summed from the buildings themselves."""
    centre = outline.centroid
    outline_m = metres(np.array([outline]), centre.x, centre.y)[0]
    rows = connection.execute(
        "SELECT b.code, b.households, ST_AsBinary(b.geom),"
        " array_agg(e.grid_code) FILTER (WHERE e.grid_code IS NOT NULL)"
        " FROM gisgrid.buildings b LEFT JOIN gisgrid.edition_buildings e"
        " ON e.building_code = b.code AND e.edition_id = %s WHERE b.community_code = %s GROUP BY b.code, b.geom",
        (edition, community),
    ).fetchall()
    households: dict[str, int] = defaultdict(int)
    footprints = metres(shapely.from_wkb([bytes(row[2]) for row in rows]), centre.x, centre.y) if rows else np.array([])
    tree = shapely.STRtree(polygons_m)
    for (_, count, _, grids), footprint in zip(rows, footprints, strict=True):
        counts.buildings += 1
        counts.households += count
        if not grids or len(grids) != 1:
            counts.broken["buildings not in exactly one grid"] += 1
            continue
        households[grids[0]] += count
        counts.crossing_the_community_edge += int(not shapely.covered_by(footprint, outline_m))
        core = shapely.buffer(shapely.intersection(footprint, outline_m), -INSET_M)
        if shapely.is_empty(core):
            continue
        holders = {codes[i] for i in tree.query(core, predicate="intersects")}
        counts.broken["footprints cut by a border"] += int(len(holders) > 1)
        counts.broken["buildings outside their grid"] += int(grids[0] not in holders)
    return households


def verify_community(connection: psycopg.Connection, community: str, edition: int) -> Counts:
    """Return the counts of one community's edition in force."""
    counts = Counts()
    outline = shapely.from_wkb(
        bytes(connection.execute("SELECT ST_AsBinary(geom) FROM gisgrid.divisions WHERE code = %s", (community,))
              .fetchone()[0])
    )  # fmt: skip
    rows = connection.execute(
        "SELECT g.code, g.kind, g.households, ST_AsBinary(g.geom), EXISTS (SELECT 1 FROM gisgrid.edition_acceptances a"
        " WHERE a.edition_id = g.edition_id AND a.grid_code = g.code)"
        " FROM gisgrid.edition_grids g WHERE g.edition_id = %s ORDER BY g.code", (edition,),
    ).fetchall()  # fmt: skip
    codes = [row[0] for row in rows]
    counts.grids = len(rows)
    polygons = np.array(shapely.from_wkb([bytes(row[3]) for row in rows]))
    polygons_m = verify_polygons(polygons, outline, counts)
    households = verify_buildings(connection, community, edition, codes, polygons_m, outline, counts)
    minimum, maximum = connection.execute(
        "SELECT (settings->'band'->>'minimum')::int, (settings->'band'->>'maximum')::int"
        " FROM gisgrid.plans p JOIN gisgrid.editions e ON e.plan_id = p.id WHERE e.id = %s", (edition,),
    ).fetchone()  # fmt: skip
    for code, kind, declared, _, accepted in rows:
        counts.broken["codes not community + 3 digits"] += int(
            not (len(code) == 15 and code.startswith(community) and code[12:].isdigit())
        )
        counts.broken["household sums"] += int(declared != households.get(code, 0))
        if kind == "residential" and not minimum <= households.get(code, 0) <= maximum:
            counts.outside_band_accepted += int(accepted)
            counts.broken["grids outside the band, not accepted"] += int(not accepted)
    return counts


def verify_history(connection: psycopg.Connection) -> Counter[str]:
    """Count breaches of invariants 4 to 6 over all editions that ever were."""
    broken: Counter[str] = Counter()
    broken["instants with two editions"] = connection.execute(
        "SELECT count(*) FROM gisgrid.editions a JOIN gisgrid.editions b"
        " ON a.community_code = b.community_code AND a.id < b.id AND a.valid && b.valid"
    ).fetchone()[0]
    broken["codes used again after retirement"] = connection.execute(
        "SELECT count(*) FROM gisgrid.edition_grids g JOIN gisgrid.grid_codes c ON c.code = g.code"
        " JOIN gisgrid.editions e ON e.id = g.edition_id JOIN gisgrid.editions r ON r.id = c.retired_edition_id"
        " WHERE lower(e.valid) >= lower(r.valid)"
    ).fetchone()[0]
    return broken


def main(url: str) -> int:
    """Print the counts of every community in force; return 1 if anything is broken."""
    total, broken = Counter[str](), Counter[str]()
    with psycopg.connect(url) as connection:
        editions = connection.execute(
            "SELECT community_code, id FROM gisgrid.editions WHERE valid @> now() ORDER BY community_code"
        ).fetchall()
        for community, edition in editions:
            counts = verify_community(connection, community, edition)
            faults = {name: n for name, n in counts.broken.items() if n}
            print(f"{community} edition {edition}: {counts.grids} grids, {counts.buildings} buildings, "
                  f"{counts.households} households, broken: {faults or 'nothing'}")  # fmt: skip
            total.update({"communities": 1, "grids": counts.grids, "buildings": counts.buildings,
                          "households": counts.households,
                          "grids outside the band, accepted": counts.outside_band_accepted,
                          "buildings that cross the community's edge": counts.crossing_the_community_edge,
                          "m2 of slivers inside the communities' edges": counts.missing_m2,
                          "m2 of slivers outside them": counts.outside_m2})  # fmt: skip
            broken.update(counts.broken)
        broken.update(verify_history(connection))
    for name, n in total.items():
        print(f"{name}: {n:,.2f}" if isinstance(n, float) else f"{name}: {n:,}")
    for name, n in sorted(broken.items()):
        print(f"  {'ok    ' if n == 0 else 'BROKEN'} {name}: {n}")
    return 1 if any(broken.values()) or not total["communities"] else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
