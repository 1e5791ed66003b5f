"""What a real ``unsandbox run`` tells, on every way out, of a host that is a fake."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.cli.conftest import COMMAND
from tests.fake.fake import Fake

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.conftest import Shell

ENDS = 40
CONNECTED = ("unsandbox_events_connected", ("host", "h1"))


@pytest.fixture
def fake(repository: Shell) -> Iterator[Fake]:
    """The one host of the repository."""
    with TemporaryDirectory(prefix="fake-") as folder, Fake(Path(folder)) as made:
        entry = (repository.root / "inventory/h1.yaml").read_text()
        repository.write(
            {"inventory/h1.yaml": entry.replace("/nonexistent/unix.socket", str(made.socket)).replace("a" * 64, made.fingerprint)}
        )
        yield made


def asked(where: str, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://{where}{path}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()


def scraped(where: str) -> dict[tuple[object, ...], float]:
    families = text_string_to_metric_families(asked(where, "/metrics")[1])
    return {(one.name, *sorted(one.labels.items())): one.value for family in families for one in family.samples}


def test_a_loop_is_seen_from_outside_by_its_log_its_metrics_and_its_events(repository: Shell, fake: Fake) -> None:
    arguments = [str(COMMAND), "run", "--uncommitted", "--listen", "127.0.0.1:0", "--drain", "5"]
    assert fake.fingerprint
    with subprocess.Popen(arguments, cwd=repository.root, env=repository.environ, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            rows: list[dict[str, str]] = []
            while not any(row.get("state") == "listening" for row in rows):
                rows.append(json.loads(process.stderr.readline()))
            where = next(row["detail"] for row in rows if row.get("state") == "listening")
            end = time.monotonic() + ENDS
            while asked(where, "/readyz")[0] != 200 or (samples := scraped(where)).get(CONNECTED) != 1:
                assert time.monotonic() < end
                time.sleep(0.1)
            assert asked(where, "/healthz") == (200, '{"ok": true, "problems": []}\n')
        finally:
            process.send_signal(signal.SIGTERM)
            _, err = process.communicate(timeout=ENDS)
    rows += [json.loads(line) for line in err.splitlines()]
    assert process.returncode == 0, rows
    assert samples["unsandbox_host_grade", ("grade", "complete"), ("host", "h1")] == 1
    assert samples["unsandbox_lease", ("host", "h1"), ("state", "leader")] == 1
    assert samples["unsandbox_lxd_call_seconds_count", ("kind", "GET /1.0/instances")] >= 1
    assert sum(value for key, value in samples.items() if key[0] == "unsandbox_passes_total") >= 1
    assert rows[-1]["event"] == "loop"
    passes = {row["pass"] for row in rows if row["event"] in {"action", "refusal"}}
    assert passes
    kept = [json.loads(line) for line in repository.run("events", "--json", "--limit", "1000").stdout.splitlines()]
    assert {row["kind"] for row in kept} >= {"loop", "pass", "lease", "text"}
    assert passes <= {row["pass"] for row in kept if row["kind"] == "pass"}
    assert "hunter2" not in json.dumps([rows, kept]) + str(samples)


def test_a_loop_that_may_not_listen_there_does_not_begin(repository: Shell) -> None:
    done = repository.run("run", "--listen", "0.0.0.0:9464")
    assert done.returncode == 1
    assert "next: unsandbox run --listen 127.0.0.1:9464" in done.stderr
