"""A real cluster of three: one endpoint, three hosts, of which one is put away, then lost, then one more."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from reconciler.app.apply import apply
from reconciler.app.clock import now
from reconciler.app.doors import Doors
from reconciler.app.observe import observe, with_snapshots
from reconciler.app.planning import make
from reconciler.app.settings import Settings
from reconciler.lxd.certificate import load_or_make
from reconciler.lxd.connect import Door
from reconciler.lxd.enrol import enrol
from reconciler.lxd.foundation import put_object
from reconciler.lxd.read import look
from reconciler.model.plan import PutObject
from reconciler.model.world import Grade
from tests.e2e.fleet import HEAD, Fleet
from tests.lab import cluster
from tests.lab.lab import Lab
from tests.lab.permit import ALONE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from reconciler.app.events import Report
    from reconciler.app.planning import Made
    from reconciler.model.resources import Host
    from reconciler.model.world import Observed
    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = pytest.mark.lxd

IN_PROJECT = "?project=unsandbox"
AWAY = "/1.0/cluster/members/"
ANSWER, LOOKS = 30, 5
"""Seconds for an answer, as the command gives them: LXD takes up to twenty to say that it has no majority. Looks until it surely did."""


class Estate:
    """Three members, and a repository that declares a service on each, named after it."""

    def __init__(self, fleet: Fleet, members: list[Daemon]) -> None:
        self.fleet = fleet
        self.members = members
        self.services = {f"on-{member.name}": f"placement: {{host: {member.name}}}" for member in members}
        self.settings = Settings(fleet.root, fleet.root / ".unsandbox", fleet.root / "config", actor="tester@lab", read_timeout=ANSWER)

    def declare(self, *names: str, **more: str) -> None:
        """The members ``names`` are in the inventory; ``more``: service -> what its spec says beside its placement."""
        for file in (self.fleet.root / "inventory").glob("*.yaml"):
            file.unlink()
        for member in self.members:
            if member.name in names:
                spec = f"address: '{member.url}', fingerprint: {cluster.fingerprint_of(self.members[0])}"
                text = f"  {{{spec}, location: rack-{member.name}, cluster: {{name: prod}}, capacity: {{instances: 50}}}}\n"
                self.fleet.write(f"inventory/{member.name}.yaml", HEAD.format(kind="Host", name=member.name) + text)
        told = {name.replace("_", "-"): words for name, words in more.items()}
        kept = {name: words for name, words in self.services.items() if name.removeprefix("on-") in names}
        self.fleet.services({name: ", ".join(filter(None, (words, told.pop(name, "")))) for name, words in kept.items()} | told)

    def plan(self) -> Made:
        return make(self.settings)

    def carry_out(self, made: Made) -> Report:
        return apply(made, self.settings, lambda _event: None, threading.Event())

    def apply(self) -> Report:
        return self.carry_out(self.plan())

    def observe(self) -> Observed:
        with Doors(self.settings) as doors:
            return observe(self.hosts, doors)

    @property
    def hosts(self) -> tuple[Host, ...]:
        return self.plan().desired.hosts


def told(made: Made) -> set[str]:
    """Every action and refusal of a plan."""
    actions = {f"{action.action} {action.ref} {action.host}" for action in made.plan.actions}
    return actions | {f"{refusal.code} {refusal.action} {refusal.ref}" for refusal in made.plan.refusals}


def done(report: Report) -> set[str]:
    assert not report.failed, [event.detail for event in report.failed]
    return {f"{event.action} {event.ref} {event.host}" for event in report.done}


@pytest.fixture(scope="module")
def members() -> Iterator[list[Daemon]]:
    """Daemons of their own: what was once in a cluster cannot be given back."""
    with Lab() as lab:
        daemons = lab.several("h1", "h2", "h3")
        cluster.form(daemons)
        yield daemons


@pytest.fixture(scope="module")
def estate(members: list[Daemon], starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Estate:
    """Everything declared and made: nothing but the pool was there before."""
    fleet = Fleet(tmp_path_factory.mktemp("cluster"), [], starter)
    fleet.set_up()
    made = Estate(fleet, members)
    certificate = load_or_make(made.settings.config_dir)
    enrol(members[0].url, cluster.fingerprint_of(members[0]), certificate, members[0].trust_password)
    made.declare("h1", "h2", "h3")
    assert done(made.apply()) == {
        "prepare Host/h1 h1",
        "import Image/starter h1",
        *(f"create Service/on-{member.name} {member.name}" for member in members),
    }
    return made


@pytest.fixture(autouse=True)
def declared(estate: Estate) -> None:
    """Each test begins with all of it declared."""
    estate.declare("h1", "h2", "h3")


def test_each_member_holds_what_was_placed_on_it(estate: Estate, members: list[Daemon]) -> None:
    rows = members[1].query("GET", f"/1.0/instances{IN_PROJECT}&recursion=1")
    assert {row["name"]: (row["location"], row["status"]) for row in rows} == {
        f"svc-on-{member.name}": (member.name, "Running") for member in members
    }
    assert told(estate.plan()) == set()
    profiles = [row["name"] for row in members[0].query("GET", f"/1.0/profiles{IN_PROJECT}&recursion=1")]
    assert len([name for name in profiles if name.startswith("lease-")]) == 1, "members share one lease"
    for member in members:
        assert "unsb-semi" in member.inside("ip", "-o", "link")


def test_one_look_serves_all_members(estate: Estate) -> None:
    hosts = estate.hosts
    with Doors(estate.settings) as doors:
        observed = observe(hosts, doors)
        door = doors.open(hosts[0])
        assert door.requests.total() == 5
        seen = with_snapshots(observed, {"h2"}, hosts, doors).hosts["h2"]
    assert [(view.host, view.grade, view.why) for view in observed.hosts.values()] == [
        (name, Grade.COMPLETE, ()) for name in ("h1", "h2", "h3")
    ]
    for name, view in observed.hosts.items():
        assert [row.name for row in view.instances] == [f"svc-on-{name}"]
        assert view.identity is not None
        assert view.identity.server_name == name
        assert len(view.identity.addresses) == 3
    assert seen.project is not None
    assert seen.project.snapshots is not None
    assert seen.project.snapshots["svc-on-h2"] == ()


def test_a_cluster_is_taken_in_with_every_member(members: list[Daemon], starter: Starter, tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, [], starter)
    fleet.set_up()
    fleet.environ["UNSANDBOX_TRUST_TOKEN"] = members[1].trust_password
    pin = cluster.fingerprint_of(members[0])
    words = ("hosts", "add", members[1].url, "--name", "prod", "--location", "rack", "--fingerprint", pin)
    fleet.write("inventory/h3.yaml", "")
    assert "host h3 is in the inventory already" in fleet.run(*words, expect=1).err
    assert [file.name for file in (tmp_path / "inventory").iterdir()] == ["h3.yaml"]
    (tmp_path / "inventory" / "h3.yaml").unlink()
    assert "cluster of h1, h2, h3" in fleet.run(*words).out
    rows = fleet.run("hosts", "--json").json["hosts"]
    assert [(row["name"], row["grade"], row["cluster"], row["address"]) for row in rows] == [
        (member.name, "complete", "prod", member.url) for member in members
    ]


def test_a_cluster_that_is_declared_as_one_host_is_seen_as_one(estate: Estate, members: list[Daemon]) -> None:
    alone = replace(estate.hosts[0], cluster=None, member="", address=f"unix:{members[0].socket}")
    with Door.open(alone, None) as door:
        view = look(door, now)
        assert door.requests.total() == 5
    assert (view.grade, view.why) == (Grade.COMPLETE, ())
    assert [(member.name, member.status) for member in view.members] == [(name, "Online") for name in ("h1", "h2", "h3")]
    assert sum(member.votes for member in view.members) == 3
    assert {row.name: row.location for row in view.instances} == {f"svc-on-{member.name}": member.name for member in members}


def test_what_was_announced_to_some_members_is_made_on_all(estate: Estate, members: list[Daemon]) -> None:
    network = PutObject("network", "br-cut", {"type": "bridge", "config": {"ipv4.address": "none", "ipv6.address": "none"}})
    pool = PutObject("storage-pool", "cut", {"driver": "dir", "config": {}})
    members[0].query("POST", "/1.0/networks?target=h1", {"name": "br-cut", "type": "bridge"})
    members[0].query("POST", "/1.0/storage-pools?target=h2", {"name": "cut", "driver": "dir"})
    host = replace(estate.hosts[0], address=f"unix:{members[0].socket}")
    with Door.open(host, None).under(ALONE) as door:
        for call in (network, pool, network, pool):
            put_object(door, call)
    for path in ("networks/br-cut", "storage-pools/cut"):
        row = members[2].query("GET", f"/1.0/{path}")
        assert (row["status"], sorted(row["locations"])) == ("Created", ["h1", "h2", "h3"])


def test_a_name_is_taken_on_all_members_by_what_has_it_on_one(estate: Estate, members: list[Daemon]) -> None:
    body = {"name": "svc-taken", "source": {"type": "none"}, "devices": {"root": {"type": "disk", "path": "/", "pool": "unsandbox"}}}
    members[0].query("POST", f"/1.0/instances{IN_PROJECT}&target=h2", {**body, "profiles": []})
    estate.declare("h1", "h2", "h3", taken="placement: {host: h1}")
    assert told(estate.plan()) == {"I01 create Service/taken"}
    members[0].query("DELETE", f"/1.0/instances/svc-taken{IN_PROJECT}")


def test_a_member_that_nobody_declared_is_left_alone_and_told_of(estate: Estate) -> None:
    estate.declare("h1", "h2", anywhere="network: semitrusted, env: {B: two}")
    made = estate.plan()
    assert made.observed.hosts["prod/h3"].grade is Grade.PARTIAL
    assert ("prod/h3", "this member of the cluster is not in the inventory") in made.plan.unseen
    # Its service is declared no more, and stays: what lives on a host that is not in the inventory is nobody's to end.
    assert told(made) == {"create Service/anywhere h1", "D11 destroy Service/on-h3"}


def test_an_evacuated_member_is_out_of_sight_until_it_is_back(estate: Estate, members: list[Daemon]) -> None:
    members[0].query("POST", f"{AWAY}h3/state", {"action": "evacuate"})
    try:
        estate.declare("h1", "h2", "h3", on_h1="env: {A: one}", on_h3="env: {A: one}", new="placement: {host: h3}")
        made = estate.plan()
        view = made.observed.hosts["h3"]
        assert (view.grade, view.code, view.why) == (Grade.UNSEEN, "F06", ("member h3 of cluster prod is Evacuated",))
        assert view.doubtful == {"svc-on-h3": "it is on h3, which is Evacuated"}
        assert told(made) == {"update Service/on-h1 h1", "F06 create Service/on-h3", "F06 create Service/new"}
        assert done(estate.carry_out(made)) == {"update Service/on-h1 h1"}
    finally:
        members[0].query("POST", f"{AWAY}h3/state", {"action": "restore"})
    assert done(estate.apply()) == {"update Service/on-h3 h3", "create Service/new h3"}
    row = members[0].query("GET", f"/1.0/instances/svc-on-h3{IN_PROJECT}")
    assert (row["location"], row["status"]) == ("h3", "Running")
    estate.declare("h1", "h2", "h3")
    done(estate.apply())


def test_what_an_evacuation_moved_is_left_alone_until_it_is_back(estate: Estate, members: list[Daemon]) -> None:
    """Somebody let it: ours are stopped by an evacuation, for LXD cannot move what is protected."""
    config = {"cluster.evacuate": "migrate", "security.protection.delete": "false"}
    members[0].query("PATCH", f"/1.0/instances/svc-on-h3{IN_PROJECT}", {"config": config})
    members[0].query("POST", f"{AWAY}h3/state", {"action": "evacuate"})
    try:
        made = estate.plan()
        assert told(made) == {"I05 update Service/on-h3"}
        assert ("evacuated", "h3") in made.plan.refusals[0].evidence
    finally:
        members[0].query("POST", f"{AWAY}h3/state", {"action": "restore"})
    assert done(estate.apply()) == {"update Service/on-h3 h3"}


def test_a_lost_member_is_unknown_while_another_answers_for_the_rest(estate: Estate, members: list[Daemon]) -> None:
    """It is the first, whose address is asked first and who led the database."""
    members[0].kill()
    try:
        deadline = time.monotonic() + cluster.PATIENCE
        while (view := estate.observe().hosts["h1"]).grade is not Grade.UNSEEN or view.code != "F06":
            # Before the cluster calls it lost, and while the others choose a leader: never a row short without a word.
            assert view.grade is not Grade.COMPLETE or [row.name for row in view.instances] == ["svc-on-h1"]
            assert time.monotonic() < deadline
            time.sleep(0.3)
        assert view.doubtful == {"svc-on-h1": "it is on h1, which is Offline"}
        estate.declare("h1", "h2", "h3", on_h1="env: {A: two}", on_h2="env: {A: two}", new="placement: {host: h3}")
        while (made := estate.plan()).observed.hosts["h3"].grade is not Grade.COMPLETE:
            # To choose a leader takes a busy machine a while, in which the rest is unknown as well.
            assert not any(action.host == "h3" for action in made.plan.actions)
            assert time.monotonic() < deadline
        assert told(made) == {"F06 create Service/on-h1", "update Service/on-h2 h2", "create Service/new h3"}
        assert done(estate.carry_out(made)) == {
            "update Service/on-h2 h2",
            "create Service/new h3",
        }
    finally:
        members[0].start(60)
    cluster.wait_for(members[1], "Online", "h1")
    assert told(estate.plan()) == {"update Service/on-h1 h1"}


@pytest.mark.slow
def test_without_a_majority_nothing_is_written_and_with_it_all_goes_on(estate: Estate, members: list[Daemon]) -> None:
    before = estate.plan()
    estate.declare("h1", "h2", "h3", on_h1="env: {A: three}", late="placement: {host: h1}, network: semitrusted, env: {B: two, C: three}")
    members[1].kill()
    members[2].kill()
    try:
        # Planned while the first still told what it knew: the write finds out.
        planned = estate.plan()
        report = estate.carry_out(planned) if planned.plan.actions else None
        assert report is None or not report.done
        deadline = time.monotonic() + LOOKS * ANSWER
        while (view := estate.observe().hosts["h1"]).code != "F08" or view.grade is not Grade.UNSEEN:
            assert time.monotonic() < deadline, view
        made = estate.plan()
        assert made.plan.actions == ()
        assert {refusal.code for refusal in made.plan.refusals} == {"F08"}
    finally:
        for member in members[1:]:
            member.start(60)
    cluster.wait_for(members[0], "Online", "h2", "h3")
    assert told(estate.plan()) >= {"update Service/on-h1 h1", "create Service/late h1"}
    done(estate.apply())
    assert before.observed.hosts.keys() == estate.plan().observed.hosts.keys()
