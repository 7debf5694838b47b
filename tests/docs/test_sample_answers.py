"""What data/README.md says of the wrong reports is what gisgrid answers, on the published sample."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from gisgrid import importing, sample_data, workflow
from gisgrid.model import DrawSettings, Finding
from gisgrid.store import reports
from gisgrid.store.database import Database

pytestmark = pytest.mark.slow


def request(layer: sample_data.SampleLayer, rejects: Path | None = None) -> importing.ImportRequest:
    return importing.ImportRequest(
        layer.layer,
        sample_data.sample_folder() / layer.file_name,
        crs=layer.crs,
        dwelling_m2=100.0 if layer.estimate_households else None,
        rejects=rejects,
    )


def rules(findings: tuple[Finding, ...]) -> Counter[str]:
    return Counter(finding.rule for finding in findings)


@pytest.fixture
def published(database: Database) -> Database:
    for layer in sample_data.SAMPLE_LAYERS:
        workflow.import_layer(database, request(layer))
    for drawn in workflow.draw_plans(database, ["990101001"], DrawSettings()):
        workflow.publish_plan(database, drawn.plan.id, accept=["all"], actor="test", from_draft=True)
    return database


def test_the_stream_of_reports_is_answered_as_the_readme_says(published: Database, tmp_path: Path) -> None:
    posts = workflow.import_layer(published, request(sample_data.SAMPLE_POSTS))
    assert posts.inserted == 56
    assert posts.findings == ()  # every grid that the posts name is there

    stream, vendor = sample_data.SAMPLE_REPORTS
    imported = workflow.import_layer(published, request(stream, rejects=tmp_path / "rejects.csv"))
    assert (imported.inserted, imported.unchanged) == (388, 5)
    found = rules(imported.findings)
    assert found["report_differs"] == 2
    assert found["axes_swapped"] == 6
    assert found["report_outside"] == 8
    assert found["report_without_place"] == 8
    assert found["report_building_unknown"] == 4
    assert found["crs_not_declared"] == 3
    with (tmp_path / "rejects.csv").open(encoding="utf-8-sig", newline="") as file:
        rejected = Counter(row["external_id"][:12] for row in csv.DictReader(file))
    assert rejected["sst-2026-900"] == 6  # swapped
    assert rejected["xc-2026-9500"] == 3  # without a system

    wrong = workflow.import_layer(published, request(vendor))
    (warning,) = (finding for finding in wrong.findings if finding.rule == "likely_other_system")
    assert "GCJ-02" in warning.message

    with published.transaction() as connection:
        kept = reports.list_reports(connection, reports.ReportFilter(), limit=1000)
    methods = Counter(record.assignment.method for record in kept)
    # 360 right ones and two of an unknown category; outside, without place, unknown building and the vendor's batch.
    assert methods == {"inside": 362, "building": 6, "unplaced": 8 + 8 + 4 + 24}
