"""Objects of a host's foundation: made where absent, brought to what they should be where they differ. The pool is never altered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from reconciler.errors import Conflict, Defect, HostError, NotFound, OperationFailed, Rejected
from reconciler.lxd import convert
from reconciler.lxd.operations import Waiting, run
from reconciler.model import marks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.lxd.connect import Door
    from reconciler.model.plan import PutObject

FOLDER = {"project": "projects", "storage-pool": "storage-pools", "network-acl": "network-acls", "network": "networks"}
SECONDS = 120
MADE_ONCE = frozenset({"type", "driver"})
"""What can be said only when an object is made."""
ON_EACH = frozenset({"storage-pool", "network"})
"""What a cluster wants to be told of for each member before it is made on all of them at once."""
PENDING = "Pending"
"""LXD's status of what some members were told of and that was not made yet."""


def put_object(door: Door, call: PutObject) -> None:
    """Create ``call`` or make it equal to its body."""
    try:
        found = _read(door, call)
    except NotFound:
        _make(door, call)
        return
    if found.get("status") == PENDING:
        _make(door, call)  # it was begun on members of the cluster and never made
        return
    if call.kind == "storage-pool" or not differing(found, call):
        return
    _refuse_foreign(door, found, call)
    body: dict[str, Any] = {"description": found.get("description", "")}
    body |= {key: value for key, value in call.body.items() if key not in MADE_ONCE}
    # A partial config would switch a project's other features off, and would drop what LXD keeps for itself.
    body["config"] = {**_untold(found, call), **_config(call.body)}
    run(door, "PUT", door.path(FOLDER[call.kind], call.name, project=False), body, _waiting(door, call))


def _refuse_foreign(door: Door, found: Mapping[str, Any], call: PutObject) -> None:
    """A network or ACL of our name that does not carry our mark is somebody's, and is never brought to what we want."""
    there, ours = (found.get("config") or {}).get(marks.ENV, ""), _config(call.body).get(marks.ENV, "")
    if call.kind in {"network", "network-acl"} and there != ours:
        raise Conflict(
            f"{door.host.name}: the {call.kind} {call.name} exists and is not ours (mark {there or 'absent'}, ours {ours})",
            hint=f"rename or delete it, or edit {door.host.source} (project: another name, which gives other names to our networks)",
        )


def differences(door: Door, objects: Iterable[PutObject]) -> tuple[str, ...]:
    """What of the foundation is absent or not as it should be, a sentence each; a storage pool is only asked to exist."""
    told = []
    for call in objects:
        try:
            found = _read(door, call)
        except NotFound:
            told.append(f"{call.kind} {call.name} is absent")
            continue
        words = () if call.kind == "storage-pool" else differing(found, call)
        if words:
            told.append(f"{call.kind} {call.name} differs in {', '.join(words)}")
    return tuple(told)


def differing(found: Mapping[str, Any], call: PutObject) -> tuple[str, ...]:
    """Names of config keys and fields that are not as in the body. A project may hold keys of others, a network may not."""
    there, wanted = dict(found.get("config") or {}), _config(call.body)
    keys = [key for key, value in wanted.items() if there.get(key) != value]
    if call.kind != "project":
        keys += [key for key in there if key not in wanted and not key.startswith("volatile.")]
    fields = [key for key, value in call.body.items() if key not in MADE_ONCE | {"config"} and found.get(key) != value]
    return tuple(sorted({*keys, *fields}))


def _untold(found: Mapping[str, Any], call: PutObject) -> dict[str, str]:
    config: Mapping[str, str] = found.get("config") or {}
    return {key: value for key, value in config.items() if call.kind == "project" or key.startswith("volatile.")}


def _read(door: Door, call: PutObject) -> dict[str, Any]:
    if call.kind not in FOLDER:
        raise Defect(f"{call.kind} is not an object of the foundation")
    found: dict[str, Any] = door.get(door.path(FOLDER[call.kind], call.name, project=False))
    return found


def _make(door: Door, call: PutObject) -> None:
    body = {"name": call.name, **call.body}
    path = door.path(FOLDER[call.kind], project=False)
    if door.host.cluster is not None and call.kind in ON_EACH:
        _announce(door, call)
    try:
        run(door, "POST", path, body, _waiting(door, call))
    except (Rejected, OperationFailed, Conflict) as error:
        if _stands(door, call):
            return  # another writer was quicker
        # What was announced to members with one driver cannot be made with another.
        if call.kind != "storage-pool" or call.body.get("driver") != "btrfs" or door.host.cluster is not None:
            raise
        _make_directory_pool(door, call, error)


def _announce(door: Door, call: PutObject) -> None:
    """Tell each member that it comes; one that was told already says so, and that is as good."""
    body = {"name": call.name, **{key: value for key, value in call.body.items() if key in MADE_ONCE}}
    for member in convert.members(door.get(door.path("cluster", "members", project=False, recursion="1"))):
        try:
            run(door, "POST", door.path(FOLDER[call.kind], project=False, target=member.name), body, Waiting(SECONDS, lambda: False))
        except (Rejected, Conflict) as error:
            if "already defined" not in error.message:
                raise


def _make_directory_pool(door: Door, call: PutObject, first: HostError) -> None:
    """Where btrfs cannot be had, a plain directory still works. It enforces no disk limits, which ``doctor`` says."""
    body = {"name": call.name, **call.body, "driver": "dir"}
    try:
        run(door, "POST", door.path(FOLDER[call.kind], project=False), body, _waiting(door, call))
    except (Rejected, OperationFailed) as error:
        raise type(error)(f"{error.message}; and before that, with btrfs: {first.message}", hint=error.hint) from first


def _waiting(door: Door, call: PutObject) -> Waiting:
    return Waiting(SECONDS, lambda: _stands(door, call))


def _stands(door: Door, call: PutObject) -> bool:
    try:
        found = _read(door, call)
    except NotFound:
        return False
    if found.get("status") == PENDING:
        return False
    return call.kind == "storage-pool" or not differing(found, call)


def _config(body: Mapping[str, object]) -> dict[str, str]:
    config = body.get("config")
    return {str(key): str(value) for key, value in config.items()} if isinstance(config, dict) else {}
