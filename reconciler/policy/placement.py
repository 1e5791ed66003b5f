"""Which host takes a container that does not exist yet. What exists is never moved."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.model.resources import HostState

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.resources import Host, Placement, Workload
    from reconciler.model.world import Grade, HostView


@dataclass(slots=True)
class Room:
    """What one host holds while a pass places things on it: counts grow as containers are given to it."""

    host: Host
    grade: Grade
    instances: int
    memory: int
    kin: dict[str, int] = field(default_factory=dict)
    """Cells by pool, so that a pool spreads evenly."""

    def fits(self, workload: Workload) -> bool:
        """Whether the stated capacity is kept. What is not stated does not limit."""
        capacity = self.host.capacity
        if capacity.instances is not None and self.instances + 1 > capacity.instances:
            return False
        return capacity.memory is None or self.memory + workload.resources.memory <= capacity.memory


def candidates(placement: Placement, hosts: Iterable[Host]) -> tuple[Host, ...]:
    """Every host where the container may live, whatever its state: something of that name could be on any of them."""
    return tuple(host for host in hosts if allows(placement, host))


def allows(placement: Placement, host: Host) -> bool:
    """Whether the placement lets a container live on ``host``."""
    return (
        (placement.host is None or host.name == placement.host)
        and (placement.location is None or host.location == placement.location)
        and (not placement.hosts or host.name in placement.hosts)
    )


def best(workload: Workload, rooms: Iterable[Room], group: str) -> Room | None:
    """The emptiest host that takes more: fewest kin, then fewest instances for its capacity, then by name. None where none fits."""
    open_rooms = [room for room in rooms if room.host.state is HostState.ACTIVE and room.fits(workload)]
    if not open_rooms:
        return None
    return min(open_rooms, key=lambda room: (room.kin.get(group, 0) if group else 0, _load(room), room.host.name))


def _load(room: Room) -> float:
    if room.host.capacity.memory:
        return room.memory / room.host.capacity.memory
    return float(room.instances)


def take(room: Room, workload: Workload, group: str) -> None:
    """Note that ``room`` takes the container."""
    room.instances += 1
    room.memory += workload.resources.memory
    if group:
        room.kin[group] = room.kin.get(group, 0) + 1


def rooms(hosts: Iterable[Host], views: Mapping[str, HostView], memory_of: Mapping[str, int]) -> dict[str, Room]:
    """What each host holds before anything is placed. ``memory_of`` is bytes committed by host."""
    return {
        host.name: Room(host, views[host.name].grade, len(views[host.name].instances), memory_of.get(host.name, 0))
        for host in hosts
        if host.name in views
    }
