"""An end of one pass that is not the end of the loop."""

from __future__ import annotations

import threading


class Halt(threading.Event):
    """Set by itself or with ``whole``; setting it leaves ``whole`` alone: a pass whose journal failed ends, the loop goes on."""

    def __init__(self, whole: threading.Event) -> None:
        super().__init__()
        self._whole = whole

    def is_set(self) -> bool:
        """Whether this pass, or the loop, is to end."""
        return self._whole.is_set() or super().is_set()

    @property
    def broke(self) -> bool:
        """Whether this pass was ended by something of ours, such as a journal that could not be written."""
        return super().is_set()
