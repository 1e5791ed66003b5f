"""What a host needs before the first container: project, storage pool, ACLs, networks. Recognised by one digest."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from ipaddress import ip_address, ip_interface
from typing import TYPE_CHECKING

from reconciler.model import marks
from reconciler.model.plan import PutObject
from reconciler.model.resources import NetworkMode
from reconciler.policy.egress import egress_rules, uplink_rules
from reconciler.policy.wayout import free_addresses, proxy_address

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.resources import Host, Policy

DEFAULT_PROJECT = "unsandbox"
_SHORT = {NetworkMode.ZEROTRUST: "zero", NetworkMode.SEMITRUSTED: "semi", NetworkMode.PROXY: "prox"}


@dataclass(frozen=True, slots=True)
class Foundation:
    """Objects in the order in which they are put; the project comes first, and again last with the digest on it."""

    objects: tuple[PutObject, ...]
    digest: str


def network_name(project: str, mode: NetworkMode) -> str:
    """A bridge's name, at most 15 characters (Linux's limit), of its own for each project on a host."""
    if project == DEFAULT_PROJECT:
        return f"unsb-{_SHORT[mode]}"
    return f"unsb{_SHORT[mode][0]}-{hashlib.sha256(project.encode()).hexdigest()[:8]}"


def foundation(host: Host, policy: Policy, addresses: Iterable[str] = ()) -> Foundation:
    """The foundation of ``host``. ``addresses`` are those its API listens on, ``address:port``, which nothing inside may reach.

    A name in place of an address cannot be part of an ACL and is left out; the address by which we reach the host is always in.
    """
    objects = (_pool(host), *_acls(host, policy, addresses), *_networks(host, policy))
    digest = _digest(objects)
    features = {"features.images": "true", "features.profiles": "true", "features.storage.volumes": "true", "features.networks": "false"}
    bare = {**features, marks.ENV: policy.environment}
    first = PutObject("project", host.project, {"config": bare})
    last = PutObject("project", host.project, {"config": {**bare, marks.FOUNDATION: digest}})
    return Foundation((first, *objects, last), digest)


def _digest(objects: Iterable[PutObject]) -> str:
    whole = json.dumps([[item.kind, item.name, item.body] for item in objects], sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(whole.encode()).hexdigest()}"


def _pool(host: Host) -> PutObject:
    return PutObject("storage-pool", host.pool, {"driver": "btrfs", "config": {}})


def _acls(host: Host, policy: Policy, addresses: Iterable[str]) -> tuple[PutObject, ...]:
    own = {str(ip_interface(host.subnet).ip)}
    if policy.proxy:
        own.add(str(ip_interface(host.uplink).ip))
    own |= {ip for text in (*addresses, *host.addresses) if (ip := _ip_of(text.removeprefix("https://")))}
    rules = {
        NetworkMode.ZEROTRUST: (),
        NetworkMode.SEMITRUSTED: egress_rules(policy.egress, sorted(own), proxy_address(host.subnet) if policy.proxy else ""),
    }
    if policy.proxy:
        rules[NetworkMode.PROXY] = uplink_rules(policy.proxy, sorted(own))
    return tuple(
        PutObject("network-acl", network_name(host.project, mode), {"egress": list(egress), "ingress": [], "config": _mark(policy)})
        for mode, egress in rules.items()
    )


def _ip_of(address: str) -> str:
    """The address in ``address:port`` without its zone; "" where it is a name, a path or every address."""
    bare = address.rpartition(":")[0].strip("[]").partition("%")[0]
    try:
        found = ip_address(bare)
    except ValueError:
        return ""
    return "" if found.is_unspecified else str(found)


def _mark(policy: Policy) -> dict[str, str]:
    return {marks.ENV: policy.environment}


def _networks(host: Host, policy: Policy) -> tuple[PutObject, ...]:
    zero, semi, proxy = (network_name(host.project, mode) for mode in NetworkMode)
    # The address of the proxy is given to nobody else.
    free = {"ipv4.dhcp.ranges": free_addresses(host.subnet)} if policy.proxy else {}
    return (
        _bridge(zero, {**_mark(policy), "ipv4.address": "none", "ipv6.address": "none"}),
        _bridge(semi, {**_mark(policy), **_outward(host.subnet), **free}),
        *((_bridge(proxy, {**_mark(policy), **_outward(host.uplink)}),) if policy.proxy else ()),
    )


def _outward(address: str) -> dict[str, str]:
    return {
        "ipv4.address": address,
        "ipv4.nat": "true",
        "ipv6.address": "none",
        "dns.mode": "none",
        "raw.dnsmasq": "port=0",
    }


def _bridge(name: str, config: Mapping[str, str]) -> PutObject:
    closed = {
        "security.acls": name,
        "security.acls.default.egress.action": "drop",
        "security.acls.default.ingress.action": "drop",
    }
    return PutObject("network", name, {"type": "bridge", "config": {**config, **closed}})
