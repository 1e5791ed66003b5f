"""What the loop tells: on the log, in the events file, as metrics, and as a verdict."""

from __future__ import annotations

import io
import json
import logging
import math
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from reconciler.app.clock import stamp
from reconciler.app.events import Event, EventKind, Report
from reconciler.app.settings import Settings
from reconciler.app.telemetry import SHOWN, Telemetry
from reconciler.app.telemetry_health import Patience, problems
from reconciler.app.telemetry_log import FIELDS, Log
from reconciler.app.telemetry_metrics import KINDS
from reconciler.app.telemetry_open import telemetry
from reconciler.app.telemetry_present import Present
from reconciler.errors import StateError, Unreachable
from reconciler.model.changes import Refusal
from reconciler.model.resources import Commit
from reconciler.model.telling import Level, Telling, Told
from reconciler.model.world import Grade, HostView, unseen
from reconciler.store.events import FILE_NAME, EventsFile, Query

if TYPE_CHECKING:
    from pathlib import Path

AT = datetime(2026, 1, 1, tzinfo=UTC)
STAMP = stamp()
COMMIT = Commit("c" * 40, dirty=False, digest="d" * 64)


def refusal(code: str = "O01", ref: str = "Service/a") -> Refusal:
    return Refusal(code, ref, "h1", "the host is not seen", (), "unsandbox doctor", "create")


def report(done: int = 1, failed: int = 0) -> Report:
    one = Event(STAMP, EventKind.ACTION_DONE)
    return Report("p", (one,) * done, (one,) * failed, (), (), (), stopped=False, elapsed=1.0)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def loud() -> tuple[Telemetry, io.StringIO]:
    stream = io.StringIO()
    return Telemetry(Log(stream, as_json=True, least=Level.DEBUG)), stream


def scraped(told: Telemetry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(generate_latest(told.metrics.registry).decode())
    return {(one.name, tuple(sorted(one.labels.items()))): one.value for family in families for one in family.samples}


def value(told: Telemetry, name: str, **labels: str) -> float:
    return scraped(told)[name, tuple(sorted(labels.items()))]


def a_pass(told: Telemetry, number: int = 1) -> None:
    told.pass_began(f"p{number}", "h1", "an event of svc-one")
    told.action(f"p{number}", Event(STAMP, EventKind.ACTION_DONE, 0, 1, "Service/a", "h1", "start", elapsed=0.25))
    told.pass_ended(f"p{number}", "h1", 0.5, 1, (refusal(),), report())


def test_a_pass_is_one_thread_of_lines_with_its_id_and_host() -> None:
    told, stream = loud()
    a_pass(told)
    found = lines(stream)
    assert [row["event"] for row in found] == ["loop", "pass-began", "action", "pass", "refusal"]
    assert {(row["pass"], row["host"]) for row in found[1:]} == {("p1", "h1")}
    assert found[2]["ref"] == "Service/a"
    assert found[3]["detail"] == "an event of svc-one: 1 done, 0 failed, 0 skipped"
    assert (found[4]["code"], found[4]["state"], found[4]["level"]) == ("O01", "came", "warning")
    assert all(set(row) <= set(FIELDS.values()) and row["time"].endswith("+00:00") for row in found)
    assert list(found[0])[:3] == ["time", "level", "event"]


def test_a_quiet_pass_says_nothing_at_the_usual_level() -> None:
    stream = io.StringIO()
    told = Telemetry(Log(stream, as_json=True))
    for number in range(3):
        told.pass_began(f"p{number}", "h1", "the slow look")
        told.seen(HostView("h1", Grade.COMPLETE, (), AT))
        told.text(COMMIT, "")
        told.pass_ended(f"p{number}", "h1", 0.1, 0, (), None)
    assert [row["event"] for row in lines(stream)] == ["loop", "text"]


def test_only_news_is_told() -> None:
    told, stream = loud()
    for _ in range(2):
        told.seen(unseen("h1", "no answer", AT))
        told.lease("h1", "leader", "term 4")
        told.text(None, "manifests/a.yaml:1:1: not YAML")
        told.drift("h1", ["Service/a limits.memory: 64MiB -> 128MiB"])
        told.pass_ended("p", "h1", 0.1, 0, (refusal(),), None)
    told.seen(HostView("h1", Grade.COMPLETE, (), AT))
    told.lease("h1", "lost", "term 5 is another's")
    told.text(COMMIT, "")
    told.drift("h1", [])
    told.pass_ended("p", "h1", 0.1, 0, (), None)
    news = [(row["event"], row.get("state"), row["level"]) for row in lines(stream) if row["event"] not in {"pass", "loop"}]
    assert news == [
        ("grade", "unseen", "warning"),
        ("lease", "leader", "info"),
        ("text", "unreadable", "error"),
        ("drift", "came", "warning"),
        ("refusal", "came", "warning"),
        ("grade", "complete", "info"),
        ("lease", "lost", "warning"),
        ("text", "read", "info"),
        ("drift", "less", "info"),
        ("refusal", "gone", "info"),
    ]


def test_a_flood_is_told_as_a_number() -> None:
    told, stream = loud()
    told.pass_ended("p", "h1", 0.1, 0, tuple(refusal(ref=f"Service/s{number}") for number in range(SHOWN + 7)), None)
    told.drift("h1", [f"field {number}" for number in range(SHOWN + 7)])
    found = [row for row in lines(stream) if row["event"] in {"refusal", "drift"}]
    assert len(found) == 2 * (SHOWN + 1)
    assert [row["detail"] for row in found if "more" in row["detail"]] == ["7 more", "7 more"]


def test_a_host_cannot_forge_a_line_or_tell_a_secret() -> None:
    told, stream = loud()
    evil = 'x\n{"event": "pass"}\x1b[2J token=hunter2 environment.A = hunter2'
    told.note("event gap", "h1", evil)
    told.seen(unseen("h1", evil, AT))
    told.pass_failed("p", "h1", Unreachable(evil), 0.1)
    told.action("p", Event(STAMP, EventKind.ACTION_FAILED, 0, 1, "Service/a", "h1", "start", evil, evil))
    found = lines(stream)
    assert len(found) == 5
    assert "hunter2" not in stream.getvalue()
    assert "\x1b" not in stream.getvalue()


def test_a_field_that_is_not_named_is_never_written() -> None:
    stream = io.StringIO()
    log = Log(stream, as_json=True)
    log._logger.warning("note", host="h1", env="hunter2", detail="password: hunter2")  # noqa: SLF001 - what a careless call would do
    assert json.loads(stream.getvalue()) == {"level": "warning", "event": "note", "host": "h1", "detail": "password: ***"}


@pytest.mark.parametrize("colour", [True, False])
def test_a_person_gets_a_readable_line(colour: bool) -> None:
    stream = io.StringIO()
    Log(stream, as_json=False, colour=colour).write(Telling(STAMP, Told.LEASE, Level.INFO, "leader", "h1", detail="term 4"))
    assert ("\x1b[" in stream.getvalue()) is colour
    assert stream.getvalue().count("\n") == 1
    if not colour:
        assert stream.getvalue().split() == [STAMP, "[info", "]", "lease", "detail='term", "4'", "host=h1", "state=leader"] or (
            "lease" in stream.getvalue() and "host=h1" in stream.getvalue()
        )


def test_a_reader_that_left_holds_nothing_up() -> None:
    stream = io.StringIO()
    told = Telemetry(Log(stream, as_json=True))
    stream.close()
    a_pass(told)
    told.close()


def test_what_libraries_log_comes_without_its_values(tmp_path: Path) -> None:
    stream = io.StringIO()
    settings = Settings(tmp_path, tmp_path / "state", tmp_path)
    with telemetry(settings, stream, as_json=True):
        logging.getLogger("urllib3.connectionpool").warning("Connection pool is full: %s", "hunter2")
        logging.getLogger("urllib3.connectionpool").info("not this")
    (row,) = [row for row in lines(stream) if row["event"] == "library"]
    assert row["detail"] == "urllib3.connectionpool: Connection pool is full: %s"
    assert not any(type(handler).__name__ == "Libraries" for handler in logging.getLogger().handlers)


def test_the_events_file_gets_what_matters(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "state", tmp_path)
    with telemetry(settings, io.StringIO(), as_json=True) as told:
        a_pass(told)
    with EventsFile(settings.state_dir / FILE_NAME) as file:
        assert [row.kind.value for row in file.newest(Query(), 10)] == ["loop", "action", "pass", "refusal", "loop"]


def test_an_events_file_that_fails_is_told_once(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("no folder")
    stream = io.StringIO()
    with telemetry(Settings(tmp_path, tmp_path / "state", tmp_path), stream, as_json=True) as told:
        for number in range(3):
            a_pass(told, number)
    assert [row["state"] for row in lines(stream) if row["event"] == "note"] == ["unkept"]


def test_a_scrape_says_what_happened() -> None:
    told, _ = loud()
    a_pass(told)
    told.pass_failed("p2", "h1", Unreachable("no answer"), 3.0)
    told.queue("h1", 5, 2, 4.0, 8.0)
    told.lease("h1", "standby", "")
    told.seen(HostView("h1", Grade.COMPLETE, (), AT))
    told.seen(unseen("h2", "no answer", AT))
    told.text(COMMIT, "")
    told.note("reconnected", "h1", "")
    told.call("h1", "GET /1.0/instances/{name}", 0.02, "ok")
    told.drift("h1", ["a", "b"])
    assert value(told, "unsandbox_passes_total", host="h1", result="changed") == 1
    assert value(told, "unsandbox_passes_total", host="h1", result="failed") == 1
    assert value(told, "unsandbox_pass_seconds_count", host="h1") == 2
    assert value(told, "unsandbox_actions_total", host="h1", action="start", outcome="done") == 1
    assert value(told, "unsandbox_refusals", host="h1", code="O01") == 1
    assert value(told, "unsandbox_queue_waiting", host="h1") == 5
    assert value(told, "unsandbox_limit", host="h1", of="creates") == 4
    assert value(told, "unsandbox_lease", host="h1", state="standby") == 1
    assert value(told, "unsandbox_lease", host="h1", state="leader") == 0
    assert value(told, "unsandbox_host_grade", host="h2", grade="unseen") == 1
    assert value(told, "unsandbox_host_complete_age_seconds", host="h1") < 5
    assert math.isinf(value(told, "unsandbox_host_complete_age_seconds", host="h2"))
    assert value(told, "unsandbox_text_info", commit="c" * 40, dirty="false") == 1
    assert value(told, "unsandbox_events_connected", host="h1") == 1
    assert value(told, "unsandbox_drift", host="h1") == 2
    assert value(told, "unsandbox_lxd_call_seconds_count", kind="GET /1.0/instances/{name}") == 1
    assert value(told, "process_resident_memory_bytes") > 1_000_000
    assert value(told, "process_open_fds") > 2


def test_what_runs_is_counted_from_its_beginning_to_its_end() -> None:
    told, _ = loud()
    for number in range(3):
        told.action("p", Event(STAMP, EventKind.ACTION_STARTED, number, 4, f"Service/s{number}", "h1", "start"))
    told.action("p", Event(STAMP, EventKind.ACTION_DONE, 0, 4, "Service/s0", "h1", "start"))
    told.action("p", Event(STAMP, EventKind.ACTION_SKIPPED, 3, 4, "Service/s3", "h1", "start"))
    assert value(told, "unsandbox_queue_running", host="h1") == 2
    told.pass_failed("p", "h1", Unreachable("no answer"), 0.1)
    assert value(told, "unsandbox_queue_running", host="h1") == 0


def test_what_is_gone_leaves_no_series() -> None:
    told, _ = loud()
    a_pass(told)
    told.seen(unseen("h2", "no answer", AT))
    told.pass_ended("p2", "h1", 0.1, 0, (), None)
    assert not [name for name, _ in scraped(told) if name == "unsandbox_refusals"]
    told.pass_ended("p3", "h2", 0.1, 0, (), None)
    told.call("h2", "GET /1.0", 0.1, "ok")
    told.action("p3", Event(STAMP, EventKind.ACTION_DONE, 0, 1, "Service/a", "h2", "start"))
    told.hosts(["h1"])
    assert {value for _, labels in scraped(told) for name, value in labels if name == "host"} == {"h1"}


def test_labels_are_bounded_and_none_names_an_object() -> None:
    told, _ = loud()
    for number in range(KINDS + 50):
        told.call("h1", f"GET /1.0/x{number}", 0.1, f"code-{number}")
        told.note(f"kind {number}", "", "")
        told.action("p", Event(STAMP, EventKind.ACTION_DONE, 0, 1, f"Service/s{number}", "h1", f"act{number}"))
    names = [labels for _, labels in scraped(told)]
    for label in ("kind", "outcome", "action"):
        assert len({dict(labels)[label] for labels in names if label in dict(labels)}) <= 2 * (KINDS + 1)
    assert not any("Service" in text for labels in names for _, text in labels)
    assert ("action", "other") in {pair for labels in names for pair in labels}


def test_a_hundred_hosts_are_scraped_quickly() -> None:
    told, _ = loud()
    for number in range(100):
        told.seen(HostView(f"h{number}", Grade.COMPLETE, (), AT))
        told.pass_ended("p", f"h{number}", 0.1, 0, (refusal(), refusal("B01")), report())
        told.queue(f"h{number}", 0, 0, 4, 8)
    began = time.perf_counter()
    size = len(generate_latest(told.metrics.registry))
    assert time.perf_counter() - began < 1
    assert size < 1_000_000


HEALTH = [
    ("all well", {}, ()),
    ("stuck", {"beat": 31.0}, ("the loop gave no sign for 31 s",)),
    ("one pass", {"pass": 61.0}, ("host h1: pass p goes on for 61 s",)),
    ("text", {"text": 121.0}, ("the manifests cannot be read for 121 s",)),
    ("text for a moment", {"text": 10.0}, ()),
    ("journal", {"journal": "disk full"}, ("the journal cannot be used: disk full",)),
]


@pytest.mark.parametrize(("name", "given", "found"), HEALTH, ids=[name for name, _, _ in HEALTH])
def test_what_counts_as_stuck(name: str, given: dict[str, Any], found: tuple[str, ...]) -> None:
    del name
    at = 1000.0
    present = Present(at)
    present.beat = at - given.get("beat", 0)
    present.began("h1", "p", "", at - given.get("pass", 0))
    if "text" in given:
        present.read(None, "not YAML", at - given["text"])
        present.read(None, "not YAML either", at - 1)
    if "journal" in given:
        present.ended("h1", given["journal"])
    assert problems(present, Patience(30, 60, 120), at) == found


def test_a_journal_that_works_again_and_a_text_that_is_mended_are_well() -> None:
    told = Telemetry(patience=Patience(30, 60, 0))
    told.text(None, "not YAML")
    told.pass_failed("p", "h1", StateError("the journal cannot be written: disk full"), 0.1)
    time.sleep(0.01)
    assert len(told.problems()) == 2
    told.text(COMMIT, "")
    told.pass_ended("p", "h1", 0.1, 0, (), None)
    assert told.problems() == ()


def test_it_is_ready_after_the_first_pass_and_until_it_drains() -> None:
    told = Telemetry()
    assert told.unready() == ("the manifests were not read yet", "no pass has ended yet")
    told.text(COMMIT, "")
    told.pass_ended("p", "h1", 0.1, 0, (), None)
    assert told.unready() == ()
    told.note("draining", "", "SIGTERM")
    assert told.unready() == ("it is about to end",)
