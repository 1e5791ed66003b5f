"""Egress of semitrusted containers and of their proxy as LXD ACL rules. LXD evaluates drop before allow, whatever their order."""

from __future__ import annotations

from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import TYPE_CHECKING

from reconciler.model.egress import PORT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from reconciler.model.egress import Egress, Proxy

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

DNS, LAST = 53, 65_535

Network = IPv4Network | IPv6Network


def egress_rules(egress: Iterable[Egress], host_addresses: Iterable[str], proxy: str = "") -> tuple[dict[str, str], ...]:
    """Allow what the policy names; drop the closed ranges except where it names a destination inside them; drop the host always.

    ``proxy`` is the address of one on the same bridge, "" for none. Frames between two containers meet these rules as well where the
    kernel shows bridged packets to its firewall.
    """
    named = [ip_network(rule.destination) for rule in egress]
    named += [ip_network(proxy)] if proxy else []
    own = [ip_network(address) for address in host_addresses]
    drops = _drops(named, own)
    allows = [
        {"action": "allow", "state": "enabled", "destination": rule.destination, "protocol": rule.protocol, "destination_port": rule.ports}
        for rule in egress
    ]
    return (*drops, *(_only(proxy, "tcp", PORT) if proxy else ()), *allows)


def uplink_rules(proxy: Proxy, host_addresses: Iterable[str]) -> tuple[dict[str, str], ...]:
    """What the proxy itself reaches: any open address at the ports that are named, and its name servers at theirs alone.

    The wall behind its own: it stands where a name turned between being judged and being reached, and where somebody took the proxy over.
    """
    resolvers = [ip_network(address) for address in sorted(proxy.resolvers)]
    own = [ip_network(address) for address in host_addresses if address not in proxy.resolvers]
    ports = ",".join(str(port) for port in sorted({port for place in proxy.places for port in place.ports}))
    asked = [rule for address in sorted(proxy.resolvers) for rule in (*_only(address, "tcp", DNS), *_only(address, "udp", DNS))]
    web = {"action": "allow", "state": "enabled", "destination": "0.0.0.0/0", "protocol": "tcp", "destination_port": ports}
    return (*_drops(resolvers, own), *asked, *([web] if ports else []))


def _only(address: str, protocol: str, port: int) -> tuple[dict[str, str], ...]:
    """One port of an address, and none of its others, whatever a wider rule says."""
    place = {"state": "enabled", "destination": str(ip_network(address)), "protocol": protocol}
    others = f"1-{port - 1},{port + 1}-{LAST}"
    return ({**place, "action": "drop", "destination_port": others}, {**place, "action": "allow", "destination_port": str(port)})


def _drops(named: list[Network], own: list[Network]) -> list[dict[str, str]]:
    closed = [piece for text in CLOSED for piece in _without(ip_network(text), named)]
    dropped = sorted({*_collapse(closed), *own}, key=lambda net: (net.version, int(net.network_address), net.prefixlen))
    return [{"action": "drop", "state": "enabled", "destination": str(net)} for net in dropped]


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
