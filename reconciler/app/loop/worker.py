"""One thread a host: waits for a wake, makes a pass, and goes on whatever happened in it."""

from __future__ import annotations

import random
import threading
import time
from typing import TYPE_CHECKING

from reconciler.app.loop.hostpass import HostPass
from reconciler.app.loop.wakes import Mailbox
from reconciler.app.shortage import shortage_of
from reconciler.errors import Defect, StateError, UnsandboxError
from reconciler.policy.backoff import delay

if TYPE_CHECKING:
    from reconciler.app.loop.hostpass import Shared
    from reconciler.model.resources import Host

LONGEST = 60.0
"""Seconds after a pass that failed until the next, at most."""


class Worker(threading.Thread):
    """The worker of one host."""

    def __init__(self, host: Host, shared: Shared, before: Worker | None = None) -> None:
        """``before`` worked on the host until now: it is waited for, as two on one host would begin the same."""
        super().__init__(name=f"host-{host.name}", daemon=True)
        self.host = host
        self.wakes = Mailbox()
        self._shared = shared
        self._parted = threading.Event()
        self._pass = HostPass(host, shared, self.wakes.pending, self._parted)
        self._failures = 0
        self._before = before

    def run(self) -> None:
        """Pass after pass, until closed."""
        if self._before is not None:
            self._before.join()
            self._before = None
            # What it saw last may be of where the host was before.
            self._shared.memory.views.pop(self.host.name, None)
        while whys := self.wakes.wait():
            if self._shared.stop.is_set():
                return
            began = time.monotonic()
            try:
                with self._shared.book.passing():
                    self._pass.run(whys)
                self._failures = 0
            except UnsandboxError as error:
                self._failed(error, began)
            except Exception as error:  # noqa: BLE001 - a defect in one pass must not end the loop, nor be kept quiet
                self._failed(shortage_of(error) or Defect(f"a pass broke: {_place(error)}"), began)

    def _failed(self, error: UnsandboxError, began: float) -> None:
        self._failures += 1
        self._shared.telemetry.pass_failed(self._pass.pass_id, self.host.name, error, time.monotonic() - began)
        if isinstance(error, StateError):
            self._shared.book.mend()
        self.wakes.wake("the last pass failed", delay(self._failures, random.random(), cap=LONGEST))  # noqa: S311 - a jitter, no secret

    @property
    def acts(self) -> bool:
        """Whether the pass under way is at what must come to its end, rather than at a look."""
        return self.is_alive() and self._pass.acts

    def part(self) -> None:
        """End after the call under way: the host is not ours any more, or is reached otherwise, and the rest of the plan was for before."""
        self._parted.set()
        self.close()

    def close(self) -> None:
        """End after the pass under way."""
        self.wakes.close()


def _place(error: Exception) -> str:
    """Type and innermost place of an error; never its message, which may hold what a manifest keeps secret."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
