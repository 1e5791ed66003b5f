"""Whether a container gets an id range of its own. Decided once, when it is made; what exists keeps what it has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.resources import Host
    from reconciler.model.world import HostView

KEY = "security.idmap.isolated"
SIZE = "security.idmap.size"
BASE = "volatile.idmap.base"
"""The first of its ids on the host, as LXD chose it; "0" for one that shares those of all."""
LOWEST = 100_000
"""No system gives ids below this to root's containers (``SUB_UID_MIN``): they are of its own users."""
RANGE = 65_536
"""Ids that a container takes for itself."""
NESTED = 2 * RANGE
"""Ids of one that holds containers: the upper half is for those inside, of which none can do with less than a range."""
MARGIN = 0.8
"""Share of the host's ranges that we give out; the rest is for what others on the host use, which we do not see."""


def free_ranges(host: Host, view: HostView) -> int:
    """How many more ranges of 65,536 ids containers of ours may take for themselves. 0 or less means none."""
    used = sum(ranges(nesting=SIZE in row.config) for row in view.instances if row.config.get(KEY) == "true")
    return int(host.capacity.isolated * MARGIN) - used


def ranges(*, nesting: bool) -> int:
    """How many one container takes."""
    return NESTED // RANGE if nesting else 1


def astray(config: Mapping[str, str]) -> bool:
    """Whether LXD gave it ids that no host has: it takes an isolated container without a range to have range 0, and gives the ids behind.

    With such ids nothing starts. What cannot be read is not astray.
    """
    base = config.get(BASE, "")
    return config.get(KEY) == "true" and base.isascii() and base.isdigit() and 0 < int(base) < LOWEST
