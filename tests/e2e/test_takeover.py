"""Two control planes, each with a state folder of its own, over the same host: one leads, the other knows as much when its turn comes."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import HEAD
from tests.e2e.running import SOON, Running, moment, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.fleet import Fleet

pytestmark = [pytest.mark.lxd, pytest.mark.timeout(240)]

TTL = 2.0


def lease(loop: Running) -> str:
    """The lease's last state."""
    return next((str(line["state"]) for line in reversed(loop.lines()) if line["event"] == "lease"), "")


def wrote(loop: Running) -> list[str]:
    """References of every action that it began."""
    return [str(line["ref"]) for line in loop.lines() if line["event"] == "action-began"]


def refused(loop: Running, since: int = 0) -> set[str]:
    return {str(line["code"]) for line in loop.lines()[since:] if line["event"] == "refusal"}


@pytest.fixture
def pair(single: Fleet) -> Iterator[tuple[Running, Running]]:
    """The leader, and who stands by."""
    options = ("--lease-ttl", str(TTL))
    single.services({"web": "", "cold": "state: frozen"})
    with Running(single, *options) as first:
        until(lambda: single.statuses() == {"svc-web": "Running", "svc-cold": "Frozen"}, SOON)
        single.environ["UNSANDBOX_ACTOR"] = "standby@lab"
        with Running(single, *options, state=single.root / "other") as second:
            until(lambda: lease(second) == "standby", SOON)
            yield first, second
            assert second.process.poll() is None


def test_the_other_stands_by_and_takes_over_knowing_what_the_leader_did(single: Fleet, pair: tuple[Running, Running]) -> None:
    first, second = pair
    single.services({"web": "state: frozen", "cold": "state: frozen", "more": ""})
    until(lambda: single.statuses() == {"svc-web": "Frozen", "svc-cold": "Frozen", "svc-more": "Running"}, SOON)
    ended = HEAD.format(kind="Session", name="brief") + "  {owner: team, image: starter, ttl: 2s}\n"
    single.write("manifests/brief.yaml", ended)
    until(lambda: "Session/brief" in {line["ref"] for line in first.actions() if line["action"] == "create"}, SOON)
    until(lambda: "Session/brief" in {line["ref"] for line in first.actions() if line["action"] == "destroy"}, SOON)
    time.sleep(1.5)
    assert wrote(second) == []
    assert lease(second) == "standby"
    assert single.run("plan", "--json", expect=None).status in {0, 2}

    at, before = time.monotonic(), len(second.lines())
    first.end(signal.SIGKILL)
    until(lambda: lease(second) == "leader", SOON)
    assert time.monotonic() - at < TTL + 5
    single.services({"web": "", "cold": "", "more": "state: frozen"})
    until(lambda: single.statuses() == {"svc-web": "Running", "svc-cold": "Running", "svc-more": "Frozen"}, SOON)
    time.sleep(1)
    assert sorted(wrote(second)) == ["Service/cold", "Service/more", "Service/web"]
    assert not refused(second, before) & {"F10", "S01"}


@pytest.mark.slow
def test_what_a_person_froze_while_another_led_stays_frozen(single: Fleet, pair: tuple[Running, Running]) -> None:
    first, second = pair
    single.daemons[0].query("PUT", "/1.0/instances/svc-web/state?project=unsandbox", {"action": "freeze", "timeout": 20})
    until(lambda: "S01" in refused(first) and "S01" in refused(second), SOON)
    first.end(signal.SIGKILL)
    until(lambda: lease(second) == "leader", SOON)
    time.sleep(1)
    assert single.statuses()["svc-web"] == "Frozen"
    assert wrote(second) == []


@pytest.mark.slow
def test_a_leader_that_was_paused_past_its_ttl_finds_its_lease_lost(single: Fleet, pair: tuple[Running, Running]) -> None:
    first, second = pair
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        until(lambda: lease(second) == "leader", SOON)
        single.services({"web": "", "cold": "state: frozen", "late": ""})
        until(lambda: single.statuses().get("svc-late") == "Running", SOON)
        count = len(wrote(first))
    finally:
        os.kill(first.process.pid, signal.SIGCONT)
    until(lambda: lease(first) in {"lost", "standby"}, SOON)
    single.services({"web": "", "cold": "state: frozen", "late": "state: frozen"})
    until(lambda: single.statuses()["svc-late"] == "Frozen", SOON)
    done = [line for line in first.lines() if line["event"] == "action" and line["state"] == "done"]
    assert [line["ref"] for line in done[count:]] == []
    assert wrote(second).count("Service/late") == 2
    assert max(map(moment, done)) < min(moment(line) for line in second.lines() if line["event"] == "lease" and line["state"] == "leader")
