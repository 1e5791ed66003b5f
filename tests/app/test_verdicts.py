"""What the probes of a loop found, as ``status`` and ``explain`` show it beside the loop and after it."""

from __future__ import annotations

import io
import threading
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.app.explain import explain
from reconciler.app.loop.loop import Loop
from reconciler.app.loop.options import Options
from reconciler.app.status import status
from reconciler.app.telemetry_open import telemetry
from reconciler.cli.render.explain import explanation_document, explanation_lines
from reconciler.cli.render.status import status_document, status_lines
from reconciler.model.names import Kind, Ref
from reconciler.model.telling import Level, Telling, Told
from reconciler.store import events
from reconciler.store.events import EventsFile, Query
from tests.cli.plain import plain
from tests.fake.estate import Estate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import pytest

PATIENCE = 30.0
PROBED = "health: {command: [/bin/well], interval: 1s, timeout: 1s, retries: 1}, restart: {policy: never}"
ILL = "unhealthy: the probe ended with status 7; 1 of 1 failures in a row"


def ran(instance: Any, command: Sequence[str]) -> tuple[int, float]:
    """What is asked in a container: ``ill`` is not well."""
    return (127, 0.0) if command[0] == "timeout" else (7 * (instance.name == "svc-ill"), 0.0)


@contextmanager
def running(estate: Estate) -> Iterator[None]:
    """The loop in threads of this process."""
    with telemetry(estate.settings, io.StringIO(), as_json=True) as told:
        loop = Loop(estate.settings, Options(uncommitted=True, drain=10.0), told)
        thread = threading.Thread(target=loop.run)
        thread.start()
        try:
            yield
        finally:
            loop.stop()
            thread.join(PATIENCE)
            assert not thread.is_alive()


def healths(estate: Estate) -> dict[str, str]:
    return {row.ref.name: row.health for row in status(estate.settings).rows}


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "it never came to be"
        time.sleep(0.1)


def test_what_a_probe_found_is_shown_while_the_loop_runs_and_the_run_lasts() -> None:
    with Estate(services={"well": PROBED, "ill": PROBED, "plain": ""}) as estate:
        estate.write()
        estate.fakes[0].router.inside.ran = ran
        with running(estate):
            until(lambda: healths(estate) == {"well": "healthy", "ill": "unhealthy", "plain": ""})
            report = status(estate.settings)
            head, *rows = plain(status_lines(report)).splitlines()
            assert "HEALTH" in head
            assert ["unhealthy" in row for row in rows[:3]] == [True, False, False]
            assert {str(item["ref"]): item["health"] for item in _objects(status_document(report))}["Service/well"] == "healthy"
            explained = explain(estate.settings, Ref(Kind.SERVICE, "ill"))
            assert ILL in plain(explanation_lines(explained))
            assert explanation_document(explained)["health"] == ILL
            estate.fakes[0].dies("svc-well", "unsandbox")
            assert healths(estate)["well"] == "unknown"
        assert healths(estate) == {"well": "unknown", "ill": "unknown", "plain": ""}


def test_where_nothing_is_probed_there_is_no_column() -> None:
    with Estate(services={"plain": ""}) as estate:
        estate.apply()
        report = status(estate.settings)
        assert "HEALTH" not in plain(status_lines(report))
        assert "Health" not in plain(explanation_lines(explain(estate.settings, Ref(Kind.SERVICE, "plain"))))


def test_what_stands_is_kept_however_much_is_told_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "KEPT", 10)
    told = Telling("2026-01-01T00:00:00.000+00:00", Told.HEALTH, Level.INFO, "healthy", "h1", "Service/a")
    start = replace(told, kind=Told.LOOP, state="started", host="", ref="")
    with EventsFile(tmp_path / "events.db") as file:
        file.add([start, replace(told, state="unhealthy"), told, replace(told, ref="Service/b"), *[replace(told, kind=Told.NOTE)] * 50])
        file.trim("2026-02-01T00:00:00.000+00:00")
        assert [row.kind for row in file.newest(Query(), 100)] == [Told.LOOP, Told.HEALTH, Told.HEALTH]
        assert [(row.ref, row.state) for row in file.healths()] == [("Service/a", "healthy"), ("Service/b", "healthy")]
        file.add([start])
        file.trim("2026-02-01T00:00:00.000+00:00")
        assert [row.kind for row in file.newest(Query(), 100)] == [Told.LOOP]


def _objects(document: dict[str, Any]) -> list[dict[str, Any]]:
    return list(document["objects"])
