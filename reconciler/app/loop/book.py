"""The journal of a process that never ends: cut now and then, and begun anew where its file was lost under our hands."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.standing import OF_THE_FLEET
from reconciler.engine.refuse.observation import MAX_SKEW
from reconciler.errors import StateError
from reconciler.store.retention import There, there

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.app.loop.memory import Memory
    from reconciler.app.telemetry import Telemetry
    from reconciler.store.journal import Journal
    from reconciler.store.retention import Keep


class Book:
    """Safe for threads."""

    def __init__(self, journal: Journal, memory: Memory, telemetry: Telemetry, keep: Keep) -> None:
        self._journal = journal
        self._memory = memory
        self._telemetry = telemetry
        self._keep = keep
        self.begun = 0
        """Journals that were begun anew in the place of a lost one."""
        self._passes = 0
        self._mending = False
        self._changed = threading.Condition()

    @contextmanager
    def passing(self) -> Iterator[None]:
        """A pass goes on inside the block: it began and ends with one and the same journal, which is there as it begins."""
        self.mend()
        with self._changed:
            self._changed.wait_for(lambda: not self._mending)
            self._passes += 1
        try:
            yield
        finally:
            with self._changed:
                self._passes -= 1
                self._changed.notify_all()

    def lost(self) -> bool:
        """Whether the file that is used is no longer the one at its path."""
        return self._journal.lost()

    def mend(self) -> None:
        """Where the file was lost, begin another once every pass has ended; decisions are as strict then as after any lost journal.

        A pass that decided by the lost one would certify into the other, and hide that it was lost. Not to be called within a pass.
        """
        with self._changed:
            if self._mending or not self._journal.lost():
                return
            self._mending = True
            self._changed.wait_for(lambda: self._passes == 0)
        try:
            self._journal.reopen()
            self.begun += 1
            self._telemetry.note("journal-lost", "", "another was begun; history is lost, containers are not")
        except StateError as error:
            self._telemetry.note("journal-lost", "", error.message)
        finally:
            with self._changed:
                self._mending = False
                self._changed.notify_all()

    def cut(self) -> None:
        """Let go of what is old and no decision asks for; of nothing where our clock jumped."""
        at = now()
        if abs(self._memory.steady.jumped(at)) > MAX_SKEW:
            return
        try:
            cut = self._journal.cut(at, self._keep, exists=self._exists())
        except StateError as error:
            self._telemetry.note("journal-cut", "", error.message)
            return
        if cut.entries or cut.rows:
            self._telemetry.note("journal-cut", "", f"{cut.entries} entries and {cut.rows} rows")

    def _exists(self) -> There | None:
        """What there is, where the last passes doubted none of it."""
        desired, memory = self._memory.desired, self._memory
        if desired is None or memory.unknown(desired) or any(not OF_THE_FLEET.isdisjoint(codes) for codes in list(memory.refused.values())):
            return None
        return there(memory.observed(desired, now), desired)
