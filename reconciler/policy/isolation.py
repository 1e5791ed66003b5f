"""Whether a container gets an id range of its own. Decided once, when it is made; what exists keeps what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

KEY = "security.idmap.isolated"
MARGIN = 0.8
"""Share of the host's ranges that is given out by what was seen; the rest is for what one pass makes at once."""


def may_isolate(host: Host, view: HostView, _instance: str) -> bool:
    """Yes while the host's ranges reach: each isolated container takes 65,536 ids for itself."""
    used = sum(row.config.get(KEY) == "true" for row in view.instances)
    return used < host.capacity.isolated * MARGIN
