"""What who stands by remembers of the leader's doing."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.engine.diff import diff
from reconciler.engine.watched import ends, powers
from reconciler.model.records import PowerRecord, Writer
from tests.engine.worlds import build

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
SESSION = {"sessions": {"one": {"ttl": 7200}}, "hosts": {"h1": {"rows": [{"kind": "session", "of": "one", "made": {"ttl": 7200}}]}}}


@pytest.mark.parametrize(
    ("declared", "found", "before", "remembered"),
    [
        ("frozen", "frozen", None, "frozen"),
        ("hibernated", "stopped", None, "hibernated"),
        ("frozen", "frozen", PowerRecord("running", Writer.GIT), "frozen"),
        ("frozen", "frozen", PowerRecord("frozen", Writer.API), "frozen"),
        ("frozen", "frozen", PowerRecord("frozen", Writer.GIT), ""),
        ("running", "running", PowerRecord("frozen", Writer.GIT), "running"),
        ("running", "running", None, ""),
        ("running", "frozen", None, ""),
        ("frozen", "running", PowerRecord("running", Writer.GIT), ""),
    ],
)
def test_only_what_is_exactly_as_declared_is_remembered(declared: str, found: str, before: PowerRecord | None, remembered: str) -> None:
    case = {"services": {"web": {"power": declared}}, "hosts": {"h1": {"rows": [{"of": "web", "status": found}]}}}
    desired, observed, ledger = build(case)
    ledger = replace(ledger, powers={"uuid-web": before} if before else {})
    told = dict(powers(diff(desired, observed, ledger).items, ledger))
    assert told == ({"uuid-web": PowerRecord(remembered, Writer.GIT)} if remembered else {})


def ending(case: dict[str, Any], created: str) -> set[datetime]:
    desired, observed, ledger = build(case)
    view = observed.hosts["h1"]
    rows = tuple(replace(row, created_at=created) for row in view.instances)
    observed = replace(observed, at=AT, hosts={**observed.hosts, "h1": replace(view, instances=rows)})
    found = ends(diff(desired, observed, ledger).items)
    assert set(found) <= {workload.uid for workload in desired.workloads}
    return {end for _, end in found.values()}


def test_a_session_ends_at_its_ttl_and_one_whose_beginning_is_not_known_never() -> None:
    assert ending(SESSION, AT.isoformat()) == {AT + timedelta(seconds=7200)}
    assert ending(SESSION, (AT - timedelta(days=1)).isoformat()) == {AT - timedelta(hours=22)}
    for unknown in ("0001-01-01T00:00:00Z", "", "2026-11-28T12:00:00", "soon"):
        assert ending(SESSION, unknown) == set()
