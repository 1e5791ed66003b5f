"""Proof that a run is gone: what the runner sees of processes, mounts and descriptors is what it saw before the run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from reconciler.runner.namespaces import count_mounts

if TYPE_CHECKING:
    from reconciler.runner.cgroup import Cgroup


class Sight(NamedTuple):
    """What is there between runs."""

    mounts: int
    descriptors: int
    processes: frozenset[int]
    """Those that live in our cgroup or, where there is none, in another mount namespace than the cell's."""


def look(group: Cgroup | None) -> Sight:
    """See. Raises ``OSError``."""
    processes = group.processes() if group else strangers()
    return Sight(count_mounts(), len(os.listdir("/proc/self/fd")), frozenset(processes))


def strangers() -> set[int]:
    """The processes whose mount namespace is not that of the cell's first process."""
    first = os.stat("/proc/1/ns/mnt").st_ino
    found = set()
    for name in os.listdir("/proc"):
        if name.isdecimal():
            try:
                inode = os.stat(f"/proc/{name}/ns/mnt").st_ino
            except (FileNotFoundError, ProcessLookupError):
                continue
            if inode != first:
                found.add(int(name))
    return found


def difference(before: Sight, after: Sight) -> dict[str, Any]:
    """What is there that was not: ``processes`` and ``mounts``, and every difference in words; no words where the run left nothing."""
    told = []
    if after.mounts != before.mounts:
        told.append(f"{after.mounts} mounts, not {before.mounts}")
    if after.descriptors != before.descriptors:
        told.append(f"{after.descriptors} descriptors, not {before.descriptors}")
    if after.processes != before.processes:
        told.append(f"{len(after.processes - before.processes)} processes left, {len(before.processes - after.processes)} gone")
    return {"doubts": told, "processes": len(after.processes - before.processes), "mounts": after.mounts - before.mounts}
