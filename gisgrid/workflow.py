"""The product as a page of short functions: import, draw, check, compare, publish, locate, report, map.

Room: the corridor. Both front doors (`gisgrid.cli`, `api`) call these verbs; each verb takes a `Database`, opens one
transaction, and hands values from one room to the next. It must not import a web framework, SQL or settings.

A verb loads only the rooms that it walks through: compiled loops, file formats and folium take seconds to load, which
nobody should wait for who publishes or looks something up.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from gisgrid.errors import Conflict, RefusedData, UsageError
from gisgrid.filing import FiledReport, file_report, file_reports
from gisgrid.model import CommunityInputs, Division, Drawing, DrawSettings, Edition, Finding, Plan
from gisgrid.plan import checks, numbering
from gisgrid.plan.compare import Comparison, compare
from gisgrid.plan.figures import PlanFigures, figures_of
from gisgrid.plan.sheet import Sheet
from gisgrid.store import divisions, editions, inputs, plans, posts
from gisgrid.store.database import Connection, Database
from gisgrid.store.plans import PlanSummary

if TYPE_CHECKING:
    from gisgrid.importing import Imported, ImportRequest
    from gisgrid.maps.content import Audience, MapCommunity

Progress = Callable[[int, int], None]

__all__ = [
    "DrawnPlan",
    "FiledReport",
    "approve_plan",
    "check_plan",
    "communities_with_buildings",
    "compare_plans",
    "district_codes",
    "draw_map",
    "draw_plans",
    "file_report",
    "file_reports",
    "import_layer",
    "import_osm",
    "list_plans",
    "publish_plan",
    "reject_plan",
    "submit_plan",
]


# ---- import ------------------------------------------------------------------------------------------------------


def import_layer(database: Database, request: ImportRequest, *, progress: Progress | None = None) -> Imported:
    """Return what the import of one file did: rows inserted, updated, unchanged, rejected, and the findings.

    See `importing.import_layer`.
    """
    from gisgrid import importing

    return importing.import_layer(database, request, progress=progress)


def import_osm(
    database: Database,
    path: Path,
    *,
    area: Path | None = None,
    community: tuple[str, str] | None = None,
    dry_run: bool = False,
) -> list[Imported]:
    """Return what the import of an OpenStreetMap extract did, layer by layer; see `importing.import_osm`."""
    from gisgrid import importing

    return importing.import_osm(database, path, area=area, community=community, dry_run=dry_run)


# ---- draw --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DrawnPlan:
    """A plan with the figures that plans are compared by."""

    plan: Plan
    figures: PlanFigures


def draw_plans(
    database: Database,
    codes: Sequence[str],
    settings: DrawSettings,
    *,
    jobs: int = 1,
    progress: Progress | None = None,
) -> list[DrawnPlan]:
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
        material = {
            community.code: inputs.read_community(connection, community.code)
            for community in _communities(connection, codes)
        }
    for code, inputs_of_one in material.items():
        if not inputs_of_one.buildings:
            raise Conflict(f"Community {code} has no buildings; import them first: gisgrid import buildings FILE.")
    drawn: dict[str, DrawnPlan] = {}
    for done, each in enumerate(_drawings(list(material.values()), settings, jobs), start=1):
        sheet = Sheet.of(each.grids, (each.cells, each.borders), material[each.community], settings)
        with database.transaction() as connection:
            plan = plans.get(connection, plans.save_drawing(connection, each))
        drawn[each.community] = DrawnPlan(plan, figures_of(sheet))
        if progress is not None:
            progress(done, len(material))
    return [drawn[code] for code in material]


def communities_with_buildings(database: Database, *, without_edition: bool = False) -> list[str]:
    """Return the codes of all communities that can be drawn: they have a polygon and buildings.

    Parameters
    ----------
    without_edition
        Only those that have no edition in force.
    """
    with database.transaction() as connection:
        codes = divisions.with_buildings(connection)
        if without_edition:
            codes = [code for code in codes if editions.in_force(connection, code) is None]
        return codes


def district_codes(database: Database) -> list[str]:
    """Return the codes of the districts that the divisions of the database belong to."""
    with database.transaction() as connection:
        return sorted({division.code[:6] for division in divisions.list_divisions(connection)})


def _drawings(material: Sequence[CommunityInputs], settings: DrawSettings, jobs: int) -> Iterator[Drawing]:
    """Yield the drawings as they are done, in this process or in several."""
    from gisgrid.plan import drawing

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


def list_plans(database: Database, code: str | None = None) -> list[PlanSummary]:
    """Return the plans of a division, or all of them, the newest first."""
    with database.transaction() as connection:
        if code is None:
            return plans.list_plans(connection)
        return [
            summary
            for community in divisions.communities_under(connection, code)
            for summary in plans.list_plans(connection, community.code)
        ]


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


def approve_plan(database: Database, plan_id: str, *, actor: str, four_eyes: bool = True) -> Plan:
    """Return the plan, approved; with `four_eyes` never by the one who submitted it."""
    with database.transaction() as connection:
        return plans.set_state(connection, plan_id, "approved", actor=actor, four_eyes=four_eyes)


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
        Publish a draft at once, as the command line may.

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
        plan = plans.get(connection, plan_id)
        editions.lock_community(connection, plan.community)
        if plan.state != "approved" and not (from_draft and plan.state == "draft"):
            remedy = {"draft": "submit and approve it first", "submitted": "approve it first"}
            raise Conflict(
                f"Plan {plan_id} is {plan.state}, not approved; {remedy.get(plan.state, 'draw a new plan')}."
            )
        plan = _checked(connection, plan)
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


# ---- map ---------------------------------------------------------------------------------------------------------


def draw_map(
    database: Database, code: str, *, audience: Audience = "public", approval_number: str | None = None
) -> str:
    """Return the staff map of a community, street or district as one HTML text that needs no network.

    Parameters
    ----------
    code
        Any division.
    audience
        `public` leaves out what only staff may see.
    approval_number
        The 审图号 that a map for the public carries.
    """
    from gisgrid.maps.content import MapData
    from gisgrid.maps.staff_map import render_staff_map

    with database.transaction() as connection:
        division = divisions.get(connection, code)
        data = MapData(
            division=division,
            communities=tuple(
                _map_community(connection, community) for community in divisions.communities_under(connection, code)
            ),
            drawn_at=datetime.now(UTC),
            path=tuple(each for each in reversed(divisions.chain(connection, code)) if each.code != code),
            approval_number=approval_number,
        )
    return render_staff_map(data, audience=audience)


def _map_community(connection: Connection, community: Division) -> MapCommunity:
    """Return what a map shows of one community."""
    from gisgrid.maps.content import MapCommunity

    if community.geometry is None:
        return MapCommunity(community, None)
    material = inputs.read_community(connection, community.code)
    grids = [] if material.current is None else [grid.code for grid in material.current.grids if grid.code]
    return MapCommunity(
        division=community,
        edition=material.current,
        buildings=material.buildings,
        posts=tuple(post for held in posts.on_duty_in(connection, grids).values() for post in held),
        sites=material.sites,
        barriers=material.barriers,
    )
