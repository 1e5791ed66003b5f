"""Instances as LXD shows them, and the rules for their config."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.fake.answers import Refused, etag_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.fake.state import Instance, Project

CODES = {"Stopped": 102, "Running": 103, "Frozen": 110, "Error": 112, "Starting": 106, "Stopping": 107, "Freezing": 109}
NAME = re.compile(r"^[A-Za-z][A-Za-z0-9-]{0,62}$")
PREFIXES = ("user.", "image.", "volatile.", "environment.", "limits.kernel.", "linux.sysctl.", "cloud-init.")
KEYS = frozenset(
    {
        "boot.autostart",
        "boot.host_shutdown_timeout",
        "cluster.evacuate",
        "limits.cpu",
        "limits.cpu.allowance",
        "limits.cpu.priority",
        "limits.disk.priority",
        "limits.memory",
        "limits.memory.enforce",
        "limits.memory.swap",
        "limits.processes",
        "nvidia.runtime",
        "raw.idmap",
        "raw.lxc",
        "security.devlxd",
        "security.guestapi",
        "security.idmap.base",
        "security.idmap.isolated",
        "security.idmap.size",
        "security.nesting",
        "security.privileged",
        "security.protection.delete",
        "security.protection.shift",
        "security.syscalls.deny_default",
        "snapshots.schedule",
    }
)
NUMBER = re.compile(r"^\d+(-\d+)?(,\d+(-\d+)?)*$")
SIZE = re.compile(r"^\d+([kMGT]i?B|%)?$")
VALUES = (("limits.cpu", NUMBER, "Invalid CPU limit syntax"), ("limits.memory", SIZE, "Invalid value: {}"))
IDMAP = '[{"Isuid":true,"Isgid":false,"Hostid":100000,"Nsid":0,"Maprange":10000001}]'


def check_config(config: Mapping[str, str], before: str) -> None:
    """Refuse what LXD does not know; ``before`` are its words in front."""
    for key, value in config.items():
        if key not in KEYS and not key.startswith(PREFIXES):
            raise Refused(400, f"{before}Unknown configuration key: {key}")
        for name, form, told in VALUES:
            if key == name and not form.match(value):
                raise Refused(400, before + told.format(value))


def born(fingerprint: str, properties: Mapping[str, str], *, generations: bool) -> dict[str, str]:
    """The keys that LXD gives to an instance in the making; ``volatile.apply_template`` comes last of all, when it is unpacked."""
    return {
        **{f"image.{key}": value for key, value in properties.items()},
        "volatile.base_image": fingerprint,
        "volatile.cloud-init.instance-id": str(uuid4()),
        "volatile.idmap.base": "0",
        "volatile.idmap.next": IDMAP,
        "volatile.last_state.idmap": "[]",
        **identity(generations=generations),
    }


def identity(*, generations: bool) -> dict[str, str]:
    """A new uuid; it is its own generation until a snapshot is restored."""
    uuid = str(uuid4())
    return {"volatile.uuid": uuid, **({"volatile.uuid.generation": uuid} if generations else {})}


def expanded(instance: Instance, profiles: Mapping[str, Mapping[str, Any]]) -> tuple[dict[str, str], dict[str, dict[str, str]]]:
    """Config and devices in force: profiles in order, then its own."""
    config: dict[str, str] = {}
    devices: dict[str, dict[str, str]] = {}
    for name in instance.profiles:
        config |= profiles[name]["config"]
        devices |= profiles[name]["devices"]
    return {**config, **instance.config}, {**devices, **instance.devices}


def row(instance: Instance, project: Project, profiles: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """One instance as LXD tells it."""
    config, devices = expanded(instance, profiles)
    return {
        "architecture": "x86_64",
        "config": dict(instance.config),
        "devices": {name: dict(device) for name, device in instance.devices.items()},
        "ephemeral": instance.ephemeral,
        "profiles": list(instance.profiles),
        "stateful": False,
        "description": instance.description,
        "created_at": instance.created_at,
        "expanded_config": config,
        "expanded_devices": devices,
        "name": instance.name,
        "status": instance.status,
        "status_code": CODES[instance.status],
        "last_used_at": instance.last_used_at,
        "location": instance.location,
        "type": "container",
        "project": project.name,
    }


def etag(instance: Instance, profiles: Mapping[str, Mapping[str, Any]]) -> str:
    """As LXD does: local config and devices, and the whole of every profile; neither status nor location nor description."""
    used = [[name, profiles[name]] for name in instance.profiles]
    return etag_of("x86_64", instance.config, instance.devices, instance.ephemeral, used)


def texts(value: object) -> dict[str, str]:
    """A config as it comes in; keys without a value are left out, which is how LXD removes them."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(400, "json: cannot unmarshal config")
    return {str(key): str(text) for key, text in value.items() if text != ""}


def devices(value: object) -> dict[str, dict[str, str]]:
    """Devices as they come in."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise Refused(400, "json: cannot unmarshal devices")
    return {str(name): texts(device) for name, device in value.items()}


def check_profiles(names: Iterable[str], profiles: Mapping[str, object], status: int, told: str) -> None:
    """Refuse profiles that are not there."""
    for name in names:
        if name not in profiles:
            raise Refused(status, told.format(name))
