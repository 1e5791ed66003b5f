"""The lab itself: what other tests stand on must be true."""

from __future__ import annotations

import http.client
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab import cgroups, sweep
from tests.lab.daemon import POOL
from tests.lab.lab import ROOT, Lab, locked
from tests.lab.rest import QueryError
from tests.lab.space import CGROUP_ROOT, REPOSITORY, run

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

# A run of its own in another process, with a frozen and a running container, which then waits to be killed.
VICTIM = """
import sys, time
from pathlib import Path
from tests.lab.lab import Lab
lab = Lab()
host = lab.daemon("h1")
host.add_image(Path(sys.argv[1]), "starter")
for name in ("running", "frozen"):
    host.lxc("launch", "starter", name, "--storage", "unsandbox")
host.lxc("pause", "frozen")
print(lab.directory, flush=True)
time.sleep(600)
"""


def launch(host: Daemon, starter: Starter, *names: str, **config: str) -> None:
    host.add_image(starter.tarball, "starter")
    for name in names:
        host.lxc("launch", "starter", name, "--storage", POOL, *(f"--config={key}={value}" for key, value in config.items()))


def status(host: Daemon, name: str) -> str:
    return str(host.query("GET", f"/1.0/instances/{name}")["status"])


def answers(host: Daemon, timeout: float) -> bool:
    """Whether the host's HTTPS door answers from the root network namespace."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    address, _, port = host.url.removeprefix("https://").partition(":")
    connection = http.client.HTTPSConnection(address, int(port), timeout=timeout, context=context)
    try:
        connection.request("GET", "/1.0")
        return connection.getresponse().status == http.client.OK
    except TimeoutError:
        return False
    finally:
        connection.close()


def leftovers(directory: Path) -> list[str]:
    """Everything of a run that can still be seen on this machine."""
    found = [str(directory)] if directory.exists() else []
    found += [f"keeper {pid}" for pid in sweep.keepers(directory)]
    found += [line for line in run("losetup", "--list", "--noheadings", "--output=NAME,BACK-FILE").splitlines() if str(directory) in line]
    found += [line for line in Path("/proc/mounts").read_text().splitlines() if str(directory) in line]
    found += [line for line in run("ip", "-o", "link").splitlines() if sweep.link_name(directory) in line]
    branch = f"unsandbox-lab-{directory.name}"
    found += [str(top / branch) for top in cgroups.hierarchies(CGROUP_ROOT) if (top / branch).exists()]
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if os.fsencode(directory) in (process / "cmdline").read_bytes():
                found.append(f"process {process.name}")
        except (FileNotFoundError, ProcessLookupError):
            continue
    return found


def test_three_daemons_are_separate_and_pinned(three: list[Daemon]) -> None:
    assert [host.name for host in three] == ["h1", "h2", "h3"]
    assert len({host.fingerprint for host in three}) == 3
    assert len({host.pid for host in three}) == 3
    for host in three:
        assert host.query("GET", "/1.0")["environment"]["certificate_fingerprint"] == host.fingerprint
        assert answers(host, timeout=10)


def test_the_machine_sees_one_link_and_no_bridge(three: list[Daemon], lab: Lab) -> None:
    three[0].query("POST", "/1.0/networks", {"name": "br-lab-test", "config": {"ipv4.address": "10.77.0.1/24", "ipv6.address": "none"}})
    assert "br-lab-test" in three[0].inside("ip", "-o", "link")
    seen = run("ip", "-o", "link")
    assert "br-lab-test" not in seen
    assert sweep.link_name(lab.directory) in seen


def test_a_container_boots_freezes_and_stops(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    clean(lxd)
    launch(lxd, starter, "one")
    assert lxd.lxc("exec", "one", "--", "echo", "here").strip() == "here"
    lxd.lxc("pause", "one")
    assert status(lxd, "one") == "Frozen"
    with pytest.raises(QueryError) as caught:
        lxd.query("GET", "/1.0/instances/none-such")
    assert caught.value.status == 404


def test_cut_and_heal(lxd: Daemon) -> None:
    assert answers(lxd, timeout=10)
    lxd.cut()
    assert not answers(lxd, timeout=1)
    assert lxd.query("GET", "/1.0")["environment"]["server_name"]
    lxd.heal()
    assert answers(lxd, timeout=10)


def test_containers_outlive_a_killed_daemon(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    clean(lxd)
    launch(lxd, starter, "survivor")
    before, init = lxd.pid, lxd.query("GET", "/1.0/instances/survivor/state")["pid"]
    lxd.kill()
    assert not Path(f"/proc/{before}").exists()
    lxd.start()
    assert lxd.pid != before
    assert lxd.query("GET", "/1.0/instances/survivor/state")["pid"] == init


def test_a_clean_shut_down_stops_containers(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    clean(lxd)
    launch(lxd, starter, "sleeper", **{"boot.autostart": "false"})
    lxd.stop()
    lxd.start()
    assert status(lxd, "sleeper") == "Stopped"


def test_clean_removes_what_is_protected_and_in_projects(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    launch(lxd, starter, "guarded", **{"security.protection.delete": "true"})
    lxd.query("POST", "/1.0/projects", {"name": "extra", "config": {"features.images": "false", "features.profiles": "true"}})
    lxd.query("POST", "/1.0/profiles?project=extra", {"name": "p1"})
    lxd.query("POST", "/1.0/network-acls", {"name": "acl1"})
    lxd.lxc("launch", "starter", "inner", "--project", "extra", "--storage", POOL)
    lxd.lxc("pause", "inner", "--project", "extra")
    clean(lxd)
    assert lxd.query("GET", "/1.0/instances?all-projects=true") == []
    assert lxd.query("GET", "/1.0/projects") == ["/1.0/projects/default"]
    assert lxd.query("GET", "/1.0/images") == []
    assert lxd.query("GET", "/1.0/network-acls") == []
    assert lxd.query("GET", "/1.0/storage-pools") == [f"/1.0/storage-pools/{POOL}"]


def test_a_token_enrols_one_client(lxd: Daemon) -> None:
    assert len(lxd.trust_token("someone")) > 100


def test_a_closed_lab_leaves_nothing(starter: Starter) -> None:
    with Lab() as own:
        host = own.daemon("h1")
        launch(host, starter, "frozen")
        host.lxc("pause", "frozen")
        directory = own.directory
        assert leftovers(directory)
    assert leftovers(directory) == []


def test_a_killed_owner_leaves_nothing_but_files_and_a_sweep_takes_those(starter: Starter, lab: Lab) -> None:
    victim = subprocess.Popen(
        [sys.executable, "-c", VICTIM, starter.tarball], cwd=REPOSITORY, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True
    )
    assert victim.stdout is not None
    with victim.stdout as output:
        directory = Path(output.readline().strip())
    assert sweep.is_owned(directory)
    with locked(ROOT):
        assert directory not in sweep.sweep(ROOT), "a run whose owner lives was swept"
    os.kill(victim.pid, signal.SIGKILL)
    victim.wait()
    deadline = time.monotonic() + 15
    while sweep.keepers(directory) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert sweep.keepers(directory) == [], "the keepers did not notice that their owner died"
    with locked(ROOT):
        assert directory in sweep.sweep(ROOT)
    assert leftovers(directory) == []
    assert lab.directory.exists(), "the sweep touched a run that lives"


def test_eight_at_once_are_cleaned_quickly(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    clean(lxd)
    lxd.add_image(starter.tarball, "starter")
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda number: launch(lxd, starter, f"c{number}"), range(8)))
    began = time.monotonic()
    clean(lxd)
    assert lxd.query("GET", "/1.0/instances") == []
    assert time.monotonic() - began < 15


def test_a_person_can_keep_a_lab_until_ctrl_c() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.lab", "up", "1"], cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    with process.stdout as output:
        said = [output.readline().strip() for _line in range(4)]
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert said[0] == "h1"
    assert re.fullmatch(r"https://10\.88\.\d+\.11:8443  trust password lab-[0-9a-f]{6}", said[2])
    assert leftovers(Path(said[1].removeprefix("LXD_DIR=")).parent) == []


def test_an_unknown_command_shows_the_known_ones() -> None:
    done = subprocess.run([sys.executable, "-m", "tests.lab", "down"], cwd=REPOSITORY, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert "python -m tests.lab sweep" in done.stderr
