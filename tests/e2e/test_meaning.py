"""Desired state that is meant: renames, lost journals, older commits, trees that are in no commit, hosts out of sight."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import PROJECT

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd

PLAIN = "ports: [80]"
OTHER = "ports: [81], env: {A: '1'}"


def git(fleet: Fleet, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", "-C", str(fleet.root), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(fleet: Fleet, message: str) -> str:
    git(fleet, "add", "inventory", "manifests")
    git(fleet, "commit", "-qm", message)
    return git(fleet, "rev-parse", "HEAD")


def codes(fleet: Fleet) -> set[str]:
    return {row["code"] for row in fleet.run("plan", "--json", expect=3).json["refusals"]}


def test_a_rename_is_refused_until_it_is_declared_and_then_keeps_the_container(single: Fleet) -> None:
    single.services({"old": PLAIN, "other": OTHER})
    single.run("apply", "--yes")
    uuid = single.instances()["h1/svc-old"]["config"]["volatile.uuid"]
    single.services({"new": PLAIN, "other": OTHER})
    refused = single.run("apply", "--yes", expect=3)
    assert "metadata.moved: old" in refused.out
    assert single.statuses() == {"svc-old": "Running", "svc-other": "Running"}
    path = single.root / "manifests" / "services.yaml"
    path.write_text(path.read_text().replace("{name: new}", "{name: new, moved: old}"))
    single.run("apply", "--yes")
    row = single.instances()["h1/svc-old"]
    assert (row["status"], row["config"]["volatile.uuid"], row["config"]["user.unsandbox.name"]) == ("Running", uuid, "new")
    single.converged()
    path.write_text(path.read_text().replace(", moved: old", ""))
    single.converged()


def test_a_lost_journal_makes_and_ends_nothing_until_a_person_says_so(single: Fleet) -> None:
    single.services({"one": PLAIN, "two": OTHER})
    single.run("apply", "--yes")
    shutil.rmtree(single.root / ".unsandbox")
    single.services({"two": OTHER, "three": "ports: [82], env: {B: '2'}, resources: {memory: 80MiB}"})
    assert codes(single) == {"F10"}
    single.run("apply", "--yes", expect=3)
    assert codes(single) == {"F10"}, "an apply that was refused does not make the fleet known"
    assert single.statuses() == {"svc-one": "Running", "svc-two": "Running"}
    single.run("accept", "F10", "Service/three", "--alike", "--yes")
    single.run("apply", "--yes", expect=None)
    assert "svc-three" in single.statuses()


def test_what_vanished_all_at_once_is_not_made_again(single: Fleet) -> None:
    every = {f"s{number}": f"ports: [{8000 + number}], state: hibernated" for number in range(5)}
    single.services(every)
    single.run("apply", "--yes")
    for name in every:
        single.daemons[0].lxc("config", "set", f"svc-{name}", "security.protection.delete=false", "--project", PROJECT)
        single.daemons[0].lxc("delete", f"svc-{name}", "--project", PROJECT)
    assert codes(single) == {"O03"}
    single.run("apply", "--yes", expect=3)
    assert codes(single) == {"O03"}
    for name in every:
        single.run("accept", "O03", f"Service/{name}", "--yes", expect=None)
    single.run("apply", "--yes")
    assert len(single.statuses()) == 5


def test_an_older_commit_and_a_tree_in_no_commit_are_not_applied(single: Fleet) -> None:
    git(single, "init", "-q")
    single.services({"one": PLAIN})
    first = commit(single, "one")
    single.run("apply", "--yes")
    single.services({"one": PLAIN, "two": OTHER})
    dirty = single.run("apply", "--yes", expect=3)
    assert "D08" in dirty.err
    assert list(single.statuses()) == ["svc-one"]
    commit(single, "two")
    single.run("apply", "--yes")
    assert sorted(single.statuses()) == ["svc-one", "svc-two"]
    for _ in range(3):
        back = single.run("apply", "--rev", first, "--yes", expect=3)
        assert "D07" in back.out, "to try it does not make it the commit that was applied last"
        assert single.statuses()["svc-two"] == "Running"
    single.services({"one": PLAIN, "two": OTHER, "three": "state: hibernated, ports: [82], env: {B: '2'}"})
    single.run("apply", "--uncommitted", "--yes")
    assert "svc-three" in single.statuses()


def test_a_copy_made_by_hand_is_never_pruned(single: Fleet) -> None:
    single.services({"one": "state: hibernated", "two": OTHER})
    single.run("apply", "--yes")
    lxc = single.daemons[0].lxc
    lxc("copy", "svc-one", "copy", "--project", PROJECT)
    single.services({"two": OTHER})
    refused = single.run("plan", "--json", expect=3).json["refusals"]
    assert {row["code"] for row in refused} == {"O14"}
    lxc("config", "set", "svc-one", "security.protection.delete=false", "--project", PROJECT)
    lxc("delete", "svc-one", "--project", PROJECT)
    assert codes(single) == {"I06"}
    single.run("apply", "--yes", expect=3)
    assert "copy" in single.statuses()
