from __future__ import annotations

from typing import Any

import pytest

from tests.cases.loader import cases
from tests.engine.worlds import decide


@pytest.mark.parametrize("case", cases("placement"))
def test_where_what_does_not_exist_goes(case: dict[str, Any]) -> None:
    """Each declared object without an instance: the host it is given, or the code of the refusal."""
    plan = decide(case)[2]
    places = {action.ref: action.host for action in plan.actions if action.action == "create"}
    assert places | {refusal.ref: refusal.code for refusal in plan.refusals} == case["places"]


def test_what_stays_outside_its_placement_says_so() -> None:
    """Nothing is moved, and nobody is left to believe that it was."""
    case = {"services": {"web": {"host": "h2"}}, "hosts": {"h1": {"rows": [{"of": "web"}]}, "h2": {}}}
    (change,) = decide(case)[0].items
    assert change.note == "lives on h1, outside its placement; what exists is never moved"
