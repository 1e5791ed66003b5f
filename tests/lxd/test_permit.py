"""A door is for reading. What may change something needs a permit, asked each time, on a real daemon that shows that nothing came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.errors import LeaseHeld, Refused
from reconciler.lxd.connect import Door
from reconciler.lxd.permit import ENROLMENT, LEASING, allow, destructive
from reconciler.lxd.write import perform
from reconciler.model.plan import (
    CreateInstance,
    DeleteInstance,
    DropProtection,
    PushFile,
    PutObject,
    RunCommand,
    SetPower,
    UpdateInstance,
)
from tests.lxd.actors import ROOT, creation, names, row, uuid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.model.plan import Call
    from reconciler.model.resources import Host
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

lxd_only = pytest.mark.lxd


class Asked:
    """A permit that remembers what it was asked, and says no from the ``last`` question on."""

    term = "7"

    def __init__(self, last: int = 99) -> None:
        self.heard: list[tuple[str, bool]] = []
        self._last = last

    def check(self, method: str, path: str, *, destructive: bool, body: object = None) -> None:  # noqa: ARG002 - it only counts
        self.heard.append((f"{method} {path.partition('?')[0]}", destructive))
        if len(self.heard) > self._last:
            raise LeaseHeld("P05: lost")


@pytest.fixture
def reading(prepared: Host) -> Iterator[Door]:
    with Door.open(prepared, None) as door:
        yield door


@lxd_only
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE"])
def test_a_door_for_reading_sends_nothing_else(reading: Door, method: str, lxd: Daemon) -> None:
    before, sent = lxd.query("GET", "/1.0/profiles?recursion=1&project=unsandbox"), reading.requests.copy()
    with pytest.raises(Refused, match="P15: this door was opened for reading") as caught:
        reading.send(method, reading.path("profiles"), {"name": "x"})
    assert caught.value.rule == "P15"
    assert reading.requests == sent
    assert reading.term == ""
    assert lxd.query("GET", "/1.0/profiles?recursion=1&project=unsandbox") == before


@lxd_only
def test_its_connections_send_nothing_else_either(reading: Door, lxd: Daemon) -> None:
    """Whatever a library does with them."""
    session: Any = vars(reading)["_session"]
    url = reading.endpoint + reading.path("profiles")
    with pytest.raises(Refused, match="P15"):
        session.post(url, json={"name": "by-the-back-door"})
    assert session.get(url).ok
    assert "by-the-back-door" not in str(lxd.query("GET", "/1.0/profiles?project=unsandbox"))


@lxd_only
def test_no_call_of_a_plan_can_be_made_through_it(reading: Door, door: Door, lxd: Daemon, starter: Starter) -> None:
    perform(door, creation("kept", starter.fingerprint, {"security.protection.delete": "true"}))
    kept, before = uuid(lxd, "kept"), row(lxd, "kept")
    calls: list[Call] = [
        CreateInstance("other", starter.fingerprint, {}, {"root": ROOT}),
        SetPower("kept", "start", force=False, timeout=5, uuid=kept),
        UpdateInstance("kept", kept, {"user.a": "1"}),
        PushFile("kept", "/root/x", "x"),
        RunCommand("kept", ("true",), 5),
        DropProtection("kept", kept, "plan-1"),
        PutObject("project", "other", {"config": {}}),
    ]
    for call in calls:
        with pytest.raises(Refused, match="P15"):
            perform(reading, call)
    assert row(lxd, "kept") == before
    assert names(lxd) == {"kept"}
    perform(door, DropProtection("kept", kept, "plan-1"))
    with pytest.raises(Refused, match="P15"):
        perform(reading, DeleteInstance("kept", kept, "plan-1"))
    assert names(lxd) == {"kept"}
    perform(door, DeleteInstance("kept", kept, "plan-1"))


@lxd_only
def test_the_permit_is_asked_before_every_request_that_changes_something(reading: Door, lxd: Daemon, starter: Starter) -> None:
    permit = Asked()
    door = reading.under(permit)
    perform(door, creation("brief", starter.fingerprint, {"security.protection.delete": "true"}))
    found = uuid(lxd, "brief")
    perform(door, SetPower("brief", "start", force=False, timeout=10, uuid=found))
    perform(door, SetPower("brief", "stop", force=True, timeout=10, uuid=found))
    perform(door, DropProtection("brief", found, "plan-1"))
    perform(door, DeleteInstance("brief", found, "plan-1"))
    path = "/1.0/instances/brief"
    assert permit.heard == [
        ("POST /1.0/instances", False),
        (f"PUT {path}/state", False),
        (f"PUT {path}/state", True),
        (f"PATCH {path}", True),
        (f"DELETE {path}", True),
    ]
    assert door.term == "7"


@lxd_only
def test_a_permit_that_says_no_keeps_the_request_here(reading: Door, lxd: Daemon, starter: Starter) -> None:
    permit = Asked(last=1)
    door = reading.under(permit)
    perform(door, creation("brief", starter.fingerprint))
    found = uuid(lxd, "brief")
    sent = door.requests.copy()
    with pytest.raises(LeaseHeld, match="P05"):
        perform(door, DeleteInstance("brief", found))
    assert names(lxd) == {"brief"}
    assert door.requests - sent == {"GET /1.0/instances/{name}": 1}
    perform(reading.under(Asked()), DeleteInstance("brief", found))


@pytest.mark.parametrize(
    ("method", "body", "ends"),
    [
        ("DELETE", None, True),
        ("PUT", {"action": "stop", "force": True}, True),
        ("PUT", {"action": "stop", "force": False}, False),
        ("PUT", {"action": "freeze", "force": True}, False),
        ("PUT", {"restore": "snap0"}, True),
        ("PATCH", {"config": {"security.protection.delete": "false"}}, True),
        ("PUT", {"config": {"security.protection.delete": ""}}, True),
        ("PUT", {"config": {"security.protection.delete": "true"}}, False),
        ("PUT", {"config": None}, False),
        ("POST", {"name": "x", "config": {"user.a": "1"}}, False),
        ("POST", None, False),
    ],
)
def test_what_ends_something(method: str, body: object, ends: bool) -> None:
    assert destructive(method, body) is ends


@pytest.mark.parametrize(
    ("permit", "method", "path", "fits"),
    [
        (ENROLMENT, "POST", "/1.0/certificates", True),
        (ENROLMENT, "DELETE", "/1.0/certificates/abc", False),
        (ENROLMENT, "POST", "/1.0/instances", False),
        (LEASING, "POST", "/1.0/profiles?project=unsandbox", True),
        (LEASING, "PUT", "/1.0/profiles/lease-0000000001?project=unsandbox", True),
        (LEASING, "DELETE", "/1.0/profiles/lease-0000000001?project=unsandbox", True),
        (LEASING, "DELETE", "/1.0/profiles/default?project=unsandbox", False),
        (LEASING, "POST", "/1.0/projects", True),
        (LEASING, "PUT", "/1.0/projects/unsandbox", False),
        (LEASING, "DELETE", "/1.0/projects/unsandbox", False),
        (LEASING, "POST", "/1.0/instances?project=unsandbox", False),
        (None, "GET", "/1.0", True),
        (None, "HEAD", "/1.0", True),
    ],
)
def test_a_permit_without_a_lease_is_for_one_purpose(permit: Any, method: str, path: str, fits: bool) -> None:
    if fits:
        allow(permit, method, path, None)
        return
    with pytest.raises(Refused, match=r"P15: this door was opened for .* alone"):
        allow(permit, method, path, None)
