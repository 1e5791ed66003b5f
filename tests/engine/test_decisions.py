"""Case tables: a small world, and every action and refusal that must come of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.plan import SetPower
from tests.cases.loader import cases
from tests.engine.worlds import decide

if TYPE_CHECKING:
    from reconciler.model.plan import Call, Plan


def _call(call: Call) -> str:
    return f"{type(call).__name__}:{call.verb}" if isinstance(call, SetPower) else type(call).__name__


def told(plan: Plan) -> list[str]:
    """Actions and refusals as the tables write them."""
    actions = [f"{action.action} {action.ref} {action.host} {action.reason}" for action in plan.actions]
    return actions + [
        f"refused {refusal.code} {refusal.action} {refusal.ref} {refusal.host}".replace("  ", " ") for refusal in plan.refusals
    ]


@pytest.mark.parametrize("case", cases("diff") + cases("guard"))
def test_what_comes_of_a_world(case: dict[str, Any]) -> None:
    _, _, plan = decide(case)
    assert sorted(told(plan)) == sorted(case["expect"] or []), case.get("because", "")
    if "fields" in case:
        assert [f"{diff.path}: {diff.old} -> {diff.new}" for action in plan.actions for diff in action.fields] == case["fields"]
    if "calls" in case:
        assert [_call(call) for action in plan.actions for call in action.calls] == case["calls"]
    if "evidence" in case:
        assert {name: value for refusal in plan.refusals for name, value in refusal.evidence} == case["evidence"]
    if "unblock" in case:
        assert [refusal.unblock for refusal in plan.refusals] == case["unblock"]
    if "kept" in case:
        assert plan.kept == case["kept"]
    for refusal in plan.refusals:
        assert refusal.unblock
        assert refusal.evidence
