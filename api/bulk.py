"""Many points at once: read in one of three forms, looked up in one pass, answered in one of three.

Room: the front door on the wire. In: a body that was received whole. Out: the body of the answer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import islice
from types import MappingProxyType
from typing import Final

import numpy as np

from api import schemas
from api.bodies import JSON_TYPE
from api.deps import Services
from api.points import ARROW_TYPE, CSV_TYPE, FAULTS_LIMIT, Points, faulty_rows, json_answer, read_points_json
from api.points_arrow import arrow_answer, read_points_arrow
from api.points_csv import csv_answer, read_points_csv
from gisgrid.errors import BadCoordinate
from gisgrid.geometry.crs import lon_lat_faults
from gisgrid.in_force import LocatedPoints
from gisgrid.lookup.index import METHODS

READERS: Final[Mapping[str, Callable[[bytes, str | None, datetime | None], Points]]] = MappingProxyType(
    {JSON_TYPE: read_points_json, CSV_TYPE: read_points_csv, ARROW_TYPE: read_points_arrow}
)
"""Media type → how a body is read; `crs` and `at` are those of the address, a JSON body has its own."""

_WRITERS: Final[Mapping[str, Callable[[Points, LocatedPoints], bytes]]] = MappingProxyType(
    {
        JSON_TYPE: lambda _, located: json_answer(located),
        CSV_TYPE: csv_answer,
        ARROW_TYPE: lambda _, located: arrow_answer(located),
    }
)


def answer_points(services: Services, points: Points, forms: tuple[str, str]) -> bytes:
    """Return the body of the answer.

    Parameters
    ----------
    forms
        The media types of the question and of the answer.

    Raises
    ------
    BadRequest, GisgridError
        Some of the points cannot be looked up.
    """
    given, wanted = forms
    located = _located(services, points, given)
    for method, count in enumerate(np.bincount(located.method).tolist()):
        services.metrics.located[METHODS[method]].inc(count)
    return _WRITERS[wanted](points, located)


def _located(services: Services, points: Points, form: str) -> LocatedPoints:
    """Return the grids of the points; every point that is none is named."""
    system = schemas.declared_system(points.crs)
    try:
        return services.directory.locate_many(points.lon, points.lat, system, at=points.at)
    except BadCoordinate as error:
        faults = list(islice(lon_lat_faults(points.lon, points.lat), FAULTS_LIMIT))
        if not faults:
            raise
        raise faulty_rows(faults, form, error.code) from error
