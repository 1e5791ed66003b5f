"""What the loop does for pools once a second: claims are settled, and each pool is given its target."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.app.claims import settle_cells
from reconciler.app.clock import now
from reconciler.errors import StateError
from reconciler.model.execute import Target, Traffic
from reconciler.model.world import Grade
from reconciler.policy.placement import candidates
from reconciler.policy.poolsize import Room, target
from reconciler.policy.settling import Settlement
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile
from reconciler.store.traffic import refilled, set_targets, targets, traffic, trim, waiting_slots

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from reconciler.app.loop.memory import Memory
    from reconciler.model.resources import Desired, Host, Pool
    from reconciler.model.world import HostView

TRIM = 600.0
"""Seconds between two cuts of what went on in the past, and of jobs that were kept long enough."""
LETTING_GO = 0.5
"""Seconds of one turn in which jobs are let go."""


class Pools:
    """Used by one thread."""

    def __init__(self, state_dir: Path, memory: Memory, wake: Callable[[str, str], None], tell: Callable[[str], None]) -> None:
        """``wake`` one host, and why; ``tell`` of a file that cannot be used, once."""
        self._path = state_dir / FILE_NAME
        self._memory = memory
        self._wake = wake
        self._tell = tell
        self._file: JobsFile | None = None
        self._troubled = False
        self._trimmed = 0.0

    def attend(self) -> None:
        """Settle, count and decide. A file that fails is tried again the next time; meanwhile no cell is ended."""
        desired, at = self._memory.desired, now().timestamp()
        if desired is None or not (desired.pools or self._path.exists()):
            return
        try:
            self._file = self._file or JobsFile(self._path)
            self._settle(self._file, desired, at)
            self._size(self._file, desired, at)
            self._troubled = False
        except StateError as error:
            self.close()
            if not self._troubled:
                self._tell(error.message)
            self._troubled = True

    def close(self) -> None:
        """Let the file go."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _settle(self, file: JobsFile, desired: Desired, at: float) -> None:
        views = {host.name: view for host in desired.hosts if (view := self._memory.views.get(host.name)) is not None}
        whole = views if len(views) == len(desired.hosts) else {}
        for settled in settle_cells(file, whole, desired.policy.environment, at):
            if settled.what is Settlement.SPEND:
                self._wake(settled.claim.cell.host, f"{settled.claim.cell.ref} is spent")
        _count_refills(file, views.values())
        if at - self._trimmed >= TRIM:
            trim(file, at)
            # Many and large ones take their time, and pools are not to wait for it: the next turn goes on.
            if not file.retain(at - desired.policy.keep_jobs, LETTING_GO):
                self._trimmed = at

    def _size(self, file: JobsFile, desired: Desired, at: float) -> None:
        before, busy = targets(file), traffic(file, at)
        found = {
            pool.ref.name: target(pool, before.get(pool.ref.name), busy.get(pool.ref.name, Traffic()), self._room(pool, desired), at)
            for pool in desired.pools
        }
        if found != before:
            set_targets(file, found)
        for pool in desired.pools:
            name = pool.ref.name
            if found[name].cells != _cells(before.get(name), pool):
                for host in _hosts_of(pool, desired):
                    self._wake(host.name, f"{pool.ref} goes to {found[name].cells} cells")

    def _room(self, pool: Pool, desired: Desired) -> Room:
        hosts = _hosts_of(pool, desired)
        views = self._memory.views
        seen = [host for host in hosts if host.name in views and views[host.name].grade is Grade.COMPLETE]
        # A host elsewhere tells neither how much of its memory is in use nor its load.
        local = all(host.address.startswith("unix:") for host in hosts)
        return Room(len(hosts), len(seen), _memory_used() if local else None, _load() if local else None)


def _cells(before: Target | None, pool: Pool) -> int:
    return before.cells if before is not None else pool.minimum


def _hosts_of(pool: Pool, desired: Desired) -> tuple[Host, ...]:
    """Where its cells may live; none for one whose size is fixed, which asks for no room."""
    return candidates(pool.spare[0].placement, desired.hosts) if pool.spare else ()


def _count_refills(file: JobsFile, views: Iterable[HostView]) -> None:
    slots = waiting_slots(file)
    if not slots:
        return
    for row in (row for view in views for row in view.instances if row.name in slots):
        started = _moment(row.started_at)
        if started is not None:
            refilled(file, row.name, started)


def _moment(told: str) -> float | None:
    """Seconds since the epoch; None where it does not tell a moment."""
    try:
        return datetime.fromisoformat(told).timestamp()
    except (ValueError, OverflowError):
        return None


def _memory_used() -> float | None:
    """Share of this machine's memory in use; None where it is not told."""
    try:
        words = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        total, free = (int(words[name].split()[0]) for name in ("MemTotal", "MemAvailable"))
        return 1.0 - free / total
    except (OSError, KeyError, ValueError, ZeroDivisionError):
        return None


def _load() -> float | None:
    """Load of this machine per core; None where it is not told."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except OSError:
        return None
