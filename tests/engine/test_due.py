"""When time alone makes another decision: the end of a session, of a quarantine, and of what is not allowed yet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from reconciler.engine.diff import diff
from reconciler.engine.due import next_due
from reconciler.model import marks
from reconciler.model.modes import Stance, Suspension
from tests.engine.worlds import build

AT = datetime(2026, 11, 28, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


def due(case: dict[str, Any], *, created: datetime | None = None, suspended: str = "", host: str = "h1") -> datetime | None:
    """The next moment for ``host``, with every instance made at ``created`` and the world seen at ``AT``."""
    desired, observed, ledger = build(case)
    view = observed.hosts["h1"]
    rows = tuple(replace(row, created_at=created.isoformat()) if created else row for row in view.instances)
    observed = replace(observed, at=AT, hosts={**observed.hosts, "h1": replace(view, instances=rows)})
    if suspended:
        desired = replace(desired, policy=replace(desired.policy, stance=Stance(suspension=Suspension("why", suspended))))
    return next_due(diff(desired, observed, ledger).items, desired, host, AT)


SESSION = {"sessions": {"one": {"ttl": 7200}}, "hosts": {"h1": {"rows": [{"kind": "session", "of": "one", "made": {"ttl": 7200}}]}}}
LEFT = {
    "policy": {"grace": {"services": 7200}},
    "hosts": {"h1": {"rows": [{"of": "web", "status": "frozen", "config": {marks.QUARANTINE: (AT - HOUR).isoformat()}}]}},
}


def test_a_session_is_due_at_the_end_of_its_ttl() -> None:
    assert due(SESSION, created=AT - HOUR) == AT + HOUR


def test_a_quarantine_is_due_at_the_end_of_its_grace() -> None:
    assert due(LEFT) == AT + HOUR


def test_what_is_due_on_another_host_wakes_the_other() -> None:
    assert due(SESSION, created=AT - HOUR, host="h2") is None


def test_the_end_of_a_suspension_wakes_every_host() -> None:
    assert due(SESSION, created=AT - HOUR, suspended=(AT + HOUR / 2).isoformat()) == AT + HOUR / 2
    assert due({"hosts": {"h1": {}}}, suspended=(AT + HOUR).isoformat(), host="h2") == AT + HOUR


@pytest.mark.parametrize("since", ["", "yesterday", "2026-11-28T11:00:00"])
def test_a_time_that_cannot_be_read_comes_to_no_moment(since: str) -> None:
    row: dict[str, Any] = {"of": "web", "status": "frozen", "config": {marks.QUARANTINE: since}}
    assert due({"policy": {"grace": {"services": 7200}}, "hosts": {"h1": {"rows": [row]}}}) is None


def test_what_stays_as_it_is_is_never_due() -> None:
    assert due({"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}}) is None
