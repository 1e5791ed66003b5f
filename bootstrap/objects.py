"""The demonstration's objects inside LXD: one project, its networks and ACLs, one storage pool."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from bootstrap.rest import LxdError, listing, query

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from bootstrap.made import Made

PROJECT = "unsandbox"
POOL = "unsandbox"
MARK = "user.unsandbox.env"
# Networks and ACLs of a project live in the default project, so these names are all that says whose they are.
SHARED = ("networks/unsb-zero", "networks/unsb-semi", "network-acls/unsb-zero", "network-acls/unsb-semi")
NOT_FOUND = 404


def has(socket: Path, target: str) -> bool:
    """Say whether an object is there. An LXD that does not answer raises: unknown is not absent."""
    try:
        query(socket, "GET", target)
    except LxdError as error:
        if error.status == NOT_FOUND:
            return False
        raise
    return True


def present(socket: Path) -> list[str]:
    """Which of the demonstration's objects are there, the pool aside: that may be shared."""
    return [name for name in (f"projects/{PROJECT}", *SHARED) if has(socket, f"/1.0/{name}")]


def make_pool(socket: Path) -> str:
    """Make the pool on a btrfs loop file, or in a plain folder where btrfs cannot be had; return the driver."""
    for driver in ("btrfs", "dir"):
        try:
            query(socket, "POST", "/1.0/storage-pools", {"name": POOL, "driver": driver})
        except LxdError:
            if driver == "dir":
                raise
        else:
            return driver
    return ""


def strangers(socket: Path) -> list[str]:
    """Instances that are not ours: outside the project, or in it without our mark."""
    rows = listing(socket, "/1.0/instances?all-projects=true")
    return [f"{row['project']}/{row['name']}" for row in rows if row["project"] != PROJECT or MARK not in row["config"]]


def remove(socket: Path, made: Made) -> list[str]:
    """Remove what the record says was made; return what had to stay, each with why."""
    stayed: list[str] = []
    if made.project and has(socket, f"/1.0/projects/{PROJECT}"):
        stayed += _remove_project(socket)
    if made.project and not stayed:
        stayed += _delete_each(socket, [name for name in SHARED if has(socket, f"/1.0/{name}")])
    if made.pool and has(socket, f"/1.0/storage-pools/{POOL}"):
        stayed += _delete_each(socket, [f"storage-pools/{POOL}"])
    return stayed


def _remove_project(socket: Path) -> list[str]:
    scope = f"project={PROJECT}"
    for row in listing(socket, f"/1.0/instances?{scope}"):
        if MARK in row["config"]:
            _remove_instance(socket, row, scope)
    left = listing(socket, f"/1.0/instances?{scope}")
    if left:
        return [f"instance {PROJECT}/{row['name']}: it carries no mark of ours" for row in left]
    for row in listing(socket, f"/1.0/images?{scope}"):
        query(socket, "DELETE", f"/1.0/images/{row['fingerprint']}?{scope}")
    for row in listing(socket, f"/1.0/profiles?{scope}"):
        if row["name"] != "default":
            query(socket, "DELETE", f"/1.0/profiles/{quote(row['name'])}?{scope}")
    return _delete_each(socket, [f"projects/{PROJECT}"])


def _remove_instance(socket: Path, row: dict[str, object], scope: str) -> None:
    target = f"/1.0/instances/{quote(str(row['name']))}"
    query(socket, "PATCH", f"{target}?{scope}", {"config": {"security.protection.delete": "false"}})
    if row["status"] != "Stopped":
        query(socket, "PUT", f"{target}/state?{scope}", {"action": "stop", "force": True, "timeout": 30})
    query(socket, "DELETE", f"{target}?{scope}")


def _delete_each(socket: Path, names: Iterable[str]) -> list[str]:
    stayed = []
    for name in names:
        noun, _, last = name.partition("/")
        try:
            query(socket, "DELETE", f"/1.0/{noun}/{quote(last)}")
        except LxdError as error:
            stayed.append(f"{name}: {error}")
    return stayed
