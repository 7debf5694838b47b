"""The states of a report.

Room `dispatch`, pure. In: an assignment. Out: the state that follows. Imports the nouns only.

    filed ──┬── assigned   已落格  a grid is answerable for it
            └── unplaced   待落格  it stands on the work list until somebody finds its place
"""

from __future__ import annotations

from typing import Literal

from gisgrid.model import Assignment

ReportState = Literal["assigned", "unplaced"]


def state_when_filed(assignment: Assignment) -> ReportState:
    """Return the state of a report that was just filed with this assignment."""
    return "unplaced" if assignment.grid is None else "assigned"
