"""Faults of the caller, one class a kind; faults in data are findings (`gisgrid.model.Finding`).

Room: the floor of the house; imports nothing of gisgrid and knows no HTTP.

The tree, with what a program can switch on in brackets::

    GisgridError                      [error]
    ├── UsageError                    [usage]                the call itself is wrong
    │   ├── UnknownCrs                [unknown_crs]          no such coordinate system
    │   ├── MissingCrs                [missing_crs]          coordinates without a declared system
    │   └── BadCoordinate             [bad_coordinate]       not finite, out of range, swapped
    ├── UnreadableFile                [unreadable_file]      not a file of a kind we read, or damaged
    ├── RefusedData                   [refused_data]         findings of severity error stopped the work
    ├── NotFound                      [not_found]            no division, plan, report … of that name
    ├── Conflict                      [conflict]             the state does not allow it
    │   ├── StaleRevision             [stale_revision]       somebody else changed it meanwhile
    │   ├── NothingChanges            [nothing_changes]      the plan is that way already
    │   ├── NothingToUndo             [nothing_to_undo]      no edit of the plan is left to take back
    │   ├── NothingToRedo             [nothing_to_redo]      no edit of the plan was taken back last
    │   ├── LockedGround              [locked]               a locked grid or building would move
    │   ├── DifferentReport           [different_report]     same source and external_id, other body
    │   ├── DifferentEvent            [different_event]      same report and event_id, other body
    │   └── WrongReportState          [report_state]         the state of the report does not allow it
    ├── Forbidden                     [forbidden]            the key's role or scope does not reach that far
    │   └── Unauthenticated           [unauthenticated]      no key, or one that is unknown, revoked or expired
    └── Unavailable                   [unavailable]          a part that we need is away
        ├── DatabaseUnavailable       [database_unavailable]
        ├── Overloaded                [overloaded]           more is waiting than can be done soon
        └── PostgisMissing            [postgis_missing]      the machine has no PostgreSQL + PostGIS binaries

Every message is a full sentence that ends with the remedy.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from gisgrid.model import Finding


class GisgridError(Exception):
    """Any fault that gisgrid reports on purpose; `code` is what a program can switch on."""

    code: ClassVar[str] = "error"


class UsageError(GisgridError):
    """The call itself is wrong: an argument, an option, a parameter."""

    code = "usage"


class UnknownCrs(UsageError):
    """A coordinate system was declared that gisgrid does not know."""

    code = "unknown_crs"


class MissingCrs(UsageError):
    """Coordinates came without a declared coordinate system; it is never guessed."""

    code = "missing_crs"


class BadCoordinate(UsageError):
    """A coordinate is not finite, out of range, or its axes are swapped."""

    code = "bad_coordinate"


class UnreadableFile(GisgridError):
    """A file is damaged, or not of a format that gisgrid reads."""

    code = "unreadable_file"


class RefusedData(GisgridError):
    """Findings of severity error stopped the work; nothing was changed.

    Parameters
    ----------
    message
        The sentence that sums them up.
    findings
        Every finding of the work, warnings too.
    """

    code = "refused_data"

    def __init__(self, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.findings = tuple(findings)


class NotFound(GisgridError):
    """No division, plan, edition, report or key of that name."""

    code = "not_found"


class Conflict(GisgridError):
    """The present state does not allow what was asked."""

    code = "conflict"


class StaleRevision(Conflict):
    """The plan was changed since the caller last read it.

    Parameters
    ----------
    message
        The sentence.
    revision
        The revision that the plan has by now.
    """

    code = "stale_revision"

    def __init__(self, message: str, revision: int) -> None:
        super().__init__(message)
        self.revision = revision


class NothingChanges(Conflict):
    """The plan is already as the edit would make it; no revision is made of it."""

    code = "nothing_changes"


class NothingToUndo(Conflict):
    """No edit of the plan is left to take back."""

    code = "nothing_to_undo"


class NothingToRedo(Conflict):
    """No edit of the plan was taken back, or another was made since."""

    code = "nothing_to_redo"


class LockedGround(Conflict):
    """A locked grid would change, or a locked building leave its grid; nothing was moved.

    Parameters
    ----------
    message
        The sentence.
    grids, buildings
        Keys and codes of what is locked and in the way.
    """

    code = "locked"

    def __init__(self, message: str, grids: Sequence[str] = (), buildings: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.grids = tuple(grids)
        self.buildings = tuple(buildings)


class DifferentReport(Conflict):
    """The same source and external_id came before with another body."""

    code = "different_report"


class DifferentEvent(Conflict):
    """The same event_id came before for this report with another content."""

    code = "different_event"


class WrongReportState(Conflict):
    """The state of the report does not allow the event."""

    code = "report_state"


class Forbidden(GisgridError):
    """The key's role or division scope does not reach that far."""

    code = "forbidden"


class Unauthenticated(Forbidden):
    """There is no key, or it is unknown, revoked or expired."""

    code = "unauthenticated"


class Unavailable(GisgridError):
    """A part that gisgrid needs is away."""

    code = "unavailable"


class DatabaseUnavailable(Unavailable):
    """The database does not answer."""

    code = "database_unavailable"


class Overloaded(Unavailable):
    """More is waiting than can be done soon; nothing was kept of what is refused."""

    code = "overloaded"


class PostgisMissing(Unavailable):
    """The machine has no PostgreSQL with PostGIS to make a private cluster from."""

    code = "postgis_missing"
