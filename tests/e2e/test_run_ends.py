"""The end of a loop, in order and out of it, and what the next one finds."""

from __future__ import annotations

import random
import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.e2e.running import SOON, Running, until, until_none
from tests.lab.monitor import Monitor

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = [pytest.mark.lxd, pytest.mark.timeout(240)]

COUNT, MANY = 8, 30
NAMES = {f"svc-s-{number}": "Running" for number in range(COUNT)}


def declare(fleet: Fleet) -> None:
    fleet.services({name.removeprefix("svc-"): "" for name in NAMES})


def began(loop: Running, count: int) -> None:
    until(lambda: sum(line["event"] == "action-began" and line.get("action") == "create" for line in loop.lines()) >= count, SOON, 0.002)


def dangling(fleet: Fleet) -> list[str]:
    return [str(row["call"]) for row in fleet.run("history", "--json").json["entries"] if row["outcome"] in {None, "unknown"}]


def test_told_to_stop_it_ends_what_is_under_way_and_gives_the_leases_back(single: Fleet) -> None:
    single.services({f"s-{number:02}": "" for number in range(MANY)})
    with Running(single) as loop:
        began(loop, 3)
        assert loop.end(signal.SIGTERM) == 0
    assert 0 < len(single.instances()) < MANY
    # It is the call under way that comes to its end: what was made and not started yet is started by the next.
    assert set(single.statuses().values()) <= {"Running", "Stopped"}
    assert dangling(single) == []
    (lease,) = [row for row in single.daemons[0].query("GET", "/1.0/profiles?recursion=1&project=unsandbox") if row["name"][:6] == "lease-"]
    assert lease["config"]["user.unsandbox.released"]
    assert single.run("history", "--verify").out.startswith("holds")


def going_on(fleet: Fleet) -> list[str]:
    """What LXD does to instances. Among what it calls running is more: a token that nobody used is, for ever."""
    told = fleet.daemons[0].query("GET", "/1.0/operations?all-projects=true&recursion=1").get("running", [])
    return [
        f"{row['description']} {row['resources']}" for row in told if row["class"] == "task" and "instances" in (row["resources"] or {})
    ]


def uuids(fleet: Fleet) -> dict[str, str]:
    """Of every instance, by name."""
    return {place.partition("/")[2]: str(row["config"].get("volatile.uuid", "")) for place, row in fleet.instances().items()}


def killed_and_followed(fleet: Fleet, seed: int) -> None:
    """Kill it somewhere in the middle of eight creates, and start another."""
    declare(fleet)
    order = random.Random(seed)  # noqa: S311 - to be repeated, no secret
    with Running(fleet) as loop:
        began(loop, order.randint(1, COUNT - 1))
        # The host has its project by now, so that LXD has something to tell of it.
        time.sleep(order.random() * 0.4)
        loop.end(signal.SIGKILL)
    # What LXD was asked for before the kill it goes on with, and tells of only at its end.
    until_none(lambda: going_on(fleet), SOON)
    with Monitor(fleet.daemons[0]) as heard:
        before = uuids(fleet)
        with Running(fleet) as loop:
            until(lambda: fleet.statuses() == NAMES, SOON)
            until_none(lambda: dangling(fleet), SOON, 0.3)
            assert loop.end() == 0
    made = Counter(name for action, name in heard.told if action == "instance-created")
    # LXD may have had a create in hand that it listed nowhere yet: it is told of when it ends, and the very one stays.
    assert {name: uuids(fleet)[name] for name in before} == before
    assert set(made) <= set(NAMES)
    assert not made or max(made.values()) == 1
    assert fleet.run("history", "--verify").out.startswith("holds")
    fleet.converged()


@pytest.mark.parametrize("seed", [1])
def test_killed_in_the_middle_the_next_one_makes_the_rest_and_nothing_twice(single: Fleet, seed: int) -> None:
    killed_and_followed(single, seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 15))
def test_wherever_it_was_killed(single: Fleet, seed: int) -> None:
    killed_and_followed(single, seed)


def test_told_to_change_nothing_it_tells_and_changes_nothing(single: Fleet) -> None:
    single.services({"one": ""})
    single.run("apply", "--yes")
    with Running(single, "--mode", "detect") as loop:
        until(lambda: any(line["event"] == "pass" for line in loop.lines()), SOON)
        single.daemons[0].query("PUT", "/1.0/instances/svc-one/state?project=unsandbox", {"action": "stop", "timeout": 20, "force": True})
        until(lambda: any(line["event"] == "drift" and "power is hibernated" in line["detail"] for line in loop.lines()), SOON)
        until(lambda: any(line["event"] == "refusal" and line["code"] == "M01" for line in loop.lines()), SOON)
        time.sleep(1)
        assert not any(line["event"] == "action-began" for line in loop.lines())
    assert single.statuses() == {"svc-one": "Stopped"}
