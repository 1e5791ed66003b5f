"""Looking at a real host: what it costs and what it tells."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from reconciler.lxd.connect import Door
from reconciler.lxd.read import instance, look
from reconciler.lxd.write import perform
from reconciler.model.plan import SetPower
from reconciler.model.world import Grade, Status
from tests.lxd.actors import creation, launch, uuid

if TYPE_CHECKING:
    from reconciler.model.resources import Host
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


@pytest.fixture(scope="module")
def peopled(prepared: Host, lxd: Daemon, starter: Starter) -> Host:
    with Door.open(prepared, None) as door:
        launch(door, creation("runs", starter.fingerprint, {"user.unsandbox.env": "lab", "user.unsandbox.kind": "Service"}))
        launch(door, creation("frozen", starter.fingerprint))
        perform(door, SetPower("frozen", "freeze", force=False, timeout=20))
        perform(door, creation("stopped", starter.fingerprint))
    lxd.add_image(starter.tarball, "starter")
    lxd.lxc("init", "starter", "elsewhere", "--storage", "unsandbox")
    lxd.lxc("init", starter.fingerprint, "theirs", "--project", "unsandbox", "--storage", "unsandbox")
    return prepared


def test_a_look_costs_four_requests_and_one_for_snapshots_where_there_are_instances(peopled: Host) -> None:
    with Door.open(peopled, None) as door:
        look(door, now)
        assert door.requests == {
            "GET /1.0": 1,
            "GET /1.0/projects/{name}": 1,
            "GET /1.0/instances": 1,
            "GET /1.0/operations": 1,
            "GET /1.0/storage-pools/{name}/volumes/{name}": 1,
        }


def test_everything_in_our_project_is_seen_and_nothing_else(peopled: Host, lxd: Daemon, starter: Starter) -> None:
    with Door.open(peopled, None) as door:
        view = look(door, now)
    assert (view.host, view.grade, view.why, view.doubtful) == ("h1", Grade.COMPLETE, (), {})
    assert {row.name: row.status for row in view.instances} == {
        "frozen": Status.FROZEN,
        "runs": Status.RUNNING,
        "stopped": Status.STOPPED,
        "theirs": Status.STOPPED,
    }
    runs = next(row for row in view.instances if row.name == "runs")
    assert (runs.uuid, runs.image, runs.profiles) == (uuid(lxd, "runs"), starter.fingerprint, ())
    assert runs.config["user.unsandbox.kind"] == "Service"
    assert view.project is not None
    assert view.project.names == {"frozen", "runs", "stopped", "theirs"}
    assert view.project.images == {starter.fingerprint}
    assert view.project.config["user.unsandbox.foundation"].startswith("sha256:")
    assert view.identity is not None
    assert (view.identity.fingerprint, view.identity.clustered) == (lxd.fingerprint, False)
    assert view.identity.addresses == (lxd.url.removeprefix("https://"),)


def test_a_project_that_is_not_there_is_known_to_be_empty(peopled: Host) -> None:
    with Door.open(replace(peopled, project="nowhere"), None) as door:
        view = look(door, now)
        assert door.requests == {"GET /1.0": 1, "GET /1.0/projects/{name}": 1}
    assert (view.grade, view.project, view.instances) == (Grade.COMPLETE, None, ())


def test_an_operation_that_runs_is_seen(peopled: Host, lxd: Daemon) -> None:
    body = {"command": ["sleep", "3"], "wait-for-websocket": False, "interactive": False}
    with Door.open(peopled, None) as door:
        response = door.send("POST", door.path("instances", "runs", "exec"), body)
        view = look(door, now)
        seen = [item for item in view.operations if item.instance == "runs"]
        assert [item.id for item in seen] == [response.json()["metadata"]["id"]]
        lxd.query("GET", f"/1.0/operations/{seen[0].id}/wait?timeout=10")
        assert not [item for item in look(door, now).operations if item.instance == "runs"]


def test_one_instance(peopled: Host, lxd: Daemon) -> None:
    with Door.open(peopled, None) as door:
        found = instance(door, "runs")
        assert found is not None
        assert (found.uuid, found.status) == (uuid(lxd, "runs"), Status.RUNNING)
        assert instance(door, "elsewhere") is None
