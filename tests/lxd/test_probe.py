"""Probes of real containers: what a command, a connection and a request come to, and what nobody can answer."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.clock import now
from reconciler.errors import HostError, Refused
from reconciler.lxd.probe import NO_TIMEOUT, begin, command_of, ended
from reconciler.lxd.read import look
from reconciler.model.health import Probe, Reply
from tests.lxd.actors import creation, launch

if TYPE_CHECKING:
    from reconciler.lxd.connect import Door
    from reconciler.model.health import Answer
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

SERVER = "mkdir -p /www && echo hi >/www/index.html && httpd -p 8080 -h /www"
PLAIN = Probe(timeout=2)


@pytest.fixture(scope="module")
def started() -> set[str]:
    return set()


@pytest.fixture
def served(door: Door, starter: Starter, lxd: Daemon, started: set[str]) -> Door:
    if not started:
        launch(door, creation("well", starter.fingerprint))
        lxd.lxc("exec", "well", "--project", "unsandbox", "--", "sh", "-c", SERVER)
        started.add("well")
    return door


def asked(door: Door, probe: Probe, *, bounded: bool = True) -> Answer:
    operation = begin(door, "well", command_of(probe, bounded=bounded))
    for _ in range(8):
        answer = ended(door, probe, operation, 1)
        if answer is not None:
            return answer
    raise AssertionError("it goes on")


@pytest.mark.parametrize(
    ("probe", "reply"),
    [
        (replace(PLAIN, command=("true",)), Reply.PASSED),
        (replace(PLAIN, command=("sh", "-c", "exit 3")), Reply.FAILED),
        (replace(PLAIN, command=("sleep", "60"), timeout=1), Reply.FAILED),
        (replace(PLAIN, command=("sh", "-c", "exit 69")), Reply.FAILED),
        (replace(PLAIN, command=("/no/such",)), Reply.UNASKED),
        (replace(PLAIN, port=8080), Reply.PASSED),
        (replace(PLAIN, port=8081), Reply.FAILED),
        (replace(PLAIN, port=8080, path="/", host="localhost"), Reply.PASSED),
        (replace(PLAIN, port=8080, path="/", host="localhost", status=200), Reply.PASSED),
        (replace(PLAIN, port=8080, path="/", host="localhost", status=204), Reply.FAILED),
        (replace(PLAIN, port=8080, path="/gone", host="localhost"), Reply.FAILED),
        (replace(PLAIN, port=8080, path="/gone", host="localhost", status=404), Reply.PASSED),
        (replace(PLAIN, port=8081, path="/", host="localhost"), Reply.FAILED),
    ],
    ids=lambda value: str(value) if isinstance(value, Reply) else f"{value.command}{value.port}{value.path}{value.status}",
)
def test_what_is_asked_inside(served: Door, probe: Probe, reply: Reply) -> None:
    answer = asked(served, probe)
    assert answer.reply is reply, answer.why
    if probe.command == ("/no/such",):
        assert answer.why == NO_TIMEOUT


def test_a_command_that_hangs_is_ended_and_is_no_work_on_the_instance(served: Door) -> None:
    probe = replace(PLAIN, command=("sleep", "60"), timeout=1)
    operation = begin(served, "well", command_of(probe, bounded=True))
    assert ended(served, probe, operation, 0) is None
    (found,) = [item for item in look(served, now).operations if item.instance == "well"]
    assert (found.id, found.kind) == (operation, "command")
    began = time.monotonic()
    while ended(served, probe, operation, 1) is None:
        assert time.monotonic() - began < 5


def test_without_a_lease_nobody_is_asked(served: Door) -> None:
    with pytest.raises(Refused, match="POST"):
        begin(served.under(None), "well", ("true",))


def test_what_does_not_run_or_is_not_there_cannot_be_asked(served: Door) -> None:
    with pytest.raises(HostError):
        begin(served, "nobody", ("true",))


def test_what_lxd_forgot_is_not_known(served: Door) -> None:
    forgotten = ended(served, PLAIN, "00000000-0000-4000-8000-000000000000", 0)
    assert forgotten is not None
    assert forgotten.reply is Reply.UNASKED
