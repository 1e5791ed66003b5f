"""Whether a container gets an id range of its own. Decided once, when it is made; what exists keeps what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

KEY = "security.idmap.isolated"
MARGIN = 0.8
"""Share of the host's ranges that we give out; the rest is for what others on the host use, which we do not see."""


def free_ranges(host: Host, view: HostView) -> int:
    """How many more containers of ours may be isolated: each takes 65,536 ids for itself. 0 or less means none."""
    used = sum(row.config.get(KEY) == "true" for row in view.instances)
    return int(host.capacity.isolated * MARGIN) - used
