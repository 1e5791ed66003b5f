"""Egress of semitrusted containers as LXD ACL rules. LXD evaluates drop before allow, whatever the order of the rules."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.resources import Egress

CLOSED = (
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
)
"""Private, shared, loopback, link-local (metadata services), benchmark, multicast and reserved ranges (IANA special-purpose registry)."""

Network = IPv4Network | IPv6Network


def egress_rules(egress: Iterable[Egress], host_addresses: Iterable[str]) -> tuple[dict[str, str], ...]:
    """Allow what the policy names; drop the closed ranges except where it names a destination inside them; drop the host always."""
    named = [ip_network(rule.destination) for rule in egress]
    own = [ip_network(address) for address in host_addresses]
    closed = [piece for text in CLOSED for piece in _without(ip_network(text), named)]
    dropped = sorted({*_collapse(closed), *own}, key=lambda net: (net.version, int(net.network_address), net.prefixlen))
    drops = [{"action": "drop", "state": "enabled", "destination": str(net)} for net in dropped]
    allows = [
        {"action": "allow", "state": "enabled", "destination": rule.destination, "protocol": rule.protocol, "destination_port": rule.ports}
        for rule in egress
    ]
    return (*drops, *allows)


def _without(whole: Network, holes: Iterable[Network]) -> list[Network]:
    """``whole`` less every hole that lies inside it; a hole that covers it whole leaves it closed, for a wide rule names nothing in it."""
    pieces = [whole]
    for hole in holes:
        if hole.version != whole.version or not hole.subnet_of(whole):  # type: ignore[arg-type]  # the versions were just compared
            continue
        pieces = [part for piece in pieces for part in _cut(piece, hole)]
    return pieces


def _cut(piece: Network, hole: Network) -> list[Network]:
    if hole == piece or piece.subnet_of(hole):  # type: ignore[arg-type]  # same version by construction
        return []
    if hole.subnet_of(piece):  # type: ignore[arg-type]
        return list(piece.address_exclude(hole))  # type: ignore[arg-type]
    return [piece]


def _collapse(networks: list[Network]) -> list[Network]:
    return list(collapse_addresses(networks))  # type: ignore[type-var]
