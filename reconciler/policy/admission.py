"""Is a run let in? Only where it is likely to begin within the time its caller gives it: a queue that nobody sees is a refusal put off."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, isfinite

from reconciler.model.rules import No, Rule, ask

UNBLOCK = "unsandbox pools"
MORE_CELLS = "unsandbox pools, then unsandbox run, or unsandbox apply: they make cells"
LONGEST_RETRY = 60
"""Seconds that a caller is told to wait at most."""


@dataclass(frozen=True, slots=True)
class Load:
    """One pool at the moment of asking. ``cells`` serve runs at once; ``service`` is the mean time of a run in seconds, 0 not known.

    ``refill`` is the time in which a cell is made anew, which each run waits for where no cell is used twice.
    """

    warm: int
    """Cells that nobody has."""
    cells: int
    ahead: int
    """Runs that wait already."""
    service: float
    refill: float = 0.0


@dataclass(frozen=True, slots=True)
class Admission:
    """Somebody at the door. ``accepts``: seconds that the caller would wait. ``owned`` of ``share``: runs of the same owner that wait."""

    load: Load
    accepts: float
    owned: int = 0
    share: int = 0


SLACK, MOST_SLACK = 0.5, 1.0
"""By which share of what its caller accepts a run that was let in may begin later, and seconds of it at most."""


def patience(accepts: float) -> float:
    """Seconds that a run which was let in waits at most: an estimate is one, and to refuse late costs the caller more than to run late."""
    return accepts + min(SLACK * accepts, MOST_SLACK)


def estimate(load: Load) -> float:
    """Seconds until one more run would begin; infinite where nothing says that it ever would.

    Raises ``ValueError`` for a load that is none.
    """
    if min(load.warm, load.cells, load.ahead, load.service, load.refill) < 0 or not isfinite(load.service + load.refill):
        raise ValueError("a load cannot be less than nothing")
    if load.ahead < load.warm:
        return 0.0
    if load.cells < 1 or load.service + load.refill <= 0:
        return float("inf")
    return (load.ahead - load.warm + 1) * (load.service + load.refill) / load.cells


def _too_late(asked: Admission) -> No | None:
    wait = estimate(asked.load)
    if wait <= asked.accepts:
        return None
    told = f"{wait:.2f} s" if isfinite(wait) else "nobody can tell"
    evidence = (("estimated wait", told), ("accepted", f"{asked.accepts:.2f} s"), ("ahead", str(asked.load.ahead)))
    if asked.load.cells:
        return No("it would begin later than its caller accepts", evidence, UNBLOCK)
    return No("no cell of its pool is free, and none is known to come", evidence, MORE_CELLS)


def _crowding(asked: Admission) -> No | None:
    if asked.owned <= asked.share:
        return None
    return No("its owner has too many waiting already", (("waiting", str(asked.owned)), ("share", str(asked.share))), UNBLOCK)


ADMISSION_RULES: tuple[Rule[[Admission]], ...] = (
    Rule("C10", "It would begin too late", _too_late, "The caller is told at once, with the time after which it is worth asking again."),
    Rule("C11", "Its owner has too many waiting", _crowding, "One owner that asks a thousand times must not fill the queue of all others."),
)


MIB = 1024 * 1024


def _no_memory(held: int, more: int, most: int) -> No | None:
    if held + more <= most:
        return None
    evidence = tuple((name, f"{size / MIB:.1f} MiB") for name, size in (("held", held), ("its own", more), ("most", most)))
    return No("runs might hold more of this machine's memory than they may", evidence, UNBLOCK)


MEMORY_RULES: tuple[Rule[[int, int, int]], ...] = (
    Rule("C14", "Runs might hold too much memory", _no_memory, "Each run is bounded; many of the largest would fill the machine."),
)
"""Bytes that runs under way and waiting may come to hold, that one more may, and that all may together."""


def _other(before: str, asked: str) -> No | None:
    if before and before == asked:
        return None
    return No("the key was used for another request", (("then", before[:12] or "not known"), ("asked", asked[:12])), "unsandbox jobs")


SAME: Rule[[str, str]] = Rule(
    "C18",
    "The key was used for another request",
    _other,
    "A request that is sent again is sent as it was; whoever sends another one under its key would be told what came of the first.",
)
"""Digests of the request of then, and of the one that is sent with its key."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A run that is not let in. ``retry``: whole seconds after which to ask again, from 1 on."""

    code: str
    no: No
    retry: int


def turned_away(asked: Admission) -> Turned | None:
    """The refusal; None where it is let in."""
    for rule in ADMISSION_RULES:
        no = ask(rule, UNBLOCK, asked)
        if no is not None:
            return Turned(rule.code, no, _retry(asked))
    return None


def no_memory(held: int, more: int, most: int) -> Turned | None:
    """The refusal of a run that may come to hold ``more`` bytes beside ``held`` ones, of ``most``; None where it is let in."""
    for rule in MEMORY_RULES:
        no = ask(rule, UNBLOCK, held, more, most)
        if no is not None:
            return Turned(rule.code, no, 1)
    return None


def _retry(asked: Admission) -> int:
    try:
        late = estimate(asked.load) - asked.accepts
    except (ValueError, TypeError):
        return LONGEST_RETRY
    return max(1, min(LONGEST_RETRY, ceil(late))) if isfinite(late) else LONGEST_RETRY
