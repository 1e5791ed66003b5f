"""Whether the threads of a loop live and go on. None ends by itself, whatever happens in it; one that did broke as nobody foresaw."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import threading
    from collections.abc import Callable, Iterable

    from reconciler.app.loop.leading import Leading
    from reconciler.app.settings import Settings

FEW = 120
"""Seconds that a round about leases may stand still, beside what its requests may take."""
CALLS = 10
"""Requests between two signs of a round, at most: a lease that has to be asked for again and again."""


class Lookout:
    """Asked by the main thread once a second, and counts how often: a process that was paused stood still as a whole."""

    def __init__(self, dead: Callable[[], Iterable[threading.Thread]], leading: Leading, settings: Settings, ttl: float) -> None:
        """``dead`` gives those that ended at this moment though they should live."""
        self._dead = dead
        self._leading = leading
        self._most = FEW + CALLS * (ttl + settings.connect_timeout + settings.read_timeout)
        self._seen = -1
        self._still = 0

    def trouble(self) -> str:
        """Why the loop cannot go on; "" while it can."""
        dead = sorted(thread.name for thread in self._dead())
        if dead:
            return f"threads that never end by themselves have ended: {', '.join(dead)}"
        moved = self._leading.moved
        self._still = self._still + 1 if moved == self._seen else 0
        self._seen = moved
        return f"the round about leases stands still for {self._still} s" if self._still > self._most else ""
