"""How soon a commit in the followed repository reaches LXD."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

from reconciler.app.clock import now
from tests.bench.figures import Figure, middle, say
from tests.e2e.running import Running, began, moment, until

if TYPE_CHECKING:
    from tests.e2e.fleet import Fleet

COMMITS = 15
BOUND = 0.5
SERVICE = "c-0"


def measure(fleet: Fleet) -> list[Figure]:
    """Commits that freeze and thaw one service, in a repository on this machine that the loop follows into a checkout of its own."""
    fleet.services({SERVICE: ""})
    _git(fleet, "init", "-q", "-b", "main")
    _commit(fleet, "start")
    fetched, whole = [], []
    with Running(fleet, "--git", f"file://{fleet.root}", root=fleet.root / "checkout", uncommitted=False) as loop:
        until(lambda: fleet.statuses().get(f"svc-{SERVICE}") == "Running")
        for turn in range(COMMITS):
            state = ("frozen", "running")[turn % 2]
            say(f"commit {turn + 1} of {COMMITS}: {state}")
            time.sleep(2)
            fleet.services({SERVICE: f"state: {state}"})
            at = now().timestamp()
            _commit(fleet, state)
            until(lambda at=at: bool(loop.actions("done", at)))  # type: ignore[misc]  # mypy cannot type a default-bound lambda
            first = min(map(began, loop.actions("done", at)))
            fetched.append(first - _fetched(loop, at))
            whole.append(first - at)
    return [
        Figure(
            "fetched commit to the first call, p50",
            f"{middle(fetched):.3f} s, longest {max(fetched):.3f} s",
            f"< {BOUND} s",
            middle(fetched) < BOUND,
        ),
        Figure("git commit begun to the first call, p50", f"{middle(whole):.3f} s, longest {max(whole):.3f} s", "", None),
    ]


def _fetched(loop: Running, since: float) -> float:
    """When the loop told that the checkout had moved."""
    return min(moment(line) for line in loop.lines() if line.get("state") == "fetched" and moment(line) >= since)


def _commit(fleet: Fleet, why: str) -> None:
    _git(fleet, "add", "manifests", "inventory")
    _git(fleet, "-c", "user.name=bench", "-c", "user.email=bench@unsandbox.invalid", "commit", "-q", "-m", why)


def _git(fleet: Fleet, *words: str) -> None:
    subprocess.run(
        ["git", "-C", str(fleet.root), *words], env=fleet.environ, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
