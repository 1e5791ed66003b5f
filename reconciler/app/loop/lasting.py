"""What the loop holds of the machine's memory: what lives as long as it does, and what nothing uses any more.

The garbage collector would walk the whole fleet again and again, and find nothing; the C library would keep what was given back to it.
"""

from __future__ import annotations

import gc
import time
from typing import TYPE_CHECKING

from reconciler.app.heap import give_back

if TYPE_CHECKING:
    from reconciler.app.loop.memory import Memory

EVERY = 60.0
"""Seconds between two times that what nothing uses goes back to the system."""


class Lasting:
    """Sets aside what there is once the text was read, and once the fleet was first judged. Twice in a run: later garbage is found."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._text = self._fleet = False
        self._next = time.monotonic() + EVERY

    def attend(self) -> None:
        """To be called now and then. What was set aside goes as before when nothing refers to it."""
        text, fleet = self._memory.desired is not None, self._memory.every is not None
        if (text, fleet) != (self._text, self._fleet):
            self._text, self._fleet = text, fleet
            gc.freeze()
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + EVERY
            give_back()
