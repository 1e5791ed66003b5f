"""One decision for all that ask while another is being made: what began after a worker's look was kept holds for that worker too."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.loop.decision import Decision

    Make = Callable[[frozenset[str]], Decision | None]
    """Decide for the workers of these hosts; None where nothing can be decided yet."""


class Round:
    """Those who are served by one decision."""

    def __init__(self) -> None:
        self.hosts: set[str] = set()
        self.decision: Decision | None = None
        self.made = False


class Decider:
    """Safe for threads. At most one decision is being made; who asks meanwhile waits for it and shares the next."""

    def __init__(self, make: Make) -> None:
        self._make = make
        self._next = Round()
        self._busy = False
        self._changed = threading.Condition()

    def ask(self, host: str) -> Decision | None:
        """A decision that began after this call did, for the worker of ``host`` and whoever asks with it.

        Raises what ``make`` raises. An error is of the one worker that decided: the others of its round try by themselves.
        """
        with self._changed:
            mine = self._next
            mine.hosts.add(host)
            self._changed.wait_for(lambda: mine.made or not self._busy)
            if mine.made:
                return mine.decision
            self._busy = True
            if self._next is mine:
                self._next = Round()
        try:
            mine.decision = self._make(frozenset(mine.hosts))
            mine.made = True
        finally:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
        return mine.decision
