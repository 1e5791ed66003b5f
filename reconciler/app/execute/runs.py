"""The runs of this process: let in, carried to what comes of them, and waited for at its end."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.execute.refusals import at_the_door
from reconciler.app.execute.run import Run, nothing
from reconciler.app.execute.seating import Seating
from reconciler.app.execute.seats import doubts_of
from reconciler.errors import HostError, NoResult, Overloaded, UsageError
from reconciler.model.execute import Ask
from reconciler.model.resources import NetworkMode
from reconciler.policy.admission import no_memory
from reconciler.policy.wayout import proxy_environment

if TYPE_CHECKING:
    from reconciler.app.execute.line import Line
    from reconciler.app.execute.seats import Seat, Seats
    from reconciler.app.execute.tending import Tending
    from reconciler.model.run import RunRequest, RunResult

LOOK = 0.02
"""Seconds between two looks at whether all are over."""


class Runs:
    """Safe for threads: each run is carried by the thread that calls."""

    def __init__(self, seats: Seats, tending: Tending, most: int) -> None:
        """``most``: bytes that all may come to hold."""
        self._tending = tending
        self._seating = Seating(seats, tending.troubles)
        self._lock = threading.Lock()
        self._going = set[Run]()
        self._held, self._most = 0, most
        self._closing = False

    def enter(self, run: Run) -> None:
        """Let it into its line; from here on it is to be carried, or to leave. Raises ``Overloaded``."""
        self._count(run)
        try:
            run.move(run.line.enter(run.request.owner, run.request.accepts))
        except BaseException as error:
            run.over()
            if isinstance(error, Overloaded):
                # Who is refused wanted a cell as well: by this a pool grows.
                self._refused(run.line, 0.0, error)
            raise

    def leave(self, run: Run) -> None:
        """It will not be carried."""
        try:
            self._seating.leave(run)
        finally:
            run.over()

    def carry(self, run: Run) -> RunResult:
        """To its result. Raises ``Overloaded``, ``HostError``, ``StateError``, ``UsageError``, or ``NoResult`` where it never began."""
        if self._closing:
            run.end()
        seat = self._seated(run)
        queued = self._begin(run, seat)
        result = self._ran(run, seat)
        return replace(result, times=replace(result.times, queue=queued))

    def close(self, until: float) -> None:
        """End them all, and wait for that until then, by ``time.monotonic``. One that comes later is ended before it begins."""
        self._closing = True
        with self._lock:
            going = tuple(self._going)
        for run in going:
            run.end()
        while self._going and time.monotonic() < until:
            time.sleep(LOOK)

    def _count(self, run: Run) -> None:
        """Raises ``Overloaded`` (C14) where it and the others might hold too much."""
        with self._lock:
            turned = no_memory(self._held, run.size, self._most)
            if turned is None:
                self._held += run.size
                self._going.add(run)
                run.over = partial(self._over, run)
        if turned is not None:
            raise at_the_door(turned)

    def _over(self, run: Run) -> None:
        with self._lock:
            if run in self._going:
                self._going.remove(run)
                self._held -= run.size
                # Else the two would keep one another, and what was sent in.
                run.over = nothing

    def _seated(self, run: Run) -> Seat:
        try:
            return self._seating.sit(run)
        except Overloaded as error:
            # So did who waited in vain.
            self._refused(run.line, time.monotonic() - run.began, error)
            raise

    def _begin(self, run: Run, seat: Seat) -> float:
        """Tell that it has a cell: seconds until it had. Raises ``NoResult`` where it shall not begin, or what fails in telling."""
        goes_on = False
        try:
            queued = time.monotonic() - run.began
            if seat.claim.turn == 1:
                self._note(run.line, queued, hit=run.place.hit)
            goes_on = not run.ended and run.started()
        finally:
            if not goes_on:
                self._seating.back(run, seat, (), 0.0)
        if not goes_on:
            raise NoResult("it was cancelled before it began")
        return queued

    def _ran(self, run: Run, seat: Seat) -> RunResult:
        begun, link = time.monotonic(), seat.link
        doubts: tuple[str, ...] = ("its run was broken off",)
        try:
            if link is None:
                raise HostError("its cell has no runner")
            result = link.run(self._outward(run.request, seat.claim.cell.host), run.language, run.heard, lambda: run.ended)
            doubts = doubts_of(result)
        except UsageError:
            # No runner would take it, and nothing of it was said to this one.
            doubts = ()
            raise
        finally:
            self._seating.back(run, seat, doubts, time.monotonic() - begun)
        return result

    def _outward(self, request: RunRequest, host: str) -> RunRequest:
        """The request with what its program has to know of the way out; what the caller said about that counts."""
        if request.network is not NetworkMode.SEMITRUSTED:
            return request
        subnets = (item.subnet for item in self._tending.stock.ground.desired.hosts if item.name == host)
        told = {name: value for subnet in subnets for name, value in proxy_environment(request.network, subnet).items()}
        return replace(request, environment=tuple({**told, **dict(request.environment)}.items()))

    def _refused(self, line: Line, waited: float, error: Overloaded) -> None:
        """Note it, and say what fails beside the runs as well, for by that there may be no cells."""
        self._note(line, waited, hit=False)
        trouble = self._tending.troubles.last
        if trouble:
            error.message += f"; what fails beside the runs: {trouble}"
            error.args = (error.message,)

    def _note(self, line: Line, waited: float, *, hit: bool) -> None:
        self._tending.asks.append(Ask(line.offer.pool, now().timestamp(), hit, waited))
