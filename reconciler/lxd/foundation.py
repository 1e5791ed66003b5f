"""Objects of a host's foundation: made where absent, brought to what they should be where they differ. The pool is never altered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.errors import Defect, HostError, NotFound, OperationFailed, Rejected
from reconciler.lxd.operations import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.lxd.connect import Door
    from reconciler.model.plan import PutObject

FOLDER = {"project": "projects", "storage-pool": "storage-pools", "network-acl": "network-acls", "network": "networks"}
SECONDS = 120


def put_object(door: Door, call: PutObject) -> None:
    """Create ``call`` or make it equal to its body."""
    if call.kind not in FOLDER:
        raise Defect(f"{call.kind} is not an object of the foundation")
    folder = FOLDER[call.kind]
    try:
        found = door.get(door.path(folder, call.name, project=False))
    except NotFound:
        _make(door, folder, call)
        return
    if call.kind == "storage-pool" or _same(found, call.body):
        return
    body: dict[str, Any] = {
        "description": found.get("description", ""),
        **{key: value for key, value in call.body.items() if key != "type"},
    }
    if call.kind == "project":
        # A partial config would switch the project's other features off.
        body["config"] = {**found["config"], **_config(call.body)}
    run(door, "PUT", door.path(folder, call.name, project=False), body, deadline=SECONDS, settled=lambda: _is(door, folder, call))


def _make(door: Door, folder: str, call: PutObject) -> None:
    body = {"name": call.name, **call.body}
    path = door.path(folder, project=False)
    try:
        run(door, "POST", path, body, deadline=SECONDS, settled=lambda: _is(door, folder, call))
    except (Rejected, OperationFailed):
        # Where btrfs cannot be had, a plain directory still works; it enforces no disk limits.
        if call.kind != "storage-pool" or call.body.get("driver") != "btrfs":
            raise
        run(door, "POST", path, {**body, "driver": "dir"}, deadline=SECONDS, settled=lambda: _is(door, folder, call))


def _config(body: Mapping[str, object]) -> dict[str, str]:
    config = body.get("config")
    return {str(key): str(value) for key, value in config.items()} if isinstance(config, dict) else {}


def _same(found: Mapping[str, Any], body: Mapping[str, object]) -> bool:
    config = _config(body)
    if any(found.get("config", {}).get(key) != value for key, value in config.items()):
        return False
    return all(found.get(key) == value for key, value in body.items() if key not in {"config", "type"})


def _is(door: Door, folder: str, call: PutObject) -> bool:
    try:
        return _same(door.get(door.path(folder, call.name, project=False)), call.body)
    except HostError:
        return False
