"""Seats that wait for the next run of their owners."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.execute.seats import Seat


class Kept:
    """Not safe for threads: to be used under the lock of its line."""

    def __init__(self) -> None:
        self._owners: dict[str, list[Seat]] = {}

    def put(self, seat: Seat) -> None:
        """It waits from here on."""
        self._owners.setdefault(seat.claim.owner, []).append(seat)

    def take(self, owner: str) -> Seat | None:
        """The one of this owner that was put last; None where it has none."""
        seats = self._owners.get(owner)
        if not seats:
            return None
        seat = seats.pop()
        if not seats:
            del self._owners[owner]
        return seat

    def drop(self, unfit: Callable[[Seat], bool]) -> list[Seat]:
        """Take out every one that is not fit any more."""
        gone = [seat for seats in self._owners.values() for seat in seats if unfit(seat)]
        for seat in gone:
            self._owners[seat.claim.owner].remove(seat)
        self._owners = {owner: seats for owner, seats in self._owners.items() if seats}
        return gone

    def cells(self) -> frozenset[str]:
        """Uuids of their cells."""
        return frozenset(seat.claim.cell.uuid for seats in self._owners.values() for seat in seats)
