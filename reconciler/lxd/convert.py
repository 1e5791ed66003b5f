"""LXD's JSON to our values. Pure, and loud: what is not of the form LXD promises is ``Malformed``, never guessed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from reconciler.errors import Malformed
from reconciler.model.world import Identity, Instance, Operation, ProjectView, Status

if TYPE_CHECKING:
    from collections.abc import Mapping

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

RUNNING_OPERATIONS = ("running", "pending")


INSTANCE_NOUNS = frozenset({"instances", "containers", "virtual-machines"})
_USER = re.compile(r"^/1\.0/(?P<noun>[a-z-]+)/(?P<name>[^/?]+)(\?.*)?$")
"""One of a project's users; paths with more parts are snapshots and the like."""


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
    )


def project(metadata: Mapping[str, Any]) -> ProjectView:
    """The answer of ``GET /1.0/projects/NAME``: its config, and who uses it."""
    users = [_USER.match(str(path)) for path in _part(metadata, "used_by", list, "GET project")]
    named = [(user["noun"], unquote(user["name"])) for user in users if user]
    return ProjectView(
        config=_texts(_part(metadata, "config", dict, "GET project")),
        names=frozenset(name for noun, name in named if noun in INSTANCE_NOUNS),
        images=frozenset(name for noun, name in named if noun == "images"),
    )


def _texts(value: Mapping[str, Any]) -> dict[str, str]:
    return {str(key): str(text) for key, text in value.items()}


def rows(metadata: object) -> list[dict[str, Any]]:
    """The list of ``GET /1.0/instances?recursion=1``, each row a mapping with a name."""
    if not isinstance(metadata, list):
        raise Malformed(f"GET instances: {type(metadata).__name__}, not a list")
    if not all(isinstance(row, dict) and row.get("name") for row in metadata):
        raise Malformed("GET instances: a row without a name")
    return metadata


def is_hollow(row: Mapping[str, Any]) -> bool:
    """A row that LXD gives for an instance it could not load: no config, or none of the volatile keys every instance has."""
    config = row.get("config")
    return not isinstance(config, dict) or not config or not any(key.startswith("volatile.") for key in config)


def instance(row: Mapping[str, Any]) -> Instance:
    """One row of ``GET /1.0/instances?recursion=1``, or ``GET /1.0/instances/NAME``."""
    what = f"instance {row.get('name', '(without a name)')}"
    config = _texts(_part(row, "config", dict, what))
    devices = _part(row, "devices", dict, what)
    return Instance(
        name=_part(row, "name", str, what),
        uuid=config.get("volatile.uuid", ""),
        generation=config.get("volatile.uuid.generation", ""),
        status=STATUS.get(_part(row, "status_code", int, what), Status.UNKNOWN),
        status_text=str(row.get("status", "")),
        config=config,
        devices={name: _texts(device) for name, device in devices.items()},
        profiles=tuple(row.get("profiles") or ()),
        ephemeral=bool(row.get("ephemeral", False)),
        location=str(row.get("location", "none")),
        type=str(row.get("type", "container")),
        created_at=str(row.get("created_at", "")),
    )


def operations(metadata: object) -> tuple[Operation, ...]:
    """The answer of ``GET /1.0/operations?recursion=1``: what runs on instances. Finished ones are kept by LXD for 5 s and left out."""
    if not isinstance(metadata, dict):
        raise Malformed(f"GET operations: {type(metadata).__name__}, not a mapping")
    running = [row for state in RUNNING_OPERATIONS for row in metadata.get(state) or ()]
    return tuple(
        Operation(str(row.get("id", "")), str(row.get("description", "")), name)
        for row in running
        if row.get("class") == "task"
        for name in sorted(set(_touched(row)))
    )


def _touched(row: Mapping[str, Any]) -> list[str]:
    resources = row.get("resources") or {}
    paths = [*(resources.get("instances") or ()), *(resources.get("containers") or ())]
    return [unquote(str(path).partition("?")[0].rsplit("/", 1)[-1]) for path in paths]
