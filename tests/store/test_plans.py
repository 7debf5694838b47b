"""Plans are kept as they were drawn, and move from state to state by the rules only."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing

import numpy as np
import pytest
import shapely
from sqlalchemy import text
from town import COMMUNITY, NEIGHBOUR, STREET, build, cell_polygon, clone, drawing, save_plan

from gisgrid.errors import Conflict, NotFound, StaleRevision, UsageError
from gisgrid.model import Band, DrawSettings, Finding, Plan, PlanState
from gisgrid.store import divisions, inputs, plans
from gisgrid.store.cluster import Cluster
from gisgrid.store.database import Connection, Database, copy_rows
from gisgrid.store.tables import BARRIERS, BUILDINGS, DIVISIONS, ESTATES, SITES, TIES

WARNING = Finding("estate_split", "warning", "Estate e1 is split.", "小区e1被分割。", ("e1",), values={"parts": 2})
ERROR = Finding(
    "grid_above_band",
    "error",
    "Grid A has 800 households.",
    "网格A有800户。",
    ("A", "990101001001001"),
    line=3,
    field="households",
    values={"households": 800, "share": 0.5, "names": ["甲", "乙"]},
    geometry=cell_polygon(0),
)


@pytest.fixture(scope="module")
def empty(cluster: Cluster, template_database: str) -> Iterator[Database]:
    with clone(cluster, template_database) as url, closing(Database(url)) as database:
        yield database


@pytest.fixture
def connection(empty: Database) -> Iterator[Connection]:
    """A transaction in which the town is built; it is undone."""
    with empty.transaction(keep=False) as connection:
        build(connection)
        yield connection


@pytest.fixture
def built(database: Database) -> Database:
    with database.transaction() as connection:
        build(connection)
    return database


class TestSaving:
    def test_a_drawing_comes_back_as_it_was(self, connection: Connection) -> None:
        drawn = dataclasses.replace(
            drawing(findings=[WARNING, ERROR]),
            settings=DrawSettings(Band(250, 600, 420, "dwelling"), 7, cross_barriers=False, dedicated_area_m2=1.5),
        )
        plan_id = plans.save_drawing(connection, drawn)
        plan = plans.get(connection, plan_id)
        cells, borders = plans.cells_and_borders(connection, plan_id)
        assert (plan.id, plan.community, plan.state, plan.revision) == (plan_id, COMMUNITY, "draft", 1)
        assert plan.settings == drawn.settings
        assert plan.findings == drawn.findings
        assert cells == drawn.cells
        assert borders == drawn.borders
        assert plan.grids == drawn.grids
        for kept, made in zip(plan.grids, drawn.grids, strict=True):
            assert shapely.get_coordinates(kept.geometry).tobytes() == shapely.get_coordinates(made.geometry).tobytes()

    def test_numpy_numbers_are_kept_as_numbers(self, connection: Connection) -> None:
        drawn = drawing()
        cells = [
            dataclasses.replace(cell, households=np.int64(200), area_m2=np.float64(37_900.5)) for cell in drawn.cells
        ]
        plan = save_plan(connection, dataclasses.replace(drawn, cells=tuple(cells)))
        kept, _ = plans.cells_and_borders(connection, plan.id)
        assert [(cell.households, cell.area_m2) for cell in kept] == [(200, 37_900.5)] * 6

    @pytest.mark.parametrize("plan_id", ["7", "", "x", "-1", "1.0", "١", "99999999999999999999", "1; DROP TABLE plans"])
    def test_an_unknown_plan(self, connection: Connection, plan_id: str) -> None:
        for read in (plans.get, plans.cells_and_borders, plans.community_of):
            with pytest.raises(NotFound, match="gisgrid plans"):
                read(connection, plan_id)

    def test_the_list_is_newest_first_with_tallies(self, connection: Connection) -> None:
        build(connection, community=NEIGHBOUR, prefix="x-")
        first = save_plan(connection)
        other = save_plan(connection, drawing(community=NEIGHBOUR, prefix="x-"))
        last = save_plan(connection, drawing({"A": (0, 1, 2), "B": (3, 4, 5)}, findings=[WARNING, ERROR]))
        assert [plan.id for plan in plans.list_plans(connection)] == [last.id, other.id, first.id]
        newest, oldest = plans.list_plans(connection, COMMUNITY)
        assert (newest.grids, newest.households, newest.errors, newest.warnings) == (2, 1200, 1, 1)
        assert (oldest.grids, oldest.households, oldest.errors, oldest.warnings) == (3, 1200, 0, 0)
        assert newest.created_at >= oldest.created_at

    def test_a_draft_may_hold_a_grid_in_two_pieces(self, connection: Connection) -> None:
        plan = save_plan(connection, drawing({"A": (0, 5), "B": (1, 2, 3, 4)}))
        assert plan.grids[0].geometry.geom_type == "MultiPolygon"


class TestFindings:
    def test_the_newest_check_replaces_the_last(self, connection: Connection) -> None:
        plan = save_plan(connection, drawing(findings=[WARNING]))
        checked = plans.save_findings(connection, plan, [ERROR])
        assert checked.findings == (ERROR,)
        assert plans.get(connection, plan.id).findings == (ERROR,)
        assert plans.save_findings(connection, plan, []).findings == ()
        assert plans.get(connection, plan.id).findings == ()

    def test_findings_of_a_plan_that_was_changed_are_refused(self, connection: Connection) -> None:
        plan = save_plan(connection)
        connection.execute(text("UPDATE gisgrid.plans SET revision = 2"))
        with pytest.raises(StaleRevision, match="revision 2, not 1"):
            plans.save_findings(connection, plan, [ERROR])

    @pytest.mark.parametrize(
        "geometry",
        [
            shapely.Polygon([(111, 40), (111.1, 40.1), (111.1, 40), (111, 40.1), (111, 40)]),
            shapely.GeometryCollection([shapely.Point(111, 40), cell_polygon(0)]),
            shapely.LineString([(4e6, 5e6), (4.1e6, 5e6)]),
            shapely.Point(1e300, 0),
            shapely.Polygon(),
            shapely.force_3d(cell_polygon(0)),
        ],
        ids=["bow tie", "collection", "metres", "far away", "empty", "three dimensions"],
    )
    def test_no_finding_is_lost_for_its_shape(self, connection: Connection, geometry: shapely.Geometry) -> None:
        plan = save_plan(connection, drawing(findings=[dataclasses.replace(WARNING, geometry=geometry)]))
        assert len(plan.findings) == 1
        kept = plan.findings[0].geometry
        assert kept is None or (shapely.is_valid(kept) and not shapely.has_z(kept))
        assert (kept is None) == shapely.is_empty(geometry)

    def test_no_finding_is_lost_for_its_words(self, connection: Connection) -> None:
        odd = dataclasses.replace(
            WARNING,
            message="a\x00b\ud800c",
            codes=("c\x00", "\udfff"),
            values={"nan": float("nan"), "of": np.array([1, 2]), "k\x00": {"inner": (np.float32(0.5), None, True)}},
        )
        plan = save_plan(connection, drawing(findings=[odd]))
        kept = plan.findings[0]
        assert kept.message == "a\ufffdb\ufffd\ufffd\ufffdc"
        assert kept.codes[0] == "c\ufffd"
        assert kept.values == {"nan": "nan", "of": [1, 2], "k\ufffd": {"inner": [0.5, None, True]}}


def go(connection: Connection, plan: Plan, states: Sequence[PlanState], actor: str = "planner") -> Plan:
    for state in states:
        plan = plans.set_state(connection, plan.id, state, actor=actor, four_eyes=False)
    return plan


class TestStates:
    @pytest.mark.parametrize(
        "states",
        [
            ("submitted",),
            ("submitted", "approved"),
            ("submitted", "approved", "rejected"),
            ("submitted", "rejected", "draft", "submitted"),
        ],
    )
    def test_the_ways_through(self, connection: Connection, states: Sequence[PlanState]) -> None:
        assert go(connection, save_plan(connection), states).state == states[-1]
        trail = connection.execute(text("SELECT action, actor FROM gisgrid.audit ORDER BY id")).all()
        assert [tuple(row) for row in trail] == [(f"plan.{state}", "planner") for state in states]

    @pytest.mark.parametrize(
        ("states", "last"),
        [
            ((), "approved"),
            ((), "rejected"),
            ((), "draft"),
            ((), "published"),
            (("submitted",), "submitted"),
            (("submitted",), "draft"),
            (("submitted", "approved"), "submitted"),
            (("submitted", "approved"), "published"),
            (("submitted", "rejected"), "approved"),
        ],
    )
    def test_no_other_way(self, connection: Connection, states: Sequence[PlanState], last: PlanState) -> None:
        plan = go(connection, save_plan(connection), states)
        with pytest.raises(Conflict, match=f"is {plan.state} and cannot become {last}"):
            plans.set_state(connection, plan.id, last, actor="reviewer")
        assert plans.get(connection, plan.id).state == plan.state

    def test_the_submitter_does_not_approve(self, connection: Connection) -> None:
        plan = save_plan(connection)
        plans.set_state(connection, plan.id, "submitted", actor="li")
        with pytest.raises(Conflict, match="another reviewer"):
            plans.set_state(connection, plan.id, "approved", actor="li")
        assert plans.set_state(connection, plan.id, "approved", actor="wang").state == "approved"

    def test_back_in_draft_it_may_be_submitted_by_somebody_else(self, connection: Connection) -> None:
        plan = save_plan(connection)
        plans.set_state(connection, plan.id, "submitted", actor="li")
        plans.set_state(connection, plan.id, "rejected", actor="wang")
        plans.set_state(connection, plan.id, "draft", actor="wang")
        plans.set_state(connection, plan.id, "submitted", actor="wang")
        assert plans.set_state(connection, plan.id, "approved", actor="li").state == "approved"

    def test_a_stale_revision(self, connection: Connection) -> None:
        plan = save_plan(connection)
        connection.execute(text("UPDATE gisgrid.plans SET revision = 5"))
        with pytest.raises(StaleRevision, match="revision 5, not 1"):
            plans.set_state(connection, plan.id, "submitted", actor="li", revision=1)
        assert plans.set_state(connection, plan.id, "submitted", actor="li", revision=5).state == "submitted"

    def test_of_two_decisions_at_once_one_counts(self, built: Database) -> None:
        with built.transaction() as connection:
            plan = go(connection, save_plan(connection), ("submitted",))
        start, outcomes = threading.Barrier(2), []

        def decide(state: PlanState) -> None:
            try:
                with built.transaction() as connection:
                    start.wait()
                    plans.set_state(connection, plan.id, state, actor="wang")
                outcomes.append("done")
            except Conflict:
                outcomes.append("conflict")

        threads = [threading.Thread(target=decide, args=(state,)) for state in ("approved", "approved")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(outcomes) == ["conflict", "done"]


class TestDivisions:
    def test_one(self, connection: Connection) -> None:
        community = divisions.get(connection, COMMUNITY)
        with pytest.raises(NotFound, match="gisgrid import divisions"):
            divisions.get(connection, "990101009009")
        assert (community.name, community.level, community.parent) == ("合成社区", "community", STREET)
        assert community.geometry is not None
        assert community.geometry.geom_type == "MultiPolygon"

    def test_the_tree(self, connection: Connection) -> None:
        build(connection, community=NEIGHBOUR, prefix="x-")
        copy_rows(connection, DIVISIONS, ("code", "name", "level"), [("990101", "合成区", "district")])
        connection.execute(text(f"UPDATE gisgrid.divisions SET parent_code = '990101' WHERE code = '{STREET}'"))
        for code, expected in {
            "990101": [COMMUNITY, NEIGHBOUR],
            STREET: [COMMUNITY, NEIGHBOUR],
            COMMUNITY: [COMMUNITY],
        }.items():
            assert [each.code for each in divisions.communities_under(connection, code)] == expected
        assert [each.code for each in divisions.chain(connection, COMMUNITY)] == [COMMUNITY, STREET, "990101"]
        streets = divisions.list_divisions(connection, level="street")
        children = divisions.list_divisions(connection, parent=STREET, with_geometry=False)
        with pytest.raises(NotFound):
            divisions.communities_under(connection, "990102")
        with pytest.raises(NotFound):
            divisions.chain(connection, "990102")
        assert [each.code for each in streets] == [STREET]
        assert [(each.code, each.geometry) for each in children] == [(COMMUNITY, None), (NEIGHBOUR, None)]

    def test_a_foreign_community_has_no_parent(self, connection: Connection) -> None:
        copy_rows(connection, DIVISIONS, ("code", "name", "level"), [("990000051234", "Balzers", "community")])
        (only,) = divisions.chain(connection, "990000051234")
        assert (only.code, only.parent) == ("990000051234", None)


class TestInputs:
    def test_what_a_draw_reads(self, connection: Connection) -> None:
        near, far = shapely.LineString([(111.0062, 40.0), (111.0062, 40.004)]), shapely.Point(111.02, 40.0)
        copy_rows(connection, ESTATES, ("code", "name", "type"), [("e1", "琅琊", "old"), ("e2", "别处", None)])
        connection.execute(text("UPDATE gisgrid.buildings SET estate_code = 'e1', floors = 6 WHERE code = 'n1'"))
        reaching = shapely.MultiPolygon([shapely.box(111.0059, 40.001, 111.0063, 40.0012)])
        outside = shapely.MultiPolygon([shapely.box(111.0061, 40.001, 111.0063, 40.0012)])
        copy_rows(connection, BUILDINGS, ("code", "geom"), [("reaching", reaching), ("outside", outside)])
        copy_rows(
            connection,
            BARRIERS,
            ("kind", "name", "geom"),
            [
                ("wall", None, near),
                ("crossing", None, far),
                ("river", "大黑河", shapely.LineString([(111, 40), (112, 40)])),
            ],
        )
        copy_rows(
            connection,
            SITES,
            ("code", "kind", "name", "geom"),
            [("p", "park", "公园", shapely.MultiPolygon([cell_polygon(0)])), ("q", "school", "远", far)],
        )
        copy_rows(
            connection,
            TIES,
            ("a", "b", "kind", "weight"),
            [("n1", "s1", "gate", 2.0), ("n1", "reaching", "gate", 1.0)],
        )
        read = inputs.read_community(connection, COMMUNITY)
        assert [building.code for building in read.buildings] == ["n1", "n2", "n3", "s1", "s2", "s3"]
        assert (read.buildings[0].estate, read.buildings[0].floors, read.buildings[0].community) == ("e1", 6, COMMUNITY)
        assert [footprint.bounds[0] for footprint in read.foreign_footprints] == [111.0059]
        assert [(barrier.kind, barrier.name) for barrier in read.barriers] == [("river", "大黑河"), ("wall", None)]
        assert [estate.code for estate in read.estates] == ["e1"]
        assert [site.code for site in read.sites] == ["p"]
        assert [(tie.a, tie.b, tie.kind, tie.weight) for tie in read.ties] == [("n1", "s1", "gate", 2.0)]
        assert read.current is None
        assert read.used_codes == frozenset()

    def test_the_order_of_import_does_not_matter(self, connection: Connection) -> None:
        before = inputs.read_community(connection, COMMUNITY)
        rows = connection.execute(text("DELETE FROM gisgrid.buildings RETURNING code, households, geom::text")).all()
        for code, households, geom in reversed(rows):
            connection.execute(
                text("INSERT INTO gisgrid.buildings (code, households, community_code, geom) VALUES (:c, :h, :d, :g)"),
                {"c": code, "h": households, "d": COMMUNITY, "g": geom},
            )
        assert inputs.read_community(connection, COMMUNITY) == before

    def test_refusals(self, connection: Connection) -> None:
        copy_rows(connection, DIVISIONS, ("code", "name", "level"), [("990101001003", "无界", "community")])
        with pytest.raises(UsageError, match="is a street"):
            inputs.read_community(connection, STREET)
        with pytest.raises(NotFound, match="no polygon yet"):
            inputs.read_community(connection, "990101001003")
        with pytest.raises(NotFound):
            inputs.read_community(connection, "990101001009")
