"""Containers of both network modes on one host, and a server elsewhere that is reached by routing."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.engine.foundation import foundation, network_name
from reconciler.engine.spec import instance_spec
from reconciler.lxd.connect import Door
from reconciler.lxd.write import perform
from reconciler.model.egress import Egress
from reconciler.model.names import Kind, Ref, instance_name
from reconciler.model.plan import CreateInstance, ImportImage, SetPower
from reconciler.model.resources import (
    NetworkMode,
    Placement,
    Policy,
    Power,
    PowerOwner,
    Resources,
    Source,
    Workload,
)
from tests.lab.clean import clean_daemon
from tests.lab.permit import ALONE
from tests.lab.space import open_space, run
from tests.lxd.conftest import PROJECT, host_of
from tests.lxd.frames import Place

if TYPE_CHECKING:
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon
    from tests.lab.space import Space

SERVER, STRANGER, PRIVATE, PRIVATE_STRANGER = "203.0.113.2", "203.0.113.3", "10.99.0.2", "10.99.0.3"
HERE = "203.0.113.1"
"""The host's own address towards the server."""
POLICY = Policy(
    "lab",
    egress=(Egress(f"{SERVER}/32", "tcp", "80"), Egress(f"{SERVER}/32", "udp", "5353"), Egress(f"{PRIVATE}/32", "tcp", "80")),
)
HOST_MAC = "02:00:00:00:00:01"


@dataclass(frozen=True)
class Inhabitant:
    """A running container: its network namespace, its NIC, and the host's end of that."""

    name: str
    namespace: Path
    nic: Place
    outside: str


@dataclass
class Streets:
    """What the packet tests walk through."""

    daemon: Daemon
    far: Space
    inhabitants: dict[str, Inhabitant]

    @property
    def host(self) -> Path:
        """The host's network namespace."""
        return Path(f"/proc/{self.daemon.pid}/ns/net")

    @property
    def server(self) -> Path:
        """The server's network namespace."""
        return Path(f"/proc/{self.far.pid}/ns/net")

    @property
    def machine(self) -> Path:
        """The namespace that the tests run in."""
        return Path("/proc/self/ns/net")

    def bridge(self, mode: NetworkMode) -> str:
        return network_name(PROJECT, mode)

    def bridge_place(self, mode: NetworkMode) -> Place:
        """The bridge as a neighbour: its MAC, and the address that a container would try."""
        line = self.daemon.inside("ip", "-o", "link", "show", self.bridge(mode))
        return Place(line.split("link/ether ")[1].split()[0], "10.231.0.1")

    def close(self) -> None:
        self.far.close()
        clean_daemon(self.daemon)


def workload(name: str, mode: NetworkMode, image: str) -> Workload:
    """A service as a manifest declares it."""
    return Workload(
        ref=Ref(Kind.SERVICE, name),
        uid=name,
        owner="team",
        image=image,
        image_name="starter",
        power=Power.RUNNING,
        power_owner=PowerOwner.DECLARED,
        network=mode,
        resources=Resources(1, 64 << 20, 128 << 20, 64),
        placement=Placement(),
        source=Source("manifests/lab.yaml", 1),
    )


def build(daemon: Daemon, run_dir: Path, starter: Starter) -> Streets:
    """Foundation and containers as a plan would make them, and the server's namespace."""
    clean_daemon(daemon)
    host = host_of(daemon)
    with Door.open(host, None).under(ALONE) as door:
        for call in foundation(host, POLICY, (daemon.url.removeprefix("https://"),)).objects:
            perform(door, call)
        perform(door, ImportImage(starter.fingerprint, "starter", str(starter.tarball)))
        for name, mode in (("zero1", "zerotrust"), ("zero2", "zerotrust"), ("semi1", "semitrusted"), ("semi2", "semitrusted")):
            wanted = workload(name, NetworkMode(mode), starter.fingerprint)
            spec = instance_spec(wanted, host, POLICY, isolated=False, commit="")
            perform(door, CreateInstance(instance_name(wanted.ref), starter.fingerprint, spec.config, spec.devices))
            perform(door, SetPower(instance_name(wanted.ref), "start", force=False, timeout=30))
    far = far_server(daemon, run_dir)
    found = Streets(daemon, far, {})
    for name in ("zero1", "zero2", "semi1", "semi2"):
        found.inhabitants[name] = inhabitant(daemon, name)
    return found


def far_server(daemon: Daemon, run_dir: Path) -> Space:
    """Beyond a link of its own; the host routes to it and translates addresses, as it would to the world."""
    shutil.rmtree(run_dir / "far", ignore_errors=True)
    far = open_space(run_dir, "far", "bare")
    target = f"--target={daemon.pid}"
    run("nsenter", target, "--net", "ip", "link", "add", "far0", "type", "veth", "peer", "name", "eth0", "netns", str(far.pid))
    for command in (f"addr add {HERE}/24 dev far0", "link set far0 up", f"route add 10.99.0.0/24 via {SERVER}"):
        run("nsenter", target, "--net", "ip", *command.split())
    for command in (
        "link set lo up",
        *(f"addr add {address} dev eth0" for address in (f"{SERVER}/24", f"{STRANGER}/24", f"{PRIVATE}/24", f"{PRIVATE_STRANGER}/24")),
        "link set eth0 up",
        f"route add 10.231.0.0/20 via {HERE}",
    ):
        far.run("ip", *command.split())
    return far


def inhabitant(daemon: Daemon, name: str) -> Inhabitant:
    """The running service of that name."""
    instance = f"svc-{name}"
    config = daemon.query("GET", f"/1.0/instances/{instance}?project={PROJECT}")["config"]
    pid = daemon.query("GET", f"/1.0/instances/{instance}/state?project={PROJECT}")["pid"]
    if name.startswith("zero"):
        # As a program inside would that wants out: nobody gave it an address, so it takes one.
        address = f"10.231.0.{200 + int(name[-1])}"
        for command in (f"ip addr add {address}/20 dev eth0", "ip route add default via 10.231.0.1"):
            daemon.lxc("exec", instance, "--project", PROJECT, "--", *command.split())
    else:
        address = _lease(daemon, instance)
    namespace = Path(f"/proc/{daemon.pid}/root/proc/{pid}/ns/net")
    return Inhabitant(instance, namespace, Place(config["volatile.eth0.hwaddr"], address), config["volatile.eth0.host_name"])


def _lease(daemon: Daemon, instance: str) -> str:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        network = daemon.query("GET", f"/1.0/instances/{instance}/state?project={PROJECT}")["network"]
        for address in network.get("eth0", {}).get("addresses", ()):
            if address["family"] == "inet":
                return str(address["address"])
        time.sleep(0.2)
    raise AssertionError(f"{instance} was given no address")


def by_shell(streets: Streets, name: str, address: str, port: str) -> str:
    """What a shell inside sees, by its own tools."""
    command = f"nc -w 2 {address} {port} </dev/null && echo connected; true"
    return streets.daemon.lxc("exec", streets.inhabitants[name].name, "--project", "unsandbox", "--", "sh", "-c", command)
