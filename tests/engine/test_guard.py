"""The guard as a whole: every rule is used, a rule that breaks refuses, and what no rule knows is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import pytest

from reconciler.engine.accept import digest_of
from reconciler.engine.diff import diff
from reconciler.engine.guard import NO_RULE, clear, judge, world_of
from reconciler.engine.rules import RULES
from reconciler.model.changes import Action, Change, Reason
from reconciler.model.names import Kind, Ref
from tests.cases.loader import cases
from tests.engine.worlds import build, decide

if TYPE_CHECKING:
    from reconciler.engine.asked import GuardRule, World
    from reconciler.model.changes import Changes, Refusal
    from reconciler.model.records import Ledger
    from reconciler.model.resources import Desired
    from reconciler.model.rules import No
    from reconciler.model.world import Observed

TABLES: list[dict[str, Any]] = [cast("dict[str, Any]", param.values[0]) for param in cases("guard") + cases("diff")]


def refused(case: dict[str, Any]) -> set[str]:
    return {refusal.code for refusal in decide(case)[2].refusals}


@cache
def judged(number: int) -> tuple[Desired, Observed, Ledger, Changes, tuple[Refusal, ...]]:
    """The world of one case of the tables, its changes and what all rules refuse of it; frozen, so made once for all rules."""
    desired, observed, ledger = build(TABLES[number])
    changes = diff(desired, observed, ledger)
    return desired, observed, ledger, changes, clear(changes, desired, observed, ledger).refusals


EVERY = range(len(TABLES))


def test_codes_are_unique() -> None:
    codes = [rule.code for rule in RULES]
    assert len(set(codes)) == len(codes)


SECOND_WALL = {"O06", "I07", "F12"}
"""What the diff already keeps from happening; the guard says it again, which the tests below this one show."""


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_without_the_rule_something_would_pass(rule: GuardRule) -> None:
    """Taking one rule away changes what comes of at least one world: no rule is for show."""
    rest = tuple(other for other in RULES if other is not rule)
    changed = []
    for number in EVERY:
        desired, observed, ledger, changes, before = judged(number)
        if clear(changes, desired, observed, ledger, rest).refusals != before:
            changed.append(TABLES[number]["name"])
    assert changed or rule.code in SECOND_WALL


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_a_rule_that_breaks_refuses(rule: GuardRule) -> None:
    """For each action the rule is about: the check fails, and the answer is no, with the rule's code."""

    def broken(_change: Change, _world: World) -> No | None:
        raise RuntimeError("the check could not be made")

    desired, observed, ledger = build({"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}})
    found = observed.hosts["h1"].instances[0]
    for action in rule.actions:
        change = Change(action, Ref(Kind.SERVICE, "web"), "h1", found.name, Reason.ABSENT, wanted=desired.workloads[0], found=found)
        refusal = judge(change, world_of(desired, observed, ledger), (replace(rule, check=broken),))
        assert refusal is not None
        assert refusal.code == rule.code
        assert ("failed", "RuntimeError") in refusal.evidence


def test_what_no_rule_allows_is_refused() -> None:
    desired, observed, ledger = build({})
    change = Change(Action.KEEP, Ref(Kind.SERVICE, "web"), "h1", "svc-web", Reason.ABSENT)
    refusal = judge(change, world_of(desired, observed, ledger), ())
    assert refusal is not None
    assert refusal.code == NO_RULE


@pytest.mark.parametrize("code", ["O01", "O02", "F12"])
def test_a_host_out_of_sight_is_refused_by_the_guard_as_well(code: str) -> None:
    """The diff says so of what it cannot place; the guard says it of any change that reaches it."""
    desired, observed, ledger = build({"services": {"web": {"memory": 96}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}})
    (change,) = diff(desired, observed, ledger).items
    _, blind, _ = build({"hosts": {"h1": {"grade": "unseen", "code": code}}})
    refusal = judge(change, world_of(desired, blind, ledger))
    assert refusal is not None
    assert refusal.code == code


def test_a_claimed_cell_is_refused_by_the_guard_as_well() -> None:
    rows = [{"kind": "cell", "of": "py-0", "config": {"user.unsandbox.claim": "key-7"}}]
    desired, observed, ledger = build({"hosts": {"h1": {"rows": rows}}})
    (kept,) = diff(desired, observed, ledger).items
    for action in (Action.DESTROY, Action.REPLACE):
        refusal = judge(replace(kept, action=action), world_of(desired, observed, ledger))
        assert refusal is not None
        assert refusal.code == "I07"


@pytest.mark.parametrize(
    ("mark", "code"),
    [("7:" + "0" * 16, None), ("8:" + "0" * 16, "I07"), ("7:" + "f" * 16, "I07"), ("7:", "I07"), ("", "I07")],
    ids=["its own", "a later run of another file", "another owner", "odd", "empty"],
)
def test_a_cell_whose_row_is_spent_is_ended_by_its_own_mark_alone(mark: str, code: str | None) -> None:
    rows = [{"kind": "cell", "of": "py-0", "config": {"user.unsandbox.claim": mark}}]
    desired, observed, ledger = build({"claims": {"uuid-py-0": "spent"}, "hosts": {"h1": {"rows": rows}}})
    (found,) = diff(desired, observed, ledger).items
    for action in (Action.DESTROY, Action.REPLACE):
        refusal = judge(replace(found, action=action, reason=Reason.SPENT), world_of(desired, observed, ledger))
        assert (refusal.code if refusal else None) == code


def test_a_name_that_cannot_be_read_is_refused_by_the_guard_as_well() -> None:
    """Were the host certified in spite of it, the name would still not be free."""
    desired, observed, ledger = build({"services": {"web": {}}})
    (create,) = diff(desired, observed, ledger).items
    view = replace(observed.hosts["h1"], doubtful={"svc-web": "hollow"})
    refusal = judge(create, world_of(desired, replace(observed, hosts={"h1": view}), ledger))
    assert refusal is not None
    assert refusal.code == "O06"


def test_a_refused_preparation_refuses_what_stands_on_it_for_the_same_cause() -> None:
    plan = decide(
        {"services": {"web": {}}, "policy": {"environment": "test"}, "hosts": {"h1": {"project": {"user.unsandbox.env": "other"}}}}
    )[2]
    assert not plan.actions
    assert {refusal.ref for refusal in plan.refusals} == {"Host/h1", "Service/web"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.code)
def test_each_code_has_a_case_that_refuses_and_one_that_allows(rule: GuardRule) -> None:
    """Named after the code in the tables; a code that nothing can reach has no place there."""
    mine = [case for case in TABLES if case["name"].startswith(f"{rule.code} ")]
    assert any(rule.code in refused(case) for case in mine) or rule.code in SECOND_WALL
    assert any(rule.code not in refused(case) for case in mine)


@pytest.mark.parametrize("rule", [rule for rule in RULES if rule.acceptable], ids=lambda rule: rule.code)
def test_what_may_be_accepted_is_let_through_for_that_evidence_only(rule: GuardRule) -> None:
    for number in EVERY:
        desired, observed, ledger, changes, refusals = judged(number)
        doubts = set(changes.doubts)
        # What the comparison itself doubts is no rule's to let through.
        refusal = next((found for found in refusals if found.code == rule.code and found not in doubts), None)
        if refusal is not None:
            break
    else:
        raise AssertionError(f"no case refuses by {rule.code}")
    accepted = replace(ledger, accepted=frozenset({digest_of(refusal)}))
    left = clear(changes, desired, observed, accepted).refusals
    assert refusal not in left
    other = replace(refusal, evidence=(*refusal.evidence, ("something", "else")))
    still = clear(changes, desired, observed, replace(ledger, accepted=frozenset({digest_of(other)}))).refusals
    assert rule.code in {found.code for found in still}


@pytest.mark.parametrize("rule", [rule for rule in RULES if not rule.acceptable], ids=lambda rule: rule.code)
def test_what_may_not_be_accepted_stays_refused(rule: GuardRule) -> None:
    for number in EVERY:
        desired, observed, ledger, changes, before = judged(number)
        mine = [found for found in before if found.code == rule.code]
        if not mine:
            continue
        accepted = replace(ledger, accepted=frozenset(digest_of(found) for found in mine))
        assert set(mine) <= set(clear(changes, desired, observed, accepted).refusals)
