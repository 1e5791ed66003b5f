"""Operations: listed while they run, forgotten some seconds after their end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from reconciler.app.clock import now
from reconciler.errors import Forgotten, NotFound, OperationFailed
from reconciler.lxd.operations import Waiting, wait
from reconciler.lxd.read import look
from tests.contract.subject import IN_PROJECT

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from tests.contract.subject import Subject

FORGET = 6.0


def begin(door: Door, name: str, seconds: str) -> str:
    """A command inside that takes its time; the operation's id."""
    body = {"command": ["sleep", seconds], "wait-for-websocket": False, "interactive": False}
    return str(door.send("POST", door.path("instances", name, "exec"), body).json()["metadata"]["id"])


def test_one_that_runs_is_seen_with_what_it_is_about(door: Door, subject: Subject) -> None:
    subject.launch(door, "busy")
    identity = begin(door, "busy", "2")
    seen = [item for item in look(door, now).operations if item.instance == "busy"]
    assert [(item.id, item.kind, item.description) for item in seen] == [(identity, "command", "Executing command")]
    assert wait(door, identity, Waiting(10, lambda: False)) == {"return": 0}
    assert not [item for item in look(door, now).operations if item.instance == "busy"]


def test_a_wait_that_is_shorter_than_the_operation_tells_that_it_runs(door: Door, subject: Subject) -> None:
    subject.launch(door, "long")
    identity = begin(door, "long", "2")
    found = door.get(door.path("operations", identity, "wait", project=False, timeout="0"))
    assert (found["status"], found["status_code"], found["class"]) == ("Running", 103, "task")
    wait(door, identity, Waiting(10, lambda: False))


def test_one_that_ended_is_remembered_for_a_moment_and_then_forgotten(door: Door, subject: Subject) -> None:
    response = door.send("POST", door.path("instances"), {"name": "no-image", "source": {"type": "image", "fingerprint": "0" * 64}})
    identity = str(response.json()["metadata"]["id"])
    assert response.headers["Location"].startswith(f"/1.0/operations/{identity}")
    with pytest.raises(OperationFailed, match=r"[Ii]mage"):
        wait(door, identity, Waiting(10, lambda: False))
    assert door.get(door.path("operations", identity, project=False))["status"] == "Failure"
    time.sleep(FORGET)
    with pytest.raises(NotFound, match="Operation not found"):
        door.get(door.path("operations", identity, project=False))
    assert wait(door, identity, Waiting(5, lambda: True)) == {}
    with pytest.raises(Forgotten, match="forgot operation"):
        wait(door, identity, Waiting(5, lambda: False))
    assert identity not in str(subject.lxd.query("GET", f"/1.0/operations{IN_PROJECT}"))


def test_one_that_never_was(door: Door) -> None:
    with pytest.raises(NotFound, match="Operation not found"):
        door.get(door.path("operations", str(uuid4()), "wait", project=False, timeout="1"))
