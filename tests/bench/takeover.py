"""How long nobody writes after the leader was killed at work, and whether anything is done twice for it."""

from __future__ import annotations

import signal
import time
from collections import Counter
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from tests.bench.figures import Figure, middle, say
from tests.e2e.running import Running, moment, until
from tests.lab.monitor import Monitor

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet
    from tests.lab.daemon import Daemon

KILLS, BATCH = 50, 4
TTL = 2.0
BOUND = 5.0


def measure(fleet: Fleet) -> list[Figure]:
    """Two loops with state folders of their own. The leader is killed while it makes services; the other goes on."""
    daemon = fleet.daemons[0]
    fleet.write("manifests/policy.yaml", (fleet.root / "manifests/policy.yaml").read_text().replace("flaps: 50", "flaps: 500"))
    fleet.services({"first": ""})
    waits: list[float] = []
    doubled = 0
    leader, other = _raised(fleet, "a"), None
    try:
        until(lambda: fleet.statuses() == {"svc-first": "Running"})
        for turn in range(KILLS):
            other = _raised(fleet, "ba"[turn % 2])
            until(lambda other=other: _lease(other) == "standby")  # type: ignore[misc]  # mypy cannot type a default-bound lambda
            wait, twice = _one(fleet, daemon, leader, other, turn)
            waits.append(wait)
            doubled += twice
            say(f"takeover {turn + 1} of {KILLS}: first write {wait:.2f} s after the kill, {twice} doubled")
            leader, other = other, None
    finally:
        for loop in filter(None, (leader, other)):
            loop.end()
    longest = max(waits) - TTL
    return [
        Figure(
            f"takeover after SIGKILL, first write after the kill less the ttl of {TTL:g} s, {KILLS} times",
            f"longest {longest:+.2f} s, p50 {middle(waits) - TTL:+.2f} s",
            f"<= {BOUND:g} s",
            longest <= BOUND,
        ),
        Figure(f"actions doubled in {KILLS} takeovers, by LXD's own events", str(doubled), "0", doubled == 0),
    ]


def _raised(fleet: Fleet, name: str) -> Running:
    return Running(fleet, "--lease-ttl", str(TTL), state=fleet.root / f"state-{name}")


def _lease(loop: Running) -> str:
    return next((str(line["state"]) for line in reversed(loop.lines()) if line["event"] == "lease"), "")


def _one(fleet: Fleet, daemon: Daemon, leader: Running, other: Running, turn: int) -> tuple[float, int]:
    """Seconds from the kill to the other's first write, and how many creates or starts there were too many."""
    file = f"manifests/turn-{turn}.yaml"
    names = [f"t-{turn:02}-{number}" for number in range(BATCH)]
    with Monitor(daemon) as heard:
        fleet.services(dict.fromkeys(names, ""), file)
        seen = len(leader.lines())
        until(
            lambda: any(line["event"] == "action-began" and line.get("action") == "create" for line in leader.lines()[seen:]), every=0.002
        )
        time.sleep((turn % 10) * 0.04)
        killed = now().timestamp()
        leader.end(signal.SIGKILL)
        wanted = [f"svc-{name}" for name in names]
        until(lambda: all(fleet.statuses().get(name) == "Running" for name in wanted))
        until(lambda: _lease(other) == "leader")
        time.sleep(0.3)
    # Taken away before the next ones come: at once it would look like a rename.
    (fleet.root / file).unlink()
    until(lambda: not fleet.statuses().keys() & set(wanted))
    counts = Counter((action, name) for action, name in heard.told if name in wanted)
    extra = sum(count - 1 for count in counts.values() if count > 1)
    missing = [name for name in wanted for action in ("instance-created", "instance-started") if not counts[action, name]]
    if missing:
        raise RuntimeError(f"LXD told no event of {missing}")
    began = [moment(line) for line in other.lines() if line["event"] == "action-began" and moment(line) >= killed]
    # Where the leader was killed after its last call the lease itself is the first write.
    began += [moment(line) for line in other.lines() if line["event"] == "lease" and line["state"] == "leader"]
    return (min(began) - killed, extra)
