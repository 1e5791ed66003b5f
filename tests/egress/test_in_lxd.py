"""The proxy as a service of a real host: semitrusted containers reach it and nothing else, and it reaches what its policy names."""

from __future__ import annotations

import json
import shutil
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reconciler.app.images.facts import FOLDER
from reconciler.model.egress import PORT
from reconciler.model.resources import NetworkMode
from reconciler.policy.wayout import proxy_environment
from tests.conftest import SHARED
from tests.egress.names import Names
from tests.egress.web import Web
from tests.egress.world import ANSWERS, HERE, METADATA, RESOLVER, SUBNET, namespace
from tests.images.roomy import roomy
from tests.lab.clean import clean_daemon
from tests.lxd import frames
from tests.lxd.frames import Place
from tests.lxd.netns import Tap, connects, emit, within
from tests.lxd.streets import HERE as HOST
from tests.lxd.streets import PRIVATE, SERVER, STRANGER, Inhabitant, far_server, inhabitant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Starter
    from tests.e2e.fleet import Fleet
    from tests.lab.daemon import Daemon
    from tests.lab.lab import Lab

pytestmark = [pytest.mark.lxd, pytest.mark.slow, pytest.mark.timeout(1200)]

POLICY = """\
apiVersion: unsandbox/v1
kind: Policy
metadata: {{name: fleet}}
spec:
  environment: test
  approval: "off"
  proxy: {{names: [{names}], resolvers: [203.0.113.53]}}
"""
GROUND = """\
apiVersion: unsandbox/v1
kind: Image
metadata: {{name: egress}}
spec: {{alias: egress, fingerprint: {fingerprint}, file: {file}}}
---
apiVersion: unsandbox/v1
kind: Service
metadata: {{name: out}}
spec:
  owner: team
  image: egress
  network: proxy
  placement: {{host: h1}}
  resources: {{vcpu: 1, memory: 256MiB, disk: 1GiB, processes: 100}}
  health: {{tcp: {{port: 3128}}, interval: 5s}}
"""
RUNS = """\
apiVersion: unsandbox/v1
kind: Image
metadata: {{name: py}}
spec: {{alias: py, fingerprint: {fingerprint}, file: manifests/files/python.tar.gz, languages: [python]}}
---
apiVersion: unsandbox/v1
kind: Pool
metadata: {{name: outward}}
spec:
  image: py
  network: semitrusted
  size: 1
  resources: {{vcpu: 1, memory: 256MiB, disk: 512MiB, processes: 200}}
"""
FETCH = """\
import sys, urllib.request
for url in sys.argv[1:]:
    try:
        print(urllib.request.urlopen(url, timeout=10).read().decode())
    except OSError as error:
        print(error)
"""
PROXY = proxy_environment(NetworkMode.SEMITRUSTED, SUBNET)["http_proxy"]


@dataclass
class Town:
    """One host with its proxy, two semitrusted containers and a zerotrust one, and a world behind it."""

    fleet: Fleet
    daemon: Daemon
    web: Web
    names: Names

    @property
    def host(self) -> Path:
        return Path(f"/proc/{self.daemon.pid}/ns/net")

    def one(self, name: str) -> Inhabitant:
        """A container as it runs."""
        return inhabitant(self.daemon, name)

    def inside(self, name: str, *command: str) -> str:
        return self.daemon.lxc("exec", f"svc-{name}", "--project", "unsandbox", "--", *command)

    def get(self, name: str, url: str) -> str:
        """What a program gets there that goes by the variable of a run; what it says where it gets nothing."""
        words = f"{{ printf 'GET {url} HTTP/1.0\\r\\n\\r\\n'; sleep 1; }} | nc -w 5 ${{place%:*}} ${{place#*:}} 2>&1; true"
        return self.inside(name, "sh", "-c", f"place={PROXY.removeprefix('http://')}; {words}")

    def policy(self, *names: str) -> None:
        self.fleet.write("manifests/policy.yaml", POLICY.format(names=", ".join(names)))
        self.fleet.run("apply", "--yes")


@pytest.fixture(scope="module")
def town(lxd: Daemon, lab: Lab, starter: Starter, shared: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    del shared
    clean_daemon(lxd)
    fleet = roomy(tmp_path_factory.mktemp("town"), lxd, starter)
    fleet.run("images", "build", "egress", "--cache", str(SHARED), timeout=600)
    facts = json.loads((fleet.root / FOLDER / "egress.json").read_text())
    fleet.write("manifests/out.yaml", GROUND.format(fingerprint=facts["fingerprint"], file=f"{FOLDER}/{facts['file']}"))
    fleet.services({"semi1": "network: semitrusted", "semi2": "network: semitrusted", "zero1": ""})
    with ExitStack() as stack:
        far = far_server(lxd, lab.directory)
        stack.callback(far.close)
        for address in (RESOLVER, METADATA):
            far.run("ip", "addr", "add", f"{address}/32", "dev", "eth0")
        lxd.inside("ip", "route", "add", METADATA, "via", SERVER)
        web = stack.enter_context(Web(namespace(far), "0.0.0.0", 80))  # noqa: S104 - in its namespace
        stack.enter_context(Web(namespace(far), "0.0.0.0", 25))  # noqa: S104
        names = stack.enter_context(Names(namespace(far), RESOLVER, ANSWERS, {}))
        made = Town(fleet, lxd, web, names)
        made.policy("allowed.example", ".wide.example")
        for name in ("semi1", "semi2"):
            made.one(name)  # which waits for its address
        yield made


def test_a_run_gets_out_by_its_variables_and_where_the_policy_says(town: Town) -> None:
    assert f"this is {SERVER}; you are {HOST}" in town.get("semi1", "http://allowed.example/")
    for url in ("http://stranger.example/", f"http://{METADATA}/", "http://2852039166/", "http://closed0.wide.example/"):
        assert "403" in town.get("semi2", url)
    assert "this is" not in town.get("zero1", "http://allowed.example/")


def test_doctor_says_that_it_stands_and_that_its_bridges_are_as_they_should_be(town: Town) -> None:
    found = {check["name"]: check for check in town.fleet.run("doctor", "--json").json["checks"] if check["scope"] == "h1"}
    assert (found["way out"]["verdict"], found["way out"]["finding"]) == ("ok", "Service/out runs as the policy says")
    assert found["foundation"]["verdict"] == "ok", found["foundation"]


def test_its_image_passes_its_own_test(town: Town) -> None:
    told = town.fleet.run("images", "test", "egress", "--json", timeout=300).json
    assert (told["passed"], told["smoke"]) == (True, "")


@pytest.mark.attack(
    "the world from a cell with a way out, past the proxy",
    held="ACL of the bridge",
    control="the host reaches it; the proxy's port is open to the cell",
)
def test_there_is_no_other_way_out(town: Town) -> None:
    me = town.one("semi1").namespace
    for address in (SERVER, STRANGER, METADATA, PRIVATE):
        assert not connects(me, address, 80)
        assert connects(town.host, address, 80), "the control: it is there"
    assert connects(me, HERE, PORT), "the control: what is open"
    assert not connects(town.one("zero1").namespace, HERE, PORT)


@pytest.mark.attack(
    "the world with the proxy as a router",
    held="ACL of the bridge, no forwarding",
    control="the frame leaves the cell",
)
def test_the_proxy_is_no_router(town: Town) -> None:
    town.inside("semi1", "ip", "route", "add", f"{SERVER}/32", "via", HERE)
    try:
        with Tap(town.host, town.one("semi1").outside) as tap:
            assert not connects(town.one("semi1").namespace, SERVER, 80)
            assert tap.saw(socket.inet_aton(SERVER)), "the control: the frame left the container"
    finally:
        town.inside("semi1", "ip", "route", "del", f"{SERVER}/32")
    assert town.inside("out", "cat", "/proc/sys/net/ipv4/ip_forward") == "0\n"


@pytest.mark.attack(
    "metadata, private addresses, the host, other ports, from a proxy that was taken over",
    held="ACL of the uplink",
    control="from there an open address is reached at an open port",
)
def test_behind_its_rules_stands_the_hosts_own_wall(town: Town) -> None:
    """As if somebody had taken it over, or a name had turned between being judged and being reached."""
    me = town.one("out").namespace
    assert connects(me, SERVER, 80), "the control"
    for address, port in ((METADATA, 80), (PRIVATE, 80), (SERVER, 25), (HOST, 22), ("10.231.0.1", 80), ("10.230.255.1", 80)):
        with Web(town.host, address, port) if address in {HOST, "10.231.0.1", "10.230.255.1"} else ExitStack():
            assert not connects(me, address, port), address
            assert connects(town.host, address, port), "the control"


@pytest.mark.attack(
    "name servers of one's own choice, from a cell and from a proxy that was taken over",
    held="ACL of both bridges",
    control="the named one answers the proxy",
)
def test_it_asks_its_name_servers_alone(town: Town) -> None:
    def asks(address: str) -> bool:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as link:
            link.settimeout(0.7)
            link.sendto(b"\x00\x01\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07allowed\x07example\x00\x00\x01\x00\x01", (address, 53))
            try:
                return bool(link.recv(512))
            except OSError:
                return False

    assert within(town.one("out").namespace, lambda: asks(RESOLVER))
    assert not within(town.one("semi1").namespace, lambda: asks(RESOLVER))
    town.names.asked.clear()
    assert not within(town.one("out").namespace, lambda: asks(SERVER))
    assert town.names.asked == []


@pytest.mark.attack(
    "ARP in the name of the proxy",
    held="filters of the cell's NIC",
    control="an honest frame reaches the proxy",
)
def test_nobody_takes_its_address(town: Town) -> None:
    """A container that says that it is the proxy, to its neighbour and to the proxy's clients, by ARP."""
    me, other = town.one("semi1"), town.one("semi2")
    forged = frames.arp(Place(me.nic.mac, HERE), other.nic, b"I am the proxy")
    honest = frames.arp(me.nic, town.one("out").nic, b"I am myself")
    with Tap(town.host, me.outside) as outside, Tap(other.namespace, "eth0") as theirs, Tap(town.host, "unsb-semi") as bridge:
        emit(me.namespace, "eth0", forged)
        assert outside.saw(b"I am the proxy"), "the control: it left the container"
        assert not theirs.saw(b"I am the proxy", 0.2)
        assert not bridge.saw(b"I am the proxy", 0.2)
    with Tap(town.one("out").namespace, "eth0") as proxy:
        emit(me.namespace, "eth0", honest)
        assert proxy.saw(b"I am myself"), "the control: an honest frame reaches the proxy"


def test_it_comes_back_when_it_ends_and_when_its_container_does(town: Town) -> None:
    town.inside("out", "sh", "-c", "kill -9 $(cat /run/way-out.pid)")
    until_answered(town)
    town.daemon.lxc("restart", "--force", "svc-out", "--project", "unsandbox")
    until_answered(town)


def until_answered(town: Town) -> None:
    deadline = time.monotonic() + 30
    while "this is" not in (told := town.get("semi1", "http://allowed.example/")):
        assert time.monotonic() < deadline, told
        time.sleep(0.2)


def test_another_policy_is_taken_over_in_place_and_cuts_what_was_open(town: Town) -> None:
    before = town.daemon.query("GET", "/1.0/instances/svc-out?project=unsandbox")["config"]["volatile.uuid"]
    with within(town.one("semi1").namespace, lambda: socket.create_connection((HERE, PORT), 5)) as link:
        town.policy(".wide.example")
        link.settimeout(5)
        assert link.recv(1) == b"", "it was hung up on"
    assert "403" in town.get("semi1", "http://allowed.example/")
    assert "this is" in town.get("semi1", "http://deep.wide.example/")
    assert town.daemon.query("GET", "/1.0/instances/svc-out?project=unsandbox")["config"]["volatile.uuid"] == before
    told = town.fleet.run("plan", "--json").json
    assert told["actions"] == []


def test_a_run_gets_out_through_the_proxy_and_none_does_without_it(town: Town, python_image: Starter) -> None:
    fleet = town.fleet
    shutil.copy2(python_image.tarball, fleet.root / "manifests/files/python.tar.gz")
    fleet.write("manifests/runs.yaml", RUNS.format(fingerprint=python_image.fingerprint))
    program = fleet.root / "out.py"
    program.write_text(FETCH)
    town.policy("allowed.example")
    out = fleet.run(
        "exec", "--network", "semitrusted", "--wait", "20s", str(program), "--", "http://allowed.example/", "http://2852039166/"
    )
    assert f"this is {SERVER}" in out.out
    assert "HTTP Error 403" in out.out
    (fleet.root / "manifests/out.yaml").rename(fleet.root / "out.yaml")
    try:
        refused = fleet.run("exec", "--network", "semitrusted", str(program), "--", "http://allowed.example/", expect=None)
        assert "C46" in refused.err
        assert "no proxy of its host is declared" in refused.err
        assert refused.out == ""
    finally:
        (fleet.root / "out.yaml").rename(fleet.root / "manifests/out.yaml")
