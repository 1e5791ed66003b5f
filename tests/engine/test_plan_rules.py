"""Rules about a plan as a whole and about one step: each refuses, allows, and refuses where its check breaks."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from reconciler.engine.fingerprint import semantic_fingerprint
from reconciler.engine.refuse.plans import PlanQuestion, Saved
from reconciler.engine.refuse.steps import StepQuestion
from reconciler.engine.table.plans import PLAN_RULES
from reconciler.engine.table.steps import STEP_RULES
from reconciler.model.resources import History, Origin
from reconciler.model.rules import No, Rule, ask
from reconciler.model.world import Status
from tests.bench.worlds import AT
from tests.engine.worlds import TOOL, build, decide

if TYPE_CHECKING:
    from collections.abc import Callable

    from reconciler.model.plan import Plan

PLAN: Plan = decide({"services": {"web": {"memory": 96}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}})[2]
KEEP: Plan = decide({"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}})[2]
SAVED = Saved(
    id=PLAN.id,
    rev="",
    commit=PLAN.commit.id,
    inputs=PLAN.commit.digest,
    tool=TOOL,
    made_at=AT.isoformat(),
    expires=60,
    scope=(),
    hosts=dict(PLAN.hosts),
    touched={(action.ref, action.host): (action.action, action.fingerprint) for action in PLAN.actions},
    refused=frozenset(),
)
ASKED = PlanQuestion(PLAN, TOOL, AT, Origin(), SAVED)
DIRTY = replace(PLAN, commit=replace(PLAN.commit, dirty=True))
MOVED = replace(PLAN, id="another", actions=(replace(PLAN.actions[0], fingerprint="f" * 64),))

REFUSES: dict[str, list[Callable[[], PlanQuestion]]] = {
    "P07": [lambda: replace(ASKED, tool="unsandbox 9")],
    "P13": [
        lambda: replace(ASKED, at=AT + timedelta(seconds=61)),
        lambda: replace(ASKED, at=AT - timedelta(seconds=1)),
        lambda: replace(ASKED, saved=replace(SAVED, made_at="yesterday")),
    ],
    "P08": [lambda: replace(ASKED, used=True)],
    "P01": [lambda: replace(ASKED, saved=replace(SAVED, inputs="e" * 64))],
    "P04": [
        lambda: replace(ASKED, saved=replace(SAVED, hosts={"h1": "c" * 64})),
        lambda: replace(ASKED, plan=replace(PLAN, hosts=())),
    ],
    "P02": [
        lambda: replace(ASKED, plan=MOVED),
        lambda: replace(ASKED, plan=replace(PLAN, id="another", actions=())),
        lambda: replace(ASKED, plan=replace(MOVED, actions=(replace(PLAN.actions[0], action="freeze"),))),
    ],
    "P14": [
        lambda: replace(ASKED, plan=replace(PLAN, id="another"), saved=replace(SAVED, refused=frozenset({("Service/web", "h1", "update")})))
    ],
    "P03": [lambda: replace(ASKED, plan=replace(PLAN, id="another"), exact=True)],
    "D08": [
        lambda: replace(ASKED, plan=DIRTY, saved=None),
        lambda: replace(ASKED, saved=None, origin=Origin(History.SHALLOW, None, "abcdef")),
        lambda: replace(ASKED, saved=None, origin=Origin(History.NONE, None, "abcdef")),
    ],
    "A30": [lambda: replace(ASKED, needs=("destroys Service/web on h1",))],
}
ALLOWS: dict[str, list[Callable[[], PlanQuestion]]] = {
    "P07": [lambda: ASKED],
    "P13": [lambda: replace(ASKED, at=AT + timedelta(seconds=60))],
    "P08": [lambda: ASKED, lambda: replace(ASKED, saved=None, used=True)],
    "P01": [lambda: ASKED],
    "P04": [lambda: replace(ASKED, saved=replace(SAVED, hosts={**SAVED.hosts, "h9": "not touched"}))],
    "P02": [lambda: replace(ASKED, plan=replace(PLAN, id="another"))],
    "P14": [
        lambda: replace(ASKED, saved=replace(SAVED, refused=frozenset({("Service/web", "h1", "update")}))),
        lambda: replace(
            ASKED, plan=replace(PLAN, id="another"), saved=replace(SAVED, refused=frozenset({("Service/web", "h2", "update")}))
        ),
    ],
    "P03": [lambda: replace(ASKED, plan=replace(PLAN, id="another")), lambda: replace(ASKED, exact=True)],
    "D08": [
        lambda: ASKED,
        lambda: replace(ASKED, plan=replace(KEEP, commit=DIRTY.commit), saved=None),
        lambda: replace(ASKED, origin=Origin(History.FULL, descends=True, against="abcdef")),
    ],
    "A30": [lambda: replace(ASKED, needs=("destroys Service/web on h1",), approved_by="anna")],
}


def first(rules: tuple[Rule[Any], ...], question: object) -> tuple[str, No] | None:
    for rule in rules:
        no = ask(rule, "unsandbox plan", question)
        if no is not None:
            return rule.code, no
    return None


@pytest.mark.parametrize("rule", PLAN_RULES, ids=lambda rule: rule.code)
def test_a_rule_about_plans(rule: Rule[[PlanQuestion]]) -> None:
    for question in REFUSES[rule.code]:
        found = first(PLAN_RULES, question())
        assert found is not None
        assert found[0] == rule.code
        assert found[1].evidence
        assert found[1].unblock
    for question in ALLOWS[rule.code]:
        assert first(PLAN_RULES, question()) is None


WORLD = build({"services": {"web": {}}, "hosts": {"h1": {"rows": [{"of": "web"}]}}})[1]
FOUND = WORLD.hosts["h1"].instances[0]
ACTION = replace(PLAN.actions[0], fingerprint=semantic_fingerprint(FOUND), uuid=FOUND.uuid)
END = replace(ACTION, action="destroy")
STEP = StepQuestion(ACTION, FOUND, FOUND, 7, 7)
AT_REST = {key: value for key, value in FOUND.config.items() if key != "volatile.last_state.power"}
HALF = replace(FOUND, status=Status.STOPPED, config=AT_REST)
WHOLE = replace(HALF, config={**AT_REST, "volatile.apply_template": "create"})
ANEW = replace(ACTION, action="replace", reason="unfinished", fingerprint=semantic_fingerprint(HALF))

STEP_REFUSES: dict[str, list[StepQuestion]] = {
    "P12": [replace(STEP, action=END, process_now=8), replace(STEP, action=END, process_now=0)],
    "P02": [
        replace(STEP, found=None),
        replace(STEP, found=replace(FOUND, uuid="another")),
        replace(STEP, found=replace(FOUND, status=Status.FROZEN)),
        replace(STEP, found=replace(FOUND, inherited="a profile was edited")),
        replace(STEP, found=replace(FOUND, config={**FOUND.config, "limits.memory": "1GiB"})),
        replace(STEP, action=ANEW, planned=HALF, found=WHOLE),
    ],
    "I13": [replace(STEP, ended=False), replace(STEP, action=END, ended=False)],
    "P11": [replace(STEP, found=None, planned=None, failure="h1: P11: LXD answered 412: ETag doesn't match")],
    "S11": [replace(STEP, found=None, planned=None, failure="h1: S11: it did not stop within 30 s")],
}
STEP_ALLOWS: dict[str, list[StepQuestion]] = {
    "P12": [replace(STEP, action=END), replace(STEP, process_now=8)],
    "P02": [STEP, replace(STEP, action=ANEW, planned=HALF, found=HALF), StepQuestion(replace(ACTION, uuid="", fingerprint=""), None, None)],
    "I13": [replace(STEP, ended=True), replace(STEP, found=None, planned=None, ended=False, failure="h1: database is locked")],
    "P11": [replace(STEP, found=None, planned=None, failure="h1: LXD answered 500: database is locked")],
    "S11": [replace(STEP, found=None, planned=None, failure="h1: no answer in time")],
}


@pytest.mark.parametrize("rule", STEP_RULES, ids=lambda rule: rule.code)
def test_a_rule_about_steps(rule: Rule[[StepQuestion]]) -> None:
    for question in STEP_REFUSES[rule.code]:
        found = first(STEP_RULES, question)
        assert found is not None
        assert found[0] == rule.code
        assert found[1].evidence
        assert found[1].unblock
    for question in STEP_ALLOWS[rule.code]:
        assert first(STEP_RULES, question) is None


def test_what_moved_is_told_without_values() -> None:
    secret = {**FOUND.config, "environment.TOKEN": "hunter2"}
    found = first(STEP_RULES, replace(STEP, found=replace(FOUND, config=secret)))
    assert found is not None
    assert "environment.TOKEN" in str(found[1].evidence)
    assert "hunter2" not in str(found[1])


@pytest.mark.parametrize("rule", [*PLAN_RULES, *STEP_RULES], ids=lambda rule: rule.code)
def test_a_rule_that_breaks_refuses(rule: Rule[Any]) -> None:
    def broken(_: object) -> No | None:
        raise RuntimeError("the check could not be made")

    no = ask(replace(rule, check=broken), "unsandbox plan", ASKED)
    assert no is not None
    assert ("failed", "RuntimeError") in no.evidence
