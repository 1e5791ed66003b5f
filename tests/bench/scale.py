"""A whole pass over 100,000 simulated instances: ``python -m tests.bench.scale HOSTS EACH`` measures one fleet and prints JSON.

The fleet is served by a process of its own, the pass is measured in another, through real doors: look at every host at once, diff, guard,
plan, certify.
"""

from __future__ import annotations

import gc
import json
import resource
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.app.apply import apply
from reconciler.app.clearance import Terms
from reconciler.app.clock import now
from reconciler.app.doors import Doors
from reconciler.app.observe import observe
from reconciler.app.planning import weigh
from reconciler.app.settings import Settings
from reconciler.app.standing import before_steps
from reconciler.model.names import Kind, Ref
from reconciler.model.resources import Approval, Commit, Desired, Image, Key, Policy, Resources, Tier
from reconciler.store.journal import FILE_NAME, Journal
from tests.bench import worlds
from tests.bench.figures import Figure, say, seconds
from tests.fake.fleet import Place, workloads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.app.planning import Made

HOSTS, EACH, SHARE = 100, 1000, 0.01
PASS_BOUND, CHANGED_BOUND, RSS_BOUND, LINEAR_BOUND = 20.0, 25.0, 2048, 12.0


@dataclass
class Fleet:
    """The serving process, and the text that declares what it serves."""

    process: subprocess.Popen[str]
    folder: Path
    desired: Desired

    def change(self, verb: str, share: float) -> int:
        """Stop or edit that share of the instances behind our back; how many."""
        if self.process.stdin is None or self.process.stdout is None:
            raise AssertionError("the fleet has no pipes")
        self.process.stdin.write(f"{verb} {share}\n")
        self.process.stdin.flush()
        return int(json.loads(self.process.stdout.readline()))


@contextmanager
def fleet(hosts: int, each: int) -> Iterator[Fleet]:
    """``hosts`` fakes with ``each`` instances, as declared."""
    with tempfile.TemporaryDirectory(prefix="fleet-") as folder:
        command = [sys.executable, "-m", "tests.fake.fleet", folder, str(hosts), str(each)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            told = json.loads(process.stdout.readline()) if process.stdout else []
            yield Fleet(process, Path(folder), declared([Place(*words) for words in told], each))
            if process.stdin is not None:
                process.stdin.close()


def declared(places: list[Place], each: int) -> Desired:
    """What the manifests of the fleet compile to."""
    wanted = tuple(item for number, place in enumerate(places) for item in workloads(place.name, number, each))
    size = Resources(4, 1 << 30, 1 << 32, 1000)
    image = Image(Ref(Kind.IMAGE, "starter"), worlds.IMAGE, "starter", worlds.SOURCE)
    key = Key(Ref(Kind.KEY, "team"), "unsb-pk-aaaa-bbbb-cccc-dddd", "small", "", "", worlds.SOURCE)
    tier = Tier(Ref(Kind.TIER, "small"), size, (), (), worlds.SOURCE)
    hosts = tuple(place.host(number) for number, place in enumerate(places))
    policy, commit = Policy(approval=Approval.OFF), Commit("c0ffee", dirty=False, digest="0" * 64)
    return Desired(wanted, (), (image,), (tier,), (key,), hosts, policy, commit)


@dataclass
class Passes:
    """Passes over one fleet, as the loop makes them: what the last one saw is handed to the next."""

    desired: Desired
    journal: Journal
    doors: Doors
    stages: dict[str, float] = field(default_factory=dict)
    made: Made | None = None

    def one(self) -> float:
        """A pass without its actions. Seconds; ``stages`` tells of each part."""
        self.stages = {"look": seconds(self._look), "decide": seconds(self._decide), "certify": seconds(self._certify)}
        return sum(self.stages.values())

    def _look(self) -> None:
        self._seen = observe(self.desired.hosts, self.doors, self.made.observed.hosts if self.made else None)

    def _decide(self) -> None:
        ledger, before = self.journal.ledger(now()), self.made.every if self.made else None
        self.made = weigh(self.desired, self._seen, ledger, self.journal, self.doors, before=before)

    def _certify(self) -> None:
        if self.made is not None:
            before_steps(self.journal, self.made)

    def actions(self) -> int:
        """How many the last plan has, none of them refused."""
        if self.made is None or self.made.refused:
            raise AssertionError(f"refused: {self.made and self.made.refused[:3]}")
        return len(self.made.plan.actions)


def run(hosts: int, each: int) -> dict[str, Any]:
    """Measure one fleet."""
    with fleet(hosts, each) as served:
        settings = Settings(served.folder, served.folder / "state", served.folder / "config", actor="bench")
        with Doors(settings) as doors, Journal(settings.state_dir / FILE_NAME) as journal:
            passes, told = Passes(served.desired, journal, doors), dict[str, Any]()
            for name, verb in (("first", ""), ("later", ""), ("changed", "stop")):
                expected = served.change(verb, SHARE) if verb else 0
                told[name] = {"all": passes.one(), **passes.stages}
                if passes.actions() != expected:
                    raise AssertionError(f"{passes.actions()} actions for {expected} changes")
                # What was seen lives as long as the loop: the collector need not walk it again and again.
                gc.freeze()
        told["rss"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
        if passes.made is not None:
            made = passes.made
            told["acting"] = seconds(lambda: _carry_out(made, settings))
    return {**told, "rss_acting": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024}


def _carry_out(made: Made, settings: Settings) -> None:
    report = apply(made, settings, lambda _event: None, threading.Event(), Terms(uncommitted=True))
    if len(report.done) != len(made.plan.actions):
        raise AssertionError(f"{len(report.done)} of {len(made.plan.actions)} done: {report.failed[:2]}")


def measure() -> list[Figure]:
    """The figures of a small fleet and of a large one, each in a process of its own."""
    small, large = _child(HOSTS // 10, EACH), _child(HOSTS, EACH)
    count = HOSTS * EACH
    first, later, changed, acting = large["first"]["all"], large["later"]["all"], large["changed"]["all"], large["acting"]
    linear = {part: large["first"][part] / small["first"][part] for part in ("all", "look", "decide")}
    again = large["changed"]["decide"] / large["first"]["decide"]
    rss, acting_rss = large["rss"], large["rss_acting"]
    return [
        Figure(f"first pass over {count:,} instances", _told(large["first"]), f"< {PASS_BOUND:.0f} s", first < PASS_BOUND),
        Figure("a later pass, nothing to do", _told(large["later"]), f"< {PASS_BOUND:.0f} s", later < PASS_BOUND),
        Figure("a pass with 1 % stopped, its starts apart", _told(large["changed"]), f"< {CHANGED_BOUND:.0f} s", changed < CHANGED_BOUND),
        Figure("its diff, guard and plan against the first pass's", f"{again:.2f} x", "", None),
        Figure(f"the {count // 100:,} starts: lease, look, intent, call, outcome", f"{acting:.1f} s", "", None),
        *(
            Figure(f"100,000 against 10,000: {part}", f"{times:.1f} x", f"<= {LINEAR_BOUND:.0f} x", times <= LINEAR_BOUND)
            for part, times in linear.items()
        ),
        Figure("highest RSS of the passes", f"{rss} MiB, {rss * 1024 / count:.1f} KiB an instance", f"< {RSS_BOUND} MiB", rss < RSS_BOUND),
        Figure("highest RSS with the starts, by apply", f"{acting_rss} MiB", f"< {RSS_BOUND} MiB", acting_rss < RSS_BOUND),
    ]


def _told(stages: dict[str, float]) -> str:
    parts = ", ".join(f"{name} {took:.1f}" for name, took in stages.items() if name != "all")
    return f"{stages['all']:.1f} s ({parts})"


def _child(hosts: int, each: int) -> dict[str, Any]:
    say(f"a fleet of {hosts} x {each}")
    done = subprocess.run([sys.executable, "-m", "tests.bench.scale", str(hosts), str(each)], check=True, stdout=subprocess.PIPE)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(run(int(sys.argv[1]), int(sys.argv[2]))) + "\n")
