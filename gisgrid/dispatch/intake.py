"""What a report must be to be kept: text that a database can hold, and an identity that tells a repeat from a change.

Room `dispatch`, pure. In: a `Report` as a sender gave it. Out: its faults, or the digest of its content. Imports the
nouns only.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final

from gisgrid.errors import UsageError
from gisgrid.model import Report

TEXT_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {
        "source": 100,
        "external_id": 200,
        "category": 100,
        "text": 20_000,
        "address": 500,
        "building_code": 100,
        "urgency": 50,
    }
)
"""The longest text of each field, in characters: far beyond honest use, far below what would burden anybody."""

_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(2200, 1, 1, tzinfo=UTC)
_GRID_CODE: Final = re.compile(r"[0-9]{15}")
_ACCURACY_LIMIT_M: Final = 1_000_000.0
_IN_ORDER: Final = sorted(field.name for field in fields(Report))
_AS_JSON: Final = json.JSONEncoder().encode
"""The spelling that digests are taken of; it must stay, or reports kept before would no longer be known again."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """What is wrong with one field of a report, as a sentence with the remedy."""

    field: str
    message: str


def field_faults(report: Report) -> tuple[FieldFault, ...]:
    """Return everything that keeps the report from being kept, one fault a field; nothing for a sound one.

    Coordinates out of range are no fault here: such a report is kept and stays unplaced
    (see `dispatch.assignment`).
    """
    faults = [fault for name, limit in TEXT_LIMITS.items() if (fault := text_fault(name, getattr(report, name), limit))]
    faults += [
        FieldFault(name, f"{name} is empty; a report is known again by its source and external_id.")
        for name in ("source", "external_id")
        if not getattr(report, name).strip()
    ]
    if (report.lon is None) != (report.lat is None):
        missing = "lon" if report.lon is None else "lat"
        faults.append(FieldFault(missing, f"{missing} is missing; give both lon and lat, or neither."))
    elif report.lon is not None and report.crs is None:
        faults.append(FieldFault("crs", "crs is missing; say wgs84, cgcs2000, gcj02 or bd09: it is never guessed."))
    faults += _number_faults(report)
    if report.grid_code is not None and not _GRID_CODE.fullmatch(report.grid_code):
        faults.append(
            FieldFault("grid_code", "grid_code must be the 15 digits of a grid; leave it out where none is claimed.")
        )
    moment = report.reported_at
    if moment is not None and (moment.tzinfo is None or not _EARLIEST <= moment <= _LATEST):
        faults.append(
            FieldFault(
                "reported_at", "reported_at needs a year from 1900 to 2200 and a zone: 2026-05-04T08:30:00+08:00."
            )
        )
    return tuple(faults)


def require_sound(report: Report) -> None:
    """Return nothing for a report that can be kept.

    Raises
    ------
    UsageError
        With the sentence of the first fault, which names the field.
    """
    faults = field_faults(report)
    if faults:
        raise UsageError(f"Report {report.external_id[:50]!r}: {faults[0].message}")


def content_digest(report: Report) -> bytes:
    """Return the SHA-256 of the report's content: 32 bytes, the same for the same content however it was spelled.

    Fields without a value are left out, so that a field added later does not change the digest of older reports;
    instants count in UTC.
    """
    given = {name: value for name in _IN_ORDER if (value := getattr(report, name)) is not None}
    if report.reported_at is not None:
        given["reported_at"] = report.reported_at.astimezone(UTC).isoformat()
    return hashlib.sha256(_AS_JSON(given).encode()).digest()


def text_fault(name: str, value: str | None, limit: int) -> FieldFault | None:
    """Return what keeps a text from being kept: too long, U+0000, half a surrogate pair; None for a sound one."""
    if value is None:
        return None
    if len(value) > limit:
        return FieldFault(name, f"{name} has {len(value)} characters; send at most {limit}.")
    if "\x00" in value:
        return FieldFault(name, f"{name} holds the character U+0000, which no text may hold; remove it.")
    if not value.isascii() and _has_lone_surrogate(value):
        return FieldFault(name, f"{name} holds half of a surrogate pair; send it as whole UTF-8 characters.")
    return None


def _has_lone_surrogate(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return True
    return False


def _number_faults(report: Report) -> list[FieldFault]:
    faults = [
        FieldFault(name, f"{name} is not finite; send a number, or leave it out.")
        for name in ("lon", "lat", "accuracy_m")
        if getattr(report, name) is not None and not math.isfinite(getattr(report, name))
    ]
    accuracy_m = report.accuracy_m
    if not faults and accuracy_m is not None and not 0.0 <= accuracy_m <= _ACCURACY_LIMIT_M:
        faults.append(FieldFault("accuracy_m", f"accuracy_m is {accuracy_m:g}; send metres from 0 to 1,000,000."))
    return faults
