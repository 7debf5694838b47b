"""`/v1/plans/import`: grids that were drawn elsewhere, looked at first, then a draft.

Room: the front door on the wire. In: the bytes of a file. Out: every repair, and the draft. A file is bounded in size,
in what it unpacks to and in the time that it takes, and few are read at the same time.
"""

from __future__ import annotations

import re
import tempfile
import threading
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Query, Request, Response

from api import documents
from api.access import guarded_router
from api.bodies import read_bytes, require_type
from api.deps import CommunityQuery, ServicesDep, answer
from gisgrid import uploading
from gisgrid.errors import Overloaded, UnreadableFile

router = guarded_router("plans 网格方案")

FILE_TYPE: Final = "application/octet-stream"
AT_ONCE: Final = 2
_WAIT_S: Final = 20.0
_reading = threading.BoundedSemaphore(AT_ONCE)


async def read_file(request: Request) -> bytes:
    """Return the bytes of a file in the body, at most those of any body (a dependency for routes)."""
    require_type(request, FILE_TYPE)
    return await read_bytes(request)


@router.post(
    "/v1/plans/import",
    status_code=201,
    responses={200: {"description": "Looked at only: every change, nothing written."}},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {FILE_TYPE: {"schema": {"type": "string", "format": "binary"}}},
        }
    },
)
def import_grids(
    services: ServicesDep,
    community: CommunityQuery,
    name: Annotated[str, Query(min_length=1, max_length=200, description="The file's name with its ending.")],
    body: Annotated[Any, Depends(read_file)],
    crs: Annotated[Literal["wgs84", "cgcs2000", "gcj02", "bd09"] | None, Query(description="Else the file's own.")]
    = None,
    dry_run: Annotated[Literal["true", "false"], Query(description="Tell every change, write nothing.")] = "false",
) -> Response:  # fmt: skip
    """Lay grids that somebody drew on the cells of a community: Shapefile (zip), GeoJSON or GeoPackage.

    Gaps, overlaps, slivers and buildings that are cut are repaired, each told with its area and place.
    """
    looked_at = dry_run == "true"
    if not _reading.acquire(timeout=_WAIT_S):
        raise Overloaded(f"{AT_ONCE} files are being read already; send this one again in a moment.")
    try:
        with tempfile.TemporaryDirectory(prefix="gisgrid-") as folder:
            path = Path(folder) / _plain(name)
            path.write_bytes(body)
            uploaded = uploading.upload_grids(services.database, path, community, crs=crs, dry_run=looked_at)
    finally:
        _reading.release()
    document = documents.repaired_plan(uploaded.repaired) | {"remarks": documents.remarks(uploaded.findings)}
    if uploaded.repaired.plan is None:
        return answer(document | {"drawing": None})
    return answer(document, 201, Location=f"/v1/plans/{uploaded.repaired.plan.id}")


def _plain(name: str) -> str:
    """Return a name for the file that means nothing to any file system or reader of formats."""
    stem, dot, ending = name.rpartition(".")
    suffix = f"{dot}{ending}".lower()
    if suffix not in uploading.FORMATS:
        raise UnreadableFile(f"{name[-40:]!r} is none of {', '.join(uploading.FORMATS)}; zip a Shapefile first.")
    return (re.sub(r"[^\w-]", "_", stem)[:40] or "grids") + suffix
