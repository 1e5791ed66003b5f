"""Twelve services over three hosts, through everything a manifest can ask of them, beside bystanders that must not notice."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import PROJECT, bystander

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

pytestmark = pytest.mark.lxd

NAMES = [f"web-{number:02}" for number in range(12)]


def test_twelve_services_live_through_every_change(fleet: Fleet) -> None:
    outside = {daemon.name: bystander(daemon, fleet.starter.tarball) for daemon in fleet.daemons}
    fleet.services(dict.fromkeys(NAMES, ""))

    assert fleet.run("plan", expect=2).out.count("create") >= len(NAMES)
    fleet.run("apply", "--yes")
    made = fleet.instances()
    assert sorted(place.partition("/")[2] for place in made) == [f"svc-{name}" for name in NAMES]
    assert {row["status"] for row in made.values()} == {"Running"}
    per_host = [sum(place.startswith(f"{daemon.name}/") for place in made) for daemon in fleet.daemons]
    assert per_host == [4, 4, 4]
    fleet.converged()
    uuids = {place: row["config"]["volatile.uuid"] for place, row in made.items()}

    # Changed in place, frozen, hibernated: nothing moves, nothing is made anew.
    specs = dict.fromkeys(NAMES, "")
    specs["web-00"] = "resources: {memory: 96MiB}"
    specs["web-01"] = "env: {GREETING: hello-from-env}"
    specs["web-02"] = "state: frozen"
    specs["web-03"] = "state: hibernated"
    fleet.services(specs)
    plan = fleet.run("plan", expect=2).out
    assert "64MiB -> 96MiB" in plan
    assert "hello-from-env" not in plan
    fleet.run("apply", "--yes")
    statuses = fleet.statuses()
    assert (statuses["svc-web-02"], statuses["svc-web-03"], statuses["svc-web-04"]) == ("Frozen", "Stopped", "Running")
    changed = {row["name"]: row for row in fleet.instances().values()}
    assert changed["svc-web-00"]["config"]["limits.memory"] == "96MiB"
    assert changed["svc-web-01"]["config"]["environment.GREETING"] == "hello-from-env"
    fleet.converged()

    # Thawed, woken, an env variable gone again.
    fleet.services(dict.fromkeys(NAMES, ""))
    fleet.run("apply", "--yes")
    assert set(fleet.statuses().values()) == {"Running"}
    assert "environment.GREETING" not in {key for row in fleet.instances().values() for key in row["config"]}
    assert {place: row["config"]["volatile.uuid"] for place, row in fleet.instances().items()} == uuids
    fleet.converged()

    # A third of them leave.
    fleet.services(dict.fromkeys(NAMES[:8], ""))
    assert "destroy" in fleet.run("plan", expect=2).out
    fleet.run("apply", "--yes")
    assert sorted(fleet.statuses()) == [f"svc-{name}" for name in NAMES[:8]]
    fleet.converged()

    for daemon in fleet.daemons:
        row = daemon.query("GET", "/1.0/instances/bystander?project=default")
        assert (row["status"], row["config"]["volatile.uuid"]) == ("Running", outside[daemon.name])


def test_an_unmarked_instance_in_our_project_is_never_touched(single: Fleet) -> None:
    single.services({"one": ""})
    single.run("apply", "--yes")
    uuid = bystander(single.daemons[0], single.starter.tarball, "svc-two", PROJECT)

    single.services({"one": "", "two": ""})
    refused = single.run("plan", "--json", expect=3).json["refusals"]
    assert [(row["code"], row["ref"]) for row in refused] == [("I01", "Service/two")]
    assert "adopt" in refused[0]["unblock"]
    single.services({"three": "ports: [80], env: {A: '1'}"})
    single.run("apply", "--yes")

    left = {row["name"]: row for row in single.instances().values()}
    assert sorted(left) == ["svc-three", "svc-two"]
    assert (left["svc-two"]["status"], left["svc-two"]["config"]["volatile.uuid"]) == ("Running", uuid)


def test_containers_are_hardened_from_the_creating_call_on(single: Fleet) -> None:
    single.services({"hard": "network: semitrusted"})
    single.run("apply", "--yes")
    row = single.instances()["h1/svc-hard"]
    config, nic = row["config"], row["devices"]["eth0"]
    assert row["profiles"] == []
    assert config["security.idmap.isolated"] == "true"
    assert config["security.privileged"] == "false"
    assert config["security.nesting"] == "false"
    assert config["security.devlxd"] == "false"
    assert config["security.protection.delete"] == "true"
    assert (config["limits.cpu"], config["limits.memory"], config["limits.processes"]) == ("1", "64MiB", "64")
    assert row["devices"]["root"]["size"] == "128MiB"
    assert {nic[f"security.{name}"] for name in ("mac_filtering", "ipv4_filtering", "ipv6_filtering", "port_isolation")} == {"true"}
    # A stray delete bounces off the object itself, whoever sends it.
    single.daemons[0].query("PUT", f"/1.0/instances/svc-hard/state?project={PROJECT}", {"action": "stop", "force": True, "timeout": 20})
    with pytest.raises(Exception, match="protected"):
        single.daemons[0].query("DELETE", f"/1.0/instances/svc-hard?project={PROJECT}")


def test_pools_keep_identical_cells_and_shrink(fleet: Fleet) -> None:
    fleet.pool("py", "size: 6")
    fleet.run("apply", "--yes")
    cells = fleet.instances()
    assert sorted(row["name"] for row in cells.values()) == [f"cell-py-{slot}" for slot in range(6)]
    assert len({row["config"]["user.unsandbox.spec"] for row in cells.values()}) == 1
    assert [sum(place.startswith(f"{daemon.name}/") for place in cells) for daemon in fleet.daemons] == [2, 2, 2]
    fleet.pool("py", "size: 2")
    fleet.run("apply", "--yes")
    assert sorted(fleet.statuses()) == ["cell-py-0", "cell-py-1"]
    fleet.converged()


def test_a_bootstrap_runs_once_and_again_when_it_changes(single: Fleet) -> None:
    def content() -> str:
        return single.daemons[0].lxc("exec", "svc-boot", "--project", PROJECT, "--", "cat", "/root/ran")

    single.services({"boot": "bootstrap: {inline: 'echo one >> /root/ran'}"})
    single.run("apply", "--yes")
    assert content() == "one\n"
    single.converged()
    single.services({"boot": "bootstrap: {inline: 'echo two >> /root/ran'}"})
    assert "echo two" not in single.run("plan", expect=2).out
    single.run("apply", "--yes")
    assert content() == "one\ntwo\n"
    single.converged()

    # One that fails is a failed step, and is tried again by the next apply.
    single.services({"boot": "bootstrap: {inline: 'exit 3'}"})
    single.run("apply", "--yes", expect=4)
    single.run("plan", expect=2)


def test_replacing_is_refused_unless_the_manifest_allows_it(single: Fleet) -> None:
    single.services({"one": "resources: {disk: 256MiB}"})
    single.run("apply", "--yes")
    before = single.instances()["h1/svc-one"]["config"]["volatile.uuid"]
    single.services({"one": "network: semitrusted, resources: {disk: 256MiB}"})
    refusals = single.run("plan", "--json", expect=3).json["refusals"]
    assert [row["code"] for row in refusals] == ["D13"]
    single.run("apply", "--yes", expect=3)
    assert single.instances()["h1/svc-one"]["config"]["volatile.uuid"] == before
    single.services({"one": "network: semitrusted, replace: allowed, resources: {disk: 256MiB}"})
    single.run("apply", "--yes")
    row = single.instances()["h1/svc-one"]
    assert row["config"]["volatile.uuid"] != before
    assert row["devices"]["eth0"]["network"] == "unsb-semi"
    single.converged()


def test_the_world_is_found_again_without_the_journal(single: Fleet) -> None:
    single.services({"one": "", "two": "state: frozen"})
    single.run("apply", "--yes")
    for file in (single.root / ".unsandbox").iterdir():
        file.unlink()
    single.converged()
    # Who froze it is no longer known, so thawing it is refused, with the command that does it.
    single.services({"one": "", "two": ""})
    (refusal,) = single.run("plan", "--json", expect=3).json["refusals"]
    assert refusal["code"] == "S01"
    subprocess.run(refusal["unblock"].replace("lxc ", "true "), shell=True, check=True)  # noqa: S602 - it must at least be one command line
    single.daemons[0].lxc("start", "svc-two", "--project", PROJECT)
    single.converged()


def test_a_frozen_service_is_thawed_by_the_commit_that_says_so(single: Fleet) -> None:
    single.services({"one": "state: frozen"})
    single.run("apply", "--yes")
    single.services({"one": ""})
    single.run("apply", "--yes")
    assert single.statuses() == {"svc-one": "Running"}
