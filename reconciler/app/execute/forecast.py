"""How long the runs of one pool take, learned from those that ended, and by that whether one more would begin in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from reconciler.model.execute import Reuse
from reconciler.policy.admission import Admission, Load

if TYPE_CHECKING:
    from reconciler.model.execute import Traffic
    from reconciler.policy.serving import Offer

GUESS = 1.0
"""Seconds that a run is taken to need until the first one has ended."""
START = 0.5
"""Seconds that a cell is taken to need for its first runner, until one has begun."""
WEIGHT = 0.1
"""Of the last one in a mean."""
WIDE = 2.0
"""So many times the deviation from the mean is added where somebody is let in: few shall wait in vain."""
LEAST_SHARE = 8
SHARE = 4
"""For each cell of a pool so many runs of one owner may wait, and ``LEAST_SHARE`` in any case."""


class Crowd(NamedTuple):
    """Before somebody who comes: runs of all owners that wait, and of the same one those that wait or have a cell."""

    ahead: int
    owned: int
    busy: int
    starting: int
    """Of those that have a cell, the ones whose runner has not begun."""


class Forecast:
    """Not safe for threads: to be used under the lock of its line. Times are seconds."""

    def __init__(self) -> None:
        self._mean = self._deviation = 0.0
        self.start = START
        """In which a runner is likely to begin in a cell that nobody had."""

    @property
    def service(self) -> float:
        """That a run is likely to have its cell for."""
        return self._mean or GUESS

    def ended(self, seconds: float) -> None:
        """A run took so long."""
        if self._mean:
            self._deviation += WEIGHT * (abs(seconds - self._mean) - self._deviation)
            self._mean += WEIGHT * (seconds - self._mean)
        else:
            self._mean = seconds

    def started(self, seconds: float) -> None:
        """A runner took so long to begin in a cell that nobody had."""
        self.start += WEIGHT * (seconds - self.start)

    def own_is_sooner(self, owned: int, busy: int) -> bool:
        """Whether one of its owner's ``busy`` cells is likely to come free before a runner begins, ``owned`` runs being ahead."""
        return busy > 0 and (owned + 1) * self.service / busy < self.start

    def admission(self, crowd: Crowd, accepts: float, offer: Offer, traffic: Traffic) -> Admission:
        """By the better of two ways to a cell: one of its own that comes free, or one that is made anew."""
        share, owned = max(LEAST_SHARE, SHARE * offer.cells), crowd.owned
        again = offer.terms.reuse is Reuse.OWNER
        if again and crowd.busy:
            # Those ahead count twice: what slows one of them down slows all of them.
            service = (self.service + WIDE * self._deviation) * (2 * owned + 1) / (owned + 1)
            serving = crowd.busy - crowd.starting
            if not serving:
                serving, service = crowd.busy, service + self.start * crowd.busy / (owned + 1)
            return Admission(Load(0, serving, owned, service), accepts, owned, share)
        held = traffic.held if again else self.service
        cells = offer.cells if traffic.refill else 0
        return Admission(Load(0, cells, crowd.ahead, held, traffic.refill), accepts, owned, share)
