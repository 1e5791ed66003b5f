"""Two workers that decide at the same moment: together they interrupt no more than one alone would."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from reconciler.app.loop.memory import Memory
from reconciler.app.planning import decide
from reconciler.engine.select import Scope
from tests.engine.worlds import build

if TYPE_CHECKING:
    from datetime import datetime

CASE = {
    "pools": {"py": {"size": 2, "update": {}}},
    "hosts": {f"h{number}": {"rows": [{"kind": "cell", "of": f"py-{number}", "made": {"network": "semitrusted"}}]} for number in (0, 1)},
}


def test_what_one_worker_has_begun_takes_the_turn_from_the_other() -> None:
    desired, observed, ledger = build(CASE)
    memory = Memory(desired, dict(observed.hosts))

    def goes(host: str) -> list[str]:
        """What the worker of ``host`` would carry out of what it has claimed, all else being as it was at the last look."""
        only = frozenset({(f"Cell/py-{host[1:]}", host, "replace")})
        plan = decide(desired, memory.observed(desired, lambda: observed.at, {host}), ledger, Scope(), only).plan
        return [action.name for action in plan.actions]

    assert goes("h0") == ["py-0"]
    memory.begin("h1", [("Cell/py-1", "cell-py-1")])
    assert goes("h0") == []
    assert goes("h1") == []
    memory.end("h1")
    assert goes("h0") == ["py-0"]


def test_no_look_that_comes_in_meanwhile_is_of_after_the_moment_it_is_judged_at() -> None:
    desired, observed, _ = build(CASE)
    memory, at = Memory(desired, dict(observed.hosts)), observed.at

    def clock() -> datetime:
        memory.saw([replace(view, seen_at=at + timedelta(seconds=1)) for view in observed.hosts.values()])
        return at

    assert all(view.seen_at <= at for view in memory.observed(desired, clock).hosts.values())
