"""Creating an instance, and seeing that LXD gave it ids with which it can start."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.fingerprint import essence
from reconciler.errors import Conflict, OperationFailed
from reconciler.lxd import convert
from reconciler.lxd.destroy import delete, drop_protection
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.read import instance
from reconciler.model import marks
from reconciler.model.plan import DeleteInstance, DropProtection
from reconciler.model.world import Status
from reconciler.policy import isolation

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import CreateInstance
    from reconciler.model.world import Instance

CREATE_SECONDS = 300
UNPACKED = "volatile.apply_template"
"""LXD writes this as the last thing of creating an instance and takes it away at its first start."""


def create(door: Door, call: CreateInstance) -> str:
    """Create it, stopped. One that this very plan made before counts as done; another of that name is a ``Conflict``.

    One of which the ids are astray is taken away again, which is an ``OperationFailed``.
    """
    with door.creating:
        _post(door, call)
        # In the same turn, for whatever is made beside one that is astray may be given the ids behind its.
        if call.config.get(isolation.KEY) == "true":
            _take_back_astray(door, call)
    return ""


def _post(door: Door, call: CreateInstance) -> None:
    body = {
        "name": call.name,
        "type": convert.CONTAINER,
        "profiles": [],
        "source": {"type": "image", "fingerprint": call.image},
        "config": dict(call.config),
        "devices": {name: dict(device) for name, device in call.devices.items()},
    }

    def made() -> bool:
        return _is_made(instance(door, call.name), call)

    path = door.path("instances", target=call.target) if call.target else door.path("instances")
    try:
        run(door, "POST", path, body, Waiting(CREATE_SECONDS, made))
    except Conflict as error:
        if not made():
            raise Conflict(f"{door.host.name}: the name {call.name} is taken by an instance that this plan did not make") from error


def _is_made(found: Instance | None, call: CreateInstance) -> bool:
    """The row is there from the first moment of creating, so the row alone proves nothing."""
    intent = call.config.get(marks.INTENT)
    if found is None or not intent or found.config.get(marks.INTENT) != intent:
        return False
    if call.target and found.location != call.target:
        return False
    return UNPACKED in found.config or found.status in {Status.RUNNING, Status.FROZEN}


def _take_back_astray(door: Door, call: CreateInstance) -> None:
    """Delete what this call made where it can never start. It never ran, so nothing is in it."""
    found = instance(door, call.name)
    if found is None or UNPACKED not in found.config or not _is_made(found, call) or not isolation.astray(found.config):
        return
    plan, seen = call.config[marks.INTENT], essence(found)
    drop_protection(door, DropProtection(found.name, found.uuid, plan, seen))
    delete(door, DeleteInstance(found.name, found.uuid, plan, seen))
    raise OperationFailed(
        f"{door.host.name}: LXD gave {call.name} ids from {found.config[isolation.BASE]} on, with which it could never start, and it was"
        " taken away again: an isolated container that has no ids lies on the host, such as one of which the creation was cut off",
        hint="unsandbox plan; where that container is not ours: lxc list --all-projects",
    )
