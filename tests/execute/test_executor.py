"""Runs through the executor, in the cells of a real pool."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.execute.executor import ENDING, Executor
from reconciler.app.execute.results import stored
from reconciler.app.execute.stock import Stock
from reconciler.app.execute.troubles import MOST_SHOWN
from reconciler.app.settings import Settings, settings_from
from reconciler.errors import Conflict, NoResult, NotServed, Overloaded, Refused, StateError, UsageError
from reconciler.lxd.connect import Door
from reconciler.model.execute import ClaimState, JobState
from reconciler.model.run import MIB, Ending, RunRequest, RunResult
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.execute.pools import Stocked
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd
ANN, BOB = "a" * 32, "b" * 32


@pytest.fixture
def settings(fleet: Stocked) -> Settings:
    return settings_from(fleet.root, fleet.environ)


@pytest.fixture
def executor(settings: Settings) -> Iterator[Executor]:
    with Executor.open(settings) as opened:
        yield opened


class Ask:
    """Requests for the pool of the test."""

    def __init__(self, pool: str) -> None:
        self._pool = pool

    def __call__(self, code: str, owner: str = ANN, **other: Any) -> RunRequest:
        return RunRequest(owner, code.encode(), **{"language": "sh", "accepts": 0.0, "pool": self._pool, **other})


@pytest.fixture
def wish(fleet: Stocked) -> Ask:
    return Ask(fleet.box)


def test_an_owner_comes_back_to_its_cell_and_nobody_else_does(
    executor: Executor, fleet: Stocked, settings: Settings, wish: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, bytes]] = []
    first = executor.run(wish("echo out; echo err >&2; exit 3"), lambda name, data: heard.append((name, data)))
    assert (first.ending, first.exit_code, first.stdout, first.stderr) == (Ending.FINISHED, 3, b"out\n", b"err\n")
    assert sorted(heard) == [("stderr", b"err\n"), ("stdout", b"out\n")]
    with monkeypatch.context() as patch:
        # A run in a kept cell asks nothing of LXD.
        patch.setattr(Door, "send", lambda *_, **__: pytest.fail("a request"))
        second = executor.run(wish("echo again"))
    other = executor.run(wish("echo other", BOB))
    assert first.cell == second.cell != other.cell
    assert fleet.owners() == [ANN, BOB]
    with pytest.raises(Overloaded) as refused:
        executor.run(wish("echo third", "c" * 32))
    assert refused.value.rule == "C10"
    assert refused.value.retry >= 1
    executor.close()
    # Another process, of the same owner: the cell was kept for it.
    with Executor.open(settings) as later:
        assert later.run(wish("echo later")).cell == first.cell
        # What hit a limit is in doubt: the cell is spent, and the mark says so.
        assert later.run(wish("sleep 9", seconds=1)).ending is Ending.TIMEOUT
    assert fleet.owners() == [BOB, "spent"]
    fleet.run("apply", "--yes")
    assert fleet.owners() == ["", BOB]


def test_a_runner_that_ended_between_two_runs_costs_its_cell_and_no_run(executor: Executor, fleet: Stocked, wish: Ask) -> None:
    first = executor.run(wish("echo first"))
    assert first.cell is not None
    daemon, path = fleet.daemons[0], f"/1.0/instances/cell-{first.cell.name}/state?project=unsandbox"
    daemon.query("PUT", path, {"action": "stop", "force": True})
    second = executor.run(wish("echo second"))
    assert (second.ending, second.stdout) == (Ending.FINISHED, b"second\n")
    assert second.cell != first.cell
    executor.close()
    assert fleet.owners() == [ANN, "spent"]


def test_jobs_are_stored_and_run_once(executor: Executor, settings: Settings, wish: Ask) -> None:
    began = executor.submit(wish("echo job; exit 4"), key="k1")
    again = executor.submit(wish("echo job; exit 4"), key="k1")
    assert again.id == began.id
    with pytest.raises(NotServed) as refused:
        executor.submit(wish("echo another"), key="k1")
    assert refused.value.rule == "C18"
    assert executor.submit(wish("echo another", BOB), key="k1").id != began.id
    ended = executor.wait(began.id, ANN, 20)
    assert ended is not None
    assert ended.state is JobState.DONE
    result = stored(ended.result)
    assert isinstance(result, RunResult)
    assert (result.stdout, result.exit_code) == (b"job\n", 4)
    assert "echo job" not in ended.request
    assert executor.job(began.id, BOB) is None
    long = executor.submit(wish("echo begun; sleep 60"))
    while (job := executor.job(long.id, ANN)) and job.state is JobState.QUEUED:
        threading.Event().wait(0.02)
    # Asked for by another process, through the file.
    with JobsFile(settings.state_dir / FILE_NAME) as file:
        assert not file.cancel(long.id, BOB, 0)
        assert file.cancel(long.id, ANN, 0)
    cancelled = executor.wait(long.id, ANN, 20)
    assert cancelled is not None
    assert cancelled.state is JobState.CANCELLED
    result = stored(cancelled.result)
    assert isinstance(result, RunResult)
    assert (result.ending, result.stdout) == (Ending.CANCELLED, b"begun\n")
    assert {job.id for job in executor.jobs(ANN)} == {began.id, long.id}


def test_a_job_whose_beginning_cannot_be_stored_gives_its_cell_back(
    executor: Executor, fleet: Stocked, wish: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(JobsFile, "begin", lambda *_: (_ for _ in ()).throw(StateError("the disk is full")))
        job = executor.submit(wish("echo hi"))
        ended = executor.wait(job.id, ANN, 20)
    assert ended is not None
    assert "the disk is full" in ended.result
    assert executor.run(wish("echo hi")).stdout == b"hi\n"
    assert fleet.owners() == ["", ANN]


def test_an_executor_that_is_closed_waits_for_the_runs_of_other_threads(
    executor: Executor, fleet: Stocked, settings: Settings, wish: Ask
) -> None:
    executor.run(wish("echo hi", BOB))
    begun, told = threading.Event(), list[RunResult | NoResult]()

    def ask(request: RunRequest) -> None:
        try:
            told.append(executor.run(request, lambda *_: begun.set()))
        except NoResult as error:
            told.append(error)

    runs = [threading.Thread(target=ask, args=(wish("echo begun; sleep 60", accepts=accepts),)) for accepts in (0.0, 30.0)]
    runs[0].start()
    assert begun.wait(20)
    # Both cells have their owners: what comes after waits in the line.
    runs[1].start()
    job = executor.submit(wish("echo never", accepts=30.0))
    assert executor.cancel(job.id, ANN)
    deadline = time.monotonic() + 10
    while any(thread.name == f"job {job.id[:8]}" for thread in threading.enumerate()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    began = time.monotonic()
    executor.close()
    assert time.monotonic() - began < ENDING
    for run in runs:
        run.join(1)
    waited, cancelled = told
    assert isinstance(waited, NoResult)
    assert isinstance(cancelled, RunResult)
    assert (cancelled.ending, cancelled.stdout) == (Ending.CANCELLED, b"begun\n")
    # Its end was written down, so that its cell is kept for its owner.
    with Executor.open(settings) as later:
        assert later.run(wish("echo later")).cell == cancelled.cell
    assert fleet.owners() == [ANN, BOB]


def test_runs_that_might_hold_too_much_together_are_refused(
    settings: Settings, fleet: Stocked, wish: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.app.execute.executor.most_held", lambda: 100 * MIB)
    with Executor.open(settings) as executor:
        job = executor.submit(wish("sleep 60", output=64 * MIB))
        for large in (wish("echo hi", BOB, output=40 * MIB), wish("#" * 15 * MIB, BOB, output=21 * MIB), wish("", BOB, artifacts=True)):
            with pytest.raises(Overloaded, match="C14"):
                executor.run(large)
        assert fleet.owners() in (["", ""], ["", ANN])
        assert executor.run(wish("echo hi", BOB)).stdout == b"hi\n"
        # Who is refused for another reason holds nothing.
        with pytest.raises(Overloaded, match="C10"):
            executor.run(wish("echo hi", "c" * 32, output=20 * MIB))
        assert executor.cancel(job.id, ANN)
        assert executor.wait(job.id, ANN, 20) is not None
        assert executor.run(wish("echo hi", BOB, output=64 * MIB)).stdout == b"hi\n"


def test_a_request_that_does_not_hold_reaches_no_cell(executor: Executor, fleet: Stocked, wish: Ask) -> None:
    for bad, what in ((wish("", seconds=0), "seconds"), (wish("", vcpu=9), "vcpu"), (wish("", environment=(("A=B", "c"),)), "environment")):
        with pytest.raises(UsageError, match=what):
            executor.run(bad)
    with pytest.raises(NotServed, match="C33"):
        executor.run(wish("", vcpu=8))
    assert fleet.owners() == ["", ""]


def test_code_larger_than_the_disk_of_its_run_reaches_no_cell(
    executor: Executor, fleet: Stocked, wish: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of a cell's 256 MiB so much is left that the disk is 8 MiB.
    monkeypatch.setattr("reconciler.app.execute.spec.SPARE_MEMORY", 240 * MIB)
    with pytest.raises(UsageError, match=f"code: bytes: {9 * MIB} .* holds {8 * MIB}"):
        executor.run(wish("#" * 9 * MIB))
    assert fleet.owners() == ["", ""]


@pytest.mark.parametrize("error", [Conflict("not free"), Refused("its claim does not stand", rule="C12")], ids=lambda error: error.code)
def test_one_run_does_not_spend_every_cell_where_each_is_refused(
    executor: Executor, fleet: Stocked, wish: Ask, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise error

    with monkeypatch.context() as patch:
        patch.setattr("reconciler.app.execute.seating.TRIES", 1)
        patch.setattr("reconciler.app.execute.seats.put_mark", refuse)
        with pytest.raises(type(error)):
            executor.run(wish("echo hi"))
    assert executor.run(wish("echo hi", BOB)).stdout == b"hi\n"
    assert BOB in fleet.owners()


def test_a_result_is_had_though_its_cell_cannot_be_given_back(
    executor: Executor, fleet: Stocked, wish: Ask, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(JobsFile, "keep", lambda *_: (_ for _ in ()).throw(StateError("the disk is full")))
        first = executor.run(wish("echo hi"))
    assert first.stdout == b"hi\n"
    executor.run(wish("echo hi", BOB))
    with JobsFile(fleet.root / ".unsandbox" / FILE_NAME) as file:
        states = {claim.cell.ref: claim.state for claim in file.claims()}
    assert first.cell is not None
    assert states[first.cell] is ClaimState.SPENT


def test_who_is_refused_is_told_what_fails_beside_the_runs(executor: Executor, wish: Ask, monkeypatch: pytest.MonkeyPatch) -> None:
    executor.run(wish("echo hi"))
    executor.run(wish("echo hi", BOB))

    def end_over(_self: object) -> None:
        raise StateError("the disk is full\x1b[2J" + "x" * 1000)

    def refused() -> str:
        with pytest.raises(Overloaded) as told:
            executor.run(wish("echo third", "c" * 32))
        assert told.value.rule == "C10"
        return told.value.message

    def soon(*, told: bool) -> str:
        deadline = time.monotonic() + 20
        while told is not ("beside the runs" in (message := refused())):
            assert time.monotonic() < deadline, message
            time.sleep(0.05)
        return message

    with monkeypatch.context() as patch:
        patch.setattr(Stock, "end_over", end_over)
        message = soon(told=True)
    assert message.endswith("the disk is full?[2J" + "x" * (MOST_SHOWN - len("the disk is full?[2J")))
    soon(told=False)


@pytest.mark.slow
def test_more_than_it_can_is_refused_at_once(executor: Executor, wish: Ask) -> None:
    """Runs come by the clock, however long those before take."""
    executor.run(wish("echo hi"))
    accepted, refused, wrong = list[float](), list[float](), list[str]()

    def one() -> None:
        began = time.monotonic()
        try:
            result = executor.run(wish("echo hi", accepts=0.2))
        except Overloaded as error:
            refused.append(time.monotonic() - began)
            wrong.extend({error.rule} - {"C10", "C11"})
        else:
            accepted.append(time.monotonic() - began)
            wrong.extend({result.stdout.decode()} - {"hi\n"})

    threads = [threading.Thread(target=one) for _ in range(1000)]
    for number, thread in enumerate(threads):
        thread.start()
        if number % 5 == 0:
            time.sleep(0.01)
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(accepted) + len(refused) == len(threads)
    assert len(accepted) > 10
    assert len(refused) > 10
    assert sorted(refused)[len(refused) // 2] < 0.02


@pytest.mark.slow
def test_a_cell_that_was_made_anew_under_its_name_is_not_the_one_that_was_seen(
    executor: Executor, fleet: Stocked, wish: Ask, lxd: Daemon
) -> None:
    executor.run(wish("echo one", BOB))
    name = next(name for name, mark in fleet.marks().items() if not mark)
    before = fleet.instances()[f"{lxd.name}/{name}"]["config"]["volatile.uuid"]
    lxd.query("PUT", f"/1.0/instances/{name}/state?project=unsandbox", {"action": "stop", "force": True})
    lxd.query("DELETE", f"/1.0/instances/{name}?project=unsandbox")
    fleet.run("apply", "--yes")
    assert executor.run(wish("echo new", accepts=20.0)).stdout == b"new\n"
    assert fleet.marks()[name].endswith(ANN)
    with JobsFile(fleet.root / ".unsandbox" / FILE_NAME) as file:
        states = {claim.cell.uuid: claim.state for claim in file.claims()}
    assert states[before] is ClaimState.SPENT
