"""Every pool as it stands: what its cells do, what was asked of it lately, and why its target is what it is."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from reconciler.app.planning import make
from reconciler.engine.cells import Standing, standing
from reconciler.model.execute import Traffic
from reconciler.model.marks import read_marks
from reconciler.model.names import Kind, pool_of
from reconciler.model.world import Grade
from reconciler.store.execute import FILE_NAME
from reconciler.store.jobs import JobsFile
from reconciler.store.traffic import targets, traffic

if TYPE_CHECKING:
    from reconciler.app.planning import Made
    from reconciler.app.settings import Settings
    from reconciler.model.execute import Target

UNTOLD = "no loop has sized it yet"


@dataclass(frozen=True, slots=True)
class PoolReport:
    """One pool. ``size`` cells were seen; those not yet seen of ``target`` are ``spawning``. ``hit_rate`` is between 0 and 1.

    ``hit_rate`` and ``refill`` (seconds) are None where nothing was counted lately; claims are None where they could not be read.
    """

    pool: str
    size: int
    minimum: int
    maximum: int
    target: int
    why: str
    warm: int | None
    claimed: int | None
    spent: int | None
    spawning: int
    hit_rate: float | None
    refill: float | None
    unseen: tuple[str, ...]
    """Hosts that were not seen in full: what is on them is not counted."""


def pools(settings: Settings) -> tuple[PoolReport, ...]:
    """Each declared pool, by name. Raises as ``planning.make`` does, or ``StateError``."""
    made, goals, busy = make(settings), dict[str, "Target"](), dict[str, Traffic]()
    if (settings.state_dir / FILE_NAME).exists():
        with JobsFile(settings.state_dir / FILE_NAME) as file:
            goals, busy = targets(file), traffic(file, now().timestamp())
    seen = _seen(made)
    return tuple(
        _report(made, pool.ref.name, seen, goals.get(pool.ref.name), busy.get(pool.ref.name, Traffic())) for pool in made.desired.pools
    )


def _seen(made: Made) -> Counter[tuple[str, Standing]]:
    env, claims = made.desired.policy.environment, made.ledger.claims or {}
    found: Counter[tuple[str, Standing]] = Counter()
    for view in made.observed.hosts.values():
        for row in view.instances:
            who = read_marks(row.config)
            if who is not None and who.env == env and who.ref.kind is Kind.CELL:
                found[pool_of(who.ref), standing(row, claims)] += 1
    return found


def _report(made: Made, name: str, seen: Counter[tuple[str, Standing]], goal: Target | None, busy: Traffic) -> PoolReport:
    pool = next(item for item in made.desired.pools if item.ref.name == name)
    counts = {state: seen[name, state] for state in Standing}
    size = sum(counts.values())
    wanted = sum(item.ref.kind is Kind.CELL and pool_of(item.ref) == name for item in made.desired.workloads)
    known = made.ledger.claims is not None
    return PoolReport(
        pool=name,
        size=size,
        minimum=pool.minimum,
        maximum=pool.maximum,
        target=wanted,
        why=goal.why if goal is not None else UNTOLD,
        warm=counts[Standing.FREE] if known else None,
        claimed=counts[Standing.CLAIMED] if known else None,
        spent=counts[Standing.SPENT] if known else None,
        spawning=max(0, wanted - size),
        hit_rate=busy.hits / busy.asks if busy.asks else None,
        refill=busy.refill or None,
        unseen=tuple(sorted(host for host, view in made.observed.hosts.items() if view.grade is not Grade.COMPLETE)),
    )
