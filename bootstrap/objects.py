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
SHARED = ("networks", "network-acls")
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


def shared_names(socket: Path) -> list[str]:
    """Networks and ACLs of the default project, as `networks/NAME`."""
    return [f"{noun}/{row['name']}" for noun in SHARED for row in listing(socket, f"/1.0/{noun}")]


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
    if not stayed:
        marked = (f"{noun}/{row['name']}" for noun in SHARED for row in listing(socket, f"/1.0/{noun}") if MARK in row["config"])
        stayed += _delete_each(socket, (name for name in marked if name not in made.others))
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
