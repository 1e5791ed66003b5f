"""The real command in a process of its own, with one trap set at one of its step boundaries.

The program knows nothing of it: its functions are wrapped from outside. The clock is moved in ``reconciler.app.clock``, the only place of
the program that reads it, and what it reads is put in place before the program's other modules take it by name. Processes are forked
from one that has imported the program, since importing it takes longer than a pass.
"""

from __future__ import annotations

import functools
import importlib
import multiprocessing
import os
import signal
import sys
import threading
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from reconciler.app import clock

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess
    from pathlib import Path

LABELS = (
    "certifying",
    "before-intent",
    "after-intent",
    "before-request",
    "after-request",
    "before-outcome",
    "after-outcome",
    "in-transaction",
)
"""Boundaries: while hosts are read; around an intent; around each request that writes to LXD (the lease's among them); between the call and
its outcome; between two calls; in the middle of a transaction of the journal."""


AHEAD = [timedelta(0)]
"""What the program's wall clock is ahead of the true one."""
_TRUE_NOW = clock.now
setattr(clock, "now", lambda: _TRUE_NOW() + AHEAD[0])  # noqa: B010 - mypy holds that a function is never assigned to

PROGRAM = [
    importlib.import_module(f"reconciler.{name}") for name in ("cli.main", "cli.apply", "cli.plan", "cli.history", "lxd.certificate")
]
"""Imported here, after the clock was put in place, and the commands with them, which the program imports when they are asked for."""


@dataclass(frozen=True)
class Trap:
    """A boundary, and what happens when it is reached.

    ``deed``: ``kill`` (SIGKILL to itself), ``pause`` (tell, and wait to be told), ``clock`` (from then on it is ``offset`` seconds ahead).
    """

    label: str
    nth: int
    deed: str = "kill"
    offset: float = 0.0

    def __str__(self) -> str:
        return f"{self.label}#{self.nth}"


NEVER = Trap("never", 1)


class Armed:
    """Counts the boundaries as they pass and springs at one of them. While it pauses, every other thread waits at its next boundary."""

    def __init__(self, trap: Trap, line: Connection) -> None:
        self._trap = trap
        self._line = line
        self._passed: Counter[str] = Counter()
        self._lock = threading.RLock()

    def at(self, label: str) -> None:
        """A boundary is passed."""
        with self._lock:
            self._passed[label] += 1
            if (label, self._passed[label]) == (self._trap.label, self._trap.nth):
                self._spring()

    def _spring(self) -> None:
        if self._trap.deed == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        AHEAD[0] = timedelta(seconds=self._trap.offset)
        self._line.send("here")
        if self._trap.deed == "pause":
            self._line.recv()


def wrap(owner: object, name: str, before: Callable[..., None], after: Callable[..., None]) -> None:
    """Have ``before`` and ``after`` called with the arguments around every call of ``owner.name``; ``after`` only where it returned."""
    inner = getattr(owner, name)

    @functools.wraps(inner)
    def outer(*args: Any, **kwargs: Any) -> Any:
        before(*args, **kwargs)
        result = inner(*args, **kwargs)
        after(*args, **kwargs)
        return result

    setattr(owner, name, outer)


def set_boundaries(trap: Armed) -> None:
    """Wrap what the boundaries are made of."""
    door, file, journal = (importlib.import_module(f"reconciler.{name}") for name in ("lxd.connect", "store.file", "store.journal"))

    def say(label: str) -> Callable[..., None]:
        return lambda *_args, **_kwargs: trap.at(label)

    def request(label: str) -> Callable[..., None]:
        def told(_door: object, method: str, *_args: Any, **_kwargs: Any) -> None:
            trap.at("certifying" if method == "GET" else label)

        return told

    wrap(journal.Journal, "intend", say("before-intent"), say("after-intent"))
    wrap(journal.Journal, "record", say("before-outcome"), say("after-outcome"))
    wrap(door.Door, "send", request("before-request"), request("after-request"))
    wrap(file, "append", say("in-transaction"), say("in-transaction"))


def be_the_command(trap: Trap, line: Connection, words: list[str], environ: dict[str, str], out: str) -> None:
    """What the forked process does: set the trap, then be the command, its output in the file ``out``."""
    handle = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    for number in (1, 2):
        os.dup2(handle, number)
    os.environ.clear()
    os.environ.update(environ)
    armed = Armed(trap, line)
    armed.at("start")
    set_boundaries(armed)
    sys.argv = ["unsandbox", *words]
    PROGRAM[0].main()


class Run:
    """One command that was started."""

    def __init__(self, words: list[str], environ: dict[str, str], out: Path, trap: Trap = NEVER) -> None:
        self._line, far = FORKS.Pipe()
        self.out = out
        self._process: BaseProcess = FORKS.Process(target=be_the_command, args=(trap, far, words, environ, str(out)))
        self._process.start()
        far.close()

    def sprung(self, patience: float) -> bool:
        """Wait until the trap springs (True) or the process ends without it (False)."""
        try:
            return self._line.poll(patience) and self._line.recv() == "here"
        except EOFError:
            return False

    def go_on(self) -> None:
        """Let one that pauses go on."""
        self._line.send("go on")

    def end(self, patience: float) -> tuple[int, str]:
        """Wait for its end: exit status (negative: the signal), and all that it said."""
        self._process.join(patience)
        if self._process.exitcode is None:
            self._process.kill()
            self._process.join()
            raise TimeoutError(f"it did not end within {patience} s:\n{self.out.read_text()}")
        self._line.close()
        return self._process.exitcode, self.out.read_text()


FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
