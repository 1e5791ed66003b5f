"""Power, files and commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from reconciler.errors import HostError, NotFound, OperationFailed, Rejected
from reconciler.lxd.operations import Waiting, run
from reconciler.lxd.write import perform
from reconciler.model.plan import PushFile, RunCommand, SetPower
from tests.contract.subject import IN_PROJECT, ROOT
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from tests.contract.subject import Subject


def ask(door: Door, name: str, verb: str, *, force: bool = True) -> None:
    """The request itself, without our looking at what came of it."""
    body = {"action": verb, "force": force, "timeout": 10}
    run(door, "PUT", door.path("instances", name, "state"), body, Waiting(20, lambda: False))


def test_a_life(door: Door, subject: Subject) -> None:
    uuid = subject.launch(door, "life")
    for verb, status, power in (
        ("freeze", "Frozen", "RUNNING"),
        ("unfreeze", "Running", "RUNNING"),
        ("stop", "Stopped", "STOPPED"),
        ("start", "Running", "RUNNING"),
    ):
        for _ in range(2):  # the second asks for what is so already
            assert perform(door, SetPower("life", verb, force=True, timeout=20, uuid=uuid)) == uuid
        row = subject.row("life")
        assert (row["status"], row["config"]["volatile.last_state.power"]) == (status, power)
    assert subject.uuid("life") == uuid


@pytest.mark.parametrize(
    ("before", "verb", "words"),
    [
        ("stop", "freeze", "isn't running"),
        ("stop", "unfreeze", "isn't running"),
        ("stop", "stop", "already stopped"),
        ("start", "start", "already running"),
        ("start", "unfreeze", "already running"),
        ("freeze", "freeze", "already frozen"),
        ("freeze", "start", "already running"),
    ],
)
def test_what_cannot_be_is_a_failure_in_the_same_words(door: Door, subject: Subject, before: str, verb: str, words: str) -> None:
    if "still" not in subject.names():
        subject.launch(door, "still")
    if before != "start":
        perform(door, SetPower("still", before, force=True, timeout=20))
    with pytest.raises(OperationFailed, match=words):
        ask(door, "still", verb)
    if before == "freeze":
        perform(door, SetPower("still", "unfreeze", force=False, timeout=20))
    elif before == "stop":
        perform(door, SetPower("still", "start", force=False, timeout=20))


def test_a_frozen_one_stops_even_without_force(door: Door, subject: Subject) -> None:
    subject.launch(door, "cold")
    perform(door, SetPower("cold", "freeze", force=False, timeout=20))
    ask(door, "cold", "stop", force=False)
    assert subject.row("cold")["status"] == "Stopped"


def test_an_ephemeral_one_is_gone_when_it_stops(door: Door, subject: Subject) -> None:
    source = {"type": "image", "fingerprint": subject.image}
    body = {"name": "brief", "ephemeral": True, "profiles": [], "source": source, "devices": {"root": ROOT}}
    subject.lxd.query("POST", f"/1.0/instances{IN_PROJECT}", body)
    ask(door, "brief", "start")
    ask(door, "brief", "stop")
    assert "brief" not in subject.names()


def test_an_action_that_is_none_is_refused(door: Door, subject: Subject) -> None:
    if "still" not in subject.names():
        subject.launch(door, "still")
    with pytest.raises(Rejected, match="Unknown action"):
        ask(door, "still", "ponder")
    with pytest.raises(NotFound):
        ask(door, "nobody", "start")


def test_what_runs_is_not_renamed(door: Door, subject: Subject) -> None:
    subject.launch(door, "named")
    with pytest.raises(QueryError, match="Renaming of running container not allowed"):
        subject.lxd.query("POST", f"/1.0/instances/named{IN_PROJECT}", {"name": "other"})
    with pytest.raises(QueryError, match="already in use") as caught:
        subject.lxd.query("POST", f"/1.0/instances/named{IN_PROJECT}", {"name": "named"})
    assert caught.value.status == 409


def test_files_and_commands(door: Door, subject: Subject) -> None:
    subject.launch(door, "home")
    perform(door, PushFile("home", "/root/script", "#!/bin/sh\nexit 0\n"))
    assert door.send("GET", door.path("instances", "home", "files", path="/root/script")).content == b"#!/bin/sh\nexit 0\n"
    perform(door, RunCommand("home", ("/bin/sh", "/root/script"), 10))
    with pytest.raises(OperationFailed, match="status 3"):
        perform(door, RunCommand("home", ("sh", "-c", "exit 3"), 10))
    with pytest.raises(OperationFailed, match="Command not found"):
        perform(door, RunCommand("home", ("/no/such/program",), 10))
    with pytest.raises(NotFound):
        perform(door, PushFile("home", "/no/such/folder/x", "x"))
    perform(door, SetPower("home", "freeze", force=False, timeout=20))
    with pytest.raises(Rejected, match="frozen"):
        perform(door, RunCommand("home", ("true",), 10))
    perform(door, SetPower("home", "stop", force=True, timeout=20))
    with pytest.raises(HostError, match="not running"):
        perform(door, RunCommand("home", ("true",), 10))
