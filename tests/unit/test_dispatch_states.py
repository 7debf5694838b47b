"""The table of states, and what a request to change a report must be."""

from __future__ import annotations

import dataclasses
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gisgrid.dispatch.events import TEXT_LIMITS, event_digest, event_faults
from gisgrid.dispatch.states import TRANSITIONS, next_state, possible_events
from gisgrid.errors import WrongReportState
from gisgrid.model import (
    OPEN_STATES,
    REPORT_EVENTS,
    REPORT_STATES,
    ReportEventRequest,
    ReportEventType,
    ReportState,
)

LIFE = """
            accept    return    reassign  escalate   close   reopen    note
unplaced    -         -         assigned  escalated  -       -         unplaced
assigned    accepted  returned  assigned  escalated  closed  -         assigned
accepted    -         returned  assigned  escalated  closed  -         accepted
returned    -         -         assigned  escalated  -       -         returned
escalated   -         -         assigned  -          closed  -         escalated
closed      -         -         -         -          -       assigned  closed
"""
"""The life of a report, drawn a second time by hand."""
EVENTS, *ROWS = [line.split() for line in LIFE.strip().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_is_the_one_drawn_by_hand(row: list[str]) -> None:
    state, *after = row
    table = [TRANSITIONS[event].get(state, "-") for event in EVENTS]  # type: ignore[index]
    assert table == after


def test_every_state_and_event_has_its_words() -> None:
    assert set(REPORT_STATES) == set(get_args(ReportState))
    assert set(REPORT_EVENTS) == set(TRANSITIONS) == set(get_args(ReportEventType))
    assert set(OPEN_STATES) == set(REPORT_STATES) - {"closed"}


@pytest.mark.parametrize("event", TRANSITIONS)
@pytest.mark.parametrize("state", REPORT_STATES)
def test_a_report_without_a_grid_is_never_assigned(state: ReportState, event: ReportEventType) -> None:
    if event in possible_events(state):
        assert next_state(state, event, placed=True) == TRANSITIONS[event][state]
        if event != "note":
            assert next_state(state, event, placed=False) != "assigned"
        return
    with pytest.raises(WrongReportState) as refusal:
        next_state(state, event, placed=True)
    sentence = str(refusal.value)
    assert f"{state} {REPORT_STATES[state]}" in sentence
    assert all(f"{possible} {REPORT_EVENTS[possible]}" in sentence for possible in possible_events(state))


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (ReportEventRequest("return"), "note"),
        (ReportEventRequest("return", " \n"), "note"),
        (ReportEventRequest("reassign", grid="990101001001001"), "note"),
        (ReportEventRequest("note"), "note"),
        (ReportEventRequest("accept", "x" * 2_001), "note"),
        (ReportEventRequest("accept", "a\x00b"), "note"),
        (ReportEventRequest("accept", "\ud800"), "note"),
        (ReportEventRequest("accept", event_id="x" * 201), "event_id"),
        (ReportEventRequest("accept", event_id=" "), "event_id"),
        (ReportEventRequest("accept", grid="990101001001001"), "grid"),
        (ReportEventRequest("close", building_code="b"), "building_code"),
        (ReportEventRequest("reassign", "r", grid="990101001001001", building_code="b"), "grid"),
        (ReportEventRequest("reassign", "r", grid="９９0101001001001"), "grid"),
        (ReportEventRequest("reassign", "r", grid="99010100100100"), "grid"),
    ],
)
def test_a_fault_names_its_field(request_: ReportEventRequest, field: str) -> None:
    faults = event_faults(request_)
    assert [fault.field for fault in faults] == [field]
    assert len(faults[0].message) > 20


@given(
    st.builds(
        ReportEventRequest,
        st.sampled_from(sorted(TRANSITIONS)),
        *(st.none() | st.text(max_size=8) for _ in range(4)),
    )
)
def test_another_content_has_another_digest(request_: ReportEventRequest) -> None:
    assert len(event_digest(request_)) == 32
    for field in TEXT_LIMITS:
        other = dataclasses.replace(request_, **{field: (getattr(request_, field) or "") + "x"})
        assert event_digest(other) != event_digest(request_)
