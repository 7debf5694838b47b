"""`/v1/sources`: who sends reports, and whether its coordinates fit the system that it declares.

Room: the front door on the wire. In: a number of days. Out: one entry a source and declared system.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Query, Response
from pydantic import BeforeValidator

from api import documents, schemas
from api.access import guarded_router
from api.deps import ServicesDep, answer, whole
from gisgrid import sources, wire

router = guarded_router("reports 诉求")

DaysQuery = Annotated[
    int, BeforeValidator(whole), Query(ge=1, le=366, description="Reports received within so many days.")
]


@router.get("/v1/sources", responses={200: {"model": schemas.SourceList}})
def list_sources(services: ServicesDep, days: DaysQuery = 30) -> Response:
    """List the sources of reports; a source whose points fit the buildings under another system has a finding.

    The newest 500 points of each are laid over the buildings. `fits` tells, for each system, which share of the places
    touches a building and which share would by chance; it is empty below 50 places.
    """
    since = datetime.now(UTC) - timedelta(days=days)
    found = sources.list_sources(services.database, since)
    return answer({"since": wire.instant(since), "sources": [documents.source(each) for each in found]})
