"""Programs run in warm cells: the one object that a caller needs. It works over the state folder, whether a loop runs or not."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Self

from reconciler.app.clock import now
from reconciler.app.doors import Doors
from reconciler.app.execute.ground import read_ground
from reconciler.app.execute.jobs import Jobs
from reconciler.app.execute.link import PACE
from reconciler.app.execute.requests import check, owner_of
from reconciler.app.execute.seats import Seats, doubts_of
from reconciler.app.execute.spec import Room, check_disk
from reconciler.app.execute.tending import Tending
from reconciler.errors import Conflict, HostError, NoResult, NotFound, NotServed, Overloaded, Refused, StateError, UsageError
from reconciler.model.execute import Ask
from reconciler.model.resources import NetworkMode
from reconciler.policy.admission import patience
from reconciler.policy.wayout import proxy_environment
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from reconciler.app.execute.line import Line
    from reconciler.app.execute.place import Given, Place
    from reconciler.app.execute.seats import Seat
    from reconciler.app.execute.talk import Heard
    from reconciler.app.settings import Settings
    from reconciler.lxd.connect import Door
    from reconciler.model.execute import Job
    from reconciler.model.language import Language
    from reconciler.model.run import RunRequest, RunResult
    from reconciler.model.tenancy import Caller

TRIES = 4
"""Cells that are tried for one run: each that fails is spent."""
LOST = (Conflict, NotFound, Refused)
"""Of one cell, which is another than it was; the next may do."""
ENDING = 10.0
"""Seconds that jobs are given to end as the executor is closed."""


class Executor:
    """Safe for threads: each run is carried by the thread that asks for it."""

    def __init__(self, settings: Settings) -> None:
        """``open`` is how to get one that is ready."""
        ground = read_ground(settings)
        self._doors = Doors(settings)
        self._file = JobsFile(settings.state_dir / FILE_NAME)
        self._seats = Seats(self._file, settings.state_dir, self._door)
        self._jobs = Jobs(self._file, self._seats.holder)
        self._tending = Tending(settings, self._file, self._doors, self._seats, self._jobs, ground)
        self._closing = False

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """Read the repository, settle what an earlier process left, and look which cells are warm.

        Raises ``ManifestError``, ``GitError``, ``UsageError`` or ``StateError``. Hosts out of reach have no warm cells, and that is all.
        """
        made = cls(settings)
        try:
            made._tending.start()
        except BaseException:
            made.close()
            raise
        return made

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def owner(self, caller: Caller) -> str:
        """What stands for ``caller`` in a request. Raises ``Denied`` where it is not known who asks."""
        return owner_of(caller, self._tending.ground.desired)

    def run(self, request: RunRequest, heard: Heard | None = None) -> RunResult:
        """Run it and wait for its end. ``heard`` is told what it says as it says it.

        Raises ``UsageError``, ``UnknownLanguage``, ``UnavailableLanguage``, ``NotServed``, ``Overloaded``, ``HostError`` or ``StateError``.
        """
        began = time.monotonic()
        language, line = self._check(request)
        return self._carried(request, language, line, self._enter(request, line), began, heard=heard)

    def submit(self, request: RunRequest, key: str = "") -> Job:
        """Begin it and store what comes of it. With a ``key`` that its owner used before: the job of then, if the request is the same.

        Raises as ``run``, and ``NotServed`` (C18) where the key was used for another request.
        """
        began = time.monotonic()
        language, line = self._check(request)
        found = self._jobs.known(request, key)
        if found is not None:
            return found
        place = self._enter(request, line)

        def run(stop: Callable[[], bool], started: Callable[[], bool]) -> RunResult:
            return self._carried(request, language, line, place, began, stop=stop, started=started)

        taken = False
        try:
            job, taken = self._jobs.begin(request, language.name, key, run)
        finally:
            if not taken:
                self._give_back(line, line.leave(place), place.owner)
        return job

    def wait(self, id_: str, owner: str, seconds: float) -> Job | None:
        """The job once it ended, or as it is after so long; None where the owner has none of that id."""
        return self._jobs.wait(id_, owner, seconds)

    def cancel(self, id_: str, owner: str) -> bool:
        """Ask for a job's end. False where the owner has none of that id that goes on."""
        return self._jobs.cancel(id_, owner)

    def job(self, id_: str, owner: str) -> Job | None:
        """One job; None where the owner has none of that id."""
        return self._file.job(id_, owner)

    def jobs(self, owner: str, limit: int = 100) -> tuple[Job, ...]:
        """The owner's newest jobs, the newest first, without requests and results."""
        return self._file.jobs(owner, limit)

    def close(self) -> None:
        """End the jobs, and leave what is kept to whatever process comes next. Safe to call twice."""
        if self._closing:
            return
        self._closing = True
        self._jobs.close(ENDING)
        self._tending.close()
        self._seats.close()
        self._file.close()
        self._doors.__exit__(None, None, None)

    def _door(self, host: str) -> Door:
        found = next((item for item in self._tending.ground.desired.hosts if item.name == host), None)
        if found is None:
            raise HostError(f"{host} is not in the inventory any more", hint="unsandbox hosts")
        return self._doors.open(found)

    def _check(self, request: RunRequest) -> tuple[Language, Line]:
        check(request)
        tending = self._tending
        language = tending.ground.language(request)
        offer = tending.ground.offer(request, language)
        line = tending.lines.get(offer.pool)
        if line is None:
            raise NotServed(f"Pool/{offer.pool} is not declared any more", rule="C30")
        check_disk(request, Room.of(offer.memory, None))
        if request.network is NetworkMode.SEMITRUSTED and tending.shut is not None:
            tending.want()
            code, no = tending.shut
            raise NotServed(f"{no.cause} ({', '.join(f'{name}: {value}' for name, value in no.evidence)})", hint=no.unblock, rule=code)
        return language, line

    def _enter(self, request: RunRequest, line: Line) -> Place:
        try:
            return line.enter(request.owner, request.accepts)
        except Overloaded as error:
            # Who is refused wanted a cell as well: by this a pool grows.
            self._note(line, 0.0, hit=False)
            self._explain(error)
            raise

    def _explain(self, error: Overloaded) -> None:
        """Say what fails beside the runs as well, for by that there may be no cells."""
        trouble = self._tending.troubles.last
        if trouble:
            error.message += f"; what fails beside the runs: {trouble}"
            error.args = (error.message,)

    def _note(self, line: Line, waited: float, *, hit: bool) -> None:
        self._tending.asks.append(Ask(line.offer.pool, now().timestamp(), hit, waited))

    def _carried(  # noqa: PLR0913 - one run, and who hears of it
        self,
        request: RunRequest,
        language: Language,
        line: Line,
        place: Place,
        began: float,
        *,
        heard: Heard | None = None,
        stop: Callable[[], bool] | None = None,
        started: Callable[[], bool] | None = None,
    ) -> RunResult:
        try:
            seat = self._seated(request, language.name, line, place, began + patience(request.accepts))
        except Overloaded as error:
            # So did who waited in vain.
            self._note(line, time.monotonic() - began, hit=False)
            self._explain(error)
            raise
        queued = time.monotonic() - began
        if seat.claim.turn == 1:
            self._note(line, queued, hit=place.hit)
        goes_on = started is None
        try:
            goes_on = goes_on or (started is not None and started())
        finally:
            if not goes_on:
                self._return(line, seat, (), 0.0)
        if not goes_on:
            raise NoResult("it was cancelled before it began")
        return self._ran(request, language, line, seat, queued, heard, stop)

    def _ran(  # noqa: PLR0913, PLR0917 - as above
        self,
        request: RunRequest,
        language: Language,
        line: Line,
        seat: Seat,
        queued: float,
        heard: Heard | None,
        stop: Callable[[], bool] | None,
    ) -> RunResult:
        begun, link = time.monotonic(), seat.link
        doubts: tuple[str, ...] = ("its run was broken off",)
        try:
            if link is None:
                raise HostError("its cell has no runner")
            result = link.run(
                self._outward(request, seat.claim.cell.host), language, heard, lambda: self._closing or (stop is not None and stop())
            )
            doubts = doubts_of(result)
        except UsageError:
            # No runner would take it, and nothing of it was said to this one.
            doubts = ()
            raise
        finally:
            self._return(line, seat, doubts, time.monotonic() - begun)
        return replace(result, times=replace(result.times, queue=queued))

    def _outward(self, request: RunRequest, host: str) -> RunRequest:
        """The request with what its program has to know of the way out; what the caller said about that counts."""
        if request.network is not NetworkMode.SEMITRUSTED:
            return request
        subnets = (item.subnet for item in self._tending.ground.desired.hosts if item.name == host)
        told = {name: value for subnet in subnets for name, value in proxy_environment(request.network, subnet).items()}
        return replace(request, environment=tuple({**told, **dict(request.environment)}.items()))

    def _return(self, line: Line, seat: Seat, doubts: tuple[str, ...], seconds: float) -> None:
        kept = False
        try:
            kept = self._seats.back(seat, doubts)
        except StateError as error:
            # What came of the run is had, whatever becomes of its cell.
            self._tending.troubles.add("back", error)
        else:
            self._tending.troubles.over("back")
        finally:
            line.back(seat, seconds, kept=kept)

    def _seated(self, request: RunRequest, language: str, line: Line, place: Place, end: float) -> Seat:
        """A cell with a runner in it. Raises ``Overloaded`` (C10) once patience is over, or what the last of several cells raised."""
        failed: list[HostError | Refused] = []
        while True:
            given = self._given(line, place, end)
            if given is None:
                raise next((error for error in reversed(failed) if not isinstance(error, LOST)), None) or line.too_late()
            try:
                seat = self._taken(given, request, line, language)
            except (HostError, Refused) as error:
                failed.append(error)
                seat = None
            except BaseException:
                line.rise(place.owner)
                raise
            if seat is not None:
                return seat
            if len(failed) == TRIES:
                line.rise(place.owner)
                raise failed[-1]
            # Somebody else was quicker, or it was not what it had been.
            place = line.again(place)

    def _given(self, line: Line, place: Place, end: float) -> Given | None:
        try:
            if place.patience:
                place.wait(min(place.patience, end - time.monotonic()))
                line.press(place)
            place.wait(end - time.monotonic())
        except BaseException:
            self._give_back(line, line.leave(place), place.owner)
            raise
        return place.given or line.leave(place)

    def _taken(self, given: Given, request: RunRequest, line: Line, language: str) -> Seat | None:
        if given.seat is not None:
            given.seat.terms = line.offer.terms
            return given.seat if self._seats.again(given.seat, request.owner, _lasts(request), language) else None
        if given.cell is None:
            return None
        begun = time.monotonic()
        seat = self._seats.fresh(given.cell, request.owner, line.offer.terms, _lasts(request), language)
        if seat is not None:
            line.started(time.monotonic() - begun)
        return seat

    @staticmethod
    def _give_back(line: Line, given: Given | None, owner: str) -> None:
        """What somebody had been given who will not use it. A cell that nobody claimed is found again by the next look."""
        if given is None:
            return
        line.rise(owner)
        if given.seat is not None:
            line.keep((given.seat,))


def _lasts(request: RunRequest) -> float:
    """Seconds that it may take at most: its own, and those in which a slow host takes what it is given."""
    return request.seconds + (len(request.code) + len(request.stdin) + sum(len(file.data) for file in request.files)) / PACE
