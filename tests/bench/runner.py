"""Processor time of a run inside its cell, without the host's side: what the container's cgroup counts, the runner and the kernel for it.

Where the time of `sh -c 'echo hi'` goes (3.0 ms on a core that nobody else uses; perf, by samples): a quarter is the runner's Python,
an eighth the making of five namespaces, of which the network is the dearest, an eighth mounts and the change of root, a sixth the
program itself and its linking, a tenth the ends of processes and namespaces, the rest pipes, files and the scheduler. About a
millisecond more is work that the kernel does later and counts for nobody: taking network namespaces down. A copy of the zygote costs
1.3 milliseconds on top: its fork, and some 340 pages that it writes to and 66 that the zygote does, each of which is copied first. The next
bottleneck is the kernel's: `pivot_root` walks through every process of the machine, and a network namespace is made whole each time.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from reconciler.app.images.facts import FOLDER, read_facts
from tests.bench.figures import Figure, say
from tests.conftest import REPOSITORY
from tests.lab.daemon import POOL
from tests.runner.cell import Cell
from tests.runner.image import build

if TYPE_CHECKING:
    from pathlib import Path

    from tests.lab.daemon import Daemon

RUNS = 200
CELL = "bench-runner"
SLIM = "golden-slim"
PYTHON: dict[str, Any] = {"run": ("python3", "main.py"), "code": "print(1)", "source": "main.py"}
KINDS: dict[str, tuple[float, dict[str, Any]]] = {
    "sh": (130, {"run": ("sh", "-c", "echo hi")}),
    "awk": (150, {"run": ("awk", "BEGIN { print 1 }")}),
    "perl": (120, {"run": ("perl", "-e", "print 1")}),
    "python3, a copy of the zygote": (150, {**PYTHON, "zygote": "python"}),
    "python3, cold": (55, PYTHON),
}
"""Runs a second and core that the whole stack must reach, so a cell alone must do better; and what is run."""


def measure(daemon: Daemon, starter: Path, folder: Path) -> list[Figure]:
    """In the slim golden image where it is built here, else in the starter's with a Python, which has no perl."""
    slim = read_facts(REPOSITORY / FOLDER, SLIM)
    image = REPOSITORY / FOLDER / slim.file if slim else build(starter, folder)[0]
    daemon.query("POST", "/1.0/storage-pools", {"name": CELL, "driver": "btrfs", "config": {"size": "16GiB"}})
    daemon.add_image(image, CELL)
    daemon.lxc("init", CELL, CELL, "-s", CELL if slim else POOL, "-c", "limits.memory=2GiB", timeout=600)
    daemon.query("PUT", f"/1.0/instances/{CELL}/state", {"action": "start"})
    cell = Cell(daemon, CELL, "python")
    try:
        time.sleep(2)  # the zygote imports
        return [_figure(daemon, cell, name, must, spec) for name, (must, spec) in KINDS.items() if slim or name != "perl"]
    finally:
        cell.close()
        daemon.lxc("delete", "--force", CELL)


def _figure(daemon: Daemon, cell: Cell, name: str, must: float, spec: dict[str, Any]) -> Figure:
    say(f"{RUNS} runs of {name}")
    run, rest = spec["run"], {key: value for key, value in spec.items() if key != "run"}
    cell.run(*run, **rest)
    before = _used(daemon)
    for _ in range(RUNS):
        ended = cell.run(*run, **rest)
        assert ended.end["code"] == 0
        assert ended.out
    took = (_used(daemon) - before) / RUNS
    value = f"{took * 1e3:.2f} ms = {1 / took:.0f}/s a core"
    return Figure(f"processor time of a run in its cell: {name}", value, f"> {must:.0f}/s a core", 1 / took > must)


def _used(daemon: Daemon) -> float:
    """Seconds of processor of the container so far."""
    return float(daemon.query("GET", f"/1.0/instances/{CELL}/state")["cpu"]["usage"]) / 1e9
