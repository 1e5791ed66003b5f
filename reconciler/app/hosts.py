"""Hosts: what they are and hold."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.doors import Doors
from reconciler.app.observe import observe
from reconciler.app.repository import load_desired
from reconciler.model.marks import read_marks

if TYPE_CHECKING:
    from reconciler.app.settings import Settings
    from reconciler.model.resources import Capacity, Desired, Host
    from reconciler.model.world import HostView, Observed


@dataclass(frozen=True, slots=True)
class HostRow:
    """One host of the inventory. Counts are None where the host was not seen."""

    name: str
    address: str
    location: str
    state: str
    grade: str
    why: str
    server_name: str
    version: str
    fingerprint: str
    capacity: Capacity
    instances: int | None
    """Ours: with our marks of this environment."""
    foreign: int | None
    """Others in our project."""
    powers: tuple[tuple[str, int], ...]
    """Ours by status."""
    cluster: str = ""
    """The cluster that it is a member of; "" where it stands alone."""


def list_hosts(settings: Settings) -> tuple[HostRow, ...]:
    """Look at every host of the inventory."""
    desired = load_desired(settings)
    with Doors(settings) as doors:
        return host_rows(desired, observe(desired.hosts, doors))


def host_rows(desired: Desired, observed: Observed) -> tuple[HostRow, ...]:
    """One row a host, in the inventory's order."""
    return tuple(_row(host, observed.hosts[host.name], desired.policy.environment) for host in desired.hosts)


def _row(host: Host, view: HostView, env: str) -> HostRow:
    marks = [(read_marks(instance.config), instance) for instance in view.instances]
    ours = [instance for mark, instance in marks if mark and mark.env == env]
    seen = view.identity is not None
    return HostRow(
        name=host.name,
        address=host.address,
        location=host.location,
        state=host.state.value,
        grade=view.grade.value,
        why="; ".join(view.why),
        server_name=view.identity.server_name if view.identity else "",
        version=view.identity.version if view.identity else "",
        fingerprint=host.fingerprint,
        capacity=host.capacity,
        instances=len(ours) if seen else None,
        foreign=len(view.instances) - len(ours) if seen else None,
        powers=tuple(sorted(Counter(instance.status.value for instance in ours).items())),
        cluster=host.cluster.name if host.cluster else "",
    )
