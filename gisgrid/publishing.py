"""Publication: a plan comes into force now, or by itself at an instant that was announced.

Room: a part of the corridor, below `workflow`. In: a `Database`, a plan's id, what the reviewer accepts. Out: an
`Edition`, or a `ScheduledPublication`. Must not import a web framework, SQL or settings.

What is announced is no edition yet: everything is checked again at its instant, by the buildings and the edition in
force of then, and what stands against it is a finding of the plan, which stays approved.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final

from gisgrid.errors import Conflict, GisgridError, RefusedData
from gisgrid.model import Edition, Finding, Plan, Rule, ScheduledPublication
from gisgrid.plan import checks, numbering
from gisgrid.store import editions, inputs, plans, schedules
from gisgrid.store.database import Connection, Database

LOOK_EVERY_S: Final = 0.5
"""What is due within this time is waited for to the very instant."""
_PAUSE_S: Final = 5.0
_GLANCE_S: Final = 0.05
PUBLICATION_REFUSED: Final = Rule(
    "publication_refused",
    "error",
    "The publication that was announced for {valid_from} was refused: {reason} Solve it and publish again.",
    "原定{valid_from}的发布未能生效：{reason_zh}请处理后重新发布。",
)
_log = logging.getLogger(__name__)


def publish_plan(
    database: Database,
    plan_id: str,
    *,
    accept: Sequence[str] = (),
    actor: str,
    from_draft: bool = False,
    valid_from: datetime | None = None,
) -> Edition:
    """Return the edition that the plan became: in force from this instant, the old one ended at the same.

    Parameters
    ----------
    accept
        Findings of severity error that the reviewer accepts, as `RULE:GRID` (the plan's key or the code), or `all`.
        Only findings about the household band can be accepted; a breach of the other invariants cannot.
    from_draft
        Publish a draft at once, as the command line may.
    valid_from
        An instant that is past, later than the beginning of the edition in force; now by default.

    Raises
    ------
    RefusedData
        Findings stand against it that were not accepted; nothing was changed.
    Conflict
        The plan is in a state that cannot be published, is scheduled, or another publication came first.
    """
    with database.transaction() as connection:
        _hold_community(connection, plan_id)
        schedules.require_unscheduled(connection, plans.number(plan_id))
        return _published(connection, plan_id, accept, actor, from_draft=from_draft, valid_from=valid_from)


def schedule_plan(
    database: Database, plan_id: str, *, valid_from: datetime, accept: Sequence[str] = (), actor: str
) -> ScheduledPublication:
    """Return the publication that waits for its instant; the running service puts it in force then.

    Where no service runs at that instant, the next one does at its start, and the edition begins at the instant that
    was announced all the same. What is accepted now, grid by grid, is accepted then; anything new is not.

    Parameters
    ----------
    valid_from
        In the future.
    accept
        As in `publish_plan`.

    Raises
    ------
    RefusedData
        Findings stand against it today already that were not accepted; nothing was changed.
    Conflict
        The plan is not approved, or a plan of the community is scheduled already.
    UsageError
        `valid_from` is past.
    """
    with database.transaction() as connection:
        _hold_community(connection, plan_id)
        plan = plans.get(connection, plan_id)
        plans.lock(connection, plan.id, revision=plan.revision)
        _require_state(plan, from_draft=False)
        plan = checked(connection, plan)
        accepted = sorted(f"{found.rule}:{found.codes[0]}" for found in _accepted(plan, accept))
        return schedules.add(connection, plan, valid_from=valid_from, accepted=accepted, actor=actor)


def withdraw_plan(database: Database, plan_id: str, *, actor: str) -> ScheduledPublication:
    """Return the publication that waited for its instant, withdrawn: the plan is approved as before.

    Raises
    ------
    NotFound
        There is no plan of this id.
    Conflict
        It is not scheduled, or is in force by now.
    """
    with database.transaction() as connection:
        _hold_community(connection, plan_id)
        return schedules.end(connection, str(plans.number(plan_id)), "withdrawn", actor=actor)


def publish_due(database: Database) -> list[ScheduledPublication]:
    """Return the publications whose instant had come and that were dealt with: in force now, or refused.

    Each in a transaction of its own, held by one service of any number; stopped at any point it is done by the next.
    """
    done: list[ScheduledPublication] = []
    while True:
        with database.transaction() as connection:
            anything, due = schedules.hold_due(connection)
            if not anything:
                return done
            if due is None:
                continue
            try:
                with connection.begin_nested():
                    _published(connection, due.plan, due.accepted, due.actor, valid_from=due.valid_from)
            except (RefusedData, Conflict) as refusal:
                _refuse(connection, due, refusal)
            else:
                schedules.end(connection, due.plan, "published", actor=due.actor)
        done.append(due)


def checked(connection: Connection, plan: Plan) -> Plan:
    """Return the plan with the findings that hold now, against today's buildings; they are stored with it."""
    material = inputs.read_community(connection, plan.community)
    cells, borders = plans.cells_and_borders(connection, plan.id)
    findings = checks.check_plan(plan, cells, borders, material)
    return plans.save_findings(connection, plan, findings)


class DuePublisher:
    """A thread that puts plans in force at their instants.

    Parameters
    ----------
    then
        What is done after each: this process shall answer by the new grids at once.
    """

    def __init__(self, database: Database, then: Callable[[], object] = lambda: None) -> None:
        self._database = database
        self._then = then
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gisgrid due publisher", daemon=True)

    def start(self) -> None:
        """Begin, with what came due while no service ran: nobody is answered by an edition that should have ended."""
        self._wait = self._look()
        self._thread.start()

    def stop(self) -> None:
        """End it; what comes due then is done by whoever comes next."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._wait):
            self._wait = self._look()

    def _look(self) -> float:
        """Publish what is due; return the seconds until the next look."""
        try:
            left = self._seconds_to_next()
            if left is not None and left <= 0.0 and publish_due(self._database):
                self._then()
                left = self._seconds_to_next()
        except Exception as fault:  # noqa: BLE001  whatever happens, the rows tell later what is left to do
            _log.warning("announced publications wait: %s", fault)
            return _PAUSE_S
        if left is not None and left <= 0.0:  # another process deals with it
            return _GLANCE_S
        return LOOK_EVERY_S if left is None else min(LOOK_EVERY_S, left)

    def _seconds_to_next(self) -> float | None:
        with self._database.transaction() as connection:
            return schedules.seconds_to_next(connection)


def _hold_community(connection: Connection, plan_id: str) -> None:
    """Hold the plan's community before anything is read: the codes are numbered against the edition in force."""
    editions.lock_community(connection, plans.community_of(connection, plan_id))


def _published(
    connection: Connection,
    plan_id: str,
    accept: Sequence[str],
    actor: str,
    *,
    from_draft: bool = False,
    valid_from: datetime | None = None,
) -> Edition:
    """Return the edition that the plan became, in the caller's transaction, which holds the community."""
    plan = plans.get(connection, plan_id)
    _require_state(plan, from_draft=from_draft)
    plan = checked(connection, plan)
    accepted = _accepted(plan, accept)
    material = inputs.read_community(connection, plan.community)
    households = {building.code: building.households for building in material.buildings}
    current = material.current
    numbered = numbering.number_grids(plan.grids, current, material.used_codes, plan.community, households)
    return editions.publish(
        connection,
        plan=plan,
        grids=numbered.grids,
        lineage=numbered.lineage,
        accepted=accepted,
        actor=actor,
        replaces=None if current is None else current.id,
        valid_from=valid_from,
    )


def _refuse(connection: Connection, due: ScheduledPublication, refusal: GisgridError) -> None:
    """Write down that a publication was refused, and why: with the plan, which is as it was."""
    _log.warning("the publication of plan %s announced for %s is refused: %s", due.plan, due.valid_from, refusal)
    schedules.end(connection, due.plan, "refused", actor=due.actor, reason=str(refusal))
    plan = checked(connection, plans.get(connection, due.plan))
    at = due.valid_from.isoformat(timespec="minutes")
    first = next((each for each in getattr(refusal, "findings", ()) if each.severity == "error"), None)
    reason_zh = "其间另有版本发布，或方案已变。" if first is None else first.message_zh
    told = PUBLICATION_REFUSED.finding(valid_from=at, reason=str(refusal), reason_zh=reason_zh)
    plans.save_findings(connection, plan, [told, *plan.findings])


def _require_state(plan: Plan, *, from_draft: bool) -> None:
    """Refuse a plan that is not ready to come into force."""
    if plan.state == "approved" or (from_draft and plan.state == "draft"):
        return
    remedy = {"draft": "submit and approve it first", "submitted": "approve it first"}
    raise Conflict(f"Plan {plan.id} is {plan.state}, not approved; {remedy.get(plan.state, 'draw a new plan')}.")


def _accepted(plan: Plan, accept: Sequence[str]) -> list[Finding]:
    """Return the errors that were accepted; refuse where one is left."""
    accepted: list[Finding] = []
    left: list[Finding] = []
    for finding in plan.findings:
        if finding.severity != "error":
            continue
        named = {"all", *(f"{finding.rule}:{code}" for code in finding.codes), finding.rule}
        may_be_accepted = finding.rule in checks.ACCEPTABLE and not named.isdisjoint(accept)
        (accepted if may_be_accepted else left).append(finding)
    if left:
        raise RefusedData(
            f"Findings that stand against publishing plan {plan.id}: {len(left)}. First: {left[0].message} "
            "A reviewer may accept those about the household band, each as RULE:GRID.",
            left,
        )
    return accepted
