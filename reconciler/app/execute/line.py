"""The queue of one pool: who gets which cell next. In memory, bounded, fair between owners; nobody is in it longer than they accept.

Who waits is given a cell of their own that comes free, or a warm one; those go to the owners in turn. To start a runner takes longer than
most programs do, so an owner whose own cell is likely to be free sooner waits for that first.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

from reconciler.app.execute.forecast import Crowd, Forecast
from reconciler.app.execute.kept import Kept
from reconciler.app.execute.place import Given, Place
from reconciler.app.execute.refusals import at_the_door, too_late
from reconciler.app.execute.taken import Taken
from reconciler.app.execute.waiting import Waiting
from reconciler.model.execute import Reuse, Traffic
from reconciler.policy.admission import turned_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.app.execute.seats import Seat
    from reconciler.errors import Overloaded
    from reconciler.model.execute import Cell
    from reconciler.policy.admission import Turned
    from reconciler.policy.serving import Offer

PATIENT = 2.0
"""Who waits for an own cell though others are warm takes one of those after so many times as long as its runner takes to start."""
LOW = 4
"""One warm cell for so many of the pool, and one in any case: fewer are few."""


class Line:
    """Safe for threads. ``offer`` is the pool as it is declared; ``traffic`` what went on in it lately, by all processes."""

    def __init__(self, offer: Offer, wanting: Callable[[], None]) -> None:
        """``wanting`` is called where warm cells are few."""
        self.offer = offer
        self.traffic = Traffic()
        self._wanting = wanting
        self._lock = threading.Lock()
        self._free: deque[Cell] = deque()
        self._kept = Kept()
        self._taken = Taken()
        self._waiting = Waiting()
        self._forecast = Forecast()

    def enter(self, owner: str, accepts: float) -> Place:
        """A place in the line, with something given already where something is there. Raises ``Overloaded`` (C10, C11)."""
        place = Place(owner)
        with self._lock:
            given = self._next(owner, place)
            refused = None if given else self._turned_away(owner, accepts)
            if refused and place.patience and not self._taken.starting(owner) and self._forecast.start <= accepts:
                # Its own would be sooner as a rule, and too late in the worst case; a runner begins in time. One at once: many that
                # begin together slow down everybody.
                given, place.patience = Given(cell=self._free.popleft()), 0.0
            if given is not None:
                self._taken.hand(place, given)
                place.hit = True
            elif refused is None:
                self._waiting.add(place)
            few = self._few()
        if few:
            self._wanting()
        if given is None and refused is not None:
            raise at_the_door(refused)
        return place

    def again(self, place: Place) -> Place:
        """Another place, before all others of its owner: what it had been given was not to be had."""
        other = Place(place.owner)
        with self._lock:
            self._taken.over(place)
            given = self._next(place.owner, other)
            if given is None:
                self._waiting.put_first(other)
            else:
                self._taken.hand(other, given)
        self._wanting()
        return other

    def press(self, place: Place) -> None:
        """It waited long enough for an own cell: any will do from here on."""
        with self._lock:
            place.patience = 0.0
            if place.given is None and self._free:
                self._waiting.out(place)
                self._taken.hand(place, Given(cell=self._free.popleft()))
            none = place.given is None
        if none:
            # There were warm cells when it came, so that nobody was told.
            self._wanting()

    def leave(self, place: Place) -> Given | None:
        """Its patience is over, or its run will not be. What it had been given at the last moment, which it has to take or give back."""
        with self._lock:
            if place.given is None:
                self._waiting.out(place)
            return place.given

    def too_late(self) -> Overloaded:
        """What somebody is told whose patience is over."""
        return too_late(self._forecast.service)

    def back(self, place: Place, seat: Seat, seconds: float, *, kept: bool) -> None:
        """A run is over after so many ``seconds``, 0 where there was none: its seat waits for the next of its owner, or is gone."""
        with self._lock:
            if seconds:
                self._forecast.ended(seconds)
            self._taken.over(place)
            if kept:
                self._seat(seat)

    def started(self, place: Place, seconds: float) -> None:
        """A runner began in the cell that it was given."""
        with self._lock:
            self._forecast.started(seconds)
            self._taken.begun(place)

    def rise(self, place: Place) -> None:
        """What it was given is gone, with no run in it."""
        with self._lock:
            self._taken.over(place)

    def keep(self, seats: Iterable[Seat]) -> None:
        """Seats that another process of ours left behind for their owners."""
        with self._lock:
            for seat in seats:
                self._seat(seat)

    def drop(self, unfit: Callable[[Seat], bool]) -> list[Seat]:
        """Take out every seat that waits and is not fit any more."""
        with self._lock:
            return self._kept.drop(unfit)

    def seats(self) -> frozenset[str]:
        """Uuids of the cells that wait for their owners."""
        with self._lock:
            return self._kept.cells()

    def stock(self, cells: Iterable[Cell]) -> None:
        """These are warm, and no others. Whoever waits is given them, one owner after another."""
        with self._lock:
            self._free = deque(cells)
            while self._free and (place := self._waiting.turn()) is not None:
                self._waiting.out(place)
                self._waiting.pass_on(place.owner)
                self._taken.hand(place, Given(cell=self._free.popleft()))

    def wants(self, *, asked_lately: bool) -> bool:
        """Whether more warm cells would be of use: somebody waits, or there are few and somebody came not long ago."""
        with self._lock:
            return self._waiting.turn() is not None or (asked_lately and self._few())

    def _next(self, owner: str, place: Place) -> Given | None:
        seat = self._kept.take(owner)
        if seat is not None:
            return Given(seat=seat)
        if not self._free:
            return None
        if self._own_is_sooner(owner):
            place.patience = PATIENT * self._forecast.start
            return None
        return Given(cell=self._free.popleft())

    def _own_is_sooner(self, owner: str) -> bool:
        busy = self._taken.of(owner) if self.offer.terms.reuse is Reuse.OWNER else 0
        return self._forecast.own_is_sooner(self._waiting.of(owner), busy)

    def _seat(self, seat: Seat) -> None:
        place = self._waiting.first(seat.claim.owner)
        if place is None:
            self._kept.put(seat)
        else:
            self._waiting.out(place)
            self._taken.hand(place, Given(seat=seat))

    def _few(self) -> bool:
        return len(self._free) < max(1, self.offer.cells // LOW) or self._waiting.turn() is not None

    def _turned_away(self, owner: str, accepts: float) -> Turned | None:
        crowd = Crowd(len(self._waiting), self._waiting.of(owner), self._taken.of(owner), self._taken.starting(owner))
        return turned_away(self._forecast.admission(crowd, accepts, self.offer, self.traffic))
