"""How many cells a pool should have: what arrives, times how long each is busy, with some to spare. Between min and max, always."""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import ceil, isfinite, sqrt
from typing import TYPE_CHECKING

from reconciler.model.execute import Target

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.execute import Traffic
    from reconciler.model.resources import Desired, Pool

HOLD = 300.0
"""Seconds that fewer cells must have been enough before the pool shrinks."""
SPAWN = 4
"""Cells that a pool grows by on each host it may use, at one decision."""
PAUSE = 5.0
"""Seconds between two decisions to grow."""
MEMORY, LOAD = 0.85, 2.0
"""Share of a host's memory in use, and load per core, from which on nothing grows there."""


@dataclass(frozen=True, slots=True)
class Room:
    """What is known of the hosts that the pool may use. None is not known, which lets nothing grow."""

    hosts: int
    complete: int
    """Of them, those that were seen in full."""
    memory: float | None = None
    """Share in use on the host that has most free."""
    load: float | None = None
    """Load per core on the host that has least."""


def target(pool: Pool, before: Target | None, traffic: Traffic, room: Room, at: float) -> Target:
    """The next target. The same as ``before`` where a host is not seen in full, or where anything cannot be counted."""
    last = before or Target(pool.minimum, "it begins with its minimum", at)
    held = replace(last, cells=_within(pool, last.cells))
    try:
        return _moved(pool, held, traffic, room, at)
    except Exception as error:  # noqa: BLE001 - what cannot be counted moves nothing
        return replace(held, why=f"stays: its need could not be counted ({type(error).__name__})")


def _moved(pool: Pool, held: Target, traffic: Traffic, room: Room, at: float) -> Target:
    if pool.minimum == pool.maximum:
        return replace(held, why="its size is fixed", low=0.0)
    if room.hosts < 1 or room.complete < room.hosts:
        return replace(held, why=f"stays: {room.complete} of {room.hosts} hosts were seen in full", low=0.0)
    need, told = _need(traffic)
    wanted = _within(pool, need)
    if wanted > held.cells:
        return _grown(held, wanted, told, room, at)
    if wanted < held.cells:
        return _shrunk(held, wanted, told, at)
    return replace(held, why=told, low=0.0)


def _grown(held: Target, wanted: int, told: str, room: Room, at: float) -> Target:
    guard = _guard(room)
    if guard:
        return replace(held, why=f"stays though {wanted} are needed: {guard}", low=0.0)
    if 0 <= at - held.since < PAUSE:
        return replace(held, why=f"grows to {wanted} in a moment: {told}", low=0.0)
    cells = min(wanted, held.cells + SPAWN * room.complete)
    return Target(cells, told if cells == wanted else f"on its way to {wanted}: {told}", at)


def _shrunk(held: Target, wanted: int, told: str, at: float) -> Target:
    low = held.low if 0 < held.low <= at else at
    if at - low < HOLD:
        return replace(held, why=f"{wanted} would do for {at - low:.0f} of {HOLD:.0f} s: {told}", low=low)
    return Target(wanted, told, at)


def _need(traffic: Traffic) -> tuple[int, str]:
    """Cells that are busy on the average, and twice the root of that to spare. Raises ``ValueError`` for what cannot be."""
    rate, busy = traffic.asks / traffic.span, traffic.held + traffic.refill
    if min(traffic.asks, traffic.held, traffic.refill) < 0 or not isfinite(busy):
        raise ValueError("time and number are never less than nothing")
    # Before the first came to its end nobody knows how long one is had: each that asked counts as one that is had.
    mean = rate * busy if busy else float(traffic.asks)
    spare = 2 * sqrt(mean)
    return ceil(mean + spare), f"{rate:.2f} claims/s for {busy:.1f} s each, and {spare:.0f} to spare"


def _guard(room: Room) -> str:
    if room.memory is None or room.load is None:
        return "how much memory and load its hosts have is not known"
    if not (0 <= room.memory < MEMORY):
        return f"{room.memory:.0%} of memory is in use, {MEMORY:.0%} are the limit"
    return "" if 0 <= room.load < LOAD else f"the load is {room.load:.1f} per core, {LOAD:.1f} are the limit"


def _within(pool: Pool, cells: int) -> int:
    return max(pool.minimum, min(pool.maximum, cells))


def sized(desired: Desired, targets: Mapping[str, Target]) -> Desired:
    """``desired`` with as many cells as the targets say: the very same where that is what it has."""
    spare = {cell.ref for pool in desired.pools for cell in pool.spare}
    if not spare:
        return desired
    more = [cell for pool in desired.pools for cell in pool.spare[: _beyond(pool, targets)]]
    together = [*(workload for workload in desired.workloads if workload.ref not in spare), *more]
    workloads = tuple(sorted(together, key=lambda workload: (workload.ref.kind, workload.ref.name)))
    return desired if workloads == desired.workloads else replace(desired, workloads=workloads)


def _beyond(pool: Pool, targets: Mapping[str, Target]) -> int:
    found = targets.get(pool.ref.name)
    return _within(pool, found.cells) - pool.minimum if found is not None else 0
