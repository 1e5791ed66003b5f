"""The door of one claim: what is written down of it is read again before each thing that is done in its cell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.lxd.cells import fenced
from reconciler.policy.fencing import Held

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.execute import Claim
    from reconciler.store.execute import ExecuteFile


def door_of(claim: Claim, door: Door, file: ExecuteFile) -> Door:
    """For ``Link.open`` and ``put_mark``. Raises ``Refused`` where the door is to another host."""
    return fenced(door, claim, lambda: Held(claim, file.found(claim.cell.uuid), now().timestamp()))
