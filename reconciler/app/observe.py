"""Looking at every host at once, at the members of a cluster with one look.

A host that does not answer becomes a value: unseen, with why and the code that this means.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.own import own_instance
from reconciler.errors import HostError, NoQuorum, NotTrusted, Unreachable, WrongIdentity
from reconciler.lxd.cluster import look_at_members
from reconciler.lxd.read import look, snapshots
from reconciler.model.cluster import by_endpoint
from reconciler.model.world import Observed, unseen

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from reconciler.app.doors import Doors
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

MAX_THREADS = 64

NOT_SEEN = "O01"
CODES: tuple[tuple[type[HostError], str, str], ...] = (
    (WrongIdentity, "O02", "F12"),
    (NotTrusted, NOT_SEEN, "F12"),
    (NoQuorum, "F08", "F08"),
)
"""Error -> what it means of a host of our own, and of a partner's. Every other error means that the host was not seen."""


def observe(hosts: Sequence[Host], doors: Doors, before: Mapping[str, HostView] | None = None) -> Observed:
    """One graded look at each endpoint, all at the same time. Its ``at`` is after the last answer.

    ``before``: earlier looks by host; what is told again is not read again, see ``lxd.read.look``.
    Beside ``hosts`` the look holds members of their clusters that the inventory does not name.
    """
    known = before or {}
    if not hosts:
        return Observed({}, now(), own_instance())
    groups = list(by_endpoint(hosts).values())
    with ThreadPoolExecutor(min(len(groups), MAX_THREADS), thread_name_prefix="observe") as pool:
        views = {view.host: view for seen in pool.map(lambda group: views_of(group, doors, known), groups) for view in seen}
    return Observed(views, now(), own_instance())


def with_snapshots(observed: Observed, places: Collection[str], hosts: Sequence[Host], doors: Doors) -> Observed:
    """``observed`` with the snapshots of all on the hosts ``places``. Where they cannot be had they stay unknown, which refuses."""
    asked = [host for host in hosts if host.name in places]
    if not asked:
        return observed
    with ThreadPoolExecutor(min(len(asked), MAX_THREADS), thread_name_prefix="snapshots") as pool:
        told = pool.map(lambda host: _snapshots(observed.hosts[host.name], host, doors), asked)
        return replace(observed, hosts={**observed.hosts, **{view.host: view for view in told}})


def _snapshots(view: HostView, host: Host, doors: Doors) -> HostView:
    if view.project is None:
        return view
    try:
        return replace(view, project=replace(view.project, snapshots=snapshots(doors.open(host), view.volumes)))
    except HostError:
        return view


def views_of(group: Sequence[Host], doors: Doors, before: Mapping[str, HostView]) -> tuple[HostView, ...]:
    """One look at hosts of one endpoint: a view for each of them, and for each member that nobody declared. Unseen by a ``HostError``."""
    first = group[0]
    try:
        seen = _look(first, doors, before.get(first.name))
    except HostError as error:
        name = first.cluster.name if first.cluster else ""
        return tuple(unseen(host.name, f"{error.code}: {error.message}", now(), code_of(error, host), name) for host in group)
    asked = {host.name for host in group}
    declared = {host for _, host in first.cluster.members} if first.cluster else asked
    return tuple(view for view in seen if view.host in asked or view.host not in declared)


def _look(host: Host, doors: Doors, before: HostView | None) -> tuple[HostView, ...]:
    if host.cluster is None:
        return (look(doors.open(host), now, before),)
    door = doors.open(host)
    try:
        return look_at_members(door, now)
    except Unreachable:
        # Another member may answer for all, where this one went away or was left by the others.
        doors.leave(host, door.address)
        return look_at_members(doors.open(host), now)


def code_of(error: HostError, host: Host) -> str:
    """The code of the refusal that ``error`` means for what lives on ``host``."""
    for kind, ours, partners in CODES:
        if isinstance(error, kind):
            return partners if host.partner else ours
    return NOT_SEEN
