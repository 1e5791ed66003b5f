"""A loop in a process of its own, as its users start it, and what its log tells."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from tests.e2e.fleet import COMMAND

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

PATIENCE = 120.0
TICKS = os.sysconf("SC_CLK_TCK")


class Repository(Protocol):
    """Where the loop is started, and by what environment."""

    root: Path
    environ: dict[str, str]


class Running:
    """``unsandbox run`` over a repository. A context manager; leaving it ends the loop in order."""

    def __init__(
        self,
        fleet: Repository,
        *options: str,
        state: Path | None = None,
        root: Path | None = None,
        uncommitted: bool = True,
        level: str = "debug",
    ) -> None:
        """``root``: another folder to run in than the fleet's repository."""
        self.log = fleet.root / f"run-{time.monotonic_ns()}.jsonl"
        where = ["--state-dir", str(state)] if state else []
        words = ["run", "--log-format", "json", "--log-level", level, *(["--uncommitted"] if uncommitted else []), *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*COMMAND, "-C", str(root or fleet.root), *where, *words], env=fleet.environ, stdin=subprocess.DEVNULL, stderr=log
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.end()

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """End it; its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(PATIENCE)

    def lines(self) -> list[dict[str, Any]]:
        """Every whole line of the log so far."""
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def actions(self, state: str = "done", since: float = 0.0) -> list[dict[str, Any]]:
        """Actions that came to ``state`` after ``since`` (seconds of the epoch)."""
        return [line for line in self.lines() if line["event"] == "action" and line.get("state") == state and moment(line) >= since]

    def cpu(self) -> float:
        """Seconds of CPU that it has used."""
        words = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / TICKS

    def highest(self) -> int:
        """Bytes that it held in memory at most."""
        words = Path(f"/proc/{self.process.pid}/status").read_text().partition("VmHWM:")[2].split()
        return int(words[0]) * 1024

    def memory(self) -> int:
        """Bytes that it holds in memory."""
        return int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def moment(line: dict[str, Any]) -> float:
    """When a line was written, in seconds of the epoch."""
    return datetime.fromisoformat(line["time"]).timestamp()


def began(line: dict[str, Any]) -> float:
    """When the action began that a line tells the end of."""
    return moment(line) - float(line["seconds"])


def until(what: Callable[[], bool], patience: float = PATIENCE, every: float = 0.02) -> float:
    """Wait until ``what`` holds; the seconds it took. Raises ``TimeoutError``."""
    began_at = time.monotonic()
    while not what():
        if time.monotonic() - began_at > patience:
            raise TimeoutError
        time.sleep(every)
    return time.monotonic() - began_at
