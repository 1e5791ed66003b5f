from __future__ import annotations

from ipaddress import ip_address, ip_network

import pytest

from reconciler.model.egress import Egress, Place, Proxy
from reconciler.policy.egress import egress_rules, uplink_rules

HOST = ("10.231.0.1", "198.51.100.7")


def verdict(address: str, port: int, policy: tuple[Egress, ...]) -> str:
    return judged(egress_rules(policy, HOST), address, "tcp", port)


def judged(rules: tuple[dict[str, str], ...], address: str, protocol: str, port: int) -> str:
    """What LXD makes of a packet: drops first, then allows, then the default, which is drop."""
    inside = [rule for rule in rules if ip_address(address) in ip_network(rule["destination"])]
    met = {
        rule["action"] for rule in inside if rule.get("protocol", protocol) == protocol and holds(rule.get("destination_port", ""), port)
    }
    return "drop" if "drop" in met or not met else "allow"


def holds(ports: str, port: int) -> bool:
    spans = [span.split("-") for span in ports.split(",") if span]
    return not spans or any(int(span[0]) <= port <= int(span[-1]) for span in spans)


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


PROXY = Proxy((Place("a.example"), Place("b.example", (8443,))), ("10.0.0.53", "198.51.100.7"))


@pytest.mark.parametrize(
    ("address", "protocol", "port", "expected"),
    [
        ("203.0.113.9", "tcp", 80, "allow"),
        ("203.0.113.9", "tcp", 443, "allow"),
        ("203.0.113.9", "tcp", 8443, "allow"),
        ("203.0.113.9", "tcp", 25, "drop"),
        ("203.0.113.9", "udp", 443, "drop"),
        ("203.0.113.9", "udp", 53, "drop"),
        ("10.0.0.53", "udp", 53, "allow"),
        ("10.0.0.53", "tcp", 53, "allow"),
        ("10.0.0.53", "tcp", 80, "drop"),
        ("10.0.0.53", "udp", 80, "drop"),
        ("10.0.0.54", "udp", 53, "drop"),
        ("10.0.0.54", "tcp", 443, "drop"),
        ("169.254.169.254", "tcp", 80, "drop"),
        ("127.0.0.1", "tcp", 80, "drop"),
        ("10.231.0.1", "tcp", 80, "drop"),
        ("10.231.0.1", "udp", 53, "drop"),
        ("198.51.100.7", "udp", 53, "allow"),
        ("198.51.100.7", "tcp", 443, "drop"),
    ],
)
def test_where_the_proxy_itself_gets_to(address: str, protocol: str, port: int, expected: str) -> None:
    """The last two: the host's own address, which is a name server here and nothing else."""
    assert judged(uplink_rules(PROXY, HOST), address, protocol, port) == expected


def test_a_proxy_that_names_nothing_reaches_its_name_servers_alone() -> None:
    rules = uplink_rules(Proxy((), ("203.0.113.53",)), HOST)
    assert {(rule["destination"], rule["destination_port"]) for rule in rules if rule["action"] == "allow"} == {("203.0.113.53/32", "53")}


@pytest.mark.parametrize(
    ("address", "protocol", "port", "expected"),
    [
        ("10.231.15.254", "tcp", 3128, "allow"),
        ("10.231.15.254", "tcp", 443, "drop"),
        ("10.231.15.254", "udp", 3128, "drop"),
        ("10.231.15.253", "tcp", 3128, "drop"),
        ("10.231.0.1", "tcp", 3128, "drop"),
        ("203.0.113.9", "tcp", 3128, "drop"),
        ("203.0.113.9", "tcp", 443, "allow"),
    ],
)
def test_where_a_container_gets_to_that_has_a_proxy(address: str, protocol: str, port: int, expected: str) -> None:
    assert judged(egress_rules((EVERYWHERE,), HOST, "10.231.15.254"), address, protocol, port) == expected
