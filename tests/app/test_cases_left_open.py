"""What a killed loop left open is settled by the next before that makes anything, whenever it gets its leases."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from reconciler.app.loop.leading import Leading
from reconciler.model.records import Intent
from reconciler.store.journal import FILE_NAME, Journal
from tests.app.test_workers import running, until
from tests.fake.estate import Estate

if TYPE_CHECKING:
    import pytest

AT = "2026-01-01T00:00:00.000+00:00"


def test_a_lease_that_comes_in_the_middle_of_a_pass_begins_nothing_over_an_open_case(monkeypatch: pytest.MonkeyPatch) -> None:
    truly, first = Leading.leads, threading.Lock()

    def late(self: Leading, host: str) -> bool:
        """It is taken while the first question is answered with no."""
        if not first.acquire(blocking=False):
            return truly(self, host)
        until(lambda: truly(self, host))
        return False

    with Estate(services={"other": ""}) as estate:
        estate.apply()
        with Journal(estate.settings.state_dir / FILE_NAME) as journal:
            journal.intend(Intent("left", "another plan", "h1", "Service/web", "svc-web", "CreateInstance", AT))
        estate.services["web"] = ""
        estate.write()
        monkeypatch.setattr(Leading, "leads", late)
        with running(estate):
            until(lambda: estate.rows().get("svc-web", {}).get("status") == "Running")
        with Journal(estate.settings.state_dir / FILE_NAME) as journal:
            assert journal.dangling() == ()
