"""Who spends the processor time of a run, and where the host's side spends its own."""

from __future__ import annotations

import cProfile
import os
import pstats
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tests.bench.figures import Figure, say
from tests.bench.stock import OWNERS, closed
from tests.e2e.fleet import PROJECT

if TYPE_CHECKING:
    from reconciler.model.run import RunResult
    from tests.bench.stock import Stock
    from tests.lab.daemon import Daemon

RUNS = 800
PROFILED = 300
KERNEL = "2"
"""The parent of its threads."""
STORE = ("/store/",)
LINK = ("/lxd/", "/execute/talk.py", "/execute/link.py", "/execute/spec.py")


def spending(daemon: Daemon, made: Stock) -> list[Figure]:
    """Milliseconds of processor a run of awk, with all cores busy."""
    say(f"who spends the time of {RUNS} runs of awk")
    made.warm("awk")
    results: list[RunResult] = []
    before = spent(daemon)
    loop = closed(lambda owner: results.append(made.good("awk", owner)), RUNS)
    cells, lxd, ours, kernel = (after - at_first for at_first, after in zip(before, spent(daemon), strict=True))
    program = sum(result.cpu for result in results)
    store, link, rest = _shares(made)
    parts = {
        "the program, from its fork to its end": program,
        "the runner, making and wiping sandboxes": cells - program,
        "LXD, passing bytes on": lxd,
        "the executor: requests, line, seats": ours * rest,
        "the executor: link, frames, WebSocket": ours * link,
        "the store": ours * store,
        "threads of the kernel, such as take network namespaces down": kernel,
        "whatever else runs here": loop.busy - cells - lxd - ours - kernel,
    }
    return [Figure(f"of a run of awk: {who}", f"{time / loop.runs * 1e3:.2f} ms", "", None) for who, time in parts.items()]


def spent(daemon: Daemon) -> tuple[float, float, float, float]:
    """Seconds of processor so far: of all cells, of LXD, of this process, and of the threads of the kernel, whomever they work for."""
    return _cells(daemon), _lxd(daemon), time.process_time(), sum(map(_thread, Path("/proc").glob("[0-9]*")))


def _thread(process: Path) -> float:
    """Seconds of one thread of the kernel; nothing of any other process, or of one that is gone."""
    with suppress(OSError):
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        if fields[1] == KERNEL:
            return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")
    return 0.0


def _cells(daemon: Daemon) -> float:
    """Seconds of processor of all cells so far, as their cgroups count."""
    rows = daemon.query("GET", f"/1.0/instances?recursion=2&project={PROJECT}")
    return float(sum(row["state"]["cpu"]["usage"] for row in rows)) / 1e9


def _lxd(daemon: Daemon) -> float:
    """Seconds of processor of LXD's process, and of what it waited for."""
    fields = Path(f"/proc/{daemon.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def _shares(made: Stock) -> tuple[float, float, float]:
    """Parts of a run on the host's side: the store's, those between a cell and us, and all others. By a profile of one thread."""
    profile = cProfile.Profile(time.thread_time)
    profile.enable()
    for _ in range(PROFILED):
        made.good("awk", OWNERS[0])
    profile.disable()
    store = link = total = 0.0
    for (file, _line, _name), (_calls, _primitive, own, _whole, callers) in pstats.Stats(profile).stats.items():  # type: ignore[attr-defined]
        total += own
        # What is written in C has no file: it belongs to who called it.
        for where, time_there in ((where[0], told[2]) for where, told in callers.items()) if file == "~" else ((file, own),):
            store += time_there if any(part in where for part in STORE) else 0.0
            link += time_there if any(part in where for part in LINK) or "websockets" in where else 0.0
    return store / total, link / total, 1 - (store + link) / total
