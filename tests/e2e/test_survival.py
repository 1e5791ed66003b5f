"""Killed, stopped, cut off, out of date: the next apply ends in the same world, and nothing else is lost."""

from __future__ import annotations

import fcntl
import json
import signal
import sqlite3
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import PROJECT, bystander

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd

EIGHT = dict.fromkeys((f"web-{number}" for number in range(8)), "")


@pytest.mark.parametrize("after", [1, 3, 6])
def test_killed_in_the_middle_then_applied_again(fleet: Fleet, after: int) -> None:
    fleet.services(EIGHT)
    killed = fleet.interrupt_after(after, signal.SIGKILL)
    assert killed.status == -signal.SIGKILL
    fleet.run("apply", "--yes")
    world = fleet.world()
    assert sorted(place.partition("/")[2] for place in world) == [f"svc-{name}" for name in EIGHT]
    assert {row[0] for row in world.values()} == {"Running"}
    fleet.converged()
    # Every intent got an outcome: the second run settled what the first left open.
    with sqlite3.connect(fleet.root / ".unsandbox" / "journal.db") as journal:
        assert journal.execute("select count(*) from intents where outcome is null").fetchone() == (0,)


def test_a_stop_is_clean_between_steps(fleet: Fleet) -> None:
    fleet.services(EIGHT)
    stopped = fleet.interrupt_after(2, signal.SIGINT)
    assert stopped.status == 4, stopped.err
    assert "stopped" in stopped.out + stopped.err
    with sqlite3.connect(fleet.root / ".unsandbox" / "journal.db") as journal:
        assert journal.execute("select count(*) from intents where outcome is null").fetchone() == (0,)
    fleet.run("apply", "--yes")
    fleet.converged()


def test_a_host_cut_off_is_refused_and_the_rest_goes_on(fleet: Fleet) -> None:
    """h2 and h3 are reached over HTTPS, enrolled as a user would."""
    for daemon in fleet.daemons[1:]:
        (fleet.root / "inventory" / f"{daemon.name}.yaml").unlink()
        fleet.environ["UNSANDBOX_TRUST_TOKEN"] = daemon.trust_token("unsandbox-test")
        fleet.run("hosts", "add", daemon.url, "--name", daemon.name, "--location", daemon.name, "--fingerprint", daemon.fingerprint)
    del fleet.environ["UNSANDBOX_TRUST_TOKEN"]
    fleet.services({name: f"placement: {{host: {daemon.name}}}" for name, daemon in zip("abc", fleet.daemons, strict=True)})
    fleet.run("apply", "--yes")
    assert len(fleet.instances()) == 3

    fleet.daemons[1].cut()
    began = time.monotonic()
    specs = {name: f"placement: {{host: {daemon.name}}}, ports: [80]" for name, daemon in zip("abc", fleet.daemons, strict=True)}
    fleet.services(specs | {"d": "placement: {host: h2}", "e": "placement: {host: h3}"})
    plan = fleet.run("plan", "--json", expect=3).json
    assert time.monotonic() - began < 15
    assert [row["host"] for row in plan["unseen"]] == ["h2"]
    assert {row["code"] for row in plan["refusals"]} == {"O01"}
    assert "Service/d" in {row["ref"] for row in plan["refusals"]}
    assert "h2" not in {row["host"] for row in plan["actions"]}
    fleet.run("apply", "--yes", expect=3)
    names = set(fleet.statuses())
    assert "svc-e" in names
    assert "svc-d" not in names

    fleet.daemons[1].heal()
    fleet.run("apply", "--yes")
    assert "svc-d" in set(fleet.statuses())
    fleet.converged()


def test_two_writers_of_one_state_folder(single: Fleet) -> None:
    single.services({"one": ""})
    (single.root / ".unsandbox").mkdir(exist_ok=True)
    with (single.root / ".unsandbox" / "writer.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.write("anna@desk (process 1, since noon)")
        lock.flush()
        refused = single.run("apply", "--yes", expect=6)
        assert "anna@desk" in refused.err
    single.run("apply", "--yes")


def test_a_saved_plan_is_applied_or_stale(single: Fleet) -> None:
    single.services({"one": "", "two": ""})
    plan = single.root / "plan.json"
    single.run("plan", "--out", str(plan), expect=2)
    assert plan.stat().st_mode & 0o777 == 0o600
    assert "byte for byte" in single.run("replay", str(plan)).out
    single.run("apply", str(plan), "--yes")
    assert single.statuses() == {"svc-one": "Running", "svc-two": "Running"}
    assert "not called for" in single.run("apply", str(plan), "--yes", expect=5).err

    # A touched object moved.
    single.services({"one": "state: frozen", "two": ""})
    single.run("plan", "--out", str(plan), expect=2)
    single.daemons[0].lxc("config", "set", "svc-one", "limits.memory=80MiB", "--project", PROJECT)
    assert "Service/one" in single.run("apply", str(plan), "--yes", expect=5).err
    assert single.statuses()["svc-one"] == "Running"

    # An untouched one moved: the plan holds, and does only what it says.
    single.run("apply", "--yes")
    single.services({"one": "", "two": ""})
    single.run("plan", "--out", str(plan), expect=2)
    single.daemons[0].lxc("config", "set", "svc-two", "limits.memory=80MiB", "--project", PROJECT)
    single.run("apply", str(plan), "--yes")
    assert single.statuses()["svc-one"] == "Running"
    two = single.instances()["h1/svc-two"]
    assert two["config"]["limits.memory"] == "80MiB"

    # The text moved.
    single.services({"one": "state: frozen", "two": ""})
    single.run("plan", "--out", str(plan), expect=2)
    single.services({"one": "state: frozen", "two": "state: frozen"})
    single.run("apply", str(plan), "--yes", expect=5)


def test_a_commit_is_planned_without_touching_the_checkout(single: Fleet) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", single.root, *arguments], check=True, capture_output=True
        )

    git("init", "-q")
    single.services({"one": ""})
    git("add", "inventory", "manifests")
    git("commit", "-qm", "one")
    single.services({"one": "", "two": ""})
    here = single.run("plan", "--json", expect=2).json
    assert (here["dirty"], len([row for row in here["actions"] if row["action"] == "create"])) == (True, 2)
    there = single.run("plan", "--rev", "HEAD", "--json", expect=2).json
    assert (there["dirty"], len([row for row in there["actions"] if row["action"] == "create"])) == (False, 1)
    assert there["commit"] == here["commit"]
    assert "two" in (single.root / "manifests" / "services.yaml").read_text()
    single.run("apply", "--rev", "HEAD", "--yes")
    assert single.instances()["h1/svc-one"]["config"]["user.unsandbox.commit"] == there["commit"]
    assert "no commit" in single.run("plan", "--rev", "no-such", expect=1).err


def test_adopt_and_release(single: Fleet) -> None:
    single.services({"first": ""})
    single.run("apply", "--yes")
    uuid = bystander(single.daemons[0], single.starter.tarball, "byhand", PROJECT)
    single.services({"first": "", "mine": ""})
    shown = single.run("adopt", "Service/mine", "--instance", "byhand", "--yes")
    assert "user.unsandbox.name" in shown.out
    row = single.instances()["h1/byhand"]
    assert row["config"]["volatile.uuid"] == uuid
    assert row["config"]["user.unsandbox.name"] == "mine"
    assert row["config"]["security.protection.delete"] == "true"
    assert "limits.memory" not in row["config"]
    assert "limits.memory" in single.run("plan", expect=None).out
    single.run("adopt", "Service/mine", "--instance", "byhand", "--yes", expect=3)

    single.run("release", "Service/mine", "--yes")
    row = single.instances()["h1/byhand"]
    assert (row["status"], row["config"]["volatile.uuid"]) == ("Running", uuid)
    assert not [key for key in row["config"] if key.startswith("user.unsandbox.")]
    single.services({"first": ""})
    single.converged()
    assert "h1/byhand" in single.instances()


def test_a_session_ends_and_is_not_made_again(single: Fleet) -> None:
    single.write(
        "manifests/session.yaml",
        "apiVersion: unsandbox/v1\nkind: Session\nmetadata: {name: shell}\nspec: {owner: team, image: starter, ttl: 3s}\n",
    )
    single.run("apply", "--yes")
    assert "ses-shell" in single.statuses()
    time.sleep(3.5)
    assert "expired" in json.dumps(single.run("plan", "--json", expect=2).json)
    single.run("apply", "--yes")
    assert single.statuses() == {}
    single.converged()


def test_locked_objects_outlive_their_manifest(single: Fleet) -> None:
    single.services({"one": "locked: true", "two": ""})
    single.run("apply", "--yes")
    single.services({"two": ""})
    (refusal,) = single.run("plan", "--json", expect=3).json["refusals"]
    assert refusal["ref"] == "Service/one"
    single.run("apply", "--yes", expect=3)
    assert single.statuses()["svc-one"] == "Running"
