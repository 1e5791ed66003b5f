"""The loop as its users start it, started again whenever it was ended, and what it grows to meanwhile."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Self

from tests.e2e.fleet import COMMAND

if TYPE_CHECKING:
    from tests.soak.ground import Ground

EVERY = 2.0
"""Seconds between two samples."""
ENTRIES = "2000"
"""Of its chain the journal keeps so many: it is cut whenever the loop starts, and has more by then."""
OPTIONS = ("--interval", "2", "--full", "20", "--keep-entries", ENTRIES, "--log-format", "json", "--log-level", "debug")
FILES = ("journal.db", "journal.db-wal", "events.db", "events.db-wal")
PAGE = os.sysconf("SC_PAGE_SIZE")
ENDS = 60.0


@dataclass(frozen=True)
class Sample:
    """``at`` in seconds of the monotonic clock, ``rss`` and ``files`` in bytes."""

    at: float
    pid: int
    rss: int
    handles: int
    threads: int
    files: dict[str, int]


@dataclass
class Loop:
    """One at a time. A context manager; leaving it ends the loop in order."""

    ground: Ground
    samples: list[Sample] = field(default_factory=list)
    starts: int = 0
    problems: list[str] = field(default_factory=list)
    logs: dict[int, Path] = field(default_factory=dict)
    """Process -> its log."""

    def __post_init__(self) -> None:
        self._ending = threading.Event()
        self._sampler = threading.Thread(target=self._sample, daemon=True)
        self._process: subprocess.Popen[bytes] | None = None
        self._folder = self.ground.arena.fleet.root.parent

    def __enter__(self) -> Self:
        self.start()
        self._sampler.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end(signal.SIGTERM)
        self._ending.set()
        self._sampler.join()

    @property
    def pid(self) -> int:
        """Of its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether it ended, by itself or by us."""
        return self._process is None or self._process.poll() is not None

    @property
    def log(self) -> Path:
        """Of the process under way."""
        return self._folder / f"loop-{self.starts}.jsonl"

    def start(self) -> None:
        """Start it."""
        self.starts += 1
        fleet = self.ground.arena.fleet
        words = ["-C", str(fleet.root), "--connect-timeout", "1", "--timeout", "5", "run", "--git", str(self.ground.there.root), *OPTIONS]
        with self.log.open("wb") as log:
            self._process = subprocess.Popen([*COMMAND, *words], env=fleet.environ, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.logs[self._process.pid] = self.log

    def end(self, number: signal.Signals) -> int:
        """End it; its exit status."""
        if self._process is None:
            return 0
        if self._process.poll() is None:
            self._process.send_signal(number)
            self._process.send_signal(signal.SIGCONT)
        try:
            status = self._process.wait(ENDS)
        except subprocess.TimeoutExpired:
            self.problems.append(f"STUCK: it did not end within {ENDS:g} s of {number.name}, see {self.log}")
            self._process.kill()
            status = self._process.wait()
        if b"Traceback" in self.log.read_bytes():
            self.problems.append(f"TRACEBACK in {self.log}")
        self._process = None
        return status

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        os.kill(self.pid, number)

    def _sample(self) -> None:
        while not self._ending.wait(EVERY):
            process = self._process
            if process is not None and process.poll() is None:
                self._look_at(process.pid)

    def _look_at(self, pid: int) -> None:
        state = self.ground.arena.state
        try:
            rss = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
            handles, threads = _count(f"/proc/{pid}/fd"), _count(f"/proc/{pid}/task")
        except OSError:
            return
        files = {name: (state / name).stat().st_size for name in FILES if (state / name).exists()}
        self.samples.append(Sample(time.monotonic(), pid, rss, handles, threads, files))


def _count(folder: str) -> int:
    return sum(1 for _ in Path(folder).iterdir())
