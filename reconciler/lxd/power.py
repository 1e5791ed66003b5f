"""Power: start, stop, freeze, unfreeze."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.errors import Conflict, Forgotten, OperationFailed, Rejected
from reconciler.lxd.instances import read_planned
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.read import instance
from reconciler.lxd.startlog import with_reason
from reconciler.model.world import Status

if TYPE_CHECKING:
    from reconciler.errors import HostError
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import SetPower

GRACE = 15
"""Seconds that a change of state may take beyond the time that LXD itself was given for it."""

REACHED = {"start": Status.RUNNING, "unfreeze": Status.RUNNING, "freeze": Status.FROZEN, "stop": Status.STOPPED}


def set_power(door: Door, call: SetPower) -> str:
    """Bring it to the state; one that is in it already counts as done. Without a uuid it was made by this plan and is not read first."""
    if call.uuid and not call.seen:
        row, _, _ = read_planned(door, call.name, call.uuid, call.essence)
        if row.status is REACHED[call.verb]:
            return call.uuid

    def reached() -> bool:
        row = instance(door, call.name)
        return row is not None and row.status is REACHED[call.verb] and call.uuid in {"", row.uuid}

    body = {"action": call.verb, "force": call.force, "timeout": call.timeout}
    try:
        run(door, "PUT", door.path("instances", call.name, "state"), body, Waiting(call.timeout + GRACE, reached))
    except (OperationFailed, Conflict, Rejected) as error:
        # LXD refuses to start what runs; another writer may have been quicker.
        if reached():
            return call.uuid or _uuid_at_rest(door, call)
        if not (call.last_resort and call.verb == "stop" and isinstance(error, OperationFailed)):
            raise _explained(door, call, error) from error
        # Read once more: in the time that it was given it may have become somebody else's.
        return set_power(door, replace(call, force=True, last_resort=False))
    return call.uuid or _uuid_at_rest(door, call)


def _explained(door: Door, call: SetPower, error: HostError) -> HostError:
    """What an orderly stop that did not come to its end means, and why a start failed; every other failure is itself."""
    if call.verb == "start" and isinstance(error, OperationFailed):
        return with_reason(door, call.name, error)
    if call.verb != "stop" or call.force or not isinstance(error, OperationFailed) or isinstance(error, Forgotten):
        return error
    return OperationFailed(
        f"{door.host.name}: S11: {call.name} did not stop within {call.timeout} s and was not stopped by force ({error.message})",
        hint=f"lxc stop {call.name} --project {door.host.project} --force, or forceStop: true in the Policy",
    )


def _uuid_at_rest(door: Door, call: SetPower) -> str:
    """The uuid of one made by this plan and put to rest at once: whoever wakes it later must know that we did that."""
    row = instance(door, call.name) if call.verb in {"freeze", "stop"} else None
    return row.uuid if row else ""
