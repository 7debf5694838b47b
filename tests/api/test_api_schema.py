"""Requests made from the OpenAPI document by schemathesis, as every role: no 5xx, and every answer as documented."""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from refusals import check
from schemathesis import GenerationMode, checks
from served_town import EAST, STREETS, WEST, Service

from gisgrid.model import ROLES, Role

EXAMPLES = 3
"""Requests to each operation in each test: some 200, so that all tests together take half a minute."""
SOUND, UNSOUND = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
IDS = st.sampled_from(["1", "2", "3", "999999"])
KNOWN: dict[str, st.SearchStrategy[str]] = {
    "plan_id": IDS, "report_id": IDS, "with": IDS, "community": st.sampled_from([WEST, EAST]),
    "jurisdiction_id": st.sampled_from([*STREETS, ""]), "service_code": st.just("other"),
    "grid": st.sampled_from([f"{WEST}001", f"{EAST}001"]),
}  # fmt: skip
"""Random text never hits what is there: half of the requests name it."""


CONFORMANCE = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]


@pytest.fixture(scope="module")
def operations(shared_service: Service) -> list[Any]:
    document = shared_service.client().get("/openapi.json").json()
    return [each.ok() for each in schemathesis.openapi.from_dict(document).get_all_operations()]


@pytest.mark.parametrize(
    ("role", "mode"),
    [*((role, SOUND) for role in [*ROLES, None]), ("admin", UNSOUND), (None, UNSOUND)],
    ids=lambda value: getattr(value, "name", str(value)).lower(),
)
def test_no_request_made_from_the_document_breaks_anything(
    shared_service: Service, operations: list[Any], role: Role | None, mode: GenerationMode
) -> None:
    authorization = shared_service.client(role).headers.get("authorization")
    asked = 0
    with requests.Session() as session:
        if authorization is not None:
            session.headers["Authorization"] = authorization
        for operation in operations:

            @settings(
                max_examples=EXAMPLES,
                phases=[Phase.generate],
                derandomize=True,
                deadline=None,
                database=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(case=operation.as_strategy(generation_mode=mode), data=st.data())
            def ask(case: Any, data: st.DataObject) -> None:
                nonlocal asked
                if data.draw(st.booleans()):
                    for given_names in (case.path_parameters, case.query):
                        for name in set(given_names) & set(KNOWN):
                            given_names[name] = data.draw(KNOWN[name])
                if case.path.endswith(("/edits", "/undo", "/redo")) and data.draw(st.booleans()):
                    case.headers["If-Match"] = '"1"'  # what is at its first revision
                case.query.pop("wait", None)  # the feed would wait as long as it is told to
                answer = session.request(**case.as_transport_kwargs(base_url=shared_service.url))
                check(answer, case.path)
                if answer.status_code < 300:
                    case.validate_response(answer, checks=CONFORMANCE)
                asked += 1

            try:
                ask()
            except Unsatisfiable:
                assert mode == UNSOUND  # what takes no parameters can be asked in one way only
            except Exception as error:
                error.add_note(f"{operation.label} as {role}")
                raise
    assert asked > len(operations)
