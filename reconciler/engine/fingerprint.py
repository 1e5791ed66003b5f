"""What pins an object in a plan: everything that says what it is, nothing that moves by itself."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.model.world import Instance

NOISE = ("volatile.last_state.", "volatile.idmap.", "volatile.apply_", "volatile.cloud-init.")
"""Volatile keys that LXD rewrites on a plain start or stop."""


def semantic_fingerprint(instance: Instance) -> str:
    """SHA-256 over uuid, generation, status, location, profiles, own config less noise, and devices. 64 hex digits."""
    config = {key: value for key, value in instance.config.items() if not _is_noise(key)}
    whole = [
        instance.uuid,
        instance.generation,
        instance.status.value,
        instance.location,
        list(instance.profiles),
        config,
        {name: dict(device) for name, device in instance.devices.items()},
    ]
    return hashlib.sha256(json.dumps(whole, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def _is_noise(key: str) -> bool:
    return key.startswith(NOISE) or (key.startswith("volatile.") and key.endswith(".host_name"))
