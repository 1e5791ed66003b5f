"""``unsandbox events`` and ``status --watch``, on real pipes and on a terminal."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.clock import stamp
from reconciler.model.telling import Level, Telling, Told
from reconciler.store.events import EventsFile
from tests.cli.conftest import COMMAND
from tests.cli.terminal import converse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Shell


def tell(shell: Shell, *rows: Telling) -> None:
    with EventsFile(shell.root / ".unsandbox" / "events.db") as file:
        file.add(rows)


def row(kind: Told, state: str, host: str = "h1", at: str = "", **more: Any) -> Telling:
    return Telling(at or stamp(), kind, Level.INFO, state, host, **more)


@pytest.fixture
def told(repository: Shell) -> Shell:
    """A repository whose loop told a few things and runs: it is this process."""
    tell(
        repository,
        row(Told.NOTE, "old", at="2026-01-01T00:00:00.000+00:00"),
        row(Told.LOOP, "started", "", process=os.getpid()),
        row(Told.LEASE, "leader"),
        row(Told.ACTION, "failed", ref="Service/web", action="start", detail="no space\\nleft"),
        row(Told.PASS, "incomplete", pass_id="p1", changes=2, refusals=1, seconds=0.5),
        row(Told.DRIFT, "came", "h2", changes=3),
    )
    return repository


@pytest.fixture
def started(told: Shell) -> Iterator[list[subprocess.Popen[str]]]:
    """Commands that were started; killed at the end where they still run."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.kill()
        process.communicate()
    del told


def start(shell: Shell, started: list[subprocess.Popen[str]], *arguments: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [str(COMMAND), *arguments], cwd=shell.root, env=shell.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    started.append(process)
    return process


def test_events_are_shown_the_oldest_first(told: Shell) -> None:
    done = told.run("events")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.split()[2] for line in done.stdout.splitlines()] == ["note", "loop", "lease", "action", "pass", "drift"]
    assert "2 differences, 1 refused, 0.5 s" in done.stdout
    assert "start Service/web: no space\\nleft" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "kinds"),
    [
        (("--host", "h2"), ["drift"]),
        (("--ref", "Service/web"), ["action"]),
        (("--kind", "pass"), ["pass"]),
        (("--since", "1h", "--limit", "2"), ["pass", "drift"]),
        (("--since", "1h"), ["loop", "lease", "action", "pass", "drift"]),
        (("--host", "h9"), []),
    ],
)
def test_a_part_of_them_as_json(told: Shell, arguments: tuple[str, ...], kinds: list[str]) -> None:
    found = [json.loads(line) for line in told.run("events", "--json", *arguments).stdout.splitlines()]
    assert [one["kind"] for one in found] == kinds


def test_what_cannot_be_asked_is_said(repository: Shell) -> None:
    assert "begins with: unsandbox run" in repository.run("events").stdout
    assert repository.run("events", "--kind", "no-kind").returncode == 1
    assert repository.run("events", "--since", "soon").returncode == 1
    assert repository.run("status", "--every", "5").returncode == 1
    assert not (repository.root / ".unsandbox" / "events.db").exists()


def test_follow_goes_on_over_a_new_file_and_ends_with_ctrl_c(told: Shell, started: list[subprocess.Popen[str]]) -> None:
    process = start(told, started, "events", "--follow", "--json", "--limit", "1")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["kind"] == "drift"
    began = time.monotonic()
    tell(told, row(Told.GRADE, "partial"))
    assert json.loads(process.stdout.readline())["state"] == "partial"
    assert time.monotonic() - began < 2
    for end in ("", "-wal", "-shm"):
        (told.root / ".unsandbox" / f"events.db{end}").unlink(missing_ok=True)
    tell(told, row(Told.GRADE, "unseen"))
    assert json.loads(process.stdout.readline())["state"] == "unseen"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (0, "")


@pytest.mark.parametrize("arguments", [("events", "--follow"), ("status", "--watch", "--every", "3600")])
def test_who_follows_ends_when_the_reader_goes_away_and_nothing_happens(
    told: Shell, started: list[subprocess.Popen[str]], arguments: tuple[str, ...]
) -> None:
    process = start(told, started, *arguments)
    assert process.stdout is not None
    assert process.stdout.readline()
    process.stdout.close()
    assert process.wait(timeout=10) in {0, 141}
    assert process.stderr is not None
    assert process.stderr.read() == ""


@pytest.mark.slow
def test_following_costs_next_to_nothing(told: Shell, started: list[subprocess.Popen[str]]) -> None:
    process = start(told, started, "events", "--follow", "--limit", "1")
    assert process.stdout is not None
    process.stdout.readline()

    def spent() -> int:
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        return int(fields[11]) + int(fields[12])

    before = spent()
    time.sleep(1.5)
    assert spent() - before <= 0.05 * 1.5 * os.sysconf("SC_CLK_TCK")


def test_watch_in_a_pipe_prints_the_table_and_the_loop_again(told: Shell, started: list[subprocess.Popen[str]]) -> None:
    process = start(told, started, "status", "--watch", "--every", "1")
    assert process.stdout is not None
    text = ""
    while text.count("Status: ") < 2:
        line = process.stdout.readline()
        assert line
        text += line
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=10)
    assert process.returncode == 0
    assert f"Loop: process {os.getpid()}" in text
    assert "leader of 1 host" in text
    assert "Drift: 3 on h2" in text
    assert "incomplete" in text
    assert "\n\nLoop" in text


def test_watch_as_json_is_one_document_a_line_and_goes_on_over_a_mistake(told: Shell, started: list[subprocess.Popen[str]]) -> None:
    process = start(told, started, "status", "--watch", "--every", "1", "--json")
    assert process.stdout is not None
    first = json.loads(process.stdout.readline())
    assert (first["error"], first["loop"]["process"], first["loop"]["leases"]) == (None, os.getpid(), {"h1": "leader"})
    assert len(first["objects"]) == 2
    mended = (told.root / "manifests/services.yaml").read_text()
    told.write({"manifests/services.yaml": "kind: ["})
    found = _until(process, lambda one: one["error"] is not None)
    assert found["error"]["code"] == "manifest"
    told.write({"manifests/services.yaml": mended})
    assert len(_until(process, lambda one: one["error"] is None)["objects"]) == 2
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=10)
    assert process.returncode == 0


def _until(process: subprocess.Popen[str], holds: Any) -> Any:
    assert process.stdout is not None
    for _ in range(10):
        found = json.loads(process.stdout.readline())
        if holds(found):
            return found
    raise AssertionError


def test_watch_on_a_terminal_draws_follows_and_gives_the_terminal_back(told: Shell) -> None:
    def more(_shown: str) -> str:
        tell(told, row(Told.LEASE, "standby"))
        return ""

    answers = (("Status: ", more), ("standby of 1 host", "\x03"))
    status, shown = converse(told.root, told.environ, ("status", "--watch", "--every", "3600"), answers)
    assert status == 0, shown
    assert "Service/web" in shown
    assert "\x1b[?1049h" in shown
    assert shown.rindex("\x1b[?1049l") > shown.rindex("Service/web")
    assert shown.rindex("\x1b[?25h") > shown.rindex("\x1b[?25l")
    assert "Traceback" not in shown


def test_ctrl_c_does_not_wait_for_a_host_that_hangs(told: Shell, tmp_path: Path) -> None:
    path = tmp_path / "hangs"
    with socket.socket(socket.AF_UNIX) as silent:
        silent.bind(str(path))
        silent.listen()
        inventory = (told.root / "inventory/h1.yaml").read_text()
        told.write({"inventory/h1.yaml": inventory.replace("/nonexistent/unix.socket", str(path))})
        began = time.monotonic()
        status, _ = converse(told.root, told.environ, ("status", "--watch"), (("Loop: ", "\x03"),))
        assert (status, time.monotonic() - began < 15) == (0, True)


def test_a_loop_that_is_gone_is_not_said_to_run(repository: Shell, started: list[subprocess.Popen[str]]) -> None:
    ended = subprocess.Popen(["true"])
    ended.wait()
    tell(repository, row(Told.LOOP, "started", "", process=ended.pid))
    process = start(repository, started, "status", "--watch", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["loop"]["process"] == 0
    threading.Timer(0.1, process.terminate).start()
    assert process.wait(timeout=10) == 0
