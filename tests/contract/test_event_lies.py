"""Lies about the stream, as a listener hears them. They are told to whoever listens; what is true is not changed by them."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import ConnectionClosed

from tests.contract.listening import Listener, listening
from tests.contract.subject import IN_PROJECT, PROJECT, Subject, host_of
from tests.fake.fake import Fake
from tests.fake.lies import LIES, Lie

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAM = f"type=lifecycle&project={PROJECT}"


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fake]:
    folder: Path = tmp_path_factory.mktemp("e")
    with Fake(folder) as made:
        made.query("POST", "/1.0/projects", {"name": PROJECT, "config": {"features.images": "true"}})
        made.hold_image("b" * 64, PROJECT)
        made.query("POST", f"/1.0/instances{IN_PROJECT}", {"name": "one", "source": {"type": "image", "fingerprint": "b" * 64}})
        yield made


@pytest.fixture
def stream(fake: Fake) -> Iterator[Listener]:
    with listening(Subject(fake, host_of(fake, f"unix:{fake.socket}"), None, ""), STREAM) as opened:
        yield opened


def touch(fake: Fake, value: str = "1") -> None:
    fake.query("PATCH", f"/1.0/instances/one{IN_PROJECT}", {"config": {"user.a": value}})


def test_lost(fake: Fake, stream: Listener) -> None:
    fake.liar.tell(Lie.EVENT_LOST)
    touch(fake)
    fake.query("PUT", f"/1.0/instances/one/state{IN_PROJECT}", {"action": "start"})
    assert stream.next()["metadata"]["action"] == "instance-started"


def test_repeated(fake: Fake, stream: Listener) -> None:
    fake.liar.tell(Lie.EVENT_REPEATED)
    touch(fake)
    assert stream.next() == stream.next()


def test_late(fake: Fake, stream: Listener) -> None:
    fake.liar.tell(Lie.EVENT_LATE, seconds=0.2)
    touch(fake)
    fake.query("PUT", f"/1.0/instances/one/state{IN_PROJECT}", {"action": "start"})
    assert [stream.next()["metadata"]["action"] for _ in range(2)] == ["instance-started", "instance-updated"]


def test_of_another_project(fake: Fake, stream: Listener) -> None:
    fake.liar.tell(Lie.EVENT_ELSEWHERE)
    touch(fake)
    event = stream.next()
    assert event["project"] != PROJECT
    assert event["project"] in event["metadata"]["source"]


def test_garbage(fake: Fake, stream: Listener) -> None:
    fake.liar.tell(Lie.EVENT_GARBAGE)
    touch(fake)
    with pytest.raises(json.JSONDecodeError):
        stream.next()


def test_closed(fake: Fake, stream: Listener) -> None:
    fake.liar.tell(Lie.STREAM_CLOSED)
    touch(fake)
    with pytest.raises(ConnectionClosed):
        stream.next()


def test_deaf(fake: Fake, stream: Listener) -> None:
    assert stream.connection.ping().wait(5)
    fake.liar.tell(Lie.STREAM_DEAF)
    touch(fake)
    touch(fake, "2")
    with pytest.raises(TimeoutError):
        stream.next(0.2)
    assert not stream.connection.ping().wait(0.2)


def test_a_container_that_ends_by_itself_is_told_without_a_name(fake: Fake) -> None:
    fake.query("PUT", f"/1.0/instances/one/state{IN_PROJECT}", {"action": "start"})
    with listening(Subject(fake, host_of(fake, f"unix:{fake.socket}"), None, ""), f"type=lifecycle,logging&project={PROJECT}") as stream:
        fake.dies("one", PROJECT)
        logged, told = stream.next(), stream.next()
    assert (logged["type"], logged["metadata"]["message"], "project" in logged) == ("logging", "Instance initiated stop", False)
    assert told["metadata"] == {"action": "instance-shutdown", "source": f"/1.0/instances/one?project={PROJECT}"}


def test_who_goes_is_forgotten(fake: Fake) -> None:
    subject = Subject(fake, host_of(fake, f"unix:{fake.socket}"), None, "")
    with listening(subject, STREAM):
        assert fake.state.events.listeners == 1
    with listening(subject, STREAM) as other:
        touch(fake)
        other.next()
    assert fake.state.events.listeners <= 1


def test_every_lie_about_streams_is_told_here() -> None:
    told = set(re.findall(r"tell\(Lie\.(\w+)", Path(__file__).read_text()))
    assert told == {lie.name for lie, deceit in LIES.items() if deceit.streaming}
