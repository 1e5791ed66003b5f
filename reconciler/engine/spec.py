"""What an instance must look like in LXD: config and devices from a workload, its host and the policy."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import lru_cache
from struct import Struct
from typing import TYPE_CHECKING

from reconciler.engine.foundation import network_name
from reconciler.model import marks
from reconciler.model.names import Kind, instance_name
from reconciler.model.records import Writer
from reconciler.model.resources import NetworkMode
from reconciler.policy import isolation
from reconciler.policy.wayout import proxy_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.resources import Host, Policy, PowerOwner, Workload

PROTECTED = "security.protection.delete"
ENVIRONMENT = "environment."
EVACUATE = "cluster.evacuate"
"""What LXD does with an instance when its member is evacuated."""
ENDS_HERE = {"linux.sysctl.net.ipv4.ip_forward": "0", "linux.sysctl.net.ipv6.conf.all.disable_ipv6": "1"}
"""Of a proxy, which stands in two networks: no packet goes through it, and a name has no IPv6 address for it."""
MUTE = "ipv6.address"
"""Of a zerotrust NIC; see ``mute_address``."""
_GROUPS = Struct(">7H18x").unpack
"""The first seven groups of 16 bits of a SHA-256."""


@dataclass(frozen=True, slots=True)
class InstanceSpec:
    """``config`` and ``devices`` as LXD takes them; ``digest`` (``sha256:...``) covers both, without what differs from cell to cell."""

    config: Mapping[str, str] = field(repr=False)
    devices: Mapping[str, Mapping[str, str]]
    digest: str


def size(count: int) -> str:
    """Bytes in the largest binary unit that holds them exactly, the way people write limits: ``64MiB``."""
    for unit, factor in (("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)):
        if count and count % factor == 0:
            return f"{count // factor}{unit}"
    return f"{count}B"


def stated_config(workload: Workload, env: str, *, clustered: bool = False) -> dict[str, str]:
    """The config keys a manifest decides, identity included; what records the making of the object is not among them.

    ``clustered``: its host is a member of a cluster, which may not move it (decision 0024).
    """
    ref, limits = workload.ref, workload.resources
    shared = _shared_config(limits.vcpu, limits.memory, limits.processes, workload.nesting, ref.kind, workload.power_owner, env)
    config = {**shared, marks.NAME: ref.name, marks.UID: workload.uid, marks.OWNER: workload.owner}
    for name, value in workload.env:
        config[ENVIRONMENT + name] = value
    for name, value in workload.labels:
        config[marks.LABEL + name] = value
    if workload.ports:
        config[marks.PORTS] = ",".join(str(port) for port in workload.ports)
    if workload.domains:
        config[marks.DOMAINS] = ",".join(workload.domains)
    if workload.locked:
        config[marks.LOCKED] = "true"
    if workload.ttl:
        config[marks.EXPIRES] = str(workload.ttl)
    if workload.network is NetworkMode.PROXY:
        config |= ENDS_HERE
    if clustered:
        config[EVACUATE] = "stop"
    # LXD keeps no key without a value: it would differ for ever.
    return config if all(config.values()) else {key: value for key, value in config.items() if value}


@lru_cache(maxsize=1024)
def _shared_config(  # noqa: PLR0913, PLR0917 - plain values, which the cache compares fast
    vcpu: int, memory: int, processes: int, nesting: bool, kind: Kind, power_owner: PowerOwner, env: str
) -> Mapping[str, str]:
    """What many containers have in common. Kept, because a fleet asks for the same few again and again."""
    return {
        "limits.cpu": str(vcpu),
        "limits.memory": size(memory),
        "limits.processes": str(processes),
        "security.privileged": "false",
        "security.nesting": "true" if nesting else "false",
        "security.devlxd": "false",
        PROTECTED: "false" if kind is Kind.CELL else "true",
        marks.ENV: env,
        marks.KIND: kind.value,
        marks.POWER: power_owner.value,
    }


def stated_devices(workload: Workload, host: Host, instance: str) -> dict[str, dict[str, str]]:
    """The devices a manifest decides: its root disk and its one NIC, filtered and isolated. ``instance`` is the name in LXD."""
    nic = dict(_shared_nic(host.project, workload.network))
    if workload.network is NetworkMode.ZEROTRUST:
        nic[MUTE] = mute_address(instance)
    root = {"type": "disk", "path": "/", "pool": host.pool, "size": _disk(workload.resources.disk)}
    if workload.network is NetworkMode.PROXY:
        return {"root": root, **_proxy_nics(host)}
    return {"root": root, "eth0": nic}


def _proxy_nics(host: Host) -> dict[str, dict[str, str]]:
    """A NIC in the semitrusted bridge, at the address that containers are told and open to them; and one to the world."""
    inward, outward = (dict(_shared_nic(host.project, mode)) for mode in (NetworkMode.SEMITRUSTED, NetworkMode.PROXY))
    inward |= {"security.port_isolation": "false", "ipv4.address": proxy_address(host.subnet)}
    outward |= {"name": "eth1", "ipv4.address": proxy_address(host.uplink)}
    return {"eth0": inward, "eth1": outward}


@lru_cache(maxsize=1024)
def _shared_nic(project: str, mode: NetworkMode) -> Mapping[str, str]:
    return {
        "type": "nic",
        "name": "eth0",
        "network": network_name(project, mode),
        "security.mac_filtering": "true",
        "security.ipv4_filtering": "true",
        "security.ipv6_filtering": "true",
        "security.port_isolation": "true",
    }


_disk = lru_cache(maxsize=1024)(size)


def mute_address(instance: str) -> str:
    """An IPv6 multicast address of the container's own, which every kernel discards where it stands as a source.

    LXD drops frames that are neither ARP nor IP, VLAN tags among them, only from a NIC that has an address (decision 0010).
    """
    return "ff00:{:x}:{:x}:{:x}:{:x}:{:x}:{:x}:{:x}".format(*_GROUPS(hashlib.sha256(instance.encode()).digest()))


def instance_spec(workload: Workload, host: Host, policy: Policy, *, isolated: bool, commit: str, instance: str = "") -> InstanceSpec:
    """Everything the creating call carries but the intent mark, which only the plan knows.

    ``instance`` is its name in LXD where that is not the one made from its reference: adopted, or moved.
    """
    config = stated_config(workload, policy.environment, clustered=host.cluster is not None)
    devices = stated_devices(workload, host, instance or instance_name(workload.ref))
    digest = spec_digest(config, devices, workload)
    config[isolation.KEY] = "true" if isolated else "false"
    if isolated and workload.nesting:
        config[isolation.SIZE] = str(isolation.NESTED)
    config[marks.SPEC] = digest
    config[marks.COMMIT] = commit
    config[marks.WRITER] = Writer.GIT.value
    if workload.lineage:
        config[marks.LINEAGE] = workload.lineage
    return InstanceSpec(config, devices, digest)


def spec_digest(config: Mapping[str, str], devices: Mapping[str, Mapping[str, str]], workload: Workload) -> str:
    """Equal for two cells of one pool: name and uid are identity, not specification, and the mute address is made of the name."""
    told = {key: value for key, value in config.items() if key not in {marks.NAME, marks.UID}}
    shared = {name: {key: value for key, value in device.items() if key != MUTE} for name, device in devices.items()}
    script = workload.bootstrap.digest if workload.bootstrap else ""
    whole = json.dumps([told, shared, workload.image, script], sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(whole.encode()).hexdigest()}"
