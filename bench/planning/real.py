"""Real ground in the form of the test bed: Nanshan (stand-in communities) and Liechtenstein (its municipalities).

In: the folder of real data. Out: communities. The ground is cut by gisgrid's own tessellation; households are estimated
from floors and footprints, and no estates are known, so J is border length alone. Ground that is no zone to be divided
(a building above the band, households that add up to no number of grids) stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import geopandas
import numpy as np
import shapely

from bench.places import nanshan
from bench.planning.instances import MAXIMUM, Community, grid_count
from gisgrid.geometry.adjacency import components
from gisgrid.ingest.estimate import footprint_m2
from gisgrid.ingest.osm import read_osm
from gisgrid.model import Barrier, Building, CommunityInputs, Division, DrawSettings
from gisgrid.plan.ground import Ground, ground_of

DWELLING_M2 = 100.0
LEAST_UNITS = 30


def real(name: str, data: Path) -> list[Community]:
    """Return the communities of `nanshan` or `liechtenstein`."""
    inputs = _nanshan(data) if name == "nanshan" else _liechtenstein(data)
    grounds = ((each.community.code, ground_of(each, DrawSettings())) for each in inputs)
    return [_community(f"{name}-{code}", ground) for code, ground in grounds if len(ground.cells) >= LEAST_UNITS]


def _nanshan(data: Path) -> Iterator[CommunityInputs]:
    with TemporaryDirectory() as folder:
        layers = {layer: geopandas.read_file(path) for layer, path in nanshan(data, Path(folder)).items()}
    buildings = layers["buildings"]
    floors = np.maximum(1.0, np.round(buildings["height_m"].to_numpy(dtype=float) / 3.0))
    buildings["households"] = np.round(footprint_m2(buildings.geometry.to_numpy()) * floors / DWELLING_M2).astype(int)
    yield from _inputs(layers["divisions"], layers["barriers"], buildings)


def _liechtenstein(data: Path) -> Iterator[CommunityInputs]:
    layers = read_osm(data / "liechtenstein.osm.pbf")
    yield from _inputs(layers.divisions, layers.barriers, layers.buildings)


def _inputs(
    divisions: geopandas.GeoDataFrame, barriers: geopandas.GeoDataFrame, buildings: geopandas.GeoDataFrame
) -> Iterator[CommunityInputs]:
    footprints = buildings.geometry.to_numpy()
    points = shapely.point_on_surface(footprints)
    for _, division in divisions[divisions["level"] == "community"].iterrows():
        area = division.geometry
        shapely.prepare(area)
        rows = buildings[shapely.contains(area, points)]
        crossing = barriers[shapely.intersects(area, barriers.geometry.to_numpy())]
        yield CommunityInputs(
            Division(division["code"], division["name"], "community", geometry=area),
            tuple(
                Building(code, geometry, households=int(households))
                for code, geometry, households in zip(rows["code"], rows.geometry, rows["households"], strict=True)
            ),
            barriers=tuple(Barrier(kind, line) for kind, line in zip(crossing["kind"], crossing.geometry, strict=True)),
        )


def _community(name: str, ground: Ground) -> Community:
    graph = ground.graph
    units, borders = graph.units, graph.borders
    count = len(graph)
    alone = units.households > MAXIMUM
    open_borders = borders.adjacent & ~alone[borders.a] & ~alone[borders.b]
    zone = components(count, borders.a[open_borders], borders.b[open_borders])
    loads = np.bincount(zone, weights=units.households)
    divided = np.array([grid_count(int(load)) is not None for load in loads])
    alone |= ~divided[zone]
    zone = np.where(alone, -1, np.unique(np.where(alone, -1, zone), return_inverse=True)[1] - bool(alone.any()))
    return Community(
        id=name,
        households=units.households.tolist(),
        x=units.x.tolist(),
        y=units.y.tolist(),
        footprint=np.column_stack([units.x, units.y, units.x, units.y]).tolist(),
        kind=["building" if code else "aux" for code in units.codes],
        estate=[-1] * count,
        company=[-1] * count,
        area=units.area_m2.tolist(),
        perimeter=units.perimeter_m.tolist(),
        zone=zone.tolist(),
        alone=alone.tolist(),
        borders=[
            (a, b, round(length, 2), not passable)
            for a, b, length, passable in zip(
                borders.a.tolist(),
                borders.b.tolist(),
                borders.length_m.tolist(),
                borders.adjacent.tolist(),
                strict=True,
            )
        ],
        ties=[],
    )
