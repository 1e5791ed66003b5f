"""The faults. Each strikes one apply and undoes itself; the apply that it struck may end as it will."""

from __future__ import annotations

import subprocess
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.chaos import mischief
from tests.chaos.arena import PATIENCE
from tests.chaos.checks import Excuse
from tests.chaos.launcher import LABELS, NEVER, Run, Trap

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.chaos.arena import Arena
    from tests.e2e.fleet import Fleet

DAY = 86_400.0
REACH = {"certifying": 14, "in-transaction": 14}
"""How far into a label's boundaries a trap is set; others up to ``USUAL``. Further than that few passes go."""
USUAL = 5


@dataclass
class Struck:
    """What a fault did. ``faults`` 0: its boundary was never reached. ``codes`` are refusals that it explains; ``undo`` ends what stays."""

    faults: int
    words: str
    codes: frozenset[str] = frozenset()
    excuse: Excuse = field(default_factory=Excuse)
    undo: Callable[[], None] | None = None


def _trap(rng: Random, deed: str, offset: float = 0.0) -> Trap:
    label = rng.choice(LABELS)
    return Trap(label, rng.randint(1, REACH.get(label, USUAL)), deed, offset)


def _apply(arena: Arena, trap: Trap, rng: Random, fleet: Fleet | None = None) -> Run:
    return arena.start(*_few(rng), "apply", "--yes", trap=trap, fleet=fleet)


def _few(rng: Random) -> tuple[str, ...]:
    """One thread a host makes a boundary the same one every time; eight make it a race."""
    return ("--parallel", rng.choice(["1", "8"]))


def kill(arena: Arena, rng: Random) -> Struck:
    """SIGKILL of the reconciler, by itself at the boundary."""
    trap = _trap(rng, "kill")
    status, _ = _apply(arena, trap, rng).end(PATIENCE)
    return Struck(int(status == -9), f"kill at {trap}")


def daemon(arena: Arena, rng: Random) -> Struck:
    """SIGKILL of a daemon while the reconciler waits at the boundary; it comes back at once, or after the reconciler met its absence."""
    trap, victim, early = _trap(rng, "pause"), rng.choice(arena.daemons), rng.random() < 0.5
    struck = _apply(arena, trap, rng)
    sprung = struck.sprung(PATIENCE)
    if sprung:
        victim.kill()
        if early:
            victim.start()
        struck.go_on()
    struck.end(PATIENCE)
    victim.start()
    words = f"{victim.name} killed at {trap}, back {'before' if early else 'after'} the rest of the pass"
    # Killed while it freezes, LXD calls the container freezing until somebody freezes it once more.
    return Struck(int(sprung), words, frozenset({"O08", "P09"}))


def link(arena: Arena, rng: Random) -> Struck:
    """The link of a host goes down at the boundary, and up while the reconciler waits for it, or after."""
    trap, victim, early = _trap(rng, "pause"), rng.choice(arena.daemons[1:]), rng.random() < 0.5
    struck = _apply(arena, trap, rng)
    sprung = struck.sprung(PATIENCE)
    if sprung:
        victim.cut()
        struck.go_on()
        if early:
            time.sleep(0.4)
            victim.heal()
    struck.end(PATIENCE)
    victim.heal()
    return Struck(int(sprung), f"{victim.name} cut off at {trap}, healed {'within' if early else 'after'} the pass")


def disk(arena: Arena, rng: Random) -> Struck:
    """The folder of the journal is full, from before the pass or from a boundary on."""
    whole = rng.random() < 0.3
    trap = Trap("start", 1, "pause") if whole else _trap(rng, "pause")
    struck = _apply(arena, trap, rng)
    sprung = struck.sprung(PATIENCE)
    filler = arena.state / "filler"
    if sprung:
        subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], check=False, capture_output=True)
        struck.go_on()
    struck.end(PATIENCE)
    filler.unlink(missing_ok=True)
    return Struck(int(sprung), f"disk full at {trap}")


def clock(arena: Arena, rng: Random) -> Struck:
    """The wall clock jumps at the boundary (or before the pass), for the rest of that pass."""
    offset = rng.choice([-2 * DAY, -3600.0, -90.0, 90.0, 3600.0, 2 * DAY, 400 * DAY])
    trap = Trap("start", 1, "clock", offset) if rng.random() < 0.5 else _trap(rng, "clock", offset)
    struck = _apply(arena, trap, rng)
    sprung = struck.sprung(PATIENCE)
    struck.end(PATIENCE)
    return Struck(int(sprung), f"clock {offset:+.0f} s at {trap}")


def twins(arena: Arena, rng: Random) -> Struck:
    """Two reconcilers at once: of one state folder, or of two checkouts of the same text. One of them may die on the way."""
    apart, fatal = rng.random() < 0.5, rng.random() < 0.3
    other = arena.checkout() if apart else None
    one = _apply(arena, _trap(rng, "kill") if fatal else NEVER, rng)
    time.sleep(rng.choice([0.0, 0.0, 0.1, 0.3]))
    two = _apply(arena, NEVER, rng, other)
    ends = one.end(PATIENCE)[0], two.end(PATIENCE)[0]
    words = f"two {'checkouts' if apart else 'of one checkout'}, exits {ends}"
    # Each journal knows what its own passes replaced, froze and ended, so to one of them the other's are somebody else's doing.
    return Struck(1, words, frozenset({"I03", "O04", "S01"}) if apart or arena.other else frozenset())


def journal(arena: Arena, rng: Random) -> Struck:
    """The journal is deleted: before the pass, under its hands, or after it was killed."""
    way = rng.choice(["before", "during", "after a kill"])
    trap = Trap("start", 1, "pause") if way == "before" else _trap(rng, "kill" if way == "after a kill" else "pause")
    struck = _apply(arena, trap, rng)
    sprung = struck.sprung(PATIENCE)
    if way == "after a kill":
        sprung = struck.end(PATIENCE)[0] == -9
        arena.lose_journal()
    else:
        if sprung:
            arena.lose_journal()
            struck.go_on()
        struck.end(PATIENCE)
    return Struck(int(sprung), f"journal deleted {way}, {trap}", codes=frozenset({"F10", "S01", "S04"}))


def bystander(arena: Arena, rng: Random) -> Struck:
    """Somebody works on our containers, or on his own, between two steps."""
    trap = _trap(rng, "pause")
    struck = _apply(arena, trap, rng)
    sprung = struck.sprung(PATIENCE)
    done = mischief.Done()
    if sprung:
        done = mischief.play(arena, rng)
        struck.go_on()
    struck.end(PATIENCE)
    return Struck(int(sprung and bool(done.words)), f"{done.words} at {trap}", done.codes, done.excuse, done.undo)


@dataclass(frozen=True)
class Kind:
    """A kind of fault, its share of the campaign, and the arena it wants."""

    strike: Callable[[Arena, Random], Struck]
    share: int
    grace: bool = False
    remote: bool = False
    small_disk: bool = False


KINDS = {
    "kill": Kind(kill, 110),
    "kill-grace": Kind(kill, 110, grace=True),
    "daemon": Kind(daemon, 60),
    "link": Kind(link, 50, remote=True),
    "disk": Kind(disk, 50, small_disk=True),
    "clock": Kind(clock, 50, grace=True),
    "twins": Kind(twins, 50),
    "bystander": Kind(bystander, 60),
    "journal": Kind(journal, 20),
}
