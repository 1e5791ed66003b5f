"""Faults that strike a loop while it works on an edit. Each undoes itself, except for what a person has to undo."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos import mischief
from tests.chaos.faults import Struck

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from tests.soak.ground import Ground
    from tests.soak.loop import Loop

    Strike = Callable[["Ground", "Loop", "Random"], Struck]

BROKEN = "manifests/broken.yaml"
NOTICED = 30.0
"""Seconds until the loop has noticed that its journal is gone."""
SETTLED = 3.0
"""Seconds in which it certifies in the other what it finds, where nothing is to be done."""


def nothing(_ground: Ground, _loop: Loop, _rng: Random) -> Struck:
    """Only the edit."""
    return Struck(0, "no fault")


def kill(_ground: Ground, loop: Loop, rng: Random) -> Struck:
    """SIGKILL of the loop; it is started again at once, or a while later."""
    loop.end(signal.SIGKILL)
    wait = rng.choice([0.0, 0.0, 3.0])
    time.sleep(wait)
    loop.start()
    return Struck(1, f"the loop was killed, started again after {wait:g} s")


def term(_ground: Ground, loop: Loop, _rng: Random) -> Struck:
    """SIGTERM of the loop, which ends in order; it is started again."""
    log = loop.log
    status = loop.end(signal.SIGTERM)
    # The system ends what does not listen yet, and nothing was begun by then.
    if status and (status != -signal.SIGTERM or log.stat().st_size):
        loop.problems.append(f"EXIT {status} after SIGTERM, see {loop.log}")
    loop.start()
    return Struck(1, "the loop was told to end, started again")


def stop(_ground: Ground, loop: Loop, rng: Random) -> Struck:
    """SIGSTOP, for less than a lease lives or for longer."""
    wait = rng.choice([1.0, 5.0, 20.0])
    loop.signal(signal.SIGSTOP)
    time.sleep(wait)
    loop.signal(signal.SIGCONT)
    return Struck(1, f"the loop stood still for {wait:g} s")


def daemon(ground: Ground, _loop: Loop, rng: Random) -> Struck:
    """SIGKILL of a daemon, which is back a while later."""
    victim, wait = rng.choice(ground.arena.daemons), rng.choice([0.0, 2.0, 8.0])
    victim.kill()
    time.sleep(wait)
    victim.start()
    # Killed in the middle of a freeze, a container can stay between two states, and nobody can tell whether the call was carried out.
    ground.tripped |= {"P09"}
    return Struck(1, f"{victim.name} was killed, back after {wait:g} s")


def link(ground: Ground, _loop: Loop, rng: Random) -> Struck:
    """The link of a host, or of two, goes down and up."""
    victims, wait = rng.sample(ground.arena.daemons[1:], rng.choice([1, 1, 2])), rng.choice([0.5, 4.0, 12.0])
    for victim in victims:
        victim.cut()
    time.sleep(wait)
    for victim in victims:
        victim.heal()
    if 2 * len(victims) >= len(ground.arena.daemons):
        ground.tripped |= {"F02"}
    return Struck(1, f"{', '.join(victim.name for victim in victims)} cut off for {wait:g} s")


FULL = "next: df -h"
"""What a loop says at last that cannot open its journal for want of room."""


def disk(ground: Ground, loop: Loop, rng: Random) -> Struck:
    """The state folder is full."""
    filler, wait = ground.arena.state / "filler", rng.choice([1.0, 6.0])
    subprocess.run(["dd", "if=/dev/zero", f"of={filler}", "bs=4k"], check=False, capture_output=True)
    time.sleep(wait)
    filler.unlink()
    if loop.ended and FULL in loop.log.read_text(encoding="utf-8"):
        # It was just starting: without a journal it does not begin, says so, and whoever supervises it starts it again.
        loop.start()
    return Struck(1, f"disk full for {wait:g} s")


def journal(ground: Ground, loop: Loop, _rng: Random) -> Struck:
    """The journal is deleted under the loop's hands, which has to notice by itself."""
    ground.arena.lose_journal()
    # A host that is cut off meanwhile, or that an edit reaches first, is certified in the journal begun anew only once a person said so.
    ground.forgotten = frozenset({"S01", "S04", "F10"})
    deadline = time.monotonic() + NOTICED
    while not (ground.arena.state / "journal.db").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    if time.monotonic() > deadline:
        loop.problems.append(f"UNNOTICED: the journal was gone for {NOTICED:g} s")
    time.sleep(SETTLED)
    return Struck(1, "journal deleted")


def bystander(ground: Ground, _loop: Loop, rng: Random) -> Struck:
    """Somebody works on our containers, or on his own."""
    done = mischief.play(ground.arena, rng)
    return Struck(int(bool(done.words)), f"a bystander {done.words}", done.codes, done.excuse, done.undo)


def text(ground: Ground, _loop: Loop, rng: Random) -> Struck:
    """Somebody pushes what cannot be read, and mends it a while later."""
    ground.there.write(BROKEN, rng.choice(["kind: [", "apiVersion: unsandbox/v1\nkind: Service\nmetadata: {name: x}\nspec: {}\n", "\x00"]))
    ground.commit("broken")
    time.sleep(3.0)
    (ground.there.root / BROKEN).unlink()
    ground.commit("mended")
    return Struck(1, "the text was broken for 3 s")


@dataclass(frozen=True)
class Kind:
    """``share``: how often, against the others. ``ends``: it ends the loop's process, whose memory is then that of another."""

    strike: Strike
    share: int
    ends: bool = False


KINDS = {
    "nothing": Kind(nothing, 4),
    "kill": Kind(kill, 8, ends=True),
    "term": Kind(term, 3, ends=True),
    "stop": Kind(stop, 2),
    "daemon": Kind(daemon, 4),
    "link": Kind(link, 3),
    "disk": Kind(disk, 3),
    "journal": Kind(journal, 1),
    "bystander": Kind(bystander, 4),
    "text": Kind(text, 2),
}
