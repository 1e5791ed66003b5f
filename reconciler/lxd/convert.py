"""LXD's JSON to our values. Pure, and loud: what is not of the form LXD promises is ``Malformed``, never guessed."""

from __future__ import annotations

import hashlib
import json
import re
from email.utils import parsedate_to_datetime
from sys import intern
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from reconciler.errors import Malformed
from reconciler.model.world import Identity, Instance, Member, Operation, ProjectView, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

STATUS: dict[int, Status] = {
    101: Status.RUNNING,
    102: Status.STOPPED,
    103: Status.RUNNING,
    105: Status.CHANGING,
    106: Status.CHANGING,
    107: Status.CHANGING,
    108: Status.CHANGING,
    109: Status.CHANGING,
    110: Status.FROZEN,
    111: Status.CHANGING,
    112: Status.ERROR,
    113: Status.RUNNING,
}
"""LXD's status codes of instances: Started, Stopped, Running, Pending to Freezing, Frozen, Thawed, Error, Ready. Another is unknown."""

CONTAINER = "container"
RUNNING_OPERATIONS = ("running", "pending")
CLASSES = frozenset({"task", "websocket"})
"""Classes of operation that are work on an instance; a ``token`` is none."""
EXECUTING, COMMAND = "Executing command", "command"
"""LXD's description of a command that is run in an instance, and our word for it."""
VOTERS = frozenset({"database", "database-leader"})
"""Roles of a cluster member that vote in its database; ``database-standby`` does not."""

INSTANCE_NOUNS = frozenset({"instances", "containers", "virtual-machines"})
_USER = re.compile(r"^/1\.0/(?P<noun>[a-z-]+)/(?P<name>[^/?]+)(\?.*)?$")
"""One of a project's users; paths with more parts are snapshots and the like."""
_VOLUME = re.compile(
    r"^/1\.0/storage-pools/[^/]+/volumes/(container|virtual-machine)/(?P<name>[^/?]+)(/snapshots/(?P<snapshot>[^/?]+))?(\?.*)?$"
)
"""The volume of an instance, or of one of its snapshots."""


_NONE: Mapping[str, str] = {}


def _part(value: Mapping[str, Any], key: str, kind: type, what: str) -> Any:
    found = value.get(key)
    if not isinstance(found, kind):
        raise Malformed(f"{what}: {key} is {type(found).__name__}, not {kind.__name__}")
    return found


def identity(metadata: Mapping[str, Any], fingerprint: str = "") -> Identity:
    """The answer of ``GET /1.0``. ``fingerprint`` is the pinned one where TLS has checked it already."""
    environment = _part(metadata, "environment", dict, "GET /1.0")
    return Identity(
        server_name=str(environment.get("server_name", "")),
        fingerprint=str(environment.get("certificate_fingerprint", "")).lower() or fingerprint,
        version=str(environment.get("server_version", "")),
        clustered=bool(environment.get("server_clustered", False)),
        extensions=frozenset(_part(metadata, "api_extensions", list, "GET /1.0")),
        addresses=tuple(environment.get("addresses") or ()),
        process=process(metadata),
    )


def process(metadata: Mapping[str, Any]) -> int:
    """Process id of the daemon, from the answer of ``GET /1.0``; 0 where it does not tell."""
    told = _part(metadata, "environment", dict, "GET /1.0").get("server_pid")
    return told if isinstance(told, int) else 0


def skew(told: str, middle: datetime) -> float | None:
    """Seconds that a host's clock is ahead of ours, from its ``Date`` header (whole seconds) and our time between request and answer."""
    try:
        return (parsedate_to_datetime(told) - middle).total_seconds()
    except (TypeError, ValueError):
        return None


def members(metadata: object) -> tuple[Member, ...]:
    """The answer of ``GET /1.0/cluster/members?recursion=1``, sorted by name."""
    if not isinstance(metadata, list) or not all(isinstance(row, dict) for row in metadata):
        raise Malformed("GET cluster members: not a list of members")
    found = [
        Member(
            name=_part(row, "server_name", str, "cluster member"),
            status=_part(row, "status", str, "cluster member"),
            votes=not VOTERS.isdisjoint(row.get("roles") or ()),
            address=str(row.get("url", "")).removeprefix("https://"),
        )
        for row in metadata
    ]
    return tuple(sorted(found, key=lambda member: member.name))


def project(metadata: Mapping[str, Any]) -> ProjectView:
    """The answer of ``GET /1.0/projects/NAME``: its config, and who uses it."""
    users = [_USER.match(str(path)) for path in _part(metadata, "used_by", list, "GET project")]
    named = [(user["noun"], unquote(user["name"])) for user in users if user]
    return ProjectView(
        config=_texts(_part(metadata, "config", dict, "GET project")),
        names=frozenset(name for noun, name in named if noun in INSTANCE_NOUNS),
        images=frozenset(name for noun, name in named if noun == "images"),
    )


def root_volumes(rows: Iterable[Mapping[str, Any]]) -> frozenset[tuple[str, str]]:
    """Where the root disks of instances lie: storage pool and type of volume, which is that of the instance."""
    devices = [(row.get("type", CONTAINER), device) for row in rows for device in (row.get("expanded_devices") or {}).values()]
    return frozenset((str(device["pool"]), str(kind)) for kind, device in devices if device.get("path") == "/" and device.get("pool"))


def snapshots(metadata: object) -> dict[str, tuple[str, ...]]:
    """The answer of ``GET /1.0/storage-pools/NAME/volumes/TYPE``: instance with a volume there -> its snapshots."""
    if not isinstance(metadata, list):
        raise Malformed(f"GET volumes: {type(metadata).__name__}, not a list")
    found: dict[str, list[str]] = {}
    for volume in filter(None, (_VOLUME.match(str(path)) for path in metadata)):
        held = found.setdefault(unquote(volume["name"]), [])
        if volume["snapshot"]:
            held.append(unquote(volume["snapshot"]))
    return {name: tuple(sorted(held)) for name, held in found.items()}


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()}


def _shared(value: Mapping[str, Any], beside: Mapping[str, str]) -> dict[str, str]:
    """``_texts``, with the keys and values of ``beside`` where they are the same."""
    return {intern(str(key)): there if (there := beside.get(key)) == text else str(text) for key, text in value.items()}  # type: ignore[misc]  # equal to a text


def _device(value: Mapping[str, Any], beside: Mapping[str, str] | None) -> Mapping[str, str]:
    return beside if beside is not None and beside == value else _shared(value, beside or _NONE)


def rows(metadata: object) -> list[dict[str, Any]]:
    """The list of ``GET /1.0/instances?recursion=1``, each row a mapping with a name."""
    if not isinstance(metadata, list):
        raise Malformed(f"GET instances: {type(metadata).__name__}, not a list")
    if not all(isinstance(row, dict) and row.get("name") for row in metadata):
        raise Malformed("GET instances: a row without a name")
    return metadata


def is_hollow(row: Mapping[str, Any]) -> bool:
    """A row that LXD gives for an instance it could not load: no config, or one without the uuid that every instance has."""
    config = row.get("config")
    return not isinstance(config, dict) or not config.get("volatile.uuid")


def instance(row: Mapping[str, Any], beside: Instance | None = None) -> Instance:
    """One row of ``GET /1.0/instances?recursion=1``, or ``GET /1.0/instances/NAME``. What is no container has no status for us.

    Whatever ``beside`` says too is the same object in both: the instances of a fleet are alike, and each would hold it anew.
    """
    what = f"instance {row.get('name', '(without a name)')}"
    config = _shared(_part(row, "config", dict, what), beside.config if beside is not None else _NONE)
    devices = _part(row, "devices", dict, what)
    kind, told = str(row.get("type", CONTAINER)), str(row.get("status", ""))
    status = STATUS.get(_part(row, "status_code", int, what), Status.UNKNOWN)
    return Instance(
        name=_part(row, "name", str, what),
        uuid=config.get("volatile.uuid", ""),
        generation=config.get("volatile.uuid.generation", ""),
        status=status if kind == CONTAINER else Status.UNKNOWN,
        status_text=intern(told) if kind == CONTAINER else f"{told} ({kind})",
        config=config,
        devices={
            intern(name): _device(device, beside.devices.get(name) if beside is not None else None) for name, device in devices.items()
        },
        profiles=tuple(row.get("profiles") or ()),
        ephemeral=bool(row.get("ephemeral", False)),
        location=intern(str(row.get("location", "none"))),
        type=intern(kind),
        created_at=str(row.get("created_at", "")),
        inherited=_inherited(row, config, what) if row.get("profiles") else "",
        started_at=str(row.get("last_used_at", "")),
    )


def _inherited(row: Mapping[str, Any], config: Mapping[str, str], what: str) -> str:
    """Digest of what its profiles give it: all that is in force and not its own. 64 hex digits."""
    given = {key: value for key, value in _texts(_part(row, "expanded_config", dict, what)).items() if key not in config}
    devices = {name: device for name, device in _part(row, "expanded_devices", dict, what).items() if name not in row["devices"]}
    return hashlib.sha256(json.dumps([given, devices], sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def operations(metadata: object) -> tuple[Operation, ...]:
    """The answer of ``GET /1.0/operations?recursion=1``: what runs on instances. Finished ones are kept by LXD for 5 s and left out."""
    if not isinstance(metadata, dict):
        raise Malformed(f"GET operations: {type(metadata).__name__}, not a mapping")
    running = [row for state in RUNNING_OPERATIONS for row in metadata.get(state) or ()]
    return tuple(
        Operation(str(row.get("id", "")), str(row.get("description", "")), name, _kind(row))
        for row in running
        if row.get("class") in CLASSES
        for name in sorted(set(_touched(row)))
    )


def _kind(row: Mapping[str, Any]) -> str:
    """A command without a connection is a task for LXD, and yet no work on the instance itself."""
    return COMMAND if row["class"] == "task" and row.get("description") == EXECUTING else str(row["class"])


def _touched(row: Mapping[str, Any]) -> list[str]:
    resources = row.get("resources") or {}
    paths = [*(resources.get("instances") or ()), *(resources.get("containers") or ())]
    return [unquote(str(path).partition("?")[0].rsplit("/", 1)[-1]) for path in paths]
