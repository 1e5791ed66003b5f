"""What needs no container: the filter as the kernel reads it, what counts as left behind, and which files are artifacts."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

import pytest

from reconciler.runner import artifacts, seccomp, wipe
from reconciler.runner import syscalls as sc
from reconciler.runner.pipes import Pipes

if TYPE_CHECKING:
    from pathlib import Path

ALLOW, KILL, EPERM, ENOSYS, EAFNOSUPPORT = 0x7FFF0000, 0x80000000, 0x50001, 0x50026, 0x50061


def judge(machine: str, number: int, first: int = 0, audit: int | None = None) -> int:
    """Run the filter by its few instructions."""
    steps = list(struct.iter_unpack("HBBI", seccomp.program(machine)))
    held = {0: number, 4: sc.MACHINES[machine].audit if audit is None else audit, 16: first}
    at = value = 0
    while True:
        code, yes, no, operand = steps[at]
        at += 1
        if code == 0x06:
            return int(operand)
        if code == 0x20:
            value = held[operand]
            continue
        at += yes if {0x15: value == operand, 0x35: value >= operand, 0x45: bool(value & operand)}[code] else no


@pytest.mark.parametrize("machine", sorted(sc.MACHINES))
def test_the_filter(machine: str) -> None:
    denied = {**seccomp.DENIED[machine], **seccomp.COMMON}
    special = {sc.MACHINES[machine].clone, seccomp.CLONE3, *seccomp.FORGED[machine].values()}
    for number in set(range(600)) - special:
        assert judge(machine, number) == (EPERM if number in denied.values() else ALLOW), number
    assert judge(machine, seccomp.CLONE3) == ENOSYS
    for flag in (sc.NEW_NS, sc.NEW_UTS, sc.NEW_IPC, sc.NEW_PID, sc.NEW_NET, 0x02000000, 0x10000000, 0x80):
        assert judge(machine, sc.MACHINES[machine].clone, flag | 17) == EPERM
    assert judge(machine, sc.MACHINES[machine].clone, 0x3D0F00) == ALLOW
    assert judge(machine, seccomp.FORGED[machine]["prlimit64"], 0) == ALLOW
    assert judge(machine, seccomp.FORGED[machine]["prlimit64"], 1) == EPERM
    for call in ("socket", "socketpair"):
        assert [family for family in range(64) if judge(machine, seccomp.FORGED[machine][call], family) == ALLOW] == [1, 2, 10, 16]
        assert judge(machine, seccomp.FORGED[machine][call], 40) == EAFNOSUPPORT
    assert judge(machine, 0, audit=0x40000003) == KILL
    if machine == "x86_64":
        assert judge(machine, 0x40000000 | 165) == KILL


def test_what_differs_is_a_doubt() -> None:
    before = wipe.Sight(3, 9, frozenset({1, 2}))
    assert wipe.difference(before, before) == {"doubts": [], "processes": 0, "mounts": 0}
    after = wipe.Sight(4, 8, frozenset({2, 3, 4}))
    told = ["4 mounts, not 3", "8 descriptors, not 9", "2 processes left, 1 gone"]
    assert wipe.difference(before, after) == {"doubts": told, "processes": 2, "mounts": 1}


def test_artifacts_within_their_bounds(tmp_path: Path) -> None:
    for name, size in (("a", 5), ("b", 6), ("c/d", 4), ("e", 3)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x" * size)
    found = artifacts.look(str(tmp_path), {"count": 2, "bytes": 9, "each": 5})
    assert found.artifacts == [("a", 5), ("e", 3)]
    assert found.refused == [("b", "6 bytes are too many"), ("c/d", "more than 2 files")]
    assert b"".join(artifacts.pieces(str(tmp_path), found.artifacts[0])) == b"xxxxx"
    os.truncate(tmp_path / "a", 2)
    with pytest.raises(OSError, match="shorter"):
        list(artifacts.pieces(str(tmp_path), found.artifacts[0]))


def test_output_whose_end_never_comes_is_not_waited_for() -> None:
    said: list[bytes] = []
    pipes = Pipes(lambda _kind, data: said.append(data), 100, os.getuid())
    kept = os.dup(pipes.inner[1])  # such as one on its way through a socket that holds itself
    pipes.let_go()
    os.write(kept, b"said")
    assert [pipes.read(pipes.stdout) for _ in range(2)] == [True, False]
    os.close(kept)
    assert not pipes.read(pipes.stdout)
    assert said == [b"said"]
    pipes.close()


def test_more_entries_than_are_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "MOST_ENTRIES", 3)
    for name in "abcd":
        (tmp_path / name).touch()
    found = artifacts.look(str(tmp_path), {"count": 9, "bytes": 9, "each": 9})
    assert found.refused == [("", "more than 3 entries")]
