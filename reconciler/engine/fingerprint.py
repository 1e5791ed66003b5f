"""What pins an object in a plan: everything that says what it is, nothing that moves by itself."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from reconciler.model import marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.world import Instance

STEPS = frozenset({"security.protection.delete", marks.TOMBSTONE})
NOISE = ("volatile.last_state.", "volatile.idmap.", "volatile.apply_", "volatile.cloud-init.")
"""Volatile keys that LXD rewrites on a plain start or stop."""


def semantic_fingerprint(instance: Instance) -> str:
    """SHA-256 over uuid, generation, status, location, profiles and what they give, own config less noise, and devices. 64 hex digits."""
    return instance.recorded or _digest(instance, instance.status.value, frozenset())


def essence(instance: Instance) -> str:
    """The same without what the steps of a destroy change: status, protection and tombstone. 64 hex digits."""
    return _digest(instance, "", STEPS)


def _digest(instance: Instance, status: str, without: frozenset[str]) -> str:
    whole = [
        instance.uuid,
        instance.generation,
        status,
        instance.location,
        list(instance.profiles),
        instance.inherited,
        instance.ephemeral,
        {key: value for key, value in instance.config.items() if key not in without and not _is_noise(key)},
        {name: dict(device) for name, device in instance.devices.items()},
    ]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _is_noise(key: str) -> bool:
    return key.startswith(NOISE) or (key.startswith("volatile.") and (key.endswith(".host_name") or ".last_state." in key))


def differences(before: Instance, after: Instance) -> tuple[str, ...]:
    """What makes two fingerprints differ, in words: parts, names of config keys and of devices; of values only the status and places."""
    parts = [
        f"uuid {before.uuid} -> {after.uuid}" if before.uuid != after.uuid else "",
        "generation (a snapshot was restored)" if before.generation != after.generation else "",
        f"status {before.status} -> {after.status}" if before.status is not after.status else "",
        f"location {before.location} -> {after.location}" if before.location != after.location else "",
        "profiles" if before.profiles != after.profiles else "",
        "what its profiles give it" if before.inherited != after.inherited else "",
        "ephemeral" if before.ephemeral is not after.ephemeral else "",
        *(f"config {key}" for key in _moved(before.config, after.config) if not _is_noise(key)),
        *(f"device {name}" for name in _moved(before.devices, after.devices)),
    ]
    return tuple(part for part in parts if part)


def _moved(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    return sorted(key for key in before.keys() | after.keys() if before.get(key) != after.get(key))
