"""Writers that wait at the same time share one transaction: one of them commits for all.

Each write keeps its own entry in the chain and its own all or nothing: it is a savepoint, and one that fails takes no other down. Who
calls ``write`` gets control back only when its own write is on disk, or is known to have failed.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from reconciler.store.chain import Op

TOGETHER = 256
"""Writes in one transaction at most, so that nobody waits for an endless one."""


@dataclass(slots=True, eq=False)
class Write:
    """One write. ``decide`` is called inside the transaction, by whichever thread commits; it gives the operations, none for no write."""

    at: str
    kind: str
    decide: Callable[[], Sequence[Op]]
    after: Callable[[], None] | None = None
    """Called when its entry is in the chain, in the same transaction."""
    written: bool = False
    """Whether there were operations. Settled with ``error`` when ``woken``."""
    error: Exception | None = None
    leads: bool = False
    """It was woken to commit for those that wait, itself among them."""
    woken: threading.Event = field(default_factory=threading.Event)


class Group:
    """The queue of the writers of one file. ``commit`` carries a batch out and never raises but for an interruption."""

    def __init__(self, commit: Callable[[Sequence[Write]], None]) -> None:
        self._commit = commit
        self._mutex = threading.Lock()
        self._waiting: list[Write] = []
        self._led = False

    def write(self, write: Write) -> None:
        """Have ``write`` carried out, by this thread or another. Its ``error`` is for the caller to raise."""
        with self._mutex:
            self._waiting.append(write)
            write.leads = not self._led
            self._led = True
        if not write.leads:
            self._wait(write)
        if write.leads:
            self._lead()

    def _wait(self, write: Write) -> None:
        try:
            write.woken.wait()
        except BaseException:
            # Interrupted by a signal: what was not begun is not done, and nobody waits for one that went away.
            with self._mutex:
                if write in self._waiting:
                    self._waiting.remove(write)
                if write.leads:
                    self._pass_on()
            raise

    def _lead(self) -> None:
        with self._mutex:
            batch, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
        try:
            self._commit(batch)
        except BaseException as error:
            for write in batch:
                write.error = InterruptedError(f"the writer was interrupted: {error}")
            raise
        finally:
            for write in batch:
                write.woken.set()
            with self._mutex:
                self._pass_on()

    def _pass_on(self) -> None:
        """Called under the mutex, by who led: the first in the queue leads next."""
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].woken.set()
