"""What people open in a browser: sign-in, start page, maps, documentation."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from served_town import EAST, STREETS, WEST, Service
from sqlalchemy import text

from api.attempts import LIMIT, FailedAttempts
from gisgrid.store import keys

Problem = Callable[[httpx.Response, int, str], dict[str, object]]
PASSWORD = "correct horse battery"


@pytest.fixture
def user(service: Service) -> str:
    with service.database.transaction() as connection:
        keys.add_user(connection, name="王规划", password=PASSWORD, role="planner", scope=STREETS[0], actor="test")
    return "王规划"


def sign_in(client: httpx.Client, name: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return client.post("/login", data={"name": name, "password": password, **more})


def test_who_is_not_signed_in_is_led_to_the_sign_in_page_and_back(service: Service, user: str) -> None:
    browser = service.client()
    led = browser.get(f"/maps/{WEST}.html?audience=public")
    assert (led.status_code, led.headers["location"]) == (
        303, f"/login?next=%2Fmaps%2F{WEST}.html%3Faudience%3Dpublic",
    )  # fmt: skip
    form = browser.get(led.headers["location"])
    wanted = re.search(r'name="next" value="([^"]+)"', form.text)
    assert wanted is not None
    signed = sign_in(browser, user, next=wanted.group(1))
    assert (signed.status_code, signed.headers["location"]) == (303, f"/maps/{WEST}.html?audience=public")
    cookie = signed.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    page = browser.get(signed.headers["location"])
    assert page.status_code == 200
    assert "第1网格" in page.text
    assert browser.get("/v1/plans").status_code == 200  # the same session serves the pages' own requests


def test_a_session_has_the_role_and_scope_of_its_user(service: Service, user: str, problem: Problem) -> None:
    browser = service.client()
    sign_in(browser, user)
    assert browser.get(f"/maps/{WEST}.html").status_code == 200
    problem(browser.get(f"/maps/{EAST}.html"), 403, "forbidden")
    problem(browser.get("/v1/reports"), 403, "forbidden")
    start = browser.get("/").text
    assert WEST in start
    assert EAST not in start


def test_a_wrong_name_or_password_opens_nothing_and_says_the_same(service: Service, user: str) -> None:
    browser = service.client()
    wrong, unknown = sign_in(browser, user, "wrong password"), sign_in(browser, "nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text == unknown.text
    assert "set-cookie" not in wrong.headers
    for name in ("", "\x00", "x" * 5000, "' OR 1=1 --"):
        assert sign_in(browser, name).status_code == 401
    assert browser.get("/v1/plans").status_code == 401


def test_too_many_failures_have_to_wait_and_the_right_password_too(service: Service, user: str) -> None:
    browser = service.client()
    statuses = [sign_in(browser, user, "wrong password").status_code for _ in range(LIMIT + 1)]
    assert statuses == [401] * LIMIT + [429]
    refused = sign_in(browser, user)
    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0


def test_failures_are_forgotten_after_the_window_and_memory_is_bounded() -> None:
    now = [0.0]
    attempts = FailedAttempts(limit=2, window_s=10, clock=lambda: now[0])
    attempts.count("a")
    assert attempts.wait_s("a") == 0
    now[0] = 4
    attempts.count("a")
    assert (attempts.wait_s("a"), attempts.wait_s("b")) == (6, 0)
    now[0] = 10
    assert attempts.wait_s("a") == 0
    attempts.count("a")
    attempts.forget("a")
    assert attempts.wait_s("a") == 0
    for number in range(30_000):
        attempts.count(str(number))
    assert len(attempts._failures) <= 10_000


def test_signing_out_ends_the_session_for_good(service: Service, user: str) -> None:
    browser = service.client()
    sign_in(browser, user)
    kept = dict(browser.cookies)
    assert browser.post("/logout").headers["location"] == "/login"
    assert browser.get("/v1/plans").status_code == 401
    thief = service.client(cookies=kept)
    assert thief.get("/v1/plans").status_code == 401
    with service.database.transaction() as connection:
        assert connection.execute(text("SELECT count(*) FROM gisgrid.sessions")).scalar_one() == 0


def test_another_sites_page_can_do_nothing_with_a_session(service: Service, user: str, problem: Problem) -> None:
    browser = service.client()
    sign_in(browser, user)
    draw = {"community": WEST, "from": "draw"}
    for origin in ("http://evil.example", "null", f"{service.url}.evil.example", service.url.replace(":", ".", 1)):
        problem(browser.post("/v1/plans", json=draw, headers={"Origin": origin}), 403, "forbidden")
        problem(browser.post("/login", data={"name": "a"}, headers={"Origin": origin}), 403, "forbidden")
        problem(browser.post("/logout", headers={"Origin": origin}), 403, "forbidden")
    assert browser.post("/v1/plans", json=draw, headers={"Origin": service.url}).status_code == 201


@pytest.mark.parametrize(
    "wanted",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "evil", "", "javascript:alert(1)", "/a\r\nX: y"],
)
def test_signing_in_leads_nowhere_else(service: Service, user: str, wanted: str) -> None:
    assert sign_in(service.client(), user, next=wanted).headers["location"] == "/"


def test_a_form_that_is_too_large_or_none_is_a_problem(service: Service, problem: Problem) -> None:
    browser = service.client()
    problem(sign_in(browser, "a", "x" * 20_000), 413, "too_large")
    problem(browser.post("/login", json={"name": "a"}), 415, "unsupported_media_type")
    many = "&".join(f"a{number}=1" for number in range(100))
    form_type = {"Content-Type": "application/x-www-form-urlencoded"}
    problem(browser.post("/login", content=many, headers=form_type), 400, "bad_form")
    assert browser.post("/login", content=b"\xff=%ff&name=%00", headers=form_type).status_code == 401


def test_the_start_page_lists_the_maps_and_answers_a_lookup(shared_service: Service) -> None:
    client = shared_service.client("viewer")
    page = client.get("/")
    assert page.status_code == 200
    for community in (WEST, EAST):
        assert f'href="/maps/{community}.html"' in page.text
        assert f"/maps/{community}.pdf" not in page.text  # not hers to open
    found = client.get("/", params={"lon": "111.7012", "lat": "40.8012", "crs": "wgs84"}).text
    assert "第" in found
    assert "西街道" in found
    assert "演示模式" not in found
    for query in ({"lon": "x", "lat": "1", "crs": "wgs84"}, {"lon": "111", "lat": "40", "crs": ""}, {"lon": "1"}):
        told = client.get("/", params=query)
        assert told.status_code == 200
        assert 'class="fault"' in told.text


def test_whoever_may_print_finds_sheet_and_ledger_beside_the_map(shared_service: Service) -> None:
    page = shared_service.client("planner").get("/").text
    for end in (".html?phones=true", ".pdf", ".xlsx"):
        assert f'href="/maps/{WEST}{end}"' in page


def test_no_text_of_anybody_becomes_markup(service: Service) -> None:
    name = "{{7*7}}<img src=x onerror=alert(1)>'\""
    with service.database.transaction() as connection:
        connection.execute(text("UPDATE gisgrid.divisions SET name = :name"), {"name": name})
        connection.execute(text("UPDATE gisgrid.posts SET name = :name, role = :name"), {"name": name})
    client = service.client("viewer")
    for _ in range(20):  # a second, until the service has seen the new names
        page = client.get("/", params={"lon": "111.7012", "lat": "40.8012", "crs": "wgs84"})
        assert "<img" not in page.text
        if "{{7*7}}" in page.text:
            break
        time.sleep(0.05)
    assert "{{7*7}}&lt;img src=x onerror=alert(1)&gt;&#x27;&quot;" in page.text
    typed = client.get("/", params={"lon": '"><script>', "lat": "1", "crs": '"><b>'})
    assert "<script" not in typed.text
    assert "<b>" not in typed.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "<script" not in service.client().get("/login", params={"next": '/"><script>alert(1)</script>'}).text


def test_maps_are_public_or_internal_by_role(shared_service: Service, problem: Problem) -> None:
    viewer, planner = shared_service.client("viewer"), shared_service.client("planner")
    public = viewer.get(f"/maps/{WEST}.html")
    assert public.headers["content-type"].startswith("text/html")
    assert planner.get(f"/maps/{WEST}.html?audience=public").text == public.text
    assert planner.get(f"/maps/{WEST}.html").text != public.text
    problem(viewer.get(f"/maps/{WEST}.html?audience=internal"), 403, "forbidden")
    problem(viewer.get(f"/maps/{WEST}.html?audience=all"), 422, "invalid_parameters")
    assert viewer.get("/maps/990101001.html?phones=true").status_code == 200
    problem(viewer.get("/maps/990101001.html?phones=perhaps"), 422, "invalid_parameters")
    problem(viewer.get("/maps/990101009.html"), 404, "not_found")
    problem(viewer.get("/maps/..%2F..%2Fetc%2Fpasswd.html"), 404, "not_found")


def test_who_is_handed_an_internal_map_or_phones_stands_in_the_audit_log(shared_service: Service) -> None:
    viewer, planner = shared_service.client("viewer"), shared_service.client("planner")
    told = "SELECT actor, details FROM gisgrid.audit WHERE action = 'map.draw' AND subject = :code"
    with shared_service.database.transaction() as connection:
        before = len(connection.execute(text(told), {"code": EAST}).all())
    for client, query in ((viewer, ""), (viewer, "?phones=true"), (planner, ""), (planner, "?audience=public")):
        assert client.get(f"/maps/{EAST}.html{query}").status_code == 200
    with shared_service.database.transaction() as connection:
        rows = connection.execute(text(f"{told} ORDER BY id"), {"code": EAST}).all()[before:]
    assert [row.details for row in rows] == [
        {"audience": "public", "phones": True},
        {"audience": "internal", "phones": False},
    ]
    assert "planner" in rows[1].actor


def test_the_documentation_opens_without_a_network_and_lists_every_route(shared_service: Service) -> None:
    client = shared_service.client()
    page, document = client.get("/docs"), client.get("/openapi.json").json()
    assert "http://" not in page.text.replace("http://www.w3.org", "")
    assert "https://" not in page.text
    for path, operations in document["paths"].items():
        assert f"<code>{path}</code>" in page.text
        for operation in operations.values():
            assert operation["x-roles"]
            assert "422" not in operation["responses"]
    assert {"/v1/locate", "/v1/reports", "/v1/plans/{plan_id}/publish"} <= document["paths"].keys()


def test_health_and_metrics(shared_service: Service) -> None:
    client = shared_service.client()
    assert client.get("/health/live").json() == {"live": True}
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["ready"], ready.json()["checks"]["database"]) == (200, True, "ok")
    assert ready.json()["checks"]["grids"] > 2
    viewer = shared_service.client("viewer")
    viewer.get("/v1/locate?lon=112&lat=41&crs=wgs84")
    counted = viewer.get("/metrics").text
    assert 'gisgrid_located_points_total{method="outside"}' in counted
    assert 'route="/v1/locate",status="200"' in counted
    assert "lon=112" not in counted
    read = {family.name: family.samples for family in text_string_to_metric_families(counted)}
    answered = sum(each.value for each in read["gisgrid_http_requests"] if each.labels["route"] == "/v1/locate")
    timed = [each for each in read["gisgrid_http_request_seconds"] if each.labels["route"] == "/v1/locate"]
    within = [each.value for each in timed if each.name.endswith("_bucket")]
    assert within == sorted(within)
    assert within[-1] == answered == next(each.value for each in timed if each.name.endswith("_count"))
    assert next(each.value for each in timed if each.name.endswith("_sum")) > 0


def test_every_answer_forbids_sniffing_and_keeping(shared_service: Service) -> None:
    for path in ("/", "/v1/divisions", "/v1/nothing", "/health/live", "/login"):
        headers = shared_service.client("viewer").get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "x-gisgrid-access" not in headers
