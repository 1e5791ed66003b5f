"""``unsandbox run`` over a simulated fleet, as its users start it: ``python -m tests.bench.fleet_loop HOSTS EACH`` prints JSON.

The fleet is served by a process of its own. What is told is taken from the loop's own log, its CPU and memory from the kernel.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.app.clock import now
from tests.bench.figures import Figure, middle, say
from tests.bench.scale import HOSTS, SHARE, fleet
from tests.e2e.fleet import HEAD
from tests.e2e.running import Running, moment, until

if TYPE_CHECKING:
    from pathlib import Path

    from reconciler.model.resources import Desired
    from tests.bench.scale import Fleet

RSS_BOUND, LINEAR_BOUND = 2048, 12.0
FIRST_BOUND, FULL_BOUND, CHANGED_BOUND, ONE_BOUND = 30.0, 30.0, 60.0, 3.0
"""Seconds, both processes on two cores. SIGHUP has all of the text read again; a start is synced to the journal twice."""
LOOKS_BOUND = 4.0
"""Passes of a host until it is at rest, at the start and after its objects were stopped."""
EACH_DECLARED = 490
QUIET = 3.0
"""Seconds without a pass after which nothing is to be done any more."""
EVENTS = 5
PATIENCE = 300.0
BASE = (
    ("Tier", "name: small", "{{vcpu: 1, memory: 64MiB, disk: 128MiB, processes: 100}}"),
    ("Key", "name: team", "{{publicId: unsb-pk-aaaa-bbbb-cccc-dddd, tier: small}}"),
    ("Image", "name: starter", "{{alias: starter, fingerprint: '{image}'}}"),
    ("Policy", "name: fleet", "{{environment: {env}, approval: 'off', limits: {{flaps: 100000, failures: 100000}}}}"),
)


@dataclass
class Folder:
    """The repository that declares the fleet."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, desired: Desired) -> None:
        """The manifests of ``desired``, a file a host, and the inventory."""
        self.environ = {**os.environ, "UNSANDBOX_CONFIG_DIR": str(self.root / "config"), "UNSANDBOX_ACTOR": "tester@lab"}
        words = {"image": desired.images[0].fingerprint, "env": desired.policy.environment}
        self._file("manifests/base.yaml", [(kind, name, spec.format(**words)) for kind, name, spec in BASE])
        for host in desired.hosts:
            capacity = f"capacity: {{isolated: {host.capacity.isolated}}}"
            spec = f"{{address: '{host.address}', fingerprint: {host.fingerprint}, location: here, subnet: {host.subnet}, {capacity}}}"
            self._file(f"inventory/{host.name}.yaml", [("Host", f"name: {host.name}", spec)])
            mine = [item for item in desired.workloads if item.placement.host == host.name]
            body = f"{{owner: team, image: starter, env: {{A: '1', B: '2'}}, ports: [80], placement: {{host: {host.name}}}}}"
            names = [f"name: {item.ref.name}, uid: '{item.uid}', labels: {{role: web}}" for item in mine]
            self._file(f"manifests/{host.name}.yaml", [("Service", name, body) for name in names])

    def _file(self, path: str, documents: list[tuple[str, str, str]]) -> None:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        texts = [HEAD.format(kind=kind, name="@").replace("name: @", name).rstrip() + " " + spec + "\n" for kind, name, spec in documents]
        file.write_text("---\n".join(texts))


@dataclass
class Watched:
    """A loop, and when its last pass ended."""

    loop: Running
    served: Fleet

    def passes(self, since: float) -> list[dict[str, Any]]:
        """Passes that ended after ``since``."""
        return [line for line in self.loop.lines() if line["event"] == "pass" and moment(line) >= since]

    def settle(self, since: float, hosts: int) -> dict[str, float]:
        """Wait until each of so many hosts had a pass and none goes on; seconds from ``since`` to the end of the last one, and CPU."""
        before = self.loop.cpu()

        def quiet() -> bool:
            ended = self.passes(since)
            return len({line["host"] for line in ended}) >= hosts and now().timestamp() - max(map(moment, ended)) > QUIET

        until(quiet, PATIENCE, every=1.0)
        ended = self.passes(since)
        return {"seconds": max(map(moment, ended)) - since, "passes": len(ended), "cpu": self.loop.cpu() - before}

    def change(self, verb: str, share: float, hosts: int) -> dict[str, float]:
        """Change some behind its back; until every one was started again."""
        since = now().timestamp()
        count = self.served.change(verb, share)
        behind = now().timestamp() - since
        until(lambda: len(self.loop.actions("done", since)) >= count, PATIENCE, every=0.5)
        done = self.loop.actions("done", since)
        took = max(map(moment, done)) - since
        return {**self.settle(since, hosts), "seconds": took, "changed": count, "changing": behind, "done": len(done)}


def run(hosts: int, each: int) -> dict[str, Any]:
    """Measure one fleet."""
    with fleet(hosts, each) as served:
        folder = Folder(served.folder / "repository")
        folder.write(served.desired)
        began = now().timestamp()
        with Running(folder) as loop:
            watched = Watched(loop, served)
            told: dict[str, Any] = {"start": watched.settle(began, hosts)}
            read = next(line for line in loop.lines() if line.get("state") == "text-read")
            told["text"] = moment(read) - began
            since = now().timestamp()
            loop.process.send_signal(signal.SIGHUP)
            told["full"] = watched.settle(since, hosts)
            told["one"] = [watched.change("one-edit", 1 / each, 1) for _ in range(EVENTS)]
            told["rss_passes"] = loop.highest() // 2**20
            told["changed"] = watched.change("stop", SHARE, hosts)
            told["rss"] = loop.highest() // 2**20
    return told


def measure() -> list[Figure]:
    """The figures of a small fleet and of a large one. Each of its services is a document of its own."""
    small, large = _child(HOSTS // 10, EACH_DECLARED), _child(HOSTS, EACH_DECLARED)
    count, rss = HOSTS * EACH_DECLARED, large["rss"]
    first, full, changed = (large[name]["seconds"] for name in ("start", "full", "changed"))
    first -= large["text"]
    linear = first / (small["start"]["seconds"] - small["text"])
    one = middle([event["seconds"] for event in large["one"]])
    cpu = middle([event["cpu"] for event in large["one"]])
    return [
        Figure(f"run: first passes over {count:,} instances, after {large['text']:.1f} s of reading text", *_within(first, FIRST_BOUND)),
        Figure(f"run: a look at everything, by SIGHUP, {large['full']['passes']} passes", *_within(full, FULL_BOUND)),
        Figure(f"run: {large['changed']['done']} stopped behind its back, until all run", *_within(changed, CHANGED_BOUND)),
        Figure(
            "run: one edited, until it is as declared, p50", f"{one:.2f} s, {cpu:.2f} s of CPU", f"< {ONE_BOUND:.0f} s", one < ONE_BOUND
        ),
        *(
            Figure(f"run: passes of a host, {name}", f"{passes:.1f}", f"<= {LOOKS_BOUND:.0f}", passes <= LOOKS_BOUND)
            for name, passes in (
                ("at the start", large["start"]["passes"] / HOSTS),
                ("with 1 % stopped", large["changed"]["passes"] / HOSTS),
            )
        ),
        Figure(f"run: {HOSTS} hosts against {HOSTS // 10}", f"{linear:.1f} x", f"<= {LINEAR_BOUND:.0f} x", linear <= LINEAR_BOUND),
        Figure("run: highest RSS", f"{rss} MiB, {rss * 1024 / count:.1f} KiB an instance", f"< {RSS_BOUND} MiB", rss < RSS_BOUND),
    ]


def _within(took: float, bound: float) -> tuple[str, str, bool]:
    return f"{took:.1f} s", f"< {bound:.0f} s", took < bound


def _child(hosts: int, each: int) -> dict[str, Any]:
    say(f"run over a fleet of {hosts} x {each}")
    done = subprocess.run([sys.executable, "-m", "tests.bench.fleet_loop", str(hosts), str(each)], check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
