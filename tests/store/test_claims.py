"""Claims of cells in one file: by one process, and by many that race and are killed."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.claims import Holder, settle_cells, stock
from reconciler.errors import StateError
from reconciler.model.execute import Ask, ClaimState, Job, JobState, Target, run_mark
from reconciler.store.jobs import JobsFile
from reconciler.store.traffic import asked, refilled, set_targets, targets, traffic, trim, waiting_slots
from tests.policy.cells import AT, OTHER, OWNER, cell
from tests.store.claimers import cell_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HIGH = 10**17
"""A fence above any that a file begins with."""


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JobsFile]:
    with JobsFile(tmp_path / "execute.db") as opened:
        yield opened


def test_a_cell_is_claimed_once_in_its_life(file: JobsFile) -> None:
    first = file.claim(cell(), OWNER, "p1", AT, AT + 60)
    assert first is not None
    assert (first.mark, first.state) == (f"{first.fence}:{OWNER}", ClaimState.RUNNING)
    assert file.claim(cell(), OWNER, "p1", AT, AT + 60) is None
    assert file.claim(cell(), OTHER, "p2", AT, AT + 60) is None
    assert file.claims() == (first,)
    spent = file.spend(first, AT + 1, "memory")
    assert spent is not None
    assert (spent.mark, spent.why) == (f"spent:{first.fence}", "memory")
    assert file.claim(cell(), OTHER, "p2", AT, AT + 60) is None
    file.forget(cell().uuid)
    assert file.claims() == ()
    second = file.claim(cell(uuid="the next one"), OTHER, "p2", AT, AT + 60)
    assert second is not None
    assert second.fence == first.fence + 1


def test_the_marks_of_two_files_are_not_the_same(file: JobsFile, tmp_path: Path) -> None:
    with JobsFile(tmp_path / "other.db") as other:
        claims = [found for each in (file, other) if (found := each.claim(cell(), OWNER, "p1", AT, AT + 60)) is not None]
    assert len({claim.mark for claim in claims}) == len((file, other))
    assert all(run_mark(claim.mark) == (claim.fence, OWNER) for claim in claims)


def test_the_owner_runs_again_and_nobody_else(file: JobsFile) -> None:
    first = file.claim(cell(), OWNER, "p1", AT, AT + 60)
    assert first is not None
    assert file.marked(first)
    assert file.resume(first, "p1", AT, AT + 60) is None
    kept = file.keep(first, AT + 30)
    assert kept is not None
    assert file.found(cell().uuid) == kept
    assert file.resume(replace(kept, owner=OTHER), "p2", AT, AT + 60) is None
    assert file.resume(kept, "p2", AT + 30, AT + 60) is None
    again = file.resume(kept, "p2", AT + 1, AT + 61)
    assert again is not None
    assert (again.turn, again.holder, again.marked, again.fence) == (2, "p2", True, first.fence)
    # What an earlier turn says comes too late.
    assert file.resume(kept, "p1", AT + 1, AT + 61) is None
    assert file.keep(first, AT + 99) is file.spend(first, AT, "late") is None
    assert file.spend(again, AT + 2, "done") is not None
    assert file.keep(again, AT + 99) is file.spend(again, AT, "twice") is None
    assert not file.marked(again)


def test_who_ends_a_cell_takes_it_first(file: JobsFile) -> None:
    assert file.end(cell(), "", AT, "surplus")
    assert file.end(cell(), "", AT, "surplus")
    assert file.claim(cell(), OWNER, "p1", AT, AT + 60) is None
    had = file.claim(cell(1), OWNER, "p1", AT, AT + 60)
    assert had is not None
    assert not file.end(cell(1), "", AT, "surplus")
    file.forget(cell(1).uuid)
    assert not file.end(cell(1), "", AT, "surplus")
    assert file.spend(had, AT, "done") is not None
    assert file.end(cell(1), "", AT, "spent")


def test_a_mark_without_a_row_is_adopted_with_its_fence(file: JobsFile) -> None:
    assert file.adopt(cell(), HIGH, OWNER, AT, AT + 900)
    assert not file.adopt(cell(), HIGH, OWNER, AT, AT + 900)
    assert not file.end(cell(), "", AT, "surplus")
    after = file.claim(cell(1), OWNER, "p1", AT, AT + 60)
    assert after is not None
    assert after.fence == HIGH + 1


@pytest.mark.parametrize(
    "statement",
    ["update claims set owner = 'b'", "update claims set fence = 9", "update claims set state = 'kept'", "delete from claims where 0 = 0"],
)
def test_no_program_gives_a_cell_to_another_owner(file: JobsFile, statement: str) -> None:
    had = file.claim(cell(), OWNER, "p1", AT, AT + 60)
    assert had is not None
    if "kept" in statement:
        file.spend(had, AT, "done")
    with sqlite3.connect(file.path) as other, pytest.raises(sqlite3.IntegrityError):
        other.execute(statement)
    other.close()


def test_a_file_that_cannot_be_read_tells_of_no_claim_and_no_target(tmp_path: Path) -> None:
    assert stock(tmp_path) == ({}, {})
    (tmp_path / "execute.db").write_bytes(b"not a database, and more than sixteen bytes")
    assert stock(tmp_path) == (None, {})
    with pytest.raises(StateError, match="so no cell is claimed"):
        JobsFile(tmp_path / "execute.db")


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    with JobsFile(tmp_path / "execute.db") as file, file.changing() as connection:
        connection.execute("pragma user_version = 2")
    with pytest.raises(StateError, match="a later version"):
        JobsFile(tmp_path / "execute.db")


def test_a_job_that_is_sent_twice_is_run_once(file: JobsFile) -> None:
    job = Job("j1", OWNER, JobState.QUEUED, "p1", AT, "python", request="{}")
    assert file.add(job, "key", "digest") == job
    assert file.add(replace(job, id="j2"), "key", "digest") == job
    assert file.add(replace(job, id="j2"), "key", "another") is None
    assert file.add(replace(job, id="j3", owner=OTHER), "key", "digest") is not None
    assert file.begin("j1", "p1")
    assert not file.begin("j1", "p2")
    assert not file.finish("j1", "p2", JobState.DONE, "theirs", AT)
    assert file.finish("j1", "p1", JobState.DONE, "ours", AT + 1)
    assert not file.finish("j1", "p1", JobState.LOST, "", AT + 2)
    assert file.job("j1", OTHER) is None
    done = file.job("j1", OWNER)
    assert done is not None
    assert (done.state, done.result, done.ended_at) == (JobState.DONE, "ours", AT + 1)
    assert [item.id for item in file.jobs(OWNER)] == ["j1"]
    assert all(not item.request + item.result for item in file.jobs(None))
    assert file.retain(AT + 1) == 0
    assert file.retain(AT + 2) == 1
    assert file.add(replace(job, id="j4"), "key", "another") is not None


def test_nothing_of_a_job_that_is_gone_is_left_on_disk(tmp_path: Path) -> None:
    path = tmp_path / "execute.db"
    with JobsFile(path) as file:
        for number in range(8):
            job = Job(f"j{number}", OWNER, JobState.QUEUED, "p1", AT)
            file.add(job)
            file.finish(job.id, "p1", JobState.DONE, "a secret word " + "x" * (number << 18), AT)
    assert b"a secret word" in path.read_bytes()
    with JobsFile(path) as file:
        assert file.retain(AT + 1) == 8
    assert b"a secret word" not in path.read_bytes()
    assert path.stat().st_size < 1 << 18


def test_a_job_is_cancelled_or_lost(file: JobsFile) -> None:
    for id_ in ("waits", "runs", "other"):
        file.add(Job(id_, OWNER, JobState.QUEUED, "p1", AT))
    assert file.begin("runs", "p1")
    assert not file.cancel("runs", OTHER, AT)
    assert file.cancel("waits", OWNER, AT)
    assert file.cancel("runs", OWNER, AT)
    assert not file.begin("waits", "p1")
    assert file.lose("p1", AT) == 2
    states = {item.id: (item.state, item.cancel) for item in file.jobs(None)}
    assert states == {"waits": (JobState.CANCELLED, True), "runs": (JobState.LOST, True), "other": (JobState.LOST, False)}
    assert not file.cancel("runs", OWNER, AT)


def test_what_went_on_in_a_pool(file: JobsFile) -> None:
    asked(file, [Ask("py", AT - second, second > 20, 0.0) for second in range(70)])
    had = file.claim(cell(), OWNER, "p1", AT - 30, AT + 60)
    assert had is not None
    file.spend(had, AT - 20, "done")
    file.forget(cell().uuid)
    assert waiting_slots(file) == {"cell-py-0"}
    refilled(file, "cell-py-0", AT - 5)
    assert waiting_slots(file) == frozenset()
    found = traffic(file, AT)["py"]
    assert (found.asks, found.hits, found.held, found.refill) == (60, 39, 10.0, 15.0)
    late = file.claim(cell(1), OWNER, "p1", AT - 1000, AT)
    assert late is not None
    file.spend(late, AT - 990, "done")
    file.forget(cell(1).uuid)
    refilled(file, "cell-py-1", AT)
    assert traffic(file, AT)["py"].refill == (15.0 + 60.0) / 2
    trim(file, AT + 7200)
    assert traffic(file, AT) == {}
    set_targets(file, {"py": Target(3, "why", AT, 0.0)})
    set_targets(file, {"js": Target(1, "why", AT, 0.0)})
    assert targets(file) == {"js": Target(1, "why", AT, 0.0)}


def race(folder: Path, processes: int, threads: int, cells: int, kills: int) -> None:
    """Rivals over the same cells; some are killed on the way and others come. Then everything is settled."""
    command = [sys.executable, "-m", "tests.store.claimers", str(folder), str(threads), str(cells)]
    rivals = [subprocess.Popen([*command, "0"]) for _ in range(processes)]
    for _ in range(kills):
        before = _claimed(folder)
        end = time.monotonic() + 30
        while _claimed(folder) == before and any(rival.poll() is None for rival in rivals) and time.monotonic() < end:
            time.sleep(0.01)
        victim = rivals.pop(0)
        victim.send_signal(signal.SIGKILL)
        victim.wait()
        rivals.append(subprocess.Popen([*command, str(max(0, before - 50))]))
    assert [rival.wait(timeout=600) for rival in rivals] == [0] * processes
    lines = [line.split() for log in folder.glob("log-*") for line in log.read_text().splitlines()]
    told = Counter(uuid for uuid, _, _ in lines)
    assert [uuid for uuid, times in told.items() if times > 1] == []
    assert len({fence for _, _, fence in lines}) == len(lines)
    with JobsFile(folder / "execute.db") as file:
        rows = {claim.cell.uuid: claim for claim in file.claims()}
        # A killed one may have claimed and not told of it; nobody told of what is not claimed so.
        assert all((rows[uuid].owner, str(rows[uuid].fence)) == (owner, fence) for uuid, owner, fence in lines)
        assert set(rows) == {cell_of(number).uuid for number in range(cells)}
        settle_cells(file, {}, "default", AT)
        assert not [claim for claim in file.claims() if claim.state is ClaimState.RUNNING]
        settle_cells(file, {}, "default", AT + 1000)
        assert {claim.state for claim in file.claims()} == {ClaimState.SPENT}


def _claimed(folder: Path) -> int:
    if not (folder / "execute.db").exists():
        return 0
    try:
        with JobsFile(folder / "execute.db") as file:
            return len(file.read("select uuid from claims"))
    except StateError:
        return 0


def test_rivals_that_are_killed_double_nothing_and_leak_nothing(tmp_path: Path) -> None:
    race(tmp_path, processes=3, threads=4, cells=150, kills=2)


@pytest.mark.slow
def test_64_rivals_make_5000_claims_and_are_killed(tmp_path: Path) -> None:
    race(tmp_path, processes=8, threads=8, cells=5000, kills=24)


def test_who_lives_is_told_by_a_lock(tmp_path: Path) -> None:
    holder = Holder(tmp_path)
    with JobsFile(tmp_path / "execute.db") as file:
        had = file.claim(cell(), OWNER, holder.id, AT, AT + 60)
        file.add(Job("j1", OWNER, JobState.RUNNING, holder.id, AT))
        assert settle_cells(file, {}, "default", AT) == ()
        assert file.claims() == (had,)
        holder.close()
        assert [settled.why for settled in settle_cells(file, {}, "default", AT)] == ["the process that had it ended"]
        assert file.claims()[0].state is ClaimState.SPENT
        assert [job.state for job in file.jobs(None)] == [JobState.LOST]
        assert settle_cells(file, {}, "default", AT) == ()
