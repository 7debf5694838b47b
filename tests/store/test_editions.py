"""Publishing: one transaction, one edition in force at any instant, codes that are never used again."""

from __future__ import annotations

import dataclasses
import threading
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
import shapely
from sqlalchemy import text
from town import (
    COLUMNS,
    COMMUNITY,
    EDGE,
    NEIGHBOUR,
    build,
    code,
    drawing,
    numbered,
    publish,
    save_plan,
)

from gisgrid.errors import Conflict, NotFound, RefusedData, StaleRevision, UsageError
from gisgrid.model import Edition, Finding, Lineage
from gisgrid.store import editions, inputs, plans, reports
from gisgrid.store.database import Connection, Database

ROWS = {"A": (0, 2, 4), "B": (1, 3, 5)}
ABOVE = Finding("grid_above_band", "error", "Grid A has 600 households.", "网格A有600户。", ("A",))


@pytest.fixture
def built(database: Database) -> Database:
    with database.transaction() as connection:
        build(connection)
    return database


@pytest.fixture
def first(built: Database) -> Edition:
    with built.transaction() as connection:
        return publish(connection, save_plan(connection))


def redraw(connection: Connection, replaces: str, *, accept: bool = True) -> Edition:
    """The second edition: two rows of 600 households instead of three columns."""
    lineage = [Lineage(code(old), code(new), 200) for old in (1, 2, 3) for new in (4, 5)]
    both = [ABOVE, dataclasses.replace(ABOVE, codes=("B",))]
    plan = save_plan(connection, drawing(ROWS, findings=both, base_edition=replaces))
    return publish(
        connection, plan, {"A": 4, "B": 5}, lineage=lineage, accepted=both if accept else (), replaces=replaces
    )


class TestPublish:
    def test_the_edition_is_the_plan_frozen(self, built: Database, first: Edition) -> None:
        assert (first.community, first.plan, first.valid_to) == (COMMUNITY, "1", None)
        assert [grid.code for grid in first.grids] == [code(1), code(2), code(3)]
        assert [grid.key for grid in first.grids] == [code(1), code(2), code(3)]
        assert [grid.name for grid in first.grids] == ["第1网格", "第2网格", "第3网格"]
        assert [grid.buildings for grid in first.grids] == [("n1", "s1"), ("n2", "s2"), ("n3", "s3")]
        assert [grid.households for grid in first.grids] == [400, 400, 400]
        assert shapely.equals(shapely.union_all([grid.geometry for grid in first.grids]), EDGE)
        with built.transaction() as connection:
            assert editions.get(connection, first.id) == first
            assert editions.in_force(connection, COMMUNITY) == first
            assert plans.get(connection, "1").state == "published"
            assert editions.used_codes(connection, COMMUNITY) == {code(1), code(2), code(3)}
            assert inputs.read_community(connection, COMMUNITY).current == first

    def test_the_old_edition_ends_at_the_instant_the_new_one_begins(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            second = redraw(connection, first.id)
        with built.transaction() as connection:
            ended = editions.get(connection, first.id)
            assert ended.valid_to == second.valid_from
            newest, oldest = editions.list_editions(connection, COMMUNITY)
            assert (newest.id, oldest.id, newest.grids) == (second.id, first.id, ())
            at = second.valid_from
            instant = timedelta(microseconds=1)
            for when, expected in {
                first.valid_from - instant: None,
                first.valid_from: first.id,
                at - instant: first.id,
                at: second.id,
                at + timedelta(days=3650): second.id,
            }.items():
                found = editions.in_force(connection, COMMUNITY, when)
                assert (None if found is None else found.id) == expected
                assert {row.edition for row in editions.coverage(connection, when)} == ({expected} - {None})
                home = editions.grid_of_building(connection, "n3", when)
                assert (None if home is None else home[1]) == expected
                assert editions.in_force_at(connection, when) == frozenset({expected} - {None})

    def test_codes_retire_and_their_lineage_is_kept(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            second = redraw(connection, first.id)
            codes = connection.execute(
                text("SELECT code, first_edition_id, retired_edition_id FROM gisgrid.grid_codes ORDER BY code")
            ).all()
            lineage = connection.execute(
                text("SELECT edition_id, parent, child, households FROM gisgrid.grid_lineage ORDER BY parent, child")
            ).all()
        one, two = int(first.id), int(second.id)
        retired = [(code(n), one, two) for n in (1, 2, 3)]
        assert [tuple(row) for row in codes] == [*retired, (code(4), two, None), (code(5), two, None)]
        assert [tuple(row) for row in lineage] == [
            (two, code(old), code(new), 200) for old in (1, 2, 3) for new in (4, 5)
        ]

    def test_the_successors_of_an_ended_grid_are_found_over_several_editions(
        self, built: Database, first: Edition
    ) -> None:
        asked = [code(1), code(6), code(99)]
        with built.transaction() as connection:
            assert reports.successors(connection, asked) == {code(1): [code(1)]}
            second = redraw(connection, first.id)
            plan = save_plan(connection)
            lineage = [Lineage(code(4), code(n), 200) for n in (6, 7, 8)]
            lineage += [Lineage(code(5), code(n), 200) for n in (6, 7, 8)]
            publish(connection, plan, {"A": 6, "B": 7, "C": 8}, lineage=lineage, replaces=second.id)
            heirs = [code(6), code(7), code(8)]
            assert reports.successors(connection, asked) == {code(1): heirs, code(6): [code(6)]}

    def test_a_code_may_go_on(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            second = publish(connection, plan, {"C": 1, "B": 2, "A": 3}, replaces=first.id)
            assert [grid.code for grid in second.grids] == [code(1), code(2), code(3)]
            retired = connection.execute(text("SELECT count(retired_edition_id) FROM gisgrid.grid_codes")).scalar_one()
        assert retired == 0

    def test_the_plan_has_the_codes_of_its_edition(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            publish(connection, plan, {"C": 1, "B": 2, "A": 3}, replaces=first.id)
            published = plans.get(connection, plan.id)
        assert {grid.key: grid.code for grid in published.grids} == {"C": code(1), "B": code(2), "A": code(3)}

    def test_a_code_that_was_given_up_is_never_given_again(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            second = redraw(connection, first.id)
        with built.transaction() as connection:
            plan = save_plan(connection)
            lineage = [Lineage(code(old), code(1), 600) for old in (4, 5)]
            with pytest.raises(RefusedData) as refusal:
                publish(connection, plan, {"A": 1, "B": 6, "C": 7}, lineage=lineage, replaces=second.id)
            connection.rollback()
        assert [finding.rule for finding in refusal.value.findings] == ["code_reused"]
        assert refusal.value.findings[0].codes == (code(1),)

    @pytest.mark.parametrize(
        ("lineage", "rule"),
        [
            ([], "lineage_missing"),
            ([Lineage(code(3), code(4), 400), Lineage(code(1), code(4), 0)], "lineage_unfounded"),
        ],
    )
    def test_lineage_is_of_the_codes_that_retire(
        self, built: Database, first: Edition, lineage: list[Lineage], rule: str
    ) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            with pytest.raises(RefusedData) as refusal:
                publish(connection, plan, {"A": 1, "B": 2, "C": 4}, lineage=lineage, replaces=first.id)
            connection.rollback()
        assert [finding.rule for finding in refusal.value.findings] == [rule]

    def test_households_are_those_of_today(self, built: Database) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            connection.execute(text("UPDATE gisgrid.buildings SET households = 190 WHERE code = 'n2'"))
            edition = publish(connection, plan)
        assert [grid.households for grid in edition.grids] == [400, 390, 400]

    def test_an_acceptance_is_kept_with_the_findings_own_words(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            second = redraw(connection, first.id)
            rows = connection.execute(
                text(
                    "SELECT edition_id, rule, grid_code, accepted_by, finding ->> 'message_zh'"
                    " FROM gisgrid.edition_acceptances ORDER BY grid_code"
                )
            ).all()
        assert [tuple(row) for row in rows] == [
            (int(second.id), "grid_above_band", code(n), "tester", "网格A有600户。") for n in (4, 5)
        ]

    def test_the_acceptance_follows_the_key_when_the_draft_named_another_grids_code(self, built: Database) -> None:
        """The draft's grid A continued code 2; numbering gave code 2 to B, which nobody accepted."""
        found = dataclasses.replace(ABOVE, codes=("A", code(2)))
        with built.transaction() as connection:
            plan = save_plan(connection, drawing(ROWS))
            with pytest.raises(RefusedData) as refusal:
                publish(connection, plan, {"A": 1, "B": 2}, accepted=[found])
            connection.rollback()
        assert [finding.codes for finding in refusal.value.findings] == [(code(2),)]

    def test_two_communities_in_one_transaction(self, built: Database) -> None:
        with built.transaction() as connection:
            build(connection, community=NEIGHBOUR, prefix="x-")
            # The neighbour stands on the same ground here, so its buildings are each other's; they fit as they are.
            one = publish(connection, save_plan(connection))
            two = publish(connection, save_plan(connection, drawing(community=NEIGHBOUR, prefix="x-")))
        assert (one.community, two.community) == (COMMUNITY, NEIGHBOUR)

    def test_a_rollback_leaves_nothing(self, built: Database) -> None:
        class PowerCutError(Exception):
            pass

        def publish_and_fail() -> None:
            with built.transaction() as connection:
                publish(connection, save_plan(connection))
                raise PowerCutError

        with pytest.raises(PowerCutError):
            publish_and_fail()
        with built.transaction() as connection:
            assert editions.version(connection) == 0
            assert editions.coverage(connection) == []
            assert connection.execute(text("SELECT count(*) FROM gisgrid.audit")).scalar_one() == 0

    def test_it_is_in_the_audit_log_and_announced(self, built: Database) -> None:
        with psycopg.connect(built.url, autocommit=True) as listener:
            listener.execute(f"LISTEN {editions.NOTIFICATION_CHANNEL}")
            with built.transaction() as connection:
                edition = publish(connection, save_plan(connection))
                row = connection.execute(text("SELECT actor, action, subject, details FROM gisgrid.audit")).one()
            heard = [notify.payload for notify in listener.notifies(timeout=5, stop_after=1)]
        assert heard == [edition.id]
        assert tuple(row)[:3] == ("tester", "edition.publish", edition.id)
        assert row.details == {"community": COMMUNITY, "plan": "1", "revision": 1, "grids": 3, "accepted": 0}


class TestRefusals:
    def test_an_error_that_nobody_accepted(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            with pytest.raises(RefusedData, match=r"2 error\(s\) that nobody accepted") as refusal:
                redraw(connection, first.id, accept=False)
            connection.rollback()
        assert len(refusal.value.findings) == 2

    def test_a_plan_that_was_changed(self, built: Database) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            connection.execute(text("UPDATE gisgrid.plans SET revision = 2"))
            with pytest.raises(StaleRevision):
                publish(connection, plan)

    def test_a_plan_twice(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            plan = plans.get(connection, first.plan)
            with pytest.raises(Conflict, match="is published"):
                publish(connection, plan, replaces=first.id)

    def test_a_rejected_plan(self, built: Database) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            plans.set_state(connection, plan.id, "submitted", actor="li")
            plan = plans.set_state(connection, plan.id, "rejected", actor="wang")
            with pytest.raises(Conflict, match="take it back to draft"):
                publish(connection, plan)

    def test_codes_numbered_against_another_edition(self, built: Database, first: Edition) -> None:
        for replaces in (None, "999"):
            with built.transaction() as connection, pytest.raises(Conflict, match="got another edition meanwhile"):
                publish(connection, save_plan(connection), replaces=replaces)

    def test_no_code_or_a_wrong_one(self, built: Database) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            good = numbered(plan)
            for wrong in (None, code(1, NEIGHBOUR), code(1) + "0", COMMUNITY + "x01", good[1].code):
                grids = [dataclasses.replace(good[0], code=wrong), *good[1:]]
                with pytest.raises(UsageError, match="a code of its own"):
                    editions.publish(
                        connection, plan=plan, grids=grids, lineage=(), accepted=(), actor="x", replaces=None
                    )
            with pytest.raises(UsageError):
                editions.publish(connection, plan=plan, grids=[], lineage=(), accepted=(), actor="x", replaces=None)

    def test_times(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            with pytest.raises(UsageError, match="in the future"):
                publish(connection, plan, replaces=first.id, valid_from=datetime.now(UTC) + timedelta(minutes=5))
            with pytest.raises(UsageError, match="no time zone"):
                publish(connection, plan, replaces=first.id, valid_from=datetime(2026, 1, 1))  # noqa: DTZ001  the point
            with pytest.raises(Conflict, match="must begin later"):
                publish(connection, plan, replaces=first.id, valid_from=first.valid_from)

    def test_a_building_that_came_after_the_draw(self, built: Database) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            connection.execute(
                text(
                    "INSERT INTO gisgrid.buildings (code, community_code, geom)"
                    " SELECT 'new', community_code, geom FROM gisgrid.buildings WHERE code = 'n1'"
                )
            )
            with pytest.raises(RefusedData) as refusal:
                publish(connection, plan)
            connection.rollback()
        assert [(finding.rule, finding.codes) for finding in refusal.value.findings] == [
            ("building_without_grid", ("new",))
        ]

    def test_a_boundary_that_moved_after_the_draw(self, built: Database) -> None:
        with built.transaction() as connection:
            plan = save_plan(connection)
            connection.execute(
                text(
                    "UPDATE gisgrid.divisions SET geom = ST_Multi(ST_MakeEnvelope(111, 40, 111.007, 40.004, 4326))"
                    " WHERE geom IS NOT NULL"
                )
            )
            with pytest.raises(RefusedData) as refusal:
                publish(connection, plan)
            connection.rollback()
        assert {finding.rule for finding in refusal.value.findings} == {
            "border_not_shared",
            "community_uncovered",
            "area_differs",
        }

    def test_unknown_things(self, built: Database) -> None:
        with built.transaction() as connection:
            for unknown in ("1", "", "x", "99999999999999999999"):
                with pytest.raises(NotFound):
                    editions.get(connection, unknown)
                with pytest.raises(NotFound):
                    editions.buildings_of(connection, unknown)
            with pytest.raises(NotFound):
                editions.lock_community(connection, "990101009009")
            assert editions.in_force(connection, "990101009009") is None
            assert editions.list_editions(connection, "990101009009") == []
            assert editions.grid_of_building(connection, "nowhere") is None


class TestReading:
    def test_coverage(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            rows = editions.coverage(connection)
            assert editions.coverage(connection, communities=[COMMUNITY]) == rows
            assert editions.coverage(connection, communities=[NEIGHBOUR]) == []
            assert editions.coverage(connection, communities=[]) == []
        assert [(row.code, row.community, row.edition, row.households, row.buildings) for row in rows] == [
            (code(n), COMMUNITY, first.id, 400, 2) for n in (1, 2, 3)
        ]
        assert rows[0].valid_from == first.valid_from
        assert rows[0].geometry == first.grids[0].geometry

    def test_buildings(self, built: Database, first: Edition) -> None:
        with built.transaction() as connection:
            homes = editions.buildings_of(connection, first.id)
            assert homes == {name: code(n) for n in (1, 2, 3) for name in (f"n{n}", f"s{n}")}
            assert editions.grid_of_building(connection, "s2") == (code(2), first.id)

    def test_the_version_counts_what_is_committed(self, built: Database) -> None:
        with built.transaction() as connection:
            assert editions.version(connection) == 0
            edition = publish(connection, save_plan(connection))
            with built.transaction() as other:
                assert editions.version(other) == 0
        with built.transaction() as connection:
            assert editions.version(connection) == 1
            redraw(connection, edition.id)
        with built.transaction() as connection:
            assert editions.version(connection) == 2


class TestAtOnce:
    def test_of_two_first_publications_one_counts(self, built: Database) -> None:
        for _ in range(3):
            self._race(built)

    @staticmethod
    def _race(built: Database) -> None:
        with built.transaction() as connection:
            before = editions.in_force(connection, COMMUNITY)
            rivals = [save_plan(connection) for _ in range(4)]
        start, outcomes = threading.Barrier(len(rivals)), []

        def run(position: int) -> None:
            try:
                start.wait()
                with built.transaction() as connection:
                    replaces = None if before is None else before.id
                    publish(connection, rivals[position], replaces=replaces)
                outcomes.append("done")
            except Conflict:
                outcomes.append("conflict")

        threads = [threading.Thread(target=run, args=(n,)) for n in range(len(rivals))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["conflict"] * 3 + ["done"]
        with built.transaction() as connection:
            assert len([e for e in editions.list_editions(connection, COMMUNITY) if e.valid_to is None]) == 1

    def test_the_database_itself_lets_one_through(self, built: Database) -> None:
        """Without any lock of ours: plain INSERTs from four connections at once."""
        with built.transaction() as connection:
            rivals = [save_plan(connection) for _ in range(4)]
        start, outcomes = threading.Barrier(len(rivals)), []

        def run(position: int) -> None:
            try:
                with built.transaction() as connection:
                    start.wait()
                    connection.execute(
                        text(
                            "INSERT INTO gisgrid.editions (community_code, plan_id, valid, published_by)"
                            " VALUES (:community, :plan, tstzrange('2026-01-01', NULL), 'x')"
                        ),
                        {"community": COMMUNITY, "plan": int(rivals[position].id)},
                    )
                    outcomes.append("inserted")
                    time.sleep(0.05)
                    connection.rollback()
            except Conflict:
                outcomes.append("conflict")

        threads = [threading.Thread(target=run, args=(n,)) for n in range(len(rivals))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(outcomes) == len(rivals)
        assert "inserted" in outcomes

    def test_nothing_in_between_is_ever_seen(self, built: Database, first: Edition) -> None:
        """A reader that never pauses sees the old edition or the new one, whole, while eight follow each other."""
        seen: list[frozenset[tuple[str, str]]] = []
        done = threading.Event()

        def watch() -> None:
            while not done.is_set():
                with built.transaction() as connection:
                    rows = editions.coverage(connection)
                seen.append(frozenset((row.edition, row.code) for row in rows))

        watcher = threading.Thread(target=watch)
        watcher.start()
        try:
            current = first.id
            for n in range(4):
                with built.transaction() as connection:
                    a, b = 4 + 5 * n, 5 + 5 * n
                    olds = [grid.code for grid in editions.get(connection, current).grids]
                    plan = save_plan(connection, drawing(ROWS))
                    accepted = [ABOVE, dataclasses.replace(ABOVE, codes=("B",))]
                    lineage = [Lineage(str(old), code(a), 200) for old in olds]
                    current = publish(
                        connection, plan, {"A": a, "B": b}, lineage=lineage, accepted=accepted, replaces=current
                    ).id
                with built.transaction() as connection:
                    plan = save_plan(connection, drawing(COLUMNS))
                    lineage = [Lineage(code(old), code(a + 2), 200) for old in (a, b)]
                    numbers = {"A": a + 2, "B": a + 3, "C": a + 4}
                    current = publish(connection, plan, numbers, lineage=lineage, replaces=current).id
        finally:
            done.set()
            watcher.join()
        assert len(seen) > 5
        for state in seen:
            assert len({edition for edition, _ in state}) == 1
            assert len(state) in {2, 3}
        with built.transaction() as connection:
            whole = {
                edition.id: frozenset(
                    (edition.id, str(grid.code)) for grid in editions.get(connection, edition.id).grids
                )
                for edition in editions.list_editions(connection, COMMUNITY)
            }
        assert set(seen) <= set(whole.values())
