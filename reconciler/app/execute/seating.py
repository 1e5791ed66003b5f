"""From a place in the line to a seat in a cell, and back. What was given is taken or given back, whatever is raised."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from reconciler.app.execute.link import PACE
from reconciler.errors import Conflict, HostError, NoResult, NotFound, Refused, StateError
from reconciler.policy.admission import patience

if TYPE_CHECKING:
    from reconciler.app.execute.place import Given
    from reconciler.app.execute.run import Run
    from reconciler.app.execute.seats import Seat, Seats
    from reconciler.app.execute.troubles import Troubles
    from reconciler.errors import UnsandboxError

TRIES = 4
"""Cells that are tried for one run: each that fails is spent."""
LOST = (Conflict, NotFound, Refused)
"""Of one cell, which is another than it was; the next may do."""


class Seating:
    """Safe for threads; one run is seated by one thread."""

    def __init__(self, seats: Seats, troubles: Troubles) -> None:
        self._seats = seats
        self._troubles = troubles

    def sit(self, run: Run) -> Seat:
        """A cell with a runner in it.

        Raises ``Overloaded`` (C10) once patience is over, ``NoResult`` where somebody asked for its end before, or what the last of several
        cells raised.
        """
        line, end = run.line, run.began + patience(run.request.accepts)
        failed: list[HostError | Refused] = []
        while True:
            given = self._given(run, end)
            if given is None:
                raise _why_none(run, failed)
            try:
                seat = self._taken(given, run)
            except (HostError, Refused) as error:
                failed.append(error)
                seat = None
            except BaseException:
                line.rise(run.place)
                raise
            if seat is not None:
                return seat
            if len(failed) == TRIES:
                line.rise(run.place)
                raise failed[-1]
            # Somebody else was quicker, or it was not what it had been.
            run.move(line.again(run.place))

    def leave(self, run: Run) -> None:
        """It will not sit down. A cell that it was given and that nobody claimed is found again by the next look."""
        given = run.line.leave(run.place)
        if given is not None:
            run.line.rise(run.place)
            if given.seat is not None:
                run.line.keep((given.seat,))

    def back(self, run: Run, seat: Seat, doubts: tuple[str, ...], seconds: float) -> None:
        """The run is over after so many ``seconds``, 0 where there was none."""
        kept = False
        try:
            kept = self._seats.back(seat, doubts)
        except StateError as error:
            # What came of the run is had, whatever becomes of its cell.
            self._troubles.add("back", error)
        else:
            self._troubles.over("back")
        finally:
            run.line.back(run.place, seat, seconds, kept=kept)

    def _given(self, run: Run, end: float) -> Given | None:
        """What its place is given; None where that is nothing, and then it has left the line."""
        line, place = run.line, run.place
        try:
            if place.patience:
                place.wait(min(place.patience, end - time.monotonic()))
                if not run.ended:
                    line.press(place)
            place.wait(end - time.monotonic())
        except BaseException:
            self.leave(run)
            raise
        return place.given or line.leave(place)

    def _taken(self, given: Given, run: Run) -> Seat | None:
        request, line, language = run.request, run.line, run.language.name
        if given.seat is not None:
            given.seat.terms = line.offer.terms
            return given.seat if self._seats.again(given.seat, request.owner, _lasts(run), language) else None
        if given.cell is None:
            return None
        begun = time.monotonic()
        seat = self._seats.fresh(given.cell, request.owner, line.offer.terms, _lasts(run), language)
        if seat is not None:
            line.started(run.place, time.monotonic() - begun)
        return seat


def _why_none(run: Run, failed: list[HostError | Refused]) -> UnsandboxError:
    if run.ended:
        return NoResult("it was cancelled before it began")
    return next((error for error in reversed(failed) if not isinstance(error, LOST)), None) or run.line.too_late()


def _lasts(run: Run) -> float:
    """Seconds that it may take at most: its own, and those in which a slow host takes what it is given."""
    return run.request.seconds + run.sent / PACE
