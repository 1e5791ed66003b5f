"""The starter image: the same bytes every time, boots, and stops when it is asked to."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import tarfile
import time
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REPOSITORY
from tests.lab.daemon import POOL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

BUILD = REPOSITORY / "images/starter/build.py"


def build(out: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, BUILD, "--out", out, *more], check=False, capture_output=True, text=True)


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = build(tmp_path / "a"), build(tmp_path / "b")
    assert first.stdout == second.stdout
    facts = json.loads((tmp_path / "a/starter.json").read_text())
    image = (tmp_path / "a" / facts["file"]).read_bytes()
    assert image == (tmp_path / "b" / facts["file"]).read_bytes()
    assert hashlib.sha256(image).hexdigest() == facts["fingerprint"] == first.stdout.strip()
    assert facts["size"] == len(image)


def test_the_image_is_sorted_owned_by_root_and_undated(starter: Starter) -> None:
    with tarfile.open(starter.tarball) as tar:
        members = tar.getmembers()
    assert members[0].name == "metadata.yaml"
    names = [member.name for member in members[1:]]
    assert names == sorted(names)
    assert {(member.uid, member.gid, member.mtime) for member in members} == {(0, 0, 0)}
    links = {member.name: member.linkname for member in members if member.issym()}
    assert links["rootfs/bin/sh"] == "/bin/busybox"


def test_a_busybox_that_needs_libraries_is_refused(tmp_path: Path) -> None:
    refused = build(tmp_path, "--busybox", "/bin/ls")
    assert refused.returncode == 1
    assert refused.stderr.strip() == 'starter: /bin/ls is not a static busybox; name another with --busybox "$(sh bootstrap/busybox.sh)"'
    assert list(tmp_path.iterdir()) == []


@pytest.mark.lxd
def test_it_boots_and_stops_without_force(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    clean(lxd)
    assert lxd.add_image(starter.tarball, "starter") == starter.fingerprint
    lxd.lxc("launch", "starter", "plain", "--storage", POOL)
    lxd.lxc("launch", "starter", "busy", "--storage", POOL)
    deaf = "trap '' TERM; while true; do sleep 1; done"
    lxd.lxc("exec", "busy", "--", "sh", "-c", f'setsid sh -c "{deaf}" </dev/null >/dev/null 2>&1 &')
    assert "trap" in lxd.lxc("exec", "busy", "--", "ps")
    for name in ("plain", "busy"):
        began = time.monotonic()
        lxd.lxc("stop", name)
        assert time.monotonic() - began < 3, name
        assert lxd.query("GET", f"/1.0/instances/{name}")["status"] == "Stopped"


@pytest.mark.lxd
def test_orphans_are_reaped_and_power_commands_work(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    clean(lxd)
    lxd.add_image(starter.tarball, "starter")
    lxd.lxc("launch", "starter", "one", "--storage", POOL)
    lxd.lxc("exec", "one", "--", "sh", "-c", "(sleep 0.1 &) ; exit 0")
    time.sleep(0.5)
    assert "[sleep]" not in lxd.lxc("exec", "one", "--", "ps")
    lxd.lxc("restart", "one", "--timeout=5")
    assert lxd.lxc("exec", "one", "--", "cat", "/sys/class/net/lo/carrier").strip() == "1"
    lxd.lxc("exec", "one", "--", "sh", "-c", "setsid sh -c 'sleep 0.2; poweroff' </dev/null >/dev/null 2>&1 &")
    deadline = time.monotonic() + 5
    while lxd.query("GET", "/1.0/instances/one")["status"] != "Stopped" and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lxd.query("GET", "/1.0/instances/one")["status"] == "Stopped"


@pytest.mark.lxd
def test_it_takes_an_address_where_one_is_given(lxd: Daemon, starter: Starter, clean: Callable[..., None]) -> None:
    clean(lxd)
    lxd.add_image(starter.tarball, "starter")
    lxd.query("POST", "/1.0/networks", {"name": "brs", "config": {"ipv4.address": "10.77.1.1/24", "ipv6.address": "none"}})
    lxd.lxc("launch", "starter", "wired", "--storage", POOL, "--network", "brs")
    deadline = time.monotonic() + 20
    while "10.77.1." not in lxd.lxc("exec", "wired", "--", "ip", "-4", "addr", "show", "eth0") and time.monotonic() < deadline:
        time.sleep(0.1)
    assert lxd.lxc("exec", "wired", "--", "ping", "-c1", "-W2", "10.77.1.1")
    assert "nameserver 10.77.1.1" in lxd.lxc("exec", "wired", "--", "cat", "/etc/resolv.conf")
