"""Whether an owner runs again in a cell: each rule refuses, allows, and where it breaks it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.model.execute import ClaimState, Reuse
from reconciler.model.rules import FAILED_CAUSE
from reconciler.policy import reuse
from reconciler.policy.reuse import AGAIN_RULES, KEEP_RULES, Again, Return, kept_until, why_not_again, why_spent
from tests.policy.cells import AT, OTHER, TERMS, claim

if TYPE_CHECKING:
    from reconciler.model.rules import Rule

BACK = Return(claim(), TERMS, AT + 10)
NEXT = Again(claim(ClaimState.KEPT, turn=2), TERMS, claim().owner, AT + 20, AT + 10)
NEVER = replace(TERMS, reuse=Reuse.NEVER)

SPENT = {
    "C01": [replace(BACK, terms=NEVER)],
    "C02": [replace(BACK, doubts=("a process was left",)), replace(BACK, doubts=("memory",))],
    "C03": [replace(BACK, claim=claim(turn=5)), replace(BACK, claim=claim(turn=50))],
    "C04": [replace(BACK, at=AT + 900), replace(BACK, at=AT - 1), replace(BACK, at=float("nan"))],
}
KEPT = {
    "C01": [BACK],
    "C02": [BACK],
    "C03": [replace(BACK, claim=claim(turn=4))],
    "C04": [replace(BACK, at=AT + 899), replace(BACK, at=AT)],
}
REFUSED = {
    "C05": [replace(NEXT, owner=OTHER), replace(NEXT, owner=""), replace(NEXT, owner="", claim=replace(NEXT.claim, owner=""))],
    "C06": [
        replace(NEXT, claim=claim()),
        replace(NEXT, claim=claim(ClaimState.SPENT)),
        replace(NEXT, claim=claim(ClaimState.STRAY)),
        replace(NEXT, claim=claim(ClaimState.KEPT, until=20)),
    ],
    "C07": [replace(NEXT, terms=NEVER), replace(NEXT, claim=claim(ClaimState.KEPT, turn=5))],
    "C08": [replace(NEXT, used_at=AT - 40), replace(NEXT, used_at=AT + 21)],
}
ALLOWED = {
    "C05": [NEXT],
    "C06": [replace(NEXT, claim=claim(ClaimState.KEPT, until=21))],
    "C07": [replace(NEXT, claim=claim(ClaimState.KEPT, turn=4))],
    "C08": [replace(NEXT, used_at=AT - 39)],
}


@pytest.mark.parametrize("code", SPENT)
def test_a_cell_after_a_run(code: str) -> None:
    assert all(why_spent(question).startswith(f"{code}: ") for question in SPENT[code])
    assert not any(why_spent(question) for question in KEPT[code])


@pytest.mark.parametrize("code", REFUSED)
def test_a_cell_before_the_next_run(code: str) -> None:
    assert all(why_not_again(question).startswith(f"{code}: ") for question in REFUSED[code])
    assert not any(why_not_again(question) for question in ALLOWED[code])


@pytest.mark.parametrize("rule", [*KEEP_RULES, *AGAIN_RULES], ids=lambda rule: rule.code)
def test_a_check_that_breaks_ends_the_cell(rule: Rule[[Any]], monkeypatch: pytest.MonkeyPatch) -> None:
    def breaks(_: object) -> None:
        raise RuntimeError

    for table in ("KEEP_RULES", "AGAIN_RULES"):
        broken = tuple(replace(one, check=breaks) if one is rule else one for one in getattr(reuse, table))
        monkeypatch.setattr(reuse, table, broken)
    told = why_spent(BACK) if rule in KEEP_RULES else why_not_again(NEXT)
    assert told.startswith(f"{rule.code}: {FAILED_CAUSE}")


def test_a_kept_cell_waits_for_its_idle_time_and_never_past_its_lease() -> None:
    assert kept_until(BACK) == AT + 70
    assert kept_until(replace(BACK, at=AT + 880)) == AT + 900
