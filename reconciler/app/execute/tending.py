"""What goes on beside the runs: looking for warm cells, ending what is over, writing what can wait."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.execute.ground import read_ground
from reconciler.app.execute.stock import Stock
from reconciler.app.execute.stored import lose_dead
from reconciler.app.execute.troubles import Troubles
from reconciler.errors import UnsandboxError
from reconciler.store.traffic import asked, trim

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.doors import Doors
    from reconciler.app.execute.ground import Ground
    from reconciler.app.execute.jobs import Jobs
    from reconciler.app.execute.seats import Seats
    from reconciler.app.settings import Settings
    from reconciler.model.execute import Ask
    from reconciler.store.jobs import JobsFile

TICK = 0.2
"""Seconds between two turns while nobody wants anything."""
REST = 10.0
"""A look takes its time of LXD: so many times as long passes until the next one."""
LEAST_REST, MOST_REST = 0.5, 30.0
LATELY = 5.0
"""Seconds for which more cells are looked for after somebody came, where nobody waits."""
OLD = 300.0
"""Seconds after which hosts are looked at though nobody wants cells, so that what is held or gone is known."""
READ_AGAIN = 10.0
COUNT_AGAIN = 5.0
RETAIN_AGAIN = 600.0
LETTING_GO = 0.5
"""Seconds of one turn in which jobs are let go."""


class Tending:
    """One thread. What it finds is in ``stock``, and what fails in ``troubles``."""

    def __init__(self, settings: Settings, file: JobsFile, doors: Doors, seats: Seats, jobs: Jobs, ground: Ground) -> None:
        self.stock = Stock(file, doors, seats, ground, self.want)
        self.troubles = Troubles()
        self.asks: deque[Ask] = deque(maxlen=100_000)
        self._settings = settings
        self._file = file
        self._seats = seats
        self._jobs = jobs
        self._due: dict[str, float] = {}
        self._wanted = threading.Event()
        self._wanted_at = 0.0
        self._ending = False
        self._thread = threading.Thread(target=self._loop, name="cells", daemon=True)

    def start(self) -> None:
        """Look once, so that what is warm is known, and go on beside the runs. Raises ``StateError``."""
        lose_dead(self._file, self._file.path.parent)
        self.stock.look()
        self._due["old look"] = time.monotonic() + OLD
        self._due["read"] = time.monotonic() + READ_AGAIN
        self._thread.start()

    def want(self) -> None:
        """Somebody came, and warm cells are few."""
        self._wanted_at = time.monotonic()
        self._wanted.set()

    def close(self) -> None:
        """Stop, and let go of every seat: what is kept stays kept."""
        self._ending = True
        self._wanted.set()
        if self._thread.ident is not None:
            self._thread.join()
        self.stock.close()
        with suppress(UnsandboxError):
            self._note()

    def _loop(self) -> None:
        while not self._ending:
            self._wanted.wait(TICK)
            # Whatever fails is tried again in the next turn; who is refused a cell meanwhile is told of it.
            others = self._jobs.hear, self.stock.end_over, self._seats.mark
            for work in (*others, self._note, self._read, self._count, self._retain, self._find):
                self._attempt(work.__name__, work)
            if not self._ending and self._wanted.is_set() and not self._due_in("look", peek=True):
                time.sleep(TICK)

    def _attempt(self, name: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:  # noqa: BLE001 - one that fails must not keep the others from their turn
            self.troubles.add(name, error)
        else:
            self.troubles.over(name)

    def _due_in(self, what: str, seconds: float = 0.0, *, peek: bool = False) -> bool:
        """Whether it is time for something that is done every so many seconds, and if so for the next time."""
        at = time.monotonic()
        if at < self._due.get(what, 0.0):
            return False
        if not peek:
            self._due[what] = at + seconds
        return True

    def _find(self) -> None:
        asked_lately = time.monotonic() - self._wanted_at < LATELY
        wanted = self._wanted.is_set() and self.stock.wants(asked_lately=asked_lately)
        if not wanted:
            self._wanted.clear()
        if (wanted and self._due_in("look", LEAST_REST)) or self._due_in("old look", OLD):
            began = time.monotonic()
            self.stock.look()
            rest = min(MOST_REST, max(LEAST_REST, REST * (time.monotonic() - began)))
            self._due["look"] = time.monotonic() + rest
            self._due["old look"] = time.monotonic() + OLD

    def _note(self) -> None:
        if self.asks:
            bunch = [self.asks.popleft() for _ in range(len(self.asks))]
            asked(self._file, bunch)

    def _count(self) -> None:
        if self._due_in("count", COUNT_AGAIN):
            self.stock.count()

    def _retain(self) -> None:
        if self._due_in("retain", RETAIN_AGAIN):
            lose_dead(self._file, self._file.path.parent)
            at = now().timestamp()
            trim(self._file, at)
            if self._file.retain(at - self.stock.ground.desired.policy.keep_jobs, LETTING_GO):
                # There may be more, and cells are not to wait for it.
                self._due["retain"] = 0.0

    def _read(self) -> None:
        if self._due_in("read", READ_AGAIN):
            found = read_ground(self._settings, self.stock.ground)
            if found is not self.stock.ground:
                self.stock.follow(found)
                self._due["old look"] = 0.0
