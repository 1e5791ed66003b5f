"""Stored runs: begun by somebody who does not wait, told to whoever asks later, run once however often they are sent."""

from __future__ import annotations

import threading
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.app.clock import now
from reconciler.app.execute.requests import check_key, digest_of, summary_of
from reconciler.app.execute.results import document_of, failure_of, text_of
from reconciler.app.execute.stored import await_end
from reconciler.errors import Defect, Exhausted, NotServed, StateError, UnsandboxError
from reconciler.model.execute import Job, JobState
from reconciler.model.rules import No, ask
from reconciler.model.run import Ending
from reconciler.policy.admission import SAME

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.app.execute.run import Run
    from reconciler.model.run import RunRequest, RunResult
    from reconciler.store.jobs import JobsFile

    Carry = Callable[[Run], RunResult]
    """Carries a run to its result."""

MOST_UNTOLD = 64 * 1024 * 1024
"""Characters of results that are held while they cannot be stored."""


class Jobs:
    """The jobs that this process runs, one thread each: how many there can be is bounded by the line that each has a place in."""

    def __init__(self, file: JobsFile, holder: str) -> None:
        self._file = file
        self._holder = holder
        self._runs: dict[str, Run] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._untold = deque[tuple[str, JobState, str]]()
        """Jobs that ended and could not be stored yet, and how they came out."""
        self._changed = threading.Condition()

    def known(self, request: RunRequest, key: str) -> Job | None:
        """The job that was begun with this key before; None where it is the first time. Raises ``NotServed`` (C18) for another request.

        ``UsageError`` for what is no key.
        """
        check_key(key)
        if not key:
            return None
        found = self._file.keyed(request.owner, key)
        if found is None:
            return None
        before, job = found
        digest = digest_of(request)
        no = ask(SAME, "unsandbox jobs", before if job is not None else "", digest)
        if no is not None:
            raise _other(no)
        return job

    def begin(self, run: Run, key: str, carry: Carry) -> tuple[Job, bool]:
        """Store the job and carry its run in a thread; whether it is a new one. Raises as ``known``, or ``StateError``."""
        request, language = run.request, run.language.name
        job = Job(uuid4().hex, request.owner, JobState.QUEUED, self._holder, now().timestamp(), language, summary_of(request, language))
        added = self._file.add(job, key, digest_of(request) if key else "")
        if added is None:
            raise _other(No("the key was used for another request", (), "unsandbox jobs"))
        if added is not job:
            return added, False
        run.started = lambda: self._file.begin(job.id, self._holder)
        thread = threading.Thread(target=self._run, args=(job, run, carry), name=f"job {job.id[:8]}", daemon=True)
        with self._changed:
            self._runs[job.id], self._threads[job.id] = run, thread
        try:
            thread.start()
        except RuntimeError as error:
            # A machine that is out of threads.
            self._forget(job.id)
            self._end(job.id, JobState.LOST, "")
            raise Exhausted("this machine gives us no more threads, so the job was not begun") from error
        return job, True

    def _run(self, job: Job, run: Run, carry: Carry) -> None:
        try:
            state, document = self._result(run, carry)
            self._end(job.id, state, text_of(document))
        except Exception:  # noqa: BLE001 - whatever it is that cannot be stored, nobody shall wait for it for ever
            self._untold.append((job.id, JobState.LOST, ""))
        finally:
            run.over()
            self._forget(job.id)

    def _end(self, id_: str, state: JobState, text: str) -> None:
        """Store how it came out; where the file cannot be written, as on a full disk, hold that until it can, if it is not too much."""
        try:
            self._file.finish(id_, self._holder, state, text, now().timestamp())
        except StateError:
            room = MOST_UNTOLD - sum(len(held) for _, _, held in tuple(self._untold))
            self._untold.append((id_, state, text) if len(text) <= room else (id_, JobState.LOST, ""))

    def _forget(self, id_: str) -> None:
        with self._changed:
            self._runs.pop(id_, None)
            self._threads.pop(id_, None)
            self._changed.notify_all()

    @staticmethod
    def _result(run: Run, carry: Carry) -> tuple[JobState, dict[str, object]]:
        try:
            result = carry(run)
        except UnsandboxError as error:
            return (JobState.CANCELLED if run.ended else JobState.DONE), failure_of(error)
        except Exception as error:  # noqa: BLE001 - whatever broke, who waits for the job is told
            return JobState.DONE, failure_of(Defect(f"this program failed: {type(error).__name__}"))
        return (JobState.CANCELLED if result.ending is Ending.CANCELLED else JobState.DONE), document_of(result)

    def cancel(self, id_: str, owner: str) -> bool:
        """Ask for its end. False where this owner has none of that id that goes on."""
        asked = self._file.cancel(id_, owner, now().timestamp())
        run = self._runs.get(id_)
        if asked and run is not None:
            run.end()
        return asked

    def hear(self) -> None:
        """Pass on what other processes asked to be cancelled, and store what could not be stored before. Raises ``StateError``."""
        self._tell()
        for id_ in self._file.cancelled(self._holder) if self._runs else ():
            run = self._runs.get(id_)
            if run is not None:
                run.end()

    def _tell(self) -> None:
        for one in tuple(self._untold):
            id_, state, text = one
            self._file.finish(id_, self._holder, state, text, now().timestamp())
            with suppress(ValueError):  # two threads may be here at the end
                self._untold.remove(one)

    def wait(self, id_: str, owner: str, seconds: float) -> Job | None:
        """The job once it ended, or as it is after so long; None where the owner has none of that id."""
        end = time.monotonic() + seconds
        with self._changed:
            while id_ in self._runs and (left := end - time.monotonic()) > 0:
                self._changed.wait(left)
        return await_end(self._file, id_, owner, end - time.monotonic())

    def close(self, seconds: float) -> None:
        """End them all, and wait for that no longer than so many seconds."""
        end = time.monotonic() + seconds
        with self._changed:
            threads = list(self._threads.values())
            for run in self._runs.values():
                run.end()
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))
        with suppress(StateError):
            self._tell()


def _other(no: No) -> NotServed:
    told = "; ".join(f"{name}: {value}" for name, value in no.evidence)
    return NotServed(f"{no.cause} ({told})" if told else no.cause, hint=no.unblock, rule=SAME.code)
