"""What a request to change a report must be: a reason where one is due, text that a database can hold.

Room `dispatch`, pure. In: a `ReportEventRequest`. Out: its faults, or the digest by which a repeat is known again.
Imports the nouns and `dispatch.intake`.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gisgrid.dispatch.intake import FieldFault, text_fault
from gisgrid.errors import UsageError
from gisgrid.model import REPORT_EVENTS, ReportEventRequest, ReportEventType

TEXT_LIMITS: Final[Mapping[str, int]] = MappingProxyType(
    {"note": 2_000, "grid": 15, "building_code": 100, "event_id": 200}
)
"""The longest text of each field, in characters."""

_REASONED: Final[frozenset[ReportEventType]] = frozenset({"return", "reassign"})
"""Events that somebody has to answer for: the next one in charge reads why."""


def event_faults(request: ReportEventRequest) -> tuple[FieldFault, ...]:
    """Return everything that keeps the event from being recorded, one fault a field; nothing for a sound one."""
    faults = [
        fault for name, limit in TEXT_LIMITS.items() if (fault := text_fault(name, getattr(request, name), limit))
    ]
    if request.type in _REASONED and not (request.note or "").strip():
        faults.append(
            FieldFault("note", f"note is missing; {request.type} {REPORT_EVENTS[request.type]} needs the reason.")
        )
    if request.type == "note" and not (request.note or "").strip():
        faults.append(FieldFault("note", "note is missing; write what is to be noted."))
    if request.event_id is not None and not request.event_id.strip():
        faults.append(FieldFault("event_id", "event_id is empty; give the event an id of its own, or leave it out."))
    faults += _place_faults(request)
    return tuple(faults)


def require_sound_event(request: ReportEventRequest) -> None:
    """Return nothing for an event that can be recorded.

    Raises
    ------
    UsageError
        With the sentence of the first fault, which names the field.
    """
    faults = event_faults(request)
    if faults:
        raise UsageError(faults[0].message)


def event_digest(request: ReportEventRequest) -> bytes:
    """Return the SHA-256 of what was asked: 32 bytes, the same for the same content. Empty fields are left out."""
    given = {name: value for name, value in dataclasses.asdict(request).items() if value is not None}
    return hashlib.sha256(json.dumps(given, sort_keys=True, ensure_ascii=True).encode()).digest()


def _place_faults(request: ReportEventRequest) -> list[FieldFault]:
    faults = [
        FieldFault(name, f"{name} goes with reassign 改派 only; leave it out.")
        for name in ("grid", "building_code")
        if getattr(request, name) is not None and request.type != "reassign"
    ]
    if request.grid is not None and request.building_code is not None:
        faults.append(FieldFault("grid", "grid and building_code are both given; give one, or neither."))
    elif request.grid is not None and not (
        request.grid.isascii() and request.grid.isdigit() and len(request.grid) == 15
    ):
        faults.append(FieldFault("grid", "grid is no code of a grid; write its 15 digits."))
    return faults
