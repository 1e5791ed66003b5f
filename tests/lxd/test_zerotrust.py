"""A zerotrust container reaches nothing, with any frame it can make. Each frame is seen to leave it; controls do arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.model.resources import NetworkMode
from tests.lxd import frames
from tests.lxd.frames import EVERYBODY, Place
from tests.lxd.netns import Listener, Tap, connects, emit, reaches
from tests.lxd.streets import HOST_MAC, SERVER, build, by_shell

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon
    from tests.lab.lab import Lab
    from tests.lxd.streets import Streets

pytestmark = pytest.mark.lxd

ZERO = NetworkMode.ZEROTRUST
STRANGE = "00:16:3e:11:22:33"
TAGS = (None, 0, 1, 5)
MUTE_PORT = 5353

FRAMES: dict[str, frames.Frame] = {
    "arp": frames.arp,
    "udp": lambda me, you, token: frames.udp4(me, you, 9999, token),
    "dns": lambda me, you, token: frames.udp4(me, you, 53, token),
    "broadcast": lambda me, _you, token: frames.udp4(me, Place(EVERYBODY, "255.255.255.255"), 9999, token),
    "dhcp": lambda me, _you, token: frames.udp4(Place(me.mac, "0.0.0.0"), Place(EVERYBODY, "255.255.255.255"), 67, token),  # noqa: S104 - not bound to
    "ipv6": frames.udp6,
    "ipv6 dns": lambda me, you, token: frames.udp6(me, you, token, 53),
    "ipv6 multicast": lambda me, you, token: frames.udp6(me, Place(EVERYBODY, you.address), token),
    "own ethertype": lambda me, you, token: frames.ethernet(me.mac, you.mac, frames.OWN, token),
    "own ethertype to everybody": lambda me, _you, token: frames.ethernet(me.mac, EVERYBODY, frames.OWN, token),
    "another's mac": lambda me, you, token: frames.udp4(Place(STRANGE, me.address), you, 53, token),
}


@pytest.fixture(scope="module")
def streets(lxd: Daemon, lab: Lab, starter: Starter) -> Iterator[Streets]:
    made = build(lxd, lab.directory, starter)
    yield made
    made.close()


@pytest.mark.attack(
    "host and neighbours from a zerotrust cell, with any frame: ARP, IPv4, IPv6, multicast, DHCP, DNS, VLAN tags",
    held="filters of the cell's NIC, port isolation",
    control="the frame leaves the cell",
)
@pytest.mark.parametrize("tag", TAGS)
@pytest.mark.parametrize("kind", FRAMES)
def test_no_frame_reaches_host_or_neighbour(streets: Streets, kind: str, tag: int | None) -> None:
    me, neighbour = streets.inhabitants["zero1"], streets.inhabitants["zero2"]
    for number, target in enumerate((streets.bridge_place(ZERO), neighbour.nic)):
        token = f"zero {kind} {tag} {number} token".encode()
        frame = FRAMES[kind](me.nic, target, token)
        if tag is not None:
            frame = frames.tagged(frame, tag)
        with (
            Tap(streets.host, me.outside) as outside,
            Tap(streets.host, streets.bridge(ZERO)) as bridge,
            Tap(neighbour.namespace, "eth0") as inside,
            Listener(streets.host, "udp", "0.0.0.0", 53) as resolver,  # noqa: S104 - in the host's own namespace
        ):
            emit(me.namespace, "eth0", frame)
            assert outside.saw(token), "the control: the frame left the container"
            assert not bridge.saw(token, 0.15), "it reached the host"
            assert not inside.saw(token, 0.05), "it reached the neighbour"
            assert resolver.heard == []


def test_the_mute_address_is_heard_by_nobody(streets: Streets) -> None:
    """The one source that LXD lets through to the bridge: the kernel discards it, even where somebody switched IPv6 on."""
    me = streets.inhabitants["zero1"]
    mute = streets.daemon.query("GET", f"/1.0/instances/{me.name}?project=unsandbox")["devices"]["eth0"]["ipv6.address"]
    bridge, place = streets.bridge(ZERO), streets.bridge_place(ZERO)
    for setting in ("accept_dad=0", "disable_ipv6=0"):  # without the first the bridge's own address counts only after seconds
        streets.daemon.inside("sysctl", "-qw", f"net.ipv6.conf.{bridge}.{setting}")
    try:
        assert str(frames.link_local(place.mac)) in streets.daemon.inside("ip", "-6", "addr", "show", "dev", bridge)
        with Listener(streets.host, "udp", "::", 53) as resolver:
            for tag in TAGS:
                frame = frames.udp6(me.nic, place, f"mute {tag}".encode(), 53, mute)
                emit(me.namespace, "eth0", frame if tag is None else frames.tagged(frame, tag))
            # The control: an ordinary source, put on the bridge where its containers are attached.
            streets.daemon.inside("ip", "link", "add", "plug", "type", "veth", "peer", "name", "socket")
            streets.daemon.inside("ip", "link", "set", "plug", "master", bridge, "up")
            streets.daemon.inside("ip", "link", "set", "socket", "up")
            control = frames.udp6(Place(HOST_MAC, ""), place, b"control", 53)
            with Tap(streets.host, bridge) as tap:
                emit(streets.host, "socket", control)
                assert tap.saw(b"control")
            assert resolver.hears()
            assert resolver.heard == ["control"]
    finally:
        streets.daemon.inside("sh", "-c", "ip link del plug 2>/dev/null; true")
        streets.daemon.inside("sysctl", "-qw", f"net.ipv6.conf.{bridge}.disable_ipv6=1")


def test_a_frame_that_nobody_filters_does_arrive(streets: Streets) -> None:
    """The control of the taps: the host's own broadcast reaches both containers."""
    first, second = streets.inhabitants["zero1"], streets.inhabitants["zero2"]
    host = streets.bridge_place(ZERO)
    with Tap(first.namespace, "eth0") as one, Tap(second.namespace, "eth0") as two:
        emit(streets.host, streets.bridge(ZERO), frames.arp(host, first.nic, b"from the host itself"))
        assert one.saw(b"from the host itself")
        assert two.saw(b"from the host itself")


@pytest.mark.attack(
    "servers and other containers from a zerotrust cell that took an address",
    held="filters of the cell's NIC",
    control="each server answers its own side",
)
def test_no_server_is_reached_by_any_program(streets: Streets) -> None:
    me = streets.inhabitants["zero1"]
    api = streets.daemon.url.removeprefix("https://").partition(":")[0]
    places = [
        (streets.server, "tcp", SERVER, 80),
        (streets.server, "udp", SERVER, 5353),
        (streets.host, "tcp", "10.231.0.1", 80),
        (streets.host, "udp", "10.231.0.1", 53),
        (streets.host, "tcp", "10.231.0.1", 53),
        (streets.host, "tcp", api, 80),
        (streets.inhabitants["zero2"].namespace, "tcp", streets.inhabitants["zero2"].nic.address, 80),
        (streets.inhabitants["semi1"].namespace, "tcp", streets.inhabitants["semi1"].nic.address, 80),
    ]
    for namespace, protocol, address, port in places:
        with Listener(namespace, protocol, address, port) as listener:
            assert not reaches(me.namespace, protocol, address, port), f"{protocol} {address}:{port} answered"
            assert listener.heard == []
            assert reaches(namespace, protocol, address, port), "the control: the server answers its own side"
            assert len(listener.heard) == 1


def test_the_api_of_lxd_is_not_reached(streets: Streets) -> None:
    api, _, port = streets.daemon.url.removeprefix("https://").partition(":")
    for address in (api, "10.231.0.1"):
        assert "connected" not in by_shell(streets, "zero1", address, port)
        assert not connects(streets.inhabitants["zero1"].namespace, address, int(port))
    assert connects(streets.host, api, int(port)), "the control: it is there"
