"""Looking at a real host: what it costs and what it tells."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.app.clock import now
from reconciler.errors import Conflict, NotFound, Rejected, WrongIdentity
from reconciler.lxd.connect import Door
from reconciler.lxd.read import daemon_process, instance, look, snapshots
from reconciler.lxd.write import perform
from reconciler.model.plan import SetPower
from reconciler.model.world import Grade, Status
from tests.lab.permit import ALONE
from tests.lxd.actors import creation, launch, uuid

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.model.resources import Host
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd


@pytest.fixture(scope="module")
def peopled(prepared: Host, lxd: Daemon, starter: Starter) -> Host:
    with Door.open(prepared, None).under(ALONE) as door:
        launch(door, creation("runs", starter.fingerprint, {"user.unsandbox.env": "lab", "user.unsandbox.kind": "Service"}))
        launch(door, creation("frozen", starter.fingerprint))
        perform(door, SetPower("frozen", "freeze", force=False, timeout=20))
        perform(door, creation("stopped", starter.fingerprint))
    lxd.add_image(starter.tarball, "starter")
    lxd.lxc("init", "starter", "elsewhere", "--storage", "unsandbox")
    lxd.lxc("init", starter.fingerprint, "theirs", "--project", "unsandbox", "--storage", "unsandbox")
    return prepared


def test_a_look_costs_four_requests(peopled: Host) -> None:
    with Door.open(peopled, None) as door:
        look(door, now)
        assert door.requests == {
            "GET /1.0": 1,
            "GET /1.0/projects/{name}": 1,
            "GET /1.0/instances": 1,
            "GET /1.0/operations": 1,
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
    with Door.open(peopled, None).under(ALONE) as door:
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


def test_an_absence_is_certain_only_in_a_project_that_can_be_seen(peopled: Host) -> None:
    with Door.open(replace(peopled, project="nowhere"), None) as door, pytest.raises(Rejected, match="O16: project nowhere"):
        instance(door, "runs")


class Forgetful(Door):
    """A door behind which LXD does not find an instance that its project uses."""

    def get(self, path: str) -> Any:
        if path.startswith("/1.0/instances/"):
            raise NotFound("h1: LXD answered 404: Not Found")
        return super().get(path)


def test_two_answers_that_differ_are_no_absence(peopled: Host) -> None:
    with Forgetful.open(peopled, None) as door:
        assert instance(door, "nobody") is None
        with pytest.raises(Conflict, match="O05: the project uses runs"):
            instance(door, "runs")


def test_snapshots_are_told_of_every_instance_and_profiles_of_those_that_have_some(peopled: Host, lxd: Daemon) -> None:
    lxd.lxc("snapshot", "stopped", "before", "--project", "unsandbox")
    with Door.open(peopled, None) as door:
        view = look(door, now)
        assert snapshots(door, view.volumes) == {"frozen": (), "runs": (), "stopped": ("before",), "theirs": ()}
    assert {row.name for row in view.instances if row.inherited} == {"theirs"}


class Clock:
    """Ours, so many seconds off."""

    def __init__(self, ahead: float) -> None:
        self._ahead = timedelta(seconds=ahead)

    def __call__(self) -> datetime:
        return now() + self._ahead


@pytest.mark.parametrize("ahead", [0, 600, -600])
def test_the_hosts_clock_is_held_against_ours(peopled: Host, ahead: float) -> None:
    clock = Clock(ahead)
    before = clock()
    with Door.open(peopled, None) as door:
        view = look(door, clock)
    assert view.skew == pytest.approx(-ahead, abs=2)
    assert before <= view.seen_at <= clock()
    assert view.grade is Grade.COMPLETE


class Timeless(Door):
    """A door whose answers do not say when they were given."""

    def send(self, method: str, path: str, body: object = None, **given: Any) -> Any:
        response = super().send(method, path, body, **given)
        response.headers.pop("Date", None)
        return response


def test_a_host_that_does_not_tell_its_time_is_seen_in_part_only(peopled: Host) -> None:
    with Timeless.open(peopled, None) as door:
        view = look(door, now)
    assert (view.grade, view.why) == (Grade.PARTIAL, ("it does not tell its time",))
    assert "runs" in {row.name for row in view.instances}


def test_a_host_that_gives_another_name_than_it_must_is_not_looked_at(peopled: Host, lxd: Daemon) -> None:
    name = lxd.query("GET", "/1.0")["environment"]["server_name"]
    with Door.open(replace(peopled, server_name=name), None) as door:
        assert look(door, now).grade is Grade.COMPLETE
    with Door.open(replace(peopled, server_name="another"), None) as door:
        with pytest.raises(WrongIdentity, match=f"it calls itself {name}, the inventory says another"):
            look(door, now)
        assert door.requests == {"GET /1.0": 1}


def test_a_restart_shows_in_the_process(peopled: Host, lxd: Daemon) -> None:
    with Door.open(peopled, None) as door:
        before = look(door, now).identity
        assert before is not None
        assert daemon_process(door) == before.process > 0
        lxd.restart()
        assert daemon_process(door) != before.process


def test_somebody_who_is_connected_is_seen(peopled: Host) -> None:
    body = {"command": ["sleep", "30"], "wait-for-websocket": True, "interactive": False}
    with Door.open(peopled, None).under(ALONE) as door:
        operation = door.send("POST", door.path("instances", "runs", "exec"), body).json()["metadata"]["id"]
        seen = [(item.id, item.kind) for item in look(door, now).operations if item.instance == "runs"]
    assert seen == [(operation, "websocket")]
