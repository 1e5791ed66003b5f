"""The cgroup that bounds a run's memory and processes together, where the cell lets us have one.

The runner lives in it too: then what it makes is born there, and no process is ever moved, which would cost a wait for every processor. So
the limits of a run are what the runner itself uses, and the run's share on top.
"""

from __future__ import annotations

import contextlib
import os
from typing import NamedTuple

from reconciler.runner import syscalls as sc

NAME = "unsandbox"
SLACK = 4 * 1024 * 1024
"""Bytes for what the runner itself holds for a run."""


class Files(NamedTuple):
    """What a version of cgroups calls its files."""

    version: int
    memory: str
    used: str
    peak: str
    most_memory: str
    most_with_swap: str
    killed: str
    most_processes: str


_PAGE = 65_536
V1 = Files(
    1,
    "memory",
    "memory.usage_in_bytes",
    "memory.max_usage_in_bytes",
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.oom_control",
    "pids.max",
)
V2 = Files(2, "unified", "memory.current", "memory.peak", "memory.max", "memory.swap.max", "memory.events", "pids.max")


class Cgroup:
    """One folder a controller (version 1), or one for all (version 2)."""

    def __init__(self, files: Files, memory: str, processes: str) -> None:
        self._files = files
        self._memory = memory
        self._processes = processes
        # Not cgroup.procs: in version 1 a file that stays open tells the list of its first reading again until nobody asked for a second.
        places = [f"{processes}/pids.current", *(f"{memory}/{name}" for name in (files.used, files.peak, files.killed))]
        self._open = {place: os.open(place, os.O_RDONLY | os.O_CLOEXEC) for place in places if os.path.exists(place)}
        self._limit = self._read(files.most_memory) if files.version == V1.version else 0
        self._most_processes = 0
        self.version = files.version

    def limit(self, memory: int, processes: int) -> None:
        """Bound the run that comes. Raises ``OSError``."""
        _write(f"{self._memory}/{self._files.peak}", "0", may_fail=self.version == V2.version)
        most = self._read(self._files.used) + memory + SLACK
        if not self._limit - SLACK // 2 <= most <= self._limit:
            self._set_memory(most)
        here = int(self._text(f"{self._processes}/pids.current")) + processes + 1
        if here != self._most_processes:
            _write(f"{self._processes}/{self._files.most_processes}", str(here))
            self._most_processes = here

    def _set_memory(self, most: int) -> None:
        """Version 1 wants the limit with swap to be no smaller at any time."""
        names = [self._files.most_memory]
        if self.version == V2.version:
            _write(f"{self._memory}/{self._files.most_with_swap}", "0", may_fail=True)
        elif os.path.exists(f"{self._memory}/{self._files.most_with_swap}"):
            names.append(self._files.most_with_swap)
        for name in reversed(names) if most > self._limit else names:
            _write(f"{self._memory}/{name}", str(most))
        self._limit = most

    def peak(self, before: int) -> int:
        """Bytes in use at the most, beyond the ``before`` of the runner itself; 0 where the kernel does not tell."""
        try:
            return max(0, self._read(self._files.peak) - before)
        except FileNotFoundError:
            return 0

    def used(self) -> int:
        """Bytes in use."""
        return self._read(self._files.used)

    def killed(self) -> int:
        """Processes killed for want of memory so far."""
        for line in self._text(f"{self._memory}/{self._files.killed}").splitlines():
            name, _, value = line.partition(" ")
            if name == "oom_kill":
                return int(value)
        return 0

    def processes(self) -> set[int]:
        """Who is in it, the runner among them."""
        return {int(line) for line in self._text(f"{self._processes}/cgroup.procs").split()}

    def _read(self, name: str) -> int:
        return int(self._text(f"{self._memory}/{name}"))

    def _text(self, place: str) -> str:
        """What a file says; those that each run asks are open. Raises ``OSError``."""
        file = self._open.get(place)
        if file is None:
            return _text(place)
        os.lseek(file, 0, os.SEEK_SET)
        return _whole(file)


def prepare(place: str) -> Cgroup | None:
    """Mount the cgroups under ``place``, and go into one of our own; None where the cell does not let us."""
    for make in (_second, _first):
        with contextlib.suppress(OSError):
            return make(place)
    return None


def _first(place: str) -> Cgroup:
    folders = []
    for controller in ("memory", "pids"):
        folder = f"{place}/{controller}"
        _mount(folder, "cgroup", controller)
        folders.append(_enter(folder))
    group = Cgroup(V1, *folders)
    group.used()
    return group


def _second(place: str) -> Cgroup:
    """The root of a cell's tree holds its processes, which must make room before it can hand controllers down."""
    root = f"{place}/unified"
    _mount(root, "cgroup2", "")
    if not {"memory", "pids"} <= set(_text(f"{root}/cgroup.controllers").split()):
        sc.unmount(root)
        raise OSError("no controllers of version 2")
    os.makedirs(f"{root}/cell", exist_ok=True)
    for pid in _text(f"{root}/cgroup.procs").split():
        with contextlib.suppress(ProcessLookupError):
            _write(f"{root}/cell/cgroup.procs", pid)
    _write(f"{root}/cgroup.subtree_control", "+memory +pids")
    folder = _enter(root)
    return Cgroup(V2, folder, folder)


def _mount(folder: str, kind: str, options: str) -> None:
    os.makedirs(folder, exist_ok=True)
    sc.mount("none", folder, kind, sc.MS_NOSUID | sc.MS_NODEV | sc.MS_NOEXEC, options)


def _enter(parent: str) -> str:
    folder = f"{parent}/{NAME}"
    os.makedirs(folder, exist_ok=True)
    _write(f"{folder}/cgroup.procs", "0")
    return folder


def _text(path: str) -> str:
    file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return _whole(file)
    finally:
        os.close(file)


def _whole(file: int) -> str:
    data = piece = os.read(file, _PAGE)
    while piece:
        piece = os.read(file, _PAGE)
        data += piece
    return data.decode()


def _write(path: str, text: str, *, may_fail: bool = False) -> None:
    try:
        file = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
        try:
            os.write(file, text.encode())
        finally:
            os.close(file)
    except OSError:
        if not may_fail:
            raise
