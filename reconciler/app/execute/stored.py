"""Stored runs of every process, for whoever asks about them later."""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.app.claims import dead_of
from reconciler.app.clock import now
from reconciler.app.execute.results import stored
from reconciler.errors import NoResult, UsageError
from reconciler.model.execute import ENDED, Job, JobState
from reconciler.model.run import RunResult
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.app.settings import Settings

LOOK = 0.05
"""Seconds between two looks at a job that another process has."""


def await_end(file: JobsFile, id_: str, owner: str, seconds: float) -> Job | None:
    """As ``Jobs.wait``, for the jobs of any process."""
    end = time.monotonic() + seconds
    while True:
        job = file.job(id_, owner)
        left = end - time.monotonic()
        if job is None or job.state in ENDED or left <= 0:
            return job
        time.sleep(min(LOOK, left))


@contextmanager
def stored_jobs(settings: Settings) -> Iterator[JobsFile]:
    """The jobs of every process, those that are lost told so. Raises ``StateError``."""
    with JobsFile(settings.state_dir / FILE_NAME) as file:
        lose_dead(file, settings.state_dir)
        yield file


def job_named(file: JobsFile, id_: str, owner: str) -> Job:
    """Raises ``UsageError`` where the owner has none of that id."""
    job = file.job(id_, owner)
    if job is None:
        raise UsageError(f"there is no job {id_[:40]!a} of yours", hint="unsandbox jobs")
    return job


def result_of_job(job: Job) -> RunResult:
    """What came of a job that ended. Raises ``NoResult`` where it has none."""
    found = stored(job.result) if job.result else None
    if isinstance(found, RunResult):
        return found
    if found is not None:
        told = found["error"]
        raise NoResult(f"job {job.id}: {told['message']}", hint=told["hint"])
    if job.state is JobState.LOST:
        raise NoResult(f"job {job.id} is lost: the process that had it ended without telling how it came out")
    if job.state is JobState.CANCELLED:
        raise NoResult(f"job {job.id} was cancelled before it began")
    raise NoResult(f"job {job.id} goes on", hint=f"unsandbox jobs wait {job.id}")


def lose_dead(file: JobsFile, state_dir: Path) -> None:
    """Jobs of processes that ended without telling how they came out are lost, and from here on told so."""
    for holder in dead_of(state_dir, file.open_holders()):
        file.lose(holder, now().timestamp())
