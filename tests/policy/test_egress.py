from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from reconciler.model.resources import Egress
from reconciler.policy.egress import egress_rules

HOST = ("10.231.0.1", "198.51.100.7")


def verdict(address: str, port: int, policy: tuple[Egress, ...]) -> str:
    """What LXD makes of a packet: drops first, then allows, then the default, which is drop."""
    rules = egress_rules(policy, HOST)
    inside = [rule for rule in rules if ip_address(address) in ip_network(rule["destination"])]
    if any(rule["action"] == "drop" for rule in inside):
        return "drop"
    return "allow" if any(rule["destination_port"] == str(port) for rule in inside if rule["action"] == "allow") else "drop"


EVERYWHERE = Egress("0.0.0.0/0", "tcp", "443")


@pytest.mark.parametrize(
    ("address", "policy", "expected"),
    [
        ("203.0.113.9", (), "drop"),
        ("203.0.113.9", (EVERYWHERE,), "allow"),
        ("10.1.2.3", (EVERYWHERE,), "drop"),
        ("169.254.169.254", (EVERYWHERE,), "drop"),
        ("127.0.0.1", (EVERYWHERE,), "drop"),
        ("100.100.100.200", (EVERYWHERE,), "drop"),
        ("224.0.0.1", (EVERYWHERE,), "drop"),
        ("198.51.100.7", (EVERYWHERE,), "drop"),
        ("198.51.100.8", (EVERYWHERE,), "allow"),
        ("10.1.2.3", (Egress("10.1.2.3/32", "tcp", "443"),), "allow"),
        ("10.1.2.4", (Egress("10.1.2.3/32", "tcp", "443"),), "drop"),
        ("10.231.0.1", (Egress("10.0.0.0/8", "tcp", "443"),), "drop"),
        ("10.9.9.9", (Egress("10.0.0.0/8", "tcp", "443"),), "allow"),
        ("192.168.1.1", (Egress("10.0.0.0/8", "tcp", "443"),), "drop"),
    ],
)
def test_where_a_semitrusted_container_gets_to(address: str, policy: tuple[Egress, ...], expected: str) -> None:
    assert verdict(address, 443, policy) == expected


def test_the_rules_are_the_same_whatever_the_order_of_addresses() -> None:
    assert egress_rules((EVERYWHERE,), HOST) == egress_rules((EVERYWHERE,), tuple(reversed(HOST)))
