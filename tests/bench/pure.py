"""The pure half, measured: ``python -m tests.bench.pure`` prints 10,000 and 100,000 instances and their ratio."""

from __future__ import annotations

import gc
import sys

from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.engine.plan import make_plan
from reconciler.engine.select import Scope
from tests.bench.figures import seconds
from tests.bench.worlds import world

ROUNDS = 5
HOSTS = 10


def measure(instances: int) -> float:
    """Seconds for diff, guard and plan of a converged fleet with 1 % edited; the best of five, since noise only adds."""
    desired, observed, ledger = world(instances, HOSTS)

    def decide() -> None:
        cleared = clear(diff(desired, observed, ledger), desired, observed, ledger)
        plan = make_plan(cleared, desired, observed, "bench", Scope())
        if len(plan.actions) != instances // 100:
            raise AssertionError(f"{len(plan.actions)} actions for {instances // 100} edits")

    gc.collect()
    # The made world is a million long-lived objects; the collector walking them again and again is not what is measured.
    gc.freeze()
    return min(seconds(decide) for _ in range(ROUNDS))


if __name__ == "__main__":
    small, large = measure(10_000), measure(100_000)
    sys.stdout.write(f"10,000 instances {small:.3f} s, 100,000 instances {large:.3f} s, ratio {large / small:.1f}\n")
