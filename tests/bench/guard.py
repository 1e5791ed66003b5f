"""The guard alone, measured over 10,000 objects: an ordinary pass, one in which all of them change, and one in which all are made."""

from __future__ import annotations

import gc
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.model.records import Deed, Ledger
from tests.bench.figures import Figure, seconds
from tests.bench.worlds import AT, world

if TYPE_CHECKING:
    from reconciler.model.resources import Desired
    from reconciler.model.world import Observed

OBJECTS, HOSTS, ROUNDS = 10_000, 10, 5
BOUND = 0.3


def measure() -> list[Figure]:
    """One figure a pass; the best of five, since noise only adds."""
    return [
        _figure(f"guard of {OBJECTS:,} objects, 1 % edited", *world(OBJECTS, HOSTS), bound=BOUND),
        _figure("the same, each one edited and written once in the hour before", *_busy(), bound=None),
        _figure("the same, each one made for the first time", *_empty(), bound=None),
    ]


def _busy() -> tuple[Desired, Observed, Ledger]:
    desired, observed, ledger = world(OBJECTS, HOSTS, changed_share=1.0)
    deeds = tuple(
        Deed(
            AT - timedelta(minutes=1),
            "UpdateInstance",
            "update",
            item.ref,
            item.host,
            "team",
            item.uuid,
            done=True,
            paths=("config.limits.cpu",),
        )
        for item in ledger.known.values()
    )
    return desired, observed, replace(ledger, deeds=deeds)


def _empty() -> tuple[Desired, Observed, Ledger]:
    desired, observed, _ = world(OBJECTS, HOSTS)
    views = {name: replace(view, instances=()) for name, view in observed.hosts.items()}
    return desired, replace(observed, hosts=views), Ledger()


def _figure(name: str, desired: Desired, observed: Observed, ledger: Ledger, *, bound: float | None) -> Figure:
    changes = diff(desired, observed, ledger)
    gc.collect()
    gc.freeze()
    took = min(seconds(lambda: clear(changes, desired, observed, ledger)) for _ in range(ROUNDS))
    return Figure(name, f"{took:.3f} s", f"< {bound} s" if bound else "", took < bound if bound else None)
