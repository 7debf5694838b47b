"""The two real places, made into files that `gisgrid import` reads.

Nanshan: 5,438 buildings and 272 roads; no community boundaries are openly available, so Voronoi cells of 20 k-means
centres of the buildings, clipped to their hull, stand in for them, with names and codes of district 440305.
Liechtenstein: an OpenStreetMap extract with its 11 municipalities; nothing has to be made.
"""

from __future__ import annotations

import csv
from pathlib import Path

import geopandas as gpd
import numpy as np
import shapely
from scipy.cluster.vq import kmeans2

MAIN_ROADS = {"trunk", "primary", "secondary"}
COMMUNITIES = 20
SEED = 20260101


def nanshan(data: Path, folder: Path) -> dict[str, Path]:
    """Write divisions, barriers and buildings of Nanshan into the folder; return the paths by layer."""
    buildings = gpd.read_file(data / "shenzhen_nanshan.gpkg", layer="buildings")
    roads = gpd.read_file(data / "shenzhen_nanshan.gpkg", layer="roads")
    paths = {layer: folder / f"nanshan_{layer}.gpkg" for layer in ("divisions", "barriers", "buildings")}
    roads["kind"] = np.where(roads["highway"].isin(MAIN_ROADS), "main_road", "street")
    roads["name"] = roads["road_id"].astype(str)
    roads[["kind", "name", "geometry"]].to_file(paths["barriers"], layer="barriers")
    buildings["code"] = "B" + buildings["building_id"].astype(str)
    buildings[["code", "height_m", "geometry"]].to_file(paths["buildings"], layer="buildings")
    nanshan_divisions(data, buildings).to_file(paths["divisions"], layer="divisions")
    return paths


def nanshan_divisions(data: Path, buildings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return district, streets and 20 communities; only the communities have a polygon."""
    with (data / "division_codes.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["short_code"].startswith("440305")]
    metric = buildings.geometry.to_crs("EPSG:4547")
    centres = np.column_stack([metric.centroid.x, metric.centroid.y])
    middles, _ = kmeans2(centres, COMMUNITIES, seed=SEED, minit="++")
    hull = shapely.convex_hull(shapely.union_all(shapely.convex_hull(metric.to_numpy())))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.multipoints(middles), extend_to=hull))
    shares = shapely.intersection(shapely.set_precision(cells, 0.01), hull)
    polygons = gpd.GeoSeries(shares, crs="EPSG:4547").to_crs("EPSG:4326")
    communities = [row for row in rows if row["level"] == "community"][: len(polygons)]
    parents = {row["parent_code"] for row in communities}
    table = [
        (row["short_code"], row["name"], row["level"], "440305" if row["level"] == "street" else None, None)
        for row in rows
        if row["level"] == "district" or (row["level"] == "street" and row["code"] in parents)
    ]
    table += [
        (row["short_code"], row["name"], "community", row["short_code"][:9], polygon)
        for row, polygon in zip(communities, polygons, strict=True)
    ]
    return gpd.GeoDataFrame(table, columns=["code", "name", "level", "parent", "geometry"], crs="EPSG:4326")
