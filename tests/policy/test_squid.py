"""The configuration of the proxy as text; what squid makes of it is tried in ``tests/egress``."""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.spec import stated_config, stated_devices
from reconciler.model.egress import Place, Proxy
from reconciler.model.names import Kind, Ref
from reconciler.model.resources import Commit, Desired, NetworkMode, Placement, Policy
from reconciler.policy.squid import set_up, squid_config, with_proxies
from tests.bench.worlds import host
from tests.engine.worlds import workload

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


def desired(*names: str, network: NetworkMode = NetworkMode.PROXY) -> Desired:
    place = host(1)
    made = replace(workload(Ref(Kind.SERVICE, "out"), {}), network=network, placement=Placement(place.name))
    policy = Policy(proxy=Proxy(tuple(Place(name) for name in names), RESOLVERS))
    return Desired((made,), (), (), (), (), (place,), policy, Commit("", dirty=False, digest=""))


def test_a_proxy_is_given_its_script_which_moves_with_the_policy() -> None:
    (one,), (other,) = (with_proxies(desired(name)).workloads for name in ("a.example", "b.example"))
    assert one.bootstrap is not None
    assert other.bootstrap is not None
    assert "a.example" in one.bootstrap.text
    assert one.bootstrap.digest != other.bootstrap.digest
    assert one.bootstrap == set_up(Proxy((Place("a.example"),), RESOLVERS), host(1).subnet, host(1).uplink)


def test_nothing_else_is_given_one() -> None:
    plain = desired("a.example", network=NetworkMode.SEMITRUSTED)
    assert with_proxies(plain) == plain
    bare = replace(desired(), policy=Policy())
    assert with_proxies(bare) is bare


def test_a_proxy_stands_in_two_networks_and_forwards_nothing() -> None:
    place, made = host(1), desired().workloads[0]
    devices, config = stated_devices(made, place, "svc-out"), stated_config(made, "default")
    assert (devices["eth0"]["network"], devices["eth0"]["security.port_isolation"]) == ("unsb-semi", "false")
    assert (devices["eth1"]["network"], devices["eth1"]["security.port_isolation"]) == ("unsb-prox", "true")
    assert devices["eth0"]["ipv4.address"] == "10.231.15.254"
    assert config["linux.sysctl.net.ipv4.ip_forward"] == "0"
    plain = stated_devices(replace(made, network=NetworkMode.SEMITRUSTED), place, "svc-out")
    assert "eth1" not in plain
    assert plain["eth0"]["security.port_isolation"] == "true"
