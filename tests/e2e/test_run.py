"""``unsandbox run`` over one real host: what it does by itself, what it only tells, and what works beside it."""

from __future__ import annotations

import signal
import time
from typing import TYPE_CHECKING

import pytest

from tests.e2e.fleet import HEAD, POLICY, PROJECT, Fleet
from tests.e2e.running import SOON, Running, until
from tests.e2e.test_approval import ASKING, Anna
from tests.lab.clean import clean_daemon

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Starter
    from tests.lab.daemon import Daemon

pytestmark = [pytest.mark.lxd, pytest.mark.timeout(180)]

SETTLED = 0.8
"""Seconds in which a loop that were to do something would have done it."""


class Kept:
    """A fleet of one host, and the loop that keeps it."""

    def __init__(self, fleet: Fleet, loop: Running) -> None:
        self.fleet, self.loop, self.daemon = fleet, loop, fleet.daemons[0]

    def status(self, name: str) -> str:
        return self.fleet.statuses().get(name, "absent")

    def becomes(self, name: str, status: str) -> float:
        try:
            return until(lambda: self.status(name) == status, SOON)
        except TimeoutError:
            pytest.fail(f"{name} is {self.status(name)}, not {status}; {self.loop.lines()[-10:]}")

    def tells(self, event: str, *words: str, since: int = 0) -> str:
        """Wait for a line about ``event`` with all ``words`` in it."""
        found: list[str] = []

        def told() -> bool:
            lines = [str(line) for line in self.loop.lines()[since:] if line["event"] == event]
            found[:] = [line for line in lines if all(word in line for word in words)]
            return bool(found)

        try:
            until(told, SOON)
        except TimeoutError:
            pytest.fail(f"no {event} with {words} among {[line for line in self.loop.lines()[since:] if line['event'] == event]}")
        return found[0]

    def power(self, name: str, action: str) -> None:
        self.daemon.query("PUT", f"/1.0/instances/{name}/state?project={PROJECT}", {"action": action, "timeout": 20, "force": True})

    def declare(self, name: str, spec: str = "", metadata: str = "") -> None:
        """A service in a file of its own."""
        head = HEAD.format(kind="Service", name=f"{name}{metadata}")
        self.fleet.write(f"manifests/{name}.yaml", f"{head}  {{owner: team, image: starter{', ' + spec if spec else ''}}}\n")

    def settled(self) -> None:
        """Wait until it did nothing for a moment: what happens while it is at work on the same object it takes for its own doing."""
        count = -1
        while count != (count := len(self.loop.lines())):
            time.sleep(0.5)

    def actions(self) -> int:
        return len(self.loop.actions())


@pytest.fixture(scope="module")
def kept(lxd: Daemon, starter: Starter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One loop for all that can share it; each test has objects of its own."""
    clean_daemon(lxd)
    fleet = Fleet(tmp_path_factory.mktemp("kept"), [lxd], starter)
    fleet.set_up()
    fleet.services({"web": "", "cold": "state: frozen"})
    with Running(fleet) as loop:
        made = Kept(fleet, loop)
        made.becomes("svc-web", "Running")
        made.becomes("svc-cold", "Frozen")
        yield made
    assert loop.process.returncode == 0
    assert fleet.run("history", "--verify").out.startswith("holds")


def test_what_dies_comes_back(kept: Kept) -> None:
    pid = kept.daemon.query("GET", f"/1.0/instances/svc-web/state?project={PROJECT}")["pid"]
    kept.daemon.inside("kill", "-9", str(pid))
    until(lambda: kept.daemon.query("GET", f"/1.0/instances/svc-web/state?project={PROJECT}")["pid"] not in {0, -1, pid}, SOON)
    kept.becomes("svc-web", "Running")


def test_what_is_frozen_by_hand_is_told_and_left_alone(kept: Kept) -> None:
    kept.declare("hand")
    kept.becomes("svc-hand", "Running")
    kept.settled()
    before = len(kept.loop.lines())
    kept.power("svc-hand", "freeze")
    kept.tells("refusal", "S01", "Service/hand", since=before)
    drift = kept.tells("drift", "Service/hand", "frozen", "instance-paused", since=before)
    assert "root" in drift
    assert "20" in drift
    time.sleep(SETTLED)
    assert kept.status("svc-hand") == "Frozen"
    assert "S01" in kept.fleet.run("status", expect=None).out
    kept.power("svc-hand", "unfreeze")
    kept.tells("refusal", "S01", "gone", since=before)


def test_what_is_declared_frozen_is_frozen_again(kept: Kept) -> None:
    count = kept.actions()
    kept.power("svc-cold", "unfreeze")
    until(lambda: kept.actions() > count, SOON)
    kept.becomes("svc-cold", "Frozen")


def test_a_changed_file_counts_at_once_and_a_broken_one_not_at_all(kept: Kept) -> None:
    before = len(kept.loop.lines())
    kept.declare("file")
    kept.becomes("svc-file", "Running")
    kept.fleet.write("manifests/broken.yaml", "apiVersion: unsandbox/v1\nkind: Servce\n")
    kept.tells("text", "broken.yaml", since=before)
    # The text of before stays in force, which is seen by what it does.
    kept.power("svc-file", "stop")
    kept.becomes("svc-file", "Running")
    kept.declare("later")
    time.sleep(SETTLED)
    assert kept.status("svc-later") == "absent"
    (kept.fleet.root / "manifests/broken.yaml").unlink()
    kept.becomes("svc-later", "Running")


def test_what_is_only_watched_is_told_and_not_touched(kept: Kept) -> None:
    kept.declare("seen")
    kept.becomes("svc-seen", "Running")
    before = len(kept.loop.lines())
    kept.declare("seen", metadata=", mode: detect")
    kept.tells("text", "read", since=before)
    kept.settled()
    kept.power("svc-seen", "stop")
    kept.tells("refusal", "M01", "Service/seen", since=before)
    kept.tells("drift", "Service/seen", "power is hibernated, declared running", since=before)
    time.sleep(SETTLED)
    assert kept.status("svc-seen") == "Stopped"
    kept.declare("seen")
    kept.becomes("svc-seen", "Running")


def test_a_session_ends_at_its_ttl(kept: Kept) -> None:
    text = HEAD.format(kind="Session", name="brief") + "  {owner: team, image: starter, ttl: 4s}\n"
    kept.fleet.write("manifests/session.yaml", text)
    until(lambda: any("brief" in name for name in kept.fleet.statuses()), SOON)
    until(lambda: not any("brief" in name for name in kept.fleet.statuses()), SOON)
    time.sleep(SETTLED)
    assert not any("brief" in name for name in kept.fleet.statuses())


def test_other_commands_work_beside_it_and_apply_says_what_to_do_instead(kept: Kept) -> None:
    refused = kept.fleet.run("apply", "--yes", expect=6).err
    assert f"unsandbox run of tester@lab (process {kept.loop.process.pid}" in refused
    assert "unsandbox approve" in refused
    kept.fleet.run("plan", expect=None)
    assert "Service/web" in kept.fleet.run("status", expect=None).out
    assert "Service/web" in kept.fleet.run("history").out
    assert "Service/web" in kept.fleet.run("events").out


def test_sighup_reads_and_looks_again(kept: Kept) -> None:
    before = len(kept.loop.lines())
    kept.loop.process.send_signal(signal.SIGHUP)
    kept.tells("note", "reload", since=before)
    kept.tells("pass", "reload", since=before)


def test_what_left_the_manifests_waits_for_an_approval_and_happens_once(kept: Kept) -> None:
    fleet = kept.fleet
    kept.declare("gone")
    kept.becomes("svc-gone", "Running")
    kept.settled()
    before = len(kept.loop.lines())
    fleet.write("manifests/policy.yaml", ASKING.replace("services: 0s", "services: 1s"))
    (fleet.root / "manifests/gone.yaml").unlink()
    kept.becomes("svc-gone", "Frozen")
    until(lambda: "destroy" in {row["action"] for row in fleet.run("plan", "--json", expect=None).json["actions"]}, SOON, every=0.3)
    time.sleep(SETTLED)
    assert kept.status("svc-gone") == "Frozen"
    fleet.run("plan", "--out", str(fleet.root / "plan.json"), expect=None)
    Anna(fleet).approve()
    kept.becomes("svc-gone", "absent")
    kept.settled()
    done = [line for line in kept.loop.lines()[before:] if line["event"] == "action" and line["ref"] == "Service/gone"]
    assert [(line["action"], line["state"]) for line in done] == [("quarantine", "done"), ("destroy", "done")]
    fleet.write("manifests/policy.yaml", POLICY)
