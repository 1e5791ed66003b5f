"""Creating, updating and deleting real instances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import Conflict, NotFound, OperationFailed, Rejected
from reconciler.lxd.connect import Door
from reconciler.lxd.read import instance
from reconciler.lxd.write import perform
from reconciler.model import marks
from reconciler.model.plan import DeleteInstance, DropProtection, UpdateInstance
from tests.lab.permit import ALONE
from tests.lxd.actors import counted, creation, launch, names, row, uuid

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.plan import Call
    from reconciler.model.resources import Host
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

PROTECTED = {"security.protection.delete": "true"}


class Interrupted(Door):
    """A door through which somebody else slips in after our first look."""

    meddle: Callable[[], object] | None = None

    def send(self, method: str, path: str, body: object = None, **given: Any) -> Any:
        response = super().send(method, path, body, **given)
        if method == "GET" and self.meddle is not None:
            meddle, self.meddle = self.meddle, None
            meddle()
        return response


@pytest.fixture
def interrupted(prepared: Host) -> Interrupted:
    return Interrupted.open(prepared, None).under(ALONE)


def test_creating_costs_one_request_and_one_wait(door: Door, lxd: Daemon, starter: Starter) -> None:
    with counted(door) as sent:
        perform(door, creation("one", starter.fingerprint, {"user.unsandbox.kind": "Service"}))
    assert sent == {"POST /1.0/instances": 1, "GET /1.0/operations/{name}/wait": 1}
    found = row(lxd, "one")
    assert (found["status"], found["profiles"], found["type"]) == ("Stopped", [], "container")
    assert found["config"]["user.unsandbox.kind"] == "Service"
    assert found["config"]["volatile.base_image"] == starter.fingerprint
    assert found["devices"]["root"]["size"] == "128MiB"


APART = {"security.idmap.isolated": "true"}
NO_IDS = "delete from instances_config where key = 'volatile.idmap.base' and instance_id = (select id from instances where name = 'cut')"
"""What is left of a creation that was cut off between the row and its ids."""


def test_what_lxd_gives_ids_astray_is_taken_away_again(door: Door, lxd: Daemon, starter: Starter) -> None:
    perform(door, creation("cut", starter.fingerprint, APART))
    lxd.query("POST", "/internal/sql", {"database": "global", "query": NO_IDS})
    with pytest.raises(OperationFailed, match="LXD gave astray ids from 65536 on, with which it could never start"):
        perform(door, creation("astray", starter.fingerprint, {**APART, **PROTECTED}))
    assert "astray" not in names(lxd)
    perform(door, creation("shared", starter.fingerprint))
    assert "shared" in names(lxd)
    perform(door, DeleteInstance("cut", uuid(lxd, "cut")))
    with counted(door) as sent:
        launch(door, creation("astray", starter.fingerprint, APART))
    assert sent["GET /1.0/instances/{name}"] == 1
    assert row(lxd, "astray")["status"] == "Running"


def test_creating_again_under_the_same_plan_counts_as_done(door: Door, lxd: Daemon, starter: Starter) -> None:
    call = creation("again", starter.fingerprint)
    perform(door, call)
    before = uuid(lxd, "again")
    perform(door, call)
    assert uuid(lxd, "again") == before


def test_a_name_that_another_took_is_a_conflict(door: Door, lxd: Daemon, starter: Starter) -> None:
    perform(door, creation("taken", starter.fingerprint, {marks.INTENT: "plan-0"}))
    before = row(lxd, "taken")
    with pytest.raises(Conflict, match="taken is taken by an instance that this plan did not make"):
        perform(door, creation("taken", starter.fingerprint))
    assert row(lxd, "taken") == before


@pytest.mark.parametrize("config", [{"limits.cpu": "many"}, {"limits.unheard-of": "1"}])
def test_what_lxd_does_not_take_leaves_nothing_behind(door: Door, lxd: Daemon, starter: Starter, config: dict[str, str]) -> None:
    with pytest.raises((OperationFailed, Rejected), match=r"CPU limit|unheard-of"):
        perform(door, creation("refused", starter.fingerprint, config))
    assert "refused" not in names(lxd)


def test_an_image_that_is_not_there_fails(door: Door, lxd: Daemon) -> None:
    with pytest.raises((OperationFailed, NotFound), match=r"[Ii]mage"):
        perform(door, creation("blank", "0" * 64))
    assert "blank" not in names(lxd)


def test_an_update_sets_removes_and_leaves_the_rest(door: Door, lxd: Daemon, starter: Starter) -> None:
    launch(door, creation("updated", starter.fingerprint, {"environment.OLD": "1", "user.theirs": "kept"}))
    wanted = UpdateInstance(
        "updated",
        uuid(lxd, "updated"),
        {"limits.memory": "96MiB", "environment.NEW": "2"},
        ("environment.OLD", "environment.NEVER"),
        {"root": {**row(lxd, "updated")["devices"]["root"], "size": "160MiB"}},
    )
    assert perform(door, wanted) == wanted.uuid
    found = row(lxd, "updated")
    assert found["status"] == "Running"
    assert found["config"]["limits.memory"] == "96MiB"
    assert found["config"]["environment.NEW"] == "2"
    assert found["config"]["user.theirs"] == "kept"
    assert "environment.OLD" not in found["config"]
    assert found["devices"]["root"]["size"] == "160MiB"
    assert lxd.lxc("exec", "updated", "--project", "unsandbox", "--", "sh", "-c", "echo $NEW").strip() == "2"


def test_another_instance_of_that_name_is_left_alone(door: Door, lxd: Daemon, starter: Starter) -> None:
    perform(door, creation("swapped", starter.fingerprint, PROTECTED))
    before, planned = row(lxd, "swapped"), "00000000-0000-4000-8000-000000000000"
    calls = (
        UpdateInstance("swapped", planned, {"limits.memory": "96MiB"}),
        DropProtection("swapped", planned, "plan-1"),
        DeleteInstance("swapped", planned),
    )
    for call in calls:
        with pytest.raises(Conflict, match="another instance"):
            perform(door, call)
    assert row(lxd, "swapped") == before


def test_what_somebody_wrote_in_between_is_not_overwritten(interrupted: Interrupted, lxd: Daemon, starter: Starter) -> None:
    perform(interrupted, creation("contended", starter.fingerprint, PROTECTED))
    known = uuid(lxd, "contended")
    calls: tuple[Call, ...] = (UpdateInstance("contended", known, {"user.ours": "1"}), DropProtection("contended", known, "plan-1"))
    for number, call in enumerate(calls):
        theirs = {"config": {"user.theirs": str(number)}}
        interrupted.meddle = lambda body=theirs: lxd.query("PATCH", "/1.0/instances/contended?project=unsandbox", body)
        with pytest.raises(Conflict, match=r"P11: .* 412"):
            perform(interrupted, call)
        config = row(lxd, "contended")["config"]
        assert config["user.theirs"] == str(number)
        assert "user.ours" not in config
        assert config["security.protection.delete"] == "true"


def test_a_protected_instance_is_not_deleted_until_protection_is_dropped(door: Door, lxd: Daemon, starter: Starter) -> None:
    perform(door, creation("guarded", starter.fingerprint, PROTECTED))
    known = uuid(lxd, "guarded")
    with pytest.raises(Conflict, match="P02: guarded is protected"):
        perform(door, DeleteInstance("guarded", known))
    perform(door, DropProtection("guarded", known, "plan-9"))
    config = row(lxd, "guarded")["config"]
    assert (config["security.protection.delete"], config[marks.TOMBSTONE]) == ("false", "plan-9")
    assert config["limits.memory"] == "64MiB"
    assert perform(door, DeleteInstance("guarded", known)) == known
    assert "guarded" not in names(lxd)


def test_deleting_what_is_gone_counts_as_done(door: Door) -> None:
    assert perform(door, DeleteInstance("never-was", "u-1")) == "u-1"
    assert instance(door, "never-was") is None


def test_deleting_what_runs_is_a_conflict(door: Door, lxd: Daemon, starter: Starter) -> None:
    launch(door, creation("busy", starter.fingerprint))
    with pytest.raises(Conflict, match="running"):
        perform(door, DeleteInstance("busy", uuid(lxd, "busy")))
    assert row(lxd, "busy")["status"] == "Running"


def test_updating_what_is_gone_is_not_found(door: Door) -> None:
    for call in (UpdateInstance("gone", "u-1", {"user.a": "b"}), DropProtection("gone", "u-1", "plan-1")):
        with pytest.raises(NotFound):
            perform(door, call)
