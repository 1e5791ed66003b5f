"""The images for services, built from their recipes and booted on a real daemon; of ``shadow`` also what it is for: a container inside."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.images.facts import FOLDER
from tests.conftest import SHARED
from tests.e2e.fleet import PROJECT
from tests.images.roomy import roomy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Starter
    from tests.e2e.fleet import Fleet
    from tests.lab.daemon import Daemon

pytestmark = [pytest.mark.lxd, pytest.mark.slow, pytest.mark.timeout(2400)]

BUILD_SECONDS = 2000
IMAGE = """\
---
apiVersion: unsandbox/v1
kind: Image
metadata: {{name: shadow}}
spec: {{alias: shadow, fingerprint: {fingerprint}, file: {file}}}
"""
SERVICE = """\
apiVersion: unsandbox/v1
kind: Service
metadata: {name: inn}
spec:
  owner: team
  image: shadow
  nesting: true
  resources: {vcpu: 2, memory: 1GiB, disk: 8GiB, processes: 2000}
"""
INN = "svc-inn"
INSIDE = """\
lxd waitready --timeout=60
lxd init --auto --storage-backend=dir
lxc image import /root/starter.tar.gz --alias starter
lxc launch starter guest
test "$(lxc exec guest -- hostname)" = guest
lxc pause guest
test "$(lxc list -f csv -c s)" = FROZEN
lxc start guest
lxc delete --force guest
test -z "$(lxc list -f csv)"
"""
"""What a person does there. The subordinate ids of the container are those that its image declares."""


@pytest.fixture
def fleet(lxd: Daemon, clean: Callable[..., None], starter: Starter, shared: None, tmp_path: Path) -> Fleet:
    """One host, and the recipes of this repository."""
    del shared
    clean(lxd)
    return roomy(tmp_path, lxd, starter)


def built(fleet: Fleet, name: str) -> dict[str, Any]:
    fleet.run("images", "build", name, "--cache", str(SHARED), timeout=BUILD_SECONDS)
    facts: dict[str, Any] = json.loads((fleet.root / FOLDER / f"{name}.json").read_text())
    return facts


def tried(fleet: Fleet, name: str) -> dict[str, Any]:
    told: dict[str, Any] = fleet.run("images", "test", name, "--json", timeout=BUILD_SECONDS).json
    return told


def test_a_debian_for_services_comes_up_whole(fleet: Fleet) -> None:
    built(fleet, "base-debian")
    told = tried(fleet, "base-debian")
    assert (told["passed"], told["smoke"], told["languages"]) == (True, "", [])


def test_a_shadow_comes_up_whole_and_raises_a_container_inside(fleet: Fleet) -> None:
    facts = built(fleet, "shadow")
    told = tried(fleet, "shadow")
    assert (told["passed"], told["smoke"]) == (True, "")
    fleet.write("manifests/shadow.yaml", SERVICE + IMAGE.format(fingerprint=facts["fingerprint"], file=f"{FOLDER}/{facts['file']}"))
    fleet.run("apply", "--yes", timeout=BUILD_SECONDS)
    assert fleet.statuses() == {INN: "Running"}
    lxc = fleet.daemons[0].lxc
    lxc("file", "push", str(fleet.starter.tarball), f"{INN}/root/starter.tar.gz", "--project", PROJECT)
    lxc("exec", INN, "--project", PROJECT, "--", "sh", "-euxc", INSIDE, timeout=300)
    fleet.converged()
