"""The same work beside other tools, in turns on one host: made, nothing to do, frozen, thawed, and one that died.

Ours is timed twice: ``unsandbox apply``, the whole command, and ``unsandbox run``, already running, from the change to the last call's end.
A rival is started again for each: its whole command counts, and after a death the time until LXD shows that, as if somebody had watched.
"""

from __future__ import annotations

import shutil
import time
from contextlib import nullcontext
from functools import partial
from statistics import mean
from typing import TYPE_CHECKING, Any

from reconciler.app.clock import now, stamp
from reconciler.app.poke import FILE_NAME, FOLDER
from reconciler.files import write_over
from tests.bench import rivals
from tests.bench.figures import Figure, say, seconds
from tests.bench.loop import kill, wide
from tests.e2e.running import Running, moment, until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.e2e.fleet import Fleet

MADE, NOTHING, FREEZES, THAWS, DIED = "made", "nothing to do", "frozen", "thawed", "one died, started again"
RIVALS = {"lxc in a loop": rivals.lxc_loop, "pyinfra lxd.container": rivals.pyinfra, "Ansible lxd_container": rivals.ansible}
POWER = {rivals.STARTED: "running", rivals.FROZEN: "frozen"}
ROUNDS = 4
SETTLED = 2.0
"""Seconds between two pieces of work."""

Took = dict[str, float]


def measure(fleet: Fleet, wanted: list[dict[str, Any]]) -> list[Figure]:
    """A turn of ours and one of the rival's, for each. Ratios are of one turn."""
    fleet.write("manifests/policy.yaml", wide(fleet))
    figures = []
    for turn, (name, rival) in enumerate(RIVALS.items()):
        say(f"{name}: apply, run, and the rival")
        applied = _applied(fleet, wanted)
        ran = _ran(fleet, wanted, fleet.root / f"contest-{turn}")
        with rivals.default_profile(fleet.daemons[0], wanted[0]) if rival is rivals.pyinfra else nullcontext():
            theirs = _rival(fleet, wanted, rival)
        figures += [_figure(work, name, "apply", theirs, applied) for work in applied]
        figures += [_figure(work, name, "run", theirs, ran) for work in ran]
    return figures


def _figure(work: str, name: str, ours: str, theirs: Took, mine: Took) -> Figure:
    ratio = theirs[work] / mine[work]
    value = f"{theirs[work]:.2f} s / {mine[work]:.2f} s = {ratio:.1f} x"
    return Figure(f"{work}: {name} / {ours}", value, "> 1 x", ratio > 1)


def _applied(fleet: Fleet, wanted: list[dict[str, Any]]) -> Took:
    """By hand: the whole command."""
    _declare(fleet, wanted, "running")
    took = {work: seconds(lambda: fleet.run("apply", "--yes", timeout=300)) for work in (MADE, NOTHING)}
    _clear(fleet, wanted)
    return took


def _ran(fleet: Fleet, wanted: list[dict[str, Any]], state: Path) -> Took:
    """By a loop that stands ready over an empty host."""
    count, daemon = len(wanted), fleet.daemons[0]
    _declare(fleet, [], "running")
    with Running(fleet, state=state) as loop:
        until(lambda: any(line["event"] == "lease" and line.get("state") == "leader" for line in loop.lines()))
        took = {
            MADE: _done(loop, count, partial(_declare, fleet, wanted, "running")),
            NOTHING: _looked(loop, state / FOLDER / FILE_NAME),
            **_swings(lambda state: _done(loop, count, partial(_declare, fleet, wanted, POWER[state]))),
            DIED: _done(loop, 1, partial(kill, daemon, wanted[0]["name"])),
        }
    _clear(fleet, wanted)
    return took


def _swings(swing: Callable[[str], float]) -> Took:
    """Means of several rounds: now and then liblxc waits a whole second for a freeze that it did not see at once, whoever asks."""
    rounds = [(swing(rivals.FROZEN), swing(rivals.STARTED)) for _ in range(ROUNDS)]
    return {work: mean(took) for work, took in zip((FREEZES, THAWS), zip(*rounds, strict=True), strict=True)}


def _done(loop: Running, count: int, cause: Callable[[], None]) -> float:
    """Seconds from ``cause`` to the end of the last of ``count`` actions."""
    time.sleep(SETTLED)
    at = now().timestamp()
    cause()
    until(lambda: len(loop.actions("done", at)) >= count, patience=300)
    return max(map(moment, loop.actions("done", at))) - at


def _looked(loop: Running, poked: Path) -> float:
    """Seconds from being asked for a look to the end of a pass that found nothing to do."""
    time.sleep(SETTLED)
    at = now().timestamp()
    write_over(poked, f"{stamp()}\n")
    until(lambda: bool(_passes(loop, at)))
    return _passes(loop, at)[0] - at


def _passes(loop: Running, since: float) -> list[float]:
    return [moment(line) for line in loop.lines() if line["event"] == "pass" and moment(line) >= since]


def _rival(fleet: Fleet, wanted: list[dict[str, Any]], rival: Callable[..., None]) -> Took:
    daemon = fleet.daemons[0]
    took = {work: seconds(partial(rival, daemon, wanted, rivals.STARTED)) for work in (MADE, NOTHING)}
    took |= _swings(lambda state: seconds(partial(rival, daemon, wanted, state)))
    _all_running(fleet, len(wanted))
    at = time.perf_counter()
    kill(daemon, wanted[0]["name"])
    until(lambda: fleet.statuses()[wanted[0]["name"]] == "Stopped", every=0.01)
    shown = time.perf_counter() - at
    # LXD shows it as stopped before it lets anybody start it; the rivals would fail, and do not try again.
    time.sleep(SETTLED)
    took[DIED] = shown + seconds(partial(rival, daemon, wanted))
    _all_running(fleet, len(wanted))
    _clear(fleet, wanted)
    return took


def _all_running(fleet: Fleet, count: int) -> None:
    """A rival that failed quietly would be quick."""
    if list(fleet.statuses().values()) != ["Running"] * count:
        raise AssertionError(f"not all run: {fleet.statuses()}")


def _declare(fleet: Fleet, wanted: list[dict[str, Any]], state: str) -> None:
    fleet.services({body["name"].removeprefix("svc-"): f"state: {state}" for body in wanted})


def _clear(fleet: Fleet, wanted: list[dict[str, Any]]) -> None:
    """Behind the back of the journal, which would rightly refuse to make them all again: it goes with them."""
    rivals.remove(fleet.daemons[0], [body["name"] for body in wanted])
    shutil.rmtree(fleet.root / ".unsandbox", ignore_errors=True)
