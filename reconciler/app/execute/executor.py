"""Programs run in warm cells: the one object that a caller needs. It works over the state folder, whether a loop runs or not."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Self

from reconciler.app.doors import Doors
from reconciler.app.execute.ground import read_ground
from reconciler.app.execute.jobs import Jobs
from reconciler.app.execute.memory import most_held
from reconciler.app.execute.requests import check, owner_of
from reconciler.app.execute.run import Run
from reconciler.app.execute.runs import Runs
from reconciler.app.execute.seats import Seats
from reconciler.app.execute.spec import Room, check_disk
from reconciler.app.execute.tending import Tending
from reconciler.errors import HostError, NotServed
from reconciler.model.resources import NetworkMode
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile

if TYPE_CHECKING:
    from types import TracebackType

    from reconciler.app.execute.talk import Heard
    from reconciler.app.settings import Settings
    from reconciler.lxd.connect import Door
    from reconciler.model.execute import Job
    from reconciler.model.run import RunRequest, RunResult
    from reconciler.model.tenancy import Caller

ENDING = 10.0
"""Seconds that runs are given to end as the executor is closed."""


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
        self._runs = Runs(self._seats, self._tending, most_held())
        self._closed = False

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
        return owner_of(caller, self._tending.stock.ground.desired)

    def run(self, request: RunRequest, heard: Heard | None = None) -> RunResult:
        """Run it and wait for its end. ``heard`` is told what it says as it says it.

        Raises ``UsageError``, ``UnknownLanguage``, ``UnavailableLanguage``, ``NotServed``, ``Overloaded``, ``HostError`` or ``StateError``.
        """
        run = self._asked(request, heard)
        self._runs.enter(run)
        try:
            return self._runs.carry(run)
        finally:
            run.over()

    def submit(self, request: RunRequest, key: str = "") -> Job:
        """Begin it and store what comes of it. With a ``key`` that its owner used before: the job of then, if the request is the same.

        Raises as ``run``, and ``NotServed`` (C18) where the key was used for another request.
        """
        run = self._asked(request)
        found = self._jobs.known(request, key)
        if found is not None:
            return found
        self._runs.enter(run)
        taken = False
        try:
            job, taken = self._jobs.begin(run, key, self._runs.carry)
        finally:
            if not taken:
                self._runs.leave(run)
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
        """End the runs of all threads, and leave what is kept to whatever process comes next. Safe to call twice."""
        if self._closed:
            return
        self._closed = True
        until = time.monotonic() + ENDING
        self._runs.close(until)
        self._jobs.close(until - time.monotonic())
        self._tending.close()
        self._seats.close()
        self._file.close()
        self._doors.__exit__(None, None, None)

    def _door(self, host: str) -> Door:
        found = next((item for item in self._tending.stock.ground.desired.hosts if item.name == host), None)
        if found is None:
            raise HostError(f"{host} is not in the inventory any more", hint="unsandbox hosts")
        return self._doors.open(found)

    def _asked(self, request: RunRequest, heard: Heard | None = None) -> Run:
        """The run, if what is asked for can be. Raises as ``run``."""
        began, stock = time.monotonic(), self._tending.stock
        check(request)
        language = stock.ground.language(request)
        offer = stock.ground.offer(request, language)
        line = stock.lines.get(offer.pool)
        if line is None:
            raise NotServed(f"Pool/{offer.pool} is not declared any more", rule="C30")
        check_disk(request, Room.of(offer.memory, None))
        if request.network is NetworkMode.SEMITRUSTED and stock.shut is not None:
            self._tending.want()
            code, no = stock.shut
            raise NotServed(f"{no.cause} ({', '.join(f'{name}: {value}' for name, value in no.evidence)})", hint=no.unblock, rule=code)
        return Run(request, language, line, began, heard)
