"""Three namespaces: a cell, its proxy, and a world in which even what must not be reached is there and answers."""

from __future__ import annotations

import socket
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.egress import PORT, Place, Proxy
from reconciler.policy.squid import squid_config
from reconciler.policy.wayout import proxy_address
from tests.egress.names import Names
from tests.egress.web import Web
from tests.lab.space import open_space, run
from tests.lxd.netns import connects, within

if TYPE_CHECKING:
    import subprocess

    from tests.lab.space import Space

SUBNET = "10.231.0.1/20"
CELL, NEIGHBOUR, HERE = "10.231.0.2", "10.231.0.3", proxy_address(SUBNET)
RESOLVER, ALLOWED, STRANGER, METADATA = "203.0.113.53", "203.0.113.2", "203.0.113.66", "169.254.169.254"
CLOSED = (METADATA, "10.9.9.9", "172.16.5.5", "192.168.7.7", "100.100.100.200", "198.18.0.9")
PROXY = Proxy(
    (Place("allowed.example"), Place(".wide.example"), Place("odd.example", (8443,))),
    (RESOLVER,),
    connections=8,
    rate=256 << 10,
    body=1 << 20,
)
ANSWERS = {
    "allowed.example": [ALLOWED],
    "odd.example": [ALLOWED],
    "deep.wide.example": [ALLOWED],
    "stranger.example": [STRANGER],
    "both.wide.example": [ALLOWED, METADATA],
    "loop.wide.example": ["127.0.0.1"],
    "nothing.wide.example": ["0.0.0.0"],  # noqa: S104 - an answer, not bound to
    "proxy.wide.example": [HERE],
    "six.wide.example": ["fd00:ec2::254"],
    "mapped.wide.example": ["::ffff:169.254.169.254"],
    **{f"closed{number}.wide.example": [address] for number, address in enumerate(CLOSED)},
    "66.113.0.203.in-addr.arpa": ["allowed.example"],
}
WEAK = 3129
"""Port of a second proxy, with the rules taken out: what an attack reaches where nothing stands in its way."""


@dataclass
class World:
    """``names`` answers, ``web`` is outside, ``inside`` stands in the proxy's own namespace."""

    cell: Space
    proxy: Space
    far: Space
    stack: ExitStack
    names: Names
    web: Web
    inside: Web
    directory: Path
    squids: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self, text: str, port: int) -> None:
        """Run squid with that configuration on that port until the world ends."""
        config = self.directory / f"{port}.conf"
        config.write_text(text.replace(f"http_port {HERE}:{PORT}", f"http_port {HERE}:{port}"))
        with (self.directory / f"{port}.log").open("wb") as log:
            self.squids.append(self.proxy.spawn("squid", "-N", "-d", "1", "-f", str(config), env={}, log=log))
        deadline = time.monotonic() + 20
        while not connects(namespace(self.cell), HERE, port):
            assert time.monotonic() < deadline, (self.directory / f"{port}.log").read_text()
            time.sleep(0.05)

    def close(self) -> None:
        """End everything that runs in it."""
        self.stack.close()
        for space in (self.cell, self.far, self.proxy):
            space.close()
        for squid in self.squids:
            squid.wait()

    def ask(self, request: bytes, port: int = PORT, source: str = CELL, patience: float = 10) -> bytes:
        """What the proxy says to these bytes, to the end of the connection; empty where it says nothing."""
        link = self.connect(port, source)
        with link:
            link.settimeout(patience)
            link.sendall(request)
            return _to_the_end(link)

    def connect(self, port: int = PORT, source: str = CELL) -> socket.socket:
        """A connection from the cell to the proxy."""
        return within(namespace(self.cell), lambda: socket.create_connection((HERE, port), 5, (source, 0)))

    def get(self, url: str, port: int = PORT, host: str = "allowed.example", source: str = CELL) -> bytes:
        """The answer to a GET."""
        return self.ask(f"GET {url} HTTP/1.0\r\nHost: {host}\r\n\r\n".encode(), port, source)

    def tunnel(self, place: str, port: int = PORT) -> bytes:
        """The answer to a CONNECT, and to a GET through it."""
        with self.connect(port) as link:
            link.settimeout(10)
            link.sendall(f"CONNECT {place} HTTP/1.1\r\nHost: {place}\r\n\r\n".encode())
            told = link.recv(4096)
            if not told.startswith(b"HTTP/1.1 200"):
                return told
            link.sendall(b"GET /tunnel HTTP/1.0\r\n\r\n")
            return _to_the_end(link)


def namespace(space: Space) -> Path:
    """Its network namespace."""
    return Path(f"/proc/{space.pid}/ns/net")


def _to_the_end(link: socket.socket) -> bytes:
    pieces = []
    while piece := link.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)


def build() -> World:
    """Namespaces, links, servers and both proxies."""
    stack = ExitStack()
    directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="egress")))
    cell, proxy, far = (open_space(directory, name, "bare") for name in ("cell", "proxy", "far"))
    _link(cell, proxy, "eth0", [f"{CELL}/20", f"{NEIGHBOUR}/20"], [f"{HERE}/20"])
    _link(
        far,
        proxy,
        "eth1",
        [f"{ALLOWED}/24", f"{STRANGER}/24", f"{RESOLVER}/24", *(f"{address}/32" for address in CLOSED)],
        ["203.0.113.1/24"],
    )
    for address in CLOSED:
        proxy.run("ip", "route", "add", address, "via", ALLOWED)
    names = stack.enter_context(Names(namespace(far), RESOLVER, ANSWERS, {}))
    web = stack.enter_context(Web(namespace(far), "0.0.0.0", 80, f"http://{METADATA}/latest"))  # noqa: S104 - in its namespace
    for port in (25, 443, 8443):
        stack.enter_context(Web(namespace(far), "0.0.0.0", port))  # noqa: S104
    inside = stack.enter_context(Web(namespace(proxy), "0.0.0.0", 80))  # noqa: S104
    world = World(cell, proxy, far, stack, names, web, inside, directory)
    text = squid_config(PROXY, SUBNET)
    world.start(text, PORT)
    world.start(text.replace("http_access deny manager\n", "http_access deny manager\nhttp_access allow inside\n"), WEAK)
    return world


def _link(one: Space, other: Space, name: str, ours: list[str], theirs: list[str]) -> None:
    target = f"--target={one.pid}"
    run("nsenter", target, "--net", "ip", "link", "add", name, "type", "veth", "peer", "name", name, "netns", str(other.pid))
    for space, addresses in ((one, ours), (other, theirs)):
        space.run("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
        for command in ("link set lo up", *(f"addr add {address} dev {name}" for address in addresses), f"link set {name} up"):
            space.run("ip", *command.split())
