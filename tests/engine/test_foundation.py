from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, cast

import pytest

from reconciler.engine.foundation import foundation, network_name
from reconciler.model.egress import Egress, Place, Proxy
from reconciler.model.resources import NetworkMode, Policy
from tests.bench.worlds import host

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.model.plan import PutObject

HTTPS = replace(host(1), address="https://198.51.100.20:8443")
LOCAL = replace(host(1), address="unix:/var/lib/lxd/unix.socket")
OPEN = Policy(egress=(Egress("0.0.0.0/0", "tcp", "443"),))
PROXIED = Policy(proxy=Proxy((Place("a.example"), Place("b.example", (8443,))), ("203.0.113.53",)))


def body(objects: tuple[PutObject, ...], kind: str, name: str) -> Mapping[str, object]:
    (found,) = [item for item in objects if (item.kind, item.name) == (kind, name)]
    return found.body


def dropped(objects: tuple[PutObject, ...]) -> set[str]:
    rules = cast("list[dict[str, str]]", body(objects, "network-acl", "unsb-semi")["egress"])
    return {rule["destination"] for rule in rules if rule["action"] == "drop"}


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (("198.51.100.7:8443",), {"198.51.100.7/32"}),
        (("[2001:db8::1]:8443",), {"2001:db8::1/128"}),
        (("[fe80::1%eth0]:8443",), {"fe80::1/128"}),
        (("[2001:DB8:0::1]:8443", "[2001:db8::1]:8443"), {"2001:db8::1/128"}),
        ((":8443", "0.0.0.0:8443", "[::]:8443"), set()),
        (("lxd.example:8443",), set()),
    ],
)
def test_what_the_api_listens_on_is_closed_to_containers(addresses: tuple[str, ...], expected: set[str]) -> None:
    """On top of the bridge's own address and the closed ranges, which are always dropped."""
    always = dropped(foundation(LOCAL, OPEN).objects)
    assert "10.0.0.0/8" in always
    assert dropped(foundation(LOCAL, OPEN, addresses).objects) - always == expected


def test_the_address_by_which_we_reach_it_is_closed_whatever_it_says_of_itself() -> None:
    assert "198.51.100.20/32" in dropped(foundation(HTTPS, OPEN, ("lxd.example:8443",)).objects)


def test_the_bridge_stays_closed_where_the_policy_opens_its_range() -> None:
    policy = Policy(egress=(Egress("10.0.0.0/8", "tcp", "443"),))
    assert "10.231.0.1/32" in dropped(foundation(LOCAL, policy).objects)


def test_the_project_comes_first_and_its_digest_last() -> None:
    made = foundation(LOCAL, OPEN)
    first, last = made.objects[0], made.objects[-1]
    assert (first.kind, last.kind) == ("project", "project")
    assert "user.unsandbox.foundation" not in cast("dict[str, str]", first.body["config"])
    assert cast("dict[str, str]", last.body["config"])["user.unsandbox.foundation"] == made.digest


@pytest.mark.parametrize("mode", list(NetworkMode))
def test_bridges_drop_by_default_both_ways(mode: NetworkMode) -> None:
    config = cast("dict[str, str]", body(foundation(LOCAL, PROXIED).objects, "network", network_name("unsandbox", mode))["config"])
    assert config["security.acls.default.egress.action"] == config["security.acls.default.ingress.action"] == "drop"


def test_a_zerotrust_bridge_has_no_address() -> None:
    config = cast("dict[str, str]", body(foundation(LOCAL, OPEN).objects, "network", "unsb-zero")["config"])
    assert (config["ipv4.address"], config["ipv6.address"]) == ("none", "none")


def test_the_digest_moves_with_what_is_set_up_and_only_then() -> None:
    plain = foundation(LOCAL, OPEN).digest
    assert foundation(LOCAL, OPEN).digest == plain
    assert foundation(LOCAL, Policy()).digest != plain
    assert foundation(LOCAL, OPEN, ("198.51.100.7:8443",)).digest != plain
    assert foundation(replace(LOCAL, pool="other"), OPEN).digest != plain
    assert foundation(replace(LOCAL, capacity=replace(LOCAL.capacity, memory=1)), OPEN).digest == plain


def test_projects_do_not_share_bridges() -> None:
    names = {network_name(project, mode) for project in ("unsandbox", "a" * 63, "b" * 63) for mode in NetworkMode}
    assert len(names) == 3 * len(NetworkMode)
    assert max(map(len, names)) <= 15


def test_a_host_without_a_proxy_has_no_bridge_for_one() -> None:
    assert "unsb-prox" not in {item.name for item in foundation(LOCAL, OPEN).objects}
    assert "ipv4.dhcp.ranges" not in cast("dict[str, str]", body(foundation(LOCAL, OPEN).objects, "network", "unsb-semi")["config"])


def test_a_proxy_has_a_bridge_of_its_own_and_an_address_that_nobody_else_is_given() -> None:
    objects = foundation(LOCAL, PROXIED).objects
    uplink = cast("dict[str, str]", body(objects, "network", "unsb-prox")["config"])
    semi = cast("dict[str, str]", body(objects, "network", "unsb-semi")["config"])
    assert (uplink["ipv4.address"], uplink["security.acls"]) == ("10.230.255.1/28", "unsb-prox")
    assert uplink["raw.dnsmasq"] == semi["raw.dnsmasq"] == "port=0", "nobody there answers names"
    assert semi["ipv4.dhcp.ranges"] == "10.231.0.2-10.231.15.253"


def test_containers_reach_the_proxy_and_no_more_than_without() -> None:
    with_one, without = (body(foundation(LOCAL, policy).objects, "network-acl", "unsb-semi")["egress"] for policy in (PROXIED, Policy()))
    told = cast("list[dict[str, str]]", with_one)
    assert [(rule["destination"], rule["destination_port"]) for rule in told if rule["action"] == "allow"] == [("10.231.15.254/32", "3128")]
    assert all(rule["action"] == "drop" for rule in cast("list[dict[str, str]]", without))
