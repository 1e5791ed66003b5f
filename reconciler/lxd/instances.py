"""Instances that exist: they are written to only while they have the uuid that was planned for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.engine.fingerprint import essence
from reconciler.errors import Conflict
from reconciler.lxd import convert
from reconciler.lxd.connect import etag_of, metadata_of
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.read import instance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.lxd.connect import Door
    from reconciler.model.plan import UpdateInstance
    from reconciler.model.world import Instance

WRITE_SECONDS = 120
SHOWN = 12
"""Digits of a fingerprint that are enough to tell two apart in a message."""


def update(door: Door, call: UpdateInstance) -> str:
    """Set and remove what the call names and leave the rest, provided nobody wrote in between."""
    row, found, etag = read_planned(door, call.name, call.uuid)
    config = {key: value for key, value in found["config"].items() if key not in call.remove} | dict(call.config)
    devices = {**found["devices"], **{name: dict(device) for name, device in call.devices.items()}}
    _put(door, found, config, devices, etag)
    return row.uuid


def read_planned(door: Door, name: str, uuid: str, whole: str = "") -> tuple[Instance, dict[str, Any], str]:
    """The object, as LXD gave it, and its ETag. ``uuid`` "" takes any; ``whole`` (``engine.fingerprint.essence``) "" compares no more.

    Raises ``NotFound``, or ``Conflict`` (P02) where it is not the one that was planned for or is no container.
    """
    response = door.send("GET", door.path("instances", name))
    found: dict[str, Any] = metadata_of(response, door.host.name)
    row = convert.instance(found)
    where = f"{door.host.name}: P02: {name}"
    if uuid and row.uuid != uuid:
        raise Conflict(f"{where} is another instance ({row.uuid or 'no uuid'}) than planned for ({uuid}); it was left alone")
    if row.type != convert.CONTAINER:
        raise Conflict(f"{where} is a {row.type}, and only containers are ours; it was left alone")
    if whole and (seen := essence(row)) != whole:
        raise Conflict(f"{where} is not as planned for ({whole[:SHOWN]}) but was changed ({seen[:SHOWN]}); it was left alone")
    return row, found, etag_of(response, door.host.name)


def _put(door: Door, found: Mapping[str, Any], config: Mapping[str, str], devices: Mapping[str, Any], etag: str) -> None:
    """The whole object under If-Match: PATCH cannot remove a key."""
    name = str(found["name"])
    kept = ("architecture", "description", "ephemeral", "profiles", "stateful")
    body = {**{key: found[key] for key in kept if key in found}, "config": dict(config), "devices": dict(devices)}

    def written() -> bool:
        row = instance(door, name)
        return row is not None and _stated(row.config) == _stated(config) and row.devices == devices

    run(door, "PUT", door.path("instances", name), body, Waiting(WRITE_SECONDS, written), headers={"If-Match": etag})


def _stated(config: Mapping[str, str]) -> dict[str, str]:
    """What LXD keeps of what was written: a key without a value it leaves out, and ``volatile.`` is its own."""
    return {key: value for key, value in config.items() if value and not key.startswith("volatile.")}
