"""Is a byte ever lost, doubled or given to somebody else? Many runs at once on a machine that has more to do than it can.

What each run must say follows from its number, on both streams, in another size each time; now and then it is more than any buffer
between the program and us holds. ``INTEGRITY_RUNS`` is how many; the usual number takes a quarter of an hour and more, so this
measurement is made only where it is asked for by name.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from itertools import count
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.model.run import Ending
from tests.bench.figures import Figure, say
from tests.bench.stock import CORES, closed, stock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.model.run import RunResult
    from tests.bench.stock import Stock
    from tests.lab.daemon import Daemon

RUNS = int(os.environ.get("INTEGRITY_RUNS", "100000"))
MOST = 4000
"""Bytes on each stream; one run in ``EVERY`` has ``MANY`` times that."""
EVERY, MANY = 250, 100
CODE = """BEGIN {{
  for (i = 0; i < {out}; i += length(line)) {{ line = "{number} out " i "\\n"; printf "%s", line }}
  for (i = 0; i < {err}; i += length(line)) {{ line = "{number} err " i "\\n"; printf "%s", line > "/dev/stderr" }}
}}
"""
LONG = 5000


def measure(daemon: Daemon, starter: Path, folder: Path) -> list[Figure]:
    """Every run is held to what it must have said."""
    with stock(daemon, starter, folder) as made, stress():
        made.warm("awk")
        checked = Checked(made)
        say(f"{RUNS} runs, every byte checked, beside {2 * CORES} processes that only turn in circles")
        began = time.monotonic()
        closed(checked.one, RUNS)
        took = time.monotonic() - began
    wrong = sum(checked.wrong.values())
    value = f"{wrong} wrong of {checked.runs}, {checked.size / 1e6:.0f} MB, {took:.0f} s {dict(checked.wrong) or ''}"
    return [Figure("runs under stress with a byte lost or mixed", value.strip(), "0", wrong == 0 and checked.runs >= RUNS // 2)]


class Checked:
    """Runs and what was wrong with them, for all threads."""

    def __init__(self, made: Stock) -> None:
        self._made = made
        self._numbers, self._lock = count(1), Lock()
        self.runs = self.size = 0
        self.wrong: Counter[str] = Counter()

    def one(self, owner: str) -> None:
        """The next run, whoever asks."""
        with self._lock:
            number = next(self._numbers)
        out, err = sizes(number)
        code = CODE.format(number=number, out=out, err=err).encode()
        wrong = faults(number, self._made.run("awk", owner, code, accepts=60.0))
        with self._lock:
            self.runs += 1
            self.size += out + err
            self.wrong.update(wrong)
            if wrong or self.runs % LONG == 0:
                say(f"{self.runs} runs, wrong: {dict(self.wrong)}{f', run {number}' if wrong else ''}")


def sizes(number: int) -> tuple[int, int]:
    """Bytes of a run on its standard output and standard error, at least."""
    more = MANY if number % EVERY == 0 else 1
    return number * 7919 % MOST * more, number * 104_729 % MOST * more


def expected(number: int, stream: str, size: int) -> bytes:
    """What a run must have said on a stream."""
    lines, at = [], 0
    while at < size:
        lines.append(f"{number} {stream} {at}\n")
        at += len(lines[-1])
    return "".join(lines).encode()


def faults(number: int, result: RunResult) -> list[str]:
    """Words for what is wrong with it; none where nothing is."""
    out, err = sizes(number)
    checks = {
        "end": (result.ending, result.exit_code) == (Ending.FINISHED, 0),
        "stdout": result.stdout == expected(number, "out", out),
        "stderr": result.stderr == expected(number, "err", err),
        "receipt": result.receipt.agrees and result.receipt.output == len(result.stdout) + len(result.stderr),
        "truncated": not result.truncated,
    }
    return [name for name, holds in checks.items() if not holds]


@contextmanager
def stress() -> Iterator[None]:
    """Twice as many processes as there are cores that do nothing but take time."""
    made = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(2 * CORES)]
    try:
        yield
    finally:
        for process in made:
            process.kill()
            process.wait()
