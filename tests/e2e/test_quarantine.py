"""What leaves the manifests is frozen first, comes back with its memory, and ends only after its grace."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import POLICY, PROJECT

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd

PLAIN = "ports: [80]"
OTHER = "ports: [81], env: {A: '1'}"
COUNTING = "n=0; while :; do n=$((n+1)); echo $n > /root/count; sleep 0.05; done"


def grace(fleet: Fleet, services: str) -> None:
    fleet.write("manifests/policy.yaml", POLICY.replace("{services: 0s, sessions: 0s}", f"{{services: {services}, sessions: 0s}}"))


def inside(fleet: Fleet, *command: str) -> str:
    return fleet.daemons[0].lxc("exec", "svc-one", "--project", PROJECT, "--", *command)


def test_a_revert_brings_it_back_with_its_memory(single: Fleet) -> None:
    grace(single, "24h")
    single.services({"one": PLAIN, "two": OTHER})
    single.run("apply", "--yes")
    uuid = single.instances()["h1/svc-one"]["config"]["volatile.uuid"]
    inside(single, "sh", "-c", f"({COUNTING}) >/dev/null 2>&1 </dev/null &")
    time.sleep(0.5)

    single.services({"two": OTHER})
    plan = single.run("plan", expect=2).out
    assert "quarantine Service/one" in plan
    single.run("apply", "--yes")
    row = single.instances()["h1/svc-one"]
    assert (row["status"], row["config"]["volatile.uuid"]) == ("Frozen", uuid)
    assert row["config"]["security.protection.delete"] == "true"
    assert "git revert" in single.run("status").out
    single.converged()

    single.services({"one": PLAIN, "two": OTHER})
    single.run("apply", "--yes")
    row = single.instances()["h1/svc-one"]
    assert (row["status"], row["config"]["volatile.uuid"]) == ("Running", uuid)
    assert "user.unsandbox.quarantine" not in row["config"]
    before = int(inside(single, "cat", "/root/count"))
    time.sleep(0.5)
    assert int(inside(single, "cat", "/root/count")) > before > 0
    single.converged()


def test_it_ends_when_its_grace_is_over_and_not_before(single: Fleet) -> None:
    grace(single, "4s")
    single.services({"one": PLAIN, "two": OTHER})
    single.run("apply", "--yes")
    single.services({"two": OTHER})
    single.run("apply", "--yes")
    assert single.statuses() == {"svc-one": "Frozen", "svc-two": "Running"}
    single.daemons[0].lxc("start", "svc-one", "--project", PROJECT)
    assert "quarantine Service/one" in single.run("plan", expect=2).out, "somebody woke it: it is put back to rest"
    single.run("apply", "--yes")
    assert single.statuses()["svc-one"] == "Frozen"
    time.sleep(4)
    assert "destroy Service/one" in single.run("plan", expect=2).out
    single.run("apply", "--yes")
    assert single.statuses() == {"svc-two": "Running"}
    single.converged()


def test_eight_services_that_leave_at_once_all_stay(single: Fleet) -> None:
    """The careless delete: over the budget nothing of it is done, not even the freezing."""
    single.write("manifests/policy.yaml", POLICY.replace("destroys: 20", "destroys: 5").replace("services: 0s", "services: 24h"))
    every = {f"s{number}": f"ports: [{8000 + number}], state: hibernated" for number in range(8)}
    single.services({**every, "stays": OTHER})
    single.run("apply", "--yes")
    single.services({"stays": OTHER})
    refused = single.run("apply", "--yes", expect=3)
    assert "8 destroys in one pass, 5 are allowed" in refused.out
    rows = single.instances()
    assert len(rows) == 9
    assert not [row for row in rows.values() if "user.unsandbox.quarantine" in row["config"]]
