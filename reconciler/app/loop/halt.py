"""An end of one pass that is not the end of the loop."""

from __future__ import annotations

import threading


class Halt(threading.Event):
    """Set by itself or with any of ``others``; setting it leaves those alone: a pass whose journal failed ends, the loop goes on."""

    def __init__(self, *others: threading.Event) -> None:
        super().__init__()
        self._others = others

    def is_set(self) -> bool:
        """Whether this pass, or what it is a part of, is to end."""
        return any(other.is_set() for other in self._others) or super().is_set()

    @property
    def broke(self) -> bool:
        """Whether this pass was ended by something of ours, such as a journal that could not be written."""
        return super().is_set()
