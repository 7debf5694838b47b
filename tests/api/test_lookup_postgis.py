"""The point index and PostGIS give the same answer: the smallest code of the grids that cover the point."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from served_town import Service
from sqlalchemy import text

from bench.lookup import sets
from gisgrid.lookup.index import METHODS, PointIndex
from gisgrid.store.database import Database

SMALLEST_COVERING = text("""
    SELECT point.number, min(cover.code) AS code
    FROM probes AS point
    LEFT JOIN covers AS cover ON ST_Covers(cover.geom, point.geom)
    GROUP BY point.number
    ORDER BY point.number
""")


def coverage_with_holes_and_parts(seed: int) -> list[shapely.Geometry]:
    """Faces of random lines, some joined into multipolygons and polygons with holes, all rounded as stored."""
    rng = np.random.default_rng(seed)
    lines = shapely.linestrings(rng.uniform(0, 0.02, (40, 2, 2)))
    rings = [shapely.Point(*rng.uniform(0.004, 0.016, 2)).buffer(rng.uniform(0.001, 0.003)).exterior for _ in range(6)]
    noded = shapely.node(shapely.union_all([*lines, *rings, shapely.box(0, 0, 0.02, 0.02).exterior], grid_size=1e-8))
    faces = shapely.get_parts(shapely.polygonize([noded]))
    labels = rng.integers(0, len(faces) // 3, len(faces))
    merged = [shapely.coverage_union_all(faces[labels == label]) for label in np.unique(labels)]
    placed = shapely.transform(merged, lambda xy: np.round(np.add(xy, (111.7, 40.8)), 9))
    return [each for each in placed if each.is_valid]


def probes_of(grids: list[shapely.Geometry], seed: int) -> np.ndarray:
    """Random points, every vertex, and the middle of every border segment."""
    rng = np.random.default_rng(seed)
    west, south, east, north = shapely.total_bounds(grids)
    margin = (east - west) / 10
    scattered = rng.uniform((west - margin, south - margin), (east + margin, north + margin), (4_000, 2))
    rings = shapely.get_rings(shapely.get_parts(grids))
    middles = [(xy[1:] + xy[:-1]) / 2 for xy in (shapely.get_coordinates(ring) for ring in rings)]
    return np.concatenate([scattered, shapely.get_coordinates(grids), *middles])


def codes_of_postgis(
    database: Database, grids: list[shapely.Geometry], codes: list[str], points: np.ndarray
) -> list[str]:
    with database.transaction() as connection:
        connection.execute(text("CREATE TEMP TABLE covers (code text, geom geometry(Geometry, 4326)) ON COMMIT DROP"))
        connection.execute(text("CREATE TEMP TABLE probes (number int, geom geometry(Point, 4326)) ON COMMIT DROP"))
        wkb = shapely.to_wkb(shapely.set_srid(np.array(grids), 4326), hex=True, include_srid=True)
        connection.execute(
            text("INSERT INTO covers VALUES (:code, CAST(:geom AS geometry))"),
            [{"code": code, "geom": geom} for code, geom in zip(codes, wkb.tolist(), strict=True)],
        )
        driver = connection.connection.driver_connection
        point_wkb = shapely.to_wkb(shapely.set_srid(shapely.points(points), 4326), hex=True, include_srid=True)
        with driver.cursor() as cursor, cursor.copy("COPY probes FROM STDIN") as copy:
            for number, geom in enumerate(point_wkb.tolist()):
                copy.write_row((number, geom))
        return list(connection.execute(SMALLEST_COVERING).scalars("code"))


@pytest.mark.parametrize("seed", range(6))
def test_the_index_is_postgis_on_any_coverage(database: Database, seed: int) -> None:
    grids = coverage_with_holes_and_parts(seed)
    codes = [f"{number:04}" for number in np.random.default_rng(seed).permutation(len(grids))]
    index = PointIndex(codes, grids, ["e"] * len(grids))
    points = probes_of(grids, seed)
    found = index.locate_many(points[:, 0], points[:, 1])
    ours = [index.codes[position] if position >= 0 else None for position in found.grid]
    theirs = codes_of_postgis(database, grids, codes, points)
    assert len(ours) > 5_000
    assert any(shapely.get_num_interior_rings(part) for part in shapely.get_parts(grids))
    assert any(grid.geom_type == "MultiPolygon" for grid in grids)
    assert len(set(ours)) > len(codes) * 0.9  # slivers may hold no probe
    assert [k for k in range(len(ours)) if ours[k] != theirs[k]] == []


def test_overlaps_and_gaps_of_foreign_polygons_change_nothing(database: Database) -> None:
    rng = np.random.default_rng(11)
    corners = np.round(rng.uniform((111.70, 40.80), (111.72, 40.82), (60, 2)), 9)
    grids = [shapely.box(x, y, np.round(x + 0.004, 9), np.round(y + 0.003, 9)) for x, y in corners]
    codes = [f"{number:04}" for number in rng.permutation(len(grids))]
    index = PointIndex(codes, grids, ["e"] * len(grids))
    points = probes_of(grids, 11)
    found = index.locate_many(points[:, 0], points[:, 1])
    ours = [index.codes[position] if position >= 0 else None for position in found.grid]
    assert ours == codes_of_postgis(database, grids, codes, points)


@pytest.mark.parametrize("kind", sets.KINDS)
def test_points_exactly_on_borders_have_one_grid_one_by_one_in_bulk_and_in_sql(database: Database, kind: str) -> None:
    grids = sets.polygons(kind, 60, 60, seed=3).tolist()
    codes = [f"{number:04}" for number in range(len(grids))]
    index = PointIndex(codes, grids, ["e"] * len(grids))
    points = sets.on_borders(np.array(grids), 2_000, np.random.default_rng(3))
    found = index.locate_many(points[:, 0], points[:, 1])
    bulk = [index.codes[position] if position >= 0 else None for position in found.grid]
    assert [index.locate(x, y).grid for x, y in points.tolist()] == bulk
    assert codes_of_postgis(database, grids, codes, points) == bulk
    methods = {METHODS[method] for method in found.method}
    assert methods == ({"border", "inside"} if kind in ("inside", "foreign") else {"border"})


def test_the_service_answers_what_the_database_says_of_its_edition(shared_service: Service) -> None:
    with shared_service.database.transaction() as connection:
        rows = connection.execute(
            text("SELECT code, ST_AsBinary(geom) AS shape FROM gisgrid.edition_grids ORDER BY code")
        ).all()
    grids, codes = [shapely.from_wkb(bytes(row.shape)) for row in rows], [row.code for row in rows]
    points = probes_of(grids, 5)
    body = {"crs": "wgs84", "points": points.tolist()}
    answer = shared_service.client("viewer").post("/v1/locate", json=body).json()
    theirs = codes_of_postgis(shared_service.database, grids, codes, points)
    ours = [
        code if method in ("inside", "border") else None
        for code, method in zip(answer["codes"], answer["methods"], strict=True)
    ]
    assert ours == theirs
    assert "border" in answer["methods"]
