"""Runs through the executor, from the request to its result: how many a second, how long one takes, and the same through LXD's own API.

Every run has a fresh sandbox in a cell that its owner has already. "A core" is said twice: by the wall, in a closed loop that keeps
all cores busy, divided by their number; and by the processor time of the cells, LXD, this process and the threads of the kernel. Both
are held to the limit. The second one hardly depends on what else the machine does; how much of that there was is told.
"""

from __future__ import annotations

import time
from statistics import quantiles
from typing import TYPE_CHECKING

from tests.bench.bare import Bare
from tests.bench.figures import Figure, say
from tests.bench.spending import spending, spent
from tests.bench.stock import CORES, OWNERS, closed, stock

if TYPE_CHECKING:
    from pathlib import Path

    from tests.bench.stock import Stock
    from tests.lab.daemon import Daemon

RUNS = 800
COMPARED = 500
LONE = 400
PAUSE = 0.02
"""Seconds between two runs on an idle host."""
TIMES = 3.0
P50, P99 = 0.008, 0.025
KINDS = {
    "sh": ("sh -c 'echo hi'", 130),
    "awk": ("awk", 150),
    "perl": ("perl", 120),
    "python": ("python3, a copy of the zygote", 150),
    "cold": ("python3, cold", 55),
}


def measure(daemon: Daemon, starter: Path, folder: Path) -> list[Figure]:
    """All of it, on one pool."""
    with stock(daemon, starter, folder) as made:
        figures = [_rate(daemon, made, language) for language in KINDS]
        figures += _idle(made)
        figures += _compared(daemon, made)
        figures += spending(daemon, made)
        gone = made.fleet.owners().count("spent")
    return [*figures, Figure("cells spent in all this, though every run was as it should be", str(gone), "0", gone == 0)]


def _rate(daemon: Daemon, made: Stock, language: str) -> Figure:
    name, must = KINDS[language]
    say(f"{RUNS} runs of {name}")
    made.warm(language)
    before = sum(spent(daemon))
    loop = closed(lambda owner: made.good(language, owner), RUNS)
    ours = sum(spent(daemon)) - before
    value = (
        f"{loop.runs / ours:.0f}/s by processor time, {loop.a_core:.0f}/s by the wall with {1 - ours / loop.busy:.0%} of the time others'"
    )
    say(f"  {value}")
    return Figure(f"runs of {name}, {CORES} cores", value, f">= {must}/s a core", min(loop.runs / ours, loop.a_core) >= must)


def _idle(made: Stock) -> list[Figure]:
    say(f"{LONE} runs of awk, one after another")
    took = []
    for _ in range(LONE):
        time.sleep(PAUSE)
        began = time.perf_counter()
        made.good("awk", OWNERS[0])
        took.append(time.perf_counter() - began)
    cuts = quantiles(took, n=100)
    return [
        Figure("awk on an idle host, p50", f"{cuts[49] * 1e3:.1f} ms", f"<= {P50 * 1e3:.0f} ms", cuts[49] <= P50),
        Figure("awk on an idle host, p99", f"{cuts[98] * 1e3:.1f} ms", f"<= {P99 * 1e3:.0f} ms", cuts[98] <= P99),
    ]


def _compared(daemon: Daemon, made: Stock) -> list[Figure]:
    """The same shell, without any sandbox, by LXD's two ways, of which the quicker counts."""
    say(f"{COMPARED} runs of sh through LXD's exec API, and ours")
    made.warm("sh")
    with Bare(daemon, made) as bare:
        ways = {"ours": lambda owner: made.good("sh", owner), "recorded": bare.recorded, "over WebSockets": bare.connected}
        took = {name: closed(way, COMPARED).took for name, way in ways.items()}
    times = min(took["recorded"], took["over WebSockets"]) / took["ours"]
    told = ", ".join(f"{name} {COMPARED / seconds / CORES:.0f}/s a core" for name, seconds in took.items())
    value = f"{times:.1f} x ({told}, {bare.lost} without their output)"
    return [Figure(f"{COMPARED} runs of sh, ours / LXD's exec API without a sandbox", value, f">= {TIMES:.0f} x", times >= TIMES)]
