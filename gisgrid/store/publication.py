"""Publishing: a plan's grids become an edition in one transaction.

Room: store. In: a plan with its numbered grids. Out: the rows of one edition. Must not import any other room.

The database judges the edition itself (`laws`); nothing here is trusted to have done so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, bindparam, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import Range

from gisgrid.errors import Conflict, NotFound, RefusedData, UsageError
from gisgrid.model import GRID_NUMBER_WIDTH, Finding, Grid, Lineage, Plan
from gisgrid.store import audit, findings, plans
from gisgrid.store.database import Connection, copy_rows, own_words
from gisgrid.store.tables import (
    BUILDINGS,
    DIVISIONS,
    EDITION_ACCEPTANCES,
    EDITION_BUILDINGS,
    EDITION_GRIDS,
    EDITIONS,
    GRID_CODES,
    GRID_LINEAGE,
    PLAN_GRIDS,
    PLANS,
)


def lock_community(connection: Connection, community: str) -> None:
    """Hold the community until the transaction ends, so that nobody else publishes it meanwhile.

    Take it before reading the edition that new codes are numbered against.

    Raises
    ------
    NotFound
        There is no such division.
    """
    columns = DIVISIONS.columns
    query = select(columns.code).where(columns.code == community).with_for_update(key_share=True)
    if connection.execute(query).first() is None:
        raise NotFound(f"No division has the code {community!r}; `gisgrid import divisions FILE` brings divisions in.")


def open_edition(connection: Connection, community: str) -> Row[Any] | None:
    """Return the row of the community's edition without an end."""
    columns = EDITIONS.columns
    query = select(EDITIONS).where(columns.community_code == community, func.upper_inf(columns.valid))
    return connection.execute(query).first()


def publish(  # noqa: PLR0913  one keyword for each part of the act; a dataclass would only rename them
    connection: Connection,
    *,
    plan: Plan,
    grids: Sequence[Grid],
    lineage: Sequence[Lineage],
    accepted: Sequence[Finding],
    actor: str,
    replaces: str | None,
    valid_from: datetime | None = None,
) -> str:
    """Write the edition and return its id; `editions.publish` says what each part is and what is refused."""
    lock_community(connection, plan.community)
    _judge_at_commit(connection)
    _require_publishable(connection, plan, grids, accepted)
    old = open_edition(connection, plan.community)
    if (None if old is None else str(old.id)) != replaces:
        raise Conflict(
            f"Community {plan.community} got another edition meanwhile ({'none' if old is None else old.id} is in "
            f"force, the codes were numbered against {replaces or 'none'}); publish again."
        )
    begin = _beginning(connection, old, valid_from)
    edition = _insert_edition(connection, plan, old, begin, actor)
    households = _households(connection, plan.community)
    _insert_codes(connection, edition, plan.community, grids)
    _insert_grids(connection, edition, grids, households)
    _insert_buildings(connection, edition, grids, households)
    _retire(connection, edition, old, grids, lineage)
    _insert_acceptances(connection, edition, grids, accepted, actor)
    _write_codes_into_plan(connection, plan, grids)
    connection.execute(update(PLANS).where(PLANS.columns.id == int(plan.id)).values(state="published"))
    audit.record(
        connection,
        actor=actor,
        action="edition.publish",
        subject=str(edition),
        community=plan.community,
        plan=plan.id,
        revision=plan.revision,
        grids=len(grids),
        accepted=len(accepted),
    )
    _judge_now(connection)
    return str(edition)


def _require_publishable(
    connection: Connection, plan: Plan, grids: Sequence[Grid], accepted: Sequence[Finding]
) -> None:
    """Refuse a plan that is at its end already, was changed, has open errors or grids without a code."""
    row = plans.lock(connection, plan.id, revision=plan.revision)
    if row.state not in {"draft", "submitted", "approved"}:
        remedy = {
            "rejected": "take it back to draft first",
            "published": "draw or copy a new plan to change the grids",
        }[row.state]
        raise Conflict(f"Plan {plan.id} is {row.state} and cannot be published; {remedy}.")
    _require_codes(plan, grids)
    open_errors = [found for found in plan.findings if found.severity == "error" and found not in accepted]
    if open_errors:
        raise RefusedData(
            f"Plan {plan.id} has {len(open_errors)} error(s) that nobody accepted, the first: "
            f"{open_errors[0].message} Change the plan, or accept them one by one on publishing.",
            plan.findings,
        )


def _beginning(connection: Connection, old: Row[Any] | None, valid_from: datetime | None) -> datetime:
    """Return the instant at which the new edition begins."""
    now: datetime = connection.execute(select(func.clock_timestamp())).scalar_one()
    begin = now if valid_from is None else aware(valid_from)
    if begin > now:
        raise UsageError(f"valid_from {begin.isoformat()} is in the future; publish the plan when its day has come.")
    if old is not None and begin <= old.valid.lower:
        raise Conflict(
            f"Edition {old.id} is in force since {old.valid.lower.isoformat()}; the next must begin later than that, "
            f"not at {begin.isoformat()}."
        )
    return begin


def _insert_edition(connection: Connection, plan: Plan, old: Row[Any] | None, begin: datetime, actor: str) -> int:
    """End the old edition and begin the new one at the same instant; return its number."""
    columns = EDITIONS.columns
    if old is not None:
        ended = Range(old.valid.lower, begin, bounds="[)")
        connection.execute(update(EDITIONS).where(columns.id == old.id).values(valid=ended))
    number: int = connection.execute(
        insert(EDITIONS)
        .values(
            community_code=plan.community,
            plan_id=int(plan.id),
            valid=Range(begin, None, bounds="[)"),
            published_by=actor,
        )
        .returning(columns.id)
    ).scalar_one()
    return number


def _require_codes(plan: Plan, grids: Sequence[Grid]) -> None:
    """Refuse grids without a code, with one of another community, or with one code twice."""
    wanted = len(plan.community) + GRID_NUMBER_WIDTH
    wrong = [
        grid.key
        for grid in grids
        if grid.code is None
        or not grid.code.startswith(plan.community)
        or len(grid.code) != wanted
        or not grid.code.isdecimal()
    ]
    if wrong or len({grid.code for grid in grids}) != len(grids) or not grids:
        raise UsageError(
            f"Plan {plan.id} needs grids, each with a code of its own that is {plan.community} and "
            f"{GRID_NUMBER_WIDTH} digits; number them first (wrong: {wrong or 'codes given twice, or no grids'})."
        )


def _households(connection: Connection, community: str) -> dict[str, int]:
    """Return the households of every building of the community as they are now."""
    columns = BUILDINGS.columns
    query = select(columns.code, columns.households).where(columns.community_code == community)
    return {row.code: row.households for row in connection.execute(query)}


def _insert_codes(connection: Connection, edition: int, community: str, grids: Sequence[Grid]) -> None:
    """Give out the codes that were never given before; the law refuses those that were given up."""
    columns = GRID_CODES.columns
    known = set(connection.execute(select(columns.code).where(columns.community_code == community)).scalars())
    copy_rows(
        connection,
        GRID_CODES,
        ("code", "community_code", "number", "first_edition_id"),
        (
            (grid.code, community, int(str(grid.code)[len(community) :]), edition)
            for grid in grids
            if grid.code not in known
        ),
    )


def _insert_grids(connection: Connection, edition: int, grids: Sequence[Grid], households: Mapping[str, int]) -> None:
    """Write the grids, their households counted from the buildings as they are now."""
    copy_rows(
        connection,
        EDITION_GRIDS,
        ("edition_id", "code", "name", "kind", "households", "buildings", "area_m2", "geom"),
        (
            (
                edition,
                grid.code,
                grid.name or f"第{int(str(grid.code)[-GRID_NUMBER_WIDTH:])}网格",
                grid.kind,
                sum(households.get(building, 0) for building in grid.buildings),
                len(grid.buildings),
                float(grid.area_m2),
                grid.geometry,
            )
            for grid in grids
        ),
    )


def _insert_buildings(
    connection: Connection, edition: int, grids: Sequence[Grid], households: Mapping[str, int]
) -> None:
    """Write which grid each building belongs to, and its households."""
    copy_rows(
        connection,
        EDITION_BUILDINGS,
        ("edition_id", "building_code", "grid_code", "households"),
        ((edition, building, grid.code, households.get(building, 0)) for grid in grids for building in grid.buildings),
    )


def _retire(
    connection: Connection,
    edition: int,
    old: Row[Any] | None,
    grids: Sequence[Grid],
    lineage: Sequence[Lineage],
) -> None:
    """Retire the codes of the old edition that do not go on, and write what became of them."""
    if old is not None:
        before = select(EDITION_GRIDS.columns.code).where(EDITION_GRIDS.columns.edition_id == old.id)
        ending = set(connection.execute(before).scalars()) - {grid.code for grid in grids}
        codes = GRID_CODES.columns
        connection.execute(update(GRID_CODES).where(codes.code.in_(sorted(ending))).values(retired_edition_id=edition))
    copy_rows(
        connection,
        GRID_LINEAGE,
        ("edition_id", "parent", "child", "households"),
        ((edition, link.parent, link.child, int(link.households)) for link in lineage),
    )


def _write_codes_into_plan(connection: Connection, plan: Plan, grids: Sequence[Grid]) -> None:
    """Give the plan's grids the codes of the edition, by which later plans are compared with it."""
    columns = PLAN_GRIDS.columns
    of_plan = columns.plan_id == int(plan.id)
    # Codes may change hands among the grids: on the way none may stand twice.
    connection.execute(update(PLAN_GRIDS).where(of_plan).values(code=None))
    connection.execute(
        update(PLAN_GRIDS).where(of_plan, columns["key"] == bindparam("of_key")).values(code=bindparam("given_code")),
        [{"of_key": grid.key, "given_code": grid.code} for grid in grids],
    )


def _insert_acceptances(
    connection: Connection, edition: int, grids: Sequence[Grid], accepted: Sequence[Finding], actor: str
) -> None:
    """Write what the reviewer accepted, a row for each grid that a finding names by key or code."""
    by_key = {grid.key: str(grid.code) for grid in grids}
    by_code = {str(grid.code): str(grid.code) for grid in grids}
    rows: dict[tuple[str, str | None], dict[str, Any]] = {}
    for finding in accepted:
        # The key comes first: the code that a draft's grid continued may have gone to another grid on numbering.
        code_of = by_key if not by_key.keys().isdisjoint(finding.codes) else by_code
        named = sorted({code_of[code] for code in finding.codes if code in code_of})
        for code in named or (None,):
            rows[finding.rule, code] = {
                "edition_id": edition,
                "rule": finding.rule,
                "grid_code": code,
                "accepted_by": actor,
                "finding": findings.to_document(finding),
            }
    if rows:
        connection.execute(insert(EDITION_ACCEPTANCES), list(rows.values()))


def _judge_at_commit(connection: Connection) -> None:
    """Put the law off until the edition is whole; an earlier publication in the transaction may have hastened it."""
    connection.execute(text("SET CONSTRAINTS gisgrid.editions_law DEFERRED"))


def _judge_now(connection: Connection) -> None:
    """Ask the law now, so that its refusal reaches the caller of this very function rather than the commit's."""
    with own_words():
        connection.execute(text("SET CONSTRAINTS gisgrid.editions_law IMMEDIATE"))


def aware(at: datetime) -> datetime:
    """Return the instant in UTC.

    Raises
    ------
    UsageError
        It has no time zone.
    """
    if at.tzinfo is None:
        raise UsageError(f"The time {at.isoformat()} has no time zone; write it as 2026-01-31T08:00:00+08:00.")
    return at.astimezone(UTC)
