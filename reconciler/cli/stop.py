"""Ctrl-C and SIGTERM while an apply runs: the first stops between two steps, the second leaves at once."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from reconciler.cli.exits import Exit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Audience(Protocol):
    """Who hears that the work is going to stop."""

    def note(self, text: str) -> None:
        """Take one line, in any thread."""

    def leave(self) -> None:
        """Give the terminal back at once."""


@contextmanager
def stoppable(audience: Audience) -> Iterator[threading.Event]:
    """An event that is set by the first signal. The handlers of before are back afterwards."""
    stop = threading.Event()

    def heard(_number: int, _frame: FrameType | None) -> None:
        if stop.is_set():
            audience.leave()
            # Threads are inside calls; intents without an outcome are settled by the next apply.
            os._exit(Exit.FAILED)
        stop.set()
        # A handler runs between two instructions of the main thread, which may hold the very lock that writing needs.
        text = "stopping after the calls under way; once more to leave at once"
        threading.Thread(target=audience.note, args=(text,), daemon=True).start()

    before = {number: signal.signal(number, heard) for number in SIGNALS}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
