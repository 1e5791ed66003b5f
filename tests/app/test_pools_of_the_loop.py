"""What the loop does for pools: claims of processes that ended are settled, and targets follow what arrives."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

import pytest

from reconciler.app.claims import stock, take_to_end
from reconciler.app.clock import now
from reconciler.app.loop import pools as loop_pools
from reconciler.app.loop.memory import Memory
from reconciler.app.loop.pools import Pools
from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.select import Scope
from reconciler.model.execute import Ask, ClaimState, Job, JobState
from reconciler.policy.poolsize import sized
from reconciler.store.jobs import JobsFile
from reconciler.store.traffic import asked, traffic
from tests.engine.worlds import TOOL, build
from tests.policy.cells import OTHER, OWNER, cell

if TYPE_CHECKING:
    from pathlib import Path

WORLD: dict[str, Any] = {"pools": {"py": {"size": 6}}, "hosts": {"h1": {"rows": [{"kind": "cell", "of": "py-0"}]}}}


@pytest.fixture
def memory() -> Memory:
    desired, observed, _ = build(WORLD)
    cells = desired.workloads
    pools = tuple(replace(pool, minimum=2, spare=cells[2:]) if pool.ref.name == "py" else pool for pool in desired.pools)
    hosts = tuple(replace(host, address="unix:/var/lib/lxd/unix.socket") for host in desired.hosts)
    seen = {name: replace(view, seen_at=now()) for name, view in observed.hosts.items()}
    return Memory(replace(desired, pools=pools, hosts=hosts, workloads=cells[:2]), seen)


def test_a_dead_holder_s_cell_is_spent_and_made_anew(tmp_path: Path, memory: Memory) -> None:
    woken: list[tuple[str, str]] = []
    work = Pools(tmp_path, memory, lambda host, why: woken.append((host, why)), pytest.fail)
    with JobsFile(tmp_path / "execute.db") as file:
        assert file.claim(cell(), OWNER, "a process that ended", now().timestamp(), now().timestamp() + 60) is not None
    work.attend()
    work.close()
    assert ("h1", "Cell/py-0 is spent") in woken
    held = stock(tmp_path)
    assert held.claims is not None
    assert held.claims[cell().uuid].state is ClaimState.SPENT
    desired, observed, ledger = build(WORLD)
    ledger = replace(ledger, claims=held.claims)
    plan = make_plan(clear(diff(desired, observed, ledger), desired, observed, ledger), desired, observed, TOOL, Scope())
    assert [(action.action, action.reason) for action in plan.actions if action.uuid] == [("replace", "spent")]
    assert take_to_end(tmp_path, next(action for action in plan.actions if action.uuid))


def test_a_cell_that_somebody_claims_meanwhile_is_not_ended(tmp_path: Path) -> None:
    action = cast("Any", SimpleNamespace(uuid=cell().uuid, name="py-0", host="h1", instance="cell-py-0", reason="surplus"))
    with JobsFile(tmp_path / "execute.db") as file:
        assert file.claim(cell(), OWNER, "p1", 0, 60) is not None
        assert not take_to_end(tmp_path, action)
        other = cast("Any", SimpleNamespace(uuid="another", name="py-0", host="h1", instance="cell-py-0", reason="surplus"))
        assert take_to_end(tmp_path, other)
        assert file.claim(replace(cell(), uuid="another"), OTHER, "p2", 0, 60) is None


def test_the_target_follows_what_arrives(tmp_path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loop_pools, "_load", lambda: 0.1)
    monkeypatch.setattr(loop_pools, "_memory_used", lambda: 0.1)
    woken: list[tuple[str, str]] = []
    work = Pools(tmp_path, memory, lambda host, why: woken.append((host, why)), pytest.fail)
    work.attend()
    desired = memory.desired
    assert desired is not None
    assert sized(desired, stock(tmp_path).targets) is desired
    at = now().timestamp()
    with JobsFile(tmp_path / "execute.db") as file:
        asked(file, [Ask("py", at - 1, hit=True, wait=0.0) for _ in range(30)])
    monkeypatch.setattr(loop_pools, "now", lambda: SimpleNamespace(timestamp=lambda: at + 10))
    work.attend()
    work.close()
    assert ("h1", "Pool/py goes to 6 cells") in woken
    assert len(sized(desired, stock(tmp_path).targets).workloads) == 6


@pytest.mark.parametrize(("started", "counted"), [(8, 8.0), (-1, 0.0), (None, 0.0)])
def test_a_refill_ends_as_the_next_cell_in_the_slot_starts(tmp_path: Path, memory: Memory, started: int | None, counted: float) -> None:
    at = now().timestamp() - 60
    with JobsFile(tmp_path / "execute.db") as file:
        had = file.claim(replace(cell(), uuid="the one before"), OWNER, "p1", at - 5, at + 60)
        assert had is not None
        assert file.spend(had, at, "done") is not None
    view = memory.views["h1"]
    told = "" if started is None else f"{datetime.fromtimestamp(at + started, UTC).isoformat()[:-6]}789Z"
    memory.views["h1"] = replace(view, instances=tuple(replace(row, started_at=told) for row in view.instances))
    work = Pools(tmp_path, memory, lambda *_: None, pytest.fail)
    work.attend()
    work.close()
    with JobsFile(tmp_path / "execute.db") as file:
        assert traffic(file, at + 60)["py"].refill == pytest.approx(counted, abs=0.01)


def test_jobs_are_kept_as_long_as_the_policy_says_though_nobody_runs_anything(tmp_path: Path, memory: Memory) -> None:
    assert memory.desired is not None
    at, keep = now().timestamp(), memory.desired.policy.keep_jobs
    with JobsFile(tmp_path / "execute.db") as file:
        for id_, ended_at in (("old", at - keep - 60), ("young", at - keep + 60)):
            file.add(Job(id_, OWNER, JobState.QUEUED, "p1", ended_at))
            file.finish(id_, "p1", JobState.DONE, "", ended_at)
    work = Pools(tmp_path, memory, lambda *_: None, pytest.fail)
    work.attend()
    work.close()
    with JobsFile(tmp_path / "execute.db") as file:
        assert [job.id for job in file.jobs(None)] == ["young"]


def test_a_file_that_fails_is_told_once_and_moves_nothing(tmp_path: Path, memory: Memory) -> None:
    (tmp_path / "execute.db").write_bytes(b"not a database, and more than sixteen bytes")
    told: list[str] = []
    work = Pools(tmp_path, memory, lambda *_: pytest.fail("nobody is woken"), told.append)
    work.attend()
    work.attend()
    assert len(told) == 1
    assert stock(tmp_path) == (None, {})
