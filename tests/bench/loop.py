"""What the loop costs and how soon it acts: against raw calls and LXD's own floor, in the same run."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from statistics import quantiles
from typing import TYPE_CHECKING, Any

from reconciler.app.clock import now
from tests.bench import rivals
from tests.bench.figures import Figure, middle, say, seconds
from tests.e2e.running import Running, began, moment, until
from tests.lab.rest import QueryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.fleet import Fleet
    from tests.lab.daemon import Daemon

KILLS = 40
KILL_MIDDLE, KILL_WORST = 0.3, 1.0
MOVED = 100
MOVE_BOUND, REFILL_BOUND, IDLE_BOUND = 1.2, 1.15, 0.01
CELLS = 30
IDLE_SECONDS = 60
IDLE_FLEET = 40
ROUNDS, MOVE_ROUNDS = 3, 5
PROJECT = "unsandbox"


def measure_kill(fleet: Fleet) -> list[Figure]:
    """Kill the first process of one container after the other, and see when the loop began to start it, and when LXD let it.

    Each once: a second failure of the same one soon after would rightly wait for its back-off.
    """
    daemon = fleet.daemons[0]
    names = [f"k-{number:02}" for number in range(KILLS)]
    fleet.services(dict.fromkeys(names, ""))
    fleet.write("manifests/policy.yaml", (fleet.root / "manifests/policy.yaml").read_text().replace("flaps: 50", "flaps: 500"))
    ours, whole = [], []
    with Running(fleet) as loop:
        until(lambda: list(fleet.statuses().values()) == ["Running"] * len(names), every=0.5)
        time.sleep(2)
        for name in names:
            time.sleep(0.5)
            at = now().timestamp()
            kill(daemon, f"svc-{name}")
            until(lambda at=at: bool(loop.actions("done", at)))  # type: ignore[misc]  # mypy cannot type a default-bound lambda
            line = loop.actions("done", at)[0]
            ours.append(began(line) - at)
            whole.append(moment(line) - at)
    floor = [_floor(daemon, f"svc-{name}") for name in names[: KILLS // 4]]
    p50, p99 = middle(ours), quantiles(ours, n=100)[98]
    ratio = middle(whole) / middle(floor)
    return [
        Figure("kill -9 of init to its start under way, p50", f"{p50:.3f} s", f"< {KILL_MIDDLE} s", p50 < KILL_MIDDLE),
        Figure("the same, p99", f"{p99:.3f} s", f"< {KILL_WORST:.0f} s", p99 < KILL_WORST),
        Figure(
            "kill -9 to running again / a raw client that tries every 20 ms",
            f"{middle(whole):.2f} s / {middle(floor):.2f} s = {ratio:.2f} x",
            "",
            None,
        ),
    ]


def kill(daemon: Daemon, name: str) -> None:
    """Kill its first process."""
    pid = daemon.query("GET", f"/1.0/instances/{name}/state?project={PROJECT}")["pid"]
    daemon.inside("kill", "-9", str(pid))


def _floor(daemon: Daemon, name: str) -> float:
    """How soon LXD lets anybody start it again."""
    kill(daemon, name)
    start = time.perf_counter()
    while True:
        try:
            daemon.query("PUT", f"/1.0/instances/{name}/state?project={PROJECT}", {"action": "start", "timeout": 30})
        except QueryError:
            time.sleep(0.02)
        else:
            return time.perf_counter() - start


def measure_moves(fleet: Fleet) -> list[Figure]:
    """A hundred freezes and a hundred thaws over three hosts, in turns with raw calls, eight at once on each host.

    One freeze in five takes a whole second in LXD, whoever asks for it, so that a round takes one second more or two by luck alone. Hence
    the middle of more rounds.
    """
    places = {f"m-{number:03}": fleet.daemons[number % len(fleet.daemons)] for number in range(MOVED)}
    power = {"state": "running"}

    def declare() -> None:
        fleet.services({name: f"state: {power['state']}, placement: {{host: {daemon.name}}}" for name, daemon in places.items()})

    fleet.write("manifests/policy.yaml", wide(fleet))
    declare()
    say(f"raising {MOVED} containers")
    with Running(fleet):
        until(lambda: len(fleet.statuses()) == MOVED and set(fleet.statuses().values()) == {"Running"}, patience=300, every=0.5)
    took: dict[str, list[tuple[float, float]]] = {"freeze": [], "unfreeze": []}
    for turn in range(MOVE_ROUNDS):
        say(f"freeze and unfreeze {MOVED}, round {turn + 1} of {MOVE_ROUNDS}")
        ours = {}
        with Running(fleet, level="info") as loop:
            until(lambda loop=loop: sum(line["event"] == "lease" for line in loop.lines()) >= len(fleet.daemons))  # type: ignore[misc]  # as above
            for verb, state in (("freeze", "frozen"), ("unfreeze", "running")):
                time.sleep(2)
                power["state"] = state
                ours[verb] = _ours_moves(loop, verb, declare)
        for verb, mine in ours.items():
            time.sleep(2)
            took[verb].append((mine, seconds(partial(_raw_moves, places, verb))))
    both = [(freeze[0] + thaw[0], freeze[1] + thaw[1]) for freeze, thaw in zip(took["freeze"], took["unfreeze"], strict=True)]
    whole = _move_figure(f"{MOVED} freezes, then {MOVED} thaws, over 3 hosts / raw API", both, MOVE_BOUND)
    return [whole, *(_move_figure(f"of these {MOVED} x {verb}", pairs) for verb, pairs in took.items())]


def _ours_moves(loop: Running, verb: str, declare: Callable[[], None]) -> float:
    """From the beginning of the first call to the end of the last."""
    at = now().timestamp()
    declare()
    # Seldom: whoever reads the log takes time of the processor from what is measured, and a raw client has nobody beside it.
    until(lambda: len(_moved(loop, verb, at)) == MOVED, every=0.1)
    lines = _moved(loop, verb, at)
    return max(map(moment, lines)) - min(map(began, lines))


def _move_figure(name: str, pairs: list[tuple[float, float]], bound: float | None = None) -> Figure:
    ratio = middle([ours / raw for ours, raw in pairs])
    value = f"{middle([ours for ours, _ in pairs]):.2f} s / {middle([raw for _, raw in pairs]):.2f} s = {ratio:.2f} x"
    return Figure(name, value, f"<= {bound} x" if bound else "", ratio <= bound if bound else None)


def wide(fleet: Fleet) -> str:
    """The policy's text with limits that no measurement meets."""
    text = (fleet.root / "manifests/policy.yaml").read_text()
    return text.replace("freezes: 50", "freezes: 500").replace("flaps: 50", "flaps: 500") + "    freezesPerHour: 100000\n"


def _moved(loop: Running, verb: str, since: float) -> list[dict[str, Any]]:
    return [line for line in loop.actions("done", since) if line.get("action") == verb]


def _raw_moves(places: dict[str, Daemon], verb: str) -> None:
    """Eight at once on each host, nothing checked."""

    def one(name: str) -> None:
        places[name].query("PUT", f"/1.0/instances/svc-{name}/state?project={PROJECT}", {"action": verb, "timeout": 30})

    pools = {daemon.name: ThreadPoolExecutor(rivals.AT_ONCE) for daemon in places.values()}
    futures = [pools[daemon.name].submit(one, name) for name, daemon in places.items()]
    for future in futures:
        future.result()
    for pool in pools.values():
        pool.shutdown()


def measure_refill(fleet: Fleet) -> list[Figure]:
    """Thirty cells from an empty pool, in turns with raw calls."""
    daemon = fleet.daemons[0]
    fleet.write("manifests/policy.yaml", wide(fleet))
    ours, floor = [], []
    wanted: list[dict[str, Any]] = []
    for turn in range(ROUNDS):
        say(f"refill of {CELLS} cells, round {turn + 1} of {ROUNDS}")
        fleet.pool("warm", f"size: {{min: {CELLS}, max: {CELLS}}}")
        with Running(fleet, state=fleet.root / f"state-{turn}", level="info") as loop:
            until(lambda loop=loop: len(_created(loop)) >= CELLS, patience=300)  # type: ignore[misc]  # as above
            lines = _created(loop)
            ours.append(max(map(moment, lines)) - min(map(began, lines)))
        wanted = wanted or rivals.bodies(daemon)
        rivals.remove(daemon, [body["name"] for body in wanted])
        floor.append(seconds(partial(rivals.raw, daemon, wanted)))
        rivals.remove(daemon, [body["name"] for body in wanted])
    ratio = middle([mine / raw for mine, raw in zip(ours, floor, strict=True)])
    value = f"{middle(ours):.2f} s / {middle(floor):.2f} s = {ratio:.2f} x"
    return [Figure(f"pool of {CELLS} cells from empty / raw create and start", value, f"<= {REFILL_BOUND} x", ratio <= REFILL_BOUND)]


def _created(loop: Running) -> list[dict[str, Any]]:
    return [line for line in loop.actions() if line.get("action") == "create"]


def measure_idle(fleet: Fleet) -> list[Figure]:
    """CPU of a loop that has nothing to do, over three hosts of forty instances."""
    for daemon in fleet.daemons:
        fleet.services(
            {f"{daemon.name}-{number:02}": f"state: hibernated, placement: {{host: {daemon.name}}}" for number in range(IDLE_FLEET)},
            f"manifests/{daemon.name}.yaml",
        )
    say(f"filling three hosts with {IDLE_FLEET} instances each")
    with Running(fleet) as loop:
        until(lambda: len(fleet.statuses()) == IDLE_FLEET * len(fleet.daemons), patience=600, every=1)
        time.sleep(15)
        before = loop.cpu()
        time.sleep(IDLE_SECONDS)
        share = (loop.cpu() - before) / IDLE_SECONDS
        held = loop.memory() / 2**20
    return [
        Figure("CPU of an idle loop, 3 hosts x 40 instances", f"{share:.2%} of a core, {held:.0f} MiB", "< 1 %", share < IDLE_BOUND),
    ]
