"""Looking at every host at once. A host that does not answer becomes a value: unseen, with why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.errors import HostError
from reconciler.lxd.read import look
from reconciler.model.world import Observed, unseen

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from reconciler.app.doors import Doors
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

MAX_THREADS = 64


def observe(hosts: Sequence[Host], doors: Doors) -> Observed:
    """One graded look at each host, all at the same time, four requests each at most."""
    at = now()
    if not hosts:
        return Observed({}, at)
    with ThreadPoolExecutor(min(len(hosts), MAX_THREADS), thread_name_prefix="observe") as pool:
        views = pool.map(lambda host: _view(host, doors, at), hosts)
        return Observed({view.host: view for view in views}, at)


def _view(host: Host, doors: Doors, at: datetime) -> HostView:
    try:
        return look(doors.open(host), at)
    except HostError as error:
        return unseen(host.name, f"{error.code}: {error.message}", at)
