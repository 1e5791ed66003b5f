"""Clusters: hosts that one LXD serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.resources import Host


@dataclass(frozen=True, slots=True)
class Cluster:
    """An LXD cluster as the inventory tells of it: one endpoint that serves every member."""

    name: str
    members: tuple[tuple[str, str], ...]
    """LXD's name of a member and the name of the host that it is here, sorted."""
    addresses: tuple[str, ...]
    """Of the members, in the order of their hosts; each answers for all."""


def by_endpoint(hosts: Iterable[Host]) -> dict[str, tuple[Host, ...]]:
    """Hosts by ``Host.endpoint``, in the order given: members of one cluster together, every other host alone."""
    found: dict[str, tuple[Host, ...]] = {}
    for host in hosts:
        found[host.endpoint] = (*found.get(host.endpoint, ()), host)
    return found
