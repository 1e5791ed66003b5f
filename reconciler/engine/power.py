"""The power state: what is wanted, what is there, who may change it, who did last."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.changes import Action
from reconciler.model.resources import Power, PowerOwner
from reconciler.model.world import Status

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.resources import Workload
    from reconciler.model.world import Instance, Operation

MOVES: dict[tuple[Power, Status], Action] = {
    (Power.RUNNING, Status.STOPPED): Action.START,
    (Power.RUNNING, Status.FROZEN): Action.UNFREEZE,
    (Power.FROZEN, Status.RUNNING): Action.FREEZE,
    (Power.FROZEN, Status.STOPPED): Action.FREEZE,
    (Power.HIBERNATED, Status.RUNNING): Action.HIBERNATE,
    (Power.HIBERNATED, Status.FROZEN): Action.HIBERNATE,
}
"""What brings a settled status to the wanted power; one that is not here is right already."""

TOWARDS: dict[Power, Action] = {Power.RUNNING: Action.START, Power.FROZEN: Action.FREEZE, Power.HIBERNATED: Action.HIBERNATE}

POWER_OF: dict[Status, str] = {Status.RUNNING: "running", Status.FROZEN: "frozen", Status.STOPPED: "hibernated"}
"""The settled statuses, in the words of a manifest."""


UNSTARTED = "volatile.apply_template"
"""LXD takes this key away at the first start."""


def never_started(found: Instance) -> bool:
    """Whether it was made and has not run yet: to start it is part of making it."""
    return found.status is Status.STOPPED and UNSTARTED in found.config


FREEZING = "Freezing"
"""LXD's word. Its daemon says it before the kernel freezes and takes it back after: killed between the two, it leaves it for good."""


def half_frozen(found: Instance, operations: Iterable[Operation]) -> bool:
    """Whether it is called freezing and nothing in LXD is at work on it. To freeze it once more ends that; nothing else does."""
    return found.status is Status.CHANGING and found.status_text == FREEZING and not any(item.kind == "task" for item in operations)


def power_move(workload: Workload, found: Instance) -> Action | None:
    """The move that the manifest asks for; None where the power is right, or not ours to change."""
    if workload.power_owner is not PowerOwner.DECLARED:
        return None
    if found.status not in POWER_OF:
        # It is not known to be as declared. The guard refuses the move and says why; to keep quiet would be to call it right.
        return TOWARDS[workload.power]
    return MOVES.get((workload.power, found.status))
