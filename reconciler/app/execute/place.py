"""One run's place in the line, and what it is given there."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from reconciler.app.execute.seats import Seat
    from reconciler.model.execute import Cell


class Given(NamedTuple):
    """What somebody who asked has: a seat to sit down in again, or a cell that nobody had."""

    seat: Seat | None = None
    cell: Cell | None = None


class Place:
    """One run's place in the line."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.given: Given | None = None
        self.patience = 0.0
        """Seconds for which it waits for an own cell alone."""
        self.hit = False
        """Whether what it was given was there when it came."""
        self.starting = False
        """Whether a runner is being sent to the cell that it was given."""
        self._woken = False
        self._bell = threading.Lock()
        self._bell.acquire()

    def give(self, given: Given) -> None:
        """To be called once, under the lock of the line."""
        self.given = given
        self._ring()

    def wake(self) -> None:
        """Let nobody wait here any more, though nothing is given."""
        self._woken = True
        self._ring()

    def wait(self, seconds: float) -> None:
        """Until something is given, for at most so long."""
        if self.given is None and not self._woken:
            self._bell.acquire(timeout=max(0.0, seconds))

    def _ring(self) -> None:
        # It rings once for both: who was woken looks at what is given as well.
        try:  # noqa: SIM105 - every run comes by here, and suppress takes its time
            self._bell.release()
        except RuntimeError:
            pass
