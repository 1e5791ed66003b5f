"""Who waits in one pool: the runs of each owner in their order, and the owners in turn."""

from __future__ import annotations

from collections import OrderedDict, deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.app.execute.place import Place


class Waiting:
    """Not safe for threads: to be used under the lock of its line."""

    def __init__(self) -> None:
        self._owners: OrderedDict[str, deque[Place]] = OrderedDict()

    def __len__(self) -> int:
        """How many wait in all."""
        return sum(map(len, self._owners.values()))

    def of(self, owner: str) -> int:
        """How many runs of one owner wait."""
        return len(self._owners.get(owner, ()))

    def add(self, place: Place) -> None:
        """It waits behind all others of its owner."""
        self._owners.setdefault(place.owner, deque()).append(place)

    def put_first(self, place: Place) -> None:
        """It waits before all others of its owner."""
        self._owners.setdefault(place.owner, deque()).appendleft(place)

    def out(self, place: Place) -> None:
        """It waits no longer. Raises ``ValueError`` where it did not."""
        line = self._owners.get(place.owner, deque())
        line.remove(place)
        if not line:
            self._owners.pop(place.owner, None)

    def first(self, owner: str) -> Place | None:
        """The next of one owner; None where it has none that waits."""
        line = self._owners.get(owner)
        return line[0] if line else None

    def turn(self) -> Place | None:
        """The next of whoever waits for a warm cell; None where nobody does."""
        return next((line[0] for line in self._owners.values() if not line[0].patience), None)

    def pass_on(self, owner: str) -> None:
        """This owner was served: all others come before its next one."""
        if owner in self._owners:
            self._owners.move_to_end(owner)
