"""The command over an estate of fakes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Self

from reconciler.app.clock import now
from tests.e2e.fleet import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tests.fake.estate import Estate

PATIENCE = 30.0
QUIET = 1.0
"""Seconds without a word."""


class Loop:
    """``unsandbox run``; leaving it ends it. ``before``: words in front of the command, such as a limit to run it under."""

    def __init__(self, estate: Estate, *options: str, before: tuple[str, ...] = (), timeout: str = "2") -> None:
        self._estate = estate
        self._address = ""
        self.log = estate.root / f"loop-{time.monotonic_ns()}.jsonl"
        words = ["run", "--log-format", "json", "--log-level", "debug", "--listen", "127.0.0.1:0", *options]
        self.environ = {**os.environ, "UNSANDBOX_CONFIG_DIR": str(estate.root / "config"), "UNSANDBOX_ACTOR": "tester@lab"}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*before, *COMMAND, "-C", str(estate.root), "--timeout", timeout, *words],
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        assert "Traceback" not in self.log.read_text()

    def end(self) -> float:
        """Tell it to end; the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(PATIENCE)
        return time.monotonic() - began

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line of its log."""
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def told(self, event: str, state: str) -> list[dict[str, Any]]:
        """Lines of that kind."""
        return [line for line in self.lines() if (line["event"], line.get("state")) == (event, state)]

    def health(self) -> int:
        """What the health endpoint answers."""
        try:
            with urllib.request.urlopen(f"http://{self._where()}/healthz", timeout=10) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            with error:
                return error.code

    def passes(self) -> int:
        """How many passes have ended, by its metrics."""
        with urllib.request.urlopen(f"http://{self._where()}/metrics", timeout=10) as answer:
            found = answer.read().decode()
        return round(sum(float(line.split()[-1]) for line in found.splitlines() if line.startswith("unsandbox_passes_total{")))

    def _where(self) -> str:
        if not self._address:
            self.until(lambda: self.told("note", "listening"))
            self._address = str(self.told("note", "listening")[0]["detail"])
        return self._address

    def be_quiet(self) -> None:
        """Wait until it does nothing."""
        self.until(lambda: now().timestamp() - self.log.stat().st_mtime > QUIET)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Another command beside it."""
        return subprocess.run(
            [*COMMAND, "-C", str(self._estate.root), *words],
            env=self.environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def until(self, what: Callable[[], object], patience: float = PATIENCE) -> None:
        """Wait until ``what`` holds."""
        end = time.monotonic() + patience
        while not what():
            assert time.monotonic() < end, self.log.read_text()[-6000:]
            assert self.process.poll() is None, self.log.read_text()[-6000:]
            time.sleep(0.05)


def statuses(estate: Estate) -> dict[str, str]:
    """Of every instance."""
    return {name: row["status"] for fake in estate.fakes for name, row in estate.rows(fake).items()}


def settled(estate: Estate, **wanted: str) -> bool:
    """Whether exactly these services are there, in these states."""
    return statuses(estate) == {f"svc-{name}": status for name, status in wanted.items()}


RUNNING, STOPPED = "Running", "Stopped"
