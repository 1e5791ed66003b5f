"""The queue of one pool: who gets which cell next. In memory, bounded, fair between owners; nobody is in it longer than they accept.

Who waits is given a cell of their own that comes free, or a warm one; those go to the owners in turn. To start a runner takes longer than
most programs do, so an owner whose own cell is likely to be free sooner waits for that first.
"""

from __future__ import annotations

import threading
from collections import Counter, OrderedDict, deque
from typing import TYPE_CHECKING, NamedTuple

from reconciler.errors import Overloaded
from reconciler.model.execute import Reuse, Traffic
from reconciler.policy.admission import ADMISSION_RULES, Admission, Load, turned_away

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.app.execute.seats import Seat
    from reconciler.model.execute import Cell
    from reconciler.policy.serving import Offer

GUESS = 1.0
"""Seconds that a run is taken to need until the first one has ended."""
START = 0.5
"""Seconds that a cell is taken to need for its first runner, until one has begun."""
WEIGHT = 0.1
"""Of the last one in a mean."""
WIDE = 2.0
"""So many times the deviation from the mean is added where somebody is let in: few shall wait in vain."""
PATIENT = 2.0
"""Who waits for an own cell though others are warm takes one of those after so many times as long as its runner takes to start."""
LEAST_SHARE = 8
SHARE = 4
"""For each cell of a pool so many runs of one owner may wait, and ``LEAST_SHARE`` in any case."""
LOW = 4
"""One warm cell for so many of the pool, and one in any case: fewer are few."""


class Given(NamedTuple):
    """What somebody who asked has: a seat to sit down in again, or a cell that nobody had."""

    seat: Seat | None = None
    cell: Cell | None = None


class Place:
    """One run's place in the line."""

    def __init__(self, owner: str) -> None:
        self.owner = owner
        self.given: Given | None = None
        self.patience = 0.0
        """Seconds for which it waits for an own cell alone."""
        self.hit = False
        """Whether what it was given was there when it came."""
        self._bell = threading.Lock()
        self._bell.acquire()

    def give(self, given: Given) -> None:
        """To be called once, under the lock of the line."""
        self.given = given
        self._bell.release()

    def wait(self, seconds: float) -> None:
        """Until something is given, for at most so long."""
        if self.given is None:
            self._bell.acquire(timeout=max(0.0, seconds))


class Line:
    """Safe for threads. ``offer`` is the pool as it is declared; ``traffic`` what went on in it lately, by all processes."""

    def __init__(self, offer: Offer, wanting: Callable[[], None]) -> None:
        """``wanting`` is called where warm cells are few."""
        self.offer = offer
        self.traffic = Traffic()
        self._wanting = wanting
        self._lock = threading.Lock()
        self._free: deque[Cell] = deque()
        self._idle: dict[str, list[Seat]] = {}
        self._busy: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[Place]] = OrderedDict()
        self._mean = self._deviation = 0.0
        self._start = START

    def enter(self, owner: str, accepts: float) -> Place:
        """A place in the line, with something given already where something is there. Raises ``Overloaded`` (C10, C11)."""
        place = Place(owner)
        with self._lock:
            given = self._next(owner, place)
            refused = None if given else turned_away(self._admission(owner, accepts))
            if refused and place.patience and self._start <= accepts:
                # Its own would be sooner as a rule, and too late in the worst case; a runner begins in time.
                given, place.patience = Given(cell=self._free.popleft()), 0.0
            if given is not None:
                self._hand(place, given)
                place.hit = True
            elif refused is None:
                self._waiting.setdefault(owner, deque()).append(place)
            few = self._few()
        if few:
            self._wanting()
        if given is None and refused is not None:
            told = "; ".join(f"{name}: {value}" for name, value in refused.no.evidence)
            raise Overloaded(f"{refused.no.cause} ({told})", hint=refused.no.unblock, rule=refused.code, retry=refused.retry)
        return place

    def again(self, place: Place) -> Place:
        """Another place, before all others of its owner: what it had been given was not to be had."""
        other = Place(place.owner)
        with self._lock:
            self._rise(place.owner)
            given = self._next(place.owner, other)
            if given is None:
                self._waiting.setdefault(place.owner, deque()).appendleft(other)
            else:
                self._hand(other, given)
        self._wanting()
        return other

    def press(self, place: Place) -> None:
        """It waited long enough for an own cell: any will do from here on."""
        with self._lock:
            place.patience = 0.0
            if place.given is None and self._free:
                self._out(place)
                self._hand(place, Given(cell=self._free.popleft()))
            none = place.given is None
        if none:
            # There were warm cells when it came, so that nobody was told.
            self._wanting()

    def leave(self, place: Place) -> Given | None:
        """Its patience is over, or its run will not be. What it had been given at the last moment, which it has to take or give back."""
        with self._lock:
            if place.given is None:
                self._out(place)
            return place.given

    def too_late(self) -> Overloaded:
        """What somebody is told whose patience is over."""
        rule = ADMISSION_RULES[0]
        return Overloaded("no cell came free within the time that its caller accepts", rule=rule.code, retry=max(1, round(self._service())))

    def back(self, seat: Seat, seconds: float, *, kept: bool) -> None:
        """A run is over after so many ``seconds``, 0 where there was none: its seat waits for the next of its owner, or is gone."""
        owner = seat.claim.owner
        with self._lock:
            if seconds:
                self._learn(seconds)
            self._rise(owner)
            if kept:
                self._seat(seat)

    def started(self, seconds: float) -> None:
        """A runner was sent to a cell that nobody had."""
        with self._lock:
            self._start += WEIGHT * (seconds - self._start)

    def rise(self, owner: str) -> None:
        """What was given is gone, with no run in it."""
        with self._lock:
            self._rise(owner)

    def keep(self, seats: Iterable[Seat]) -> None:
        """Seats that another process of ours left behind for their owners."""
        with self._lock:
            for seat in seats:
                self._seat(seat)

    def drop(self, unfit: Callable[[Seat], bool]) -> list[Seat]:
        """Take out every seat that waits and is not fit any more."""
        with self._lock:
            gone = [seat for seats in self._idle.values() for seat in seats if unfit(seat)]
            for seat in gone:
                self._idle[seat.claim.owner].remove(seat)
            self._idle = {owner: seats for owner, seats in self._idle.items() if seats}
        return gone

    def seats(self) -> frozenset[str]:
        """Uuids of the cells that wait for their owners."""
        with self._lock:
            return frozenset(seat.claim.cell.uuid for seats in self._idle.values() for seat in seats)

    def stock(self, cells: Iterable[Cell]) -> None:
        """These are warm, and no others. Whoever waits is given them, one owner after another."""
        with self._lock:
            self._free = deque(cells)
            while self._free and (owner := self._turn()):
                place = self._waiting[owner][0]
                self._out(place)
                if owner in self._waiting:
                    self._waiting.move_to_end(owner)
                self._hand(place, Given(cell=self._free.popleft()))

    def wants(self, *, asked_lately: bool) -> bool:
        """Whether more warm cells would be of use: somebody waits, or there are few and somebody came not long ago."""
        with self._lock:
            return bool(self._turn()) or (asked_lately and self._few())

    def _next(self, owner: str, place: Place) -> Given | None:
        seats = self._idle.get(owner)
        if seats:
            return Given(seat=seats.pop())
        if not self._free:
            return None
        if self._own_is_sooner(owner):
            place.patience = PATIENT * self._start
            return None
        return Given(cell=self._free.popleft())

    def _own_is_sooner(self, owner: str) -> bool:
        busy = self._busy[owner] if self.offer.terms.reuse is Reuse.OWNER else 0
        return busy > 0 and (len(self._waiting.get(owner, ())) + 1) * self._service() / busy < self._start

    def _turn(self) -> str:
        """The next owner who waits for a warm cell; "" where none does."""
        return next((owner for owner, line in self._waiting.items() if not line[0].patience), "")

    def _out(self, place: Place) -> None:
        line = self._waiting.get(place.owner, deque())
        line.remove(place)
        if not line:
            self._waiting.pop(place.owner, None)

    def _learn(self, seconds: float) -> None:
        if self._mean:
            self._deviation += WEIGHT * (abs(seconds - self._mean) - self._deviation)
            self._mean += WEIGHT * (seconds - self._mean)
        else:
            self._mean = seconds

    def _seat(self, seat: Seat) -> None:
        owner = seat.claim.owner
        line = self._waiting.get(owner)
        if not line:
            self._idle.setdefault(owner, []).append(seat)
            return
        place = line[0]
        self._out(place)
        self._hand(place, Given(seat=seat))

    def _hand(self, place: Place, given: Given) -> None:
        self._busy[place.owner] += 1
        place.give(given)

    def _rise(self, owner: str) -> None:
        self._busy[owner] -= 1
        if not self._busy[owner]:
            del self._busy[owner]
            if not self._idle.get(owner):
                self._idle.pop(owner, None)

    def _few(self) -> bool:
        return len(self._free) < max(1, self.offer.cells // LOW) or bool(self._turn())

    def _service(self) -> float:
        return self._mean or GUESS

    def _admission(self, owner: str, accepts: float) -> Admission:
        """By the better of two ways to a cell: one of its own that comes free, or one that is made anew."""
        owned, ahead = len(self._waiting.get(owner, ())), sum(map(len, self._waiting.values()))
        share = max(LEAST_SHARE, SHARE * self.offer.cells)
        again, traffic = self.offer.terms.reuse is Reuse.OWNER, self.traffic
        if again and self._busy[owner]:
            # Those ahead count twice: what slows one of them down slows all of them.
            service = (self._service() + WIDE * self._deviation) * (2 * owned + 1) / (owned + 1)
            return Admission(Load(0, self._busy[owner], owned, service), accepts, owned, share)
        held = traffic.held if again else self._service()
        cells = self.offer.cells if traffic.refill else 0
        return Admission(Load(0, cells, ahead, held, traffic.refill), accepts, owned, share)
