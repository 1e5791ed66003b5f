"""The configuration of the proxy as text; what squid makes of it is tried in ``tests/egress``."""

from __future__ import annotations

from reconciler.model.egress import Place, Proxy
from reconciler.policy.squid import squid_config

RESOLVERS = ("203.0.113.53", "203.0.113.54")


def lines(*places: Place) -> list[str]:
    return squid_config(Proxy(places, RESOLVERS), "10.231.0.1/20").splitlines()


def test_nothing_is_let_through_where_nothing_is_named() -> None:
    assert [line for line in lines() if line.startswith("http_access allow")] == []
    assert lines()[-1] == "http_access deny all"


def test_names_of_the_same_ports_share_a_rule_that_asks_for_their_addresses() -> None:
    told = lines(Place("a.example"), Place("b.example", (443, 80)), Place("c.example", (8443,)))
    assert "acl names0 dstdomain -n a.example b.example" in told
    assert "acl ports0 port 80 443" in told
    assert "acl names1 dstdomain -n c.example" in told
    assert [line for line in told if line.startswith("http_access allow")] == [
        "http_access allow names0 ports0 known !closed",
        "http_access allow names1 ports1 known !closed",
    ]


def test_a_name_that_a_wider_one_holds_is_told_once() -> None:
    told = lines(Place(".a.example"), Place("a.example"), Place("b.a.example"), Place(".c.a.example"), Place("xa.example"))
    assert "acl names0 dstdomain -n .a.example xa.example" in told


def test_it_listens_on_the_one_address_and_asks_the_named_resolvers() -> None:
    assert "http_port 10.231.15.254:3128" in lines()
    assert "acl inside src 10.231.0.0/20" in lines()
    assert "dns_nameservers 203.0.113.53 203.0.113.54" in lines()
