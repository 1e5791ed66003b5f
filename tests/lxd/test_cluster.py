"""Looking at a real cluster of two, of which one member is put away and then killed."""

from __future__ import annotations

import hashlib
import ssl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from reconciler.lxd.connect import Door
from reconciler.lxd.read import look, snapshots
from reconciler.model.world import Grade, Member
from tests.lab.daemon import PORT
from tests.lab.lab import Lab
from tests.lxd.conftest import PROJECT, host_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.resources import Host
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

FIRST, SECOND = "h1", "h2"
THRESHOLD = 11
"""Seconds without a heartbeat after which LXD calls a member offline; it takes no less."""


def join(first: Daemon, second: Daemon) -> None:
    """One cluster of both; the second has to be empty."""
    first.query("PUT", "/1.0/cluster", {"server_name": FIRST, "enabled": True})
    first.query("PATCH", "/1.0", {"config": {"cluster.offline_threshold": str(THRESHOLD)}})
    second.query("DELETE", "/1.0/storage-pools/unsandbox")
    wanted = {
        "server_name": SECOND,
        "enabled": True,
        "cluster_address": f"{first.address}:{PORT}",
        "server_address": f"{second.address}:{PORT}",
        "cluster_certificate": (first.directory / "cluster.crt").read_text(),
        "cluster_password": first.trust_password,
        "member_config": [{"entity": "storage-pool", "name": "unsandbox", "key": "size", "value": "1GiB"}],
    }
    second.query("PUT", "/1.0/cluster", wanted)


@pytest.fixture(scope="module")
def members() -> Iterator[list[Daemon]]:
    """Two daemons of their own: what was once in a cluster cannot be given back."""
    with Lab() as lab:
        yield lab.several(FIRST, SECOND)


@pytest.fixture(scope="module")
def second(members: list[Daemon]) -> Daemon:
    return members[1]


@pytest.fixture(scope="module")
def cluster(members: list[Daemon]) -> Host:
    """The cluster as an inventory's host, seen through its first member; its two instances are named after the members they live on."""
    first, second = members
    join(first, second)
    first.query("POST", "/1.0/projects", {"name": PROJECT, "config": {"features.images": "true", "features.profiles": "true"}})
    for member in (FIRST, SECOND):
        body = {
            "name": f"on-{member}",
            "source": {"type": "none"},
            "config": {"cluster.evacuate": "stop"},
            "devices": {"root": {"type": "disk", "path": "/", "pool": "unsandbox"}},
            "profiles": [],
        }
        first.query("POST", f"/1.0/instances?project={PROJECT}&target={member}", body)
    shown = hashlib.sha256(ssl.PEM_cert_to_DER_cert((first.directory / "cluster.crt").read_text())).hexdigest()
    return replace(host_of(first), fingerprint=shown)


def test_a_whole_cluster_is_seen_in_full_for_one_request_more(cluster: Host) -> None:
    with Door.open(cluster, None) as door:
        view = look(door, now)
        assert door.requests["GET /1.0/cluster/{name}"] == 1
        assert door.requests.total() == 5
        told = snapshots(door, view.volumes)
    assert (view.grade, view.why) == (Grade.COMPLETE, ())
    assert view.members == (Member(FIRST, "Online", votes=True), Member(SECOND, "Online", votes=False))
    assert {row.name: row.location for row in view.instances} == {f"on-{FIRST}": FIRST, f"on-{SECOND}": SECOND}
    assert told == {f"on-{FIRST}": (), f"on-{SECOND}": ()}


def test_an_evacuated_member_is_in_doubt_until_it_is_back(cluster: Host, second: Daemon) -> None:
    state = f"/1.0/cluster/members/{SECOND}/state"
    second.query("POST", state, {"action": "evacuate", "mode": "stop"})
    with Door.open(cluster, None) as door:
        view = look(door, now)
        second.query("POST", state, {"action": "restore"})
        assert look(door, now).grade is Grade.COMPLETE
    assert view.grade is Grade.PARTIAL
    assert f"cluster member {SECOND} is Evacuated" in view.why
    assert [row.name for row in view.instances] == [f"on-{FIRST}"]
    assert "Evacuated" in view.doubtful[f"on-{SECOND}"]


def test_what_lives_on_a_lost_member_is_unknown_and_not_gone(cluster: Host, second: Daemon) -> None:
    second.kill()
    try:
        with Door.open(cluster, None) as door:
            deadline = time.monotonic() + 3 * THRESHOLD
            while (view := look(door, now)).members[1].status == "Online":
                # Even before the cluster calls it lost: never a row short without a word.
                assert f"on-{SECOND}" in {row.name for row in view.instances} | view.doubtful.keys()
                assert time.monotonic() < deadline
                time.sleep(0.5)
    finally:
        second.start()
    assert view.members[1] == Member(SECOND, "Offline", votes=False)
    assert view.grade is Grade.PARTIAL
    assert f"cluster member {SECOND} is Offline" in view.why
    assert f"on-{SECOND}" in view.doubtful
    assert [row.name for row in view.instances] == [f"on-{FIRST}"]
