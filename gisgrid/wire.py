"""The nouns as JSON-ready values: one spelling for the command line and the wire.

Room: beside `model`. In: nouns of `gisgrid.model`. Out: dicts of plain values. Imports nothing of the rooms above.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
import shapely

from gisgrid.model import Assignment, Candidate, DrawSettings, Edition, Finding, Grid, Location, Neighbour, Plan

COORDINATE_DECIMALS = 9
"""Digits of a degree in GeoJSON: what the database stores, so that shared borders stay shared."""


def instant(moment: datetime | None) -> str | None:
    """Return an instant in RFC 3339 form, or None."""
    return None if moment is None else moment.isoformat()


def geometry(value: shapely.Geometry | None) -> dict[str, Any] | None:
    """Return a geometry as a GeoJSON object (RFC 7946) with every stored digit, or None."""
    if value is None:
        return None
    if isinstance(value, shapely.Polygon) and not value.is_empty:
        return {"type": "Polygon", "coordinates": _rings(value)}
    if isinstance(value, shapely.MultiPolygon) and not value.is_empty:
        return {"type": "MultiPolygon", "coordinates": [_rings(part) for part in value.geoms]}
    document: dict[str, Any] = orjson.loads(shapely.to_geojson(value))
    return document


def _rings(value: shapely.Polygon) -> list[list[list[float]]]:
    """Return the rings of a polygon as GeoJSON has them; printing and reading all numbers would take longer."""
    return [shapely.get_coordinates(ring).tolist() for ring in (value.exterior, *value.interiors)]


def feature_collection(features: Iterable[tuple[shapely.Geometry | None, dict[str, Any]]]) -> dict[str, Any]:
    """Return a GeoJSON FeatureCollection of (geometry, properties) pairs."""
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "geometry": geometry(shape), "properties": properties} for shape, properties in features
        ],
    }


def finding(value: Finding) -> dict[str, Any]:
    """Return a finding as plain values; keys that do not apply are left out."""
    document: dict[str, Any] = {
        "rule": value.rule,
        "severity": value.severity,
        "message": value.message,
        "message_zh": value.message_zh,
        "codes": list(value.codes),
    }
    if value.line is not None:
        document["line"] = value.line
    if value.field is not None:
        document["field"] = value.field
    if value.values:
        document["values"] = dict(sorted(value.values.items()))  # the database keeps no order of its own
    if value.geometry is not None:
        document["geometry"] = geometry(value.geometry)
    return document


def findings(values: Iterable[Finding]) -> list[dict[str, Any]]:
    """Return findings as a list of plain values, in their order."""
    return [finding(value) for value in values]


def candidates(values: Iterable[Candidate]) -> list[dict[str, Any]]:
    """Return candidates as plain values, the likeliest first."""
    return [{**dataclasses.asdict(value), "grids": list(value.grids)} for value in values]


def neighbour(value: Neighbour) -> dict[str, Any]:
    """Return a neighbouring grid and its distance in metres, to the centimetre."""
    return {"code": value.code, "distance_m": round(value.distance_m, 2)}


def evidence(value: Location | Assignment) -> dict[str, Any]:
    """Return how a grid was decided: method, distance to the border, neighbours."""
    distance = value.border_distance_m
    return {
        "method": value.method,
        "border_distance_m": None if distance is None else round(distance, 2),
        "neighbours": [neighbour(other) for other in value.neighbours],
    }


def draw_settings(value: DrawSettings) -> dict[str, Any]:
    """Return the settings of a draw as plain values, the household band beside the others."""
    return {
        "min": value.band.minimum,
        "max": value.band.maximum,
        "target": value.band.target,
        "measure": value.band.measure,
        "seed": value.seed,
        "cross_barriers": value.cross_barriers,
        "dedicated_area_m2": value.dedicated_area_m2,
        "keep_current": value.keep_current,
        "weights": dataclasses.asdict(value.weights),
        "grids": value.grids,
        "effort": value.effort,
        "prove": value.prove,
        "locked_grids": list(value.locked_grids),
        "locked_buildings": list(value.locked_buildings),
        "villages": value.villages,
    }


def grid(value: Grid) -> dict[str, Any]:
    """Return a grid of a plan or an edition as plain values, without geometry."""
    return {
        "key": value.key,
        "code": value.code,
        "name": value.name,
        "kind": value.kind,
        "households": value.households,
        "buildings": len(value.buildings),
        "area_m2": round(value.area_m2, 1),
    }


def plan(value: Plan) -> dict[str, Any]:
    """Return a plan with its grids and findings as plain values, without geometry."""
    return {
        "plan": value.id,
        "community": value.community,
        "state": value.state,
        "revision": value.revision,
        "settings": draw_settings(value.settings),
        "base_edition": value.base_edition,
        "created_at": instant(value.created_at),
        "grids": [grid(each) for each in value.grids],
        "findings": findings(value.findings),
    }


def edition(value: Edition) -> dict[str, Any]:
    """Return an edition as plain values, without its grids."""
    return {
        "id": value.id,
        "community": value.community,
        "plan": value.plan,
        "valid_from": instant(value.valid_from),
        "valid_to": instant(value.valid_to),
    }
