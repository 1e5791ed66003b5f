"""What went on in the pools lately, and the size that each should have. In ``execute.db``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.model.execute import Target, Traffic

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from reconciler.model.execute import Ask
    from reconciler.store.execute import ExecuteFile

SPAN = 60.0
"""Seconds over which arrivals are counted."""
KEPT = 3600.0
"""Seconds after which an ask and an end are forgotten."""


LONGEST_REFILL = 60.0
"""Seconds that one refill counts for at most: a slot that was empty for longer waited for somebody who makes cells."""


def asked(file: ExecuteFile, asks: Iterable[Ask]) -> None:
    """Note who asked for a cell. Given in bunches, for a run need not wait for it."""
    with file.changing() as connection:
        connection.executemany("insert into asks values (?, ?, ?, ?)", [(ask.pool, ask.at, int(ask.hit), ask.wait) for ask in asks])


def refilled(file: ExecuteFile, instance: str, at: float) -> None:
    """Another cell started in the slot of one that ended. An end after ``at`` is another's, and stays as it is."""
    with file.changing() as connection:
        connection.execute("update ends set refill = ? - at where instance = ? and refill is null and at <= ?", (at, instance, at))


def waiting_slots(file: ExecuteFile) -> frozenset[str]:
    """Names of instances that ended and were not yet made anew."""
    return frozenset(row[0] for row in file.read("select distinct instance from ends where refill is null"))


def trim(file: ExecuteFile, at: float) -> None:
    """Forget what is too old to count."""
    with file.changing() as connection:
        for table in ("asks", "ends"):
            connection.execute(f"delete from {table} where at < ?", (at - KEPT,))  # noqa: S608 - our own names


def traffic(file: ExecuteFile, at: float) -> dict[str, Traffic]:
    """By pool, what went on until ``at``. A pool where nothing did is not in it."""
    asks = file.read("select pool, count(*), sum(hit) from asks where at > ? and at <= ? group by pool", at - SPAN, at)
    told = "select pool, avg(held), avg(min(refill, ?)) from ends where at > ? group by pool"
    ends = {row[0]: row for row in file.read(told, LONGEST_REFILL, at - KEPT)}
    counts = {pool: (number, hits) for pool, number, hits in asks}
    return {
        pool: Traffic(*counts.get(pool, (0, 0)), SPAN, *((ends[pool][1] or 0.0, ends[pool][2] or 0.0) if pool in ends else (0.0, 0.0)))
        for pool in counts.keys() | ends.keys()
    }


def targets(file: ExecuteFile) -> dict[str, Target]:
    """By pool, the size it should have, as it was last decided."""
    return {row["pool"]: Target(row["cells"], row["why"], row["since"], row["low"]) for row in file.read("select * from targets")}


def set_targets(file: ExecuteFile, found: Mapping[str, Target]) -> None:
    """Keep these and no others."""
    with file.changing() as connection:
        connection.execute("delete from targets")
        rows = [(pool, target.cells, target.why, target.since, target.low) for pool, target in found.items()]
        connection.executemany("insert into targets values (?, ?, ?, ?, ?)", rows)
