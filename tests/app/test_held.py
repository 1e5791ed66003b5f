"""What failed is left alone for a while, longer each time, and no longer once it went well."""

from __future__ import annotations

from reconciler.app.loop.held import FIRST, LONGEST, Held


def test_it_waits_longer_after_each_failure() -> None:
    held = Held()
    waits = [held.failed(["Service/web"]) for _ in range(6)]
    assert waits == sorted(waits)
    assert FIRST / 2 <= waits[0] <= FIRST
    assert held.waits("Service/web") <= waits[-1]
    assert held.waits("Service/other") == 0


def test_it_never_waits_for_ever() -> None:
    held = Held()
    assert max(held.failed(["Service/web"]) for _ in range(50)) <= LONGEST


def test_what_went_well_may_be_done_at_once() -> None:
    held = Held()
    held.failed(["Service/web", "Service/db"])
    held.done(["Service/web"])
    assert held.waits("Service/web") == 0
    assert held.waits("Service/db") > 0
