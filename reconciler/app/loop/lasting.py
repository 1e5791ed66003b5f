"""What lives as long as the loop, kept from the garbage collector: it would walk the whole fleet again and again, and find nothing."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.app.loop.memory import Memory


class Lasting:
    """Sets aside what there is once the text was read, and once the fleet was first judged. Twice in a run: later garbage is found."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._text = self._fleet = False

    def attend(self) -> None:
        """To be called now and then. What was set aside goes as before when nothing refers to it."""
        text, fleet = self._memory.desired is not None, self._memory.every is not None
        if (text, fleet) != (self._text, self._fleet):
            self._text, self._fleet = text, fleet
            gc.freeze()
