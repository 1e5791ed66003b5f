"""Facts about a host that LXD tells, for ``doctor``: what is there, never whether it is good enough."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from reconciler.errors import HostError, Unreachable
from reconciler.lxd import convert

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from reconciler.lxd.connect import Door

NEEDED = (
    "etag",
    "instances",
    "projects",
    "container_protection_delete",
    "container_nic_ipfilter",
    "instance_nic_network",
    "instance_nic_bridged_port_isolation",
    "network_acl",
    "network_bridge_acl",
    "usedby_consistency",
)
"""API extensions that isolation, marks and the checks of a look stand on."""

APPARMOR_OFF = "AppArmor support has been disabled"
CLOSED_WARNING = "resolved"
ALIVE = frozenset({"Running", "Frozen"})
LAST_MAP = "volatile.last_state.idmap"
"""The ids that LXD gave the files of an instance on disk; empty where they have those of the image."""


@dataclass(frozen=True, slots=True)
class PoolFact:
    """A storage pool. Bytes; None where LXD does not tell."""

    name: str
    driver: str
    total: int | None
    used: int | None


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What one host tells of itself. None means unknown, never no."""

    version: str
    kernel: str
    firewall: str
    """``nftables`` or ``xtables``."""
    missing: tuple[str, ...]
    """Of the API extensions that are needed."""
    pools: tuple[PoolFact, ...] | None
    apparmor: bool | None
    idmapped: bool
    """Whether LXD says that the kernel can map ids at mount time, so that no file of an isolated container need be rewritten."""
    mapped: bool
    """Whether a container that runs was started that way. One that was not says nothing: its files may have been rewritten long ago."""
    warnings: tuple[str, ...] | None
    """LXD's own open warnings, each a sentence."""
    password: bool
    """Whether a trust password is set: anybody who learns it may enrol."""
    clients: int | None
    """Certificates that the host trusts."""
    clock_skew: float | None
    """Seconds that the host's clock is ahead of ours; told in whole seconds, so less than 1 says nothing."""


def facts(door: Door, now: Callable[[], datetime]) -> HostFacts:
    """Ask for every fact, about six requests. ``now`` reads our clock, in UTC. Raises ``Unreachable`` where the host is lost."""
    identity = convert.identity(door.metadata, door.host.fingerprint)
    environment: Mapping[str, Any] = door.metadata["environment"]
    warnings = _warnings(_ask(door, "warnings", recursion="1"))
    certificates = _ask(door, "certificates")
    return HostFacts(
        version=identity.version,
        kernel=str(environment.get("kernel_version", "")),
        firewall=str(environment.get("firewall", "")),
        missing=tuple(name for name in NEEDED if name not in identity.extensions),
        pools=_pools(door),
        apparmor=None if warnings is None else not any(warning.startswith(APPARMOR_OFF) for warning in warnings),
        idmapped=(environment.get("kernel_features") or {}).get("idmapped_mounts") == "true",
        mapped=any_mapped(_ask(door, "instances", **{"recursion": "1", "all-projects": "true"})),
        warnings=warnings,
        password=bool((door.metadata.get("config") or {}).get("core.trust_password")),
        clients=len(certificates) if isinstance(certificates, list) else None,
        clock_skew=_skew(door, now),
    )


def _ask(door: Door, *parts: str, **query: str) -> Any:
    """What LXD tells, or None where it will not: an older version, or rights that we lack."""
    try:
        return door.get(door.path(*parts, project=False, **query))
    except Unreachable:
        raise
    except HostError:
        return None


def _pools(door: Door) -> tuple[PoolFact, ...] | None:
    rows = _ask(door, "storage-pools", recursion="1")
    if not isinstance(rows, list):
        return None
    return tuple(_pool(door, row) for row in sorted(rows, key=lambda row: str(row.get("name"))))


def _pool(door: Door, row: Mapping[str, Any]) -> PoolFact:
    name = str(row.get("name", ""))
    space = (_ask(door, "storage-pools", name, "resources") or {}).get("space") or {}
    return PoolFact(name, str(row.get("driver", "")), _count(space, "total"), _count(space, "used"))


def _warnings(rows: object) -> tuple[str, ...] | None:
    if not isinstance(rows, list):
        return None
    told = (f"{row.get('type')}: {row.get('last_message') or 'no more is told'}" for row in rows if row.get("status") != CLOSED_WARNING)
    return tuple(sorted(set(told)))


def any_mapped(rows: object) -> bool:
    """Whether one of the rows is a running container whose ids were mapped when its root was mounted."""
    return isinstance(rows, list) and any(_is_mapped(row) for row in rows)


def _is_mapped(row: Mapping[str, Any]) -> bool:
    """Running, with ids of its own, and its files with those of the image."""
    config = row.get("expanded_config") or {}
    return (
        row.get("type") == "container"
        and row.get("status") in ALIVE
        and config.get("security.privileged") != "true"
        and config.get(LAST_MAP) == "[]"
        and config.get("volatile.idmap.current", "[]") != "[]"
    )


def _count(found: Mapping[str, Any], key: str) -> int | None:
    value = found.get(key)
    return value if isinstance(value, int) and value else None


def _skew(door: Door, now: Callable[[], datetime]) -> float | None:
    before = now()
    told = door.send("GET", "/1.0").headers.get("Date", "")
    return convert.skew(told, before + (now() - before) / 2)
