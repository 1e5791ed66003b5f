"""Looking at every host at once. A host that does not answer becomes a value: unseen, with why and the code that this means."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.own import own_instance
from reconciler.errors import HostError, NotTrusted, WrongIdentity
from reconciler.lxd.read import look, snapshots
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
)
"""Error -> what it means of a host of our own, and of a partner's. Every other error means that the host was not seen."""


def observe(hosts: Sequence[Host], doors: Doors, before: Mapping[str, HostView] | None = None) -> Observed:
    """One graded look at each host, all at the same time. Its ``at`` is after the last answer.

    ``before``: earlier looks by host; what is told again is not read again, see ``lxd.read.look``.
    """
    known = before or {}
    if not hosts:
        return Observed({}, now(), own_instance())
    with ThreadPoolExecutor(min(len(hosts), MAX_THREADS), thread_name_prefix="observe") as pool:
        views = {view.host: view for view in pool.map(lambda host: view_of(host, doors, known.get(host.name)), hosts)}
    return Observed(views, now(), own_instance())


def with_snapshots(observed: Observed, places: Collection[str], hosts: Sequence[Host], doors: Doors) -> Observed:
    """``observed`` with the snapshots of all on the hosts ``places``. Where they cannot be had they stay unknown, which refuses."""
    told = {host.name: _snapshots(observed.hosts[host.name], host, doors) for host in hosts if host.name in places}
    return replace(observed, hosts={**observed.hosts, **told}) if told else observed


def _snapshots(view: HostView, host: Host, doors: Doors) -> HostView:
    if view.project is None:
        return view
    try:
        return replace(view, project=replace(view.project, snapshots=snapshots(doors.open(host), view.volumes)))
    except HostError:
        return view


def view_of(host: Host, doors: Doors, before: HostView | None = None) -> HostView:
    """One look at one host, ``before`` which there was another; unseen where it raises a ``HostError``."""
    try:
        return look(doors.open(host), now, before)
    except HostError as error:
        return unseen(host.name, f"{error.code}: {error.message}", now(), code_of(error, host))


def code_of(error: HostError, host: Host) -> str:
    """The code of the refusal that ``error`` means for what lives on ``host``."""
    for kind, ours, partners in CODES:
        if isinstance(error, kind):
            return partners if host.partner else ours
    return NOT_SEEN
