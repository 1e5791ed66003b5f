"""Destroying a real instance while somebody else is at work on it, between any two requests."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine.fingerprint import essence, semantic_fingerprint
from reconciler.errors import Conflict, HostError, NotFound, OperationFailed
from reconciler.lxd.read import instance
from reconciler.lxd.write import perform
from reconciler.model.plan import DeleteInstance, DropProtection, SetPower
from tests.lab.daemon import POOL
from tests.lab.permit import ALONE
from tests.lxd.actors import counted, creation, launch, names, row
from tests.lxd.bystander import OURS, PROFILE, Bystander, Meddled
from tests.lxd.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.lxd.connect import Door
    from reconciler.model.plan import Call
    from reconciler.model.resources import Host
    from reconciler.model.world import Instance
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

PLAN = "sha256:plan-1"
PROTECTED = {"security.protection.delete": "true", "user.unsandbox.owner": "ours"}

P02, P11, NOT_FOUND, LXD_REFUSED = "P02", "P11", "not found", "LXD refused"
"""The step fails in these words, and everything is as the bystander left it."""
STOPPED_ONLY = "stopped"
"""It is stopped, and then left alone: P02."""
UNPROTECTED = "unprotected"
"""It was started before the first step, which has to take what runs and what does not: it loses its protection and is left alone: P02."""
DONE = "done"
"""It was gone, or it was deleted as planned."""
GAP = "gap"
"""What the bystander made of it is deleted. LXD takes no precondition on DELETE; docs/limits.md says so."""

READ_1, PATCH, READ_2, DELETE = 1, 2, 3, 4
AT_REST: dict[str, tuple[str, str, str, str]] = {
    #                      before read 1, PATCH,     read 2, DELETE
    "adopts": (P02, P11, P02, GAP),
    "edits": (P02, P11, P02, GAP),
    "locks": (P02, P11, P02, GAP),
    "changes_the_profile": (P02, P11, P02, GAP),
    "restores": (P02, P11, P02, LXD_REFUSED),  # the older state is a protected one
    # LXD 5.0 has no volatile.uuid.generation: a restore that changes nothing it tells is seen by nobody, until it takes our tombstone away.
    "restores_the_same": (DONE, DONE, P02, LXD_REFUSED),
    "recreates": (P02, P11, P02, GAP),
    "protects": (DONE, DONE, P02, LXD_REFUSED),  # it is protected already, until we took that away
    "starts": (UNPROTECTED, P11, P02, LXD_REFUSED),
    "renames": (NOT_FOUND, NOT_FOUND, P02, P02),
    "deletes": (NOT_FOUND, NOT_FOUND, DONE, DONE),
}
"""What somebody does to an instance at rest -> how its destruction ends, by the request before which that was done."""

STOP_READ, STOP, RUN_READ_2, RUN_DELETE = 3, 4, 6, 7
RUNNING: dict[tuple[str, int], str] = {
    ("adopts", STOP_READ): P02,
    ("edits", STOP_READ): P02,
    ("recreates", STOP_READ): P02,
    ("restores", STOP_READ): P02,
    ("changes_the_profile", STOP_READ): P02,
    ("deletes", STOP_READ): NOT_FOUND,
    ("stops", STOP_READ): DONE,
    ("adopts", STOP): STOPPED_ONLY,
    ("recreates", STOP): STOPPED_ONLY,
    ("changes_the_profile", STOP): STOPPED_ONLY,
    ("stops", STOP): DONE,
    ("starts", RUN_READ_2): P02,
    ("adopts", RUN_READ_2): P02,
    ("starts", RUN_DELETE): LXD_REFUSED,
}
"""The same of one that runs: (what, before which request) -> how it ends. While it is being stopped LXD lets nobody write it."""

NUMBERS = itertools.count(1)


@pytest.fixture
def meddled(prepared: Host, lxd: Daemon) -> Iterator[Meddled]:
    lxd.query("POST", f"/1.0/profiles{OURS}", {"name": PROFILE, "config": {"limits.processes": "50"}})
    with Meddled.open(prepared, None).under(ALONE) as door:
        yield door
        for name in names(lxd):
            Bystander(lxd, name).deletes()
    lxd.query("DELETE", f"/1.0/profiles/{PROFILE}{OURS}")


def victim(door: Door, lxd: Daemon, starter: Starter, *, running: bool) -> Instance:
    """A protected instance with a profile, as a plan would find it, and two snapshots: of an older state and of this one."""
    name = f"victim-{next(NUMBERS)}"
    perform(door, creation(name, starter.fingerprint, PROTECTED))
    path = f"/1.0/instances/{name}"
    lxd.query("POST", f"{path}/snapshots{OURS}", {"name": "older"})
    lxd.query("PATCH", f"{path}{OURS}", {"profiles": [PROFILE], "config": {"limits.memory": "60MiB"}})
    if running:
        perform(door, SetPower(name, "start", force=False, timeout=20))
    lxd.query("POST", f"{path}/snapshots{OURS}", {"name": "same"})
    found = instance(door, name)
    assert found is not None
    return found


def protocol(planned: Instance, *, running: bool) -> list[Call]:
    """The calls of a destroy."""
    whole = essence(planned)
    stop = SetPower(planned.name, "stop", force=True, timeout=20, uuid=planned.uuid, essence=whole)
    return [
        DropProtection(planned.name, planned.uuid, PLAN, whole),
        *([stop] if running else []),
        DeleteInstance(planned.name, planned.uuid, PLAN, whole),
    ]


def everything(lxd: Daemon) -> dict[str, dict[str, Any]]:
    """Every instance of our project by uuid, with all that LXD tells but the time it was last used at."""
    found = lxd.query("GET", f"/1.0/instances{OURS}&recursion=1")
    return {item["config"]["volatile.uuid"]: {key: value for key, value in item.items() if key != "last_used_at"} for item in found}


def carry_out(door: Meddled, lxd: Daemon, planned: Instance, what: str, at: int, *, running: bool) -> tuple[str, dict[str, Any]]:
    """How the destruction ended in the words above, and what there was when the bystander had done."""
    left: dict[str, Any] = {}

    def meddle() -> None:
        getattr(Bystander(lxd, planned.name), what)()
        left.update(everything(lxd))
        assert door.number == at

    door.meet(at, meddle)
    try:
        for call in protocol(planned, running=running):
            perform(door, call)
    except NotFound:
        told = NOT_FOUND
    except HostError as error:
        told = next((code for code in (P02, P11) if f"{code}: " in error.message), LXD_REFUSED)
    else:
        told = DONE
    assert door.number >= at
    return told, left


@pytest.mark.parametrize("at", [READ_1, PATCH, READ_2, DELETE])
@pytest.mark.parametrize("what", AT_REST)
def test_what_is_not_as_planned_is_not_deleted(meddled: Meddled, lxd: Daemon, starter: Starter, what: str, at: int) -> None:
    planned = victim(meddled, lxd, starter, running=False)
    told, left = carry_out(meddled, lxd, planned, what, at, running=False)
    expected = AT_REST[what][at - 1]
    now = everything(lxd)
    assert told == {GAP: DONE, UNPROTECTED: P02}.get(expected, expected)
    if expected == GAP:
        assert at == DELETE
        assert len(left) == 1
        assert now == {}
    elif expected == DONE:
        assert planned.uuid not in now
    elif expected == UNPROTECTED:
        assert (now[planned.uuid]["status"], now[planned.uuid]["config"]["security.protection.delete"]) == ("Running", "false")
    else:
        assert now == left


@pytest.mark.parametrize(("what", "at"), RUNNING)
def test_what_runs_and_is_not_as_planned_is_not_deleted(meddled: Meddled, lxd: Daemon, starter: Starter, what: str, at: int) -> None:
    planned = victim(meddled, lxd, starter, running=True)
    told, left = carry_out(meddled, lxd, planned, what, at, running=True)
    expected = RUNNING[what, at]
    now = everything(lxd)
    assert told == (P02 if expected == STOPPED_ONLY else expected)
    if expected == STOPPED_ONLY:
        assert now.keys() == left.keys()
        assert {item["status"] for item in now.values()} == {"Stopped"}
    elif expected == DONE:
        assert now == {}
    else:
        assert now == left


def test_every_request_of_a_destruction(meddled: Meddled, lxd: Daemon, starter: Starter) -> None:
    planned = victim(meddled, lxd, starter, running=True)
    with counted(meddled) as sent:
        for call in protocol(planned, running=True):
            assert perform(meddled, call) == planned.uuid
    assert sent == {
        "GET /1.0/instances/{name}": 4,  # before each call, and after the last
        "PATCH /1.0/instances/{name}": 1,
        "PUT /1.0/instances/{name}/state": 1,
        "DELETE /1.0/instances/{name}": 1,
        "GET /1.0/operations/{name}/wait": 2,
        "GET /1.0/projects/{name}": 1,
    }
    assert everything(lxd) == {}


def test_each_step_may_be_taken_again(meddled: Meddled, lxd: Daemon, starter: Starter) -> None:
    planned = victim(meddled, lxd, starter, running=True)
    for call in protocol(planned, running=True):
        for _ in range(2):
            assert perform(meddled, call) == planned.uuid
    assert everything(lxd) == {}


def test_a_stranger_who_takes_the_name_as_soon_as_it_is_free_is_left_alone(meddled: Meddled, lxd: Daemon, starter: Starter) -> None:
    planned = victim(meddled, lxd, starter, running=False)
    after = DELETE + 2  # the DELETE, the wait for its end, and then the look whether it is gone
    meddled.meet(after, lambda: perform_as_stranger(lxd, planned.name, starter))
    for call in protocol(planned, running=False):
        assert perform(meddled, call) == planned.uuid
    assert row(lxd, planned.name)["config"]["user.by"] == "stranger"


def perform_as_stranger(lxd: Daemon, name: str, starter: Starter) -> None:
    body = {
        "name": name,
        "source": {"type": "image", "fingerprint": starter.fingerprint},
        "config": {"user.by": "stranger"},
        "profiles": [],
    }
    root = {"root": {"type": "disk", "path": "/", "pool": "unsandbox"}}
    lxd.query("POST", f"/1.0/instances{OURS}", {**body, "devices": root})


def test_a_tombstone_of_another_plan_does_not_count(meddled: Meddled, lxd: Daemon, starter: Starter) -> None:
    planned = victim(meddled, lxd, starter, running=False)
    perform(meddled, DropProtection(planned.name, planned.uuid, "sha256:plan-0", essence(planned)))
    with pytest.raises(Conflict, match=r"P02: .* given over to sha256:plan-0, not to this plan"):
        perform(meddled, protocol(planned, running=False)[-1])
    assert planned.uuid in everything(lxd)


def test_without_a_uuid_nothing_is_deleted(meddled: Meddled, lxd: Daemon, starter: Starter) -> None:
    perform(meddled, creation("nameless", starter.fingerprint))
    with pytest.raises(Conflict, match="P02: nameless was planned for without a uuid"):
        perform(meddled, DeleteInstance("nameless", ""))
    assert "nameless" in names(lxd)


NIC = {"type": "nic", "name": "eth0", "network": "unsb-semi", "security.mac_filtering": "true"}


def test_what_lxd_writes_by_itself_leaves_the_essence(meddled: Meddled, lxd: Daemon, starter: Starter) -> None:
    perform(meddled, creation("walker", starter.fingerprint, {**PROTECTED, "security.idmap.isolated": "true"}, eth0=NIC))
    first = instance(meddled, "walker")
    assert first is not None
    for _ in range(2):
        for verb in ("start", "freeze", "unfreeze", "stop"):
            perform(meddled, SetPower("walker", verb, force=verb == "stop", timeout=20))
            found = instance(meddled, "walker")
            assert found is not None
            assert essence(found) == essence(first), verb
            assert (semantic_fingerprint(found) == semantic_fingerprint(first)) is (verb == "stop")
    lxd.restart()
    again = instance(meddled, "walker")
    assert again is not None
    assert semantic_fingerprint(again) == semantic_fingerprint(first)


class Lying(Meddled):
    """A door behind which LXD lies: it says that a delete was done, or gives a list with a row that it could not load."""

    deaf = False
    hollow: tuple[dict[str, Any], ...] = ()

    def send(self, method: str, path: str, body: object = None, **given: Any) -> Any:
        if method == "DELETE" and self.deaf:
            return super().send("GET", "/1.0")
        return super().send(method, path, body, **given)

    def get(self, path: str) -> Any:
        found = super().get(path)
        return [*found, *self.hollow] if "recursion=1" in path and isinstance(found, list) else found


def test_a_delete_that_did_nothing_has_failed(prepared: Host, starter: Starter, lxd: Daemon) -> None:
    with Lying.open(prepared, None).under(ALONE) as door:
        launch(door, creation("undead", starter.fingerprint))
        perform(door, SetPower("undead", "stop", force=True, timeout=20))
        door.deaf = True
        with pytest.raises(OperationFailed, match="still there"):
            perform(door, DeleteInstance("undead", row(lxd, "undead")["config"]["volatile.uuid"]))


def test_what_is_not_there_by_name_may_be_what_lxd_cannot_read(prepared: Host) -> None:
    with Lying.open(prepared, None).under(ALONE) as door:
        assert perform(door, DeleteInstance("lost", "u-1")) == "u-1"
        door.hollow = ({"name": "blank", "status": "Error", "config": None},)
        with pytest.raises(Conflict, match=r"lost \(u-1\) is not there, and may be one of those that LXD cannot read: blank"):
            perform(door, DeleteInstance("lost", "u-1"))


def without_disk(lxd: Daemon, name: str) -> str:
    """What a creation leaves that was cut off before the disk was there: take it and the link to it away. Gives back where it was."""
    folder = f"{lxd.directory}/storage-pools/{POOL}/containers/{PROJECT}_{name}"
    lxd.inside("btrfs", "subvolume", "delete", folder)
    lxd.inside("rm", f"{lxd.directory}/containers/{PROJECT}_{name}")
    return folder


def test_an_instance_without_a_disk_loses_its_protection_and_the_folder_in_the_way_is_named(
    prepared: Host, lxd: Daemon, starter: Starter
) -> None:
    with Meddled.open(prepared, None).under(ALONE) as door:
        name = f"victim-{next(NUMBERS)}"
        perform(door, creation(name, starter.fingerprint, PROTECTED))
        planned = instance(door, name)
        assert planned is not None
        folder = without_disk(lxd, name)
        drop, delete = protocol(planned, running=False)
        assert perform(door, drop) == planned.uuid, "LXD answers 404 for the file that it cannot write, and has written the rest"
        assert row(lxd, name)["config"]["security.protection.delete"] == "false"

        with pytest.raises(OperationFailed, match="an empty folder stands in the place of its disk") as caught:
            perform(door, delete)
        assert caught.value.hint == f"on {prepared.name}: rmdir {folder}, then unsandbox apply"
        lxd.inside("rmdir", folder)
        perform(door, delete)
        assert name not in names(lxd)
