"""Remove what a run left: its keepers, link, loop devices, cgroups and files. Only of runs whose owner is gone, and nothing else."""

from __future__ import annotations

import os
import shutil
import signal
import time
from contextlib import suppress
from pathlib import Path

from tests.lab import cgroups
from tests.lab.space import CGROUP_ROOT, LabError, run

PATIENCE = 10.0


def link_name(directory: Path) -> str:
    """The run's interface in the root network namespace."""
    return f"unsb-{directory.name}"


def _started(pid: int) -> str | None:
    """When a process started, in clock ticks since boot: with the pid it names one process for ever. None when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except (FileNotFoundError, ProcessLookupError):
        return None


def write_owner(directory: Path) -> None:
    """Record that this process owns the run."""
    (directory / "owner").write_text(f"{os.getpid()} {_started(os.getpid())}\n")


def is_owned(directory: Path) -> bool:
    """Say whether the process that made the run still lives."""
    try:
        pid, started = (directory / "owner").read_text().split()
    except (FileNotFoundError, ValueError):
        return False
    return _started(int(pid)) == started


def keepers(directory: Path) -> list[int]:
    """The run's keepers that live, recognised by their whole command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0")
        except (FileNotFoundError, ProcessLookupError):
            continue
        # Not its parent, whose command line holds the same words: unshare ends with its child.
        if words[1:4] == [b"-m", b"tests.lab.keeper", os.fsencode(directory)]:
            found.append(int(entry.name))
    return found


def _end_keepers(directory: Path) -> None:
    branch = f"unsandbox-lab-{directory.name}"
    for number in (signal.SIGTERM, signal.SIGKILL):
        deadline = time.monotonic() + PATIENCE / 2
        for pid in keepers(directory):
            os.kill(pid, number)
        while keepers(directory) and time.monotonic() < deadline:
            cgroups.thaw(CGROUP_ROOT, branch)
            time.sleep(0.05)


def _loops(directory: Path) -> list[str]:
    """Loop devices over files of the run, deleted files included."""
    found = []
    for backing in Path("/sys/block").glob("loop*/loop/backing_file"):
        try:
            file = backing.read_text().strip()
        except OSError:  # detached while we looked
            continue
        if file.startswith(f"{directory}/"):
            found.append(f"/dev/{backing.parent.parent.name}")
    return found


def _wait_loops(directory: Path) -> list[str]:
    """Give the kernel time to let loop devices go with their mounts; those that stay are detached by name."""
    deadline = time.monotonic() + PATIENCE
    while (left := _loops(directory)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for device in left:
        run("losetup", "-d", device)
    return _loops(directory) if left else []


def _remove_link(link: str) -> None:
    try:
        run("ip", "link", "del", link)
    except LabError:  # it goes by itself when the namespace of its other end does, at any moment
        if Path(f"/sys/class/net/{link}").exists():
            raise


def remove(directory: Path) -> None:
    """Remove one run whole. Raises `LabError` naming what stayed."""
    _end_keepers(directory)
    _remove_link(link_name(directory))
    stayed = [*map(str, keepers(directory)), *_wait_loops(directory)]
    stayed += map(str, cgroups.remove(CGROUP_ROOT, f"unsandbox-lab-{directory.name}", PATIENCE))
    if stayed:
        raise LabError(f"the lab run in {directory} could not be removed, these stayed: {', '.join(stayed)}")
    while directory.exists():
        # Another run may sweep this one away at the same moment, which counts as done.
        with suppress(FileNotFoundError):
            shutil.rmtree(directory)
    with suppress(OSError):  # others are still in it, or it has gone already
        directory.parent.rmdir()


def sweep(root: Path) -> list[Path]:
    """Remove every run whose owner is gone; return them. Call it under `lab.locked`."""
    swept = []
    for directory in sorted(root.iterdir()) if root.is_dir() else []:
        if not is_owned(directory):
            remove(directory)
            swept.append(directory)
    return swept
