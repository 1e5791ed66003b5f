"""Pools, one row each."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from reconciler.cli.render.screen import Line, columns

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reconciler.app.pools import PoolReport

_WORDS = ("POOL", "SIZE", "TARGET", "MIN", "MAX", "WARM", "CLAIMED", "SPENT", "SPAWNING", "HIT", "REFILL", "WHY")
_HEAD: Line = tuple((word, "dim") for word in _WORDS)


def pools_lines(found: Sequence[PoolReport]) -> list[Line]:
    """One row a pool; "?" where something could not be read."""
    if not found:
        return [(("no pool is declared", ""),)]
    unseen = sorted({host for pool in found for host in pool.unseen})
    more: list[Line] = [((f"not seen in full, so not counted: {', '.join(unseen)}", "warn"),)] if unseen else []
    return [*columns([_HEAD, *map(_row, found)]), *more]


def _row(pool: PoolReport) -> Line:
    counts = (pool.size, pool.target, pool.minimum, pool.maximum, pool.warm, pool.claimed, pool.spent, pool.spawning)
    hit = f"{pool.hit_rate:.0%}" if pool.hit_rate is not None else "-"
    refill = f"{pool.refill:.1f} s" if pool.refill is not None else "-"
    return (
        (pool.pool, ""),
        *((str(count) if count is not None else "?", "") for count in counts),
        (hit, ""),
        (refill, ""),
        (pool.why, "dim"),
    )


def pools_document(found: Sequence[PoolReport]) -> dict[str, object]:
    """The same as JSON values; null where nothing was counted or it could not be read."""
    return {"pools": [asdict(pool) for pool in found]}
