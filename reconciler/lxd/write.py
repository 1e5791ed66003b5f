"""Making one call of a plan. Whatever is done already counts as done; whatever is no longer what was meant is a ``Conflict``."""

from __future__ import annotations

from functools import singledispatch
from typing import TYPE_CHECKING, Any

from reconciler.errors import Conflict, Defect, NotFound, OperationFailed
from reconciler.lxd import convert
from reconciler.lxd.connect import Door, metadata_of
from reconciler.lxd.foundation import put_object
from reconciler.lxd.images import import_image
from reconciler.lxd.operations import run
from reconciler.lxd.read import instance
from reconciler.model import marks
from reconciler.model.plan import (
    CreateInstance,
    DeleteInstance,
    DropProtection,
    ImportImage,
    PushFile,
    PutObject,
    RunCommand,
    SetPower,
    UpdateInstance,
)
from reconciler.model.world import Status

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import Call

CREATE_SECONDS = 300
DELETE_SECONDS = 120
GRACE = 15
"""Seconds that waiting for a change of state may take beyond the time that LXD itself was given for it."""

_REACHED = {"start": Status.RUNNING, "unfreeze": Status.RUNNING, "freeze": Status.FROZEN, "stop": Status.STOPPED}
_ALREADY = ("already running", "already stopped", "already frozen", "not frozen", "is not running", "already started")


def perform(door: Door, call: Call) -> str:
    """Make ``call`` on the door's host, in its project. Returns the instance's uuid where it is known, else "". Raises a ``HostError``."""
    return _perform(call, door)


@singledispatch
def _perform(call: Call, _door: Door) -> str:
    raise Defect(f"{type(call).__name__} is not a call of this version")


@_perform.register
def _create(call: CreateInstance, door: Door) -> str:
    body = {
        "name": call.name,
        "type": "container",
        "profiles": [],
        "source": {"type": "image", "fingerprint": call.image},
        "config": dict(call.config),
        "devices": {name: dict(device) for name, device in call.devices.items()},
    }

    def there() -> bool:
        found = instance(door, call.name)
        return found is not None and found.config.get(marks.INTENT) == call.config.get(marks.INTENT)

    with door.creating:
        run(door, "POST", door.path("instances"), body, deadline=CREATE_SECONDS, settled=there)
    return ""


@_perform.register
def _power(call: SetPower, door: Door) -> str:
    def reached() -> bool:
        found = instance(door, call.name)
        return found is not None and found.status is _REACHED[call.verb]

    body = {"action": call.verb, "force": call.force, "timeout": call.timeout}
    try:
        run(door, "PUT", door.path("instances", call.name, "state"), body, deadline=call.timeout + GRACE, settled=reached)
    except (OperationFailed, Conflict) as error:
        if not any(word in error.message.lower() for word in _ALREADY) or not reached():
            raise
    return call.uuid


def _read(door: Door, name: str, uuid: str) -> tuple[dict[str, Any], str]:
    """The object as LXD has it and its ETag; a ``Conflict`` where it is not the one that was meant."""
    response = door.send("GET", door.path("instances", name))
    found = metadata_of(response, door.host.name)
    seen = convert.instance(found).uuid
    if uuid and seen != uuid:
        raise Conflict(f"{door.host.name}: {name} is another instance now ({seen or 'no uuid'}, not {uuid}); nothing was done to it")
    return found, str(response.headers.get("ETag", ""))


def _put(door: Door, name: str, found: Mapping[str, Any], config: Mapping[str, str], devices: Mapping[str, Any], etag: str) -> None:
    body = {key: found.get(key) for key in ("architecture", "description", "ephemeral", "profiles", "stateful") if key in found}
    body |= {"config": dict(config), "devices": dict(devices)}
    run(
        door,
        "PUT",
        door.path("instances", name),
        body,
        deadline=CREATE_SECONDS,
        settled=lambda: _holds(door, name, config),
        headers={"If-Match": etag},
    )


def _holds(door: Door, name: str, config: Mapping[str, str]) -> bool:
    found = instance(door, name)
    return found is not None and all(found.config.get(key) == value for key, value in config.items() if not key.startswith("volatile."))


@_perform.register
def _update(call: UpdateInstance, door: Door) -> str:
    found, etag = _read(door, call.name, call.uuid)
    config = {key: value for key, value in found["config"].items() if key not in call.remove} | dict(call.config)
    devices = {**found["devices"], **{name: dict(device) for name, device in call.devices.items()}}
    _put(door, call.name, found, config, devices, etag)
    return convert.instance(found).uuid


@_perform.register
def _drop(call: DropProtection, door: Door) -> str:
    found, etag = _read(door, call.name, call.uuid)
    config = {**found["config"], "security.protection.delete": "false", marks.TOMBSTONE: call.tombstone}
    _put(door, call.name, found, config, found["devices"], etag)
    return call.uuid


@_perform.register
def _delete(call: DeleteInstance, door: Door) -> str:
    try:
        _read(door, call.name, call.uuid)
        run(door, "DELETE", door.path("instances", call.name), deadline=DELETE_SECONDS, settled=lambda: instance(door, call.name) is None)
    except NotFound:
        return call.uuid
    return call.uuid


@_perform.register
def _push(call: PushFile, door: Door) -> str:
    headers = {"X-LXD-type": "file", "X-LXD-mode": "0700", "X-LXD-uid": "0", "X-LXD-gid": "0", "X-LXD-write": "overwrite"}
    door.send("POST", door.path("instances", call.name, "files", path=call.path), data=call.text.encode(), headers=headers)
    return ""


@_perform.register
def _run(call: RunCommand, door: Door) -> str:
    body = {"command": list(call.command), "wait-for-websocket": False, "interactive": False, "record-output": False, "environment": {}}
    # An exec that LXD forgot has an exit status that nobody knows, hence never counts as done.
    ended = run(door, "POST", door.path("instances", call.name, "exec"), body, deadline=call.timeout, settled=lambda: False)
    if ended.get("return") != 0:
        raise OperationFailed(
            f"{door.host.name}: {' '.join(call.command)} in {call.name} ended with status {ended.get('return')}",
            hint=f"lxc exec {call.name} --project {door.host.project} -- {' '.join(call.command)}",
        )
    return ""


@_perform.register
def _import(call: ImportImage, door: Door) -> str:
    import_image(door, call)
    return ""


@_perform.register
def _object(call: PutObject, door: Door) -> str:
    put_object(door, call)
    return ""
