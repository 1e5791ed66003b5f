"""Events: the fake and the real daemon tell the same stream of the same deeds."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus

from reconciler.lxd.write import perform
from reconciler.model.plan import SetPower
from tests.contract.listening import listening
from tests.contract.subject import IN_PROJECT, PROJECT
from tests.fake.certificate import fingerprint_of
from tests.fake.fake import Fake
from tests.lab.daemon import Daemon
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from tests.contract.subject import Subject

OURS = f"type=lifecycle&project={PROJECT}"
POWERS = {"start": "started", "freeze": "paused", "unfreeze": "resumed", "stop": "stopped"}


def put(subject: Subject, name: str, verb: str, *, force: bool = True) -> None:
    subject.lxd.query("PUT", f"/1.0/instances/{name}/state{IN_PROJECT}", {"action": verb, "force": force, "timeout": 10})


def checked(event: dict[str, Any], name: str, *, by: bool, context: dict[str, object] | None = None) -> None:
    """The form of one event to its last key."""
    assert set(event) == {"type", "timestamp", "metadata", "location", "project"}
    assert (event["type"], event["location"], event["project"]) == ("lifecycle", "none", PROJECT)
    assert datetime.fromisoformat(event["timestamp"]).utcoffset() is not None
    told = dict(event["metadata"])
    assert told.pop("source") == f"/1.0/instances/{name}?project={PROJECT}"
    assert told.pop("context", None) == context
    requestor = told.pop("requestor", None)
    assert (requestor is not None) == by
    if requestor is not None:
        assert requestor == {"username": "root", "protocol": "unix", "address": "@"}
    assert set(told) == {"action"}


def test_a_life_is_told_and_by_whom_where_lxd_knows(door: Door, subject: Subject) -> None:
    with listening(subject, OURS) as stream:
        perform(door, subject.creation("heard"))
        checked(stream.until("instance-created", "heard"), "heard", by=False, context={"storage-pool": "unsandbox", "type": "container"})
        for verb, action in POWERS.items():
            put(subject, "heard", verb)
            checked(stream.until(f"instance-{action}", "heard"), "heard", by=True)
        subject.lxd.query("PATCH", f"/1.0/instances/heard{IN_PROJECT}", {"config": {"user.a": "1"}})
        checked(stream.until("instance-updated", "heard"), "heard", by=False)
        row = subject.row("heard")
        subject.lxd.query("PUT", f"/1.0/instances/heard{IN_PROJECT}", {**row, "config": {**row["config"], "user.a": "2"}})
        checked(stream.until("instance-updated", "heard"), "heard", by=False)
        subject.lxd.query("POST", f"/1.0/instances/heard{IN_PROJECT}", {"name": "told"})
        checked(stream.until("instance-renamed", "told"), "told", by=False, context={"old_name": "heard"})
        subject.lxd.query("DELETE", f"/1.0/instances/told{IN_PROJECT}")
        checked(stream.until("instance-deleted", "told"), "told", by=False)
    assert all(text.endswith("\n") for text in stream.raw)


def test_a_requestor_over_tls_is_its_certificate(door: Door, subject: Subject) -> None:
    with listening(subject, OURS) as stream:
        uuid = subject.launch(door, "mine")
        requestor = stream.until("instance-started", "mine")["metadata"]["requestor"]
        if subject.certificate is None:
            assert requestor["protocol"] == "unix"
        else:
            assert (requestor["protocol"], requestor["username"]) == ("tls", fingerprint_of(subject.certificate.cert.read_text()))
            assert requestor["address"].startswith("127.0.0.1:")
        perform(door, SetPower("mine", "stop", force=True, timeout=20, uuid=uuid))
        stream.until("instance-stopped", "mine")


def test_what_does_not_change_tells_nothing(subject: Subject) -> None:
    subject.lxd.query("GET", f"/1.0/instances{IN_PROJECT}&recursion=1")
    with listening(subject, OURS) as stream:
        subject.lxd.query("GET", f"/1.0/instances{IN_PROJECT}&recursion=1")
        with pytest.raises(QueryError):
            subject.lxd.query("DELETE", f"/1.0/instances/nobody{IN_PROJECT}")
        with pytest.raises(TimeoutError):
            stream.next(0.3)


def test_streams_are_of_one_project_or_of_all(subject: Subject) -> None:
    with listening(subject, "type=lifecycle") as elsewhere, listening(subject, "type=lifecycle&all-projects=true") as every:
        subject.lxd.query("POST", f"/1.0/profiles{IN_PROJECT}", {"name": "spoken"})
        told = every.until("profile-created", "spoken")
        assert told["project"] == PROJECT
        assert told["metadata"]["requestor"]["protocol"] == "unix"
        subject.lxd.query("DELETE", f"/1.0/profiles/spoken{IN_PROJECT}")
        every.until("profile-deleted", "spoken")
        with pytest.raises(TimeoutError):
            elsewhere.next(0.2)


def test_operations_are_told_from_their_beginning_to_their_end(door: Door, subject: Subject) -> None:
    with listening(subject, f"type=operation&project={PROJECT}") as stream:
        perform(door, subject.creation("worked"))
        seen: list[dict[str, Any]] = []
        while not seen or seen[-1]["status_code"] != 200:
            event = stream.next()
            assert (event["type"], event["project"]) == ("operation", PROJECT)
            seen.append(event["metadata"])
    assert {103, 200} <= {row["status_code"] for row in seen}
    assert all("/1.0/instances/worked" in row["resources"]["instances"] for row in seen)
    assert {row["description"] for row in seen} == {"Creating instance"}


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("type=nonsense", "isn't a supported event type"),
        ("type=lifecycle&project=nobody", "Project not found"),
        (f"{OURS}&all-projects=true", "Cannot specify a project when requesting all projects"),
    ],
)
def test_a_stream_that_cannot_be_is_refused_in_the_same_words(subject: Subject, query: str, words: str) -> None:
    with pytest.raises(InvalidStatus) as caught, listening(subject, query):
        pass
    assert caught.value.response.status_code == 500
    assert words in (caught.value.response.body or b"").decode()


def test_a_container_that_ends_by_itself_is_logged_and_then_told(door: Door, subject: Subject) -> None:
    subject.launch(door, "ends")
    with listening(subject, f"type=lifecycle,logging&project={PROJECT}") as stream:
        if isinstance(subject.lxd, Fake):
            subject.lxd.dies("ends", PROJECT)
        elif isinstance(subject.lxd, Daemon):
            pid = subject.lxd.query("GET", f"/1.0/instances/ends/state{IN_PROJECT}")["pid"]
            subject.lxd.inside("kill", "-9", str(pid))
        logged = stream.next()
        while logged["metadata"].get("message") != "Instance initiated stop":
            logged = stream.next()
        assert set(logged) == {"type", "timestamp", "metadata", "location"}
        context = {"action": "stop", "instance": "ends", "instanceType": "container", "project": PROJECT}
        assert logged["metadata"] == {"message": "Instance initiated stop", "level": "debug", "context": context}
        checked(stream.until("instance-shutdown", "ends"), "ends", by=False)
