"""A daemon that is killed while it makes a container leaves a row without a disk; the next apply takes it away and makes it again.

How far LXD came decides whether it can be taken away by LXD alone; where it cannot, the message names the empty folder to remove.
"""

from __future__ import annotations

import re
import subprocess
import time
from typing import TYPE_CHECKING

from reconciler.engine.unfinished import UNPACKED
from reconciler.store.journal import Journal
from tests.e2e.fleet import COMMAND, PROJECT

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

TRIES = 12
"""A row is half made for some tens of milliseconds, so not every kill hits one."""


def test_what_a_killed_daemon_left_half_made_is_made_anew_with_one_command_at_most(single: Fleet) -> None:
    daemon = single.daemons[0]
    services = {"standing": ""}
    single.services(services)
    single.run("apply", "--yes")
    standing = single.instances()["h1/svc-standing"]["config"]["volatile.uuid"]
    for number in range(TRIES):
        name = f"web-{number}"
        services[name] = ""
        single.services(services)
        if _killed_half_way(single, f"svc-{name}"):
            break
    else:
        raise AssertionError(f"no kill of {TRIES} struck in the middle of a create")
    half = single.instances()[f"h1/svc-{name}"]
    assert not UNPACKED & half["config"].keys()

    planned = single.run("plan", "--json", expect=2).json
    assert [(row["action"], row["reason"]) for row in planned["actions"] if row["name"] == name] == [("replace", "unfinished")]
    assert planned["refusals"] == []
    done = single.run("apply", "--yes", expect=None)
    if done.status:
        folder = re.search(r"on h1: rmdir (/\S+), then unsandbox apply", done.out + done.err)
        assert folder, done.out + done.err
        daemon.inside("rmdir", folder[1])
        single.run("apply", "--yes")
    assert single.run("plan", "--json").json["actions"] == []
    now = single.instances()
    assert now[f"h1/svc-{name}"]["config"]["volatile.uuid"] != half["config"]["volatile.uuid"]
    assert now["h1/svc-standing"]["config"]["volatile.uuid"] == standing
    assert set(single.statuses().values()) == {"Running"}
    assert daemon.lxc("exec", f"svc-{name}", "--project", PROJECT, "--", "echo", "lives").strip() == "lives"
    with Journal(single.root / ".unsandbox" / "journal.db") as journal:
        assert journal.dangling() == ()


def _killed_half_way(fleet: Fleet, instance: str) -> bool:
    """Kill the daemon as soon as it lists the row; True where what it had begun was not at its end."""
    daemon = fleet.daemons[0]
    apply = subprocess.Popen(
        [*COMMAND, "apply", "--yes"], cwd=fleet.root, env=fleet.environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    deadline = time.monotonic() + 30
    while f"h1/{instance}" not in fleet.instances() and apply.poll() is None and time.monotonic() < deadline:
        time.sleep(0.002)
    daemon.kill()
    apply.wait(timeout=60)
    daemon.start()
    row = fleet.instances().get(f"h1/{instance}")
    if row is None or UNPACKED & row["config"].keys():
        fleet.run("apply", "--yes")
        return False
    return True
