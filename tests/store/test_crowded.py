"""``execute.db`` where it is large, where others hold it for long, and where an instance was copied."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.claims import settle_cells
from reconciler.errors import StateError
from reconciler.model.execute import ClaimState, Job, JobState
from reconciler.store.jobs import JobsFile
from tests.policy.cells import AT, OWNER, cell
from tests.policy.test_settling import look

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Iterator[JobsFile]:
    with JobsFile(tmp_path / "execute.db") as opened:
        yield opened


def test_others_claim_while_many_large_jobs_are_let_go(file: JobsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(20):
        file.add(Job(f"j{number}", OWNER, JobState.QUEUED, "p1", AT), f"k{number}", "digest")
        file.finish(f"j{number}", "p1", JobState.DONE, "x" * 1_000_000, AT)
    file.add(Job("open", OWNER, JobState.QUEUED, "p1", AT), "open", "digest")
    pauses: list[int] = []
    monkeypatch.setattr("reconciler.store.execute.PATIENCE", 0.0)
    with JobsFile(file.path) as other:
        other.read("pragma busy_timeout = 0")

        def claim(seconds: float) -> None:
            # As long as the work took nobody but others is in the file.
            assert 0 <= seconds < 10
            pauses.append(len(pauses))
            assert other.claim(cell(len(pauses)), OWNER, "p2", AT, AT + 60) is not None
            assert file.claim(cell(1000 + len(pauses)), OWNER, "p1", AT, AT + 60) is not None

        monkeypatch.setattr("reconciler.store.jobs.time.sleep", claim)
        assert file.retain(AT + 1, 0.0) == 4
        assert file.retain(AT + 1) == 16
        assert file.retain(AT + 1) == 0
    assert len(pauses) >= 5
    assert [job.id for job in file.jobs(None)] == ["open"]
    assert file.keyed(OWNER, "k1") is None
    assert file.keyed(OWNER, "open") is not None


def test_many_who_wait_for_another_process_wait_at_once_and_not_in_turns(file: JobsFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.store.execute.PATIENCE", 0.3)
    file.read("pragma busy_timeout = 300")
    told: list[str] = []

    def claim(number: int) -> None:
        with pytest.raises(StateError) as caught:
            file.claim(cell(number), OWNER, "p1", AT, AT + 60)
        told.append(caught.value.message)

    threads = [threading.Thread(target=claim, args=(number,)) for number in range(10)]
    with JobsFile(file.path) as other, other.changing():
        began = time.monotonic()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert time.monotonic() - began < 2
    assert len(told) == 10
    assert any("many of us wait" in text for text in told)
    assert file.claim(cell(), OWNER, "p1", AT, AT + 60) is not None


def test_a_copy_of_a_claimed_cell_keeps_nothing_from_being_settled(file: JobsFile, tmp_path: Path) -> None:
    had, late = file.claim(cell(uuid="the one"), OWNER, "", AT, AT + 60), file.claim(cell(2), OWNER, "", AT - 1000, AT - 900)
    assert had is not None
    assert late is not None
    copied = look(had.mark, at=AT)
    assert [settled.claim for settled in settle_cells(file, copied, "default", AT)] == [late]
    assert {claim.cell.uuid: claim.state for claim in file.claims()} == {"the one": ClaimState.RUNNING, late.cell.uuid: ClaimState.SPENT}
    with JobsFile(tmp_path / "other.db") as other:
        assert [settled.claim.fence for settled in settle_cells(other, copied, "default", AT)] == [had.fence]


def test_the_key_of_a_job_that_was_lost_before_it_began_is_free(file: JobsFile) -> None:
    job = Job("waits", OWNER, JobState.QUEUED, "p1", AT)
    for one in (job, replace(job, id="runs")):
        file.add(one, one.id, "digest")
    assert file.begin("runs", "p1")
    assert file.lose("p1", AT) == 2
    assert file.keyed(OWNER, "waits") is None
    assert file.keyed(OWNER, "runs") == ("digest", file.job("runs", OWNER))
    assert file.jobs("") == ()
