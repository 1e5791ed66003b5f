"""Whether somebody may do something in a cell: each rule refuses, allows, and where it breaks it refuses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.execute import Claim, ClaimState
from reconciler.model.rules import FAILED_CAUSE, No, ask
from reconciler.policy.fencing import FENCING_RULES, Held
from tests.policy.cells import AT, OTHER, cell, claim

OURS = claim()
OTHERS: list[Claim | None] = [
    None,
    replace(OURS, fence=8),
    replace(OURS, owner=OTHER),
    replace(OURS, cell=cell(uuid="another")),
    replace(OURS, cell=cell(slot=1)),
]


def answer(code: str, held: Held, mark: object) -> No | None:
    rules = {rule.code: rule for rule in FENCING_RULES}
    return ask(rules[code], "unsandbox pools", *((held,) if code == "C12" else (held, mark)))


@pytest.mark.parametrize(
    "row", [*OTHERS, replace(OURS, turn=2), claim(ClaimState.KEPT), claim(ClaimState.SPENT), claim(ClaimState.STRAY), claim(until=-1)]
)
def test_nothing_begins_in_a_cell_whose_claim_does_not_stand(row: Claim | None) -> None:
    no = answer("C12", Held(OURS, row, AT), None)
    assert no is not None
    assert ("ours", "fence 7, run 1") in no.evidence


def test_a_program_begins_in_a_cell_that_is_ours() -> None:
    assert answer("C12", Held(OURS, OURS, AT + 59), None) is None
    assert answer("C12", Held(OURS, OURS, AT + 60), None) is not None
    assert answer("C12", Held(replace(OURS, owner=""), replace(OURS, owner=""), AT), None) is not None


@pytest.mark.parametrize("row", OTHERS)
def test_no_mark_is_written_of_a_claim_that_does_not_stand(row: Claim | None) -> None:
    for mark in (OURS.mark, row.mark if row else ""):
        assert answer("C13", Held(OURS, row, AT), mark) is not None


@pytest.mark.parametrize("mark", [None, "", "7", "spent:7", "8:" + OURS.owner, "7:" + OTHER])
def test_no_mark_says_something_else_than_is_written_down(mark: object) -> None:
    assert answer("C13", Held(OURS, OURS, AT), mark) is not None


def test_a_mark_says_what_is_written_down() -> None:
    spent = claim(ClaimState.SPENT)
    assert answer("C13", Held(OURS, OURS, AT), OURS.mark) is None
    assert answer("C13", Held(OURS, spent, AT), "spent:7") is None


@pytest.mark.parametrize("code", ["C12", "C13"])
def test_a_check_that_breaks_refuses(code: str) -> None:
    broken = Held(OURS, replace(OURS, until="soon", owner=None, state=3), AT)  # type: ignore[arg-type]
    no = answer(code, Held(None, broken.row, AT), None)  # type: ignore[arg-type]
    assert no is not None
    assert no.cause == FAILED_CAUSE
