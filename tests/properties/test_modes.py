"""What holds for every world in which something is held still."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.engine.diff import diff
from reconciler.engine.guard import clear
from reconciler.model.changes import DESTRUCTIVE, Action, Cleared, Reason
from reconciler.model.modes import Mode, Stance, Suspension, Window
from reconciler.policy.modes import next_change, stricter
from tests.engine.worlds import build
from tests.properties.worlds import cases

quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

FOR_EVER = Suspension("a reason", "9000-01-01T00:00:00+00:00")
UNREADABLE = Suspension("a reason", "some day")
STILL = st.sampled_from([Stance(Mode.DETECT), Stance(suspension=FOR_EVER), Stance(suspension=UNREADABLE)])


def cleared(case: dict[str, Any], stance: Stance, part: str) -> Cleared:
    desired, observed, ledger = build(case)
    if part == "policy":
        desired = replace(desired, policy=replace(desired.policy, stance=stance))
    elif part == "hosts":
        desired = replace(desired, hosts=tuple(replace(host, stance=stance) for host in desired.hosts))
    else:
        desired = replace(
            desired,
            workloads=tuple(replace(item, stance=stance) for item in desired.workloads),
            pools=tuple(replace(item, stance=stance) for item in desired.pools),
        )
    return clear(diff(desired, observed, ledger), desired, observed, ledger)


@given(cases(), STILL, st.sampled_from(["policy", "hosts"]))
@quick
def test_what_is_held_still_is_not_changed(case: dict[str, Any], stance: Stance, part: str) -> None:
    assert not [change for change in cleared(case, stance, part).changes if change.action is not Action.KEEP]


@given(cases(), STILL)
@quick
def test_nothing_that_is_declared_is_changed_where_every_manifest_holds_it(case: dict[str, Any], stance: Stance) -> None:
    changes = cleared(case, stance, "objects").changes
    assert not [change for change in changes if change.wanted is not None and change.action is not Action.KEEP]


@given(cases(), STILL)
@quick
def test_holding_still_hides_no_other_refusal(case: dict[str, Any], stance: Stance) -> None:
    """Whoever looks at what is certified, or at the circuit, goes by the other codes: a mode must not take their place."""
    # What is refused for a budget, or for the ground it stands on, was allowed by every rule before.
    asked = [no for no in cleared(case, Stance(), "policy").refusals if no.code != "F01" and " is refused: " not in no.cause]
    held = {(no.ref, no.host, no.code) for no in cleared(case, stance, "policy").refusals}
    assert {(no.ref, no.host, no.code) for no in asked} <= held


@given(cases(), st.integers(0, 1439), st.integers(60, 86_400), st.sets(st.integers(0, 6), min_size=1))
@quick
def test_outside_every_window_nothing_ends_that_was_not_declared_to(case: dict[str, Any], opens: int, length: int, days: set[int]) -> None:
    desired, observed, ledger = build(case)
    window = Window(tuple(sorted(days)), opens, length, "UTC")
    desired = replace(desired, policy=replace(desired.policy, windows=(window,)))
    changes = clear(diff(desired, observed, ledger), desired, observed, ledger).changes
    ended = [change for change in changes if change.action in DESTRUCTIVE and change.reason not in {Reason.SURPLUS, Reason.UNFINISHED}]
    edge = next_change(desired, observed.at)
    assert edge is not None
    if ended:
        # It is open: the next edge is its closing, which is no further than it is long.
        assert edge - observed.at <= timedelta(seconds=length)


@given(cases(), st.sampled_from(Mode))
@quick
def test_an_override_never_allows_more(case: dict[str, Any], mode: Mode) -> None:
    desired, observed, ledger = build(case)
    plain = clear(diff(desired, observed, ledger), desired, observed, ledger)
    made = stricter(desired, mode, "--mode")
    after = clear(diff(made, observed, ledger), made, observed, ledger)
    assert all(change in plain.changes for change in after.changes)
