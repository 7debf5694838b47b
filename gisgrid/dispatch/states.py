"""The states of a report, and what leads from one to the next: one table.

Room `dispatch`, pure. In: a state and an event. Out: the state that follows. Imports the nouns only.

    filed ─┬─ unplaced 待落格 ──────────────────────┐ escalate
           │     │ reassign                         ▼
           └─ assigned 待接单 ── escalate ─────▶ escalated 已上报
                 │ accept      ╲ return             │      ▲
                 ▼              ▼                   │      │ escalate
              accepted 处理中 ─▶ returned 已退单 ────│──────┘
                 │ close    return  │ reassign      │ close
                 ▼                  ▼               ▼
              closed 已办结       assigned        closed ── reopen ─▶ assigned, or unplaced without a grid

Whatever is not closed is open, and every open report can be reassigned 改派. A note 备注 changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from gisgrid.errors import WrongReportState
from gisgrid.model import OPEN_STATES, REPORT_EVENTS, REPORT_STATES, Assignment, ReportEventType, ReportState


def _always(to: ReportState, *states: ReportState) -> Mapping[ReportState, ReportState]:
    return MappingProxyType(dict.fromkeys(states, to))


TRANSITIONS: Final[Mapping[ReportEventType, Mapping[ReportState, ReportState]]] = MappingProxyType(
    {
        "accept": _always("accepted", "assigned"),
        "return": _always("returned", "assigned", "accepted"),
        "reassign": _always("assigned", *OPEN_STATES),
        "escalate": _always("escalated", "unplaced", "assigned", "accepted", "returned"),
        "close": _always("closed", "assigned", "accepted", "escalated"),
        "reopen": _always("assigned", "closed"),
        "note": MappingProxyType({state: state for state in REPORT_STATES}),
    }
)
"""Event → state before → state after. A report without a grid is never `assigned`: it is `unplaced` (`next_state`)."""


def state_when_filed(assignment: Assignment) -> ReportState:
    """Return the state of a report that was just filed with this assignment."""
    return "unplaced" if assignment.grid is None else "assigned"


def next_state(state: ReportState, event: ReportEventType, *, placed: bool) -> ReportState:
    """Return the state that the event leads to.

    Parameters
    ----------
    placed
        Whether the report has a grid after the event.

    Raises
    ------
    WrongReportState
        The event cannot happen in this state; the sentence names the state and what can.
    """
    after = TRANSITIONS[event].get(state)
    if after is None:
        possible = ", ".join(f"{other} {REPORT_EVENTS[other]}" for other in possible_events(state))
        raise WrongReportState(
            f"The report is {state} {REPORT_STATES[state]}, and {event} {REPORT_EVENTS[event]} cannot follow; "
            f"what can: {possible}."
        )
    return "unplaced" if after == "assigned" and not placed else after


def state_when_moved(state: ReportState, assignment: Assignment) -> ReportState:
    """Return the state of an open report that followed the grids: who works on it goes on, what waited waits.

    A report on the work list that has found a grid is `assigned`; one that has lost its grid is `unplaced` again.
    """
    return state_when_filed(assignment) if state in ("unplaced", "assigned") else state


def possible_events(state: ReportState) -> tuple[ReportEventType, ...]:
    """Return what can happen to a report in this state.

    Examples
    --------
    >>> possible_events("closed")
    ('reopen', 'note')
    """
    return tuple(event for event, steps in TRANSITIONS.items() if state in steps)
