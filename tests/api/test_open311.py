"""Any Open311 client creates, reads and lists requests, in JSON and in XML, with the real server behind it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from open311_client import Open311Client, Open311Error, walk
from served_town import EAST, STREETS, WEST, Service

from api import open311_documents as documents
from api import open311_forms as forms
from api.errors import BadRequest
from gisgrid.model import Role
from gisgrid.store import categories, report_search
from gisgrid.store.categories import Category
from gisgrid.store.database import Database
from gisgrid.store.tables import CATEGORIES, IMPORT_RUNS, REPORT_ASSIGNMENTS, REPORT_EVENTS, REPORTS, TIME_LIMITS

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
FORMATS = pytest.mark.parametrize("form", ["json", "xml"])
IN_WEST = {"lat": "40.8012", "long": "111.7012"}
IN_EAST = {"lat": "40.8012", "long": "111.7052"}


def client_of(
    service: Service, form: str = "json", role: Role | None = "dispatch", scope: str | None = None
) -> Open311Client:
    """The client of the specification with a key of this role."""
    authorization = service.client(role, scope).headers.get("authorization", "")
    return opened(service, form, authorization.removeprefix("Bearer ") or None)


def opened(service: Service, form: str, api_key: str | None, jurisdiction: str | None = None) -> Open311Client:
    """The client of the specification, closed when the service ends."""
    client = Open311Client(f"{service.url}/open311/v2", form, api_key, jurisdiction)
    service.clients.append(client.http)
    return client


def refused(ask: Callable[[], object], status: int) -> str:
    """The description of the error that asking ends in; its code is the status."""
    with pytest.raises(Open311Error) as caught:
        ask()
    ((code, description),) = caught.value.errors
    assert (caught.value.status, code) == (status, status)
    assert len(description) > 20
    return description


def add_categories(database: Database) -> None:
    rows = [("01", "市容环境", None), ("0101", "暴露垃圾", "01"), ("0102", "道路破损", "01"), ("02", "噪声扰民", None)]
    with database.transaction() as connection:
        for code, name, parent in rows:
            connection.execute(CATEGORIES.insert().values(code=code, name=name, parent_code=parent))


# ---- The walk ------------------------------------------------------------------------------------------------------


@FORMATS
@pytest.mark.parametrize("with_categories", [False, True])
def test_a_client_of_the_specification_walks_through(service: Service, form: str, *, with_categories: bool) -> None:
    if with_categories:
        add_categories(service.database)
    read = walk(client_of(service, form), datetime.now(UTC), IN_WEST["lat"], IN_WEST["long"])
    grid = read["agency_responsible"].removeprefix("网格 ")
    kept = service.client("dispatch").get(f"/v1/reports/{read['service_request_id']}").json()
    assert kept["assignment"]["grid"] == grid
    assert kept["assignment"]["method"] == "inside"
    assert kept["category"] == ("0101" if with_categories else None)
    assert kept["source"] == "open311:dispatch None"
    assert kept["crs"] == "wgs84"


def test_both_formats_say_the_same(service: Service) -> None:
    add_categories(service.database)
    as_json, as_xml = client_of(service, "json"), client_of(service, "xml")
    made = as_json.create("0102", **IN_WEST, description="a < b & c", address_string="东街 1 号")["service_request_id"]

    def told(value: object) -> str | None:
        return None if value in (None, "") else str(value).lower() if isinstance(value, bool) else str(value)

    pairs = [(as_json.request(made), as_xml.request(made))]
    pairs += zip(as_json.services(), as_xml.services(), strict=True)
    for one, other in pairs:
        assert {name: told(value) for name, value in one.items()} == other
    assert as_json.discovery() == as_xml.discovery()
    assert as_json.definition("0102") == as_xml.definition("0102") == {"service_code": "0102", "attributes": []}


def test_services_are_the_categories_without_any_below_them(service: Service) -> None:
    add_categories(service.database)
    client = client_of(service, role=None)
    assert [(each["service_code"], each["service_name"], each["group"]) for each in client.services()] == [
        ("0101", "暴露垃圾", "市容环境"),
        ("0102", "道路破损", "市容环境"),
        ("02", "噪声扰民", ""),
    ]
    refused(lambda: client.definition("01"), 404)
    refused(lambda: client_of(service).create("01", **IN_WEST), 404)


def test_the_changeset_is_the_last_import_of_categories(service: Service) -> None:
    client = client_of(service, role=None)
    before = client.discovery()["changeset"]
    run = {"file_name": "c.csv", "sha256": bytes(32), "inserted": 0, "updated": 0, "unchanged": 0}
    with service.database.transaction() as connection:
        connection.execute(IMPORT_RUNS.insert().values(layer="buildings", **run))
    assert client.discovery()["changeset"] == before
    with service.database.transaction() as connection:
        connection.execute(IMPORT_RUNS.insert().values(layer="categories", **run))
        imported_at = categories.imported_at(connection)
    assert imported_at is not None
    assert client.discovery()["changeset"] == imported_at.isoformat() != before


# ---- What is kept, and what is not ---------------------------------------------------------------------------------


def test_nothing_about_the_person_is_kept(service: Service) -> None:
    personal = {name: f"secret-{name}" for name in forms.PERSONAL}
    client = client_of(service)
    made = client.create("other", **IN_WEST, description="路灯不亮", **personal, **{"attribute[phone]": "secret-a"})
    assert made["account_id"] is None
    assert "不予保存" in made["service_notice"]
    with service.database.transaction() as connection:
        tables = connection.exec_driver_sql(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'gisgrid'"
        ).scalars()
        for table in list(tables):
            rows = connection.exec_driver_sql(f"SELECT t::text FROM gisgrid.{table} AS t").scalars()
            assert not [row for row in rows if "secret-" in row], table


def test_a_picture_stands_in_the_text_and_comes_back_by_itself(service: Service) -> None:
    client = client_of(service)
    address = "https://example.org/p/1.jpg?x=1&y=2"
    made = client.create("other", **IN_WEST, description="坑洼", media_url=address)["service_request_id"]
    read = client.request(made)
    assert (read["description"], read["media_url"]) == ("坑洼", address)
    kept = service.client("dispatch").get(f"/v1/reports/{made}").json()
    assert kept["text"] == f"坑洼\nmedia_url: {address}"
    assert "media_url" in refused(lambda: client.create("other", **IN_WEST, media_url="javascript:alert(1)"), 400)


def test_a_building_is_a_place_and_an_address_alone_waits_on_the_work_list(service: Service) -> None:
    client = client_of(service)
    made = client.create("other", address_id=f"{EAST}-03")["service_request_id"]
    assert client.request(made)["agency_responsible"].startswith(f"网格 {EAST}")
    waiting = client.create("other", address_string="不知道的路 1 号")
    assert "位置待核实" in waiting["service_notice"]
    read = client.request(waiting["service_request_id"])
    assert (read["agency_responsible"], read["status"], read["address"]) == (None, "open", "不知道的路 1 号")
    far = client.create("other", lat="0", long="0")["service_request_id"]
    assert client.request(far)["agency_responsible"] is None


def test_the_life_of_a_report_is_followed_by_its_status(service: Service) -> None:
    with service.database.transaction() as connection:
        connection.execute(TIME_LIMITS.insert().values(category="*", close_within=24, unit="hours"))
    client, staff = client_of(service), service.client("dispatch")
    made = client.create("other", **IN_WEST)["service_request_id"]
    filed = client.request(made)
    assert (filed["status"], filed["status_notes"]) == ("open", "待接单 assigned")
    limit = datetime.fromisoformat(filed["expected_datetime"]) - datetime.fromisoformat(filed["requested_datetime"])
    assert abs(limit - timedelta(hours=24)) < timedelta(minutes=1)
    for event in ("accept", "close"):
        answer = staff.post(f"/v1/reports/{made}/events", json={"type": event})
        assert answer.status_code == 201, answer.text
    closed = client.request(made)
    assert (closed["status"], closed["status_notes"]) == ("closed", "已办结 closed")
    assert closed["updated_datetime"] == answer.json()["history"][-1]["at"] > filed["updated_datetime"]
    assert client.requests(status="open") == []
    assert client.requests(status="closed") == [closed]


def test_control_characters_in_a_text_leave_the_xml_well_formed(service: Service) -> None:
    made = client_of(service, "json").create("other", **IN_WEST, description="a\x01b\x1bc]]></description>\ufffe")
    read = client_of(service, "xml").request(made["service_request_id"])
    assert read["description"] == "a\ufffdb\ufffdc]]></description>\ufffd"
    assert client_of(service, "json").request(made["service_request_id"])["description"][1] == "\x01"


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"lat": "40.8"},
        {"long": "111.7"},
        {"lat": "", "long": "", "address_string": "", "address_id": ""},
        {"lat": "nan", "long": "111.7"},
        {"lat": "40.8", "long": "1e999"},
        {"lat": "40_8", "long": "111.7"},
        {**IN_WEST, "description": "字" * 4_001},
        {**IN_WEST, "description": "a\x00b"},
        {**IN_WEST, "address_string": "a" * 501},
        {**IN_WEST, "media_url": "ftp://example.org/1"},
    ],
)
@FORMATS
def test_a_request_that_cannot_be_kept_is_refused(shared_service: Service, form: str, fields: dict[str, str]) -> None:
    client = client_of(shared_service, form)
    before = len(client.requests())
    refused(lambda: client.create("other", **fields), 400)
    assert len(client.requests()) == before


def test_forms_that_are_none_are_refused(shared_service: Service) -> None:
    client = shared_service.client("dispatch")
    address = "/open311/v2/requests.json"
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    bodies = [
        (b"service_code=other&lat=1&lat=2&long=1", form_type),
        (b"service_code=other&lat=1&long=1&description=%ED%A0%80", form_type),
        (b"service_code=other&lat=1&long=1&description=\xff", form_type),
        (b"&".join(b"a%d=1" % n for n in range(400)), form_type),
        (b"service_code=other&lat=1&long=1&description=" + b"a" * 70_000, form_type),
        (b"lat=1&long=1", form_type),
        (b'{"service_code": "other"}', {"Content-Type": "application/json"}),
        (b"", {}),
    ]
    for body, headers in bodies:
        answer = client.post(address, content=body, headers=headers)
        assert answer.status_code == 400, answer.text
        assert [each["code"] for each in answer.json()] == [400]


def filed_before(database: Database, category: str, state: str, days: int) -> str:
    """The id of a report that came in so many days and an hour ago: reports in the database cannot be changed."""
    moment = datetime.now(UTC) - timedelta(days=days, hours=1)
    with database.transaction() as connection:
        number = connection.execute(
            REPORTS.insert()
            .values(source="test", external_id=f"{days}", body_sha256=bytes(32), category=category, state=state,
                    received_at=moment)
            .returning(REPORTS.c.id)
        ).scalar_one()  # fmt: skip
        connection.execute(REPORT_ASSIGNMENTS.insert().values(report_id=number, sequence=1, method="unplaced"))
        connection.execute(REPORT_EVENTS.insert().values(report_id=number, type="received", at=moment))
    return str(number)


# ---- Lists ---------------------------------------------------------------------------------------------------------


def test_lists_by_id_category_time_and_status(service: Service) -> None:
    add_categories(service.database)
    client = client_of(service)
    codes, states, days = (
        ("0101", "0102", "0102", "02"),
        ("assigned", "closed", "assigned", "unplaced"),
        (0, 10, 100, 200),
    )
    ids = [filed_before(service.database, *each) for each in zip(codes, states, days, strict=True)]

    def listed(**parameters: str) -> list[int]:
        return [ids.index(each["service_request_id"]) for each in client.requests(**parameters)]

    def ago(days: float) -> str:
        return (datetime.now(UTC) - timedelta(days=days)).isoformat()

    assert listed() == [0, 1]
    assert listed(start_date="", end_date="", status="", service_code="") == [0, 1]
    assert listed(end_date=ago(50)) == [2]
    assert listed(start_date=ago(130)) == [2]
    assert listed(start_date=ago(210), end_date=ago(130)) == [3]
    assert listed(service_code="0102") == [1]
    assert listed(service_code="0102,0101") == [0, 1]
    assert listed(service_code="\x00") == []
    assert listed(status="closed") == [1]
    assert listed(status="open") == [0]
    assert listed(status="open,closed") == [0, 1]
    assert listed(service_request_id=f"{ids[3]}, {ids[2]},999999,x,²", status="closed") == [2, 3]
    assert listed(unknown="1", extensions="true") == [0, 1]
    assert client.request(ids[1])["status"] == "closed"
    repeated = client.http.get(f"{client.endpoint}/requests.json", params=[
        ("service_code", "0101"), ("service_code", "0102"), ("api_key", client.api_key)
    ])  # fmt: skip
    assert [each["service_request_id"] for each in repeated.json()] == ids[:2]


@pytest.mark.parametrize(
    "parameters",
    [
        {"start_date": "2026-01-01T00:00:00Z", "end_date": "2026-04-02T00:00:00Z"},
        {"start_date": "2026-01-02T00:00:00Z", "end_date": "2026-01-01T00:00:00Z"},
        {"start_date": "2026-01-01T00:00:00"},
        {"end_date": "yesterday"},
        {"status": "pending"},
        {"service_request_id": ",".join(map(str, range(1_001)))},
    ],
)
@FORMATS
def test_a_search_that_cannot_be_answered_is_refused(
    shared_service: Service, form: str, parameters: dict[str, str]
) -> None:
    refused(lambda: client_of(shared_service, form).requests(**parameters), 400)


def test_a_search_gives_at_most_its_rows(service: Service) -> None:
    client = client_of(service)
    for _ in range(3):
        client.create("other", **IN_WEST)
    with service.database.transaction() as connection:
        found = report_search.newest_reports(connection, report_search.ReportSearch(), limit=2)
    assert len(found) == 2
    assert len(client.requests()) == 3


# ---- Keys, scopes, jurisdictions -----------------------------------------------------------------------------------


@FORMATS
def test_keys_are_asked_for_in_the_shape_of_the_standard(shared_service: Service, form: str) -> None:
    nobody, viewer = client_of(shared_service, form, None), client_of(shared_service, form, "viewer")
    wrong = opened(shared_service, form, "gg_wrong")
    for client in (nobody, viewer, wrong):
        for ask in (
            client.requests, lambda c=client: c.create("other", **IN_WEST), lambda c=client: c.request("1"),
            lambda c=client: c.token("1"),
        ):  # fmt: skip
            refused(ask, 403)
    assert nobody.services()
    assert nobody.discovery()
    assert nobody.definition("other")


def test_a_key_comes_in_the_form_in_the_address_or_in_a_header(service: Service) -> None:
    secret = client_of(service).api_key
    assert secret is not None
    bare = service.client()
    address, fields = "/open311/v2/requests.json", {"service_code": "other", **IN_WEST}
    assert bare.post(address, data={**fields, "api_key": secret}).status_code == 200
    assert bare.post(address, data=fields, params={"api_key": secret}).status_code == 200
    assert bare.post(address, data=fields, headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert bare.get(address, headers={"X-Api-Key": secret}).status_code == 200
    assert bare.get("/v1/reports", params={"api_key": secret}).status_code == 401
    assert bare.get("/v1/reports", headers={"X-Api-Key": secret}).status_code == 401


def test_a_scope_reaches_its_own_reports_only(service: Service) -> None:
    everywhere, west = client_of(service), client_of(service, scope=STREETS[0])
    in_west = everywhere.create("other", **IN_WEST)["service_request_id"]
    in_east = everywhere.create("other", **IN_EAST)["service_request_id"]
    own_in_east = west.create("other", **IN_EAST)["service_request_id"]
    assert {each["service_request_id"] for each in west.requests()} == {in_west, own_in_east}
    assert [each["service_request_id"] for each in west.requests(service_request_id=in_east)] == []
    refused(lambda: west.request(in_east), 403)
    assert west.request(own_in_east)["service_request_id"] == own_in_east


@FORMATS
def test_a_jurisdiction_is_a_division_and_narrows_lists(service: Service, form: str) -> None:
    everywhere = client_of(service, form)
    everywhere.create("other", **IN_WEST)
    in_east = everywhere.create("other", **IN_EAST)["service_request_id"]
    unplaced = everywhere.create("other", address_string="某处")["service_request_id"]
    east = opened(service, form, everywhere.api_key, STREETS[1])
    assert [each["service_request_id"] for each in east.requests()] == [unplaced, in_east]
    assert east.services() == everywhere.services()
    nowhere = opened(service, form, everywhere.api_key, "city.gov")
    for ask in (nowhere.services, nowhere.requests, lambda: nowhere.create("other", **IN_WEST),
                lambda: nowhere.definition("other")):  # fmt: skip
        assert "city.gov" in refused(ask, 404)


@FORMATS
def test_what_is_not_there_is_not_found(shared_service: Service, form: str) -> None:
    client = client_of(shared_service, form)
    for ask in (
        lambda: client.request("999999999"),
        lambda: client.request("x"),
        lambda: client.token("999999999"),
        lambda: client.definition("none"),
        lambda: client.create("none", **IN_WEST),
        lambda: client._get("nothing"),
    ):
        refused(ask, 404)


def test_a_wrong_method_and_an_address_without_a_format_are_told_in_the_shape_of_the_standard(
    shared_service: Service,
) -> None:
    client = shared_service.client("dispatch")
    deleted = client.delete("/open311/v2/requests.json")
    assert (deleted.status_code, deleted.json()[0]["code"]) == (405, 405)
    bare = client.get("/open311/v2/services")
    assert (bare.status_code, bare.headers["content-type"]) == (404, "text/xml; charset=utf-8")
    assert ET.fromstring(bare.content).findtext("error/code") == "404"
    assert client.get("/open311/v2/services.html").status_code == 404


# ---- Laws ----------------------------------------------------------------------------------------------------------

TEXTS = st.text(st.characters(codec=None), max_size=30)


@given(TEXTS)
@example("\x00\x0b\x1f\x85\ud800\udfff\ufffe\uffff\U0010ffff")
def test_every_text_makes_well_formed_xml_and_what_xml_can_hold_comes_back(text: str) -> None:
    root = ET.fromstring(documents.as_xml("service_requests", [{"description": text}]))
    read = root.findtext("request/description") or ""
    expected = "".join(c if documents.as_xml("x", c).find(b"\xef\xbf\xbd") < 0 else "\ufffd" for c in text)
    assert read == expected.replace("\r\n", "\n").replace("\r", "\n")
    allowed = [
        c for c in text if c in "\t\n\r" or " " <= c <= "\ud7ff" or "\ue000" <= c <= "\ufffd" or c >= "\U00010000"
    ]
    assert len(text) - len(allowed) == expected.count("\ufffd") - text.count("\ufffd")


@given(st.none() | st.text(max_size=20), st.from_regex(r"https?://[!-~]{1,40}", fullmatch=True))
def test_a_picture_is_found_again_behind_any_text(text: str | None, address: str) -> None:
    assert documents.without_media(documents.with_media(text, address)) == (text or None, address)


@given(st.none() | st.text(max_size=20).filter(lambda text: "media_url: http" not in text))
def test_a_text_without_a_picture_stays_as_it_is(text: str | None) -> None:
    assert documents.without_media(text) == (text, None)


MOMENTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(st.none() | MOMENTS, st.none() | MOMENTS, MOMENTS)
def test_a_range_is_never_longer_than_ninety_days_and_keeps_what_was_given(
    start: datetime | None, end: datetime | None, now: datetime
) -> None:
    try:
        first, last = forms.received_between(start, end, now)
    except BadRequest:
        assert start is not None
        assert end is not None
        assert not timedelta(0) <= end - start <= forms.LONGEST_RANGE
    else:
        assert timedelta(0) <= last - first <= forms.LONGEST_RANGE
        assert start in (None, first)
        assert end in (None, last)


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.none() | st.sampled_from("abcdef")), unique_by=lambda p: p[0]))
def test_there_is_always_a_service_and_none_is_a_group(pairs: list[tuple[str, str | None]]) -> None:
    listed = [Category(code, f"name {code}", parent if parent != code else None) for code, parent in pairs]
    types = documents.service_types(listed)
    groups = {each.parent for each in listed}
    assert [each.code for each in types] == ([c.code for c in listed if c.code not in groups] or ["other"])


# ---- MapIt ---------------------------------------------------------------------------------------------------------


def test_mapit_names_the_areas_of_a_point_by_id(shared_service: Service) -> None:
    client = shared_service.client("viewer")
    areas = client.get("/point/4326/111.7012,40.8012").json()
    located = client.get("/v1/locate?lon=111.7012&lat=40.8012&crs=wgs84").json()
    grid = located["grid"]["code"]
    assert {code: (area["id"], area["type"], area["parent_area"]) for code, area in areas.items()} == {
        grid: (grid, "GRD", WEST),
        WEST: (WEST, "COM", STREETS[0]),
        STREETS[0]: (STREETS[0], "STR", "990101"),
        "990101": ("990101", "DIS", None),
    }
    assert {area["generation_high"] for area in areas.values()} == {int(located["edition"]["id"])}
    assert areas[WEST]["name"] == "西社区"
    assert client.get("/point/4326/111.7012,40.8012.json").json() == areas
    assert set(client.get("/point/4326/111.7012,40.8012?type=STR,DIS").json()) == {STREETS[0], "990101"}
    assert client.get("/point/4326/0,0").json() == {}
    assert client.get("/point/4326/111.7012,40.8012?at=2000-01-01T00:00:00Z").json() == {}


def test_mapit_takes_its_key_in_the_address_or_in_its_own_header(shared_service: Service, problem: Problem) -> None:
    secret = shared_service.client("viewer").headers["authorization"].removeprefix("Bearer ")
    bare = shared_service.client()
    address = "/point/4326/111.7012,40.8012"
    assert bare.get(address, params={"api_key": secret}).status_code == 200
    assert bare.get(address, headers={"X-Api-Key": secret}).status_code == 200
    problem(bare.get(address), 401, "unauthenticated")
    problem(bare.get(address, params={"api_key": "gg_wrong"}), 401, "unauthenticated")


def test_mapit_refuses_what_it_does_not_know(shared_service: Service, problem: Problem) -> None:
    client = shared_service.client("viewer")
    problem(client.get("/point/4326/111.7,40.8?type=CTY"), 422, "invalid_parameters")
    problem(client.get("/point/4326/111.7,40.8?generation=3"), 422, "invalid_parameters")
    problem(client.get("/point/4326/40.8,111.7"), 422, "bad_coordinate")
    problem(client.get("/point/4326/nan,40.8"), 404, "not_found")
    problem(client.get("/point/27700/1,2"), 404, "not_found")
