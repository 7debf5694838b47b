"""A client of Open311 GeoReport v2 written from the public specification alone: it knows nothing of the server.

http://wiki.open311.org/GeoReport_v2 and http://wiki.open311.org/Service_Discovery. Run it against any endpoint::

    python tests/api/open311_client.py https://example.org/open311/v2 xml KEY
"""

from __future__ import annotations

import sys
from datetime import datetime, timedelta
from typing import Any
from xml.etree import ElementTree as ET

import httpx


class Open311Error(Exception):
    """The server's errors: (code, description) pairs, and the status of the answer."""

    def __init__(self, status: int, errors: list[tuple[int, str]]) -> None:
        super().__init__(f"{status}: {errors}")
        self.status = status
        self.errors = errors


class Open311Client:
    """One endpoint in one of its two formats."""

    def __init__(self, endpoint: str, form: str, api_key: str | None = None, jurisdiction: str | None = None) -> None:
        self.endpoint = endpoint.rstrip("/")
        self.form = form
        self.api_key = api_key
        self.jurisdiction = jurisdiction
        self.http = httpx.Client(timeout=30)

    def discovery(self) -> dict[str, Any]:
        """The discovery document; lists of endpoints and formats are plain lists in both formats."""
        answer = self._get("discovery")
        if self.form == "json":
            return answer.json()
        root = ET.fromstring(answer.content)
        assert root.tag == "discovery"
        endpoints = []
        for each in root.findall("endpoints/endpoint"):
            fields = {child.tag: child.text for child in each if child.tag != "formats"}
            endpoints.append({**fields, "formats": [one.text for one in each.findall("formats/format")]})
        return {**{child.tag: child.text for child in root if child.tag != "endpoints"}, "endpoints": endpoints}

    def services(self) -> list[dict[str, Any]]:
        return self._rows(self._get("services"), "services", "service")

    def definition(self, service_code: str) -> dict[str, Any]:
        answer = self._get(f"services/{service_code}")
        if self.form == "json":
            return answer.json()
        root = ET.fromstring(answer.content)
        assert root.tag == "service_definition"
        return {
            "service_code": root.findtext("service_code"),
            "attributes": [{child.tag: child.text for child in each} for each in root.findall("attributes/attribute")],
        }

    def create(self, service_code: str, **fields: str) -> dict[str, Any]:
        form = {"service_code": service_code, **fields, **self._common()}
        if self.api_key is not None:
            form["api_key"] = self.api_key
        answer = self.http.post(
            f"{self.endpoint}/requests.{self.form}",
            data=form,
            headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        )
        return self._rows(self._checked(answer), "service_requests", "request")[0]

    def request(self, request_id: str) -> dict[str, Any]:
        return self._rows(self._get(f"requests/{request_id}"), "service_requests", "request")[0]

    def requests(self, **parameters: str) -> list[dict[str, Any]]:
        return self._rows(self._get("requests", **parameters), "service_requests", "request")

    def token(self, token: str) -> dict[str, Any]:
        return self._rows(self._get(f"tokens/{token}"), "service_requests", "request")[0]

    def _common(self) -> dict[str, str]:
        return {} if self.jurisdiction is None else {"jurisdiction_id": self.jurisdiction}

    def _get(self, resource: str, **parameters: str) -> httpx.Response:
        keyed = {} if self.api_key is None else {"api_key": self.api_key}
        address = f"{self.endpoint}/{resource}.{self.form}"
        return self._checked(self.http.get(address, params={**parameters, **self._common(), **keyed}))

    def _checked(self, answer: httpx.Response) -> httpx.Response:
        """The answer, which must be in the format that was asked for, in UTF-8, and no error."""
        expected = {"json": "application/json", "xml": "text/xml"}[self.form]
        media_type, _, parameters = answer.headers["content-type"].partition(";")
        assert (media_type, parameters.strip().lower()) == (expected, "charset=utf-8"), answer.headers
        if self.form == "xml":
            assert answer.content.lower().startswith(b"<?xml version='1.0' encoding='utf-8'?>"), answer.content
        if answer.status_code >= 400:
            errors = self._rows(answer, "errors", "error")
            raise Open311Error(answer.status_code, [(int(each["code"]), each["description"]) for each in errors])
        return answer

    def _rows(self, answer: httpx.Response, root_name: str, name: str) -> list[dict[str, Any]]:
        if self.form == "json":
            rows = answer.json()
            assert isinstance(rows, list)
            return rows
        root = ET.fromstring(answer.content)
        assert root.tag == root_name
        assert all(each.tag == name for each in root)
        return [{child.tag: child.text for child in each} for each in root]


def w3c(moment: datetime) -> str:
    """An instant as the specification asks for it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def walk(client: Open311Client, now: datetime, lat: str, lon: str) -> dict[str, Any]:
    """Discover, choose a service, create a request, read it back, find it in lists; return the request."""
    found = client.discovery()
    (endpoint,) = [each for each in found["endpoints"] if each["type"] == "production"]
    assert endpoint["specification"] == "http://wiki.open311.org/GeoReport_v2"
    client.endpoint = endpoint["url"].rstrip("/")
    service = client.services()[0]
    assert service["type"] == "realtime"
    if str(service["metadata"]).lower() == "true":
        assert client.definition(service["service_code"])["attributes"]
    made = client.create(service["service_code"], lat=lat, long=lon, description="井盖松动\n在大门旁")
    identifier = made["service_request_id"]
    read = client.request(identifier)
    assert read["service_request_id"] == identifier
    assert read["service_code"] == service["service_code"]
    assert read["service_name"] == service["service_name"]
    assert read["status"] == "open"
    assert read["description"] == "井盖松动\n在大门旁"
    assert (float(read["lat"]), float(read["long"])) == (float(lat), float(lon))
    assert client.requests(service_request_id=identifier) == [read]
    around = {"start_date": w3c(now - timedelta(days=1)), "end_date": w3c(now + timedelta(days=1))}
    assert read in client.requests(status="open", service_code=service["service_code"], **around)
    assert read not in client.requests(status="closed", **around)
    assert client.token(identifier)["service_request_id"] == identifier
    return read


if __name__ == "__main__":
    from datetime import UTC

    endpoint_, form_, key_ = sys.argv[1:4]
    sys.stdout.write(f"{walk(Open311Client(endpoint_, form_, key_), datetime.now(UTC), '40.801', '111.702')}\n")
