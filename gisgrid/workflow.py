"""The product as a page of short functions: import, draw, check, compare, publish, locate, report, map.

Room: the corridor. Both front doors (`gisgrid.cli`, `api`) call these verbs; each verb takes a `Database`, opens one
transaction, and hands values from one room to the next. It must not import a web framework, SQL or settings.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from gisgrid import wire
from gisgrid.dispatch.assignment import place_report
from gisgrid.errors import Conflict, NotFound, RefusedData, UsageError
from gisgrid.geometry import crs as coordinate_systems
from gisgrid.ingest import osm, read
from gisgrid.lookup.current import Current, Recent
from gisgrid.lookup.index import PointIndex
from gisgrid.model import CommunityInputs, Division, Drawing, DrawSettings, Edition, Finding, Location, Plan, Post
from gisgrid.plan import checks, drawing, numbering, tallies
from gisgrid.plan.compare import Comparison, compare
from gisgrid.store import divisions, editions, inputs, layers, plans
from gisgrid.store.database import Connection, Database

Progress = Callable[[int, int], None]


# ---- draw --------------------------------------------------------------------------------------------------------


def draw_plans(
    database: Database,
    codes: Sequence[str],
    settings: DrawSettings,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[Plan]:
    """Return one new draft plan for each community, in the order of the codes.

    Parameters
    ----------
    codes
        Division codes; a street or district stands for all its communities.
    jobs
        Processes that draw side by side. The plans do not depend on it.
    progress
        Called with (communities done, communities in all).

    Raises
    ------
    NotFound, Conflict
        An unknown code; a community without polygon or without buildings.
    """
    with database.transaction() as connection:
        communities = _communities(connection, codes)
        material = [inputs.read_community(connection, community.code) for community in communities]
    for each in material:
        if not each.buildings:
            raise Conflict(
                f"Community {each.community.code} has no buildings; import them first: gisgrid import buildings FILE."
            )
    identifiers: dict[str, str] = {}
    for done, drawn in enumerate(_drawings(material, settings, jobs), start=1):
        with database.transaction() as connection:
            identifiers[drawn.community] = plans.save_drawing(connection, drawn)
        if progress is not None:
            progress(done, len(material))
    with database.transaction() as connection:
        return [plans.get(connection, identifiers[community.code]) for community in communities]


def _drawings(material: Sequence[CommunityInputs], settings: DrawSettings, jobs: int) -> Iterator[Drawing]:
    """Yield the drawings as they are done, in this process or in several."""
    if jobs <= 1 or len(material) <= 1:
        yield from (drawing.draw_community(each, settings) for each in material)
        return
    # The largest first, so that no process is left alone with a long one at the end.
    ordered = sorted(material, key=lambda each: len(each.buildings), reverse=True)
    with ProcessPoolExecutor(max_workers=jobs) as pool:
        waiting: list[Future[Drawing]] = [pool.submit(drawing.draw_community, each, settings) for each in ordered]
        for future in as_completed(waiting):
            yield future.result()


def _communities(connection: Connection, codes: Sequence[str]) -> list[Division]:
    """Return the communities that the codes stand for, each once, in order; none without a polygon."""
    found: dict[str, Division] = {}
    for code in codes:
        for community in divisions.communities_under(connection, code):
            found.setdefault(community.code, community)
    bare = [code for code, community in found.items() if community.geometry is None]
    if bare:
        raise Conflict(
            f"{len(bare)} of these communities have no polygon yet, first {bare[0]}; import their boundaries: "
            "gisgrid import divisions FILE."
        )
    return list(found.values())


# ---- check, compare, publish -------------------------------------------------------------------------------------


def check_plan(database: Database, plan_id: str) -> Plan:
    """Return the plan with fresh findings, checked against the buildings of today and stored with it."""
    with database.transaction() as connection:
        return _checked(connection, plans.get(connection, plan_id))


def compare_plans(database: Database, before: str, after: str) -> Comparison:
    """Return who moves between two plans of one community: buildings, households, from grid, to grid."""
    with database.transaction() as connection:
        first, second = plans.get(connection, before), plans.get(connection, after)
        if first.community != second.community:
            raise UsageError(
                f"Plan {before} is of community {first.community}, plan {after} of {second.community}; "
                "compare two plans of one community."
            )
        households = {b.code: b.households for b in inputs.read_community(connection, first.community).buildings}
    return compare(first.grids, second.grids, households)


def submit_plan(database: Database, plan_id: str, *, actor: str) -> Plan:
    """Return the plan, submitted for approval."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "submitted", actor=actor)


def approve_plan(database: Database, plan_id: str, *, actor: str) -> Plan:
    """Return the plan, approved."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "approved", actor=actor)


def reject_plan(database: Database, plan_id: str, *, actor: str) -> Plan:
    """Return the plan, sent back."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "rejected", actor=actor)


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
        Publish a draft or submitted plan at once, as the command line may.

    Raises
    ------
    RefusedData
        Findings stand against it that were not accepted; nothing was changed.
    Conflict
        The plan is in a state that cannot be published, or another publication came first.
    """
    with database.transaction() as connection:
        # Held before anything is read: the codes are numbered against the edition in force.
        editions.lock_community(connection, plans.community_of(connection, plan_id))
        plan = _checked(connection, plans.get(connection, plan_id))
        if plan.state != "approved" and not (from_draft and plan.state in {"draft", "submitted"}):
            raise Conflict(f"Plan {plan_id} is {plan.state}, not approved; approve it first.")
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


def _checked(connection: Connection, plan: Plan) -> Plan:
    """Return the plan with the findings that hold now, against today's buildings."""
    material = inputs.read_community(connection, plan.community)
    cells, borders = plans.cells_and_borders(connection, plan.id)
    findings = checks.check_plan(plan, cells, borders, material)
    return plans.save_findings(connection, plan, findings)


def _accepted(plan: Plan, accept: Sequence[str]) -> list[Finding]:
    """Return the errors that were accepted; refuse where one is left."""
    accepted, left = [], []
    for finding in plan.findings:
        if finding.severity != "error":
            continue
        named = {"all", *(f"{finding.rule}:{code}" for code in finding.codes), finding.rule}
        may_be_accepted = finding.rule in checks.ACCEPTABLE and not named.isdisjoint(accept)
        (accepted if may_be_accepted else left).append(finding)
    if left:
        raise RefusedData(
            f"{len(left)} findings stand against publishing plan {plan.id}, first: {left[0].message} "
            "A reviewer may accept findings about the household band with --accept RULE:GRID.",
            left,
        )
    return accepted
