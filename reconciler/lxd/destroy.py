"""Destroying an instance: drop protection and write the tombstone, (stop it), delete it, see that it is gone.

Each step reads the one object first and goes on only while it is what was planned for. LXD takes no precondition on DELETE, so what
somebody does between the last read and the DELETE is not seen; LXD itself still refuses to delete what runs or is protected again.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from reconciler.errors import Conflict, NotFound, OperationFailed, Rejected
from reconciler.lxd import convert
from reconciler.lxd.instances import read_planned
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.read import instance
from reconciler.model import marks
from reconciler.model.world import Status

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.plan import DeleteInstance, DropProtection
    from reconciler.model.world import Instance

WRITE_SECONDS = 120
DELETE_SECONDS = 120
PROTECTED = "security.protection.delete"
_NO_DISK = re.compile(r'setting subvolume writable "(/[^"\s]+)"')


def drop_protection(door: Door, call: DropProtection) -> str:
    """Take the protection away and write which plan may delete it: one request under If-Match that writes nothing else."""
    row, _, etag = read_planned(door, call.name, call.uuid, call.essence)
    wanted = {PROTECTED: "false", marks.TOMBSTONE: call.tombstone}
    if wanted.items() <= row.config.items():
        return call.uuid

    def written() -> bool:
        found = instance(door, call.name)
        return found is not None and found.uuid == call.uuid and wanted.items() <= found.config.items()

    # PATCH and not PUT: what somebody writes while LXD compares the ETag is kept, and met by the next read.
    path = door.path("instances", call.name)
    try:
        run(door, "PATCH", path, {"config": wanted}, Waiting(WRITE_SECONDS, written), headers={"If-Match": etag})
    except (NotFound, Rejected, OperationFailed):
        # LXD writes its database first and a file on the disk after: where an instance has no disk the first stands and the second fails.
        if not written():
            raise
    return call.uuid


def delete(door: Door, call: DeleteInstance) -> str:
    """Delete it and see that it is gone; one that is gone already counts as done.

    Raises ``Conflict`` (P02) where it is not as planned for, or lives on under another name.
    """
    if not call.uuid:
        raise Conflict(f"{door.host.name}: P02: {call.name} was planned for without a uuid, so nothing can tell whether it is the one")

    def gone() -> bool:
        found = instance(door, call.name)
        return found is None or found.uuid != call.uuid

    try:
        row, _, _ = read_planned(door, call.name, call.uuid, call.essence)
        _check_ready(door, call, row)
        run(door, "DELETE", door.path("instances", call.name), None, Waiting(DELETE_SECONDS, gone))
    except NotFound:
        _check_nowhere(door, call)
        return call.uuid
    except OperationFailed as error:
        raise _with_way_out(door, call, error) from error
    if not gone():
        raise OperationFailed(f"{door.host.name}: LXD says that {call.name} was deleted, and it is still there", hint="unsandbox plan")
    return call.uuid


def _with_way_out(door: Door, call: DeleteInstance, error: OperationFailed) -> OperationFailed:
    """LXD writing to an instance without a disk leaves an empty folder where the disk should be, and then cannot delete it."""
    folder = _NO_DISK.search(error.message)
    if folder is None:
        return error
    told = f"{door.host.name}: LXD cannot delete {call.name}: its creation was cut off, and an empty folder stands in the place of its disk"
    return OperationFailed(told, hint=f"on {door.host.name}: rmdir {folder[1]}, then unsandbox apply")


def _check_ready(door: Door, call: DeleteInstance, row: Instance) -> None:
    """At rest, unprotected, and given over to this very plan."""
    where = f"{door.host.name}: P02: {call.name}"
    if row.status is not Status.STOPPED:
        raise Conflict(f"{where} is {row.status_text.lower() or 'in no known state'}, and only what is stopped is deleted")
    if row.config.get(PROTECTED) == "true":
        raise Conflict(f"{where} is protected against deletion; it was left alone")
    tombstone = row.config.get(marks.TOMBSTONE, "")
    if call.tombstone and tombstone != call.tombstone:
        raise Conflict(f"{where} was given over to {tombstone or 'nobody'}, not to this plan ({call.tombstone}); it was left alone")


def _check_nowhere(door: Door, call: DeleteInstance) -> None:
    """The name is not there: that is success only where the instance is not there under another name, or again."""
    instance(door, call.name)  # raises where the project cannot be seen
    rows = convert.rows(door.get(door.path("instances", recursion="1")))
    hollow = sorted(str(row["name"]) for row in rows if convert.is_hollow(row))
    found = sorted(str(row["name"]) for row in rows if not convert.is_hollow(row) and convert.instance(row).uuid == call.uuid)
    where = f"{door.host.name}: P02: {call.name} ({call.uuid})"
    if found:
        raise Conflict(f"{where} is there as {', '.join(found)}; it was left alone")
    if hollow:
        raise Conflict(f"{where} is not there, and may be one of those that LXD cannot read: {', '.join(hollow)}")
