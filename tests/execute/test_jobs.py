"""Stored runs: told to whoever asks later, run once however often they are sent, lost where their process ended."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.claims import Holder
from reconciler.app.clock import now
from reconciler.app.execute.jobs import Jobs
from reconciler.app.execute.results import document_of, stored, text_of
from reconciler.app.execute.stored import await_end, job_named, result_of_job, stored_jobs
from reconciler.app.settings import Settings
from reconciler.errors import HostError, NoResult, NotServed, Overloaded, StateError, UsageError
from reconciler.model.execute import Job, JobState
from reconciler.model.run import Ending, Receipt, RunRequest, RunResult
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile
from tests.execute.waiting import waiting

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.app.execute.run import Run

ANN, BOB = "a" * 32, "b" * 32
RESULT = RunResult(Ending.FINISHED, "sh", Receipt("", ""), exit_code=0, stdout=b"done\n")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path, tmp_path, tmp_path)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JobsFile]:
    with JobsFile(tmp_path / FILE_NAME) as opened:
        yield opened


@pytest.fixture
def jobs(file: JobsFile, tmp_path: Path) -> Iterator[Jobs]:
    holder = Holder(tmp_path)
    made = Jobs(file, holder.id)
    yield made
    made.close(10)
    holder.close()


def request(code: str = "echo", owner: str = ANN) -> RunRequest:
    return RunRequest(owner, code.encode(), "sh")


def a_run(code: str = "echo", owner: str = ANN) -> Run:
    """One that has its place in a line."""
    return waiting(request(code, owner))


def at_once(run: Run) -> RunResult:
    assert run.started()
    return RESULT


def test_a_finished_job_outlives_its_process(jobs: Jobs, settings: Settings, file: JobsFile) -> None:
    job, _ = jobs.begin(a_run(), "", at_once)
    assert jobs.wait(job.id, ANN, 10) == await_end(file, job.id, ANN, 0)
    assert jobs.wait(job.id, BOB, 10) is None
    jobs.close(10)
    with stored_jobs(settings) as later:
        assert result_of_job(job_named(later, job.id, ANN)) == RESULT
        with pytest.raises(UsageError, match="no job"):
            job_named(later, job.id, BOB)


def test_a_job_whose_process_ended_is_lost_and_told_so(settings: Settings, file: JobsFile) -> None:
    for number, state in enumerate((JobState.QUEUED, JobState.RUNNING)):
        file.add(Job(f"j{number}", ANN, state, "a process that ended", now().timestamp()))
    with stored_jobs(settings) as later:
        for id_ in ("j0", "j1"):
            lost = job_named(later, id_, ANN)
            assert lost.state is JobState.LOST
            with pytest.raises(NoResult, match="is lost"):
                result_of_job(lost)


def test_one_key_is_one_run_however_many_ask_at_once(jobs: Jobs) -> None:
    ran: list[int] = []

    def carry(run: Run) -> RunResult:
        ran.append(1)
        return at_once(run)

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(jobs.begin(a_run(), "k", carry)[0].id)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 16
    assert len(set(found)) == 1
    assert jobs.wait(found[0], ANN, 10) is not None
    assert len(ran) == 1
    known = jobs.known(request(), "k")
    assert known is not None
    assert known.id == found[0]
    for ask in (lambda: jobs.known(request("other"), "k"), lambda: jobs.begin(a_run("other"), "k", carry)):
        with pytest.raises(NotServed, match="C18"):
            ask()
    assert jobs.known(request(owner=BOB), "k") is None


def test_what_a_run_raises_is_what_its_job_says(jobs: Jobs) -> None:
    def fails(_run: Run) -> RunResult:
        raise HostError("h1 is gone", hint="unsandbox doctor")

    job, _ = jobs.begin(a_run(), "", fails)
    ended = jobs.wait(job.id, ANN, 10)
    assert ended is not None
    assert ended.state is JobState.DONE
    with pytest.raises(NoResult, match="h1 is gone"):
        result_of_job(ended)


def test_the_key_of_a_job_that_never_began_is_free(jobs: Jobs, file: JobsFile) -> None:
    def full(_run: Run) -> RunResult:
        raise Overloaded("no cell came free", hint="unsandbox pools", rule="C10")

    def breaks(run: Run) -> RunResult:
        assert run.started()
        raise HostError("h1 is gone", hint="unsandbox doctor")

    job, _ = jobs.begin(a_run(), "k", full)
    assert jobs.wait(job.id, ANN, 10) is not None
    assert jobs.known(request(), "k") is None
    again, new = jobs.begin(a_run(), "k", breaks)
    assert (new, again.id != job.id) == (True, True)
    assert jobs.wait(again.id, ANN, 10) is not None
    assert jobs.known(request(), "k") == file.job(again.id, ANN)


@pytest.mark.parametrize("key", ["k" * 201, "a\nb", "\ud800"])
def test_what_is_no_key_is_refused_before_anything(jobs: Jobs, key: str) -> None:
    with pytest.raises(UsageError, match="key: "):
        jobs.known(request(), key)


def test_an_id_of_half_letters_is_nobody_s(file: JobsFile) -> None:
    with pytest.raises(UsageError, match="there is no job"):
        job_named(file, "\udcff", ANN)


@pytest.mark.parametrize(
    "said", [bytes(3000), b"\x1b[0m" * 700, b"\xff" * 3000, "Gr\u00fc\u00dfe\n\t".encode() * 300, bytes(100) + b"x" * 3000]
)
def test_what_a_program_said_is_stored_whole_and_hardly_longer(said: bytes) -> None:
    result = replace(RESULT, stdout=said, stderr=b"plain\n")
    text = text_of(document_of(result))
    assert stored(text) == result
    assert len(text.encode()) < len(said) * 4 / 3 + 1000


def test_a_defect_of_ours_ends_its_job(jobs: Jobs) -> None:
    def breaks(_run: Run) -> RunResult:
        raise KeyError("what it holds is not told: secret")

    job, _ = jobs.begin(a_run(), "", breaks)
    ended = jobs.wait(job.id, ANN, 10)
    assert ended is not None
    with pytest.raises(NoResult, match="this program failed: KeyError") as told:
        result_of_job(ended)
    assert "secret" not in told.value.message


def test_a_job_whose_end_cannot_be_stored_is_lost_as_soon_as_something_can(jobs: Jobs, file: JobsFile) -> None:
    def told_in_half_letters(run: Run) -> RunResult:
        assert run.started()
        return replace(RESULT, host="\ud800")

    job, _ = jobs.begin(a_run(), "", told_in_half_letters)
    told = jobs.wait(job.id, ANN, 0.5)
    assert told is not None
    assert told.state is JobState.RUNNING
    jobs.hear()
    told = file.job(job.id, ANN)
    assert told is not None
    assert (told.state, told.result) == (JobState.LOST, "")


@contextmanager
def held_by_another_process(file: JobsFile) -> Iterator[None]:
    file.read("pragma busy_timeout = 0")
    with JobsFile(file.path) as other, other.changing():
        yield


def test_a_result_that_cannot_be_stored_for_a_while_is_stored_when_it_can(
    jobs: Jobs, file: JobsFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    go, began = threading.Event(), threading.Event()

    def waits(run: Run) -> RunResult:
        assert run.started()
        began.set()
        go.wait(10)
        return RESULT

    def end(*ids: str) -> None:
        began.wait(10)
        with held_by_another_process(file):
            go.set()
            for id_ in ids:
                assert jobs.wait(id_, ANN, 0.5) == file.job(id_, ANN)
            with pytest.raises(StateError):
                jobs.hear()

    job, _ = jobs.begin(a_run(), "", waits)
    end(job.id)
    jobs.hear()
    assert result_of_job(job_named(file, job.id, ANN)) == RESULT
    go.clear()
    began.clear()
    monkeypatch.setattr("reconciler.app.execute.jobs.MOST_UNTOLD", 10)
    large, _ = jobs.begin(a_run(), "", waits)
    end(large.id)
    jobs.close(10)
    assert job_named(file, large.id, ANN).state is JobState.LOST


def test_a_job_that_waits_is_cancelled_before_it_begins(jobs: Jobs, file: JobsFile) -> None:
    go, began = threading.Event(), list[bool]()

    def waits(run: Run) -> RunResult:
        go.wait(10)
        began.append(run.started())
        raise NoResult("it was cancelled before it began")

    job, _ = jobs.begin(a_run(), "", waits)
    assert not jobs.cancel(job.id, BOB)
    assert jobs.cancel(job.id, ANN)
    go.set()
    ended = jobs.wait(job.id, ANN, 10)
    assert ended is not None
    assert (ended.state, began) == (JobState.CANCELLED, [False])
    with pytest.raises(NoResult, match="cancelled before it began"):
        result_of_job(ended)
    assert not jobs.cancel(job.id, ANN)
    # Retention takes the job and its key; what goes on is never taken.
    file.add(Job("open", ANN, JobState.QUEUED, "p1", 0))
    assert file.retain(now().timestamp() + 1) == 1
    assert [left.id for left in file.jobs(ANN)] == ["open"]
