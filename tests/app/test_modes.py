"""Modes and drift through the use cases, on hosts that are fakes: what is told, and that nothing is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.app.explain import explain
from reconciler.app.status import status
from reconciler.cli.render.explain import explanation_document, explanation_lines
from reconciler.cli.render.status import status_document, status_lines
from reconciler.model.names import Kind, Ref
from tests.cli.plain import plain
from tests.fake.bystander import Bystander
from tests.fake.estate import Estate, codes

if TYPE_CHECKING:
    from collections.abc import Iterator

UNTIL = "2100-01-01T00:00:00Z"
BEFORE = {"web": "env: {TOKEN: ours}", "api": ""}


@pytest.fixture
def estate() -> Iterator[Estate]:
    with Estate(services=dict(BEFORE)) as made:
        assert not made.apply().failed
        yield made


def said(**modes: str) -> dict[str, str]:
    """The services with more in their metadata."""
    return {f"{name}, {modes[name]}" if name in modes else name: spec for name, spec in BEFORE.items()}


@pytest.mark.parametrize(
    ("words", "code"), [("mode: detect", "M01"), (f"suspend: {{reason: a person works on it, until: '{UNTIL}'}}", "M02")]
)
def test_what_somebody_changed_is_told_and_left(estate: Estate, words: str, code: str) -> None:
    fake = estate.fakes[0]
    estate.services = said(web=words)
    Bystander(fake).edit("svc-web", {"environment.TOKEN": "theirs", "limits.memory": "128MiB"})
    Bystander(fake).power("svc-api", "stop")
    writes = len(fake.writes)
    made = estate.plan()
    assert codes(made.plan.refusals) == {code}
    assert [(event.action, event.ref) for event in estate.carry_out(made).done] == [("start", "Service/api")]
    assert not [item for item in fake.writes[writes:] if "/svc-web" in item.path]
    assert estate.rows()["svc-web"]["config"]["environment.TOKEN"] == "theirs"
    estate.services = dict(BEFORE)
    assert [(event.action, event.ref) for event in estate.apply().done] == [("update", "Service/web")]
    assert estate.rows()["svc-web"]["config"]["environment.TOKEN"] == "ours"


def test_to_suspend_and_to_go_on_changes_nothing_by_itself(estate: Estate) -> None:
    writes = len(estate.fakes[0].writes)
    for words in (f"suspend: {{reason: r, until: '{UNTIL}'}}", "mode: detect", "mode: enforce"):
        estate.services = said(web=words)
        made = estate.plan()
        assert (made.plan.actions, made.plan.refusals) == ((), ())
    assert len(estate.fakes[0].writes) == writes


def test_drift_stays_drift_after_a_pass_that_left_it(estate: Estate) -> None:
    """A pass that refuses must not take what it found for what it applied."""
    estate.services = said(web="mode: detect")
    Bystander(estate.fakes[0]).edit("svc-web", {"limits.memory": "128MiB"})
    for _ in range(3):
        estate.apply()
        assert [item.path for item in status(estate.settings).drift] == ["config.limits.memory"]


def test_status_and_explain_tell_what_somebody_changed(estate: Estate) -> None:
    Bystander(estate.fakes[0]).edit("svc-web", {"environment.TOKEN": "theirs"})
    Bystander(estate.fakes[0]).power("svc-api", "freeze")
    report = status(estate.settings)
    told = {
        "ref": "Service/api",
        "host": "h1",
        "path": "power",
        "declared": "running",
        "found": "frozen",
        "event": "",
        "who": "",
        "when": "",
    }
    document = status_document(report)["drift"]
    assert isinstance(document, list)
    assert [row["path"] for row in document] == ["power", "config.environment.TOKEN"]
    assert document[0] == told
    text = plain(status_lines(report))
    assert "Changed by somebody since it was applied" in text
    assert "Service/api on h1: power is frozen, declared running" in text
    explained = explain(estate.settings, Ref(Kind.SERVICE, "web"))
    assert "config.environment.TOKEN is *** (before), declared *** (after)" in plain(explanation_lines(explained))
    assert [item.path for item in explained.drift] == ["config.environment.TOKEN"]
    assert "theirs" not in f"{text}{document}{explanation_document(explained)}"


def test_a_manifest_that_changed_is_no_drift(estate: Estate) -> None:
    estate.services = {**BEFORE, "web": "env: {TOKEN: another}"}
    estate.write()
    report = status(estate.settings)
    assert not report.drift
    assert "Changed by somebody" not in plain(status_lines(report))
