"""What is made of one message of an event stream: a hint, nothing, or an error that ends the stream."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.errors import Malformed
from reconciler.lxd.events import read
from reconciler.model.hints import Hint

AT = "2026-11-28T03:50:03.828459707Z"


def lifecycle(action: str, source: str, project: str = "unsandbox", **beside: Any) -> str:
    told = {"type": "lifecycle", "timestamp": AT, "metadata": {"action": action, "source": source, **beside}, "project": project}
    return json.dumps({**told, "location": "none"}, separators=(",", ":"))


def logged(message: str, project: str = "unsandbox") -> str:
    context = {"action": "stop", "instance": "svc-web", "instanceType": "container", "project": project}
    told = {"message": message, "level": "debug", "context": context}
    return json.dumps({"type": "logging", "timestamp": AT, "metadata": told, "location": "none"}, separators=(",", ":"))


def told(text: str) -> tuple[str, str, str] | None:
    hint = read(text, "unsandbox")
    return (hint.action, hint.instance, hint.who) if isinstance(hint, Hint) else None


def test_an_instance_that_started_and_who_started_it() -> None:
    by = {"username": "anna", "protocol": "tls", "address": "10.0.0.7:5000"}
    text = lifecycle("instance-started", "/1.0/instances/svc-web?project=unsandbox", requestor=by)
    assert told(text) == ("instance-started", "svc-web", "anna (tls, 10.0.0.7:5000)")


def test_a_name_is_read_as_it_was_meant() -> None:
    assert told(lifecycle("instance-updated", "/1.0/instances/a%2Fb?project=unsandbox")) == ("instance-updated", "a/b", "")


def test_what_is_about_no_instance_names_none() -> None:
    assert told(lifecycle("image-deleted", "/1.0/images/abc")) == ("image-deleted", "", "")


def test_the_end_of_a_first_process_is_heard_before_lxd_calls_it_stopped() -> None:
    assert told(logged("Instance initiated stop")) == ("instance-stopping", "svc-web", "")


@pytest.mark.parametrize(
    "text",
    [
        lifecycle("instance-started", "/1.0/instances/svc-web", project="other"),
        logged("Instance initiated stop", project="other"),
        logged("Handling API request"),
        json.dumps({"type": "operation", "timestamp": AT, "metadata": {}}),
    ],
    ids=["another project", "another project's log", "another line of the log", "another type"],
)
def test_what_is_not_about_ours_is_nothing(text: str) -> None:
    assert told(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        '"lifecycle"',
        b"\x00",
        '{"type":"lifecycle","project":"unsandbox"}',
        '{"type":"lifecycle","metadata":5,"project":"unsandbox"}',
    ],
)
def test_what_is_no_event_ends_the_stream(text: str | bytes) -> None:
    with pytest.raises(Malformed):
        read(text, "unsandbox")
