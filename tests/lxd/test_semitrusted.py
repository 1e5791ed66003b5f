"""A semitrusted container reaches what the policy names and nothing else: not the host, not its API, not another container."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from reconciler.lxd.local import local_facts
from reconciler.model.resources import NetworkMode
from tests.lxd import frames
from tests.lxd.conftest import host_of
from tests.lxd.frames import Place
from tests.lxd.netns import Listener, Tap, connects, emit, reaches, within
from tests.lxd.streets import HERE, PRIVATE, PRIVATE_STRANGER, SERVER, STRANGER, build, by_shell

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon
    from tests.lab.lab import Lab
    from tests.lxd.streets import Streets

pytestmark = pytest.mark.lxd

SEMI = NetworkMode.SEMITRUSTED
ALLOWED = [("tcp", SERVER, 80), ("udp", SERVER, 5353), ("tcp", PRIVATE, 80)]
CLOSED = [
    ("tcp", SERVER, 81),
    ("udp", SERVER, 80),
    ("tcp", SERVER, 5353),
    ("tcp", STRANGER, 80),
    ("udp", STRANGER, 5353),
    ("tcp", PRIVATE, 81),
    ("tcp", PRIVATE_STRANGER, 80),
]
BRIDGE = "10.231.0.1"
TAGS = (None, 0, 1, 5)


@pytest.fixture(scope="module")
def streets(lxd: Daemon, lab: Lab, starter: Starter) -> Iterator[Streets]:
    made = build(lxd, lab.directory, starter)
    yield made
    made.close()


@pytest.mark.parametrize(("protocol", "address", "port"), ALLOWED)
def test_what_the_policy_names_is_reached(streets: Streets, protocol: str, address: str, port: int) -> None:
    with Listener(streets.server, protocol, address, port) as listener:
        assert reaches(streets.inhabitants["semi1"].namespace, protocol, address, port)
        assert len(listener.heard) == 1


def test_a_program_inside_sees_the_same(streets: Streets) -> None:
    with Listener(streets.server, "tcp", SERVER, 80), Listener(streets.server, "tcp", SERVER, 81):
        assert "connected" in by_shell(streets, "semi1", SERVER, "80")
        assert "connected" not in by_shell(streets, "semi1", SERVER, "81")


@pytest.mark.parametrize(("protocol", "address", "port"), CLOSED)
def test_nothing_else_out_there_is_reached(streets: Streets, protocol: str, address: str, port: int) -> None:
    with Listener(streets.server, protocol, address, port) as listener:
        assert not reaches(streets.inhabitants["semi1"].namespace, protocol, address, port)
        assert listener.heard == []
        assert reaches(streets.host, protocol, address, port), "the control: the same server from the host"


def host_addresses(streets: Streets) -> list[str]:
    return [BRIDGE, HERE, streets.daemon.url.removeprefix("https://").partition(":")[0]]


@pytest.mark.attack(
    "addresses of the host from a cell with a way out",
    held="ACL of the bridge",
    control="the host reaches them",
)
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
@pytest.mark.parametrize("port", [22, 80, 5353])
def test_no_address_of_the_host_is_reached(streets: Streets, protocol: str, port: int) -> None:
    for address in host_addresses(streets):
        with Listener(streets.host, protocol, address, port) as listener:
            assert not reaches(streets.inhabitants["semi1"].namespace, protocol, address, port), address
            assert listener.heard == []
            assert reaches(streets.host, protocol, address, port), "the control: the same server from the host"


@pytest.mark.attack(
    "LXD's own API from a cell with a way out",
    held="ACL of the bridge",
    control="the machine reaches it",
)
def test_the_api_of_lxd_is_not_reached(streets: Streets) -> None:
    api, _, port = streets.daemon.url.removeprefix("https://").partition(":")
    me = streets.inhabitants["semi1"].namespace
    assert not connects(me, api, int(port))
    assert not connects(me, BRIDGE, int(port))
    assert connects(streets.machine, api, int(port)), "the control: it is there"


def test_the_machine_that_runs_the_tests_is_not_reached(streets: Streets, lab: Lab) -> None:
    """The host's gateway, as a router in a partner's rack would be."""
    with Listener(streets.machine, "tcp", lab.gateway, 8099) as listener:
        assert not reaches(streets.inhabitants["semi1"].namespace, "tcp", lab.gateway, 8099)
        assert listener.heard == []
        assert reaches(streets.host, "tcp", lab.gateway, 8099), "the control: the host reaches its gateway"


def test_the_host_answers_no_ping(streets: Streets) -> None:
    me = streets.inhabitants["semi1"].namespace
    for address in host_addresses(streets):
        assert not pings(me, address)
        assert pings(streets.host, address), "the control"


def pings(namespace: Path, address: str) -> bool:
    echo = b"\x08\x00" + b"\xf7\xff\x00\x00\x00\x00"  # type 8, checksum of an otherwise empty message

    def ask() -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as link:
            link.settimeout(0.5)
            link.sendto(echo, (address, 0))
            try:
                while link.recv(2048)[20] != 0:  # our own question, where it is our own address
                    continue
            except TimeoutError:
                return False
            return True

    return within(namespace, ask)


@pytest.mark.attack(
    "another container on the bridge by TCP and UDP",
    held="port isolation, ACL of the bridge",
    control="it answers itself",
)
def test_a_container_does_not_reach_another(streets: Streets) -> None:
    me = streets.inhabitants["semi1"]
    for name in ("semi2", "zero1"):
        other = streets.inhabitants[name]
        for protocol in ("tcp", "udp"):
            with Listener(other.namespace, protocol, "0.0.0.0", 80) as listener:  # noqa: S104 - in the container
                assert not reaches(me.namespace, protocol, other.nic.address, 80)
                assert listener.heard == []
                assert reaches(other.namespace, protocol, other.nic.address, 80), "the control: it answers itself"


@pytest.mark.attack(
    "another container on the bridge by ARP, IPv4, IPv6 and an ethertype of one's own, with and without VLAN tags",
    held="port isolation",
    control="the frame leaves the cell; a frame of the host arrives",
)
@pytest.mark.parametrize("tag", TAGS)
def test_no_frame_reaches_a_neighbour(streets: Streets, tag: int | None) -> None:
    me, other = streets.inhabitants["semi1"], streets.inhabitants["semi2"]
    makers: dict[str, frames.Frame] = {
        "arp": frames.arp,
        "udp": lambda source, target, token: frames.udp4(source, target, 80, token),
        "ipv6": frames.udp6,
        "own": lambda source, target, token: frames.ethernet(source.mac, target.mac, frames.OWN, token),
    }
    for kind, make in makers.items():
        token = f"semi {kind} {tag} token".encode()
        frame = make(me.nic, other.nic, token)
        with Tap(streets.host, me.outside) as outside, Tap(other.namespace, "eth0") as inside:
            emit(me.namespace, "eth0", frame if tag is None else frames.tagged(frame, tag))
            assert outside.saw(token), "the control: the frame left the container"
            assert not inside.saw(token, 0.15), kind
    with Tap(other.namespace, "eth0") as inside:
        emit(streets.host, streets.bridge(SEMI), frames.arp(streets.bridge_place(SEMI), other.nic, b"control"))
        assert inside.saw(b"control"), "the control of the tap"


@pytest.mark.attack(
    "another's MAC or address, in ARP and IPv4",
    held="filters of the cell's NIC",
    control="an honest frame reaches the bridge",
)
@pytest.mark.parametrize("tag", TAGS)
def test_nobody_speaks_in_anothers_name(streets: Streets, tag: int | None) -> None:
    """Frames with another's MAC or address do not reach the bridge; the same frame in one's own name does."""
    me, other, host = streets.inhabitants["semi1"].nic, streets.inhabitants["semi2"].nic, streets.bridge_place(SEMI)
    mine = streets.inhabitants["semi1"]
    forged = [Place(other.mac, me.address), Place(me.mac, other.address), other, Place(me.mac, BRIDGE)]
    for number, source in enumerate(forged):
        for kind in ("arp", "udp"):
            token = f"forged {kind} {tag} {number} token".encode()
            frame = frames.arp(source, host, token) if kind == "arp" else frames.udp4(source, host, 53, token)
            with Tap(streets.host, mine.outside) as outside, Tap(streets.host, streets.bridge(SEMI)) as bridge:
                emit(mine.namespace, "eth0", frame if tag is None else frames.tagged(frame, tag))
                assert outside.saw(token), "the control: the frame left the container"
                assert not bridge.saw(token, 0.1), (kind, source)
    with Tap(streets.host, streets.bridge(SEMI)) as bridge:
        emit(mine.namespace, "eth0", frames.udp4(me, host, 53, b"in one's own name"))
        assert bridge.saw(b"in one's own name"), "the control: an honest frame reaches the bridge"


def test_nobody_out_there_reaches_in(streets: Streets) -> None:
    inside = streets.inhabitants["semi1"]
    with Listener(inside.namespace, "tcp", "0.0.0.0", 80) as listener:  # noqa: S104 - in the container
        assert not reaches(streets.server, "tcp", inside.nic.address, 80)
        assert listener.heard == []
        with Listener(streets.host, "tcp", HERE, 80):
            assert reaches(streets.server, "tcp", HERE, 80), "the control: the server reaches the host"


def test_names_are_not_resolved(streets: Streets) -> None:
    """LXD's own dnsmasq hands out addresses and does not listen for names."""
    for protocol in ("tcp", "udp"):
        assert not reaches(streets.inhabitants["semi1"].namespace, protocol, BRIDGE, 53)
    assert not connects(streets.host, BRIDGE, 53)


def test_a_resolver_of_the_host_is_within_reach_and_is_reported(streets: Streets) -> None:
    """The known gap: LXD's own rules let port 53 of the host through before any ACL. One rule of the host's own closes it."""
    me = streets.inhabitants["semi1"].namespace
    assert resolvers(streets) == ()
    with Listener(streets.host, "udp", "0.0.0.0", 53) as udp, Listener(streets.host, "tcp", HERE, 53) as tcp:  # noqa: S104 - in the host's own namespace
        assert resolvers(streets) == (f"tcp {HERE}:53", "udp 0.0.0.0:53")
        assert reaches(me, "udp", BRIDGE, 53)
        assert reaches(me, "tcp", HERE, 53)
        for command in (
            "add table inet unsandbox",
            "add chain inet unsandbox input { type filter hook input priority -10; }",
            "add rule inet unsandbox input iifname unsb* meta l4proto { tcp, udp } th dport 53 drop",
        ):
            streets.daemon.inside("nft", command)
        try:
            udp.heard.clear()
            tcp.heard.clear()
            assert not reaches(me, "udp", BRIDGE, 53)
            assert not reaches(me, "tcp", HERE, 53)
            assert udp.heard + tcp.heard == []
            with Listener(streets.server, "tcp", SERVER, 80):
                assert reaches(me, "tcp", SERVER, 80), "the control: the rest goes on"
        finally:
            streets.daemon.inside("nft", "delete table inet unsandbox")


def resolvers(streets: Streets) -> tuple[str, ...]:
    told = local_facts(host_of(streets.daemon))
    assert told is not None
    assert told.resolvers is not None
    return told.resolvers
