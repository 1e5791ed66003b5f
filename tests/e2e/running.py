"""A loop in a process of its own, as its users start it, and what its log tells."""

from __future__ import annotations

import inspect
import json
import os
import signal
import subprocess
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self

from tests.e2e.fleet import COMMAND, Fleet
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from types import TracebackType

PATIENCE = 120.0
SOON = 60.0
"""Seconds; what is waited for takes well under one on a calm machine, and up to twenty on one whose two cores are busy with other tests."""
LAST = 8
"""Lines of a log that tell how it stands."""
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


def until(what: Callable[[], object], patience: float = PATIENCE, every: float = 0.02) -> float:
    """Wait until ``what`` holds; the seconds it took. Raises ``TimeoutError``, which says what was waited for and how things stand."""
    began_at = time.monotonic()
    while not what():
        if time.monotonic() - began_at > patience:
            raise TimeoutError(f"after {patience:.0f} s there is still no: {_spelled(what)}")
        time.sleep(every)
    return time.monotonic() - began_at


def until_none(what: Callable[[], Collection[object]], patience: float = PATIENCE, every: float = 0.1) -> None:
    """Wait until nothing is left of ``what``. Raises ``TimeoutError``, which says what is."""
    began_at = time.monotonic()
    while left := what():
        if time.monotonic() - began_at > patience:
            raise TimeoutError(f"after {patience:.0f} s there is still {left}: {_spelled(what)}")
        time.sleep(every)


def _spelled(what: Callable[[], object]) -> str:
    """A condition in its own words, and the state of what it speaks of."""
    seen = inspect.getclosurevars(what).nonlocals
    return "\n".join([inspect.getsource(what).strip(), *(f"{name}: {_state(value)}" for name, value in seen.items())])


def _state(value: object) -> object:
    if isinstance(value, Running):
        return "\n".join([f"exit status {value.process.poll()}", *value.log.read_text().splitlines()[-LAST:]])
    try:
        return value.statuses() if isinstance(value, Fleet) else value
    except (OSError, QueryError) as error:
        return f"cannot be told: {error!r}"
