"""Instances whose creation was cut off: LXD lists what it had begun to make when it was killed, and neither ends it nor takes it away.

To start one does harm: LXD then makes an empty folder in the place of the disk, and can no longer delete it. Nothing ever ran in one.
Nor in one that was given ids astray: each try to start it fails, and it keeps its ids.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.world import Status
from reconciler.policy import isolation

if TYPE_CHECKING:
    from reconciler.model.records import Ledger
    from reconciler.model.world import Instance, Observed

UNPACKED = frozenset({"volatile.apply_template", "volatile.last_state.power"})
"""LXD writes the first as the last thing of creating an instance, the second at a start. The row alone is there from the beginning."""


def unpacked(found: Instance) -> bool:
    """Whether it was made to its end: it runs, or shows so and could run."""
    return found.status is not Status.STOPPED or (bool(UNPACKED & found.config.keys()) and not isolation.astray(found.config))


def unfinished(observed: Observed, ledger: Ledger) -> frozenset[tuple[str, str]]:
    """(host, instance) of what we began to make and LXD will never end.

    The row alone does not prove it: the journal must tell that this very plan began it and never heard that it was done, and nothing may
    be at work on it.
    """
    found = set()
    for host, name, plan in ledger.begun:
        view = observed.hosts.get(host)
        if view is None or any(item.instance == name for item in view.operations):
            continue
        row = next((row for row in view.instances if row.name == name), None)
        if row is not None and plan and row.config.get(marks.INTENT) == plan and not unpacked(row):
            found.add((host, name))
    return frozenset(found)
