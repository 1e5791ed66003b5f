"""``python -m tests.bench [NAME...]``: measure and print every figure, or those named."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.app.doors import Doors
from reconciler.app.observe import observe
from reconciler.app.repository import load_desired
from reconciler.app.settings import settings_from
from tests.bench import rivals
from tests.bench.cells import measure as measure_cells
from tests.bench.commits import measure as measure_commit
from tests.bench.contest import measure as measure_contest
from tests.bench.execute import measure as measure_execute
from tests.bench.figures import Figure, middle, say, seconds, show
from tests.bench.fleet_loop import measure as measure_fleet
from tests.bench.guard import measure as measure_guard
from tests.bench.integrity import measure as measure_integrity
from tests.bench.lease import measure as measure_lease
from tests.bench.loop import measure_idle, measure_kill, measure_moves, measure_refill
from tests.bench.memory import measure as measure_memory
from tests.bench.overload import measure as measure_overload
from tests.bench.pure import measure as measure_pure
from tests.bench.runner import measure as measure_runner
from tests.bench.scale import measure as measure_scale
from tests.bench.takeover import measure as measure_takeover
from tests.conftest import REPOSITORY, Starter, build_starter
from tests.e2e.fleet import COMMAND, Fleet
from tests.lab.clean import clean_daemon
from tests.lab.lab import Lab

if TYPE_CHECKING:
    from collections.abc import Callable

ROUNDS = 3
SERVICES = 24
FLEET = 40
HELP_BOUND, PLAN_BOUND, APPLY_BOUND, PURE_BOUND, LINEAR_BOUND, DEMO_BOUND = 0.3, 1.0, 1.15, 0.4, 12.0, 180.0


@dataclass
class Bench:
    """What the measurements share: a lab and a starter image, raised when first asked for."""

    lab: Lab
    starter: Starter
    folder: Path
    count: int = field(default=0)

    def fleet(self, *hosts: str) -> Fleet:
        """Clean hosts and a repository that knows them."""
        self.count += 1
        daemons = self.lab.several(*hosts)
        for daemon in daemons:
            clean_daemon(daemon)
        root = self.folder / f"fleet-{self.count}"
        root.mkdir()
        made = Fleet(root, daemons, self.starter)
        made.set_up()
        return made


def bench_help(_bench: Bench) -> list[Figure]:
    """``unsandbox --help``, whole command."""
    took = middle([seconds(lambda: subprocess.run([*COMMAND, "--help"], check=True, capture_output=True)) for _ in range(5)])
    return [Figure("unsandbox --help", f"{took:.3f} s", f"< {HELP_BOUND} s", took < HELP_BOUND)]


def bench_pure(_bench: Bench) -> list[Figure]:
    """Diff, guard and plan of synthetic worlds."""
    small, large = measure_pure(10_000), measure_pure(100_000)
    return [
        Figure("pure diff and plan, 10,000 instances", f"{small:.3f} s", f"< {PURE_BOUND} s", small < PURE_BOUND),
        Figure(
            "the same, 100,000 instances",
            f"{large:.2f} s = {large / small:.1f} x",
            f"<= {LINEAR_BOUND:.0f} x",
            large / small <= LINEAR_BOUND,
        ),
    ]


def bench_guard(_bench: Bench) -> list[Figure]:
    """The guard alone."""
    return measure_guard()


def bench_scale(_bench: Bench) -> list[Figure]:
    """A hundred simulated hosts with a thousand instances each."""
    return measure_scale()


def bench_lease(bench: Bench) -> list[Figure]:
    """The lease of one host."""
    return measure_lease(bench.lab.daemon("h1"))


def bench_plan(bench: Bench) -> list[Figure]:
    """``plan`` with nothing to do, three hosts of forty instances, whole command and requests a host."""
    fleet = bench.fleet("h1", "h2", "h3")
    say(f"filling three hosts with {FLEET} instances each")
    for daemon in fleet.daemons:
        fleet.services(
            {f"{daemon.name}-{number:02}": f"state: hibernated, placement: {{host: {daemon.name}}}" for number in range(FLEET)},
            f"manifests/{daemon.name}.yaml",
        )
    fleet.run("apply", "--yes", timeout=600)
    fleet.run("plan", expect=0)
    took = middle([seconds(lambda: fleet.run("plan", expect=0)) for _ in range(5)])
    settings = settings_from(fleet.root, {"HOME": str(fleet.root)})
    desired = load_desired(settings)
    with Doors(settings) as doors:
        observe(desired.hosts, doors)
        requests = max(doors.open(host).requests.total() for host in desired.hosts)
    return [
        Figure("plan, nothing to do, 3 x 40 instances", f"{took:.2f} s", f"< {PLAN_BOUND:.0f} s", took < PLAN_BOUND),
        Figure("requests a host in it", str(requests), "<= 4", requests <= 4),
    ]


def _prepared(bench: Bench) -> tuple[Fleet, list[dict[str, Any]]]:
    """One host with foundation and image, and the creating calls of 24 services."""
    fleet = bench.fleet("h1")
    _declare(fleet)
    fleet.run("apply", "--yes", timeout=300)
    wanted = rivals.bodies(fleet.daemons[0])
    _take_away(fleet, wanted)
    return fleet, wanted


def _declare(fleet: Fleet) -> None:
    fleet.services({f"s-{number:02}": "" for number in range(SERVICES)})


def _measure(fleet: Fleet, wanted: list[dict[str, Any]], action: Callable[[], object]) -> float:
    took = seconds(action)
    _take_away(fleet, wanted)
    return took


def _take_away(fleet: Fleet, wanted: list[dict[str, Any]]) -> None:
    """Behind the back of the journal, which would rightly refuse to make them all again: it goes with them."""
    rivals.remove(fleet.daemons[0], [body["name"] for body in wanted])
    shutil.rmtree(fleet.root / ".unsandbox", ignore_errors=True)


def bench_apply(bench: Bench) -> list[Figure]:
    """24 running services on one host: the whole ``apply`` command against raw calls, in turns."""
    fleet, wanted = _prepared(bench)
    ours, floor = [], []
    for turn in range(ROUNDS):
        say(f"apply against raw calls, round {turn + 1} of {ROUNDS}")
        floor.append(_measure(fleet, wanted, lambda: rivals.raw(fleet.daemons[0], wanted)))
        ours.append(_measure(fleet, wanted, lambda: fleet.run("apply", "--yes", timeout=300)))
    ratio = middle([mine / theirs for mine, theirs in zip(ours, floor, strict=True)])
    value = f"{middle(ours):.2f} s / {middle(floor):.2f} s = {ratio:.2f} x"
    return [Figure("apply of 24 services, whole command / raw API", value, f"<= {APPLY_BOUND} x", ratio <= APPLY_BOUND)]


def bench_rivals(bench: Bench) -> list[Figure]:
    """The same work by Ansible, pyinfra and the lxc client in a loop, beside ``apply`` and ``run``."""
    say("installing Ansible into .bench (once)")
    rivals.install_ansible()
    fleet, wanted = _prepared(bench)
    return measure_contest(fleet, wanted)


def bench_demo(bench: Bench) -> list[Figure]:
    """``make demo`` from a fresh clone. Only where LXD is not installed: what is there must not be touched, and would be half the way."""
    name, bound = "make demo, fresh clone, LXD not installed", f"< {DEMO_BOUND:.0f} s"
    if shutil.which("lxd") or shutil.which("snap"):
        return [Figure(name, "not measured: LXD is installed here; on a fresh machine: time make demo", bound, None)]
    clone = bench.folder / "clone"
    subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
    try:
        took = seconds(lambda: subprocess.run(["make", "-C", str(clone), "demo"], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr))
    finally:
        subprocess.run(["make", "-C", str(clone), "demo-down"], check=True, stdin=subprocess.DEVNULL, stdout=sys.stderr)
    return [Figure(name, f"{took:.0f} s", bound, took < DEMO_BOUND)]


ALL: dict[str, Callable[[Bench], list[Figure]]] = {
    "help": bench_help,
    "pure": bench_pure,
    "guard": bench_guard,
    "scale": bench_scale,
    "fleet": lambda _bench: measure_fleet(),
    "lease": bench_lease,
    "plan": bench_plan,
    "apply": bench_apply,
    "rivals": bench_rivals,
    "kill": lambda bench: measure_kill(bench.fleet("h1")),
    "moves": lambda bench: measure_moves(bench.fleet("h1", "h2", "h3")),
    "refill": lambda bench: measure_refill(bench.fleet("h1")),
    "idle": lambda bench: measure_idle(bench.fleet("h1", "h2", "h3")),
    "memory": lambda _bench: measure_memory(),
    "commit": lambda bench: measure_commit(bench.fleet("h1")),
    "takeover": lambda bench: measure_takeover(bench.fleet("h1")),
    "cells": lambda bench: measure_cells(bench.lab.daemon("h4"), bench.starter.tarball),
    "runner": lambda bench: measure_runner(bench.lab.daemon("h5"), bench.starter.tarball, bench.folder),
    "execute": lambda bench: measure_execute(bench.lab.daemon("h1"), bench.starter.tarball, bench.folder),
    "overload": lambda bench: measure_overload(bench.lab.daemon("h1"), bench.starter.tarball, bench.folder),
    "demo": bench_demo,
    "integrity": lambda bench: measure_integrity(bench.lab.daemon("h1"), bench.starter.tarball, bench.folder),
}
LONG = frozenset({"integrity"})
"""Measured only where they are named: they take a quarter of an hour."""


def main(names: list[str]) -> int:
    """Run the named measurements, or all; 1 where a bound did not hold."""
    unknown = [name for name in names if name not in ALL]
    if unknown:
        say(f"no measurement {', '.join(unknown)}; there are {', '.join(ALL)}")
        return 1
    figures: list[Figure] = []
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="unsandbox-bench-") as folder:
        bench = Bench(lab, build_starter(Path(folder)), Path(folder))
        for name in names or (name for name in ALL if name not in LONG):
            say(name)
            figures.extend(found := ALL[name](bench))
            for figure in found:
                # At once as well: a later measurement that breaks takes none of these with it.
                say(f"  {figure.name}: {figure.value}")
    show(figures)
    return 0 if all(figure.holds is not False for figure in figures) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
