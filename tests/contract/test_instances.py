"""Instances: made, written, deleted, and everything that is refused."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import Conflict, HostError, Malformed, NotFound, OperationFailed, Rejected
from reconciler.lxd.connect import Door
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.read import instance
from reconciler.lxd.write import perform
from reconciler.model import marks
from reconciler.model.plan import DeleteInstance, DropProtection, SetPower, UpdateInstance
from tests.contract.subject import IN_PROJECT, PROTECTED, ROOT
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from tests.contract.subject import Subject


def put(subject: Subject, name: str, **config: str) -> None:
    """Somebody else writes the whole object."""
    row = subject.row(name)
    kept = {key: row[key] for key in ("architecture", "devices", "ephemeral", "profiles", "description", "stateful")}
    subject.lxd.query("PUT", f"/1.0/instances/{name}{IN_PROJECT}", {**kept, "config": {**row["config"], **config}})


def test_what_lxd_gives_to_a_new_one(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("born", {"user.unsandbox.kind": "Service"}))
    row = subject.row("born")
    config = row["config"]
    assert (row["status"], row["status_code"], row["type"], row["profiles"], row["project"]) == (
        "Stopped",
        102,
        "container",
        [],
        "unsandbox",
    )
    assert row["devices"] == row["expanded_devices"] == {"root": ROOT}
    assert config["volatile.base_image"] == subject.image
    assert config["volatile.apply_template"] == "create"
    assert len(config["volatile.uuid"]) == 36
    assert config.items() <= row["expanded_config"].items()
    assert "volatile.last_state.power" not in config


def test_the_first_start_takes_the_template_away_and_leaves_the_uuid(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("started"))
    before = subject.uuid("started")
    perform(door, SetPower("started", "start", force=False, timeout=30))
    config = subject.row("started")["config"]
    assert "volatile.apply_template" not in config
    assert (config["volatile.uuid"], config["volatile.last_state.power"]) == (before, "RUNNING")


def test_a_name_is_given_once(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("once", {marks.INTENT: "plan-0"}))
    before = subject.row("once")
    with pytest.raises(Conflict):
        perform(door, subject.creation("once"))
    assert subject.row("once") == before
    perform(door, subject.creation("once", {marks.INTENT: "plan-0"}))
    assert subject.row("once") == before


@pytest.mark.parametrize("config", [{"limits.cpu": "many"}, {"limits.unheard-of": "1"}])
def test_what_is_not_taken_leaves_nothing(door: Door, subject: Subject, config: dict[str, str]) -> None:
    with pytest.raises(HostError, match=r"CPU limit|unheard-of"):
        perform(door, subject.creation("never", config))
    assert "never" not in subject.names()


def test_an_update_sets_removes_and_leaves_the_rest(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("edited", {"user.old": "1", "user.theirs": "kept"}))
    uuid = subject.uuid("edited")
    perform(door, UpdateInstance("edited", uuid, {"limits.memory": "96MiB"}, ("user.old",), {"root": {**ROOT, "size": "160MiB"}}))
    row = subject.row("edited")
    assert (row["config"]["limits.memory"], row["config"]["user.theirs"]) == ("96MiB", "kept")
    assert "user.old" not in row["config"]
    assert (row["devices"]["root"]["size"], row["config"]["volatile.uuid"]) == ("160MiB", uuid)


def test_an_etag_moves_with_what_is_written_and_not_with_freezing(door: Door, subject: Subject) -> None:
    subject.launch(door, "etag")
    path = door.path("instances", "etag")

    def etag() -> str:
        return str(door.send("GET", path).headers["ETag"])

    first = etag()
    perform(door, SetPower("etag", "freeze", force=False, timeout=20))
    assert etag() == first
    subject.lxd.query("PATCH", f"/1.0/instances/etag{IN_PROJECT}", {"config": {"user.a": "1"}})
    assert etag() != first


def test_a_stale_etag_is_refused_and_none_is_taken(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("stale"))
    path = door.path("instances", "stale")
    row = door.get(path)
    body = {key: row[key] for key in ("architecture", "config", "devices", "ephemeral", "profiles", "description", "stateful")}
    for method in ("PUT", "PATCH"):
        with pytest.raises(Conflict, match="412"):
            door.send(method, path, {**body, "config": {**body["config"], "user.a": "1"}}, headers={"If-Match": '"00"'})
    assert "user.a" not in subject.row("stale")["config"]
    assert door.send("PATCH", path, {"config": {"user.a": "1"}}).status_code == 200
    assert subject.row("stale")["config"]["user.a"] == "1"


def test_nothing_is_written_over_what_came_without_an_etag(door: Door, subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    uuid = perform(door, subject.creation("bare"))
    send = Door.send

    def bare(self: Door, method: str, path: str, body: object = None, **given: Any) -> Any:
        response = send(self, method, path, body, **given)
        response.headers.pop("ETag", None)
        return response

    with monkeypatch.context() as patch:
        patch.setattr(Door, "send", bare)
        with pytest.raises(Malformed, match="no ETag"):
            perform(door, UpdateInstance("bare", uuid, {"user.a": "1"}))
    assert "user.a" not in subject.row("bare")["config"]
    perform(door, UpdateInstance("bare", uuid, {"user.a": "1"}))
    assert subject.row("bare")["config"]["user.a"] == "1"


def test_every_etag_of_those_who_use_a_profile_moves_with_it(door: Door, subject: Subject) -> None:
    subject.lxd.query("POST", f"/1.0/profiles{IN_PROJECT}", {"name": "shared", "config": {"user.p": "1"}, "devices": {}})
    perform(door, subject.creation("user"))
    subject.lxd.query("PATCH", f"/1.0/instances/user{IN_PROJECT}", {"profiles": ["shared"]})
    path = door.path("instances", "user")
    before = door.send("GET", path).headers["ETag"]
    inherited = instance(door, "user")
    subject.lxd.query("PATCH", f"/1.0/profiles/shared{IN_PROJECT}", {"config": {"user.p": "2"}})
    after = instance(door, "user")
    assert inherited is not None
    assert after is not None
    assert inherited.inherited != after.inherited
    assert door.send("GET", path).headers["ETag"] != before
    assert subject.row("user")["expanded_config"]["user.p"] == "2"
    with pytest.raises(QueryError):
        subject.lxd.query("DELETE", f"/1.0/profiles/shared{IN_PROJECT}")


def test_protection_holds_until_it_is_dropped(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("guarded", PROTECTED))
    uuid = subject.uuid("guarded")
    with pytest.raises(HostError, match="protected"):
        bare_delete(door, "guarded")
    perform(door, DropProtection("guarded", uuid, "plan-9"))
    config = subject.row("guarded")["config"]
    assert (config["security.protection.delete"], config[marks.TOMBSTONE]) == ("false", "plan-9")
    perform(door, DeleteInstance("guarded", uuid, "plan-9"))
    assert "guarded" not in subject.names()


def bare_delete(door: Door, name: str) -> None:
    """DELETE alone, without the protocol that leads to it."""
    run(door, "DELETE", door.path("instances", name), None, Waiting(20, lambda: False))


@pytest.mark.parametrize("verb", ["start", "freeze"])
def test_what_runs_or_is_frozen_is_not_deleted(door: Door, subject: Subject, verb: str) -> None:
    name = f"alive-{verb}"
    subject.launch(door, name)
    if verb == "freeze":
        perform(door, SetPower(name, "freeze", force=False, timeout=20))
    with pytest.raises(Conflict, match="running"):
        bare_delete(door, name)
    assert name in subject.names()


def test_another_of_that_name_is_left_alone(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("swapped", PROTECTED))
    before, planned = subject.row("swapped"), "00000000-0000-4000-8000-000000000000"
    for call in (
        UpdateInstance("swapped", planned, {"limits.memory": "96MiB"}),
        DropProtection("swapped", planned, "plan-1"),
        DeleteInstance("swapped", planned),
        SetPower("swapped", "start", force=False, timeout=10, uuid=planned),
    ):
        with pytest.raises(Conflict, match="another instance"):
            perform(door, call)
    assert subject.row("swapped") == before


def test_a_uuid_can_be_written_by_whoever_may_write(door: Door, subject: Subject) -> None:
    """LXD guards it no more than any other key; ours is to see that it is another."""
    perform(door, subject.creation("forged"))
    uuid = subject.uuid("forged")
    put(subject, "forged", **{"volatile.uuid": "00000000-0000-4000-8000-000000000000"})
    with pytest.raises(Conflict):
        perform(door, DeleteInstance("forged", uuid))
    assert "forged" in subject.names()


def test_a_rename_keeps_the_uuid_and_a_copy_does_not(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("original", {"user.unsandbox.env": "lab", **PROTECTED}))
    uuid = subject.uuid("original")
    subject.lxd.query("POST", f"/1.0/instances/original/snapshots{IN_PROJECT}", {"name": "s1"})
    subject.lxd.query("POST", f"/1.0/instances/original{IN_PROJECT}", {"name": "renamed"})
    assert subject.uuid("renamed") == uuid
    assert instance(door, "original") is None
    subject.lxd.query("POST", f"/1.0/instances{IN_PROJECT}", {"name": "copied", "source": {"type": "copy", "source": "renamed"}})
    copied = subject.row("copied")["config"]
    assert (copied["user.unsandbox.env"], copied["security.protection.delete"]) == ("lab", "true")
    assert copied["volatile.uuid"] != uuid
    assert subject.lxd.query("GET", f"/1.0/instances/copied/snapshots{IN_PROJECT}") == [
        "/1.0/instances/copied/snapshots/s1?project=unsandbox"
    ]


def test_a_restore_brings_back_config_and_keeps_the_uuid(door: Door, subject: Subject) -> None:
    perform(door, subject.creation("restored", {"user.a": "before"}))
    uuid = subject.uuid("restored")
    subject.lxd.query("POST", f"/1.0/instances/restored/snapshots{IN_PROJECT}", {"name": "s1"})
    subject.lxd.query("PATCH", f"/1.0/instances/restored{IN_PROJECT}", {"config": {"user.a": "after"}})
    subject.lxd.query("PUT", f"/1.0/instances/restored{IN_PROJECT}", {"restore": "s1"})
    assert (subject.row("restored")["config"]["user.a"], subject.uuid("restored")) == ("before", uuid)


def test_what_is_gone_counts_as_deleted_and_is_not_updated(door: Door) -> None:
    perform(door, DeleteInstance("never-was", "u-1"))
    with pytest.raises(NotFound):
        perform(door, UpdateInstance("never-was", "u-1", {"user.a": "b"}))
    assert instance(door, "never-was") is None


def test_an_image_that_is_not_there_makes_nothing(door: Door, subject: Subject) -> None:
    with pytest.raises((OperationFailed, NotFound, Rejected), match=r"[Ii]mage"):
        perform(door, replace(subject.creation("blank"), image="0" * 64))
    assert "blank" not in subject.names()
