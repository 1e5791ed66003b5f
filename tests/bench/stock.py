"""An executor over a pool of cells, and what its runs are measured by: a closed loop, and the processor time of the whole machine."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.app.execute.executor import Executor
from reconciler.app.images.facts import FOLDER, read_facts
from reconciler.app.settings import settings_from
from reconciler.model.run import Ending, RunRequest
from tests.bench.figures import say
from tests.conftest import REPOSITORY, Starter
from tests.execute.pools import stocked
from tests.lab.clean import clean_daemon
from tests.runner.image import build

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from reconciler.model.run import RunResult
    from tests.execute.pools import Stocked
    from tests.lab.daemon import Daemon

CORES = os.cpu_count() or 1
OWNERS = tuple(f"{number:032x}" for number in range(1, 3 * CORES + 1))
"""Each has one cell: three for a core, so that it has work while some wait for their answers, and others for the kernel."""
COMMANDS = {
    "awk": "awk, -f, main.awk, --",
    "cold": "python3, main.cold",
    "perl": "perl, main.perl",
    "python": "python3, main.python",
    "sh": "sh, main.sh",
}
"""``python`` is a copy of the zygote; ``cold`` an interpreter of its own, as every language is but that one."""
SAY = {
    "awk": b'BEGIN { print "hi" }\n',
    "cold": b'print("hi")\n',
    "perl": b'print "hi\\n";\n',
    "python": b'print("hi")\n',
    "sh": b"echo hi\n",
}
SLIM = "golden-slim"
FIRST = 5
"""Runs of each owner that are not counted: a runner is sent, its zygote imports, files come to memory."""


class Loop(NamedTuple):
    """What came of a closed loop: seconds by the wall, and of processors, those of all processes and of the kernel."""

    runs: int
    took: float
    busy: float

    @property
    def a_core(self) -> float:
        """Runs a second and core, by the wall, with all cores busy."""
        return self.runs / self.took / CORES

    @property
    def by_time(self) -> float:
        """Runs for each second of processor time."""
        return self.runs / self.busy


class Stock:
    """An open executor, and a cell for each of ``OWNERS``. More are nobody's."""

    def __init__(self, fleet: Stocked, executor: Executor) -> None:
        self.fleet, self.executor = fleet, executor

    def run(self, language: str, owner: str, code: bytes | None = None, **other: Any) -> RunResult:
        """One run. Raises as the executor does."""
        text = SAY[language] if code is None else code
        return self.executor.run(RunRequest(owner, text, language=language, pool=self.fleet.box, **{"accepts": 10.0, **other}))

    def good(self, language: str, owner: str) -> RunResult:
        """One run of the program of that language, which must have come out well."""
        result = self.run(language, owner)
        assert (result.ending, result.exit_code, result.stdout) == (Ending.FINISHED, 0, b"hi\n"), result
        return result

    def warm(self, language: str) -> None:
        """See that each owner has its cell, and that what it needs is in memory."""
        with ThreadPoolExecutor(len(OWNERS)) as threads:
            for _ in range(FIRST):
                list(threads.map(lambda owner: self.good(language, owner), OWNERS))

    def loop(self, language: str, runs: int) -> Loop:
        """So many runs by all owners at once, each asking again as soon as it is answered."""
        self.warm(language)
        return closed(lambda owner: self.good(language, owner), runs)


def closed(one: Callable[[str], object], runs: int) -> Loop:
    """``one`` is called so many times, by all owners at once: whoever is answered asks again, until all was asked for."""
    left = iter(range(runs))

    def several(owner: str) -> None:
        for _ in left:
            one(owner)

    before, began = machine(), time.perf_counter()
    with ThreadPoolExecutor(len(OWNERS)) as threads:
        list(threads.map(several, OWNERS))
    return Loop(runs, time.perf_counter() - began, machine() - before)


def machine() -> float:
    """Seconds of processor that the machine spent so far: user, nice, system and interrupts of ``/proc/stat``, without waiting."""
    user, nice, system, _idle, _wait, hard, soft = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:8])
    return (user + nice + system + hard + soft) / os.sysconf("SC_CLK_TCK")


@contextmanager
def stock(daemon: Daemon, starter: Path, folder: Path) -> Iterator[Stock]:
    """On an empty host: the slim golden image where it is built here, else the starter's with the perl and the Python of this machine."""
    clean_daemon(daemon)
    root = Path(mkdtemp(prefix="stock-", dir=folder))
    slim = read_facts(REPOSITORY / FOLDER, SLIM)
    say(f"cells of {SLIM}" if slim else f"cells of the starter image, for {SLIM} is not built here")
    image = Starter(REPOSITORY / FOLDER / slim.file, slim.fingerprint) if slim else Starter(*build(starter, root, Path("/usr/bin/perl")))
    fleet = stocked(root, daemon, image)
    fleet.runs, fleet.disk = COMMANDS, "2GiB"
    fleet.stock(4 * len(OWNERS), "runs: 100000, lease: 4h, idle: 1h")
    try:
        with Executor.open(settings_from(root, fleet.environ)) as executor:
            yield Stock(fleet, executor)
    finally:
        clean_daemon(daemon)
