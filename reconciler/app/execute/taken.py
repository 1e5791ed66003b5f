"""Cells that owners have: those that they run in, and of these the ones whose runner has not begun."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.app.execute.place import Given, Place


class Taken:
    """Not safe for threads: to be used under the lock of its line."""

    def __init__(self) -> None:
        self._busy: Counter[str] = Counter()
        self._starting: Counter[str] = Counter()

    def of(self, owner: str) -> int:
        """How many cells an owner has."""
        return self._busy[owner]

    def starting(self, owner: str) -> int:
        """In how many of them the runner has not begun."""
        return self._starting[owner]

    def hand(self, place: Place, given: Given) -> None:
        """Whoever waits in ``place`` has it from here on."""
        self._busy[place.owner] += 1
        if given.cell is not None:
            place.starting = True
            self._starting[place.owner] += 1
        place.give(given)

    def begun(self, place: Place) -> None:
        """A runner is in the cell that was given there."""
        if place.starting:
            place.starting = False
            _less(self._starting, place.owner)

    def over(self, place: Place) -> None:
        """What was given there is not used any more."""
        self.begun(place)
        _less(self._busy, place.owner)


def _less(counted: Counter[str], owner: str) -> None:
    counted[owner] -= 1
    if not counted[owner]:
        del counted[owner]
