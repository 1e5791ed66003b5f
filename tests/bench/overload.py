"""More than there is room for: arrivals from another process at twice the capacity, whether answers come or not.

Who asks writes down when it meant to ask, so a late answer is late however the executor came to it. Queue time is told by itself.
"""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from statistics import quantiles
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple

from reconciler.errors import Overloaded
from tests.bench.figures import Figure, say
from tests.bench.stock import CORES, OWNERS, stock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.stock import Stock
    from tests.lab.daemon import Daemon

RUNS = 800
TIMES = 2.0
SECONDS = 15.0
ACCEPTS = 0.5
"""Seconds that each caller would wait for its cell."""
P99, REFUSED_P99 = 1.0, 0.020
AT_ONCE = 256
LANGUAGE = "awk"
STEPS = (0.005, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5)


class Answered(NamedTuple):
    """Seconds from the arrival to the answer, by kind of answer; and in the queue, of those that ran."""

    accepted: list[float]
    refused: list[float]
    other: int
    queued: list[float]


def measure(daemon: Daemon, starter: Path, folder: Path) -> list[Figure]:
    """The capacity first, in a closed loop, then twice as much."""
    with stock(daemon, starter, folder) as made:
        loop = made.loop(LANGUAGE, RUNS)
        rate = TIMES * loop.runs / loop.took
        say(f"{rate:.0f} arrivals a second for {SECONDS:.0f} s, twice the capacity")
        answered = flood(made, rate)
    accepted, refused = quantiles(answered.accepted, n=100), quantiles(answered.refused, n=100)
    came = len(answered.accepted) + len(answered.refused) + answered.other
    of = f"{len(answered.accepted)} of {came} ran, {len(answered.accepted) / SECONDS / CORES:.0f}/s a core"
    return [
        Figure(f"at {rate:.0f} arrivals/s: run, p99", f"{_ms(accepted[98])} (p50 {_ms(accepted[49])}; {of})", "< 1 s", accepted[98] < P99),
        Figure("the same: refused, p99", f"{_ms(refused[98])} (p50 {_ms(refused[49])})", "< 20 ms", refused[98] < REFUSED_P99),
        Figure("the same: neither run nor refused", str(answered.other), "0", answered.other == 0),
        Figure("the same: in the queue", histogram(answered.queued), "", None),
    ]


def flood(made: Stock, rate: float) -> Answered:
    """Serve what the other process asks for, and tell it what came of each."""
    command = [sys.executable, "-m", "tests.bench.arrivals", str(rate), str(SECONDS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1) as asking:
        served = _Served(made, asking)
        with ThreadPoolExecutor(AT_ONCE) as threads:
            assert asking.stdout is not None
            for line in asking.stdout:
                if line == "end\n":
                    break
                threads.submit(served.one, int(line))
        rest = asking.communicate()[0]
    rows = [line.split() for line in rest.splitlines()]
    times = {kind: [float(took) for told, took in rows if told == kind] for kind in ("run", "refused", "failed")}
    return Answered(times["run"], times["refused"], len(times["failed"]) + served.lost, served.queued)


class _Served:
    """What is behind each arrival: a run of one of the owners, and a line of answer."""

    def __init__(self, made: Stock, asking: subprocess.Popen[str]) -> None:
        self._made, self._asking = made, asking
        self._lock = Lock()
        self.queued: list[float] = []
        self.lost = 0

    def one(self, number: int) -> None:
        kind = "failed"
        try:
            result = self._made.run(LANGUAGE, OWNERS[number % len(OWNERS)], accepts=ACCEPTS)
            kind = "run" if result.stdout == b"hi\n" else kind
            self.queued.append(result.times.queue)
        except Overloaded:
            kind = "refused"
        finally:
            with self._lock:
                assert self._asking.stdin is not None
                self._asking.stdin.write(f"{number} {kind}\n")


def histogram(values: list[float]) -> str:
    """How many were in each step, in milliseconds."""
    edges = (0.0, *STEPS, float("inf"))
    counts = [sum(low <= value < high for value in values) for low, high in pairwise(edges)]
    told = [f"< {step * 1e3:.0f}: {number}" for step, number in zip(STEPS, counts, strict=False)]
    return "ms " + ", ".join([*told, f"more: {counts[-1]}"])


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.1f} ms"
